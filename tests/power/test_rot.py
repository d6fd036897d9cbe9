"""A sample of tests/power/rot.py, and the controls that show that its judge sees what it should."""

import pytest

import rot
from rotten import ask


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
    table.add(rot.noisy(9, 3))  # a SUMMARY that cannot be read, and nothing behind it
    assert_right(table)
    assert table.reported and table.refused


def test_control_a_reading_without_end_is_found(truth: rot.Truth) -> None:
    judge = rot.Judge(truth)
    judge.flash.most = 10
    table = rot.Table("endless")
    judge.try_image(table, "few reads allowed")
    assert table.kinds["no end"] == 1


def test_what_is_never_read_is_rightly_passed_over(truth: rot.Truth) -> None:
    judge = rot.Judge(truth)
    unread = [at for at, read in enumerate(judge.read) if not read]
    for at in unread:
        judge.flash.data[at] ^= 0xFF
    assert unread and ask(judge.flash, truth, judge.sales) == judge.whole
