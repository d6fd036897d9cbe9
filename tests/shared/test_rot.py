"""Single flipped bits at the places where they once did most harm; tests/power/rot.py flips every bit there is."""

from binascii import crc32

from parts import NorFlash, Terminal
from raises import raises
from yuanlu.errors import Refused
from yuanlu.refund import state as s
from yuanlu.store import pending


def looks(till):
    """What is open."""
    return [(t.number, t.state) for t in till.journal.live]


def grown(till, sectors):
    """Sell until so many more sectors were opened."""
    stop = till.journal.log.sequence + sectors
    while till.journal.log.sequence < stop:
        till.sell(100)


def refused(till, sale):
    """Why nothing of that sale can be given back."""
    with raises(Refused) as caught:
        till.desk.left(till.journal.sale(sale.number))
    return caught.value.reason


def test_L3_L4_L5_the_newest_sector_without_its_header_is_not_taken_for_empty():
    """All that it holds is there, no number comes again, and the loss is reported; in the life after, too."""
    till = Terminal(NorFlash(5, 4096, 16))
    sale = till.sell()
    grown(till, 1)
    till.refund(sale, 10_000, s.DONE)
    waiting = till.refund(till.sell(), 100, s.SILENT)
    number, trace = till.journal.log.number, till.journal.counters.trace
    till.flash.data[till.journal.log.head * 4096 + 9] ^= 1
    for _ in range(2):
        till = Terminal(till.flash)
        assert till.journal.trouble and looks(till) == [(waiting.number, s.IS_UNKNOWN)]
        assert till.journal.log.number >= number and till.journal.counters.trace >= trace
        assert refused(till, sale) in ("refused.nothing_left", "refused.journal_damaged")
        till.sell(100)


def test_L5_what_stands_open_leaves_a_sector_whose_header_is_lost():
    """It is read by its address, so nothing shows it at first; it must be copied in time all the same."""
    till = Terminal(NorFlash(5, 4096, 16))
    waiting = till.refund(till.sell(), 100, s.SILENT)
    message = till.journal.message(waiting)
    lost = till.journal.log.head
    grown(till, 1)
    till.flash.data[lost * 4096 + 9] ^= 1
    till = Terminal(till.flash)
    assert len(till.journal.trouble) == 1
    grown(till, 6)
    till = Terminal(till.flash)
    assert looks(till) == [(waiting.number, s.IS_UNKNOWN)]
    assert till.journal.message(till.journal.live[0]) == message


def test_L4_the_trace_of_an_unreadable_intent_is_left_out():
    """Its SENDING stands behind it: bytes with that trace may have left."""
    till = Terminal(NorFlash(5, 4096, 16))
    refund = till.refund(till.sell(), 100, s.SILENT)
    till.flash.data[refund.rests_on[0][1] + 30] ^= 1
    till = Terminal(till.flash)
    assert till.journal.trouble
    assert till.sell(10).trace > refund.trace


def test_L3_rot_in_the_last_record_is_noticed_in_the_same_life():
    """It looks like a torn write, but power never went."""
    till = Terminal(NorFlash(5, 4096, 16))
    sale = till.sell()
    refund = till.refund(sale, 10_000, s.DONE)
    till.flash.data[refund.rests_on[-1][1] + 30] ^= 1
    assert refused(till, sale) == "refused.journal_damaged"


def test_L2_a_place_that_could_not_be_read_is_never_read_again():
    """Of a refund whose INTENT has rotted: when another record stands at its address one day, it is not taken for it."""
    till = Terminal(NorFlash(5, 4096, 256))
    refund = till.refund(till.sell(), 100, s.SILENT)
    address = refund.rests_on[0][1]
    till.flash.data[address + 30] ^= 1
    grown(till, 4)
    assert any("cannot be read" in what for what in till.journal.trouble)
    assert address not in [place[0] for place in till.journal.addresses()]
    for _ in range(8):
        grown(till, 1)
        again = Terminal(till.flash)
        assert looks(again) == [], "what was settled came back"


def test_L3_what_may_have_been_settled_since_is_not_sent_again():
    """Withdrawn, and given back by another refund: when the WITHDRAWN has rotted, the first stands open again and stays there."""
    till = Terminal(NorFlash(5, 4096, 16))
    sale = till.sell()
    first = till.refund(sale, 10_000)
    till.desk.withdraw(first)
    place = first.rests_on[-1][1]
    till.refund(sale, 10_000, s.DONE)
    till.flash.data[place + 14] ^= 1
    for _ in range(2):
        till = Terminal(till.flash)
        assert looks(till) == [(first.number, s.IS_QUEUED)]
        assert pending.eligible(till.journal) == []
        assert refused(till, sale) == "refused.journal_damaged"
        refund = till.refund(till.sell(), 100)
        assert pending.eligible(till.journal) == [refund], "the next customer is served"
        till.settle(refund, s.DONE)


def test_L5_a_hole_that_reads_as_blank_is_not_taken_for_the_end():
    """A SUMMARY of ones: what stands behind it was acknowledged."""
    till = Terminal(NorFlash(5, 4096, 16))
    grown(till, 2)
    sale = till.sell()
    waiting = till.refund(sale, 100, s.SILENT)
    log = till.journal.log
    number, at = till.journal.log.number, log.head * 4096 + log.summary_at
    size = log.chip.read(at).size
    till.flash.data[at : at + size] = b"\xff" * size
    till = Terminal(till.flash)
    assert till.journal.trouble and looks(till) == [(waiting.number, s.IS_UNKNOWN)]
    assert till.journal.log.number >= number


def test_L3_L4_the_newest_sector_lost_as_a_whole_is_missed():
    """Only the vault knows that it stood: what it held is gone, and no number or trace of it comes again."""
    for filling in (0x00, 0xFF):
        till = Terminal(NorFlash(5, 4096, 16))
        sale = till.sell()
        grown(till, 1)
        till.refund(sale, 10_000, s.DONE)
        number, trace, start = till.journal.log.number, till.journal.counters.trace, till.journal.log.head * 4096
        till.flash.data[start : start + 4096] = bytes([filling]) * 4096
        for _ in range(2):
            till = Terminal(till.flash)
            assert till.journal.log.number >= number and till.journal.counters.trace >= trace, filling
            assert refused(till, sale) == "refused.journal_damaged"
            assert till.sell(100).number > number


def rewritten(till, at, byte):
    """The newest SUMMARY has that byte of its payload, and a CRC that fits: no rot does this, a person may."""
    log = till.journal.log
    record = log.chip.read(log.head * 4096 + log.summary_at)
    record.buffer[13 + at] = byte
    till.flash.data[record.address : record.address + record.size] = bytes(record.view[: record.size])
    crc_at = record.address + 13 + record.length + 8
    till.flash.data[crc_at : crc_at + 4] = crc32(bytes(till.flash.data[record.address : crc_at])).to_bytes(4, "little")


def test_L5_a_summary_that_cannot_be_one_is_as_one_that_cannot_be_read():
    """More retired sectors than it has room for, a place beyond the sector: reported, and nothing that is open is missed. The
    control: what is written anew as it was changes nothing."""
    for at, byte, told in ((32, 255, 1), (15, 255, 1), (19, 255, 1), (32, 0, 0)):
        till = Terminal(NorFlash(5, 4096, 16))
        grown(till, 2)
        waiting = till.refund(till.sell(), 100, s.SILENT)
        rewritten(till, at, byte)
        again = Terminal(till.flash)
        assert looks(again) == [(waiting.number, s.IS_UNKNOWN)], (at, byte)
        assert len(again.journal.trouble) == told, again.journal.trouble
