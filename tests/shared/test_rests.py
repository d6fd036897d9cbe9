"""What went back of sales, and the rests that were put off to another day: what the journal tells, over power cuts."""

from parts import NorFlash, Random, Terminal, cut_everywhere, stay
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, Draft
from yuanlu.store import progress, rests
from yuanlu.ui.describe import reason

stay("yuanlu.store.history", "yuanlu.wire.messages", "yuanlu.crypto.dukpt")


def put_off(till, sale, amount, verdict=s.DONE):
    """A refund of a part of it, with its rest put off."""
    draft = Draft(KIND_REFUND, sale.amount, original=sale.number, reason=2)
    rests.put(draft, amount)
    return till.settle(till.desk.open(draft), verdict)


def told(till):
    """Number of the part and fen that are left, of each."""
    return [(part.number, left) for part, left in rests.parts(till.journal)]


def test_a_rest_stands_until_it_is_given_back():
    """Over power cuts, whoever gives back how much. Controls: a part without a rest is none; the reason is what it was."""
    till = Terminal()
    till.refund(till.sell(800), 100, s.DONE)
    assert told(till) == []
    sale = till.sell(800)
    part = put_off(till, sale, 100)
    assert told(till) == told(Terminal(till.flash)) == [(part.number, 700)]
    assert reason(part.reason) == reason(2) != reason(0)
    till.refund(sale, 300, s.DONE)
    assert told(till) == [(part.number, 400)]
    rest = till.refund(sale, 400)  # on its way: it counts
    assert told(till) == told(Terminal(till.flash)) == []
    till.settle(rest, s.DECLINED)
    assert told(till) == [(part.number, 400)]
    till.refund(sale, 400, s.DONE)
    assert told(till) == told(Terminal(till.flash)) == []


def test_a_part_that_was_not_done_has_no_rest():
    """While it is open it has one. The control is another sale's, which was done."""
    till = Terminal()
    sale, other = till.sell(800), till.sell(900)
    part, standing = put_off(till, sale, 100, s.SILENT), put_off(till, other, 200)
    assert told(till) == [(part.number, 700), (standing.number, 700)]
    till.settle(part, s.DECLINED)
    parked = put_off(till, till.sell(700), 100, s.PERSON)
    assert told(till)[0] == (standing.number, 700)
    till.desk.resolve(parked, False, 1, b"case 4711")
    assert told(till) == told(Terminal(till.flash)) == [(standing.number, 700)]


def test_one_sale_has_one_rest_and_a_reason_ends_all_before_it():
    """A part that is put off after the reason was told stands anew."""
    till = Terminal()
    sale, other = till.sell(800), till.sell(800)
    put_off(till, sale, 100)
    second, beside = put_off(till, sale, 200), put_off(till, other, 50)
    assert told(till) == [(second.number, 500), (beside.number, 750)]
    progress.note(till.desk, second, 11, 3, b"keeps")
    assert told(till) == told(Terminal(till.flash)) == [(beside.number, 750)]
    third = put_off(till, sale, 100)
    assert told(till) == [(beside.number, 750), (third.number, 400)]
    [note] = progress.notes(till.journal.log, second)
    assert (note.kind, note.operator, note.text.rstrip(b"\0")) == (11, 3, b"keeps")


def test_a_rest_lasts_as_long_as_its_sale():
    """Through a small ring, in many lives; then both have gone. The control: the ring did let go of others."""
    till = Terminal(NorFlash(6, 4096, 16))
    first = till.sell(900).number
    sale = till.sell(800)
    part = put_off(till, sale, 100)
    turns = 0
    while till.journal.sale(sale.number):
        assert told(till) == [(part.number, 700)], turns
        till.sell(100)
        turns += 1
        if turns % 7 == 6:
            till = Terminal(till.flash)
    assert turns > 20 and till.journal.sale(first) is None and told(till) == []


def test_a_cut_leaves_the_rest_or_its_reason():
    """Wherever power goes while the reason is written."""
    till = Terminal(NorFlash(6, 4096, 16))
    part = put_off(till, till.sell(800), 100)
    seen = []

    def end(flash, _):
        progress.note(Terminal(flash).desk, part, 11, 3, b"keeps")

    for _ in cut_everywhere(till.flash, till.vault, 2, end):
        seen.append(told(Terminal(till.flash)))
        assert seen[-1] in ([], [(part.number, 700)])
    assert [(part.number, 700)] in seen
    end(till.flash, None)
    assert told(Terminal(till.flash)) == []


def test_where_the_journal_cannot_tell_what_went_back_the_rest_stays():
    """With the most that may be left: a person has to look."""
    till = Terminal()
    sale = till.sell(800)
    part = put_off(till, sale, 100)
    till.refund(sale, 300, s.DONE)
    assert told(till) == [(part.number, 400)]
    till.journal.log.unsure = sale.number + 1
    assert told(till) == [(part.number, 700)]


def test_a_list_of_sales_knows_what_went_back_of_each():
    """As the journal has it of each alone: done, on its way, declined, in many lives of a small ring."""
    till = Terminal(NorFlash(6, 4096, 16))
    draw = Random(7)
    for turn in range(40):
        sale = till.sell(1000)
        for _ in range(draw.below(3)):
            till.refund(sale, 1 + draw.below(300), draw.pick((s.DONE, s.DECLINED) if turn < 38 else (None, s.DONE)))
        if turn % 9 == 8:
            till = Terminal(till.flash)
        sales = till.journal.sales(20)
        spent = rests.spent(till.journal, sales)
        assert spent == [till.journal.spent(sale.number) for sale in sales], turn
    assert 0 in spent and any(spent)
