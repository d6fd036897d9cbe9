"""The serial line of a terminal and the laptop at its other end, which runs the bridge of yuanluctl. docs/wire.md, section 3."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from host_tools.yuanluctl import bridge as b
from soak.lines import CONNECT_MS, DELAY_MS, GOOD, Connection
from yuanlu.compat import Event

if TYPE_CHECKING:
    from soak.terminal import Terminal

_BYTES_A_MS = 11.52  # 115 200 baud, 8N1


class SerialPort:
    """The Serial port of one life."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.received: list[bytes] = []
        self.arrived = Event()

    def write(self, data: bytes) -> None:
        """Put it on the line."""
        self.terminal.leaves(data)
        laptop = self.terminal.laptop
        if laptop is not None:
            laptop.from_terminal(bytes(data))

    async def read(self) -> bytes:
        """What came in."""
        while not self.received:
            self.arrived.clear()
            await self.arrived.wait()
        return self.received.pop(0)

    def take(self, data: bytes) -> None:
        """Bytes of the line."""
        self.received.append(data)
        self.arrived.set()


class Laptop:
    """A bridge on the world's time. noise: so many of a thousand writes have a flipped bit or are lost."""

    def __init__(self, terminal: Terminal, noise: int, seed: int) -> None:
        self.terminal, self.world, self.noise = terminal, terminal.world, noise
        self.chance = random.Random(seed)
        self.connection: Connection | None = None
        self.running = False
        self.free_at = [0, 0]  # when each direction of the line has carried what is on it
        self.start()

    def start(self) -> None:
        """The program is started, anew perhaps: it remembers nothing."""
        self.running = True
        self.bridge = b.Bridge(self.world.now_ms)
        self._tick(self.bridge)

    def stop(self) -> None:
        """Closed, without a word: the terminal hears nothing more, the acquirer sees the connection end."""
        self.running = False
        if self.connection:
            self.connection.close()

    def from_terminal(self, data: bytes) -> None:
        """Bytes leave the terminal."""
        bridge = self.bridge

        def take(got: bytes) -> None:
            if self.running and bridge is self.bridge:
                self._do(bridge.serial_received(self.world.now_ms, got))

        self._carry(0, data, take)

    def _carry(self, direction: int, data: bytes, deliver: Callable[[bytes], None]) -> None:
        """At the line's pace, with its noise."""
        self.world.note(self.terminal, f"line {'<>'[1 - direction]} {len(data)} bytes", data)
        if self.chance.randrange(1000) < self.noise:
            self.terminal.meets_all("serial line")
            at = self.chance.randrange(2 * len(data))
            data = data[:at] + bytes([data[at] ^ 1 << self.chance.randrange(8)]) + data[at + 1 :] if at < len(data) else b""
        begin = max(self.world.now_ms, self.free_at[direction])
        self.free_at[direction] = begin + 1 + int(len(data) / _BYTES_A_MS)
        self.world.at(self.free_at[direction] - self.world.now_ms, lambda: deliver(data))

    def _to_terminal(self, data: bytes) -> None:
        if self.terminal.laptop is self and self.terminal.life:
            self.terminal.life.serial.take(data)

    def _tick(self, bridge: b.Bridge) -> None:
        if self.running and bridge is self.bridge:
            self._do(bridge.tick(self.world.now_ms))
            self.world.at(max(1, bridge.next_due() - self.world.now_ms), lambda: self._tick(bridge))

    def _do(self, actions: list[b.Action]) -> None:
        for action in actions:
            if isinstance(action, b.WriteSerial):
                self._carry(1, action.data, self._to_terminal)
            elif isinstance(action, b.Connect):
                self._connect(self.bridge, action.connection)
            elif isinstance(action, b.SendUpstream) and self.connection:
                self.connection.write(action.data)
            elif isinstance(action, b.CloseUpstream) and self.connection:
                self.connection.close()

    def _connect(self, bridge: b.Bridge, number: int) -> None:
        fault = self.terminal.next_fault()
        fault = GOOD if fault.name == "memory" else fault  # a stream of the network alone knows how
        fails = fault.name == "no connection" or not self.world.acquirer_is_up

        def come_back(data: bytes) -> None:
            if self.running and bridge is self.bridge:
                now = self.world.now_ms
                self._do(bridge.upstream_received(now, number, data) if data else bridge.upstream_closed(now, number))

        def done() -> None:
            if not self.running or bridge is not self.bridge:
                return
            if fails or not self.world.acquirer_is_up:
                self.terminal.meets_all(fault.name or "acquirer restart")
                self._do(bridge.upstream_failed(self.world.now_ms, number, "connection refused"))
                return
            self.connection = Connection(self.world, self.terminal, fault, come_back)
            self._do(bridge.upstream_connected(self.world.now_ms, number))

        self.connection = None
        self.world.at(CONNECT_MS if fails else DELAY_MS, done)
