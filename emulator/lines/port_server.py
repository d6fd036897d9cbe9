"""The terminal's serial line on TCP, as a serial port server offers it: who connects has the cable in his hand."""

from __future__ import annotations

import socket
from contextlib import suppress

from emulator.lines.serial import SerialLine
from emulator.world import World

HOST = "127.0.0.1"


class PortServer:
    """Serves one at a time on the loopback; the cable that was in before is in again afterwards. `address`: where."""

    def __init__(self, world: World, line: SerialLine, port: int = 0) -> None:
        self.world, self.line = world, line
        self._listener = socket.create_server((HOST, port))
        self._listener.setblocking(False)
        self.address: tuple[str, int] = self._listener.getsockname()[:2]
        self._client: socket.socket | None = None
        world.watch(self._listener, self._accept)
        world.closing.append(self._stop)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        if self._client is not None:
            with suppress(OSError):  # as port servers do: who comes second is told why
                client.send("port already in use by {}:{}\r\n".format(*self._client.getpeername()[:2]).encode())
            client.close()
            return
        client.setblocking(False)
        self._client = client
        self.world.watch(client, self._from_client)
        self._before = self.line.far, self.line.plugged
        self.line.connect(self._to_client)
        self.line.plugged = True

    def _from_client(self) -> None:
        assert self._client is not None
        try:
            data = self._client.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self.line.receive(data)
        else:
            self._leave()

    def _to_client(self, data: bytes) -> None:
        try:
            if self._client is not None:
                self._client.send(data)
        except BlockingIOError:
            pass  # nobody reads there: the bytes fall off the line
        except OSError:
            self._leave()

    def _leave(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            self.world.unwatch(client)
            client.close()
            self.line.far, self.line.plugged = self._before

    def _stop(self) -> None:
        self._leave()
        self.world.unwatch(self._listener)
        self._listener.close()
