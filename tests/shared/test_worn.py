"""Sectors that wear out: bits that do not stay, erases that do not take; in every moment in which a sector is written."""

from parts import APPROVED, Card, NorFlash, PowerCut, Terminal, every_record
from raises import raises
from yuanlu.errors import Refused, StoreDamaged
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, Draft


class WornFlash(NorFlash):
    """`stuck`: addresses whose byte becomes zero when it is programmed; `dead`: sectors that no longer erase."""

    def __init__(self, *geometry):
        super().__init__(*geometry)
        self.stuck, self.dead = [], []

    def program(self, address, data):
        super().program(address, data)
        for at in self.stuck:
            if address <= at < address + len(data):
                self.data[at] = 0

    def erase(self, sector):
        if sector in self.dead:
            raise OSError(5)
        super().erase(sector)


def looks(till):
    """What is open."""
    return [(t.number, t.state) for t in till.journal.live]


def test_L5_a_record_that_did_not_stay_is_written_again_in_another_sector():
    """A sale is settled although the place of its SALE is worn; the sector is never opened again."""
    flash = WornFlash(5, 4096, 16)
    till = Terminal(flash)
    sale = till.desk.open(Draft(KIND_SALE, 500, card=Card()))
    till.desk.sending(sale, 1)
    worn = till.journal.log.head
    flash.stuck = [till.journal.log.tail + 9]
    till.desk.note(sale, s.DONE, APPROVED)
    assert till.journal.log.retired == [worn] and till.journal.log.head != worn
    assert Terminal(flash).journal.sale(sale.number).amount == 500
    for turn in range(100):
        till.sell(100)
        assert till.journal.log.head != worn
        if turn % 20 == 0:
            till = Terminal(flash)
            assert till.journal.log.retired == [worn]


