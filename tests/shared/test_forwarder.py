"""The one task that sends: what it sends, when, how often, and what it makes of what comes back."""

from parts import Card, NorFlash, Road, Terminal, answer_to, answering, loop, mounted, running, types_in
from raises import raises
from yuanlu.errors import Refused, StoreFull
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_SALE, KIND_VOID, Draft
from yuanlu.wire import iso8583

HOUR = 3_600_000
SILENCE = [None]
WRONG_KEY = lambda request: answer_to(request, key=bytes(16))  # noqa: E731
WRONG_AMOUNT = answering(f4="000000000299")


def at_work(*script, **changes):
    """A Terminal whose only road does what the script says, and a queued refund of 3.00."""
    road = Road(*script)
    till = Terminal(roads=[road], **changes)
    return till, road, till.refund(till.sell(10_000), 300)


async def settled(till, transaction, ms=HOUR):
    """Let the forwarder run until nothing more happens to it by itself."""
    deadline = loop.now + ms
    with running(till.forwarder.run):
        while loop.now < deadline and not (s.is_final(transaction.state) or transaction.state == s.IS_PARKED):
            await till.clock.sleep_ms(1000)


def name(transaction):
    """Its state in words."""
    return s.STATE_NAMES[transaction.state]


async def test_L1_what_goes_out_is_what_the_chip_holds():
    """And SENDING stands in the journal before the first byte is written."""
    till, road, refund = at_work([answering()])
    message = mounted(till.flash).message(mounted(till.flash).find_live(refund.number))
    noted = []

    def look(request):
        noted.append(mounted(till.flash).find_live(refund.number).state)
        return answer_to(request)

    road.script = [[look]]
    await till.forwarder.send(refund)
    assert road.sent == [message]
    assert noted == [s.IS_SENDING]
    assert (name(refund), refund.sends, road.open) == ("done", 1, 0)
    assert name(mounted(till.flash).transaction(refund.number)) == "done"


async def test_a_sale_or_void_of_a_closed_batch_is_the_last_one_that_is_refused_for_it():
    """The acquirer has closed the batch by itself: 77, and a sign-on tells the open one. So the next sale is not refused,
    too, and each one after it. A reversal stops a second copy, which is booked where that batch is open all the same."""
    for kind in (KIND_SALE, KIND_VOID):
        road = Road([answering(b"77")], [answering(f60="00000002003"), answering(b"25")], [answering()])
        till = Terminal(roads=[road])
        original = till.sell().number if kind == KIND_VOID else 0
        refused = till.desk.open(Draft(kind, 10_000, original=original, card=Card()))
        await till.forwarder.send(refused)
        assert (name(refused), till.forwarder.sign_on_due) == ("unknown", True)
        await till.forwarder.send(refused)
        assert (name(refused), till.forwarder.sign_on_due) == ("reversed", False)
        await till.forwarder.send(till.desk.open(Draft(KIND_SALE, 700, card=Card())))
        sent = [iso8583.decode(request[13:]) for request in road.sent]
        assert [message for message, _ in sent] == ["0200", "0800", "0400", "0200"]
        assert [fields[60][2:8] for _, fields in sent] == ["000001", "000001", "000001", "000002"]


async def test_L2_silence_sends_the_same_bytes_again_where_a_repeat_is_known():
    """Three times nothing, then the answer of the first."""
    till, road, refund = at_work(SILENCE, SILENCE, [b""], [answering()])
    await settled(till, refund)
    assert name(refund) == "done" and refund.sends == 4
    assert road.sent == [road.sent[0]] * 4


async def test_L2_silence_goes_to_a_person_where_a_repeat_is_booked_again():
    """One send, ever: not after an hour, not after a power-up, not when a line comes in."""
    till, road, refund = at_work(SILENCE, [answering()], [answering()], repeat="nothing")
    await settled(till, refund)
    assert (name(refund), refund.why) == ("parked", "why.no_answer")
    till = Terminal(till.flash, [road], repeat="nothing")
    till.forwarder.road_opened()
    refund = till.journal.find_live(refund.number)
    with running(till.forwarder.run):
        till.forwarder.send_now(refund)
        await till.clock.sleep_ms(HOUR)
    assert len(road.sent) == 1 and name(refund) == "parked"


