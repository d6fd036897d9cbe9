"""A cash refund on the chip that the firmware wrote: verified, told and counted by the host; no statement can have it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emulator.shop import compare
from host_tools.yuanluctl.evidence import open_case
from host_tools.yuanluctl.evidence_paper import evidence_page
from host_tools.yuanluctl.journal.ledger import CASH, Ledger, Transaction
from host_tools.yuanluctl.journal.reader import find_geometry
from host_tools.yuanluctl.journal.verify import verify
from host_tools.yuanluctl.paper import Text
from host_tools.yuanluctl.reconcile import Span, reconcile
from tests.host.kept_chips import keep, ledger_of, run, verified

NOVEMBER = Span(20261101, 20261231)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chip, its key and the acquirer's anchor after 30.00 in cash and 70.00 to the card of one sale of 100.00."""
    return keep(tmp_path_factory.mktemp("kept"), "cash-refund-counts")


def in_cash(ledger: Ledger) -> Transaction:
    (found,) = [one for one in ledger.transactions.values() if one.road == CASH]
    return found


def test_the_journal_verifies(kept: Path) -> None:
    told = verified(kept)
    assert told.exit_code == 0, told.output


def test_L3_the_ledger_has_it_among_the_refunds_of_its_sale(kept: Path) -> None:
    ledger = ledger_of(kept)
    cash = in_cash(ledger)
    assert (cash.kind, cash.state, cash.amount, cash.batch, cash.trace) == ("refund", "done", 30_00, 0, 0)
    assert (cash.operator, cash.approver, cash.attempts) == (1, 8, [])
    assert sum(one.amount for one in ledger.refunds_of(cash.original)) == ledger.transactions[cash.original].amount


def test_it_counts_for_its_operator_and_in_a_column_of_its_own(kept: Path) -> None:
    told = json.loads(run("report", "operators", "-t", f"image:{kept / 'chip.img'}", "--json").stdout)
    clerk = told["operators"][0]
    assert (clerk["operator"], clerk["refunds"], clerk["refunded"], clerk["in_cash"]) == (1, 2, 100_00, 1)


def test_the_evidence_says_cash_and_not_that_the_acquirer_booked_it(kept: Path) -> None:
    ledger, image = ledger_of(kept), (kept / "chip.img").read_bytes()
    report = verify(image, find_geometry(image))
    for one in ledger.refunds_of(in_cash(ledger).original):
        words = [block.word for block in evidence_page(open_case(ledger, str(one.number), report, "")) if isinstance(block, Text)]
        assert ("evidence.says.cash" in words, "evidence.says.done" in words) == (one.road == CASH, one.road != CASH)
        assert "evidence.no_attempts" not in words


def test_a_statement_without_it_differs_in_the_card_refund_alone(kept: Path) -> None:
    """As a card's (the control) it would be missed."""
    ledger = ledger_of(kept)
    cash = in_cash(ledger)

    def missed() -> list[int]:
        findings = reconcile(ledger, [], NOVEMBER, 7, True)
        return [one.transaction.number for one in findings if one.transaction and one.what == "done_missing"]

    assert cash.number not in missed()
    cash.road = "card"
    assert cash.number in missed()


def test_counting_money_knows_that_cash_is_not_booked_and_sees_more_than_was_paid() -> None:
    sale: dict[str, Any] = {"number": "1", "kind": "sale", "original": "1", "amount": 100, "state": "done", "in_cash": False}
    card = sale | {"number": "2", "kind": "refund", "amount": 70}
    cash = card | {"number": "3", "amount": 30, "in_cash": True}
    booked = {"1": {"amount": 100, "times": 1}, "2": {"amount": 70, "times": 1}}
    assert compare([sale, card, cash], booked) == []
    assert compare([sale, card, cash | {"in_cash": False}], booked) == ["3: the terminal says done, the acquirer booked 0.00"]
    assert compare([sale, card, cash], booked | {"3": {"amount": 30, "times": 1}}) != []
    assert compare([sale, card, cash | {"amount": 31}], booked) == ["1: 1.00 was paid, 1.01 went back"]


def test_counting_money_lets_less_be_booked_only_of_what_is_open() -> None:
    sale: dict[str, Any] = {"number": "1", "kind": "sale", "original": "1", "amount": 100, "state": "done"}
    refund = sale | {"number": "2", "kind": "refund", "amount": 70, "state": "parked"}
    books = {number: {"1": {"amount": 100, "times": 1}, "2": {"amount": number, "times": 1}} for number in (69, 71)}
    assert compare([sale, refund], books[69]) == []
    assert compare([sale, refund | {"state": "resolved_done"}], books[69]) == ["2: 0.70 on the terminal, 0.69 at the acquirer"]
    assert compare([sale, refund], books[71]) == ["2: 0.70 on the terminal, 0.71 at the acquirer"]
