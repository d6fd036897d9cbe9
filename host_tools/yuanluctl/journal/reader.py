"""Reads an image of the chip into sectors and the window; tolerates every damage and judges nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from host_tools.yuanluctl.journal.layout import (
    COPY_MAGIC,
    HEADER,
    HEADER_MAGIC,
    RECORD_MAGIC,
    SECTOR_SIZES,
    SUMMARY,
    UNITS,
    Geometry,
    Header,
    Record,
    Summary,
    parse_header,
    parse_record,
    parse_summary,
)

_MAGIC = re.compile(b"YL|yl")
_HEADER_MAGIC = re.compile(HEADER_MAGIC)


class GeometryError(Exception):
    """The image's sector size and unit cannot be told, or do not fit it: says why and what to do."""


class Gap(NamedTuple):
    """Bytes that no record explains, from `address` to before `end`. `blank`: nothing is written there."""

    address: int
    end: int
    blank: bool


@dataclass
class Sector:
    """A sector: records and gaps in order of place. `end` follows the last record, `written` the last byte that is not FF."""

    index: int
    address: int
    header: Header | None
    items: list[Record | Gap] = field(default_factory=list)
    end: int = 0
    written: int = 0

    @cached_property
    def records(self) -> list[Record]:
        """All records, copies too."""
        return [item for item in self.items if isinstance(item, Record)]

    @cached_property
    def originals(self) -> list[Record]:
        """The records from the first that is no copy: after it no copy can stand, whatever its magic says."""
        for place, record in enumerate(self.records):
            if not record.is_copy:
                return self.records[place:]
        return []

    @cached_property
    def copies(self) -> list[Record]:
        """The copies before the SUMMARY."""
        return self.records[: len(self.records) - len(self.originals)]

    @property
    def summary(self) -> Record | None:
        """The SUMMARY at its head, if that is readable."""
        return self.originals[0] if self.originals and self.originals[0].type == SUMMARY else None

    @property
    def sequence(self) -> int:
        """Of its header; 0 without one."""
        return self.header.sequence if self.header else 0


@dataclass
class Journal:
    """The window's sectors in order, also those that hold copies only; the newest is the last that counts."""

    image: bytes
    geometry: Geometry
    sectors: list[Sector] = field(default_factory=list)
    opened: list[Sector] = field(default_factory=list)  # after the newest: power went while they were being filled
    missing: list[int] = field(default_factory=list)  # sequences of the window that no sector has
    doubled: list[Sector] = field(default_factory=list)  # carry a sequence that another sector of the window has
    headerless: list[int] = field(default_factory=list)  # indices
    headers: dict[int, Header] = field(default_factory=dict)  # by index

    @property
    def newest(self) -> Sector | None:
        """The sector with the end of the journal; None if there is no journal."""
        return self.sectors[-1] if self.sectors else None

    @cached_property
    def counted(self) -> list[Sector]:
        """The window's sectors that have more than copies."""
        return [sector for sector in self.sectors if sector.originals]

    def summary_of(self, sector: Sector) -> Summary | None:
        """The content of its SUMMARY, if that is readable and has the right shape."""
        return parse_summary(sector.summary.payload, self.geometry) if sector.summary else None


