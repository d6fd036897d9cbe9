"""Attacks on "exactly once" that got through once: what must hold, whatever line, acquirer, person and settings do."""

from parts import APPROVED, Card, NorFlash, Road, Terminal, answering, loop, running, types_in
from raises import raises
from session_host import Host, a_terminal
from yuanlu.errors import BadConfig, Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_SALE, KIND_VOID, ROAD_WALLET, Draft
from yuanlu.wire import iso8583

EVIDENCE = b"112210150700"
FIRST, SECOND = answering(f60="00000001003"), answering(f60="00000002003")  # a sign-on: that batch is open
REFUND, QUERY = b"\x02\x20", b"\x06\x00"


def name(transaction):
    """Its state in words."""
    return s.STATE_NAMES[transaction.state]


def attempt_of(request):
    """What an acquirer knows an attempt by."""
    fields = iso8583.decode(request[13:])[1]
    return bytes(request[13:15]), fields[60][2:8], fields[11]


class Books:
    """For the script of a Road. `first` answers and keeps that answer; `booking` books a request and says something: `older` is
    the answer that was kept, to the byte. `booked` has the attempts of which money moved, each once where `known`, as they are
    known by kinds a, b and d."""

    def __init__(self, said, known=True):
        self.said, self.known = said, known
        self.booked, self.kept = [], b""

    def first(self, request):
        """The true answer to the first send: nothing is booked."""
        self.kept = self.said(request)
        return self.kept

    def older(self, request):
        """The line brings it once more."""
        return self.kept

    def booking(self, said):
        """It is booked, and that is what comes back."""

        def heard(request):
            attempt = attempt_of(request)
            if not (self.known and attempt in self.booked):
                self.booked.append(attempt)
            return said(request)

        return heard


async def test_L2_not_now_twice_and_a_closed_batch_make_no_second_booking():
    """91; the same bytes go again and are booked, but the 91 of the first comes once more; then the batch closes.
    WAITING of a closed batch becomes a new attempt, though only the first of two sends is known to have come to nothing."""
    for repeat in ("replays", "duplicate", "open_batch"):
        books = Books(answering(b"91"))
        road = Road([books.first], [FIRST, books.booking(books.older)], [SECOND, books.booking(answering())])
        till = Terminal(roads=[road], repeat=repeat, old_batches=0)
        refund = till.refund(till.sell(), 300)
        for _ in range(3):
            await till.forwarder.send(refund)
        assert len(books.booked) == 1, (repeat, books.booked)


async def test_L3_not_now_twice_and_a_closed_batch_do_not_free_a_void():
    """A void that the acquirer puts off never goes a second time, so no older answer can pass for a newer one: it is reversed,
    and until that is answered its amount is taken."""
    books = Books(answering(b"91"))
    road = Road([books.first], [answering(b"91")], [answering(b"25")], [SECOND, books.booking(books.older)])
    till = Terminal(roads=[road], repeat="open_batch", old_batches=0)
    sale = till.sell()
    void = till.desk.open(Draft(KIND_VOID, sale.amount, original=sale.number))
    spent = []
    for _ in range(4):
        await till.forwarder.send(void)
        spent.append(till.journal.spent(sale.number))
    assert (name(void), spent, books.booked) == ("reversed", [sale.amount, sale.amount, 0, 0], [])
    assert [request[13:15] for request in road.sent] == [b"\x02\x00", b"\x04\x00", b"\x04\x00"]


async def test_L3_not_now_twice_and_then_a_no_do_not_free_a_refund():
    """The same without any batch: acquirers check limits before they know a repeat, so the third send may get 61 or 64. No send
    stayed without an answer, so this "no" to a repeat passes for a first one."""
    for repeat in ("duplicate", "replays"):
        books = Books(answering(b"91"))
        road = Road([books.first], [books.booking(books.older)], [answering(b"64")])
        till = Terminal(roads=[road], repeat=repeat)
        refund = till.refund(till.sell(), 300)
        for _ in range(3):
            await till.forwarder.send(refund)
        assert till.journal.spent(refund.original) == 300, (repeat, name(refund))