async def test_L2_the_budget_ends_in_a_person():
    """As many sends as the config allows, counted over power-ups, and the waits between them grow."""
    till, road, refund = at_work(*[SILENCE] * 9, budget=4)
    await till.forwarder.send(refund)
    assert (name(refund), refund.sends) == ("unknown", 1)
    till = Terminal(till.flash, [road], budget=4)
    refund = till.journal.find_live(refund.number)
    await settled(till, refund)
    assert (name(refund), refund.sends, len(road.sent)) == ("parked", 4, 4)
    assert refund.why == "why.no_answer"


async def test_L6_silence_never_makes_a_refund_done_or_declined():
    """In any profile, however long it lasts."""
    for repeat in ("replays", "duplicate", "open_batch", "nothing"):
        till, _, refund = at_work(*[SILENCE] * 20, repeat=repeat)
        await settled(till, refund)
        assert name(refund) == "parked", repeat
        with raises(Refused):
            till.desk.withdraw(refund)
        assert till.journal.spent(refund.original) == 300


async def test_not_sent_leaves_it_queued_without_a_record():
    """No road: nothing is noted in flash, it may be withdrawn, and it goes when a road opens."""
    road, other = Road("why.network_down", "why.network_down"), Road("why.no_bridge", "why.no_bridge")
    till = Terminal(roads=[road, other])
    refund = till.refund(till.sell(), 300)
    before = till.flash.operations
    await till.forwarder.send(refund)
    assert (name(refund), refund.why, refund.sends) == ("queued", "why.network_down", 0)
    assert till.flash.operations == before and types_in(till.journal)[s.SENDING] == 1  # the sale's
    await till.forwarder.send(refund)
    assert refund.due - loop.now == 4000, "waits grow with every try"
    road.script.append([answering()])
    till.forwarder.road_opened()
    await settled(till, refund)
    assert (name(refund), other.sent, road.sent != []) == ("done", [], True)


async def test_no_road_puts_off_everything_that_waits():
    """One try a round, not one for each transaction: they would all meet the same dead line."""
    till, _, refund = at_work()
    other = till.refund(till.sell(), 100)
    await till.forwarder.send(refund)
    assert refund.due == other.due and other.why == refund.why == "why.no_connection"


async def test_L2_the_second_road_only_after_a_definite_failure():
    """The first opened and was silent: the second is not asked."""
    first, second = Road(SILENCE, "why.no_connection"), Road([answering()])
    till = Terminal(roads=[first, second])
    refund = till.refund(till.sell(), 300)
    await till.forwarder.send(refund)
    assert (name(refund), len(first.sent), second.connects) == ("unknown", 1, 0)
    await settled(till, refund)
    assert name(refund) == "done" and second.sent == first.sent


async def test_withdrawn_while_the_road_was_being_opened():
    """Not one byte leaves, and no record says that one might have."""
    till, road, refund = at_work([answering()])
    road.before_connect = lambda: till.desk.withdraw(refund)
    await till.forwarder.send(refund)
    assert (name(refund), road.sent, road.open) == ("withdrawn", [], 0)
    assert types_in(till.journal)[s.SENDING] == 1  # the sale's


async def test_L6_an_answer_with_a_wrong_mac_is_passed_over():
    """The right one behind it counts; alone it is silence."""
    till, _, refund = at_work([WRONG_KEY, answering()])
    await till.forwarder.send(refund)
    assert name(refund) == "done"
    till, _, refund = at_work([WRONG_KEY, WRONG_KEY, None])
    await till.forwarder.send(refund)
    assert name(refund) == "unknown"


async def test_an_answer_to_an_earlier_message_is_passed_over():
    """A late answer to the sale, then the one to the refund."""
    till, road, refund = at_work()
    sale = till.sell(100, s.PERSON)
    late = answer_to(till.journal.message(sale))
    road.script = [[late, answering()]]
    await till.forwarder.send(refund)
    assert name(refund) == "done"


async def test_L6_an_amount_that_differs_is_an_alarm():
    """Approved or declined: a person looks at it, it counts against the sale, nothing goes again."""
    for code in (b"00", b"05"):
        till, road, refund = at_work([answering(code, f4="000000000299")], [answering()])
        await settled(till, refund)
        assert (name(refund), refund.why, len(road.sent)) == ("parked", "why.amount", 1)
        assert till.journal.spent(refund.original) == 300


