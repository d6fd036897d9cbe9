"""What the journal's records say of each transaction: its attempts, what was answered, and its state.

Made from docs/journal-format.md and docs/states.md, for people who look at a journal from outside. It takes any records, also
those that were carved from a damaged chip, and never refuses: where records are missing, the state is what the last of them says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from host_tools.yuanluctl.journal.card_numbers import masked
from host_tools.yuanluctl.journal.decisions import BY_TECHNICIAN, Course, Decision, is_resolved, what_of
from host_tools.yuanluctl.journal.layout import (
    ALARM,
    APPROVAL,
    ATTEMPT,
    BATCH,
    BOOT,
    DECISION,
    HANDOVER,
    INTENT,
    NOTE,
    PIN_TRY,
    REFUND,
    RESULT,
    SALE,
    SENDING,
    TECHNICIAN,
    WITHDRAWN,
    Record,
)
from host_tools.yuanluctl.journal.reader import Journal

KINDS = {1: "sale", 2: "refund", 3: "void"}
NO_ORIGINAL = "no original"
CASH = "cash"  # from the till: no acquirer knows of it
ROADS = {0: "card", 1: "wallet", 2: "local card", 3: NO_ORIGINAL, 4: CASH}
VERDICTS = {
    2: "declined",
    3: "waiting",
    5: "held",
    6: "parked",
    7: "queued",
    8: "unknown",
    9: "asking",
    10: "reversed",
    11: "accepted",
}
HELD = 4  # a DECISION of no transaction
STANDINGS = "own given back finished taking taken declined lost".split()  # of a handover
DECISIONS = {1: "resolved_not_done", 2: "queued", 3: "waiting"}
NOTES = {1: "complaint", 2: "call", 3: "feedback", 4: "self-test", 5: "case", 6: "found", 7: "people", 8: "refused"} | {
    11: "rest",
    12: "right",
}
DONE = ("done", "resolved_done")
NOT_DONE = ("declined", "reversed", "withdrawn", "resolved_not_done")
NEEDS_A_PERSON = ("held", "parked")


class Result(NamedTuple):
    """One answer, or that none came (`verdict` unknown). Date yyyymmdd, time hhmmss."""

    record: int
    verdict: str
    code: str
    rrn: str
    approval: str
    date: int
    time: int


@dataclass
class Attempt:
    """One set of bytes, sent any number of times. `what` is first, again or reversal."""

    number: int
    what: str
    record: int
    batch: int
    trace: int
    sends: list[int] = field(default_factory=list)  # numbers of the SENDING records
    results: list[Result] = field(default_factory=list)


class Note(NamedTuple):
    """What a person wrote down."""

    record: int
    kind: str
    operator: int
    date: int
    time: int
    text: str


@dataclass
class Transaction:
    """A sale, refund or void. Amounts in fen; `number` is that of its INTENT, or of the lone SALE. `operator` is who confirmed
    it, None where that has left the journal: what a person found done names who found it, and an alarm may. `rrn` and
    `approval` are an acquirer's, never a person's evidence. `visits`: the TECHNICIAN records that are about it."""

    number: int
    original: int
    kind: str = ""  # "" where the record that says it is gone
    road: str = ""
    amount: int = 0
    batch: int = 0
    trace: int = 0
    date: int = 0
    time: int = 0
    clock: int = 0
    reason: int = 0
    operator: int | None = None
    approver: int = 0
    card: str = ""
    rrn: str = ""
    approval: str = ""
    state: str = ""
    alarm: bool = False
    brought: bool = False  # handed over from another terminal
    decisions: list[Decision] = field(default_factory=list)  # of persons, in order
    attempts: list[Attempt] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    visits: list[Record] = field(default_factory=list)

    @property
    def settled(self) -> bool:
        """Nothing more will happen by itself."""
        return self.state in DONE or self.state in NOT_DONE

    @property
    def sent(self) -> bool:
        """Bytes may have left."""
        return self.state in DONE or any(attempt.sends for attempt in self.attempts)

    @property
    def last_date(self) -> int:
        """The last day that a record of it names."""
        return max([self.date, *(result.date for attempt in self.attempts for result in attempt.results)])

    @property
    def traces(self) -> set[int]:
        """Under which it may stand in an acquirer's books."""
        return {attempt.trace for attempt in self.attempts if attempt.what != "reversal"} | {self.trace}


