"""What a person decides, what is learnt too late, and how the queue is held: through desk, journal and power cuts."""

from parts import APPROVED, REACHES, Card, NorFlash, PowerCut, Road, Terminal, answering, mounted, stay
from raises import raises
from yuanlu.errors import Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, ROAD_WALLET, Draft
from yuanlu.store import pending
from yuanlu.wire import iso8583

stay("yuanlu.store.history", "yuanlu.wire.messages", "yuanlu.crypto.dukpt", "yuanlu.store.opening", "yuanlu.store.mount")

EVIDENCE = b"112210150700"


def parked(till, amount=300):
    """A refund that a person has to find out about, of a sale of its own."""
    return till.refund(till.sell(), amount, s.PERSON)


def again(till):
    """The same chip, in a new life."""
    return Terminal(till.flash)


def state_of(till, number):
    """Open or settled, by name."""
    found = till.journal.find_live(number) or till.journal.transaction(number)
    return found and s.STATE_NAMES[found.state]


def test_L3_L5_a_person_who_found_it_done_settles_it_with_the_evidence():
    """Its amount counts for ever, after any number of lives; the slip is owed."""
    till = Terminal()
    refund = parked(till)
    till.desk.resolve(refund, True, 7, EVIDENCE)
    assert s.STATE_NAMES[refund.state] == "resolved_done" and refund not in till.journal.live
    for _ in range(2):
        till = again(till)
        assert state_of(till, refund.number) == "resolved_done"
        assert till.journal.spent(refund.original) == 300
        owed = next(t for t in till.journal.owed if t.number == refund.number)
        record = till.journal.log.chip.read(owed.rests_on[0][1])
        assert (record.body().operator, record.body().rrn) == (7, EVIDENCE)
        till.sell(100)


def test_L3_a_person_may_say_that_another_amount_was_booked_within_the_sale():
    """A sale of 100.00, 2.00 of it given back beside: 98.00 at most. What is said counts from then on."""
    till = Terminal()
    refund = parked(till)
    other = till.refund(till.journal.sale(refund.original), 200, s.PERSON)
    with raises(Refused) as caught:
        till.desk.resolve(refund, True, 7, EVIDENCE, 9801)
    assert caught.value.args[0] == "refused.over_cap"
    assert till.journal.find_live(refund.number) is refund and till.journal.spent(refund.original) == 500
    till.desk.resolve(refund, True, 7, EVIDENCE, 9800)
    till.desk.resolve(other, True, 7, EVIDENCE, 100)
    assert till.journal.spent(refund.original) == 9900 and again(till).journal.spent(refund.original) == 9900


def test_a_sale_that_a_person_found_done_is_refunded_by_its_rrn_alone():
    """Evidence that is no RRN cannot name the sale to the acquirer; the approval code is left open with zeros."""

    def found(evidence):
        till = Terminal()
        sale = till.sell(500, s.SILENT)
        till.desk.reverse(sale, b"98")
        till.desk.sending(sale, 1)
        till.desk.note(sale, s.PERSON)
        till.desk.resolve(sale, True, 7, evidence)
        return till, till.journal.sale(sale.number)

    till, sale = found(EVIDENCE)
    fields = iso8583.decode(till.journal.message(till.refund(sale, 100))[13:])[1]
    assert (fields[37], fields[38]) == (EVIDENCE, b"000000")
    till, sale = found(b"case 4711")
    with raises(Refused) as caught:
        till.refund(sale, 100)
    assert caught.value.reason == "refused.no_reference"


def test_L3_a_person_who_found_it_not_done_frees_its_amount():
    """And the record says who, and on what evidence."""
    till = Terminal()
    refund = parked(till, 10_000)
    with raises(Refused):
        till.desk.left(till.journal.sale(refund.original))
    till.desk.resolve(refund, False, 7, b"case 4711")
    till = again(till)
    assert state_of(till, refund.number) == "resolved_not_done"
    assert till.desk.left(till.journal.sale(refund.original)) == 10_000


