"""The counter over which money decisions are made: checked, recorded, withdrawn."""

from parts import APPROVED, Card, NorFlash, Terminal, every_record, mounted, stay, types_in
from raises import raises
from yuanlu import record as r
from yuanlu.errors import Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, KIND_VOID, Draft
from yuanlu.wire import iso8583
from yuanlu.wire.messages import Answer

stay("yuanlu.wire.messages", "yuanlu.crypto.dukpt", "yuanlu.store.history", "yuanlu.store.opening")


def fields_of(message):
    """The fields of a request."""
    return iso8583.decode(message[13:])[1]


def refusal(till, sale, amount, kind=KIND_REFUND):
    """Reason and details; nothing may have been recorded."""
    before = types_in(till.journal)
    with raises(Refused) as caught:
        till.desk.open(Draft(kind, amount, original=sale if isinstance(sale, int) else sale.number))
    after = types_in(till.journal)  # a sector may have been opened: it brings a SUMMARY
    assert after[: s.SUMMARY] == before[: s.SUMMARY], "a refusal recorded something"
    return (caught.value.reason,) + caught.value.details


def test_L1_open_returns_only_what_is_durable():
    """A journal that knows nothing but the chip finds the same transaction with the same bytes."""
    till = Terminal()
    for opened in (till.desk.open(Draft(KIND_SALE, 5000, card=Card())), till.refund(till.sell(), 300)):
        found = mounted(till.flash).find_live(opened.number)
        assert (found.state, found.amount, found.kind) == (s.IS_QUEUED, opened.amount, opened.kind)
        assert (found.batch, found.trace) == (opened.batch, opened.trace)
        assert mounted(till.flash).message(found) == till.journal.message(opened)


def test_L1_the_record_and_the_bytes_say_the_same():
    """Amount, trace, batch, refund number, original and journal head of the message are those of the record."""
    till = Terminal()
    sale = till.sell(10_000)
    head = till.journal.log.newest
    refund = till.refund(sale, 300)
    fields = fields_of(till.journal.message(refund))
    assert (int(fields[4]), int(fields[11]), int(fields[60][2:8])) == (300, refund.trace, refund.batch)
    assert fields[57][2:24] == b"YL000001-0001-" + "{:08d}".format(refund.number).encode()
    assert fields[57][40:44] == head[0].to_bytes(4, "big")
    assert (fields[37], fields[38]) == (APPROVED.rrn, APPROVED.approval)
    assert fields[61] == "{:06d}{:06d}1122".format(sale.batch, sale.trace)


def test_L1_the_journal_head_is_the_tag_of_the_record_before():
    """So the acquirer holds an anchor of the journal."""
    till = Terminal()
    sale = till.sell()
    number, tag = till.journal.log.newest
    fields = fields_of(till.journal.message(till.refund(sale, 100)))
    assert fields[57][40:52] == number.to_bytes(4, "big") + tag and tag != bytes(8)


def test_L3_partial_refunds_until_nothing_is_left():
    """Three parts make the whole; a fen more is refused with what is left."""
    till = Terminal()
    sale = till.sell(10_000)
    till.refund(sale, 4000, s.DONE)
    assert refusal(till, sale, 6001) == ("refused.over_cap", "60.00")
    till.refund(sale, 5999, s.DONE)
    assert refusal(till, sale, 2) == ("refused.over_cap", "0.01")
    till.refund(sale, 1, s.DONE)
    assert refusal(till, sale, 1) == ("refused.nothing_left",)
    with raises(Refused):
        till.desk.left(sale)


def test_an_acquirer_may_let_only_a_share_go_back():
    """Counted over all parts and rounded down to the fen; a void takes back all. T-134."""
    till = Terminal(refund_percent=80)
    sale = till.sell(10_001)
    assert refusal(till, sale, 8001) == ("refused.share", 80, "80.00")
    till.refund(sale, 5000, s.DONE)
    assert refusal(till, sale, 3001) == ("refused.share", 80, "30.00")
    till.refund(sale, 3000, s.DONE)
    assert refusal(till, sale, 1) == ("refused.share", 80, "0.00")
    whole = till.sell(10_000)
    assert till.desk.open(Draft(KIND_VOID, 10_000, original=whole.number)).amount == 10_000


def test_L3_what_may_still_be_booked_counts():
    """Queued, sending, silent, asked, later, parked: the money may be gone."""
    till = Terminal()
    sale = till.sell(10_000)
    till.refund(sale, 1000)
    till.desk.sending(till.refund(sale, 1000), 1)
    for verdict in (s.SILENT, s.ASK, s.LATER, s.PERSON):
        till.refund(sale, 1000, verdict)
    assert till.desk.left(sale) == 4000
    assert refusal(till, sale, 4001) == ("refused.over_cap", "40.00")
    assert Terminal(till.flash).desk.left(sale) == 4000


