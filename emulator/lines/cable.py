"""The technician's end of a terminal's serial line, in this process and on the world's time."""

from __future__ import annotations

from emulator.lines.serial import SerialLine
from emulator.world import World


class Cable:
    """What a laptop reads and writes; see host_tools.yuanluctl.service.Line. `plugged` False: the cable is out."""

    name = "cable"

    def __init__(self, world: World, line: SerialLine) -> None:
        self.world, self.line = world, line
        self._came = bytearray()
        self.line.connect(self._came.extend)
        line.plugged = True

    def write(self, data: bytes) -> None:
        """Towards the terminal, at the line's pace."""
        if self.line.plugged:
            self.line.receive(data)

    def read(self, seconds: float) -> bytes:
        """What has come, or comes within so many seconds."""
        self.world.run_until(lambda: bool(self._came), max(1, round(seconds * 1000)))
        data = bytes(self._came)
        self._came.clear()
        return data

    def now(self) -> float:
        """Seconds of the world."""
        return self.world.now_ms / 1000