def test_L6_nobody_decides_about_what_is_on_its_way_or_without_evidence():
    """Queued is withdrawn; sending is waited for; settled is settled."""
    till = Terminal()
    refund = till.refund(till.sell(), 300)
    for evidence, reason in ((EVIDENCE, "refused.on_its_way"), (b"", "refused.on_its_way")):
        with raises(Refused) as caught:
            till.desk.resolve(refund, True, 7, evidence)
        assert caught.value.reason == reason
    till.desk.sending(refund, 1)
    with raises(Refused):
        till.desk.resolve(refund, False, 7, EVIDENCE)
    till.desk.note(refund, s.PERSON, APPROVED)
    for evidence in (b"", b"x" * 19):
        with raises(Refused) as caught:
            till.desk.resolve(refund, False, 7, evidence)
        assert caught.value.reason == "refused.evidence"
    till.desk.resolve(refund, False, 7, EVIDENCE)
    with raises(Refused):
        till.desk.resolve(refund, True, 7, EVIDENCE)


def test_L8_no_number_as_long_as_a_cards_is_kept_as_evidence():
    """Whether its check digit is right or not, whatever stands between its digits; nothing is written. Control: an RRN with a
    case."""
    till = Terminal()
    refund = parked(till)
    desk, newest = till.desk, till.journal.log.newest
    long = (b"4111111111111112", b"no 411111111111111", b"4111-1111 11111112", b"41111111.11111111", b"41111111  11111111")
    long += (b"4_1/111:11,11;1111", b"411111a1111111111")
    for evidence, first in zip(long, (1, 4, 1, 1, 1, 1, 1)):
        for decide in (
            lambda e: desk.resolve(refund, True, 254, e),
            lambda e: desk.resolve(refund, False, 254, e),
            lambda e: desk.again(refund, 254, e),
            lambda e: desk.release(254, e),
            lambda e: desk.visiting("yuanlu.resolving", "hold", 254, e),
        ):
            with raises(Refused) as caught:
                decide(evidence)
            assert (caught.value.reason, caught.value.details) == ("refused.evidence_card", (first,)), evidence
    assert till.journal.log.newest == newest
    desk.visiting("yuanlu.resolving", "hold", 254, b"112210150700 case")
    desk.release(254, b"case 123456/012345")
    desk.resolve(refund, False, 254, EVIDENCE + b"  case")
    assert state_of(till, refund.number) == "resolved_not_done"


async def test_L2_a_new_attempt_is_made_by_a_persons_recorded_decision():
    """The refund's number stays; trace and bytes are new; the old bytes never go again, whatever happens in between."""
    road = Road([answering(f60="00000001003"), answering()])
    till = Terminal(roads=[road])
    refund = parked(till)
    old = till.journal.message(refund)
    till.desk.again(refund, 7, EVIDENCE)
    till = Terminal(till.flash, roads=[road])
    refund = till.journal.find_live(refund.number)
    assert (s.STATE_NAMES[refund.state], refund.stale) == ("queued", True)
    with raises(Refused):
        till.desk.withdraw(refund)
    await till.forwarder.send(refund)
    assert (s.STATE_NAMES[refund.state], refund.attempt) == ("done", 2)
    assert old not in road.sent and road.sent[-1][13:15] == b"\x02\x20"


def test_L2_no_new_attempt_of_what_is_no_refund_or_is_settled():
    """A sale is charged again by the customer's card alone; an alarm is for a person to the end."""
    till = Terminal()
    sale = till.sell(500, s.SILENT)
    till.desk.reverse(sale, b"98")
    for _ in range(3):
        till.desk.sending(sale, 1)
        till.desk.note(sale, s.SILENT)
    till.desk.sending(sale, 1)
    till.desk.note(sale, s.PERSON)
    with raises(Refused) as caught:
        till.desk.again(sale, 7, EVIDENCE)
    assert caught.value.reason == "refused.no_new_attempt"
    refund = parked(till)
    till.desk.note(refund, s.OTHERWISE, APPROVED)
    with raises(Refused):
        till.desk.again(till.journal.find_live(refund.number), 7, EVIDENCE)


def test_L6_a_late_approval_of_what_was_resolved_as_not_done_is_an_alarm_and_a_case():
    """Its amount counts again, though it was given back otherwise since; it stands on the list until a person closes it."""
    till = Terminal()
    refund = parked(till, 10_000)
    till.desk.resolve(refund, False, 7, EVIDENCE)
    other = till.refund(till.journal.sale(refund.original), 10_000, s.DONE)
    till.desk.printed(other)
    for sold in range(40):  # what is left of it has long gone from the ring
        till.sell(100 + sold)
    till.desk.note(refund, s.OTHERWISE, APPROVED)
    for _ in range(2):
        case = till.journal.find_live(refund.number)
        assert (s.STATE_NAMES[case.state], case.alarm, case.booked) == ("parked", True, APPROVED.amount)
        assert till.journal.spent(refund.original) == 20_000
        till = again(till)
        till.sell(100)
    till.desk.resolve(till.journal.find_live(refund.number), True, 7, EVIDENCE)
    till = again(till)
    assert not till.journal.live and state_of(till, refund.number) == "resolved_done"