def test_L3_declined_and_withdrawn_free_the_cap():
    """Also after a power-up."""
    till = Terminal()
    sale = till.sell(10_000)
    till.refund(sale, 10_000, s.DECLINED)
    till.desk.withdraw(till.refund(sale, 10_000))
    assert till.desk.left(sale) == Terminal(till.flash).desk.left(sale) == 10_000
    till.refund(sale, 10_000, s.DONE)
    assert refusal(till, sale, 1) == ("refused.nothing_left",)


def test_L3_a_void_counts_like_a_refund():
    """Whole, of the open batch, alone; and a reversed void gives the cap back."""
    till = Terminal()
    sale = till.sell(10_000)
    assert till.desk.way_back(sale, 10_000) == KIND_VOID and till.desk.way_back(sale, 9999) == KIND_REFUND
    void = till.desk.open(Draft(KIND_VOID, 10_000, original=sale.number))
    assert refusal(till, sale, 1) == ("refused.nothing_left",)
    till.settle(void, s.SILENT)
    assert refusal(till, sale, 1) == ("refused.nothing_left",)
    till.desk.reverse(void, b"98")
    till.settle(void, s.REVERSED)
    assert till.desk.left(sale) == 10_000
    till.refund(sale, 100, s.DONE)
    assert till.desk.way_back(sale, 9900) == KIND_REFUND
    assert refusal(till, sale, 9900, KIND_VOID) == ("refused.no_void",)


def test_L3_only_a_done_sale_of_this_journal_is_refunded():
    """Not one that is open, silent, declined or reversed, not a refund, not a number out of the air. T-121."""
    till = Terminal()
    queued = till.desk.open(Draft(KIND_SALE, 100, card=Card()))
    silent, declined = till.sell(100, s.SILENT), till.sell(100, s.DECLINED)
    refund = till.refund(till.sell(), 50, s.DONE)
    for original in (queued, silent, declined, refund, 999_999):
        assert refusal(till, original, 1) == ("refused.no_original",)


def test_refusals_write_nothing():
    """Zero, too much, too many: the chip is as it was (checked by `refusal`)."""
    till = Terminal(open_limit=2)
    sale = till.sell(10_000)
    assert refusal(till, sale, 0) == ("refused.zero",)
    assert refusal(till, sale, -5) == ("refused.zero",)
    till.refund(sale, 1)
    till.refund(sale, 1)
    assert refusal(till, sale, 1) == ("refused.too_many_open", 2)
    assert types_in(till.journal)[s.INTENT] == 3


def test_L2_only_what_was_never_sent_is_withdrawn():
    """Refused in every other state; the record is not there then."""
    till = Terminal(open_limit=32)
    sale = till.sell(10_000)
    sending = till.refund(sale, 1)
    till.desk.sending(sending, 1)
    cases = [sending, sale]
    for verdict in (s.DONE, s.DECLINED, s.SILENT, s.LATER, s.PERSON, s.ASK):
        cases.append(till.refund(sale, 1, verdict))
    for transaction in cases:
        with raises(Refused) as caught:
            till.desk.withdraw(transaction)
        assert caught.value.reason == "refused.already_sent"
    queued = till.refund(sale, 1)
    till.desk.withdraw(queued)
    assert queued.state == s.IS_WITHDRAWN and queued not in till.journal.live
    assert types_in(till.journal)[s.WITHDRAWN] == 1
    with raises(Refused):
        till.desk.withdraw(queued)


def test_a_done_sale_is_one_record_with_all_that_a_refund_needs():
    """A refund that is done is a REFUND record, which tells as much; neither needs a RESULT."""
    till = Terminal()
    sale = till.sell(10_000)
    refund = till.refund(sale, 500, s.DONE)
    assert [types_in(till.journal)[kind] for kind in (s.SALE, s.REFUND, s.RESULT)] == [1, 1, 0]
    found = mounted(till.flash).transaction(refund.number)
    assert (found.state, found.rrn, found.approval, found.code) == (s.IS_DONE, APPROVED.rrn, APPROVED.approval, b"00")


def test_an_approval_with_a_remark_is_done_and_told():
    """A2 asks the customer to confirm with the issuer; the screen keeps the code, the record has what a refund needs."""
    till = Terminal()
    refund = till.refund(till.sell(10_000), 500)
    till.settle(refund, s.DONE, Answer(b"A2", 500, APPROVED.rrn, APPROVED.approval, 1122, 101500))
    assert (refund.state, refund.code, refund.rrn) == (s.IS_DONE, b"A2", APPROVED.rrn)
    found = mounted(till.flash).transaction(refund.number)
    assert (found.state, found.rrn, found.code) == (s.IS_DONE, APPROVED.rrn, b"00")


