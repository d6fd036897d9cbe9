"""All that the journal tells of one refund. As a paper: evidence_paper.py."""

from __future__ import annotations

from typing import Any, NamedTuple
from zlib import crc32

from host_tools.yuanluctl.journal.decisions import Decision
from host_tools.yuanluctl.journal.finding import came_from, find, told_number
from host_tools.yuanluctl.journal.layout import Record
from host_tools.yuanluctl.journal.ledger import CASH, Ledger, Transaction
from host_tools.yuanluctl.journal.report import Report
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.status import entry


class Case(NamedTuple):
    """One transaction and what surrounds it; `sale` is None where the journal has it no more. `terminal`: F41, if it is known;
    `check`: the digits that records carry in its place."""

    one: Transaction
    sale: Transaction | None
    others: list[Transaction]
    head: str
    terminal: str
    report: Report
    check: str
    given_to: str = ""  # the terminal that sees to it now


def open_case(ledger: Ledger, words: str, report: Report, terminal: str) -> Case:
    """The one that was asked for; Trouble where none or several are meant, or the journal is another terminal's."""
    found = find(ledger, words)
    if len(found) > 1:  # a sale and its void may share what was asked for: the refund is meant
        found = [one for one in found if one.kind != "sale"] or found
    if len(found) != 1:
        raise Trouble("no_record", words if not found else f"{words} ({', '.join(str(one.number) for one in found)})")
    last = ledger.last
    if terminal and last and crc32(terminal.encode()) != last.terminal:
        raise Trouble("no_record", terminal)
    (one,) = found
    sale = ledger.transactions.get(one.original) if one.original != one.number else None
    others = [other for other in ledger.refunds_of(one.original) if other is not one]
    head = f"{last.number}:{last.tag.hex()}" if last else ""
    given_to = "" if one.settled else ledger.given_to
    return Case(one, sale if sale and sale.kind else None, others, head, terminal, report, ledger.check, given_to)


def code_of(case: Case) -> str:
    """That of its slip where the terminal's id is known; else what finds it in this journal."""
    one = case.one
    if case.terminal and one.road != CASH:
        return f"{case.terminal}-{one.batch:06}-{one.trace:06}-{one.date:08}"
    newest = one.records[-1]
    return f"{newest.terminal:08x} {newest.number}:{newest.tag.hex()}"


def records_of(one: Transaction) -> list[Record]:
    """Its own, and those of the technicians who did something about it."""
    visits = [*one.visits, *(decision.visit for decision in one.decisions if decision.visit)]
    return sorted({record.number: record for record in [*one.records, *visits]}.values(), key=lambda record: record.number)


def evidence(case: Case) -> dict[str, Any]:
    """For programs."""
    one = case.one
    by = {"approval": one.approval, "operator": one.operator, "approver": one.approver, "alarm": one.alarm}
    return {
        "terminal": case.terminal or None,
        "terminal_check": case.check,
        "refund": entry(one) | by,
        "handed_to": case.given_to or None,
        "came_from": {"terminal": came_from(one), "number": told_number(one)} if one.brought else None,
        "sale": _sale(case.sale) if case.sale else None,
        "others": [entry(other) for other in case.others],
        "attempts": [
            {
                "attempt": attempt.number,
                "what": attempt.what,
                "batch": attempt.batch,
                "trace": attempt.trace,
                "sends": len(attempt.sends),
                "answers": [answer._asdict() for answer in attempt.results],
            }
            for attempt in one.attempts
        ],
        "decision": next((decision.evidence for decision in reversed(one.decisions) if decision.evidence), None),
        "decisions": [_decision(decision) for decision in one.decisions],
        "notes": [note._asdict() for note in one.notes],
        "records": [{"number": record.number, "type": record.name, "tag": record.tag.hex()} for record in records_of(one)],
        "verdict": case.report.verdict,
        "seals_checked": case.report.sealed,
        "consistent": case.report.consistent,
        "head": case.head,
        "code": code_of(case),
    }


def _sale(sale: Transaction) -> dict[str, Any]:
    decisions = [_decision(decision) for decision in sale.decisions]
    return entry(sale) | {"card": sale.card, "approval": sale.approval, "operator": sale.operator, "decisions": decisions}


def _decision(decision: Decision) -> dict[str, Any]:
    """`after` and `until`: the nearest records that have a time."""
    known = {"what": decision.what, "evidence": decision.evidence, "amount": decision.amount, "record": decision.record}
    who = {"operator": decision.operator, "technician": decision.technician or None}
    visit = {"technician_record": decision.visit.number if decision.visit else None}
    when = {name: moment._asdict() if moment else None for name, moment in (("after", decision.after), ("until", decision.until))}
    return {**known, **who, **visit, **when}
