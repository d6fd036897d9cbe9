"""The judge of the cuts sees what it must: a journal that lacks what the book says is found out."""

from __future__ import annotations

import pytest

import verdict
from chip import Chip
from workload import Book, Entry, Life, Workload, day
from yuanlu.refund import state as s


@pytest.fixture
def told() -> tuple[Life, Book]:
    """A day at the counter, power back after it, and the book of that moment."""
    work = Workload(Chip(6, 4096, 1))
    work.play(day(1), record=True)
    return Life(work.chip), work.books[-1]


def test_control_a_whole_journal_is_not_complained_of(told: tuple[Life, Book]) -> None:
    life, book = told
    assert book.entries, "a book without entries is never complained of"
    verdict.check(life, book, book, {})


@pytest.mark.parametrize("ending", [s.IS_DONE, s.IS_DECLINED, s.IS_WITHDRAWN])
def test_what_was_settled_by_the_step_in_flight_and_is_nowhere_is_lost(told: tuple[Life, Book], ending: int) -> None:
    life, book = told
    entry = Entry(9999, 9999, 100, s.IS_SENDING, b"", (1, 900))
    before = book._replace(entries={**book.entries, 9999: entry})
    after = book._replace(entries={**book.entries, 9999: entry._replace(state=ending)})
    with pytest.raises(verdict.Wrong, match="nowhere"):
        verdict.check(life, before, after, {})


def test_an_owed_slip_that_is_not_there_is_lost(told: tuple[Life, Book]) -> None:
    life, book = told
    book = book._replace(owed=(*book.owed, 9999))
    with pytest.raises(verdict.Wrong, match="slip of 9999"):
        verdict.check(life, book, book, {})


@pytest.mark.parametrize("ending", [s.IS_DONE, s.IS_DECLINED, s.IS_WITHDRAWN])
@pytest.mark.parametrize("others", [2, 3])
def test_what_came_to_nothing_may_leave_a_crowded_chip_when_a_sector_is_opened(
    told: tuple[Life, Book], ending: int, others: int
) -> None:
    """And what is done never does, nor anything from a chip with room."""
    life, book = told
    while len(life.journal.live) < others:
        life.sell(100)
    entry = Entry(9999, 9999, 100, s.IS_SENDING, b"", (1, 900))
    journal = life.journal
    live = {
        t.number: Entry(t.number, t.original, t.amount, t.state, journal.message(t), (t.batch, t.trace)) for t in journal.live
    }
    before = book._replace(entries={**book.entries, **live, 9999: entry})
    after = book._replace(entries={**before.entries, 9999: entry._replace(state=ending)})
    if others > 2 and ending != s.IS_DONE:
        verdict._check_open(life, before, after, opened=True)
    else:
        with pytest.raises(verdict.Wrong, match="nowhere"):
            verdict._check_open(life, before, after, opened=True)
    with pytest.raises(verdict.Wrong, match="nowhere"):
        verdict._check_open(life, before, after, opened=False)