@dataclass
class Ledger:
    """All that the records tell; `last` and `terminal` are those of the newest record."""

    transactions: dict[int, Transaction] = field(default_factory=dict)
    closings: list[Record] = field(default_factory=list)
    boots: int = 0
    wrong_pins: dict[int, int] = field(default_factory=dict)  # by operator
    last: Record | None = None
    held: str = ""  # the evidence on which a person holds the queue
    standing: str = "own"  # of the newest handover
    other: str = ""  # its other terminal

    @property
    def check(self) -> str:
        """The check digits that the newest record carries of its terminal's id; empty without a record."""
        return f"{self.last.terminal:08x}" if self.last else ""

    @property
    def given_to(self) -> str:
        """The terminal that sees to what is open here: it was handed over, and nothing is sent from here any more."""
        return self.other if self.standing in ("given", "finished") else ""

    @property
    def unsettled(self) -> list[Transaction]:
        """What is owed an end, oldest first."""
        return [one for one in self.transactions.values() if one.state and not one.settled]

    @cached_property
    def _by_original(self) -> dict[int, list[Transaction]]:
        found: dict[int, list[Transaction]] = {}
        for one in self.transactions.values():
            if one.original != one.number:
                found.setdefault(one.original, []).append(one)
        return found

    def refunds_of(self, original: int) -> list[Transaction]:
        """Of one sale, voids too, in order; asked once the ledger is whole."""
        return self._by_original.get(original, [])


def every_record(journal: Journal) -> list[Record]:
    """Each number of the window once, the original before a copy, in order."""
    return once(record for sector in journal.sectors + journal.opened for record in sector.records)


def once(records: Iterable[Record]) -> list[Record]:
    """Each number once, the original before a copy, in order of number."""
    found: dict[int, Record] = {}
    for record in records:
        if record.number not in found or found[record.number].is_copy:
            found[record.number] = record
    return [found[number] for number in sorted(found)]


def fold(records: Iterable[Record]) -> Ledger:
    """The ledger of records that stand in order of number, each once."""
    ledger, course = Ledger(), Course()
    for record in records:
        ledger.last = record
        course.pass_by(record)
        if record.type == BOOT:
            ledger.boots += 1
        elif record.type == BATCH:
            ledger.closings.append(record)
        elif record.type == DECISION and not record.transaction:
            ledger.held = text_of(record, "evidence") if record.value("decision") == HELD else ""
        elif record.type == HANDOVER and not record.transaction:
            standing = record.value("standing")
            ledger.standing = STANDINGS[standing] if standing < len(STANDINGS) else "lost"
            ledger.other = text_of(record, "other")
        elif record.type == TECHNICIAN:
            if about := ledger.transactions.get(record.value("about")):
                about.visits.append(record)
        elif record.type == PIN_TRY:
            operator = record.value("operator")
            ledger.wrong_pins[operator] = ledger.wrong_pins.get(operator, 0) + 1
        elif record.transaction:
            number = record.transaction
            transaction = ledger.transactions.setdefault(number, Transaction(number, record.original))
            transaction.records.append(record)
            _take(transaction, record)
            if record.type in (SALE, REFUND, DECISION, WITHDRAWN) and (what := what_of(record)):
                decision = course.decided(record, what, text_of(record, "evidence"), transaction.amount)
                transaction.decisions.append(decision)
    return ledger


def _take(transaction: Transaction, record: Record) -> None:
    """One more record of a transaction."""
    if record.type in (SALE, REFUND, INTENT, ALARM, HANDOVER):
        _describe(transaction, record)
    elif record.type == ATTEMPT:
        reversal = record.value("kind") == 2
        what = "reversal" if reversal else "again"
        place = record.value("attempt"), what, record.number, record.value("batch"), record.value("trace")
        transaction.attempts.append(Attempt(*place))
        transaction.state = "reversing" if reversal else "queued"
    elif record.type == SENDING:
        _attempt(transaction, record).sends.append(record.number)
        transaction.state = "reversing" if transaction.state == "reversing" else "sending"
    elif record.type == RESULT:
        _answer(transaction, record)
    elif record.type == DECISION:
        transaction.state = DECISIONS.get(record.value("decision"), transaction.state)
    elif record.type == WITHDRAWN:
        transaction.state = "withdrawn"
    elif record.type == APPROVAL:
        transaction.approver = record.value("approver")
    elif record.type == NOTE:
        kind = NOTES.get(record.value("kind"), "note")
        when = record.value("operator"), record.value("date"), record.value("time")
        transaction.notes.append(Note(record.number, kind, *when, text_of(record, "text")))