async def test_L6_send_now_does_not_ask_before_the_message_can_no_longer_arrive():
    """A clerk looks at a queued refund; meanwhile it is sent and stays without an answer. Then "send now": a query that went at
    once would say 25, and a new attempt be booked beside the first, which arrives a moment later."""
    road = Road([None], [answering(b"25")], [answering()])
    till = Terminal(roads=[road], repeat="nothing", query=1, ask_ms=60_000)
    refund = till.refund(till.sell(), 300)
    await till.forwarder.send(refund)
    sent_at = loop.now
    till.forwarder.send_now(refund)
    assert name(refund) == "asking"
    with running(till.forwarder.run):
        till.forwarder.schedule.all = lambda: None  # its start is over
        await till.clock.sleep_ms(1)
    asked = [attempt_of(request) for request in road.sent if request[13:15] == QUERY]
    assert asked == [], "asked {} ms after the send".format(loop.now - sent_at)


async def test_L2_a_new_attempt_decided_on_during_a_sign_on_does_not_send_the_old_bytes():
    """Kind d. Silence; a sign-on asks whether its batch is still open; meanwhile a person decides on another attempt. The batch
    is closed, and the old bytes go all the same: booked again."""
    road = Road([None], [None, answering()])
    till = Terminal(roads=[road], repeat="open_batch", old_batches=0)
    refund = till.refund(till.sell(), 300)
    await till.forwarder.send(refund)
    assert name(refund) == "unknown"
    old = road.sent[0]

    def meanwhile(request):
        till.desk.again(refund, 7, EVIDENCE)
        return SECOND(request)

    road.script[0][0] = meanwhile
    await till.forwarder.send(refund)
    assert road.sent.count(old) == 1, name(refund)


async def test_L6_a_no_under_the_key_that_everybody_knows_is_passed_over():
    """Made under session keys, which have no key of one answer: sixteen zeros stand in its place. The settings change to DUKPT
    while it is open, and now they are the key: a refusal that anybody can make frees its amount."""
    host = Host()
    till = a_terminal(roads=[Road([host.sign_on, None])], repeat="replays")
    refund = till.refund(sold(till), 300)
    await till.forwarder.send(refund)
    assert name(refund) == "unknown"
    with raises(BadConfig):
        Terminal(till.flash)


def sold(till):
    """A done sale whose message had no MAC yet."""
    sale = till.desk.open(Draft(KIND_SALE, 10_000, card=Card()))
    till.journal.append(s.SENDING, (sale.number, sale.original, 1, 1, 1, False))
    till.desk.note(sale, s.DONE, APPROVED)
    return sale


async def test_L2_a_query_asks_for_the_merchant_that_the_refund_was_sent_for():
    """The shop gets another merchant number while a refund is open. The query asks for the new one, which knows of no refund."""
    road = Road([None], [answering(b"25")], [answering()])
    till = Terminal(roads=[road], query=1, ask_ms=1, repeat="nothing")
    refund = till.refund(till.sell(), 300)
    await till.forwarder.send(refund)
    with raises(BadConfig):
        Terminal(till.flash, [road], query=1, ask_ms=1, repeat="nothing", merchant="YUANLU000000002")
    till = Terminal(till.flash, [road], query=1, ask_ms=1, repeat="nothing")
    till.desk.resolve(till.journal.find_live(refund.number), False, 7, EVIDENCE)
    Terminal(till.flash, merchant="YUANLU000000002")


async def test_L2_a_refund_keeps_its_number_when_the_epoch_changes():
    """A new attempt under another install epoch has another number: a wallet takes it for another refund and pays again."""
    road = Road([answering(b"77")], [SECOND, answering()])
    till = Terminal(roads=[road], wallet_accepts=1)
    sale = till.settle(till.desk.open(Draft(KIND_SALE, 10_000, card=Card(), road=ROAD_WALLET)), s.DONE)
    refund = till.refund(sale, 300)
    await till.forwarder.send(refund)
    with raises(BadConfig):
        Terminal(till.flash, [road], wallet_accepts=1, epoch=2)


async def test_L6_not_booked_is_not_believed_of_an_acquirer_that_cannot_be_asked():
    """It stood asking; then the acquirer said that it has no query, and the settings were put right. It is asked, and the
    25 with which it answers what it does not know makes a new attempt."""
    road = Road([None], [answering(b"25")], [answering()])
    till = Terminal(roads=[road], query=1, ask_ms=1, repeat="nothing")
    refund = till.refund(till.sell(), 300)
    await till.forwarder.send(refund)
    till = Terminal(till.flash, [road], query=0, repeat="nothing")
    refund = till.journal.find_live(refund.number)
    for _ in range(2):
        await till.forwarder.send(refund)
    assert len([request for request in road.sent if request[13:15] == REFUND]) == 1, name(refund)