def test_L5_L6_decisions_and_alarms_outlive_a_cut_at_every_operation():
    """Before the record stands nothing was decided, after it all is; nothing else is lost."""
    steps = (
        (lambda till, refund: till.desk.resolve(refund, True, 7, EVIDENCE), "resolved_done"),
        (lambda till, refund: till.desk.resolve(refund, False, 7, EVIDENCE), "resolved_not_done"),
        (lambda till, refund: till.desk.again(refund, 7, EVIDENCE), "queued"),
        (lambda till, refund: till.desk.note(refund, s.OTHERWISE, APPROVED), "parked"),
    )
    till = Terminal(NorFlash(5, 4096, 16))
    refund = parked(till)
    image = till.flash.snapshot()
    for step, after in steps:
        seen = []
        for operation in range(1, 30):
            till.flash.restore(image)
            till = again(till)
            till.flash.cut = (operation, operation % len(REACHES))
            try:
                step(till, till.journal.find_live(refund.number))
            except PowerCut:
                pass
            till.flash.power_on()
            till = again(till)
            seen.append(state_of(till, refund.number))
            assert till.journal.spent(refund.original) in (0, 300)
        assert seen.count(after) > 3 and all(state in (after, "parked") for state in seen), seen


async def test_a_held_queue_waits_for_a_person_and_goes_on_when_released():
    """97: this terminal is not known. Nothing else is tried; after the release it goes as a new attempt, since
    this answer may be given to the same bytes for ever."""
    road = Road([answering(b"97")], [answering(f60="00000001003"), answering()], [answering()])
    till = Terminal(roads=[road])
    first, second = till.refund(till.sell(), 100), till.refund(till.sell(), 200)
    await till.forwarder.send(first)
    assert s.STATE_NAMES[first.state] == "held"
    till = Terminal(till.flash, roads=[road])
    first, second = [till.journal.find_live(t.number) for t in (first, second)]
    assert first.due is None and not till.forwarder.journal.find_live(second.number).sends
    till.desk.release(7, EVIDENCE)
    assert s.STATE_NAMES[first.state] == "waiting"
    await till.forwarder.send(first)
    await till.forwarder.send(second)
    assert [s.STATE_NAMES[t.state] for t in (first, second)] == ["done", "done"]
    assert road.sent[0] != road.sent[2] and first.attempt == 2


def test_L5_a_persons_hold_outlives_a_cut_at_every_operation_and_every_sector():
    """Carried from sector to sector like what is unsettled, until it is released; the control is the journal without it."""
    till = Terminal(NorFlash(5, 4096, 16))
    refund = till.refund(till.sell(), 300)
    assert not till.journal.held and refund in pending.eligible(till.journal)
    image = till.flash.snapshot()
    seen = []
    for operation in range(1, 30):
        till.flash.restore(image)
        till = again(till)
        till.flash.cut = (operation, operation % len(REACHES))
        try:
            till.desk.visiting("yuanlu.resolving", "hold", 254, b"case 1")
        except PowerCut:
            pass
        till.flash.power_on()
        till = again(till)
        seen.append(len(till.journal.held))
        assert bool(pending.eligible(till.journal)) != bool(till.journal.held)
        assert s.STATE_NAMES[till.journal.find_live(refund.number).state] == "queued"
    assert seen.count(1) > 3 and seen.count(0) > 3, seen
    for _ in range(100):
        till.sell()
    held = till.journal.held
    assert held[0][3].rstrip(b"\0") == b"case 1" and not pending.eligible(till.journal)
    till = again(till)
    assert till.journal.held == held and not till.journal.trouble
    till.desk.release(7, b"mended")
    assert till.journal.held, "what a technician holds no supervisor lets go"
    till.desk.release(254, b"mended")
    assert not till.journal.held and pending.eligible(till.journal)
    assert not again(till).journal.held