async def test_a_first_no_is_a_no():
    """Declined frees the cap and is not sent again."""
    till, road, refund = at_work([answering(b"05")], [answering()])
    await settled(till, refund)
    assert (name(refund), refund.code, len(road.sent)) == ("declined", b"05", 1)
    assert till.desk.left(till.journal.sale(refund.original)) == 10_000


async def test_L6_a_no_to_a_repeat_counts_only_where_the_profile_says_so():
    """Kind a replays its first answer; kind b says that it knows the message and no more; and 51 is for a person everywhere."""
    for repeat, code, ends in (
        ("replays", b"05", "declined"),
        ("open_batch", b"05", "declined"),
        ("duplicate", b"05", "parked"),
        ("duplicate", b"94", "parked"),
        ("replays", b"51", "parked"),
        ("replays", b"Q7", "parked"),
        ("duplicate", b"00", "done"),
    ):
        signs_on = [answering()] if repeat == "open_batch" else []
        till, road, refund = at_work(SILENCE, signs_on + [answering(code)], repeat=repeat)
        await settled(till, refund)
        assert (name(refund), len(road.sent)) == (ends, 2 + len(signs_on)), (repeat, code)


async def test_later_is_sent_again_and_ends_with_the_budget():
    """The same bytes; nothing was booked, so the first column still counts."""
    till, road, refund = at_work([answering(b"91")], [answering(b"91")], [answering(b"05")])
    await settled(till, refund)
    assert (name(refund), len(road.sent), road.sent[0] == road.sent[2]) == ("declined", 3, True)
    till, road, refund = at_work(*[[answering(b"91")]] * 9, budget=3)
    await settled(till, refund)
    assert (name(refund), len(road.sent)) == ("parked", 3)


async def test_L6_in_progress_is_silence():
    """Codes that say "not known" are handled as if nothing had come."""
    till, road, refund = at_work([answering(b"96")], [answering()])
    await till.forwarder.send(refund)
    assert name(refund) == "unknown" and refund.doubt
    till, road, refund = at_work([answering(b"96")], [answering()], repeat="nothing")
    await settled(till, refund)
    assert (name(refund), len(road.sent)) == ("parked", 1)


async def test_L2_power_went_while_it_was_sent():
    """SENDING without an end is silence: asked again where a repeat is known, else a person."""
    for repeat, ends in (("replays", "unknown"), ("nothing", "parked")):
        till, _, refund = at_work(repeat=repeat)
        till.desk.sending(refund, 1)
        till = Terminal(till.flash, [Road()], repeat=repeat)
        refund = till.journal.find_live(refund.number)
        assert name(refund) == "sending"
        till.forwarder.recover()
        assert (name(refund), refund.doubt) == (ends, True)
        assert refund.why == ("why.power" if ends == "parked" else None)
        assert name(mounted(till.flash).find_live(refund.number)) == ends


async def test_L2_a_profile_that_trusts_repeats_no_longer_sends_nothing_again():
    """The settings were changed between two lives: what is unknown goes to a person, not out."""
    till, _, refund = at_work(SILENCE)
    await till.forwarder.send(refund)
    assert name(refund) == "unknown"
    road = Road([answering()])
    till = Terminal(till.flash, [road], repeat="nothing")
    refund = till.journal.find_live(refund.number)
    await settled(till, refund)
    assert (name(refund), road.sent) == ("parked", [])


async def test_L2_the_forwarder_begins_with_what_power_left_unfinished():
    """The same bytes go again by themselves after power-up, and it is done."""
    till, _, refund = at_work()
    till.desk.sending(refund, 1)
    message, road = till.journal.message(refund), Road([answering()])
    till = Terminal(till.flash, [road])
    refund = till.journal.find_live(refund.number)
    await settled(till, refund)
    assert (name(refund), road.sent) == ("done", [message])


async def test_L2_other_settings_ask_before_anything_goes_again():
    """Silent under a profile that knows repeats, restarted under one that can be asked and books repeats again."""
    till, _, refund = at_work(SILENCE)
    await till.forwarder.send(refund)
    road = Road([answering()], [answering(b"00")])
    till = Terminal(till.flash, [road], repeat="nothing", query=1)
    refund = till.journal.find_live(refund.number)
    await settled(till, refund)
    assert name(refund) == "done" and [message[13:15] for message in road.sent] == [b"\x06\x00"]


