"""What the journal on a chip says of its terminal: is money stuck, and is the chip well."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from host_tools.yuanluctl.journal.layout import Geometry
from host_tools.yuanluctl.journal.ledger import NEEDS_A_PERSON, Ledger, Transaction, every_record, fold, yuan
from host_tools.yuanluctl.journal.reader import Journal, read_journal
from host_tools.yuanluctl.journal.report import Report
from host_tools.yuanluctl.journal.verify import verify

WORN_ERASES = 80_000  # of the 100 000 that a NOR sector is made for
MANY_BOOTS = 20  # power-ups that wrote, per hundred transactions
MANY_WRONG_PINS = 5
_MONEY = ("unsure", "alarm", "person", "waiting")  # checks


class State(NamedTuple):
    """A chip that was read."""

    journal: Journal
    ledger: Ledger
    report: Report


class Check(NamedTuple):
    """`level` is pass, warn or fail; `values` complete the words check.NAME.LEVEL, or others where the check itself cannot tell:
    check.WHY, with check.WHY.hint."""

    name: str
    level: str
    values: tuple[object, ...] = ()
    why: str = ""


def read_state(image: bytes, geometry: Geometry) -> State:
    """All that is asked below; the structure is checked, seals are not."""
    journal = read_journal(image, geometry)
    return State(journal, fold(every_record(journal)), verify(image, geometry))


def status(state: State) -> dict[str, Any]:
    """For a screen: identity, journal, what waits. Amounts in fen."""
    journal, ledger, report = state
    waiting = ledger.unsettled
    summary = journal.summary_of(journal.counted[-1]) if journal.counted else None
    last = ledger.last
    return {
        "terminal": f"{last.terminal:08x}" if last else None,
        "records": [report.first, report.last],
        "head": f"{last.number}:{last.tag.hex()}" if last else None,
        "structure": report.verdict,
        "consistent": report.consistent,
        "batch": summary.batch if summary else None,
        "trace": max([summary.trace if summary else 0, *(one.trace for one in ledger.transactions.values())]),
        "boots": ledger.boots,
        "erases": max((header.erases for header in journal.headers.values()), default=0),
        "retired": len(summary.retired) if summary else 0,
        "held": ledger.held,
        "handed_to": ledger.given_to,
        "waiting": [entry(one) for one in waiting],
        "waiting_amount": sum(one.amount for one in waiting if one.kind != "sale"),
        "need_a_person": sum(one.state in NEEDS_A_PERSON for one in waiting),
    }


def entry(one: Transaction) -> dict[str, Any]:
    """A transaction in short."""
    known = {"number": one.number, "original": one.original, "kind": one.kind, "state": one.state, "amount": one.amount}
    sends = sum(len(attempt.sends) for attempt in one.attempts)
    return {**known, "batch": one.batch, "trace": one.trace, "date": one.date, "time": one.time, "sends": sends, "rrn": one.rrn}


def checks(state: State, today: date) -> list[Check]:
    """The battery of `diagnose`; an age is counted to `today`, or the last day that the journal names, if that is later."""
    journal, ledger, report = state
    summary = journal.summary_of(journal.counted[-1]) if journal.counted else None
    erases = max((header.erases for header in journal.headers.values()), default=0)
    alarms = [str(one.number) for one in ledger.transactions.values() if one.alarm and not one.settled]
    people = [str(one.number) for one in ledger.unsettled if one.state in NEEDS_A_PERSON]
    wrong = sum(ledger.wrong_pins.values())
    disagreed = [record.value("closed") for record in ledger.closings if record.value("agreed") != 1]
    clocks = [one.number for one in ledger.transactions.values() if one.kind and not one.clock]
    often = ledger.boots > max(MANY_BOOTS, len(ledger.transactions) * MANY_BOOTS // 100)
    retired = len(summary.retired) if summary else 0
    found = [
        _check("structure", "fail" if report.findings else "pass", report.verdict),
        _check("unsure", "warn" if summary and summary.unsure else "pass", summary.unsure if summary else 0),
        _check("alarm", "fail" if alarms else "pass", ", ".join(alarms)),
        _check("person", "fail" if people else "pass", ", ".join(people)),
        _waiting(ledger, today),
        _check("batch", "warn" if disagreed else "pass", ", ".join(str(batch) for batch in disagreed)),
        _check("clock", "warn" if clocks else "pass", len(clocks)),
        _check("power", "warn" if often else "pass", ledger.boots),
        _check("wear", "warn" if erases > WORN_ERASES else "pass", erases),
        _check("retired", "warn" if retired else "pass", retired),
        _check("pins", "warn" if wrong >= MANY_WRONG_PINS else "pass", wrong),
    ]
    return [_doubted(state, check) if check.name in _MONEY else check for check in found]


def _doubted(state: State, check: Check) -> Check:
    """What is said of money where the journal has findings, or where another terminal or a person sees to it."""
    ledger = state.ledger
    if check.level == "pass" and not state.report.consistent:
        return Check(check.name, "warn", (), "hurt")
    if check.level != "pass" and ledger.given_to:
        return Check(check.name, "warn", (ledger.given_to,), "given")
    if check.name == "waiting" and ledger.held:
        return Check(check.name, "fail", (ledger.held,), "held")
    return check


def _check(name: str, level: str, *values: object) -> Check:
    return Check(name, level, values)


def _waiting(ledger: Ledger, today: date) -> Check:
    """Refunds that are owed: a day is long for them."""
    owed = [one for one in ledger.unsettled if one.kind != "sale"]
    if not owed:
        return Check("waiting", "pass", (0, "0.00", 0))
    known = [day for one in ledger.transactions.values() if (day := day_of(one.last_date))]
    now = max([today, *known])
    oldest = max([0, *((now - day).days for one in owed if (day := day_of(one.date)))])
    values = (len(owed), yuan(sum(one.amount for one in owed)), oldest, now)
    return Check("waiting", "fail" if oldest > 1 else "warn", values)


def day_of(yyyymmdd: int) -> date | None:
    """None for what is no day of these centuries."""
    try:
        return None if not 20000101 <= yyyymmdd < 22000101 else date(yyyymmdd // 10000, yyyymmdd // 100 % 100, yyyymmdd % 100)
    except ValueError:
        return None


def waiting_of(told: dict[str, Any]) -> list[dict[str, Any]]:
    """The transactions that a live terminal's status names (told.read_status)."""
    return [{"number": number, "amount": amount, "state": state, "why": why} for number, amount, state, why in told["waiting"]]