async def test_L3_what_was_booked_over_the_amount_counts():
    """A refund of 3.00 is answered 00 with 90.00: an alarm. The clerk may give back 97.00 more of a sale of 100.00."""
    till = Terminal(roads=[Road([answering(f4="000000009000")])])
    sale = till.sell(10_000)
    refund = till.refund(sale, 300)
    await till.forwarder.send(refund)
    assert refund.alarm and refund.booked == 9000
    assert till.journal.spent(sale.number) >= 9000
    till.desk.resolve(refund, True, 7, EVIDENCE)
    assert till.journal.spent(sale.number) >= 9000, "resolved"


async def test_L3_a_sale_that_was_approved_for_less_is_refunded_for_no_more():
    """A sale of 100.00 is answered 00 with 10.00. A person closes the alarm as done: 100.00 may be given back."""
    till = Terminal(roads=[Road([answering(f4="000000001000")])])
    sale = till.desk.open(Draft(KIND_SALE, 10_000, card=Card()))
    await till.forwarder.send(sale)
    assert sale.alarm and sale.booked == 1000
    till.desk.resolve(sale, True, 7, EVIDENCE)
    assert till.desk.left(till.journal.sale(sale.number)) <= 1000


async def test_L6_a_late_approval_of_another_amount_or_a_late_in_progress_is_told():
    """A query is under way while a person says "not done". Its answer says: booked, with another amount; or: the wallet has it.
    Neither leaves a trace, and the amount is free."""

    async def told(road_of_sale, late):
        till = Terminal(query=1, ask_ms=1)
        sale = till.settle(till.desk.open(Draft(KIND_SALE, 10_000, card=Card(), road=road_of_sale)), s.DONE)
        refund = till.refund(sale, 300, s.ASK)

        def meanwhile(request):
            till.desk.resolve(refund, False, 7, EVIDENCE)
            return late(request)

        till.channel.roads.append(Road([meanwhile]))
        await till.forwarder.send(refund)
        return till.journal.find_live(refund.number) is not None

    found = await told(0, answering()), await told(0, answering(f4="000000000500")), await told(ROAD_WALLET, answering(b"09"))
    assert found == (True, True, True), found


async def test_L5_every_case_on_the_list_has_a_way_out():
    """Something of the journal was lost. A reversal that is under way is not sent any more, and no person may decide about it,
    nor about a refund that waits for a new attempt. Neither can the batch be closed, ever."""
    till = Terminal(roads=[Road([None], [None])])
    sale = till.desk.open(Draft(KIND_SALE, 500, card=Card()))
    for _ in range(2):
        await till.forwarder.send(sale)
    refund = till.refund(till.sell(), 300, s.RENEW)
    assert (name(sale), name(refund), refund.stale) == ("reversing", "queued", True)
    till.journal.log.unsure = till.journal.log.number
    stuck = []
    with running(till.forwarder.run):
        await till.clock.sleep_ms(86_400_000)
    for transaction in (sale, refund):
        try:
            till.desk.resolve(transaction, False, 7, EVIDENCE)
        except Refused as error:
            stuck.append((name(transaction), error.reason))
    assert stuck == [], stuck


async def test_a_query_names_the_day_on_which_the_refund_was_sent():
    """Opened on the 22nd without a line, sent and booked on the 25th. An acquirer that looks in field 61 for the date finds none
    of the 22nd, and 25 makes a new attempt."""
    road = Road("why.no_connection", [None], [answering()])
    till = Terminal(roads=[road], query=1, ask_ms=1, repeat="nothing")
    refund = till.refund(till.sell(), 300)
    await till.forwarder.send(refund)
    till.clock.now = (20261125, 101507, 1)
    for _ in range(2):
        await till.forwarder.send(refund)
    assert road.sent[-1][13:15] == QUERY
    assert iso8583.decode(road.sent[-1][13:])[1][61][12:] != "1122"


def test_what_was_sent_once_is_not_withdrawn_as_never_sent():
    """A person decides on another attempt; power goes between its ATTEMPT and its SENDING. A clerk takes it back, without a word
    of evidence: the amount is free though the first attempt went out and stayed without an answer."""
    flash = NorFlash()
    till = Terminal(flash, repeat="nothing")
    refund = till.refund(till.sell(), 300, s.PERSON)
    till.desk.again(refund, 7, EVIDENCE)
    till.desk.renew(refund)
    till = Terminal(flash, repeat="nothing")
    with raises(Refused):
        till.desk.withdraw(till.journal.find_live(refund.number))


