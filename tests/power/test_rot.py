"""A sample of tests/power/rot.py, and the controls that show that its judge sees what it should."""

from collections.abc import Iterator

import pytest

import rot
from rotten import ask
from yuanlu.store import chip as chip_module
from yuanlu.store.journal import Journal


@pytest.fixture(scope="module")
def truth() -> rot.Truth:
    geometry, seed, sectors = rot.SMALL
    return rot.aged(geometry, seed, sectors)


def assert_right(table: rot.Table) -> None:
    print(rot.HEADING)
    print(table)
    assert not table.wrong, table.wrong[:10]


def test_L2_L3_L4_L5_no_flipped_bit_makes_a_wrong_answer() -> None:
    table = rot.small_flips(3000)
    assert_right(table)
    assert table.same and table.reported and table.torn, "the sample hit blank flash, old records and the newest"


def test_L2_L3_L4_L5_no_flipped_bit_of_a_larger_image_makes_a_wrong_answer() -> None:
    for table in rot.larger_flips(150, rot.LARGER[:3]):
        assert_right(table)
        assert table.same and table.reported


def test_L2_L3_L4_L5_lost_headers_summaries_and_sectors_are_missed() -> None:
    for table in rot.lost_parts((rot.SMALL, rot.LARGER[2])):
        assert_right(table)
        assert table.reported > table.same
        assert table.refused, "two summaries in a row"


def test_noise_is_answered_or_refused() -> None:
    table = rot.noisy(150)
    assert_right(table)
    assert table.reported and table.refused


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A journal that reports nothing."""
    monkeypatch.setattr(Journal, "report", lambda self, what: None)
    yield


def test_control_a_journal_that_keeps_its_losses_to_itself_is_found(truth: rot.Truth, deaf: None) -> None:
    table = rot.losses(truth, rot.Table("deaf"))
    assert table.kinds["something open changed without a report"]


def test_control_records_taken_without_their_crc_are_found(truth: rot.Truth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yuanlu.record.crc32", _first_word)
    whole = bytearray(truth.data)
    monkeypatch.setattr("yuanlu.record.unpack_from", _without_crc)
    judge = rot.Judge(truth)
    table = rot.Table("no crc")
    number, (_, amount, _) = next(iter(judge.whole.open.items()))
    at = whole.find(amount.to_bytes(4, "little"), 0)
    while at >= 0:
        judge.flash.data[at] ^= 1
        judge.try_image(table, f"amount of {number} at {at}")
        judge.flash.data[at] ^= 1
        at = whole.find(amount.to_bytes(4, "little"), at + 1)
    assert table.kinds["a transaction that never was"]


def _first_word(data: bytes) -> int:
    return 0


def _without_crc(layout: str, *arguments: object) -> tuple[object, ...]:
    from struct import unpack_from

    return (0,) if layout == "<I" else unpack_from(layout, *arguments)  # type: ignore[arg-type]


def test_control_a_reading_without_end_is_found(truth: rot.Truth, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = rot.Judge(truth)
    flash = judge.flash

    def stuck(self: chip_module.Chip, start: int) -> int:
        while True:
            flash.read_into(start, self._chunk)

    monkeypatch.setattr(chip_module.Chip, "_not_blank", stuck)
    table = rot.Table("endless")
    judge.try_image(table, "stuck")
    assert table.kinds["no end"] == 1


def test_what_is_never_read_is_rightly_passed_over(truth: rot.Truth) -> None:
    judge = rot.Judge(truth)
    unread = [at for at, read in enumerate(judge.read) if not read]
    for at in unread:
        judge.flash.data[at] ^= 0xFF
    assert unread and ask(judge.flash, truth, judge.sales) == judge.whole
