"""A terminal's journal made from docs/journal-format.md alone: shares no code with the firmware and none with the verifier."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import digest
from zlib import crc32

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ROOT = bytes(range(32))
TERMINAL, EPOCH = "10000001", 3
SALE, INTENT, SENDING, RESULT, SUMMARY, BOOT, REFUND = 1, 2, 3, 4, 13, 14, 16
CARD = b"6222021234"


@dataclass
class Written:
    """A record as it stands on the chip."""

    address: int
    size: int
    copy: bool
    number: int
    body: bytes  # head and payload as first written
    tag: bytes
    copied: bytes = b""  # of a SUMMARY: the SHA-256 over the copies before it, sealed with it

    @property
    def type(self) -> int:
        return self.body[4]

    @property
    def transaction(self) -> int:
        return 0 if self.type == SUMMARY else int.from_bytes(self.body[13:17], "little")

    @property
    def original(self) -> int:
        return int.from_bytes(self.body[17:21], "little")


@dataclass
class Sector:
    """What the writer remembers of a sector that it opened."""

    index: int
    sequence: int
    end: int
    records: list[Written] = field(default_factory=list)
    summary_at: int = 0

    @property
    def used(self) -> int:
        return self.records[-1].address + self.records[-1].size if self.records else self.end


class Writer:
    """Writes the journal of one terminal; `chip` is the image, `tags` the tag of each record by number."""

    def __init__(
        self, sectors: int = 8, sector_size: int = 4096, unit: int = 16, terminal: str = TERMINAL, retired: tuple[int, ...] = ()
    ) -> None:
        self.sectors, self.sector_size, self.unit, self.terminal = sectors, sector_size, unit, terminal
        self.chip = bytearray(b"\xff" * sectors * sector_size)
        self.window = sectors - 2 - sectors // 16
        self.retired = retired
        self.opened: list[Sector] = []
        self.erases = [0] * sectors
        self.number = self.sequence = self.lowest = self.unsure = self.trace = self.boot = 0
        self.tags: dict[int, bytes] = {}
        self.open_business: dict[int, int] = {}  # transaction to original
        self.cut_left: int | None = 0  # unreadable bytes of the sector open at the last cut; None while running
        kdf = HKDF(SHA256(), 32, None, b"yuanlu journal" + terminal.encode() + struct.pack("<I", EPOCH))
        self._keys = [b"", kdf.derive(ROOT)]

    def key(self, number: int) -> bytes:
        """K(number)."""
        while len(self._keys) <= number:
            self._keys.append(sha256(b"yuanlu evolve" + self._keys[-1]).digest())
        return self._keys[number]

    def sale(self, amount: int = 1000) -> int:
        """A lone SALE; its number."""
        return self.append(SALE, None, self.described(1, amount) + f"{self.number:012}".encode() + b"A1B2C3")

    def refund(self, original: int, settle: bool = True, kind: int = 2, amount: int = 500) -> int:
        """A refund (kind 2) or void (3) up to its end, or up to where its answer is awaited; number of its INTENT."""
        transaction = self.append(INTENT, original, self.described(kind, amount) + bytes(40))
        self.open_business[transaction] = original
        self.append(SENDING, original, struct.pack("<BHBB", 1, 1, 1, 0), transaction)
        if settle:
            self.settle(transaction, kind, amount)
        return transaction

    def settle(self, transaction: int, kind: int = 2, amount: int = 500) -> None:
        """The end of a refund or void."""
        original = self.open_business[transaction]
        self.append(REFUND, original, self.described(kind, amount) + f"{transaction:012}".encode() + b"D4E5F6", transaction)
        del self.open_business[transaction]

    def described(self, kind: int, amount: int) -> bytes:
        """A description."""
        self.trace += 1
        return struct.pack("<BIIIIIBBBB10s8s", kind, amount, 7, self.trace, 20261122, 101500, 1, 0, 2, 0, CARD, b"fingerpr")

    def append(self, kind: int, original: int | None, rest: bytes, transaction: int = 0) -> int:
        """Write a record, in a new sector if it must; `original` None: its own number, and so the transaction without one."""
        self._make_room(len(rest))
        number = self.number + 1
        own = struct.pack("<II", transaction or number, number if original is None else original)
        self._put(kind, own + rest)
        return number

    def hand_over(self, standing: int = 1, other: bytes = b"YL000002") -> int:
        """The record that all that is open was handed over. standing: 1 given, 3 finished."""
        return self.aside(12, bytes(len(self.described(2, 0))) + struct.pack("<B8sHII", standing, other, 1, 0, 7))

    def hold(self, evidence: bytes = b"case 1") -> int:
        """The record that a person holds the queue."""
        return self.aside(6, struct.pack("<BB18s", 4, 254, evidence))

    def aside(self, kind: int, rest: bytes) -> int:
        """Write a record that concerns no transaction; its number."""
        self._make_room(len(rest))
        self._put(kind, bytes(8) + rest)
        return self.number

    def _make_room(self, length: int) -> None:
        size = self._padded(25 + 8 + length)
        while not self.opened or self.cut_left is not None or self.opened[-1].end + size > self._limit(self.opened[-1]):
            self.open_sector()

    def cut(self, torn: bytes = b"") -> None:
        """The power goes; `torn` is what of the next program came out."""
        sector = self.opened[-1]
        self.chip[sector.end : sector.end + len(torn)] = torn
        self.cut_left = self._padded(len(torn.rstrip(b"\xff")))

    def open_sector(self, give_up_after: int | None = None) -> None:
        """Begin the next sector. With `give_up_after` the power goes once so many copies are written."""
        before = next((sector for sector in reversed(self.opened) if sector.summary_at), None)
        last = before.records[-1] if before else None
        newest = before.sequence if before else 0
        leaving = newest + 1 - self.window
        left = [record for sector in self.opened if sector.sequence == leaving and sector.summary_at for record in sector.records]
        boot = self.cut_left
        skipped = 1 + boot // 33 if boot else 0
        index = (before.index + 1) % self.sectors if before else 0  # after a cut in its opening, the same one again
        while index in self.retired:
            index = (index + 1) % self.sectors
        self.sequence = newest + 1
        self.erases[index] += 1
        at = index * self.sector_size
        self.opened = [sector for sector in self.opened if sector.index != index]
        self.chip[at : at + self.sector_size] = b"\xff" * self.sector_size
        unit = self.unit.bit_length() - 1
        header = struct.pack("<4sBBHIII", b"YLJ1", 1, unit, 0, self.sequence, self.erases[index], self.number + skipped + 1)
        self._program(at, header + struct.pack("<I", crc32(header)))
        sector = Sector(index, self.sequence, at + self._padded(24))
        self.opened.append(sector)
        copies = self._kept(left) + ([last] if boot is not None and last else [])
        for count, record in enumerate(sorted({record.number: record for record in copies}.values(), key=lambda one: one.number)):
            if count == give_up_after:
                break
            self._copy(record)
        if give_up_after is not None:
            self.cut_left = self.cut_left or 0
            return
        after = self.number
        self.number += skipped
        self._summary(before, last if boot is not None else None)
        self.cut_left = None
        if boot is not None:
            self.boot += 1
            self._put(BOOT, struct.pack("<IIIII", 0, 0, self.boot, after, boot))

    def records(self) -> list[Written]:
        """Every record of the sectors that were not erased since, in order of place."""
        return [record for sector in self.opened for record in sector.records]

    def in_window(self) -> list[Written]:
        """The records of the window that are no copies."""
        newest = max(sector.sequence for sector in self.opened if sector.summary_at)
        sectors = [sector for sector in self.opened if newest - self.window < sector.sequence <= newest]
        return [record for sector in sectors for record in sector.records if not record.copy]

    def seal(self, body: bytes, key_of: int = 0, copied: bytes = b"") -> bytes:
        """Its tag, with the key of its number or of another."""
        number = int.from_bytes(body[5:9], "little")
        return digest(self.key(key_of or number), body + copied, "sha256")[:8]

    def _kept(self, left: list[Written]) -> list[Written]:
        """What must be copied of the sector that left the window; raises `lowest` where history takes too much."""
        numbers = set(self.open_business) | set(self.open_business.values())
        business = [record for record in left if record.transaction in numbers]
        history = [r for r in left if r.type in (SALE, REFUND) and r.original >= self.lowest and r not in business]
        room = self.sector_size * 3 // 4 - 700
        while sum(record.size for record in history) > room:
            self.lowest = min(record.original for record in history) + 1
            history = [record for record in history if record.original >= self.lowest]
        return business + history

    def _summary(self, before: Sector | None, repeated: Written | None) -> None:
        size = min(3 * self.sector_size // 256, 256)
        end = repeated.address if repeated else before.used if before else 0
        used = end - before.index * self.sector_size if before else 0
        start = before.summary_at - before.index * self.sector_size if before else 0
        bits = 0
        for record in before.records if before else []:
            for key in self._filter_keys(record):
                bits |= 1 << crc32(key) % (8 * size)
        payload = struct.pack("<8I", 0, self.lowest, self.unsure, used, start, self.trace, 7, 0)
        payload += bytes([len(self.retired)]) + bits.to_bytes(size, "little")
        payload += b"".join(struct.pack("<H", index) for index in self.retired)
        sales = {r.number: r.address | 1 << 28 for r in self.records() if r.number in self.open_business.values()}
        places = sales | {r.number: r.address for r in self.records() if r.transaction in self.open_business}
        payload += b"".join(struct.pack("<I", address) for _, address in sorted(places.items()))
        self.opened[-1].summary_at = self.opened[-1].end
        self._put(SUMMARY, payload)

    def _filter_keys(self, record: Written) -> list[bytes]:
        if not record.transaction:
            return []
        keys = [b"o" + record.body[17:21]]
        if record.type in (SALE, REFUND):
            body = record.body
            keys += [b"t" + body[30:34], b"d" + body[34:38], b"r" + body[64:76], b"c" + body[52:56]]
        return keys

    def _put(self, kind: int, payload: bytes) -> None:
        self.number += 1
        body = struct.pack("<2sHBII", b"YL", len(payload), kind, self.number, crc32(self.terminal.encode())) + payload
        copied = b""
        if kind == SUMMARY:
            copies = [b"yl" + record.body[2:] + record.tag for record in self.opened[-1].records if record.copy]
            copied = sha256(b"".join(copies)).digest()
        tag = self.tags[self.number] = self.seal(body, copied=copied)
        self._place(Written(0, self._padded(len(body) + 12), False, self.number, body, tag, copied), body)

    def _copy(self, record: Written) -> None:
        copy = Written(0, record.size, True, record.number, record.body, record.tag)
        self._place(copy, b"yl" + record.body[2:])

    def _place(self, record: Written, on_chip: bytes) -> None:
        sector = self.opened[-1]
        record.address = sector.end
        assert sector.end + record.size <= self._limit(sector), "the sector is too small for what a compaction carries"
        on_chip += record.tag
        self._program(sector.end, on_chip + struct.pack("<I", crc32(on_chip)))
        sector.end += record.size
        sector.records.append(record)

    def _program(self, at: int, data: bytes) -> None:
        end = at + self._padded(len(data))
        assert not self.chip[at:end].strip(b"\xff"), "a unit is programmed once between erases"
        self.chip[at : at + len(data)] = data

    def _padded(self, size: int) -> int:
        return -(-size // self.unit) * self.unit

    def _limit(self, sector: Sector) -> int:
        return (sector.index + 1) * self.sector_size