async def test_L2_a_seal_refused_twice_is_booked_once():
    """Session keys, and repeats are not known. A0; a sign-on brings the same key; the same bytes go again and are booked, but the
    A0 comes once more; the third copy is booked again."""
    host = Host()
    books = Books(host.answer(b"A0"), known=False)
    third = [host.sign_on, books.booking(host.answer())]
    road = Road([host.sign_on, books.first], [host.sign_on, books.booking(books.older)], third)
    till = a_terminal(roads=[road], repeat="nothing")
    refund = till.refund(sold(till), 300)
    for _ in range(3):
        await till.forwarder.send(refund)
    assert len(books.booked) == 1, books.booked


async def test_a_held_sale_is_not_charged_when_the_queue_is_released():
    """97 holds it, 91 lets it wait; the customer goes, or pays otherwise. Days later a technician releases the queue, or a line
    comes back: the card is charged. (What 91 met is reversed.)"""
    for code in (b"97", b"91"):
        road = Road([answering(code)], [answering()])
        till = Terminal(roads=[road])
        sale = till.desk.open(Draft(KIND_SALE, 500, card=Card()))
        await till.forwarder.send(sale)
        till.desk.release(7, EVIDENCE)
        if s.is_sendable(sale.state):
            await till.forwarder.send(sale)
        assert [request[13:15] for request in road.sent].count(b"\x02\x00") == 1, (code, name(sale))
        assert name(sale) == ("declined" if code == b"97" else "reversed")


async def test_L3_a_wallets_short_balance_at_the_end_of_the_budget_frees_nothing():
    """51, 51, ...; the last send is accepted, but an older 51 comes before: with the budget spent it counts as a "no"."""
    books = Books(answering(b"51"))
    road = Road([books.first], [books.booking(books.older)])
    till = Terminal(roads=[road], budget=2)
    sale = till.settle(till.desk.open(Draft(KIND_SALE, 10_000, card=Card(), road=ROAD_WALLET)), s.DONE)
    refund = till.refund(sale, 300)
    for _ in range(2):
        await till.forwarder.send(refund)
    assert len(books.booked) == 1 and till.journal.spent(sale.number) == 300, name(refund)


async def test_L5_a_decision_for_another_attempt_is_not_undone_by_a_late_silence():
    """The last query that the budget allows is under way while a person decides on another attempt; it stays without an answer,
    and the refund is parked again: the decision is gone."""
    till = Terminal(query=1, ask_ms=1, budget=3)
    refund = till.refund(till.sell(), 300, s.ASK)
    refund.failures = 2

    def meanwhile(request):
        till.desk.again(refund, 7, EVIDENCE)
        return b""

    till.channel.roads.append(Road([meanwhile]))
    await till.forwarder.send(refund)
    assert name(refund) == "queued"


async def test_L5_a_released_refund_goes_to_a_person_when_no_sign_on_succeeds():
    """97 holds it; it is released too early, and each sign-on is answered 97, too. After `budget` of them "a person" is written,
    which no arrow allows from here: the journal fills with records that fold to nothing, one for each try, for ever."""
    no_sign_on = [answering(b"97")]
    till = Terminal(roads=[Road([answering(b"97")], *[no_sign_on] * 12)], budget=3)
    refund = till.refund(till.sell(), 300)
    await till.forwarder.send(refund)
    till.desk.release(7, EVIDENCE)
    before = types_in(till.journal)[s.RESULT]
    for _ in range(8):
        if s.is_sendable(refund.state):
            await till.forwarder.send(refund)
    written = types_in(till.journal)[s.RESULT] - before
    assert (name(refund), written, till.journal.trouble) == ("parked", 1, [])


def test_a_release_needs_evidence_like_every_decision():
    """Nobody is named by an empty one, and a long one is cut off without a word."""
    for evidence in (b"", b"x" * 19):
        till = Terminal()
        till.refund(till.sell(), 300, s.HOLD)
        with raises(Refused):
            till.desk.release(7, evidence)


