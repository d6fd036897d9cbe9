"""Closing a batch: what waits goes first, totals and details, what an outage or a power cut leaves, and the batch after it."""

from parts import NorFlash, Road, Terminal, answer_to, answering, mounted, running
from yuanlu.errors import Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_SALE, ROAD_OFFLINE
from yuanlu.wire import iso8583

SIGN_ON = answering(f60="00000001003")


def fields_of(request):
    """Type and fields."""
    return iso8583.decode(request[13:])


def flagged(flag):
    """The answer to a settlement with this flag."""

    def answer(request):
        totals = fields_of(request)[1][48]
        return answer_to(request, b"00", f48=totals[:30] + str(flag) + totals[31:])

    return answer


def closing_road(flag, *more):
    """One connection on which everything is answered: sign-on, totals, uploads, end."""
    return Road([SIGN_ON, flagged(flag)] + [answering()] * (3 + len(more)))


async def close(till, ms=600_000):
    """Have the batch closed; the text of what came of it."""
    with running(till.forwarder.run):
        return await till.forwarder.run_errand("closing", ms)


async def test_totals_that_agree_close_the_batch():
    """Sales are debits; refunds and voids credits; what was declined or withdrawn counts nowhere."""
    road = closing_road(1)
    till = Terminal(roads=[road])
    sale = till.sell(10_000)
    till.sell(5_000)
    till.refund(sale, 300, s.DONE)
    till.refund(sale, 400, s.DECLINED)
    till.desk.withdraw(till.refund(sale, 500))
    assert await close(till) == "closing.agreed"
    kinds = [(fields_of(request)[0], fields_of(request)[1][60]) for request in road.sent]
    assert kinds == [("0800", "00000001003"), ("0500", "00000001201"), ("0320", "00000001207")]
    totals = fields_of(road.sent[1])[1][48]
    assert totals == "{:012d}002{:012d}0010".format(15_000, 300) + "0" * 31 and len(totals) == 62
    assert fields_of(road.sent[2])[1][48] == "0000"
    assert till.journal.counters.batch == mounted(till.flash).counters.batch == 2


async def test_a_sale_that_was_made_offline_is_not_in_the_totals():
    """It was counted where it was uploaded; its refund counts here (docs/wire.md section 4)."""
    road = closing_road(2)
    till = Terminal(roads=[road])
    till.sell(5_000)
    number = till.journal.log.number
    head = (number, number, KIND_SALE | ROAD_OFFLINE << 4, 10_000, till.journal.counters.batch, 500_001, 20261122, 101507, 1)
    till.journal.append(s.SALE, head + (0, 0, 0, b"6228484890", bytes(8), bytes(12), bytes(6)))
    till.refund(till.journal.sale(number), 300, s.DONE)
    assert await close(till) == "closing.uploaded"
    assert fields_of(road.sent[1])[1][48][:30] == "{:012d}001{:012d}001".format(5_000, 300)
    details = fields_of(road.sent[2])[1][48]
    assert (details[:2], details[2:4], details[22:24], fields_of(road.sent[3])[1][48]) == ("02", "22", "27", "0002")


async def test_totals_that_differ_bring_every_detail():
    """Eight a message, oldest first, and how many there were."""
    road = closing_road(2)
    till = Terminal(NorFlash(16, 4096, 16), roads=[road])
    sales = [till.sell(100 + turn) for turn in range(9)]
    till.refund(sales[0], 7, s.DONE)
    assert await close(till) == "closing.uploaded"
    uploads = [fields_of(request)[1] for request in road.sent[2:]]
    assert [fields[60][-3:] for fields in uploads] == ["201", "201", "202"]
    first, second, end = [fields[48] for fields in uploads]
    assert first[:2] == "08" and len(first) == 162 and second[:2] == "02" and end == "0010"
    assert first[2:22] == "22{:06d}{:012d}".format(sales[0].trace, 100)
    assert second[22:24] == "25" and second[30:] == "{:012d}".format(7)