def test_L2_a_new_attempt_keeps_the_refund_and_changes_trace_and_bytes():
    """Recorded before it is sent; only when the earlier one was refused unseen."""
    till = Terminal()
    refund = till.refund(till.sell(), 300, s.RENEW)
    number, trace, before = refund.number, refund.trace, till.journal.message(refund)
    till.journal.counters.batch = 2
    till.desk.renew(refund)
    after = mounted(till.flash).message(mounted(till.flash).find_live(number))
    assert after == till.journal.message(refund) and after != before
    assert refund.number == number and refund.trace > trace and refund.batch == 2
    old, new = fields_of(before), fields_of(after)
    assert [new[at] for at in (4, 37, 38, 61)] == [old[at] for at in (4, 37, 38, 61)]
    assert new[57][:24] == old[57][:24], "the refund number is for life"


def test_L1_a_reversal_is_recorded_with_its_bytes():
    """Same trace and batch as what it reverses."""
    till = Terminal()
    sale = till.sell(700, s.SILENT)
    till.desk.reverse(sale, b"98")
    message = till.journal.message(sale)
    journal = mounted(till.flash)
    assert journal.message(journal.find_live(sale.number)) == message
    fields = fields_of(message)
    assert message[13:15] == b"\x04\x00" and (int(fields[11]), int(fields[4]), fields[39]) == (sale.trace, 700, b"98")


def test_while_an_answer_is_awaited_the_clerk_can_never_take_its_room():
    """Whatever is opened, printed or withdrawn meanwhile: the RESULT still finds room without an erase."""
    for unit in (16, 256):
        for first in range(8):
            till = Terminal(NorFlash(6, 4096, unit), open_limit=32)
            sale = till.sell(100_000)
            for _ in range(first):
                till.desk.printed(sale)
            refund, queued = till.refund(sale, 100), till.refund(sale, 200)
            till.desk.sending(refund, 1)
            till.journal.log.quiet = True
            erases = till.flash.erases
            busy = 0
            while busy < 3:
                try:
                    if busy == 0:
                        till.refund(sale, 1)
                    elif busy == 1:
                        till.desk.printed(queued)
                    else:
                        till.desk.withdraw(queued)
                        busy += 1
                except Refused:  # and nothing else: "an answer is awaited", try again in a minute
                    busy += 1
            till.desk.note(refund, s.DONE, APPROVED)
            assert (refund.state, till.flash.erases) == (s.IS_DONE, erases), (unit, first)


def fillers_until_gone():
    """How many more sales the first one of a small chip outlives."""
    till = Terminal(NorFlash(4, 4096))
    sale, count = till.sell(), 0
    while till.journal.sale(sale.number):
        till.sell(100)
        count += 1
    return count


def test_L5_the_original_of_a_refund_does_not_leave_while_it_is_opened():
    """Making room for the refund may push out the oldest sector; its sale is not in it then, or the refund is refused."""
    count = fillers_until_gone()
    refunded = 0
    for fillers in (count - 3, count - 2, count - 1):
        for slips in range(24):
            till = Terminal(NorFlash(4, 4096))
            sale = till.sell()
            for _ in range(fillers):
                last = till.sell(100)
            for _ in range(slips):
                till.desk.printed(last)
            try:
                refund = till.refund(sale, 100)
            except Refused as error:
                assert error.reason == "refused.no_original"
                continue
            refunded += 1
            assert till.journal.sale(refund.original) is not None, (fillers, slips)
            till.settle(refund, s.RENEW)
            till.desk.renew(refund)  # needs the original once more
    assert 0 < refunded < 72


def test_the_slip_is_recorded_with_the_state_that_it_shows():
    """Copies are counted over lives."""
    till = Terminal()
    refund = till.refund(till.sell(), 300)
    till.desk.printed(refund)
    assert (refund.printed, refund.copies) == (s.IS_QUEUED, 1)
    till = Terminal(till.flash)
    refund = till.journal.find_live(refund.number)
    till.settle(refund, s.DONE)
    till.desk.printed(refund)
    assert (refund.printed, refund.copies) == (s.IS_DONE, 2)


def test_L10_the_tag_of_a_record_is_the_sealers():
    """Number and bytes as the sealer was given them; here it keeps them."""
    given = []
    till = Terminal()
    real = till.journal.seal.tag

    def tag(number, data):
        given.append((number, bytes(data)))
        return real(number, data)

    till.journal.seal.tag = tag
    till.refund(till.sell(), 100)
    kept = [(t.number, bytes(t.view[: r.HEAD + t.length])) for t in every_record(till.journal) if not t.copy]
    kept = [(number, data) for number, data in kept if data[4] != s.SUMMARY]  # sealed with the copies before them
    given = [(number, data) for number, data in given if data[4] != s.SUMMARY]
    assert kept == given and len(given) > 3
