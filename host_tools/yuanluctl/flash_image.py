"""Draws an image of the journal's chip, and damages it on purpose: for support, for lessons and for the attack tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from host_tools.yuanluctl.journal.layout import HEADER, SUMMARY, Geometry, Record
from host_tools.yuanluctl.journal.reader import Sector, read_journal, read_sector

FREE, COPY, RECORD, SUMMARY_HERE, HEADER_HERE, UNSETTLED, UNREADABLE = range(7)  # what covers what in one cell of the map
SIGNS = ".crSHU!"


class DamageError(Exception):
    """What was asked for cannot be done to this image: says why."""


@dataclass
class Row:
    """One sector of the map: `fill` in bytes, `state` in a word, `cells` of the constants above."""

    index: int
    sequence: int
    erases: int
    fill: int
    state: str
    cells: list[int]


def draw(image: bytes, geometry: Geometry, width: int = 64) -> list[Row]:
    """The map of the chip, one row a sector, `width` cells each."""
    journal = read_journal(image, geometry)
    window = {sector.index for sector in journal.sectors}
    contents = [content for content in map(journal.summary_of, journal.counted) if content]
    unsettled = set(contents[-1].addresses) if contents else set()
    retired = contents[-1].retired if contents else ()
    rows = []
    for index in range(geometry.sectors):
        sector = read_sector(image, geometry, index)
        state = "window" if index in window else "filling" if sector in journal.opened else "free"
        if sector.header is None:
            state = "blank" if sector.written == sector.address else "no header"
        state = "retired" if index in retired else state
        erases = sector.header.erases if sector.header else 0
        fill = max(sector.written - sector.address, 0)
        rows.append(Row(index, sector.sequence, erases, fill, state, _cells(sector, geometry, width, unsettled)))
    return rows


def _cells(sector: Sector, geometry: Geometry, width: int, unsettled: set[int]) -> list[int]:
    cells = [FREE] * width

    def paint(start: int, end: int, what: int) -> None:
        first = (start - sector.address) * width // geometry.sector_size
        last = (end - 1 - sector.address) * width // geometry.sector_size
        for place in range(first, last + 1):
            cells[place] = max(cells[place], what)

    if sector.header:
        paint(sector.address, sector.address + geometry.padded(HEADER.size), HEADER_HERE)
    for item in sector.items:
        if isinstance(item, Record):
            what = SUMMARY_HERE if item.type == SUMMARY else COPY if item.is_copy else RECORD
            paint(item.address, item.address + item.size, UNSETTLED if item.address in unsettled else what)
        else:
            paint(item.address, item.end, UNREADABLE)
    if sector.written > sector.end:
        paint(sector.end, sector.written, UNREADABLE)
    return cells


def flip(image: bytes, address: int, bit: int) -> bytes:
    """The image with one bit turned over; DamageError."""
    if not 0 <= address < len(image) or not 0 <= bit < 8:
        raise DamageError(f"there is no bit {bit} of address {address:#x} in {len(image)} bytes")
    changed = bytearray(image)
    changed[address] ^= 1 << bit
    return bytes(changed)


def erase(image: bytes, geometry: Geometry, sector: int) -> bytes:
    """The image with one sector blank; DamageError."""
    if not 0 <= sector < geometry.sectors:
        raise DamageError(f"there is no sector {sector}; the last is {geometry.sectors - 1}")
    return cut(image, geometry, sector * geometry.sector_size)


def cut(image: bytes, geometry: Geometry, address: int) -> bytes:
    """The image with everything from `address` to the end of its sector blank; DamageError."""
    if not 0 <= address < len(image):
        raise DamageError(f"there is no address {address:#x} in {len(image)} bytes")
    end = (address // geometry.sector_size + 1) * geometry.sector_size
    return image[:address] + b"\xff" * (end - address) + image[end:]


def swap(image: bytes, geometry: Geometry, one: int, other: int) -> bytes:
    """The image with two records of the window in each other's place; DamageError."""
    if one == other:
        raise DamageError(f"record {one} cannot change places with itself: name two records, as `journal show` lists them")
    first, second = _place(image, geometry, one), _place(image, geometry, other)
    pieces = {one: _bytes(image, second), other: _bytes(image, first)}
    for sector in sorted({first.address // geometry.sector_size, second.address // geometry.sector_size}):
        records = read_sector(image, geometry, sector).records
        moved = (pieces.get(r.number, _bytes(image, r)) if not r.is_copy else _bytes(image, r) for r in records)
        image = _refilled(image, geometry, sector, moved)
    return image


def drop(image: bytes, geometry: Geometry, number: int) -> bytes:
    """The image without one record of the window, what follows it in its sector moved up; DamageError."""
    gone = _place(image, geometry, number)
    sector = gone.address // geometry.sector_size
    rest = (_bytes(image, r) for r in read_sector(image, geometry, sector).records if r.address != gone.address)
    return _refilled(image, geometry, sector, rest)


def _place(image: bytes, geometry: Geometry, number: int) -> Record:
    for sector in read_journal(image, geometry).sectors:
        for record in sector.originals:
            if record.number == number:
                return record
    raise DamageError(f"there is no record {number} in the window: `journal show` lists what there is")


def _bytes(image: bytes, record: Record) -> bytes:
    return image[record.address : record.address + record.size]


def _refilled(image: bytes, geometry: Geometry, sector: int, pieces: Iterable[bytes]) -> bytes:
    """The image with these records in a sector, behind its header; of what is unreadable only a torn end stays."""
    start = sector * geometry.sector_size
    limit = start + geometry.sector_size
    body = image[start : start + geometry.padded(HEADER.size)] + b"".join(pieces)
    if len(body) > geometry.sector_size:
        raise DamageError("the two records differ in length, and the longer one does not fit")
    body += image[read_sector(image, geometry, sector).end : limit]
    return image[:start] + body[: geometry.sector_size].ljust(geometry.sector_size, b"\xff") + image[limit:]
