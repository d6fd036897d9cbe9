"""Session keys at work: what is sent is what was recorded, under a seal that is recorded before it leaves."""

from parts import Card, NorFlash, PowerCut, Road, Vault, answer_to, mounted, reaches
from raises import raises
from session_host import MAK, OTHER_MAK, SIGN_ON, TMK, Host, a_terminal, seals_of, types_since, wrapped
from yuanlu.crypto.session_sealing import SessionSealing
from yuanlu.crypto.weak.session import mac
from yuanlu.errors import BadConfig, BadMessage, Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_SALE, Draft
from yuanlu.wire import iso8583, messages


def name(transaction):
    """Its state in words."""
    return s.STATE_NAMES[transaction.state]


def signed_on(flash=None, algorithm="x9_19", **changes):
    """A Terminal with a MAK, epoch 1, and a road without a script."""
    road = Road()
    till = a_terminal(flash, [road], algorithm, **changes)
    till.desk.sealing.learn(wrapped(algorithm, MAK))
    return till, road


def sent_right(frame, mak, algorithm="x9_19"):
    """Whether it has the seal of that MAK."""
    return frame[-8:] == mac(mak, frame[13:-8], algorithm)


async def test_a_sign_on_brings_the_key_and_then_the_message_goes():
    """With each of the three MACs; the recorded body is what leaves."""
    for algorithm in ("ecb", "x9_19", "sm4"):
        host = Host(algorithm=algorithm)
        road = Road([host.sign_on, host.answer()])
        till = a_terminal(None, [road], algorithm)
        till.desk.sealing.learn(wrapped(algorithm, OTHER_MAK))
        refund = till.refund(till.sell(10_000), 300)
        recorded = till.journal.message(refund)
        assert recorded[-8:] == bytes(8)
        await till.forwarder.send(refund)
        assert name(refund) == "done" and host.refused == 0
        assert road.sent[0][13:15] == SIGN_ON
        assert road.sent[1][:-8] == recorded[:-8] and sent_right(road.sent[1], MAK, algorithm)


async def test_L1_L2_another_key_between_two_sends_of_one_attempt():
    """The body is the same, field 64 another one; both seals stand in the journal, each before its SENDING."""
    host = Host()
    till, road = signed_on()
    refund = till.refund(till.sell(10_000), 300)
    first = till.journal.log.number
    road.script = [[host.sign_on, None]]
    await till.forwarder.send(refund)
    assert name(refund) == "unknown"
    host.mak, till.forwarder.sign_on_due = OTHER_MAK, True
    noted = []

    def look(request):
        noted.append(mounted(till.flash).outgoing(mounted(till.flash).find_live(refund.number))[1] == request)
        return host.answer()(request)

    road.script = [[host.sign_on, look]]
    await till.forwarder.send(refund)
    assert name(refund) == "done" and host.refused == 0
    _, one, _, other = road.sent
    assert one[:-8] == other[:-8] and one[-8:] != other[-8:]
    assert sent_right(one, MAK) and sent_right(other, OTHER_MAK)
    assert seals_of(till.journal, refund.number) == [(1, one[-8:]), (2, other[-8:])] and noted == [True]
    assert types_since(till.journal, first) == [s.SEAL, s.SENDING, s.RESULT, s.SEAL, s.SENDING, s.REFUND]


async def test_the_same_key_again_is_no_other_seal():
    """One SEAL for two sends."""
    host = Host()
    till, road = signed_on()
    refund = till.refund(till.sell(10_000), 300)
    road.script = [[host.sign_on, None], [host.sign_on, host.answer()]]
    await till.forwarder.send(refund)
    till.forwarder.sign_on_due = True
    await till.forwarder.send(refund)
    assert name(refund) == "done" and road.sent[1] == road.sent[3]
    assert len(seals_of(till.journal, refund.number)) == 1


def test_L1_L2_L5_a_cut_at_every_operation_from_seal_to_sending():
    """In a new sector, where SEAL opens another one, and where SENDING does: the body stays, no SENDING without its seal."""
    counts = []
    for enough in (lambda log: True, lambda log: log.room() < 48, lambda log: log.room() < log.exchange_room + 48):
        flash = NorFlash(6, 4096, 16)
        till, _ = signed_on(flash)
        refund = till.refund(till.sell(10_000), 300, s.SILENT)
        while not enough(till.journal.log):
            till.desk.printed(refund)
        body = till.journal.message(refund)[:-8]
        till.desk.sealing.learn(wrapped("x9_19", OTHER_MAK))
        image, before = flash.snapshot(), flash.operations
        till.desk.sending(refund, 1)
        counts.append(flash.operations - before)
        for operation in range(1, counts[-1] + 1):
            for reach in reaches(operation):
                flash.restore(image)
                assert_cut(flash, operation, reach, refund.number, body)
    assert counts[0] == 2 and counts[1] > 4 and counts[2] > 4, counts


