"""Reads an image of the chip into sectors and the window; tolerates every damage and judges nothing."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import NamedTuple
from zlib import crc32

from host_tools.yuanluctl.journal.layout import (
    COPY_MAGIC,
    CRC_BYTES,
    FEWEST_SECTORS,
    HEADER,
    RECORD,
    RECORD_MAGIC,
    SECTOR_SIZES,
    SUMMARY,
    TAG_BYTES,
    UNITS,
    Geometry,
    Header,
    Record,
    Summary,
    parse_header,
    parse_record,
    parse_summary,
)

# A record's magic, before a length that a record can have.
_MAGIC = re.compile(rb"(?:YL|yl)(?=[\x08-\xff]\x00|[\x00-\xff]\x01|[\x00-\x80]\x02)", re.DOTALL)
_MOST_SUMMARIES = 64  # sectors that are read to tell the geometry, newest first


class GeometryError(Exception):
    """The image's sector size and unit cannot be told, or do not fit it: says why and what to do."""


class NoHeaderError(GeometryError):
    """No sector header stands in the image: no journal, or one that was wiped."""


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

    @cached_property
    def by_index(self) -> dict[int, Sector]:
        """The window's sectors by their place on the chip."""
        return {sector.index: sector for sector in self.sectors}

    def after(self, sector: Sector) -> Sector | None:
        """The next one that counts."""
        place = bisect_right(self.counted, sector.sequence, key=lambda one: one.sequence)
        return self.counted[place] if place < len(self.counted) else None

    def summary_of(self, sector: Sector) -> Summary | None:
        """The content of its SUMMARY, if that is readable and has the right shape."""
        return parse_summary(sector.summary.payload, self.geometry) if sector.summary else None


def find_geometry(image: bytes, sector_size: int = 0, unit: int = 0) -> Geometry:
    """Take what is given (bytes) and find the rest from the sector headers; GeometryError."""
    places = ((at, parse_header(image, at)) for at in range(0, len(image), SECTOR_SIZES[0]))
    headers = {at: header for at, header in places if header}
    if not (sector_size and unit) and not headers:
        raise NoHeaderError("no sector header in this file: no journal, or name --sector-size and --unit")
    unit = _unit(headers, unit)
    sizes = [size for size in SECTOR_SIZES if len(image) % size == 0 and len(image) // size >= FEWEST_SECTORS]
    if sector_size:
        if sector_size not in sizes:
            raise GeometryError(f"{len(image)} bytes are not three or more sectors of {sector_size}; a sector has 4 to 128 KiB")
        return Geometry(sector_size, unit, len(image) // sector_size)
    chips = [Geometry(size, unit, len(image) // size) for size in sizes if all(at % size == 0 for at in headers)]
    if not chips:
        raise GeometryError("the sector headers fit no sector size of 4 to 128 KiB: name --sector-size")
    sensible = [chip for chip in chips if _makes_sense(image, headers, chip)] or chips[::-1]
    if len(sensible) > 1:
        sensible.sort(key=lambda chip: _records_on_headers(image, chip))
    return next((chip for chip in sensible if _follows_a_ring(headers, chip)), sensible[0])


def _unit(headers: dict[int, Header], given: int) -> int:
    """The one that is given, if the headers do not deny it; else the one that most headers say."""
    units = Counter(header.unit for header in headers.values())
    if not given:
        return units.most_common(1)[0][0]
    if given not in UNITS:
        raise GeometryError(f"--unit {given}: a unit is one of {', '.join(map(str, UNITS))} bytes")
    if units and given not in units:
        said = units.most_common(1)[0][0]
        raise GeometryError(f"--unit {given}: all {len(headers)} sector headers say {said}; leave --unit away")
    return given


def _follows_a_ring(headers: dict[int, Header], geometry: Geometry) -> bool:
    """Whether somewhere the next sequence stands in the next sector."""
    places = {header.sequence: at // geometry.sector_size for at, header in headers.items()}
    return any(places.get(sequence + 1) == (place + 1) % geometry.sectors for sequence, place in places.items())


def _records_on_headers(image: bytes, geometry: Geometry) -> int:
    """How many records stand where a sector of this size would have its header: in a young ring nothing else tells that a
    sector is larger."""
    head = geometry.padded(HEADER.size)
    return sum(place % geometry.sector_size < head for place in _record_places(image))


def _makes_sense(image: bytes, headers: dict[int, Header], geometry: Geometry) -> bool:
    """Whether the newest readable SUMMARY has the length that this geometry wants, and its addresses lead to records."""
    for at in sorted(headers, key=lambda place: -headers[place].sequence)[:_MOST_SUMMARIES]:
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
    places = _record_places(image)
    for place in range(bisect_left(places, at), bisect_left(places, limit)):
        if (places[place] - at) % geometry.unit == 0:
            record = parse_record(image, places[place], limit, geometry)
            if record:
                return record
    return None


@lru_cache(maxsize=1)
def _record_places(image: bytes) -> list[int]:
    """Where a record with a right CRC may begin, whatever the geometry. Found once: an image made to be slow has millions of
    magics, and it is gone through for each geometry that it may have."""
    view, found = memoryview(image), []
    for match in _MAGIC.finditer(image):
        at = match.start()
        crc_at = at + RECORD.size + image[at + 2] + (image[at + 3] << 8) + TAG_BYTES
        if image[crc_at : crc_at + CRC_BYTES] == crc32(view[at:crc_at]).to_bytes(CRC_BYTES, "little"):
            found.append(at)
    return found


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
