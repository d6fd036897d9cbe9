"""What is to be sent next, and how long nothing is."""

from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, KIND_VOID, Transaction
from yuanlu.store import pending


class Book:
    """The part of a journal that pending looks at."""

    def __init__(self, *live):
        self.live, self.held, self.shut = list(live), [], False
        self.log, self.unsure = self, 0  # nothing was lost


def waiting(number, original, due=None, state=s.IS_QUEUED, kind=KIND_REFUND):
    """A live transaction."""
    transaction = Transaction(number, original)
    transaction.due, transaction.state, transaction.kind = due, state, kind
    return transaction


def difference(later, earlier):
    """Of two ticks."""
    return later - earlier


def due(now, *live, wanted=0):
    """The number of what is due, or None."""
    found = pending.due(Book(*live), now, difference, wanted)
    return found and found.number


def wait(now, *live):
    """How long the forwarder may sleep."""
    return pending.wait_ms(Book(*live), now, difference)


def test_nothing_waits():
    """An empty list, and states in which nothing is sent."""
    assert due(0) is None and wait(0) == -1
    for state in (s.IS_SENDING, s.IS_PARKED, s.IS_HELD):
        assert due(0, waiting(1, 1, 0, state)) is None
        assert wait(0, waiting(1, 1, 0, state)) == -1


def test_the_oldest_that_is_due_goes_first():
    """What was never scheduled is due; what is due now is due."""
    assert due(100, waiting(1, 1, 101), waiting(2, 2, 100), waiting(3, 3)) == 2
    assert due(100, waiting(1, 1, 101), waiting(2, 2, 200), waiting(3, 3)) == 3
    assert due(100, waiting(1, 1, 101)) is None


def test_what_a_clerk_waits_for_goes_before_what_is_older():
    """If it may go at all, and only when it is due."""
    assert due(100, waiting(1, 1), waiting(2, 2), wanted=2) == 2
    assert due(100, waiting(1, 1), waiting(2, 2, 101), wanted=2) == 1
    assert due(100, waiting(1, 9), waiting(2, 9), wanted=2) == 1, "its sale has an earlier one"


def test_while_the_queue_is_held_only_queries_go():
    """And reversals, which a customer's money hangs on."""
    held = waiting(1, 1, 0, s.IS_HELD)
    assert due(100, held, waiting(2, 2), waiting(3, 3, 0, s.IS_WAITING)) is None
    assert due(100, held, waiting(2, 2), waiting(3, 3, 0, s.IS_ASKING)) == 3
    assert due(100, held, waiting(2, 2), waiting(3, 3, 0, s.IS_REVERSING, KIND_SALE)) == 3


def test_while_a_person_holds_the_queue_it_is_the_same():
    """Control: the same book without the hold."""
    found = []
    for hold in ([], [(1, 0, 64, b"case 1")]):
        for live in ((waiting(2, 2),), (waiting(2, 2), waiting(3, 3, 0, s.IS_ASKING))):
            book = Book(*live)
            book.held = hold
            found.append([t.number for t in pending.eligible(book)])
    assert found == [[2], [2, 3], [], [3]]


def test_a_later_refund_of_one_sale_waits_for_the_earlier():
    """Else the cap of the second could be filled by the first's repeat."""
    assert due(100, waiting(1, 9, 500), waiting(2, 9), waiting(3, 8)) == 3
    assert due(100, waiting(1, 9, 500), waiting(2, 9)) is None
    assert due(500, waiting(1, 9, 500), waiting(2, 9)) == 1


def test_nothing_is_sent_beside_a_reversal():
    """A sale or void whose answer never came goes before everything, and while it waits nothing else goes."""
    for kind in (KIND_SALE, KIND_VOID):
        for state in (s.IS_UNKNOWN, s.IS_REVERSING):
            assert due(100, waiting(1, 9), waiting(2, 2, 100, state, kind)) == 2
            assert due(100, waiting(1, 9), waiting(2, 2, 101, state, kind)) is None
    assert due(100, waiting(1, 9), waiting(2, 8, 101, s.IS_UNKNOWN, KIND_REFUND)) == 1


def test_the_wait_ends_when_the_first_is_due():
    """In milliseconds, at least one."""
    assert wait(100, waiting(1, 1, 700), waiting(2, 2, 350)) == 250
    assert wait(100, waiting(1, 1, 100)) == 1


def test_the_wait_does_not_count_what_has_to_wait_for_another():
    """Else the terminal would wake a thousand times a second until the earlier one is due."""
    assert wait(100, waiting(1, 9, 60_000), waiting(2, 9, 50)) == 59_900
    assert wait(100, waiting(1, 1, 60_000, s.IS_REVERSING, KIND_SALE), waiting(2, 9, 50)) == 59_900


def test_what_is_unfinished_is_all_of_it():
    """Parked too, oldest first, as a list of its own."""
    book = Book(waiting(1, 1, 0, s.IS_PARKED), waiting(2, 2))
    assert [t.number for t in pending.unfinished(book)] == [1, 2]
    assert pending.unfinished(book) is not book.live
