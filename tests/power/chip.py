"""A NOR chip and a vault that can be put back to any moment, and that remember every operation with the moment before it.

So a workload runs once; each of its operations is then torn in every way by `tears.py`, without running it again. Sectors are
immutable once seen by a snapshot, so a snapshot costs what changed since the one before.
"""

from __future__ import annotations

import hashlib
import random
from typing import NamedTuple

from parts import PROVISIONED


class MisusedFlash(Exception):
    """What a real chip punishes: a unit programmed twice, or a sector used whose erase did not end."""


class Sector(NamedTuple):
    """What one sector holds. `weak`: (place, mask) of bits that read 0 or 1 by chance until they are erased; `later`: what the
    sector turns out to hold once power has come a second time."""

    data: bytes
    used: bytes  # 1 for each unit that was programmed since the erase
    usable: bool = True  # its last erase ended
    weak: tuple[tuple[int, int], ...] = ()
    later: Sector | None = None


class Image(NamedTuple):
    """Chip and vault at one moment."""

    sectors: tuple[Sector, ...]
    places: tuple[tuple[int, bytes], ...]
    draws: int
    stuck: frozenset[int]


class Operation(NamedTuple):
    """One program, erase or vault write, and how everything was before it."""

    kind: str  # program, erase, vault
    where: int  # address, sector, place
    data: bytes
    before: Image
    step: int


class Vault:
    """The Vault port: slots that are replaced whole, unless power goes."""

    def __init__(self, chip: Chip) -> None:
        self.chip = chip
        self.places = dict(PROVISIONED)
        self.draws = 0

    def load(self, place: int) -> bytes:
        return self.places.get(place, b"")

    def store(self, place: int, data: bytes) -> None:
        self.chip.happens("vault", place, bytes(data))
        self.places[place] = bytes(data)

    def random(self, count: int) -> bytes:
        self.draws += 1
        return hashlib.sha256(self.draws.to_bytes(4, "big")).digest()[:count]


class Chip:
    """The Flash port. `stuck`: sectors that have stopped taking programs; `step`: of the workload, noted with each operation."""

    def __init__(self, sectors: int, sector_size: int, unit: int) -> None:
        self.sectors, self.sector_size, self.unit = sectors, sector_size, unit
        self.ones = b"\xff" * sector_size
        self.unused = bytes(sector_size // unit)
        self._open: dict[int, tuple[bytearray, bytearray]] = {}  # sectors that were programmed since the last snapshot
        self._sectors = [Sector(self.ones, self.unused) for _ in range(sectors)]
        self._reads: list[bytes | bytearray] = [self.ones] * sectors  # what each sector holds now
        self._weak: dict[int, Sector] = {}
        self.stuck: frozenset[int] = frozenset()
        self.vault = Vault(self)
        self.operations = self.erases = self.step = 0
        self.tape: list[Operation] | None = None
        self.chance = random.Random(1)

    # ---- moments

    def image(self) -> Image:
        """This moment."""
        for sector, (data, used) in self._open.items():
            old = self._sectors[sector]
            self._sectors[sector] = old._replace(data=bytes(data), used=bytes(used))
            self._reads[sector] = self._sectors[sector].data
        self._open.clear()
        return Image(tuple(self._sectors), tuple(sorted(self.vault.places.items())), self.vault.draws, self.stuck)

    def restore(self, image: Image) -> None:
        """Back to that moment."""
        self._open.clear()
        self._sectors = list(image.sectors)
        self._reads = [sector.data for sector in image.sectors]
        self.vault.places, self.vault.draws, self.stuck = dict(image.places), image.draws, image.stuck
        self._weak = {number: sector for number, sector in enumerate(image.sectors) if sector.weak}

    def power_on(self) -> None:
        """Power has come back: what only seemed blank shows what it holds."""
        image = self.image()
        self.restore(image._replace(sectors=tuple(sector.later or sector for sector in image.sectors)))

    def happens(self, kind: str, where: int, data: bytes) -> None:
        """Note an operation before it is done."""
        self.operations += 1
        if self.tape is not None:
            self.tape.append(Operation(kind, where, data, self.image(), self.step))

    # ---- the port

    def read_into(self, address: int, buffer: bytearray | memoryview) -> None:
        size = self.sector_size
        sector = address // size
        at = address - sector * size
        end = at + len(buffer)
        if not 0 <= sector < self.sectors or end > size:
            raise MisusedFlash(f"read of {len(buffer)} bytes at {address}")
        buffer[:] = self._reads[sector][at:end]
        if self._weak and sector in self._weak:
            for place, mask in self._sectors[sector].weak:
                if at <= place < end:
                    buffer[place - at] ^= mask & self.chance.getrandbits(8)

    def program(self, address: int, data: bytes | memoryview) -> None:
        sector, at = divmod(address, self.sector_size)
        size = len(data)
        if at % self.unit or size % self.unit or at + size > self.sector_size:
            raise MisusedFlash(f"program of {size} bytes at {address}")
        if not self._sectors[sector].usable:
            raise MisusedFlash(f"program at {address}, in a sector whose erase did not end")
        opened = self._open.get(sector)
        first, last = at // self.unit, (at + size) // self.unit
        if 1 in (opened[1] if opened else self._sectors[sector].used)[first:last]:
            raise MisusedFlash(f"second program of a unit, at {address}")
        self.happens("program", address, bytes(data))
        opened = self._open.get(sector)
        if opened is None:
            old = self._sectors[sector]
            opened = self._open[sector] = bytearray(old.data), bytearray(old.used)
            self._reads[sector] = opened[0]
        opened[1][first:last] = b"\x01" * (last - first)
        if sector not in self.stuck:
            opened[0][at : at + size] = data
            self._program_later(sector, at, bytes(data))

    def _program_later(self, sector: int, at: int, data: bytes) -> None:
        later = self._sectors[sector].later
        if later is not None:  # only a firmware that writes on after a cut comes here
            whole = bytearray(later.data)
            for place, byte in enumerate(data):
                whole[at + place] &= byte
            self._sectors[sector] = self._sectors[sector]._replace(later=later._replace(data=bytes(whole)))

    def erase(self, sector: int) -> None:
        self.happens("erase", sector, b"")
        self._open.pop(sector, None)
        self._weak.pop(sector, None)
        self._sectors[sector] = Sector(self.ones, self.unused)
        self._reads[sector] = self.ones
        self.erases += 1


class Digests:
    """Digests of images, with those of sectors and their parts remembered while the objects live."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Sector, bytes]] = {}

    def of(self, image: Image) -> int:
        """64 bits that stand for chip, vault and usable flags."""
        whole = hashlib.blake2b(digest_size=8)
        for sector in image.sectors:
            whole.update(self._of_sector(sector))
        whole.update(repr((image.places, sorted(image.stuck))).encode())
        return int.from_bytes(whole.digest(), "little")

    def _of_sector(self, sector: Sector) -> bytes:
        known = self._known.get(id(sector))
        if known is not None and known[0] is sector:
            return known[1]
        whole = hashlib.blake2b(sector.data, digest_size=16)
        whole.update(repr((sector.usable, sector.weak)).encode())
        if sector.later is not None:
            whole.update(self._of_sector(sector.later))
        if len(self._known) > 4096:
            self._known.clear()
        self._known[id(sector)] = sector, whole.digest()
        return whole.digest()
