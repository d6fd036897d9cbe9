"""A chip that fills with what is not settled: new work stops in time, and what stands open can still be settled."""

from parts import NorFlash, Terminal
from yuanlu.errors import Refused, StoreFull
from yuanlu.refund import state as s

CHIPS = ((7, 4096, 256), (6, 4096, 16), (4, 4096, 16), (5, 4096, 1))


def filled(chip):
    """A Terminal with as many silent refunds as it takes, each of a sale of its own."""
    till = Terminal(NorFlash(*chip), open_limit=32)
    for _ in range(100):
        try:
            till.refund(till.sell(1000), 100, s.SILENT)
        except (Refused, StoreFull):
            break
    return till


def on_each_chip(check):
    """Call `check` with each chip; the one before is garbage by then, since two at a time are much for a small heap."""
    for chip in CHIPS:
        check(chip)


def test_new_work_is_refused_before_the_chip_is_full():
    """With a reason that has a next step; not by an error of the store in the middle of something (L7)."""
    on_each_chip(refuse_in_time)


def refuse_in_time(chip):
    """Open until a rule says no."""
    till = Terminal(NorFlash(*chip), open_limit=32)
    try:
        while True:
            till.refund(till.sell(1000), 100, s.SILENT)
    except Refused as error:
        assert error.reason == "refused.too_many_open", chip
    assert len(till.journal.live) >= 2, chip


def test_L5_a_full_chip_can_settle_everything_it_holds():
    """Each send and each answer finds room, in this life and the next, and then work goes on."""
    on_each_chip(settle_all)


def settle_all(chip):
    """Fill, power up, settle, go on."""
    till = Terminal(filled(chip).flash, open_limit=32)
    numbers = [transaction.number for transaction in till.journal.live]
    assert len(numbers) >= 2, chip
    while till.journal.live:
        till.settle(till.journal.live[0], s.DONE)
    for number in numbers:
        assert till.journal.find_live(number) is None
    assert till.refund(till.sell(1000), 100).state == s.IS_QUEUED, chip


def test_L5_a_full_chip_loses_nothing():
    """All that was opened is there after the refusal and after the next power-up, each with its bytes."""
    on_each_chip(keep_all)


def keep_all(chip):
    """Fill with what was never sent, and read it in two lives."""
    till = Terminal(NorFlash(*chip), open_limit=32)
    told = []
    for _ in range(40):
        try:
            refund = till.refund(till.sell(1000), 100)
            told.append((refund.number, till.journal.message(refund)))
        except (Refused, StoreFull):
            pass
    assert len(told) >= 2, chip
    for journal in (till.journal, Terminal(till.flash).journal):
        found = [(t.number, journal.message(t)) for t in journal.live if t.number != t.original]
        assert found == told, chip


def test_a_sale_with_many_small_refunds_never_blocks_the_chip():
    """Forty of one fen each, the last one still open, while the ring goes round: what is settled does not count as full."""
    till = Terminal(NorFlash(6, 4096, 16), open_limit=32)
    sale = till.sell(10_000)
    try:
        for _ in range(40):
            till.refund(sale, 1, s.DONE)
        till.refund(sale, 1, s.SILENT)
    except Refused as error:  # a rule may say so; then it says it in time
        assert error.reason.startswith("refused.too_many")
    spent = till.journal.spent(sale.number)
    for turn in range(120):
        till.sell(100)
        if turn % 40 == 0:
            till = Terminal(till.flash, open_limit=32)
        if till.journal.sale(sale.number):
            assert till.journal.spent(sale.number) == spent, turn
