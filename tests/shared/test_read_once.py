"""The last record before a cut may read by chance. What power-up read counts, though the chip tells it otherwise a moment later.

On a chip of three sectors the window is one: the first opening of a life carries all from the very sector that power left open.
"""

from parts import APPROVED, NorFlash, PowerCut, Terminal
from raises import raises
from yuanlu.refund import state as s

THREE = (3, 65536, 256)
UNTOLD = 4  # of REACHES: all of the record is there, and nobody was told so
LEFT = {s.DECLINED: s.IS_DECLINED, s.SILENT: s.IS_UNKNOWN, s.DONE: s.IS_DONE}


def in_the_dark(till, step):
    """The next life, when power goes in the first program of this step, which may be weak then."""
    till.flash.cut = (1, UNTOLD)
    with raises(PowerCut):
        step()
    till.flash.power_on()
    return Terminal(till.flash)


def flip(till, address):
    """Another look reads another bit there."""
    till.flash.data[address + 20] ^= 0x10


def state_of(till, number):
    """As the journal tells it: open, or settled."""
    return (till.journal.find_live(number) or till.journal.transaction(number)).state


def after_an_answer(flash, verdict):
    """(life after a cut in the record of that answer, number of its refund, its sale)."""
    till = Terminal(flash)
    sale = till.sell()
    refund = till.refund(sale, 100, s.LATER)
    till.desk.sending(refund, 1)
    answer = None if verdict == s.SILENT else APPROVED
    return in_the_dark(till, lambda: till.desk.note(refund, verdict, answer)), refund.number, sale.number


def test_L5_L6_a_weak_answer_that_leaves_with_its_sector_is_carried():
    """Declined, silent, done: what the screen of this life says is what the next life finds, and no loss is told."""
    flash = NorFlash(*THREE)  # one for all: two of them are too much for a small heap
    for verdict in (s.DECLINED, s.SILENT, s.DONE):
        life, number, sale = after_an_answer(flash, verdict)
        assert state_of(life, number) == LEFT[verdict] and life.journal.log.window == 1
        flip(life, life.journal.log.last[0])
        life.journal.make_room()
        for told in (life, Terminal(life.flash)):
            assert state_of(told, number) == LEFT[verdict], "what was told has changed"
            assert told.journal.log.unsure == 0 and not told.journal.trouble, told.journal.trouble
            assert told.journal.spent(sale) == (0 if verdict == s.DECLINED else 100)


def test_control_L3_the_same_bit_in_a_record_that_was_not_weak_is_a_loss():
    """Of the records that a state rests on the last one alone is held: what rots before it is gone, and told."""
    life, number, _ = after_an_answer(NorFlash(*THREE), s.SILENT)
    flip(life, life.journal.find_live(number).rests_on[0][1])
    life.journal.make_room()
    assert life.journal.log.unsure and any("cannot be read" in what for what in life.journal.trouble)
    assert Terminal(life.flash).journal.log.unsure


def test_L10_a_weak_slip_record_is_reprinted_before_the_first_write():
    """The slip's own record was the last one: its transaction is told whole, not crashed over."""
    till = Terminal(NorFlash())
    sale = till.sell()
    life = in_the_dark(till, lambda: till.desk.printed(sale))
    assert life.journal.printed == sale.number
    flip(life, life.journal.log.last[0])
    again = life.journal.transaction(sale.number)
    assert (again.state, again.printed, again.amount) == (s.IS_DONE, s.IS_DONE, 10_000)


def test_L2_a_weak_message_is_read_before_the_first_write():
    """A queued refund whose INTENT was the last record has its exact bytes."""
    till = Terminal(NorFlash())
    refund = till.refund(till.sell(), 50)
    message = till.journal.message(refund)
    life = Terminal(till.flash)
    address = life.journal.log.last[0]
    assert address == refund.message_place()[1]
    flip(life, address)
    assert life.journal.message(life.journal.find_live(refund.number)) == message