def test_where_no_refund_may_wait_for_a_line_one_may_go_over_it():
    """`offline_count` 0 refused every refund, with a line and without."""
    till = Terminal(offline_count=0)
    sale = till.sell()
    till.desk.is_offline = lambda: True
    assert till.desk.refunds_left() == 0
    with raises(Refused) as caught:
        till.refund(sale, 100)
    assert caught.value.reason == "refused.offline_count"
    till.desk.is_offline = lambda: False
    assert till.desk.refunds_left() == 1
    till.refund(sale, 100)
    with raises(Refused):
        till.refund(sale, 100)


def test_offline_refunds_have_their_limits():
    """How many may wait, and how much one may be while there is no line; a supervisor may more. What waits stays, for days."""
    till = Terminal(offline_count=2, offline_amount=200)
    till.desk.is_offline = lambda: True
    sale = till.sell()

    def refund(amount, approver=0):
        return till.desk.open(Draft(KIND_REFUND, amount, original=sale.number, approver=approver))

    with raises(Refused) as caught:
        refund(201)
    assert caught.value.reason == "refused.offline_amount" and caught.value.details == ("2.00",)
    refund(201, True)
    refund(200)
    with raises(Refused) as caught:
        refund(1, True)
    assert caught.value.reason == "refused.offline_count" and caught.value.details == (2,)
    assert len(mounted(till.flash).live) == 2
    till.desk.is_offline = lambda: False
    till.settle(till.journal.live[0], s.DONE)
    assert refund(300)


def wallet_sale(till, amount=10_000):
    """A done sale that came by a wallet."""
    return till.settle(till.desk.open(Draft(KIND_SALE, amount, card=Card(), road=ROAD_WALLET)), s.DONE)


def test_a_wallets_rules_are_kept_before_anything_is_sent():
    """How often, how soon after another, how long after the sale, and never by a clock that nobody trusts. T-120, T-134."""
    till = Terminal(wallet_parts=2, wallet_gap_s=60, wallet_days=365)
    sale = wallet_sale(till)
    assert till.journal.sale(sale.number).road == ROAD_WALLET
    now = [20261122, 101507, 1]
    till.clock.now = now

    def reason():
        with raises(Refused) as caught:
            till.refund(sale, 100)
        return caught.value.reason

    till.refund(sale, 100, s.DONE)
    assert reason() == "refused.wallet_gap"
    now[1] = 101606
    assert reason() == "refused.wallet_gap"
    now[1] = 101607
    assert till.refund(sale, 100, s.DONE).road == ROAD_WALLET
    assert reason() == "refused.wallet_parts"
    other = wallet_sale(till)
    sale, now[2] = other, 0
    assert reason() == "refused.clock"
    now[0], now[2] = 20271123, 1
    assert reason() == "refused.wallet_days"
    now[0] = 20271122
    till.refund(sale, 100)


async def test_L6_a_wallets_refund_is_asked_until_the_money_has_gone_back():
    """Accepted, in progress twice, done: at its times, by queries of its own."""
    road = Road([answering()], [answering(b"09")], [answering(b"09")], [answering()])
    till = Terminal(roads=[road], repeat="nothing")
    sale = wallet_sale(till)
    refund = till.refund(sale, 300)
    start = till.clock.ticks_ms()
    times = []
    await till.forwarder.send(refund)
    assert s.STATE_NAMES[refund.state] == "accepted" and till.journal.spent(sale.number) == 300
    while s.STATE_NAMES[refund.state] == "accepted" and len(times) < 9:
        await till.clock.sleep_ms(refund.due - till.clock.ticks_ms())
        times.append((till.clock.ticks_ms() - start) // 1000)
        await till.forwarder.send(refund)
    assert s.STATE_NAMES[refund.state] == "done" and len(times) == 3
    assert 60 <= times[0] < 65 and times[1] - times[0] == 240 and times[2] - times[1] == 300, times
    assert [request[13:15] for request in road.sent] == [b"\x02\x20", b"\x06\x00", b"\x06\x00", b"\x06\x00"]


async def test_L6_an_approval_that_comes_after_a_persons_no_is_an_alarm():
    """The query was on its way while the person decided."""
    till = Terminal(query=1, ask_ms=1)
    refund = till.refund(till.sell(), 300, s.ASK)

    def late(request):
        till.desk.resolve(refund, False, 7, EVIDENCE)
        return answering()(request)

    till.channel.roads.append(Road([late]))
    await till.forwarder.send(refund)
    case = till.journal.find_live(refund.number)
    assert case.alarm and s.STATE_NAMES[case.state] == "parked"
    assert again(till).journal.spent(refund.original) == 300