async def test_a_send_whose_end_could_not_be_written_is_silence():
    """Not only after a power-up: it goes on by itself."""
    till, road, refund = at_work([answering()], [answering()])
    note, failed = till.desk.note, []

    def note_or_fail(transaction, verdict, answer=None):
        if not failed:
            failed.append(1)
            raise StoreFull("no room")
        note(transaction, verdict, answer)

    till.desk.note = note_or_fail
    await settled(till, refund)
    assert (name(refund), len(road.sent), road.sent[0]) == ("done", 2, road.sent[1])


async def test_what_came_of_one_errand_is_not_told_of_another():
    """A person leaves a slow line test and asks for the batch to be closed."""
    till = at_work(SILENCE)[0]
    with running(till.forwarder.run):
        assert await till.forwarder.run_errand("echo", 10) is None
        with raises(Refused) as caught:
            await till.forwarder.run_errand("closing", 10)
        assert caught.value.reason == "refused.busy"


async def test_recovery_alone_writes_nothing_for_what_was_never_sent():
    """A boot loop with a full list costs nothing; everything waits a random while before it goes."""
    till, _, refund = at_work()
    before = till.flash.operations
    for _ in range(5):
        till = Terminal(till.flash, [Road()])
        till.forwarder.recover()
        till.forwarder.schedule.all()
    assert till.flash.operations == before
    assert till.journal.find_live(refund.number).due == loop.now + 60_000, "anywhere within the cap: no herd after a blackout"


async def test_one_refund_after_the_other_of_one_sale():
    """The second is not sent while the first is not known."""
    till, road, first = at_work(SILENCE, [answering()], [answering()])
    second = till.refund(till.journal.sale(first.original), 200)
    await settled(till, second)
    assert (name(first), name(second)) == ("done", "done")
    assert road.sent[0] == road.sent[1] != road.sent[2]


async def test_a_sale_without_an_answer_is_reversed():
    """With its own message, recorded first; then nothing stands at the acquirer."""
    till, road, refund = at_work(SILENCE, [answering()], [answering()])
    till.desk.withdraw(refund)
    sale = till.sell(500, s.SILENT)
    road.script = [[answering()]]
    await settled(till, sale)
    assert name(sale) == "reversed" and len(road.sent) == 1
    message_type, fields = iso8583.decode(road.sent[0][13:])
    assert (message_type, int(fields[11]), int(fields[4]), fields[39]) == ("0400", sale.trace, 500, b"98")


async def test_L6_a_reversal_without_an_end_goes_to_a_person_after_three_tries():
    """The same bytes each time; other work goes on only then."""
    till, road, refund = at_work()
    sale = till.sell(500, s.SILENT)
    road.script = [SILENCE, SILENCE, [answering(b"05")], [answering()]]
    await settled(till, refund)
    assert (name(sale), name(refund)) == ("parked", "done")
    assert road.sent[0] == road.sent[1] == road.sent[2] != road.sent[3]


async def test_a_refund_is_asked_after_where_the_acquirer_can_be_asked():
    """Not before its message can no longer arrive; booked is done, and nothing goes again."""
    till, road, refund = at_work(SILENCE, [answering()], query=1, repeat="nothing", ask_ms=60_000)
    await till.forwarder.send(refund)
    assert name(refund) == "asking" and refund.due >= loop.now + 60_000
    await settled(till, refund)
    assert name(refund) == "done" and [message[13:15] for message in road.sent] == [b"\x02\x20", b"\x06\x00"]


async def test_L2_not_booked_lets_it_go_again():
    """The same bytes where a repeat is known, else a new attempt."""
    for repeat in ("replays", "duplicate", "nothing"):
        till, road, refund = at_work(SILENCE, [answering(b"25")], [answering()], query=1, repeat=repeat)
        await settled(till, refund)
        assert name(refund) == "done" and (road.sent[0] == road.sent[2]) == (repeat != "nothing")


async def test_L2_not_now_lets_the_same_bytes_go_again_only_where_a_repeat_is_known():
    """An older "not now" that comes once more would pass for the answer to them, and the next repeat would be booked again."""
    for repeat in ("replays", "nothing"):
        till, road, refund = at_work([answering(b"91")], [answering()], query=0, repeat=repeat)
        await settled(till, refund)
        assert name(refund) == "done" and (road.sent[0] == road.sent[1]) == (repeat != "nothing")


