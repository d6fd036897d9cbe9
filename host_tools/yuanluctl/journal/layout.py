"""The bytes of the journal: sector headers, records, payloads, the filter (docs/journal-format.md). Addresses are from the start
of the image, numbers little-endian."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple
from zlib import crc32

UNITS = (1, 4, 8, 16, 32, 256)
SECTOR_SIZES = tuple(4096 << power for power in range(6))
FEWEST_SECTORS = 3
HEADER_MAGIC, RECORD_MAGIC, COPY_MAGIC = b"YLJ1", b"YL", b"yl"
HEADER = struct.Struct("<4sBBHIIII")
RECORD = struct.Struct("<2sHBII")
TAG_BYTES, CRC_BYTES = 8, 4
SHORTEST_PAYLOAD, LONGEST_PAYLOAD = 8, 640
SHORTEST_RECORD = RECORD.size + SHORTEST_PAYLOAD + TAG_BYTES + CRC_BYTES

SALE, INTENT, SENDING, RESULT, ATTEMPT, WITHDRAWN, PRINTED, SUMMARY, BOOT, REFUND = 1, 2, 3, 4, 5, 7, 10, 13, 14, 16
DECISION, APPROVAL, PIN_TRY, BATCH, ALARM, SEAL, NOTE, TECHNICIAN, CONFIG, HANDOVER = 6, 8, 9, 17, 18, 19, 20, 21, 15, 12
NAMES = {
    SALE: "SALE",
    INTENT: "INTENT",
    SENDING: "SENDING",
    RESULT: "RESULT",
    ATTEMPT: "ATTEMPT",
    DECISION: "DECISION",
    WITHDRAWN: "WITHDRAWN",
    PRINTED: "PRINTED",
    SUMMARY: "SUMMARY",
    BOOT: "BOOT",
    REFUND: "REFUND",
    BATCH: "BATCH",
    ALARM: "ALARM",
    SEAL: "SEAL",
    APPROVAL: "APPROVAL",
    PIN_TRY: "PIN_TRY",
    NOTE: "NOTE",
    TECHNICIAN: "TECHNICIAN",
    CONFIG: "CONFIG",
    HANDOVER: "HANDOVER",
}

DESCRIPTION = struct.Struct("<BIIIIIBBBB10s8s")
DESCRIPTION_FIELDS = "kind amount batch trace date time quality reason operator approver card fingerprint".split()
LAYOUTS: dict[int, tuple[struct.Struct, list[str]]] = {
    SALE: (struct.Struct(DESCRIPTION.format + "12s6s"), [*DESCRIPTION_FIELDS, "rrn", "approval"]),
    INTENT: (DESCRIPTION, DESCRIPTION_FIELDS),
    SENDING: (struct.Struct("<BHBB"), "attempt send route doubt".split()),
    RESULT: (struct.Struct("<BB2s12s6sII"), "attempt verdict code rrn approval date time".split()),
    ATTEMPT: (struct.Struct("<BBII"), "kind attempt batch trace".split()),
    DECISION: (struct.Struct("<BB18s"), "decision operator evidence".split()),
    WITHDRAWN: (struct.Struct("<B"), ["operator"]),
    PRINTED: (struct.Struct("<BB"), "state copy".split()),
    BOOT: (struct.Struct("<III"), "boot after unreadable".split()),
    BATCH: (struct.Struct("<IIB"), "closed opened agreed".split()),
    ALARM: (struct.Struct(DESCRIPTION.format + "12s6sI"), [*DESCRIPTION_FIELDS, "rrn", "approval", "booked"]),
    SEAL: (struct.Struct("<BH8s"), "attempt epoch mac".split()),
    APPROVAL: (struct.Struct("<BB8s8s"), "approver how digest code".split()),
    PIN_TRY: (struct.Struct("<BB"), "operator outcome".split()),
    NOTE: (struct.Struct("<BBII24s"), "kind operator date time text".split()),
    TECHNICIAN: (struct.Struct("<IHBI"), "technician allowed command about".split()),
    CONFIG: (struct.Struct("<II32s"), "version date digest".split()),
    HANDOVER: (
        struct.Struct(DESCRIPTION.format + "B8sHII"),
        [*DESCRIPTION_FIELDS, *"standing other install told epoch".split()],
    ),
}
LAYOUTS[REFUND] = LAYOUTS[SALE]
WITH_MESSAGE = (INTENT, ATTEMPT)
SALE_MARK = 1 << 28
SUMMARY_HEAD = struct.Struct("<8I")
SUMMARY_FIELDS = "zero lowest unsure used before trace batch printed".split()


class Geometry(NamedTuple):
    """A chip: bytes of a sector, bytes of a write unit, count of sectors."""

    sector_size: int
    unit: int
    sectors: int

    def padded(self, size: int) -> int:
        """The bytes that `size` bytes take in whole units."""
        return -(-size // self.unit) * self.unit

    @property
    def window(self) -> int:
        """How many of the newest sequences hold the journal."""
        return max(1, self.sectors - 2 - self.sectors // 16)

    @property
    def filter_bytes(self) -> int:
        """F of the page."""
        return min(3 * self.sector_size // 256, 256)


class Header(NamedTuple):
    """A whole sector header."""

    unit: int
    flags: int
    sequence: int
    erases: int
    first: int


@dataclass(frozen=True)
class Record:
    """A record whose CRC is right. `written` is what the seal covers: head and payload as they were first written."""

    address: int
    size: int  # with padding
    is_copy: bool
    type: int
    number: int
    terminal: int
    written: bytes
    tag: bytes

    @property
    def sealed(self) -> bytes:
        """As it stands there, from its first byte to the end of its tag."""
        return (COPY_MAGIC if self.is_copy else RECORD_MAGIC) + self.written[2:] + self.tag

    @property
    def end(self) -> int:
        """Where the next one begins."""
        return self.address + self.size

    @property
    def payload(self) -> bytes:
        """What the type says."""
        return self.written[RECORD.size :]

    @property
    def transaction(self) -> int:
        """Number of the INTENT, or of the lone SALE itself; 0 for none."""
        return 0 if self.type == SUMMARY else int.from_bytes(self.payload[:4], "little")

    @property
    def original(self) -> int:
        """The sale it belongs to; 0 for none."""
        return 0 if self.type == SUMMARY else int.from_bytes(self.payload[4:8], "little")

    @property
    def name(self) -> str:
        """The type in words."""
        return NAMES.get(self.type, f"type {self.type}")

    @cached_property
    def fields(self) -> dict[str, int | bytes]:
        """The payload's raw fields by name; empty for an unknown type, or a payload that is too short for its own."""
        structure, names = LAYOUTS.get(self.type, (None, []))
        if structure is None or len(self.payload) < 8 + structure.size:
            return {}
        found: dict[str, int | bytes] = dict(zip(names, structure.unpack_from(self.payload, 8), strict=True))
        if self.type in WITH_MESSAGE:
            found["message"] = self.payload[8 + structure.size :]
        return found

    def value(self, name: str) -> int:
        """A field that is a number; 0 where the payload is too short to hold it."""
        found = self.fields.get(name, 0)
        return found if isinstance(found, int) else 0

    def filter_keys(self) -> Iterable[bytes]:
        """What a look-up may search this record by."""
        if not self.transaction:
            return
        yield b"o" + self.payload[4:8]
        if self.type in (SALE, REFUND) and len(self.payload) >= 63:
            yield b"t" + self.payload[17:21]
            yield b"d" + self.payload[21:25]
            yield b"r" + self.payload[51:63]
            yield b"c" + self.payload[39:43]


