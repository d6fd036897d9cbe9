"""The acquirer on a TCP port: one frame in, its answers out, as many connections as there are terminals."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable
from datetime import datetime

from .acquirer import Acquirer
from .message import LENGTH_BYTES, BadMessage, check_length
from .moods import Reply


class Server(socketserver.ThreadingTCPServer):
    """Serves until stopped; `address` is the host and port it listens on."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, acquirer: Acquirer, address: tuple[str, int], clock: Callable[[], datetime]) -> None:
        super().__init__(address, _Connection)
        self.acquirer = acquirer
        self.clock = clock
        self.stopped = threading.Event()
        self.address: tuple[str, int] = self.socket.getsockname()[:2]
        self.connections: set[socket.socket] = set()
        self.connections_lock = threading.Lock()

    def stop(self) -> None:
        """Close the port and every connection; answers that are still held back are never sent."""
        self.stopped.set()
        self.shutdown()
        self.server_close()
        with self.connections_lock:
            for connection in self.connections:
                _hang_up(connection)


class _Connection(socketserver.StreamRequestHandler):
    server: Server

    def setup(self) -> None:
        super().setup()
        with self.server.connections_lock:
            self.server.connections.add(self.request)

    def handle(self) -> None:
        # Accepted while stop() went through the connections: nobody would hang up on this one.
        while not self.server.stopped.is_set():
            try:
                if not self._exchange():
                    return
            except OSError:
                # The terminal or stop() tore the line; an answer that did not arrive is the terminal's to find out.
                return

    def finish(self) -> None:
        with self.server.connections_lock:
            self.server.connections.discard(self.request)
        super().finish()

    def _exchange(self) -> bool:
        """Read one frame and send its answers; False when the line is to be closed."""
        server = self.server
        prefix = self.rfile.read(LENGTH_BYTES)
        if not prefix:
            return False
        frame = prefix
        try:
            length = check_length(prefix)
            frame += self.rfile.read(length)
        except BadMessage as error:
            server.acquirer.note_bad_frame(frame, error, server.clock())
            return False
        try:
            replies = server.acquirer.answer(frame, server.clock())
        except BadMessage:
            return False
        return self._send(replies or [])

    def _send(self, replies: list[Reply]) -> bool:
        for reply in replies:
            if self.server.stopped.wait(reply.delay_ms / 1000):
                return False
            self.request.sendall(reply.frame)
        return True


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # The other side was faster.
        return


def start(acquirer: Acquirer, host: str = "127.0.0.1", port: int = 0, clock: Callable[[], datetime] = datetime.now) -> Server:
    """Serve the acquirer from a daemon thread, on a free port when `port` is 0; OSError when the port is taken."""
    server = Server(acquirer, (host, port), clock)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="acquirer", daemon=True).start()
    return server
