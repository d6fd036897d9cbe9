"""The serial line of a terminal at its honest pace, and what may be at its other end: a pty for real programs, or the
bridge of yuanluctl in this process, on virtual time."""

from __future__ import annotations

import os
import pty
import tty
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from emulator import protocol as p
from emulator.acquirer import BadMessage
from host_tools.yuanluctl import bridge as b

if TYPE_CHECKING:
    from emulator.acquirer import Acquirer
    from emulator.world import World

Post = Callable[[int, bytes], None]
BAUD = 115_200
BITS = 10  # of a byte, 8N1
_CHUNK = 32  # bytes that arrive together, as out of the buffer of a UART
_UPSTREAM_MS = 15


class Paced:
    """One direction: bytes come out no faster than the line carries them.

    The world counts whole milliseconds and a byte takes less. So the bytes since the line was last idle are counted, and only
    arrivals wait for the next whole millisecond.
    """

    def __init__(self, world: World, deliver: Callable[[bytes], None]) -> None:
        self.world, self.deliver = world, deliver
        self.busy_since = 0  # ms of the world
        self.bytes = 0  # put on the line since then
        self.cleared = 0

    def _free_at(self) -> int:
        return self.busy_since - (-self.bytes * BITS * 1000 // BAUD)

    def put(self, data: bytes) -> None:
        """Send after what is already on its way."""
        now = self.world.now_ms
        if now >= self._free_at():
            self.busy_since, self.bytes = now, 0
        for start in range(0, len(data), _CHUNK):
            chunk = bytes(data[start : start + _CHUNK])
            self.bytes += len(chunk)
            self.world.at(self._free_at() - now, partial(self._arrive, chunk, self.cleared))

    def clear(self) -> None:
        """What was on the line is lost."""
        self.cleared += 1
        self.bytes = 0

    def _arrive(self, chunk: bytes, cleared: int) -> None:
        if cleared == self.cleared:
            self.deliver(chunk)


class SerialLine:
    """`plugged` is the cable between the terminal and whatever is at the far end."""

    def __init__(self, world: World, post: Post) -> None:
        self.world = world
        self.plugged = False
        self.far: Callable[[bytes], None] = lambda data: None  # who takes what the terminal sends
        self._out = Paced(world, lambda data: self.far(data) if self.plugged else None)
        self._in = Paced(world, lambda data: post(p.SERIAL_DATA, data) if self.plugged else None)
        self._master: int | None = None
        self._slave: int | None = None

    def write(self, data: bytes) -> None:
        """The terminal sends."""
        self._out.put(data)

    def receive(self, data: bytes) -> None:
        """The far end sends."""
        self._in.put(data)

    def power_cut(self) -> None:
        """What the terminal had on the line is gone."""
        self._out.clear()
        self._in.clear()

    def open_pty(self) -> str:
        """The device that real programs open (the same one each time)."""
        if self._master is None or self._slave is None:
            self._master, self._slave = pty.openpty()
            tty.setraw(self._slave)
            os.set_blocking(self._master, False)
            self.world.watch(self._master, self._from_pty)
            self.world.closing.append(self._close_pty)
            self.far = self._to_pty
        return os.ttyname(self._slave)

    def _from_pty(self) -> None:
        assert self._master is not None
        try:
            self.receive(os.read(self._master, 4096))
        except BlockingIOError:
            pass

    def _to_pty(self, data: bytes) -> None:
        assert self._master is not None
        try:
            os.write(self._master, data)
        except BlockingIOError:
            pass  # nobody reads at the other end: the bytes fall off the line

    def _close_pty(self) -> None:
        if self._master is not None and self._slave is not None:
            self.world.unwatch(self._master)
            os.close(self._master)
            os.close(self._slave)

    def connect(self, far: Callable[[bytes], None]) -> None:
        """Put somebody of this process at the far end: `far` takes what the terminal sends."""
        self.far = far


class LocalBridge:
    """The bridge of yuanluctl on the world's time, with an acquirer behind it (None: nobody answers there).

    upstream_ms: from the bridge to the acquirer, one way.
    """

    def __init__(self, world: World, line: SerialLine, acquirer: Acquirer | None, upstream_ms: int = _UPSTREAM_MS) -> None:
        self.world, self.line, self.acquirer, self.upstream_ms = world, line, acquirer, upstream_ms
        self.running = True
        self.connection = 0
        self.bridge = b.Bridge(world.now_ms)
        line.connect(self.receive)
        self._tick()

    def stop(self) -> None:
        """The laptop is closed."""
        self.running = False

    def receive(self, data: bytes) -> None:
        """Bytes from the terminal."""
        if self.running:
            self._do(self.bridge.serial_received(self.world.now_ms, data))

    def _tick(self) -> None:
        if self.running:
            self._do(self.bridge.tick(self.world.now_ms))
            self.world.at(max(1, self.bridge.next_due() - self.world.now_ms), self._tick)

    def _do(self, actions: list[b.Action]) -> None:
        for action in actions:
            if isinstance(action, b.WriteSerial):
                if self.line.plugged:
                    self.line.receive(action.data)
            elif isinstance(action, b.Connect):
                self.connection = action.connection
                self._connect(action.connection)
            elif isinstance(action, b.SendUpstream):
                self._send(self.connection, action.data)

    def _connect(self, connection: int) -> None:
        def done() -> None:
            now = self.world.now_ms
            if self.acquirer is None:
                self._do(self.bridge.upstream_failed(now, connection, "connection refused"))
            else:
                self._do(self.bridge.upstream_connected(now, connection))

        self.world.at(self.upstream_ms, done)

    def _send(self, connection: int, data: bytes) -> None:
        acquirer = self.acquirer
        if acquirer is None:
            return
        try:
            replies = acquirer.answer(data, self.world.date) or []
        except BadMessage:
            self.world.at(self.upstream_ms, lambda: self._do(self.bridge.upstream_closed(self.world.now_ms, connection)))
            return
        for reply in replies:
            self._answer_later(connection, reply.delay_ms, reply.frame)

    def _answer_later(self, connection: int, delay_ms: int, frame: bytes) -> None:
        def arrive() -> None:
            if self.running:
                self._do(self.bridge.upstream_received(self.world.now_ms, connection, frame))

        self.world.at(2 * self.upstream_ms + delay_ms, arrive)
