"""All that was ever durable in a terminal's journal, read from the chip as it is written, and kept when compaction lets it go.

The terminal is not asked: what it believes is what its flash says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from parts import NorFlash, PowerCut, Vault
from yuanlu import record as r
from yuanlu.errors import StoreDamaged
from yuanlu.loop import loop
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, RESOLVED, Transaction, _verdict

TYPES = {
    getattr(s, name): name.lower()
    for name in "SALE INTENT SENDING RESULT ATTEMPT DECISION WITHDRAWN PRINTED REFUND ALARM".split()
}
WITH_A_PERSON = (s.IS_PARKED, s.IS_HELD)
_VERDICTS = "DECLINED LATER HOLD PERSON RENEW SILENT ASK REVERSED ACCEPTED".split()
# Records whose arrow also depends on what they say, and all that they could.
_SAY = {s.RESULT: range(256), s.ATTEMPT: range(256), s.DECISION: range(256), s.SALE: (0, RESOLVED), s.REFUND: (0, RESOLVED)}
_WORDS = {
    s.RESULT: {getattr(s, name): f" {name.lower()}" for name in _VERDICTS},
    s.ATTEMPT: {s.AGAIN: " again", s.REVERSAL: " reversal"},
    s.DECISION: {s.NOT_DONE: " not done", s.ANOTHER: " another", s.RELEASE: " release"},
    s.SALE: {RESOLVED: " by a person"},
    s.REFUND: {RESOLVED: " by a person"},
}


class Arrow(NamedTuple):
    """One arrow of next_state."""

    state: int
    record_type: int
    verdict: int

    def __str__(self) -> str:
        said = _WORDS.get(self.record_type, {}).get(self.verdict, "")
        return f"{s.STATE_NAMES[self.state]} -{TYPES[self.record_type]}{said}-> {s.STATE_NAMES[s.next_state(*self)]}"


def all_arrows() -> list[Arrow]:
    """Found by trying: every state with every type of record that can be written about a transaction."""
    found = []
    for state in range(len(s.STATE_NAMES)):
        for record_type in TYPES:
            for verdict in _SAY.get(record_type, (0,)):
                try:
                    s.next_state(state, record_type, verdict)
                except StoreDamaged:
                    continue
                found.append(Arrow(state, record_type, verdict))
    return found


def arrow_of(state: int, record: Any) -> Arrow:
    """The arrow that this record takes from that state."""
    return Arrow(state, record.type, _verdict(record.type, record.body()))


def code_of(record: Any) -> str:
    """The response code that a RESULT carries; "" when it came of silence, or is no RESULT."""
    return record.body().code.strip(b"\0").decode("ascii", "replace") if record.type == s.RESULT else ""


class Book:
    """Transactions by number, in order. `on_parked` is told when one comes to need a person, with the record that says so;
    `on_contradiction` of a record that cannot follow the ones before it."""

    def __init__(self, on_parked: Callable[[Transaction, Any], None], on_contradiction: Callable[[str], None]) -> None:
        self.transactions: dict[int, Transaction] = {}
        self.arrows: Counter[Arrow] = Counter()
        self.codes: dict[int, str] = {}  # the last one of each
        self.done_at: dict[int, int] = {}  # ms of the world
        self.sent_at: dict[int, int] = {}  # of its newest SENDING
        self.on_parked, self.on_contradiction = on_parked, on_contradiction
        self.closed: dict[int, bool] = {}  # batches that the terminal closed, by record: did the totals agree?
        self.records = 0

    def take(self, record: Any) -> None:
        """One whole record that stands on the chip now."""
        if record.copy or not record.transaction:
            if record.type == s.BATCH and not record.copy and record.number not in self.closed:
                self.closed[record.number] = bool(record.body().agreed)
            return
        transaction = self.transactions.setdefault(record.transaction, Transaction(record.transaction, record.original))
        before, last = transaction.state, transaction.last
        try:
            transaction.apply(record)
        except StoreDamaged as error:
            self.on_contradiction(f"transaction {record.transaction}: {error}")
            return
        if transaction.last == last:
            return
        self.records += 1
        self.arrows[arrow_of(before, record)] += 1
        if record.type == s.SENDING:
            self.sent_at[transaction.number] = loop.now
        elif transaction.state in (s.IS_DONE, s.IS_RESOLVED_DONE):
            self.done_at.setdefault(transaction.number, loop.now)
        self.codes[transaction.number] = code_of(record) or self.codes.get(transaction.number, "")
        if transaction.state in WITH_A_PERSON and before not in WITH_A_PERSON:
            self.on_parked(transaction, record)

    def of(self, *kinds: int) -> list[Transaction]:
        """Those of these kinds, oldest first."""
        return [transaction for transaction in self.transactions.values() if transaction.kind in kinds]

    def over_cap(self) -> list[str]:
        """Sales of which more is given back, or may be, than was paid (L3)."""
        spent: Counter[int] = Counter()
        for part in self.transactions.values():
            if part.kind != KIND_SALE and not s.frees_cap(part.state):
                spent[part.original] += part.amount
        paid = {sale.number: sale.amount for sale in self.of(KIND_SALE)}
        return [
            f"sale {number}: {fen} fen of {paid.get(number)} given back" for number, fen in spent.items() if fen > paid[number]
        ]

    @property
    def refunds(self) -> list[Transaction]:
        """Without voids."""
        return self.of(KIND_REFUND)


class Chip(NorFlash):
    """A NOR chip that shows its book every whole record that is written, and the operations to a digest."""

    def __init__(self, sectors: int, unit: int, book: Book, digest: Callable[[bytes], None]) -> None:
        super().__init__(sectors, 4096, unit)
        self.book, self.digest = book, digest
        self._record = r.Record(bytearray(r.size(r.LARGEST, unit)))

    def program(self, address: int, data: Any) -> None:
        """As the chip does it; a cut may have let the whole record through all the same."""
        self.digest(b"%d " % address + bytes(data))
        try:
            super().program(address, data)
        finally:
            end = min(len(self.data), address + len(data))
            self._record.view[: end - address] = self.data[address:end]
            if self._record.check():
                self.book.take(self._record)


class TearingVault(Vault):
    """A vault with keys of its own, whose next writes can be torn. tear: (number of the write from now on, bytes of the new)."""

    def __init__(self, chip: NorFlash, places: dict[int, bytes], chance: Any) -> None:
        super().__init__()
        self.chip, self.places, self.chance = chip, places, chance
        self.tear: tuple[int, float] | None = None

    def store(self, place: int, data: bytes) -> None:
        """Replace what is there; power may go meanwhile: then the first part is new, the rest as it was."""
        if self.chip.dark:
            raise PowerCut
        reach = len(data)
        if self.tear is not None:
            count, part = self.tear
            self.tear = (count - 1, part) if count > 1 else None
            if count == 1:
                self.chip.dark, reach = True, int(len(data) * part)
        self.places[place] = bytes(data[:reach]) + self.places.get(place, b"")[reach:]
        if self.chip.dark:
            raise PowerCut

    def random(self, count: int) -> bytes:
        """By the plan's chance: the same in each run."""
        return self.chance.randbytes(count)

    def draw(self, largest: int) -> int:
        """0 to `largest`."""
        return self.chance.randint(0, largest)
