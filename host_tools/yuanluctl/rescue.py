"""Gives back what a damaged chip still holds: each record is known by its own CRC, whatever became of the headers around it.

A sector's header is not sealed and says nothing that the records do not: its unit is the grid on which they stand, its sequence
is one more than that of the sector before, and its first record is its SUMMARY. So a lost header can be made anew. Every other
byte stays as it was read; what is not whole stays visible to `journal verify`.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import NamedTuple
from zlib import crc32

from host_tools.yuanluctl.journal.layout import (
    COPY_MAGIC,
    CRC_BYTES,
    FEWEST_SECTORS,
    HEADER,
    HEADER_MAGIC,
    LONGEST_PAYLOAD,
    RECORD,
    RECORD_MAGIC,
    SECTOR_SIZES,
    SHORTEST_PAYLOAD,
    SUMMARY,
    TAG_BYTES,
    UNITS,
    Geometry,
    Header,
    Record,
    parse_header,
    parse_summary,
)
from host_tools.yuanluctl.journal.reader import GeometryError, Sector, read_journal, read_sector
from host_tools.yuanluctl.journal.report import Report
from host_tools.yuanluctl.journal.verify import verify

_MAGIC = re.compile(rb"YL|yl")
LAST_SEQUENCE = (1 << 32) - 1
_STEP = 1 << 16  # bytes between two words of progress


class Find(NamedTuple):
    """What a scan found: whole records by address, and the chip, where it can be told."""

    records: list[Record]
    geometry: Geometry | None
    size: int  # bytes of the image
    headers: int
    terminals: dict[int, int]  # records by the CRC of the terminal's id

    @property
    def originals(self) -> list[Record]:
        """Without copies."""
        return [record for record in self.records if not record.is_copy]


class Carved(NamedTuple):
    """The image with its headers made anew; `headers` by sector: the sequence that was given, or found."""

    image: bytes
    geometry: Geometry
    made: dict[int, int]
    missing: list[int]  # sequences between the oldest and the newest that no sector has


class Lost(NamedTuple):
    """What a terminal's records do not tell. `gaps`: numbers from and to that stand nowhere and that no BOOT left out; `before`:
    the first number that is there, where the chip has to have had earlier ones beside it, else 0."""

    gaps: list[tuple[int, int]]
    before: int

    def __bool__(self) -> bool:
        """Whether anything is lost."""
        return bool(self.gaps or self.before)


def scan(image: bytes, sector_size: int = 0, unit: int = 0, progress: Callable[[int], None] | None = None) -> Find:
    """Look for records everywhere, then tell the chip from them. Never fails but for a size that no chip has: GeometryError."""
    if unit not in (0, *UNITS):
        raise GeometryError(f"--unit {unit}: a unit is one of {', '.join(map(str, UNITS))} bytes, like --unit 16")
    if sector_size not in (0, *SECTOR_SIZES):
        known = ", ".join(map(str, SECTOR_SIZES))
        raise GeometryError(f"--sector-size {sector_size}: a sector is one of {known} bytes, like --sector-size 4096")
    records = _records(image, progress)
    places = ((at, parse_header(image, at)) for at in range(0, len(image), SECTOR_SIZES[0]))
    headers = {at: header for at, header in places if header}
    terminals: dict[int, int] = {}
    for record in records:
        terminals[record.terminal] = terminals.get(record.terminal, 0) + 1
    return Find(records, _geometry(image, records, headers, sector_size, unit), len(image), len(headers), terminals)


def _records(image: bytes, progress: Callable[[int], None] | None) -> list[Record]:
    """Each whole record, in order of address, none inside another. Sizes are without padding."""
    found: list[Record] = []
    view = memoryview(image)
    at = told = 0
    for match in _MAGIC.finditer(image):
        place = match.start()
        if progress and place - told >= _STEP:
            told = place
            progress(place)
        if place < at or place + RECORD.size > len(image):
            continue
        magic, length, kind, number, terminal = RECORD.unpack_from(image, place)
        tag_at = place + RECORD.size + length
        crc_at = tag_at + TAG_BYTES
        if not SHORTEST_PAYLOAD <= length <= LONGEST_PAYLOAD or crc_at + CRC_BYTES > len(image):
            continue
        if image[crc_at : crc_at + CRC_BYTES] != crc32(view[place:crc_at]).to_bytes(CRC_BYTES, "little"):
            continue
        written = RECORD_MAGIC + image[place + 2 : tag_at]
        at = crc_at + CRC_BYTES
        found.append(Record(place, at - place, magic == COPY_MAGIC, kind, number, terminal, written, image[tag_at:crc_at]))
    if progress:
        progress(len(image))
    return found


def _geometry(image: bytes, records: list[Record], headers: dict[int, Header], sector_size: int, unit: int) -> Geometry | None:
    """What is given, and what the surviving headers and the records fit best; None where there are no records."""
    if not records:
        return None
    grid = 0
    for record in records:
        grid |= record.address
    said = Counter(header.unit for header in headers.values())
    unit = unit or (said.most_common(1)[0][0] if said else max(size for size in UNITS if grid % size == 0))
    sizes = [size for size in SECTOR_SIZES if sector_size in (0, size) and -(-len(image) // size) >= FEWEST_SECTORS]
    if unit not in UNITS or not sizes:
        return None
    chips = [Geometry(size, unit, -(-len(image) // size)) for size in sizes]
    return max(chips, key=lambda chip: (_fit(image, records, headers, chip), -chip.sector_size))


def _fit(image: bytes, records: list[Record], headers: dict[int, Header], chip: Geometry) -> int:
    """How many SUMMARY records say what a chip of this geometry would have them say, less what contradicts it."""
    score = -sum(at % chip.sector_size > 0 for at in headers)
    before: Record | None = None
    for record in sorted((one for one in records if one.type == SUMMARY and not one.is_copy), key=lambda one: one.number):
        content = parse_summary(record.payload, chip)
        led = content and all(image[at : at + 2] in (RECORD_MAGIC, COPY_MAGIC) for at in content.addresses)
        score += 1 if led else -1
        if content and before and content.before:
            score += 1 if before.address % chip.sector_size == content.before else -1
            one, other = before.address // chip.sector_size, record.address // chip.sector_size
            score += 1 if _way(one, other, content.retired, chip) == 1 else -1
        before = record
    head = chip.padded(HEADER.size)
    for record in records:
        at = record.address % chip.sector_size
        score -= 4 * (at < head or at + record.size > chip.sector_size)  # on a header, or across the end
    return score


def carve(image: bytes, geometry: Geometry) -> Carved:
    """Make the lost headers anew where a sector holds records that are no copies; every other byte stays."""
    whole = image.ljust(geometry.sectors * geometry.sector_size, b"\xff")[: geometry.sectors * geometry.sector_size]
    sectors = [read_sector(whole, geometry, index) for index in range(geometry.sectors)]
    counted = sorted((one for one in sectors if one.originals), key=lambda one: one.originals[0].number)
    sequences = _sequences(counted, geometry)
    erases = max((one.header.erases for one in sectors if one.header), default=1)
    out = bytearray(whole)
    made = {}
    for sector in counted:
        known = sector.header
        if known and known.unit == geometry.unit and known.sequence == sequences[sector.index]:
            continue
        made[sector.index] = sequences[sector.index]
        header = _header(geometry, sequences[sector.index], erases, sector.originals[0].number)
        out[sector.address : sector.address + geometry.padded(HEADER.size)] = header
    used = sorted(sequences.values())
    missing = sorted(set(range(used[0], used[-1] + 1)) - set(used)) if used else []
    return Carved(bytes(out), geometry, made, missing)


def judge(image: bytes, found: Find) -> tuple[Report | None, bool]:
    """What a verification says of the chip with its headers made anew, None where its geometry cannot be told; and whether a
    sector is gone that stood before the first one that is left: its SUMMARY names one, and the window has room for it."""
    if found.geometry is None:
        return None, False
    carved = carve(image, found.geometry)
    journal = read_journal(carved.image, carved.geometry)
    headless = bool(journal.missing and journal.counted and journal.missing[0] < journal.counted[0].sequence)
    return verify(carved.image, carved.geometry), headless


def lost_of(own: Iterable[Record], report: Report | None, headless: bool) -> Lost:
    """Of one terminal's records; nothing where the whole chip verifies. Below the first that is no copy only history stands, and
    its numbers need not follow each other."""
    if report and report.consistent:
        return Lost([], 0)
    numbers = sorted({record.number for record in own})
    first = min((record.number for record in own if not record.is_copy), default=0)
    explained = report.left_out if report else []
    gaps = [(a + 1, b - 1) for a, b in pairwise(number for number in numbers if number >= first) if b - a > 1]
    left = [gap for gap in gaps if not any(out.first <= gap[0] and gap[1] <= out.last for out in explained)]
    return Lost(left, first if headless else 0)


def _header(geometry: Geometry, sequence: int, erases: int, first: int) -> bytes:
    """docs/journal-format.md, Sector header."""
    body = struct.pack("<4sBBHIII", HEADER_MAGIC, 1, geometry.unit.bit_length() - 1, 0, sequence, erases, first)
    return (body + struct.pack("<I", crc32(body))).ljust(geometry.padded(HEADER.size), b"\xff")


def _sequences(counted: list[Sector], geometry: Geometry) -> dict[int, int]:
    """Of each sector by index, oldest first: its header's, else counted on from its neighbour by the way around the ring."""
    steps, retired = [0] * len(counted), [_retired(one, geometry) for one in counted]
    for place in range(1, len(counted)):
        steps[place] = steps[place - 1] + _way(counted[place - 1].index, counted[place].index, retired[place], geometry)
    known = [(place, one.header.sequence) for place, one in enumerate(counted) if one.header and one.header.unit == geometry.unit]
    if not known:
        first = parse_summary(counted[0].originals[0].payload, geometry) if counted else None
        begins = first is not None and first.used == 0
        start = 1 if begins else geometry.sectors + 1
        return {one.index: start + steps[place] for place, one in enumerate(counted)}
    found, places = {}, [place for place, _ in known]
    for place, one in enumerate(counted):
        after = bisect_left(places, place)
        near, sequence = min(known[max(after - 1, 0) : after + 1], key=lambda pair: abs(pair[0] - place))
        found[one.index] = min(max(1, sequence + steps[place] - steps[near]), LAST_SEQUENCE)
    return found


def _way(before: int, after: int, retired: tuple[int, ...], geometry: Geometry) -> int:
    """How many sequences on, from the index of a sector to that of the next one: those that are retired are passed over."""
    step = (after - before) % geometry.sectors
    passed = {(index - before) % geometry.sectors for index in set(retired)}
    return max(1, step - sum(0 < way < step for way in passed))


def _retired(sector: Sector, geometry: Geometry) -> tuple[int, ...]:
    """What its SUMMARY says; nothing where that is lost."""
    content = parse_summary(sector.summary.payload, geometry) if sector.summary else None
    return content.retired if content else ()
