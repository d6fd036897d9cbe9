"""A refund whose rest was put off, on the chip that the firmware wrote: its reason is its reason, and the note is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from host_tools.yuanluctl.evidence_paper import REASONS
from host_tools.yuanluctl.journal.ledger import every_record
from host_tools.yuanluctl.journal.reader import find_geometry, read_journal
from tests.host.kept_chips import keep, ledger_of, verified


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """After 9.96 of 80.00, the rest put off and then not wanted any more."""
    return keep(tmp_path_factory.mktemp("kept"), "wallet-rest-not-wanted")


def test_the_journal_verifies(kept: Path) -> None:
    told = verified(kept)
    assert told.exit_code == 0, told.output


def test_the_reason_is_told_without_the_mark_that_the_record_has(kept: Path) -> None:
    image = (kept / "chip.img").read_bytes()
    records = every_record(read_journal(image, find_geometry(image)))
    marked = [
        record.value("reason") for record in records if record.name in ("INTENT", "REFUND") and record.value("kind") & 15 == 2
    ]
    [refund] = [one for one in ledger_of(kept).transactions.values() if one.kind == "refund"]
    assert set(marked) == {128}, "control: the mark is there"
    assert (refund.amount, REASONS[refund.reason]) == (9_96, "returned")
    assert [(note.kind, note.text) for note in refund.notes] == [("rest", "otherwise")]
