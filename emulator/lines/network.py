"""The network cable of a terminal. The emulator relays every connection, so that a power cut looks like one: the far end
hears nothing any more, where a killed process would have sent a goodbye.

(The kernel still acknowledges what the far end sends into a cut connection; only keep-alive probes could tell.)
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from emulator import protocol as p
from emulator.acquirer import BadMessage

if TYPE_CHECKING:
    from emulator.acquirer import Acquirer
    from emulator.world import World

Post = Callable[[int, bytes], None]
_DELAY_MS = 15


class Upstream(Protocol):
    """One connection to the acquirer."""

    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...
    def abandon(self) -> None: ...


class NetworkLine:
    """Handles are the terminal's, 1 to 255. `direct`: acquirers reached without sockets, by (host, port), for virtual time."""

    def __init__(self, world: World, post: Post) -> None:
        self.world, self.post = world, post
        self.plugged = True
        self.direct: dict[tuple[str, int], Acquirer] = {}
        self._streams: dict[int, Upstream] = {}

    def plug(self, plugged: bool) -> None:
        """A pulled cable carries nothing; connections over it stay half open."""
        self.plugged = plugged

    def open(self, handle: int, host: str, port: int) -> None:
        """Connect; the terminal is told by an event."""
        acquirer = self.direct.get((host, port))
        if not self.plugged:
            self._tell(handle, p.NET_FAILED)
        elif acquirer is not None:
            self._streams[handle] = _Direct(self, handle, acquirer)
            self.world.at(_DELAY_MS, lambda: self._tell(handle, p.NET_OPENED))
        elif self.world.real:
            self._streams[handle] = _Socket(self, handle, host, port)
        else:
            self.world.at(_DELAY_MS, lambda: self._tell(handle, p.NET_FAILED))

    def write(self, handle: int, data: bytes) -> None:
        """Send; lost when the cable is out."""
        stream = self._streams.get(handle)
        if stream is not None and self.plugged:
            stream.write(data)

    def close(self, handle: int) -> None:
        """The terminal hangs up."""
        stream = self._streams.pop(handle, None)
        if stream is not None:
            stream.close() if self.plugged else stream.abandon()

    def power_cut(self) -> None:
        """Fall silent: nothing is read, nothing is closed until the world ends."""
        for stream in self._streams.values():
            stream.abandon()
        self._streams.clear()

    def arrived(self, handle: int, stream: Upstream, kind: int, data: bytes = b"") -> None:
        """Something came in on a connection."""
        if self._streams.get(handle) is stream and self.plugged:
            self.post(kind, bytes([handle]) + data)

    def _tell(self, handle: int, kind: int) -> None:
        self.post(kind, bytes([handle]))


class _Direct:
    """An acquirer in this process: frames to it, replies after their delay. Bytes that are no frame close the connection."""

    def __init__(self, line: NetworkLine, handle: int, acquirer: Acquirer) -> None:
        self.line, self.handle, self.acquirer = line, handle, acquirer
        self.buffer = b""

    def write(self, data: bytes) -> None:
        self.line.world.at(_DELAY_MS, lambda: self._receive(data))

    def _receive(self, data: bytes) -> None:
        self.buffer += data
        while len(self.buffer) >= 2 and len(self.buffer) >= 2 + int.from_bytes(self.buffer[:2], "big"):
            end = 2 + int.from_bytes(self.buffer[:2], "big")
            frame, self.buffer = self.buffer[:end], self.buffer[end:]
            try:
                replies = self.acquirer.answer(frame, self.line.world.date) or []
            except BadMessage:
                self.line.arrived(self.handle, self, p.NET_CLOSED)
                return
            for reply in replies:
                self._send_later(reply.delay_ms, reply.frame)

    def _send_later(self, delay_ms: int, frame: bytes) -> None:
        self.line.world.at(_DELAY_MS + delay_ms, lambda: self.line.arrived(self.handle, self, p.NET_DATA, frame))

    def close(self) -> None:
        pass

    abandon = close


class _Socket:
    """A real TCP connection, relayed."""

    def __init__(self, line: NetworkLine, handle: int, host: str, port: int) -> None:
        self.line, self.handle = line, handle
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        # Small, so that a far end that talks into a cut connection notices some day.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.watched = True
        self.socket.connect_ex((host, port))
        line.world.watch_connect(self.socket, self._connected)

    def _connected(self) -> None:
        if not self.watched:
            return  # given up between the two halves of one turn of the loop
        world = self.line.world
        world.unwatch(self.socket)
        self.watched = False
        if self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.line.arrived(self.handle, self, p.NET_FAILED)
            self.socket.close()
            return
        self.watched = True
        world.watch(self.socket, self._readable)
        self.line.arrived(self.handle, self, p.NET_OPENED)

    def _readable(self) -> None:
        if not self.watched:
            return
        try:
            data = self.socket.recv(4096)
        except OSError:
            data = b""
        if data:
            self.line.arrived(self.handle, self, p.NET_DATA, data)
            return
        self._stop_watching()
        self.line.arrived(self.handle, self, p.NET_CLOSED)

    def write(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except OSError:
            self.line.arrived(self.handle, self, p.NET_CLOSED)

    def close(self) -> None:
        self._stop_watching()
        self.socket.close()

    def abandon(self) -> None:
        self._stop_watching()
        self.line.world.closing.append(self._reset)

    def _reset(self) -> None:
        # The end of a half-open connection as a rebooted terminal or a NAT would give it.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _stop_watching(self) -> None:
        if self.watched:
            self.watched = False
            self.line.world.unwatch(self.socket)
