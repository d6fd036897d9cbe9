"""A NOR flash chip: erase sets a sector to ones, program clears bits, once per unit. A power cut can tear either."""

from __future__ import annotations

import random
from collections.abc import Callable


class PowerCut(BaseException):
    """Power went during an operation; nothing is answered any more. No firmware catches that, so it is no Exception."""


class MisusedFlash(BaseException):
    """The firmware did what a real chip punishes: programmed a unit twice, or into a sector that was not erased."""


# How far an operation got when power went: nothing, the first byte, half, all but one byte, all but the answer.
TEARS: dict[str, Callable[[int], int]] = {
    "none": lambda size: 0,
    "first": lambda size: min(1, size),
    "half": lambda size: size // 2,
    "most": lambda size: max(0, size - 1),
    "done": lambda size: size,
}


class Flash:
    """`unit` bytes are programmed at a time, each unit once between erases."""

    def __init__(self, sectors: int = 16, sector_size: int = 4096, unit: int = 16) -> None:
        self.sectors, self.sector_size, self.unit = sectors, sector_size, unit
        self.data = bytearray(b"\xff" * (sectors * sector_size))
        self.programmed = bytearray(sectors * sector_size // unit)  # 1: written since its erase
        self.erases = [0] * sectors
        self.operations = 0
        self.cut: tuple[int, str] | None = None  # (operation number from 1, tear)
        self.on_change: Callable[[str, int, int], None] = lambda what, address, size: None

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes from `address`."""
        self._check(address, size)
        return bytes(self.data[address : address + size])

    def program(self, address: int, data: bytes) -> None:
        """Clear bits; MisusedFlash when a unit was programmed before."""
        self._check(address, len(data))
        if address % self.unit or len(data) % self.unit:
            raise MisusedFlash(f"program of {len(data)} bytes at {address}: not whole units of {self.unit}")
        first, last = address // self.unit, (address + len(data)) // self.unit
        if any(self.programmed[first:last]):
            raise MisusedFlash(f"program at {address}: a unit in it was programmed since its erase")
        reach, cut = self._reach(len(data))
        for at in range(reach):
            self.data[address + at] &= data[at]
        for unit in range(first, first + -(-reach // self.unit)):
            self.programmed[unit] = 1
        self.on_change("program", address, reach)
        if cut:
            raise PowerCut

    def erase(self, address: int) -> None:
        """Set a whole sector to ones. A torn erase leaves the rest as noise."""
        self._check(address, self.sector_size)
        if address % self.sector_size:
            raise MisusedFlash(f"erase at {address}: not the start of a sector")
        reach, cut = self._reach(self.sector_size)
        self.data[address : address + reach] = b"\xff" * reach
        whole = reach == self.sector_size
        units = self.sector_size // self.unit
        first = address // self.unit
        # After a torn erase the whole sector must be erased again before it is used.
        self.programmed[first : first + units] = bytes([0 if whole else 1]) * units
        if reach and not whole:
            noise = random.Random(address + reach)
            for at in range(reach, min(reach + 64, self.sector_size)):
                self.data[address + at] |= noise.getrandbits(8)
        self.erases[address // self.sector_size] += 1
        self.on_change("erase", address, reach)
        if cut:
            raise PowerCut

    def copy(self) -> tuple[bytes, bytes]:
        """The chip as it is, for `put_back`."""
        return bytes(self.data), bytes(self.programmed)

    def put_back(self, copied: tuple[bytes, bytes]) -> None:
        """Make it what it was: what somebody does who wants refunds forgotten."""
        self.data[:], self.programmed[:] = copied
        self.operations += 1  # who watches the chip reads it anew
        self.on_change("program", 0, len(self.data))

    def _reach(self, size: int) -> tuple[int, bool]:
        self.operations += 1
        if self.cut is None or self.cut[0] != self.operations:
            return size, False
        tear, self.cut = self.cut[1], None
        return TEARS[tear](size), True

    def _check(self, address: int, size: int) -> None:
        if not 0 <= address <= address + size <= len(self.data):
            raise MisusedFlash(f"{size} bytes at {address}: outside the chip")