def assert_cut(flash, operation, reach, number, body):
    """Power goes there; in the next life it is sent again."""
    where = (operation, reach)
    till = a_terminal(flash)
    flash.cut = (operation, reach)
    try:
        till.desk.sending(till.journal.find_live(number), 1)
    except PowerCut:
        pass
    flash.cut = None
    flash.power_on()
    till = a_terminal(flash)
    refund = till.journal.find_live(number)
    assert refund is not None and till.journal.message(refund)[:-8] == body, where
    epoch, seal = till.journal.newest_seal(refund)
    assert epoch in (1, 2) and seal == mac((MAK, OTHER_MAK)[epoch - 1], body[13:], "x9_19"), where
    if refund.state == s.IS_SENDING:
        assert epoch == 2, where
        till.desk.note(refund, s.SILENT)
    _, frame = till.desk.sending(refund, 1)
    assert frame[:-8] == body and sent_right(frame, OTHER_MAK), where


def test_L5_seals_move_on_with_their_transactions():
    """As many refunds as may stand open, all sealed and silent, while the ring turns over."""
    flash = NorFlash(6, 4096, 16)
    till, _ = signed_on(flash, open_limit=32, offline_count=32)
    sale = till.sell(100_000)
    refunds = []
    while till.desk.refunds_left() > 0:
        refunds.append(till.refund(sale, 100, s.SILENT))
    assert len(refunds) > 4
    sent = [till.journal.message(refund) for refund in refunds]
    till.desk.sealing.learn(wrapped("x9_19", OTHER_MAK))
    for refund in refunds[::2]:
        till.desk.sending(refund, 1)
        till.desk.note(refund, s.SILENT)
    for _ in range(12):  # twice around
        till.journal.log.open_next(till.journal)
    till = a_terminal(flash)
    assert till.journal.trouble == []
    for at in range(len(refunds)):
        refund = till.journal.find_live(refunds[at].number)
        frame = till.journal.message(refund)
        assert frame[:-8] == sent[at][:-8] and sent_right(frame, MAK if at & 1 else OTHER_MAK), at


def test_refunds_are_taken_before_there_is_any_key():
    """They wait; nothing is sent without a seal."""
    till = a_terminal()
    refund = till.refund(till_sale(till), 300)
    assert name(refund) == "queued"
    with raises(Refused) as caught:
        till.desk.sending(refund, 1)
    assert caught.value.reason == "refused.keys" and name(refund) == "queued"
    assert till.journal.newest_seal(refund) == (0, b"")


def till_sale(till):
    """A sale that was done under a key which the vault has lost since."""
    till.desk.sealing.learn(wrapped("x9_19", MAK))
    sale = till.sell(10_000)
    till.vault.places.pop(6, None)
    till.vault.places.pop(7, None)
    return sale


async def test_a_key_that_is_none_of_this_terminal_puts_off_what_waits():
    """A wrong check value is told; another length is no answer. Nothing but the sign-on leaves."""
    wrong = wrapped("x9_19", MAK)[:-1] + b"\0"
    for field, why in ((wrong, "refused.keys"), (wrong[:-1], "why.sign_on"), (None, "why.sign_on")):
        till, road = signed_on()
        refund = till.refund(till.sell(10_000), 300)
        host = Host()
        host.sign_on = lambda request, field=field: answer_to(request, f62=field)
        road.script = [[host.sign_on, host.answer()]]
        await till.forwarder.send(refund)
        assert (name(refund), refund.why, len(road.sent)) == ("queued", why, 1), why
        assert till.clock.diff_ms(refund.due, till.clock.ticks_ms()) > 0


async def test_L6_a_refused_seal_to_a_first_attempt_signs_on_and_goes_again():
    """A0 and 99, the MAC of the answer right; the body is the same."""
    for code in (b"A0", b"99"):
        host = Host()
        till, road = signed_on()
        refund = till.refund(till.sell(10_000), 300)
        road.script = [[host.sign_on, host.answer(code)]]
        await till.forwarder.send(refund)
        assert (name(refund), till.forwarder.sign_on_due) == ("waiting", True)
        host.mak = OTHER_MAK
        road.script = [[host.sign_on, host.answer()]]
        await till.forwarder.send(refund)
        assert name(refund) == "done" and road.sent[1][:-8] == road.sent[3][:-8] and road.sent[1] != road.sent[3]