def _describe(transaction: Transaction, record: Record) -> None:
    if not record.fields:
        return
    kind = record.value("kind")
    transaction.kind, transaction.road = KINDS.get(kind & 15, ""), ROADS.get(kind >> 4, "")
    transaction.card = card_of(record)
    transaction.clock = record.value("quality") & 63
    transaction.brought = bool(record.value("quality") & 64)
    for name in ("amount", "batch", "trace", "date", "time", "reason", "approver"):
        setattr(transaction, name, record.value(name))
    if _names_who_confirmed(record):
        transaction.operator = record.value("operator")
    transaction.reason &= 127
    if record.type == INTENT:
        transaction.attempts.append(Attempt(1, "first", record.number, transaction.batch, transaction.trace))
        transaction.state = "queued"
        return
    if record.type == HANDOVER:
        transaction.state = "parked" if transaction.batch else "queued"
        transaction.alarm = bool(record.value("quality") & 128)
        return
    if is_resolved(record):  # no answer of an acquirer; what one had said before, an alarm, stands
        transaction.state = "resolved_done"
        return
    transaction.rrn, transaction.approval = text_of(record, "rrn"), text_of(record, "approval")
    if record.type == ALARM:
        transaction.alarm, transaction.state = True, "parked"
        return
    transaction.state = "done"
    if transaction.attempts:  # this record is the answer to the last attempt
        answer = Result(record.number, "done", "", transaction.rrn, transaction.approval, 0, 0)
        transaction.attempts[-1].results.append(answer)


def _names_who_confirmed(record: Record) -> bool:
    """What comes after a decision may have the name of who decided, an alarm too, and a HANDOVER of one."""
    if record.type == ALARM or (record.type == HANDOVER and record.value("quality") & 128):
        return False
    return not is_resolved(record) and record.value("operator") != BY_TECHNICIAN


def _answer(transaction: Transaction, record: Record) -> None:
    verdict = VERDICTS.get(record.value("verdict"), "unknown")
    code, rrn, approval = (text_of(record, name) for name in ("code", "rrn", "approval"))
    answer = Result(record.number, verdict, code, rrn, approval, record.value("date"), record.value("time"))
    _attempt(transaction, record).results.append(answer)
    if transaction.state == "reversing" and verdict == "unknown":
        return  # the reversal goes again
    transaction.state = verdict


def _attempt(transaction: Transaction, record: Record) -> Attempt:
    """The one that the record names; one without a beginning where that left the journal."""
    number = record.value("attempt")
    for attempt in transaction.attempts:
        if attempt.number == number:
            return attempt
    transaction.attempts.append(Attempt(number, "first" if number < 2 else "again", 0, 0, 0))
    return transaction.attempts[-1]


def card_of(record: Record) -> str:
    """First 6 and last 4 digits; empty without a card."""
    digits = text_of(record, "card")
    return f"{digits[:6]}******{digits[6:]}" if len(digits) == 10 else ""


def text_of(record: Record, name: str) -> str:
    """A text field, harmless for a screen, and without a card number that somebody typed into it. Of what a person found done
    `evidence` stands where an acquirer's `rrn` and `approval` would: these are empty."""
    if is_resolved(record) and name in ("rrn", "approval", "evidence"):
        return "" if name != "evidence" else readable(b"".join(_bytes(record, one) for one in ("rrn", "approval")))
    return readable(_bytes(record, name))


def _bytes(record: Record, name: str) -> bytes:
    value = record.fields.get(name, b"")
    return value if isinstance(value, bytes) else b""


def readable(value: bytes) -> str:
    """ASCII as it stands, anything else as a question mark, long numbers masked."""
    return masked("".join(chr(byte) if 0x20 <= byte < 0x7F else "?" for byte in value.rstrip(b"\0")))


def yuan(fen: int) -> str:
    """150 fen is 1.50."""
    return f"{'-' * (fen < 0)}{abs(fen) // 100}.{abs(fen) % 100:02}"


def moment(date: int, time: int) -> str:
    """2026-11-22 10:15:00; empty for no date."""
    if not date:
        return ""
    return f"{date // 10000:04}-{date // 100 % 100:02}-{date % 100:02} {time // 10000:02}:{time // 100 % 100:02}:{time % 100:02}"
