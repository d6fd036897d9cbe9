"""What each operator did, counted from the journal: the window of the ring, no more."""

from __future__ import annotations

from typing import NamedTuple

from host_tools.yuanluctl.journal.ledger import CASH, DONE, NO_ORIGINAL, NOT_DONE, Ledger

BY_TELEPHONE = 255  # stands for a code by telephone, where an operator's number is meant


class Work(NamedTuple):
    """Of one operator, sums in fen. `open` refunds may still become done."""

    operator: int
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
    decided: int  # found done by a person's word
    wrong_pins: int


def work(ledger: Ledger, first: int = 0, last: int = 99991231) -> list[Work]:
    """From one day to another (yyyymmdd), by operator. Wrong PINs have no day: all of them count."""
    every = [one for one in ledger.transactions.values() if one.kind and first <= one.date <= last]
    numbers = {one.operator for one in every} | {one.approver for one in every if one.approver} | set(ledger.wrong_pins)
    found = []
    for number in sorted(numbers):
        own = [one for one in every if one.operator == number]
        back = [one for one in own if one.kind != "sale"]
        refunds = [one for one in back if one.kind == "refund" and one.state in DONE]
        still = [one for one in back if not one.settled]
        found.append(
            Work(
                operator=number,
                sales=sum(one.kind == "sale" and one.state in DONE for one in own),
                refunds=len(refunds),
                refunded=sum(one.amount for one in refunds),
                without_original=sum(one.road == NO_ORIGINAL for one in refunds),
                in_cash=sum(one.road == CASH for one in refunds),
                voids=sum(one.kind == "void" and one.state in DONE for one in own),
                open=len(still),
                open_amount=sum(one.amount for one in still),
                not_done=sum(one.state in NOT_DONE for one in back),
                approved=sum(one.approver == number != 0 for one in every),
                decided=sum(one.state == "resolved_done" for one in own),
                wrong_pins=ledger.wrong_pins.get(number, 0),
            )
        )
    return found
