"""A chip with a past, and what a journal may say when the chip has rotted: the truth, an older truth with a report, or no."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from parts import APPROVED, Card, NorFlash, Random, Terminal, Vault
from yuanlu.crypto.seal import Seal
from yuanlu.errors import Refused, StoreDamaged, StoreFull
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_SALE, Draft
from yuanlu.store import pending
from yuanlu.store.journal import Journal

READS = 400_000  # more than any look-up of these chips takes: a loop that does not end
ENDINGS = (s.DONE, s.DONE, s.DONE, s.DECLINED, s.SILENT, s.LATER, s.PERSON, s.RENEW)
LOOKUPS: tuple[dict[str, Any], ...] = ({"rrn": APPROVED.rrn}, {"date": 20261122, "amount": 700}, {"trace": 7})


class Endless(Exception):
    """So many reads that nobody waits for their end."""


class Still:
    """A chip that is only read."""

    def __init__(self, data: bytes, geometry: tuple[int, int, int], vault: Vault) -> None:
        self.data = bytearray(data)
        self.sectors, self.sector_size, self.unit = geometry
        self.vault = vault
        self.reads, self.most = 0, READS
        self.seen = bytearray(len(data))  # 1: that byte was read

    def read_into(self, address: int, buffer: memoryview) -> None:
        self.reads += 1
        if self.reads > self.most:
            raise Endless
        if not 0 <= address <= address + len(buffer) <= len(self.data):
            raise IndexError(f"read of {len(buffer)} bytes at {address}")
        buffer[:] = self.data[address : address + len(buffer)]
        self.seen[address : address + len(buffer)] = b"\1" * len(buffer)


@dataclass
class Past:
    """One transaction as it went: all states it was in, the bytes of all its attempts."""

    original: int
    amount: int
    states: list[int] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)


@dataclass
class Truth:
    """A chip's image, and what was done to bring it about."""

    geometry: tuple[int, int, int]
    data: bytes
    vault: Vault
    pasts: dict[int, Past]
    number: int
    trace: int
    last_record: tuple[int, int]  # first address and end of the newest record: rot there looks like a torn write


class _Writer:
    """Works at a terminal by chance and writes down what it does."""

    def __init__(self, geometry: tuple[int, int, int], seed: int) -> None:
        self.random, self.pasts = Random(seed), dict[int, Past]()
        self.sales: list[int] = []
        self.till = Terminal(NorFlash(*geometry), open_limit=32)

    def note(self, transaction: Any) -> None:
        past = self.pasts.setdefault(transaction.number, Past(transaction.original, transaction.amount))
        if not past.states or past.states[-1] != transaction.state:
            past.states.append(transaction.state)
        if not s.is_final(transaction.state):
            message = self.till.journal.message(transaction)
            if message not in past.messages:
                past.messages.append(message)

    def settle(self, transaction: Any, verdict: int) -> None:
        self.note(transaction)
        if transaction.stale:
            self.till.desk.renew(transaction)
            self.note(transaction)
        self.till.desk.sending(transaction, 1)
        self.note(transaction)
        self.till.desk.note(transaction, verdict, None if verdict == s.SILENT else APPROVED)
        self.note(transaction)

    def step(self) -> None:
        till, random = self.till, self.random
        if random.below(9) == 0:
            self.till = Terminal(till.flash, open_limit=32)
        elif till.desk.refunds_left() < 2 or (till.journal.live and random.below(3) == 0):
            waiting = [t for t in till.journal.live if s.is_sendable(t.state)]
            for transaction in waiting[:2]:
                if transaction.state == s.IS_QUEUED and not transaction.stale and random.below(2):
                    till.desk.withdraw(transaction)
                    self.note(transaction)
                else:
                    self.settle(transaction, s.DONE)
        elif random.below(5) < 2 or not self.sales:
            sale = till.desk.open(Draft(KIND_SALE, 700 + random.below(3) * 1000, card=Card()))
            self.settle(sale, s.DONE)
            self.sales = [*self.sales[-7:], sale.number]
        else:
            self._refund(random.pick(self.sales))

    def _refund(self, number: int) -> None:
        sale = self.till.journal.sale(number)
        if sale is None:
            return
        parked = len([t for t in self.till.journal.live if t.state == s.IS_PARKED])
        try:
            left = self.till.desk.left(sale)
            refund = self.till.refund(sale, self.random.pick((left, max(1, left // 3))))
        except Refused:
            return
        self.note(refund)
        verdict = self.random.pick(ENDINGS)
        if self.random.below(3) and not (verdict == s.PERSON and parked):
            self.settle(refund, verdict)
        elif self.random.below(2):
            self.till.desk.printed(refund)


def aged(geometry: tuple[int, int, int], seed: int, sectors: int) -> Truth:
    """A chip on which so many sectors were opened, by chance steps, and more until something stands open."""
    writer = _Writer(geometry, seed)
    while not _tells_enough(writer.till.journal, sectors):
        try:
            writer.step()
        except StoreFull:
            break
    flash, log = writer.till.flash, writer.till.journal.log
    end = log.tail
    newest = max(record.address for record in log.chip.records(log.head))
    vault = flash.vault
    return Truth(geometry, bytes(flash.data), vault, writer.pasts, log.number, writer.till.journal.counters.trace, (newest, end))


def _tells_enough(journal: Journal, sectors: int) -> bool:
    """So many sectors were opened, the newest is two thirds full, and there is something unsettled for rot to hit."""
    log = journal.log
    return log.sequence >= sectors and log.room() <= log.flash.sector_size // 3 and bool(journal.live)


@dataclass
class Answers:
    """What a journal said of a chip."""

    refused: str = ""  # it did not mount
    trouble: tuple[str, ...] = ()
    open: dict[int, tuple[int, int, int]] = field(default_factory=dict)  # number: state, amount, original
    sends: list[int] = field(default_factory=list)  # numbers of those that may be sent without a person
    messages: dict[int, bytes | None] = field(default_factory=dict)
    left: dict[int, int | None] = field(default_factory=dict)  # of a sale; None: refused, no record: it left
    found: list[list[tuple[int, int]] | None] = field(default_factory=list)  # for each look-up: number and amount; None: damaged
    number: int = 0
    trace: int = 0


def ask(flash: Still, truth: Truth, sales: list[int]) -> Answers:
    """Mount that chip and ask all there is to ask. What is no answer comes through."""
    flash.reads = 0
    try:
        journal = Journal(flash, 1, Seal(truth.vault))
        journal.mount()
    except StoreDamaged as error:
        return Answers(refused=str(error))
    answers = Answers(trouble=tuple(journal.trouble), number=journal.log.number, trace=journal.counters.trace)
    for transaction in journal.live:
        answers.open[transaction.number] = (transaction.state, transaction.amount, transaction.original)
        if not pending.needs_person(journal, transaction):
            answers.sends.append(transaction.number)
        try:
            answers.messages[transaction.number] = journal.message(transaction)
        except StoreDamaged:
            answers.messages[transaction.number] = None
    for number in sales:
        journal.log.damaged = False  # which a sale below `lowest` leaves as it is
        try:
            sale = journal.sale(number)
            if sale is not None:
                answers.left[number] = sale.amount - journal.spent(number)
            elif journal.log.damaged:
                answers.left[number] = None
        except Refused:
            answers.left[number] = None
    for known in LOOKUPS:
        sold = [(t.number, t.amount) for t in journal.sales(5, **known)]
        answers.found.append(None if journal.log.damaged else sold)
    for number in list(truth.pasts)[-2:]:
        journal.transaction(number)
    return answers