def find_geometry(image: bytes, sector_size: int = 0, unit: int = 0) -> Geometry:
    """Take what is given (bytes) and find the rest from the sector headers; GeometryError."""
    places = [(match.start(), parse_header(image, match.start())) for match in _HEADER_MAGIC.finditer(image)]
    headers = {at: header for at, header in places if header and at % SECTOR_SIZES[0] == 0}
    if not (sector_size and unit) and not headers:
        raise GeometryError("no sector header in this file: no journal, or name --sector-size and --unit")
    if not unit:
        units = [header.unit for header in headers.values()]
        unit = max(units, key=units.count)
    if unit not in UNITS:
        raise GeometryError(f"--unit {unit}: a unit is one of {', '.join(map(str, UNITS))} bytes")
    sizes = [size for size in SECTOR_SIZES if len(image) % size == 0 and len(image) // size >= 3]
    if sector_size:
        if sector_size not in sizes:
            raise GeometryError(f"{len(image)} bytes are not three or more sectors of {sector_size}; a sector has 4 to 128 KiB")
        return Geometry(sector_size, unit, len(image) // sector_size)
    chips = [Geometry(size, unit, len(image) // size) for size in sizes if all(at % size == 0 for at in headers)]
    if not chips:
        raise GeometryError("the sector headers fit no sector size of 4 to 128 KiB: name --sector-size")
    sensible = [chip for chip in chips if _makes_sense(image, headers, chip)] or chips[::-1]
    return next((chip for chip in sensible if _follows_a_ring(headers, chip)), sensible[0])


def _follows_a_ring(headers: dict[int, Header], geometry: Geometry) -> bool:
    """Whether somewhere the next sequence stands in the next sector."""
    places = {header.sequence: at // geometry.sector_size for at, header in headers.items()}
    return any(places.get(sequence + 1) == (place + 1) % geometry.sectors for sequence, place in places.items())


def _makes_sense(image: bytes, headers: dict[int, Header], geometry: Geometry) -> bool:
    """Whether the newest readable SUMMARY has the length that this geometry wants, and its addresses lead to records."""
    for at in sorted(headers, key=lambda place: -headers[place].sequence):
        record = read_sector(image, geometry, at // geometry.sector_size).summary
        if record:
            content = parse_summary(record.payload, geometry)
            return content is not None and all(
                place % geometry.sector_size and image[place : place + 2] in (RECORD_MAGIC, COPY_MAGIC)
                for place in content.addresses
            )
    return False


def read_sector(image: bytes, geometry: Geometry, index: int) -> Sector:
    """Everything readable in one sector, also where its header is not."""
    address = index * geometry.sector_size
    limit = address + geometry.sector_size
    sector = Sector(index, address, parse_header(image, address))
    at = sector.end = address + geometry.padded(HEADER.size)
    sector.written = address + len(image[address:limit].rstrip(b"\xff"))
    while at < sector.written:
        record = parse_record(image, at, limit, geometry)
        if record is None:
            record = _next_record(image, at, limit, geometry)
            if record is None:
                break
            blank = not image[at : record.address].strip(b"\xff")
            sector.items.append(Gap(at, record.address, blank))
        sector.items.append(record)
        at = sector.end = record.address + record.size
    return sector


def _next_record(image: bytes, at: int, limit: int, geometry: Geometry) -> Record | None:
    for match in _MAGIC.finditer(image, at, limit):
        if (match.start() - at) % geometry.unit == 0:
            record = parse_record(image, match.start(), limit, geometry)
            if record:
                return record
    return None


def last_repeated(sector: Sector, following: Sector, used: int) -> Record | None:
    """The copy in the following sector of the record that begins at `used`: a new life opened it. None: there is no such copy."""
    copy = max(following.copies, key=lambda one: one.number, default=None)
    if copy is None:
        return None
    before = [record.number for record in sector.originals if record.address < sector.address + used]
    if not before:  # cut right after its SUMMARY
        return copy if copy.type == SUMMARY and sector.header and copy.number == sector.header.first else None
    return copy if copy.number > max(before) else None


def _with_repeated(sector: Sector, following: Sector, geometry: Geometry) -> Sector:
    """The sector; where the last record before a power cut can no longer be read in it, with that record by its copy."""
    content = parse_summary(following.summary.payload, geometry) if following.summary else None
    copy = last_repeated(sector, following, content.used) if content else None
    if content is None or copy is None or content.used + copy.size > geometry.sector_size:
        return sector
    at = sector.address + content.used
    if content.used < geometry.padded(HEADER.size) or any(record.address <= at < record.end for record in sector.records):
        return sector
    items: list[Record | Gap] = [replace(copy, address=at, is_copy=False)]
    for item in sector.items:
        if item.address < at:
            items.insert(-1, item._replace(end=min(item.end, at)) if isinstance(item, Gap) else item)
        elif isinstance(item, Record) and item.address >= at + copy.size:
            items.append(item)
    return replace(sector, items=items, end=max(sector.end, at + copy.size))


def read_journal(image: bytes, geometry: Geometry) -> Journal:
    """The window and what surrounds it."""
    journal = Journal(image, geometry)
    for index in range(geometry.sectors):
        header = parse_header(image, index * geometry.sector_size)
        if header and header.unit == geometry.unit:
            journal.headers[index] = header
        else:
            journal.headerless.append(index)
    found: dict[int, Sector] = {}
    newest = 0
    for index, header in sorted(journal.headers.items(), key=lambda item: -item[1].sequence):
        if newest and header.sequence <= newest - geometry.window:
            break
        sector = read_sector(image, geometry, index)
        if header.sequence not in found:
            found[header.sequence] = sector
        elif not found[header.sequence].originals or not sector.originals:  # one of the two was given up while it was filled
            found[header.sequence] = max(sector, found[header.sequence], key=lambda one: len(one.originals))
        else:
            journal.doubled.append(sector)
        if sector.originals:
            newest = max(newest, header.sequence)
    for sequence in sorted(found):
        if sequence < newest and sequence + 1 in found:
            found[sequence] = _with_repeated(found[sequence], found[sequence + 1], geometry)
        if sequence > newest:
            journal.opened.append(found[sequence])
        elif sequence > newest - geometry.window:
            journal.sectors.append(found[sequence])
    first = max(1, newest - geometry.window + 1)
    journal.missing = [sequence for sequence in range(first, newest + 1) if sequence not in found]
    return journal