async def test_L2_not_now_again_and_again_ends_with_a_person_whatever_the_attempt():
    for repeat in ("replays", "nothing"):
        till, road, refund = at_work(*[[answering(b"91")]] * 60, query=0, repeat=repeat, budget=4)
        await settled(till, refund, 24 * HOUR)
        assert (name(refund), len(road.sent)) == ("parked", 4)


async def test_L2_a_new_attempt_waits_until_another_batch_is_open():
    """77, and sign-ons name the same batch, which is being closed: a second copy of the first message may be on its way."""
    same = [answering(f60="00000001003")]
    till, road, refund = at_work([answering(b"77")], same, same, [answering(f60="00000002003"), answering()], repeat="nothing")
    await settled(till, refund)
    assert (name(refund), refund.batch, len(road.sent)) == ("done", 2, 5)
    till, road, refund = at_work([answering(b"77")], *[same] * 60, repeat="nothing", budget=4)
    await settled(till, refund, 24 * HOUR)
    assert (name(refund), len(road.sent)) == ("parked", 5) and not till.journal.find_live(refund.number).stale


async def test_L6_an_answer_to_a_query_that_says_neither_is_for_a_person():
    """Another amount, another code."""
    for answer in (answering(b"94"), answering(b"05"), WRONG_AMOUNT):
        till, road, refund = at_work(SILENCE, [answer], query=1)
        await settled(till, refund)
        assert (name(refund), len(road.sent)) == ("parked", 2)


async def test_L6_an_acquirer_that_cannot_tell_yet_is_asked_again():
    """Until it tells, as often as the budget allows; then a person is."""
    till, road, refund = at_work(SILENCE, [answering(b"96")], [answering(b"09")], [answering()], query=1, budget=4)
    await settled(till, refund)
    assert (name(refund), len(road.sent)) == ("done", 4)
    till, road, refund = at_work(SILENCE, *[[answering(b"96")]] * 30, query=1, budget=4)
    await settled(till, refund, 24 * HOUR)
    assert (name(refund), len(road.sent)) == ("parked", 5)


async def test_the_budget_bounds_asking_and_sending_in_turn():
    """Not booked, sent again, no answer, asked, not booked ...: it ends with a person."""
    for repeat in ("nothing", "duplicate"):
        await end_of_asking_in_turn(repeat)


async def end_of_asking_in_turn(repeat):
    till, road, refund = at_work(*[SILENCE, [answering(b"25")]] * 30, query=1, repeat=repeat, budget=4)
    await settled(till, refund, 24 * HOUR)
    assert name(refund) == "parked", (name(refund), len(road.sent))
    assert len([1 for message in road.sent if message[13:15] == b"\x02\x20"]) <= 4


async def test_a_query_that_nobody_answers_ends_with_a_person():
    """Asked as often as the budget allows, not every half minute for ever."""
    till, road, refund = at_work(*[SILENCE] * 60, query=1, budget=4)
    await settled(till, refund, 24 * HOUR)
    assert name(refund) == "parked", (name(refund), len(road.sent))


async def test_L2_another_batch_means_sign_on_and_a_new_attempt():
    """Refused unseen: new trace and batch, the same refund number, and then it is done."""
    till, road, refund = at_work([answering(b"77")], [answering(f60="00000007003"), answering()])
    first = till.journal.message(refund)
    await settled(till, refund)
    assert (name(refund), refund.batch, refund.attempt) == ("done", 7, 2)
    assert [message[13:15] for message in road.sent] == [b"\x02\x20", b"\x08\x00", b"\x02\x20"]
    assert road.sent[0] == first and road.sent[2] != first
    before, after = iso8583.decode(first[13:])[1], iso8583.decode(road.sent[2][13:])[1]
    assert after[57][:24] == before[57][:24] and after[11] > before[11]


async def test_the_budget_bounds_new_attempts():
    """An acquirer that never likes the batch does not use up traces and flash."""
    till, road, refund = at_work([answering(b"77")], *[[answering(f60="00000007003"), answering(b"77")]] * 40, budget=4)
    await settled(till, refund, 4 * HOUR)
    assert name(refund) == "parked", (name(refund), len(road.sent))


