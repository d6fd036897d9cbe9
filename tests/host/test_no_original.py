"""A refund without an original on the chip that the firmware wrote: verified, told and counted by the host's own reader."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from host_tools.yuanluctl.evidence import open_case
from host_tools.yuanluctl.evidence_paper import evidence_page, sheet_page
from host_tools.yuanluctl.journal.ledger import NO_ORIGINAL
from host_tools.yuanluctl.journal.reader import find_geometry
from host_tools.yuanluctl.journal.verify import verify
from host_tools.yuanluctl.paper import Text
from tests.host.kept_chips import keep, ledger_of, run, verified


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chip, its key and the acquirer's anchor after two that were booked, one that was declined, and no sale."""
    return keep(tmp_path_factory.mktemp("kept"), "no-original-capped")


def test_the_journal_verifies(kept: Path) -> None:
    told = verified(kept)
    assert told.exit_code == 0, told.output


def test_it_counts_for_its_operator_and_in_a_column_of_its_own(kept: Path) -> None:
    told = json.loads(run("report", "operators", "-t", f"image:{kept / 'chip.img'}", "--json").stdout)
    clerk, supervisor = told["operators"]
    assert (clerk["operator"], clerk["refunds"], clerk["refunded"], clerk["without_original"]) == (1, 2, 350_00, 2)
    assert clerk["not_done"] == 1
    assert (supervisor["operator"], supervisor["refunds"], supervisor["without_original"]) == (8, 0, 0)
    assert supervisor["approved"] == 3


def test_evidence_and_sheet_say_that_there_is_none_not_that_it_was_lost(kept: Path) -> None:
    image = (kept / "chip.img").read_bytes()
    ledger, report = ledger_of(kept), verify(image, find_geometry(image))
    (declined, *done) = [one for one in ledger.transactions.values() if one.kind == "refund"]
    assert declined.state == "declined" and len(done) == 2
    for one in done:
        assert (one.road, one.original, one.card) == (NO_ORIGINAL, one.number, "411111******1111")
        case = open_case(ledger, str(one.number), report, "")
        for page in (evidence_page(case), sheet_page(case, "")):
            words = [block.word for block in page if isinstance(block, Text)]
            assert "evidence.no_original" in words and "evidence.no_sale" not in words