async def test_L2_a_refused_seal_where_no_repeat_is_known_never_goes_again_as_the_same_bytes():
    """An older A0 fits every repeat of the bytes it answered, as long as the key is the same; a new trace it does not fit. A sale
    has no new attempt: it is declined."""
    host = Host()
    till, road = signed_on(repeat="nothing")
    refund = till.refund(till.sell(10_000), 300)
    trace = refund.trace
    road.script = [[host.sign_on, host.answer(b"A0")], [host.sign_on, host.answer()]]
    await till.forwarder.send(refund)
    assert name(refund) == "waiting"
    await till.forwarder.send(refund)
    assert (name(refund), refund.attempt) == ("done", 2) and refund.trace > trace
    assert iso8583.decode(road.sent[3][13:])[1][11] == "{:06d}".format(refund.trace)
    for repeat in ("nothing", "replays"):
        till, road = signed_on(repeat=repeat)
        sale = till.desk.open(Draft(KIND_SALE, 10_000, card=Card()))
        road.script = [[host.sign_on, host.answer(b"A0")]]
        await till.forwarder.send(sale)
        assert name(sale) == "declined", repeat


async def test_L6_a_refused_seal_after_silence_goes_to_a_person():
    """And so does what is refused for ever."""
    host = Host()
    till, road = signed_on()
    refund = till.refund(till.sell(10_000), 300)
    road.script = [[host.sign_on, None], [host.answer(b"A0")]]
    await till.forwarder.send(refund)
    await till.forwarder.send(refund)
    assert name(refund) == "parked"
    till, road = signed_on(budget=3)
    refund = till.refund(till.sell(10_000), 300)
    road.script = [[host.sign_on, host.answer(b"A0")] for _ in range(3)]
    for _ in range(3):
        await till.forwarder.send(refund)
    assert (name(refund), refund.sends) == ("parked", 3)


async def test_L6_an_answer_under_an_earlier_key_is_silence():
    """Also one whose code says that the seal was wrong: nothing proves it."""
    for code in (b"00", b"05", b"A0"):
        host, old = Host(OTHER_MAK), Host(MAK)
        till, road = signed_on()
        refund = till.refund(till.sell(10_000), 300)
        road.script = [[host.sign_on, lambda request, old=old, code=code: old.answer(code)(request)]]
        await till.forwarder.send(refund)
        assert name(refund) == "unknown", code


def test_what_is_never_recorded_is_sealed_when_it_is_made():
    """Settlement and upload."""
    till, _ = signed_on()
    keys = till.desk.sealing.next_keys(at_once=True)
    frame = messages.closing(till.config, "settlement", (1, 5), (3, bytes(8)), messages.totals((100, 1), (0, 0)), keys)
    assert sent_right(frame, MAK)
    waiting = till.desk.sealing.next_keys()
    assert messages.closing(till.config, "settlement", (1, 5), (3, bytes(8)), messages.totals((100, 1), (0, 0)), waiting)[
        -8:
    ] == bytes(8)


def kept_by(vault, algorithm="x9_19"):
    """A SessionSealing of that vault."""
    vault.places[8] = TMK
    return SessionSealing(vault, algorithm)


def epoch_of(sealing):
    """Its key epoch; 0: it has no key."""
    try:
        return sealing.seal(b"0200")[0]
    except Refused:
        return 0


def test_epochs_rise_and_no_key_comes_back_under_another_number():
    """The same key is the same epoch; another algorithm's is none; a rotten place is passed over."""
    vault = Vault()
    sealing = kept_by(vault)
    assert epoch_of(sealing) == 0
    for mak, epoch in ((MAK, 1), (MAK, 1), (OTHER_MAK, 2), (MAK, 3)):
        sealing.learn(wrapped("x9_19", mak))
        assert epoch_of(sealing) == epoch
    assert epoch_of(kept_by(vault, "sm4")) == 0
    assert epoch_of(kept_by(vault)) == 3
    newest = 6 if vault.places[6][0] > vault.places[7][0] else 7
    vault.places[newest] = vault.places[newest][:-1]
    assert epoch_of(kept_by(vault)) == 0, "the one before is no key: the acquirer has another one"
    sealing.learn(wrapped("x9_19", OTHER_MAK))
    assert epoch_of(sealing) == 4, "3 was used under another key"


def test_a_field_that_is_no_key_changes_nothing():
    """Nor does a master key of another terminal; without one the terminal does not start."""
    vault = Vault()
    sealing = kept_by(vault)
    sealing.learn(wrapped("x9_19", MAK))
    places = dict(vault.places)
    with raises(BadMessage):
        sealing.learn(b"")
    with raises(Refused):
        sealing.learn(wrapped("x9_19", OTHER_MAK, OTHER_MAK))
    assert vault.places == places and epoch_of(sealing) == 1
    del vault.places[8]
    with raises(BadConfig):
        SessionSealing(vault, "x9_19")