async def test_no_erase_while_an_answer_is_awaited():
    """Wherever in a sector the exchange begins."""
    flash = NorFlash(6, 4096, 16)
    road = Road()
    till = Terminal(flash, [road])
    erases = []

    def watched(request):
        erases.append(flash.erases)
        assert till.journal.log.quiet
        return answer_to(request)

    for _ in range(40):
        refund = till.refund(till.sell(100), 10)
        road.script.append([watched])
        await till.forwarder.send(refund)
        assert not till.journal.log.quiet
        assert name(refund) == "done"
    assert flash.erases > 6 and len(erases) == 40


async def test_the_outcome_is_waited_for_and_nothing_more():
    """It returns when settled, when a person is needed, when it cannot go now, and when time is over."""
    for script, ends in (([[answering()]], "done"), (["why.no_connection"], "queued"), ([SILENCE, SILENCE], "sending")):
        till, _, refund = at_work(*script)
        with running(till.forwarder.run):
            await till.clock.sleep_ms(1)
            till.forwarder.send_now(refund)
            before = loop.now
            await till.forwarder.outcome(refund, 45_000)
        assert name(refund) == ends
        assert loop.now - before == (45_000 if ends == "sending" else 0), ends


async def test_the_forwarder_sleeps_while_nothing_is_due():
    """It does not turn round and round beside a refund that waits for another."""
    till, _, first = at_work(SILENCE)
    second = till.refund(till.journal.sale(first.original), 100)
    await till.forwarder.send(first)
    first.due, second.due = loop.now + 50_000, loop.now
    turns = []
    wait = till.clock.wait

    async def counted(event, ms):
        if len(turns) < 100:
            turns.append(ms)
        return await wait(event, ms)

    till.clock.wait = counted
    till.forwarder.schedule.all = lambda: None
    with running(till.forwarder.run):
        await till.clock.sleep_ms(49_000)
    assert len(turns) < 10, turns[:5]


async def test_a_line_test_tells_what_came_of_it():
    """An echo over the road that opens; no money, no record."""
    for script, says in (([answering()], "line.works"), (SILENCE, "why.no_answer"), ("why.network_down", "why.network_down")):
        road = Road(script)
        till = Terminal(roads=[road])
        with running(till.forwarder.run):
            assert await till.forwarder.run_errand("echo", 60_000) == says
        assert till.flash.operations == 0
        assert [message[13:15] for message in road.sent] == ([] if says == "why.network_down" else [b"\x08\x20"])


async def test_L2_a_repeat_is_not_sent_into_a_batch_that_was_closed():
    """Kind d books it again then: the terminal asks which batch is open before each repeat, and a person finds out."""
    till, road, refund = at_work(SILENCE, [answering(f60="00000002003"), answering()], repeat="open_batch")
    await settled(till, refund)
    assert (name(refund), len(road.sent)) == ("parked", 2)


async def test_a_query_is_never_asked_sooner_because_a_line_is_down():
    """What is not booked yet may still arrive: the wait before a query outlives a dead line."""
    till, _, refund = at_work(SILENCE, query=1, ask_ms=60_000, cap_ms=1000)
    await till.forwarder.send(refund)
    due = refund.due
    assert due - loop.now >= 60_000
    till.forwarder.schedule.put_off("why.network_down")
    assert refund.due == due


async def test_L7_without_another_trace_a_refund_waits_with_its_reason():
    """Traces are used up when the batch asks for a new attempt: the forwarder lives, and the list says why."""
    till, road, refund = at_work([answering(b"77")], *[[answering(f60="00000007003")]] * 40)
    till.journal.counters.trace = 999_999
    await settled(till, refund, 600_000)
    assert (name(refund), refund.stale, refund.why) == ("queued", True, "refused.traces_used_up")
    assert types_in(till.journal)[s.ATTEMPT] == 0 and 1 < len(road.sent) < 41


async def test_L3_what_something_lost_may_have_settled_waits_for_a_person():
    """Nothing is sent by itself below `unsure`, and the list says why."""
    till, road, refund = at_work([answering()])
    till.journal.log.unsure = till.journal.log.number
    await settled(till, refund, 600_000)
    assert (name(refund), refund.why, road.sent) == ("queued", "refused.journal_damaged", [])
