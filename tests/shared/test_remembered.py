"""What is remembered of a sale against the sales: what fits, how well, and which come first."""

from parts import Answer, Card, NorFlash, Terminal
from yuanlu.refund import match
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_SALE, Draft
from yuanlu.store import family, remembered

NOTHING = [None] * len(match.FIELDS)


class Customer(Card):
    """A card with other last four digits and fingerprint."""

    def __init__(self, turn):
        super().__init__()
        self.number = self.number[:6] + str(1000 + turn).encode()
        self.fingerprint = bytes([turn] * 8)


def shop(turns=24):
    """A Terminal with sales of a few customers, amounts and days, over several sectors."""
    till = Terminal(NorFlash(), open_limit=32)
    for turn in range(turns):
        draft = Draft(KIND_SALE, 100 + turn % 5, card=Customer(turn % 7))
        answer = Answer(b"00", 0, ("11221015%04d" % turn).encode(), b"A1B%03d" % (turn % 3), 1101 + turn % 9, 101500)
        till.settle(till.desk.open(draft), s.DONE, answer)
    return till


def told(**known):
    """What is told, in the order of the fields."""
    assert all(name in match.FIELDS for name in known)
    return [known.get(name) for name in match.FIELDS]


def scanned(journal, asked):
    """(score, number) of every sale that fits in two things at least: best first, then the newest."""
    rows = [(match.score(asked, sale), sale.number) for sale in journal.sales(999)]
    return sorted([row for row in rows if row[0] >= match.LEAST], reverse=True)


def test_each_field_fits_or_does_not():
    """Field by field against the sale itself, and against something else. T-175."""
    sale = shop(3).journal.sales(1)[0]
    code = "1002"  # digits of A1B002
    good = [sale.amount, sale.date, sale.time // 100, sale.card[6:10], sale.trace, code, sale.fingerprint]
    bad = [1, 20250101, 2359, b"0000", 999_999, "9", bytes(8)]
    assert match.compare(good, sale) == [True] * 7 and match.score(good, sale) == 7
    assert match.compare(bad, sale) == [False] * 7 and match.score(bad, sale) == 0
    assert match.compare(NOTHING, sale) == [None] * 7
    for at in range(len(good)):
        asked = list(good)
        asked[at] = bad[at]
        assert [at for at, fits in enumerate(match.compare(asked, sale)) if not fits] == [at]
    assert match.proves(good, sale) and not match.proves(bad, sale) and not match.proves(NOTHING, sale)


def test_a_time_of_day_is_about_right():
    """A quarter of an hour before and after."""
    sale = shop(1).journal.sales(1)[0]  # at 10:15:07
    fits = [match.compare(told(time=time), sale)[match.TIME] for time in (1000, 1001, 1015, 1030, 1031)]
    assert fits == [False, True, True, True, False]


ASKED = (
    {"amount": 102, "last_four": b"1003"},
    {"amount": 102, "time": 1015},
    {"date": 20261103, "approval": "1001"},
    {"amount": 103, "date": 20261105, "last_four": b"1002", "trace": 19},
    {"amount": 104, "time": 900, "approval": "1002", "card": bytes([3] * 8)},
    {"trace": 5, "last_four": b"0000"},
    {"trace": 5, "last_four": b"1001", "date": 20261106, "amount": 101, "time": 1015, "approval": "1000"},
)


def test_best_first_as_a_scan_of_everything_finds_them():
    """The filters hide no sale that fits in two things. T-031, T-165, T-168."""
    journal = shop().journal
    found = 0
    for known in ASKED:
        asked = told(**known)
        expected = scanned(journal, asked)
        for most in (1, 3, 99):
            sales = remembered.best(journal, asked, most)
            assert [(match.score(asked, sale), sale.number) for sale in sales] == expected[:most], (known, most)
        found += len(expected)
    assert found > 25


def test_newest_first_or_one_filter_alone_would_have_been_wrong():
    """The controls: the order is not that of the list of sales, and one thing that is told finds less than all of them."""
    journal = shop().journal
    asked = told(**ASKED[-1])
    numbers = [sale.number for sale in remembered.best(journal, asked, 99)]
    assert numbers != sorted(numbers, reverse=True)
    alone = journal.sales(99, trace=5, like=lambda body: match.score(asked, body) >= match.LEAST)
    assert 0 < len(alone) < len(numbers)


def test_one_thing_is_not_enough():
    """Nothing fits in two when one is told."""
    assert remembered.best(shop(5).journal, told(amount=100), 9) == []


def test_a_sale_with_all_that_was_given_back():
    """Done and not settled, each once, in order; what was declined does not count; other sales' do not. T-031."""
    till = Terminal(NorFlash(), open_limit=8)
    sale, other = till.sell(), till.sell()
    done = till.refund(sale, 10, s.DONE)
    till.refund(sale, 20, s.DECLINED)
    till.refund(other, 30, s.DONE)
    waiting = till.refund(sale, 40)
    rows = [(part.number, part.amount, s.is_final(part.state)) for part in family.given(till.journal, sale)]
    assert rows == [(done.number, 10, True), (waiting.number, 40, False)]
    for number in (sale.number, done.number, waiting.number):
        assert family.sale_of(till.journal, number)[0].number == sale.number
        assert family.sale_of(till.journal, number)[1].number == number
    assert family.sale_of(till.journal, 99_999) == (None, None)