def test_L4_L5_a_sector_given_up_while_it_was_opened_is_not_taken_for_the_good_one():
    """The padding of its SUMMARY did not stay, all else did: it reads as whole and has the sequence of the next one."""
    flash = WornFlash(5, 4096, 16)
    till = Terminal(flash)
    while till.journal.log.sequence < 2:
        till.sell(100)
    image = flash.snapshot()
    later = Terminal(flash)
    later.sell(100)
    log = later.journal.log
    record = log.chip.read(log.head * 4096 + log.summary_at)
    last = record.address + record.size - 1
    assert record.type == s.SUMMARY and record.size > 25 + record.length, "the SUMMARY is padded"
    flash.restore(image)
    flash.stuck = [last]
    till = Terminal(flash)
    sale = till.sell(5000)
    till.refund(sale, 5000, s.DONE)
    assert till.journal.log.retired == [last // 4096]
    number, trace = till.journal.log.number, till.journal.counters.trace
    till = Terminal(flash)
    assert (till.journal.log.number, till.journal.counters.trace) == (number, trace)
    with raises(Refused) as caught:
        till.desk.left(till.journal.sale(sale.number))
    assert caught.value.reason == "refused.nothing_left"


def sold_on(flash):
    """A terminal with a sale of 50.00 in its fourth sector."""
    till = Terminal(flash)
    while till.journal.log.sequence < 4:
        till.sell(100)
    return till, till.sell(5000)


def cut_behind_a_given_up_sector(reach):
    """The header of the next sector does not stay; power goes while the one after it is being filled."""
    flash = WornFlash(5, 4096, 16)
    till, sale = sold_on(flash)
    log = till.journal.log
    first = (log.head + 1) % 5
    flash.stuck = [first * 4096 + 1]
    flash.cut = (5, reach)  # erase and header of the one, erase and header of the other, its first record
    with raises(PowerCut):
        log.open_next(till.journal)
    flash.stuck = []
    flash.power_on()
    assert log.chip.header(first) is None
    return flash, sale.number, first


def test_L5_a_sector_given_up_before_a_cut_stays_given_up():
    """It would work again now: were it opened, the ring would go on behind a sector with the same sequence."""
    flash, number, first = cut_behind_a_given_up_sector(2)
    till = Terminal(flash)
    refund = till.refund(till.journal.sale(number), 5000, s.DONE)
    assert till.journal.log.retired == [first] and till.journal.log.head == (first + 1) % 5
    again = Terminal(flash)
    assert again.journal.spent(number) == 5000 and again.journal.transaction(refund.number).state == s.IS_DONE
    assert len(till.journal.trouble) == 1 and not again.journal.trouble, "the bytes torn by the cut are told, once"


def test_L5_a_summary_read_once_and_not_again_wears_out_no_sector():
    """A cut left it weak: the next life went on behind it, and was cut while it filled the sector after. Now it does not read,
    and neither sector counts; but none was given up, and a worn one may be all that the chip has to spare."""
    flash = WornFlash(6, 4096, 16)
    till, sale = sold_on(flash)
    log = till.journal.log
    till.journal.make_room()
    head = log.head
    log.open_next(till.journal)
    weak = log.head
    flash.cut = (4, 2)  # erase and header of the sector after, one copy, half of another
    with raises(PowerCut):
        log.open_next(till.journal)
    flash.power_on()
    flash.data[weak * 4096 + log.summary_at + 1] ^= 4
    again = Terminal(flash)
    assert again.journal.log.head == head and again.journal.log.retired == []
    assert again.journal.sale(sale.number).amount == 5000
    again.sell(100)
    assert Terminal(flash).journal.sale(sale.number).amount == 5000


def test_L5_a_twin_that_holds_only_copies_does_not_count():
    """Two sectors of one sequence, and it is the one before in the ring that has its SUMMARY."""
    flash = WornFlash(5, 4096, 16)
    till, sale = sold_on(flash)
    log = till.journal.log
    twin = (log.head + 1) % 5
    flash.erase(twin)
    log.chip.write_header(twin, log.sequence, 1, log.number)
    again = Terminal(flash)
    assert again.journal.sale(sale.number).amount == 5000 and again.journal.log.sequence == log.sequence
    again.sell(100)
    assert Terminal(flash).journal.sale(sale.number).amount == 5000


def test_a_place_that_wears_out_while_an_answer_is_awaited_is_not_programmed_twice():
    """The clerk is refused, since nothing may be erased now; the answer's record goes to the next sector."""
    flash = WornFlash(5, 4096, 16)
    till = Terminal(flash)
    sale = till.sell()
    refund = till.refund(sale, 100)
    till.desk.sending(refund, 1)
    log = till.journal.log
    log.quiet = True
    flash.stuck = [log.tail]
    with raises(Refused):
        till.desk.open(Draft(KIND_REFUND, 10, original=sale.number))
    with raises(Refused):
        till.desk.printed(sale)
    log.quiet = False
    till.desk.note(refund, s.DONE, APPROVED)
    assert Terminal(flash).journal.spent(sale.number) == 100


def test_a_note_that_did_not_stay_while_an_answer_is_awaited_is_refused():
    """Not an INTENT, a slip's note; the answer still finds its place."""
    flash = WornFlash(5, 4096, 16)
    till = Terminal(flash)
    sale = till.sell()
    refund = till.refund(sale, 100)
    till.desk.sending(refund, 1)
    log = till.journal.log
    log.quiet = True
    flash.stuck = [log.tail]
    with raises(Refused) as caught:
        till.desk.printed(sale)
    assert caught.value.reason == "refused.busy"
    log.quiet = False
    till.desk.note(refund, s.DONE, APPROVED)
    assert Terminal(flash).journal.spent(sale.number) == 100


def test_a_boot_that_did_not_stay_is_written_in_another_sector():
    """The first write of a life hits the worn place."""
    flash = WornFlash(5, 4096, 16)
    Terminal(flash).sell()
    image = flash.snapshot()
    till = Terminal(flash)
    till.sell()
    boot = [record.address for record in every_record(till.journal) if record.type == s.BOOT][-1]
    flash.restore(image)
    flash.stuck = [boot]
    till = Terminal(flash)
    sale = till.sell()
    assert till.journal.log.retired == [boot // 4096]
    boots = [record.body().boot for record in every_record(till.journal) if record.type == s.BOOT]
    assert len(boots) == 1, boots
    assert Terminal(flash).journal.sale(sale.number) is not None


def test_a_chip_worn_out_says_so_and_harms_nothing():
    """One sector more than the ring can spare: no record is written any more, and what stood still stands."""
    flash = WornFlash(5, 4096, 16)
    till = Terminal(flash)
    sale = till.sell()
    till.refund(sale, 100, s.SILENT)
    expected = looks(till)
    flash.dead = [1, 2, 3, 4]
    for _ in range(3):
        till = Terminal(flash)
        assert looks(till) == expected
        before = bytes(flash.data)
        with raises(StoreDamaged):
            till.sell(100)
        till.journal.log.erase_ahead()
        assert bytes(flash.data) == before


def test_an_erase_ahead_of_a_worn_sector_passes_it_over():
    """In idle time already; it is not tried again after it was noted."""
    flash = WornFlash(5, 4096, 16)
    till = Terminal(flash)
    till.sell()
    flash.dead = [1]
    till.journal.log.erase_ahead()
    assert till.journal.log.retired == [1]
    while till.journal.log.sequence < 9:
        till.sell(100)
        assert till.journal.log.head != 1
    assert Terminal(flash).journal.log.retired == [1]


def test_L5_what_must_be_named_always_fits_a_summary():
    """As many open refunds as may stand open, each with all the records one can rest on, and slips owed for eight more."""
    name_all(12, 4096, 16)


def test_L5_what_must_be_named_always_fits_a_summary_with_a_longer_filter():
    """Larger sectors have larger filters, which leave less room for names."""
    name_all(5, 8192, 1)


def name_all(*chip):
    """Crowd the chip, and let it open sectors."""
    till = Terminal(NorFlash(*chip), open_limit=32)
    sales = []
    for _ in range(24):
        sales.append(till.sell(1000))
        till.desk.printed(sales[-1])
    crowd(till, sales)
    for refund in list(till.journal.live)[:8]:
        till.settle(refund, s.ASK)
        till.desk.note(refund, s.DECLINED, APPROVED)
    crowd(till, sales)
    assert till.desk.refunds_left() == 0
    expected = looks(till)
    while till.journal.log.sequence < 2 * chip[0]:
        till.desk.printed(till.journal.live[0])
    assert looks(till) == looks(Terminal(till.flash, open_limit=32)) == expected


def crowd(till, sales):
    """Refunds that rest on seven records each, until no further one may stand open."""
    while till.desk.refunds_left() > 0:
        refund = till.refund(sales.pop(), 100, s.RENEW)
        till.desk.renew(refund)
        till.desk.printed(refund)
        till.settle(refund, s.ASK)
        till.desk.note(refund, s.SILENT)