async def test_L6_what_a_wallet_has_accepted_is_not_sent_anew_when_the_settings_change():
    """Accepted: 00. Then `wallet_accepts` becomes 0, and the query's 25, which was a person's matter, makes a new attempt."""
    road = Road([answering()], [answering(b"25")], [answering()])
    till = Terminal(roads=[road], repeat="nothing")
    sale = till.settle(till.desk.open(Draft(KIND_SALE, 10_000, card=Card(), road=ROAD_WALLET)), s.DONE)
    refund = till.refund(sale, 300)
    await till.forwarder.send(refund)
    assert name(refund) == "accepted"
    till = Terminal(till.flash, [road], repeat="nothing", wallet_accepts=0)
    refund = till.journal.find_live(refund.number)
    for _ in range(2):
        await till.forwarder.send(refund)
    assert len([request for request in road.sent if request[13:15] == REFUND]) == 1, name(refund)


async def test_L5_a_line_that_comes_and_goes_does_not_keep_a_refund_from_being_asked_for():
    """Each cable or bridge that appears makes all that waits wait anew: with one a minute, a query that is due after a minute
    never goes, and a wallet is never asked."""
    road = Road([None], *[[answering()]] * 3)
    till = Terminal(roads=[road], repeat="nothing", query=1, ask_ms=60_000, cap_ms=1000)
    refund = till.refund(till.sell(), 300)
    with running(till.forwarder.run):
        for _ in range(24 * 60):
            await till.clock.sleep_ms(59_000)
            till.forwarder.road_opened()
    assert len(road.sent) > 1, name(refund)


async def test_L5_one_reversal_that_cannot_be_read_does_not_stop_the_queue():
    """A bit of its record has rotted. It is tried for ever, nothing else is sent meanwhile, and no person may decide about it."""
    road = Road([None], *[[answering()]] * 3000)
    till = Terminal(roads=[road])
    sale, refund = till.desk.open(Draft(KIND_SALE, 500, card=Card())), till.refund(till.sell(), 300)
    await till.forwarder.send(sale)
    till.desk.reverse(sale, b"98")
    till.flash.data[sale.message_place()[1] + 60] ^= 1
    with running(till.forwarder.run):
        await till.clock.sleep_ms(86_400_000)
    assert (name(refund), s.may_be_decided(sale.state)) == ("done", True), (name(sale), sale.why)


async def test_a_wallet_that_says_nothing_is_asked_again_at_its_times():
    """A minute of silence is no reason for a person: the budget's queries go, each after the wait that the profile says."""
    till = Terminal(roads=[Road([answering(b"00")], *[[None]] * 20)], wallet_asks="60 300 600 1200 1800", budget=6)
    sale = till.settle(till.desk.open(Draft(KIND_SALE, 10_000, card=Card(), road=ROAD_WALLET)), s.DONE)
    refund = till.refund(sale, 100)
    await till.forwarder.send(refund)
    for _ in range(6):
        wait = refund.due - till.clock.ticks_ms()
        assert refund.state == s.IS_ACCEPTED and wait >= 60_000, (name(refund), wait)
        await till.clock.sleep_ms(wait)
        await till.forwarder.send(refund)
    assert refund.state == s.IS_PARKED


async def test_a_hold_counts_for_what_was_chosen_before_it():
    """A refund was due and its road is being opened, or the sign-on before it is under way, when the technician is told that the
    queue is held: it must not leave then. The control is the one that no hold meets."""
    for sign_on, sent in ((None, []), (True, []), (False, [REFUND])):
        road = Road([FIRST, answering()] if sign_on else [answering()])
        till = Terminal(roads=[road])
        refund = till.refund(till.sell(), 300)
        hold(till, road, sign_on)
        await till.forwarder.send(refund)
        assert [request[13:15] for request in road.sent if request[13:15] == REFUND] == sent, sign_on
        if not sent:
            assert refund.why == "why.held" and refund.never_sent
            till.desk.release(254, b"mended")
            road.script, road.before_connect = [[answering()]], lambda: None
            await till.forwarder.send(refund)
        assert name(refund) == "done", sign_on


def hold(till, road, sign_on):
    """While the road is opened (None), or the sign-on is answered; False: never."""

    def held(request=None):
        till.desk.visiting("yuanlu.resolving", "hold", 254, b"case 1")
        return FIRST(request) if request else None

    if sign_on:
        till.forwarder.sign_on_due = True
        road.script = [[held, answering()]]
    elif sign_on is None:
        road.before_connect = held