async def test_the_totals_are_those_of_the_open_batch_alone():
    """The next closing has nothing of the last one."""
    road = Road([SIGN_ON, flagged(1), answering()], [answering(f60="00000002003"), flagged(1), answering()])
    till = Terminal(roads=[road])
    till.sell(10_000)
    assert await close(till) == "closing.agreed"
    till.sell(700)
    assert await close(till) == "closing.agreed"
    assert fields_of(road.sent[4])[1][48][:15] == "{:012d}001".format(700)


async def test_what_waits_goes_before_the_totals():
    """A queued refund is sent first, and counted."""
    road = Road([answering()], [SIGN_ON, flagged(1), answering()])
    till = Terminal(roads=[road])
    refund = till.refund(till.sell(10_000), 300)
    assert await close(till) == "closing.agreed"
    assert refund.state == s.IS_DONE and fields_of(road.sent[2])[1][48][15:30] == "{:012d}001".format(300)


async def test_L2_a_batch_whose_repeats_are_known_in_it_alone_stays_open_while_a_copy_may_be_on_its_way():
    """A line may bring a message twice, and the later one after the close would be booked again. The control: elsewhere it closes
    at once; where nothing is known a wait would not help."""
    profiles = (("open_batch", 1, 1), ("replays", 0, 1), ("duplicate", 0, 1), ("replays", 1, 4), ("nothing", 0, 4))
    for repeat, old_batches, answers in profiles:
        road = Road([answering()], [SIGN_ON, flagged(1), answering()])
        till = Terminal(roads=[road], repeat=repeat, old_batches=old_batches, ask_ms=60_000)
        refund = till.refund(till.sell(10_000), 300)
        told = await close(till)
        assert refund.state == s.IS_DONE and len(road.sent) == answers
        if answers == 4:
            assert told == "closing.agreed"
            continue
        assert told.reason == "refused.closing_soon" and 58 <= int(told.details[0]) <= 60, told.details
        await till.clock.wait(till.forwarder.woken, 60_000)
        assert await close(till) == "closing.agreed"


async def test_a_second_refund_of_the_same_sale_goes_before_the_totals_too():
    """It waits for the first, not for the next batch."""
    road = Road([answering()], [answering()], [SIGN_ON, flagged(1), answering()])
    till = Terminal(roads=[road])
    sale = till.sell(10_000)
    refunds = [till.refund(sale, 300), till.refund(sale, 400)]
    assert await close(till) == "closing.agreed"
    assert [t.state for t in refunds] == [s.IS_DONE, s.IS_DONE]
    assert fields_of(road.sent[3])[1][48][15:30] == "{:012d}002".format(700)


async def test_L5_what_is_not_known_stays_and_is_in_no_total():
    """Unknown, parked, asking: neither counted nor dropped by the closing."""
    road = closing_road(1)
    till = Terminal(roads=[road], query=1)
    sale = till.sell(10_000)
    states = [till.refund(sale, 100, verdict).state for verdict in (s.PERSON, s.ASK)]
    assert await close(till) == "closing.agreed"
    assert fields_of(road.sent[1])[1][48][15:30] == "0" * 15
    assert [t.state for t in mounted(till.flash).live] == states


async def test_L2_what_was_never_sent_gets_a_new_attempt_in_the_new_batch():
    """It could not go before the closing; afterwards its bytes of the old batch never leave."""
    road = Road("why.no_connection", closing_road(1).script[0], [answering()])
    till = Terminal(roads=[road])
    refund = till.refund(till.sell(10_000), 300)
    old, trace = till.journal.message(refund), refund.trace
    assert await close(till) == "closing.agreed"
    assert refund.state == s.IS_QUEUED
    await till.forwarder.send(refund)
    assert (refund.state, refund.attempt, refund.batch) == (s.IS_DONE, 2, 2)
    assert refund.trace > trace and old not in road.sent