class Summary(NamedTuple):
    """The payload of a SUMMARY."""

    lowest: int
    unsure: int
    used: int
    before: int
    trace: int
    batch: int
    printed: int
    retired: tuple[int, ...]
    filter: bytes
    addresses: tuple[int, ...]
    sales: frozenset[int]  # those of the addresses that are marked as the SALE of an unsettled refund


def parse_header(image: bytes, at: int) -> Header | None:
    """The header at `at`, or None if there is no whole one."""
    if image[at : at + 4] != HEADER_MAGIC or at + HEADER.size > len(image):
        return None
    _, kind, unit, flags, sequence, erases, first, check = HEADER.unpack_from(image, at)
    if crc32(image[at : at + HEADER.size - CRC_BYTES]) != check or kind != 1 or unit > 8 or 1 << unit not in UNITS:
        return None
    return Header(1 << unit, flags, sequence, erases, first)


def parse_record(image: bytes | bytearray, at: int, end: int, geometry: Geometry) -> Record | None:
    """The record at `at` if one with a right CRC stands there and ends, with its padding, not after `end`."""
    if at + SHORTEST_RECORD > end:
        return None
    magic, length, kind, number, terminal = RECORD.unpack_from(image, at)
    if magic not in (RECORD_MAGIC, COPY_MAGIC) or not SHORTEST_PAYLOAD <= length <= LONGEST_PAYLOAD:
        return None
    tag_at = at + RECORD.size + length
    crc_at = tag_at + TAG_BYTES
    size = geometry.padded(crc_at + CRC_BYTES - at)
    if at + size > end or crc32(image[at:crc_at]) != int.from_bytes(image[crc_at : crc_at + CRC_BYTES], "little"):
        return None
    written = RECORD_MAGIC + image[at + 2 : tag_at]
    return Record(at, size, magic == COPY_MAGIC, kind, number, terminal, written, bytes(image[tag_at:crc_at]))


def parse_summary(payload: bytes, geometry: Geometry) -> Summary | None:
    """The SUMMARY of a chip of this geometry, or None if its length cannot be one."""
    filter_at = SUMMARY_HEAD.size + 1
    retired_at = filter_at + geometry.filter_bytes
    addresses_at = retired_at + 2 * payload[32] if len(payload) > 32 else 0
    if not addresses_at or addresses_at > len(payload) or (len(payload) - addresses_at) % 4:
        return None
    _, lowest, unsure, used, before, trace, batch, printed = SUMMARY_HEAD.unpack_from(payload)
    retired = struct.unpack_from(f"<{payload[32]}H", payload, retired_at)
    marked = struct.unpack_from(f"<{(len(payload) - addresses_at) // 4}I", payload, addresses_at)
    addresses = tuple(address & ~SALE_MARK for address in marked)
    sales = frozenset(address & ~SALE_MARK for address in marked if address & SALE_MARK)
    found = payload[filter_at:retired_at]
    return Summary(lowest, unsure, used, before, trace, batch, printed, retired, found, addresses, sales)


def filter_of(records: Iterable[Record], size: int) -> bytes:
    """The filter of `size` bytes over these records."""
    bits = bytearray(size)
    for record in records:
        for key in record.filter_keys():
            bit = crc32(key) % (8 * size)
            bits[bit // 8] |= 1 << bit % 8
    return bytes(bits)
