"""What each person did, counted from the journal: the window of the ring, no more. A refund is his who confirmed it; what was
found out about it later is his who decided that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from host_tools.yuanluctl import verdict
from host_tools.yuanluctl.journal.decisions import ANEW, Decision
from host_tools.yuanluctl.journal.decisions import DONE as FOUND_DONE
from host_tools.yuanluctl.journal.decisions import NOT_DONE as FOUND_NOT_DONE
from host_tools.yuanluctl.journal.ledger import CASH, DONE, NO_ORIGINAL, NOT_DONE, Ledger, Transaction, moment, yuan
from host_tools.yuanluctl.journal.report import Report
from host_tools.yuanluctl.paper import Block, Both, Heading, Pair, Table, Text, Value, said
from host_tools.yuanluctl.persons import person

SUMS = ("refunded", "open_amount", "found_done_amount", "found_not_done_amount")  # in fen
BESIDE = 5  # persons in one table


class Work(NamedTuple):
    """Of one person, sums in fen; `operator` None: who confirmed it has left the journal; `technician`: which one, of 254.
    `open` refunds may still become done."""

    operator: int | None
    technician: int
    sales: int
    refunds: int
    refunded: int
    without_original: int  # of these refunds
    in_cash: int  # of these refunds, from the till
    voids: int
    open: int
    open_amount: int
    not_done: int
    approved: int  # refunds of others
    found_done: int  # whoever confirmed them
    found_done_amount: int  # of refunds and voids
    found_not_done: int
    found_not_done_amount: int  # of refunds and voids: free to be given back again
    sent_anew: int
    wrong_pins: int


Person = tuple[int | None, int]


def work(ledger: Ledger, first: int = 0, last: int = 99991231) -> list[Work]:
    """From one day to another (yyyymmdd), by person. A decision counts on the day of what it is about: it has none itself. Wrong
    PINs have no day: all of them count."""
    every = [one for one in ledger.transactions.values() if one.kind and first <= one.date <= last]
    persons: set[Person] = {(one.operator, 0) for one in every if not one.brought}
    persons |= {(one.approver, 0) for one in every if one.approver}
    persons |= {who for who, _, _ in _decided(every)} | {(number, 0) for number in ledger.wrong_pins}
    return [_work(ledger, every, who) for who in sorted(persons, key=lambda who: (who[0] is None, who[0] or 0, who[1]))]


def _decided(every: Iterable[Transaction]) -> Iterator[tuple[Person, Transaction, Decision]]:
    for one in every:
        for decision in one.decisions:
            if decision.what in (FOUND_DONE, FOUND_NOT_DONE, ANEW):
                yield (decision.operator, decision.technician), one, decision


def _work(ledger: Ledger, every: list[Transaction], who: Person) -> Work:
    number, technician = who
    own = [one for one in every if (one.operator, 0) == who and not one.brought]  # what came from another counts there
    back = [one for one in own if one.kind != "sale"]
    refunds = [one for one in back if one.kind == "refund" and one.state in DONE]
    still = [one for one in back if not one.settled]
    decided = [(one, decision) for by, one, decision in _decided(every) if by == who]

    def amount(what: str) -> int:
        return sum(decision.amount for one, decision in decided if decision.what == what and one.kind != "sale")

    return Work(
        operator=number,
        technician=technician,
        sales=sum(one.kind == "sale" and one.state in DONE for one in own),
        refunds=len(refunds),
        refunded=sum(one.amount for one in refunds),
        without_original=sum(one.road == NO_ORIGINAL for one in refunds),
        in_cash=sum(one.road == CASH for one in refunds),
        voids=sum(one.kind == "void" and one.state in DONE for one in own),
        open=len(still),
        open_amount=sum(one.amount for one in still),
        not_done=sum(one.state in NOT_DONE for one in back),
        approved=sum((one.approver, 0) == who for one in every if one.approver),
        found_done=sum(decision.what == FOUND_DONE for _, decision in decided),
        found_done_amount=amount(FOUND_DONE),
        found_not_done=sum(decision.what == FOUND_NOT_DONE for _, decision in decided),
        found_not_done_amount=amount(FOUND_NOT_DONE),
        sent_anew=sum(decision.what == ANEW for _, decision in decided),
        wrong_pins=ledger.wrong_pins.get(number or 0, 0) if number is not None and not technician else 0,
    )


def tables(found: list[Work]) -> list[tuple[list[Value], list[list[Value]]]]:
    """Heads and rows, a column each person, no more of them beside each other than a page is wide."""
    names = [name for name in Work._fields if name not in ("operator", "technician")]
    out = []
    for at in range(0, len(found), BESIDE):
        some = found[at : at + BESIDE]
        heads: list[Value] = [said("work.of"), *(person(one.operator, one.technician) for one in some)]
        rows: list[list[Value]] = [[said(f"work.{name}"), *(_shown(one, name) for one in some)] for name in names]
        out.append((heads, rows))
    return out


def _shown(one: Work, name: str) -> str:
    value: int = getattr(one, name)
    return yuan(value) if name in SUMS else str(value)


def operators_page(found: list[Work], terminal: Pair, period: Both, report: Report) -> list[Block]:
    """As a paper."""
    blocks: list[Block] = [Heading("work.title"), terminal, Pair("work.period", period)]
    blocks.append(Text("paper.verdict", (Both(*verdict.in_both(report)),)))
    if not found:
        return [*blocks, Text("work.nobody")]
    return [*blocks, *(Table(heads, rows, (60, *[24] * (len(heads) - 1))) for heads, rows in tables(found)), Text("work.how")]


def period(ledger: Ledger, first: int, last: int) -> Both:
    """Which days are counted: as asked for, else those of the journal."""
    days = [one.date for one in ledger.transactions.values() if one.kind and one.date]
    begin, end = first or min(days, default=0), last or max(days, default=0)
    return said("work.days", moment(begin, 0)[:10] or "-", moment(end, 0)[:10] or "-")