async def test_L2_what_was_sent_without_an_answer_is_not_sent_again_into_a_closed_batch():
    """Unless the profile says that repeats are known there too."""
    for old_batches, ends in ((0, s.IS_PARKED), (1, s.IS_DONE)):
        road = Road([answering(f60="00000002003"), answering()])
        till = Terminal(roads=[road], repeat="replays", old_batches=old_batches)
        refund = till.refund(till.sell(10_000), 300, s.SILENT)
        till.desk.batch_closed(1, 1)
        await till.forwarder.send(refund)
        assert refund.state == ends, old_batches


async def test_a_closing_that_fails_leaves_the_batch_open():
    """No line, silence at the totals or at the end, an error flag, a code, a sale that is not settled, a held queue."""

    async def told(road, prepare=lambda till: None):
        till = Terminal(roads=[road])
        till.sell(10_000)
        prepare(till)
        came = await close(till)
        assert till.journal.counters.batch == mounted(till.flash).counters.batch == 1
        return came.reason if isinstance(came, Refused) else came

    def unsettled(till):
        till.sell(500, s.SILENT)

    def held(till):
        till.refund(till.sell(500), 100, s.HOLD)

    assert await told(Road("why.network_down")) == "why.network_down"
    assert await told(Road([SIGN_ON, None])) == "why.no_answer"
    assert await told(Road([SIGN_ON, flagged(1), None])) == "why.no_answer"
    assert await told(Road([SIGN_ON, flagged(3)])) == "refused.closing_error"
    assert await told(Road([SIGN_ON, answering(b"77")])) == "refused.closing"
    assert await told(Road([answering(b"96")])) == "why.sign_on"
    assert await told(Road("why.network_down"), unsettled) == "refused.closing_open"
    assert await told(closing_road(1), held) == "refused.closing_held"


async def test_L6_a_closing_believes_only_what_is_authentic():
    """A wrong MAC, or totals of another terminal, are no answer."""
    forged = lambda request: answer_to(request, b"00", key=bytes(16), f48=fields_of(request)[1][48][:30] + "1" + "0" * 31)  # noqa: E731
    other = lambda request: answer_to(request, b"00", f48="9" * 30 + "1" + "0" * 31)  # noqa: E731
    for answer in (forged, other):
        till = Terminal(roads=[Road([SIGN_ON, answer, None])])
        till.sell(10_000)
        assert await close(till) == "why.no_answer"
        assert till.journal.counters.batch == 1


async def test_the_acquirer_can_ask_for_a_sign_on():
    """By the request nibble of an answer's header, which no MAC covers, and before the next message."""

    def asking(nibble):
        def answer(request):
            frame = bytearray(answer_to(request))
            frame[9] |= nibble
            return bytes(frame)

        return answer

    road = Road([asking(3)], [answering(f60="00000004003"), answering()], [asking(5)])
    till = Terminal(roads=[road])
    sale = till.sell()
    first, second, third = [till.refund(sale, 100) for _ in range(3)]
    await till.forwarder.send(first)
    assert first.state == s.IS_DONE and till.forwarder.sign_on_due
    await till.forwarder.send(second)
    assert till.journal.counters.batch == 4 and not till.forwarder.sign_on_due
    assert [fields_of(request)[0] for request in road.sent] == ["0220", "0800", "0220"]
    await till.forwarder.send(third)
    assert till.forwarder.asks == 5


async def test_L6_an_answer_that_nothing_proves_makes_us_sign_on_and_no_more():
    """77 without a MAC of ours: the refund stays unknown."""
    road = Road([answering(b"77", f64=bytes(8)), None], [answering(f60="00000001003"), answering()])
    till = Terminal(roads=[road])
    refund = till.refund(till.sell(), 100)
    forged = answer_to(till.journal.message(refund), b"77", key=bytes(16))
    road.script[0] = [forged, None]
    await till.forwarder.send(refund)
    assert refund.state == s.IS_UNKNOWN and till.forwarder.sign_on_due
    await till.forwarder.send(refund)
    assert refund.state == s.IS_DONE and [fields_of(request)[0] for request in road.sent] == ["0220", "0800", "0220"]
