"""How the acquirer simulator misbehaves when told to: in each mood, what is booked, what is heard, and what is counted."""

from dataclasses import replace

import pytest

from emulator.acquirer import MOODS
from tests.wire import acquirer_frames as by_hand
from tests.wire.acquirer_frames import echo, query, refund, reversal, sale, sign_on, take_apart, void
from tests.wire.acquirers import NOW, ORIGINAL, RRN, an_acquirer, an_acquirer_with_a_sale, ask, code_of

REFUND, SALE, REVERSAL = refund(RRN), sale(), reversal()
BOOKED = {"YL000001-0001-00000012": {"amount": 500, "times": 1}}
HEARD_BY_ALL = ["silent", "loses", "late", "twice", "garbage"]
WITHOUT_MAC = [sign_on(), echo()]


def is_delimited(data):
    return len(data) == 2 + int.from_bytes(data[:2], "big") and 20 <= len(data) - 2 <= 1024


def test_the_moods_are_these():
    assert MOODS == ("normal", "silent", "loses", "declines", "late", "twice", "garbage", "bad-mac", "by-amount", "less")


def test_late_books_at_once_and_answers_later():
    acquirer = an_acquirer_with_a_sale()
    acquirer.delay_ms = 30
    acquirer.set_mood("late", 1)
    [late] = acquirer.answer(REFUND, NOW)
    assert (late.delay_ms, take_apart(late.frame, REFUND)[39]) == (20_030, b"00")
    assert acquirer.ledger.money() == BOOKED
    assert acquirer.events[-1]["summary"] == "0230 refund 5.00 code 00: booked, late"
    acquirer.late_ms = 1_500
    acquirer.set_mood("late", 1)
    [replayed], [normal] = acquirer.answer(REFUND, NOW), acquirer.answer(REFUND, NOW)
    assert (replayed.delay_ms, normal.delay_ms, replayed.frame, normal.frame) == (1_530, 30, late.frame, late.frame)


def test_twice_books_once_and_says_so_twice():
    acquirer = an_acquirer_with_a_sale()
    acquirer.set_mood("twice", 1)
    first, second = acquirer.answer(REFUND, NOW)
    assert first == second
    assert take_apart(first.frame, REFUND)[39] == b"00"
    assert acquirer.ledger.money() == BOOKED
    assert [event["direction"] for event in acquirer.events] == ["in", "out", "out"]
    assert len(acquirer.answer(REFUND, NOW)) == 1


def test_garbage_books_and_answers_what_is_no_frame_by_turns_well_delimited():
    acquirer = an_acquirer_with_a_sale()
    acquirer.set_mood("garbage", 6)
    replies = [reply.frame for _ in range(6) for reply in acquirer.answer(REFUND, NOW)]
    assert [is_delimited(reply) for reply in replies] == [True, False] * 3
    assert all(reply[2] != 0x60 for reply in replies[::2])
    assert all(not 20 <= int.from_bytes(reply[:2], "big") <= 1024 for reply in replies[1::2])
    assert len(set(replies)) == 6
    assert acquirer.ledger.money() == BOOKED
    event = acquirer.events[1]
    assert (event["direction"], event["mti"], event["fields"], event["hex"]) == ("out", "", {}, replies[0].hex())
    assert event["summary"] == "garbage instead of 0230 refund 5.00 code 00: booked"
    assert code_of(acquirer, REFUND) == "00"


def test_garbage_follows_from_the_seed_and_disturbs_no_rrn():
    acquirers = [an_acquirer(seed=5), an_acquirer(seed=5), an_acquirer(seed=6), an_acquirer(seed=5)]
    for acquirer in acquirers[:3]:
        acquirer.set_mood("garbage", 1)
    heard = [acquirer.answer(SALE, NOW)[0].frame for acquirer in acquirers]
    assert heard[0] == heard[1] != heard[2]
    assert ask(acquirers[0], SALE) == heard[3]


@pytest.mark.parametrize("frame", [REFUND, SALE, void(RRN), REVERSAL, query()], ids="refund sale void reversal query".split())
def test_bad_mac_books_and_answers_under_a_wrong_mac(frame):
    acquirer, honest = an_acquirer_with_a_sale(query=True), an_acquirer_with_a_sale(query=True)
    acquirer.set_mood("bad-mac", 1)
    bad, good = ask(acquirer, frame), ask(honest, frame)
    assert (bad[:-8], bad[-8:] == good[-8:]) == (good[:-8], False)
    assert not by_hand.has_right_mac(bad, frame)
    assert acquirer.ledger.view() == honest.ledger.view()
    assert acquirer.events[-1]["summary"] == honest.events[-1]["summary"] + ", with a wrong MAC"
    if frame == REFUND:
        assert ask(acquirer, frame) == good


@pytest.mark.parametrize("mood", HEARD_BY_ALL)
@pytest.mark.parametrize("frame", [*WITHOUT_MAC, query(), REVERSAL], ids="sign-on echo query reversal".split())
def test_the_line_fails_for_every_message(mood, frame):
    acquirer = an_acquirer_with_a_sale(query=True)
    acquirer.set_mood(mood)
    replies = acquirer.answer(frame, NOW)
    if mood in ("silent", "loses"):
        assert replies is None
    else:
        assert [reply.delay_ms for reply in replies] == {"late": [20_000], "twice": [0, 0], "garbage": [0]}[mood]
    if mood != "garbage":
        assert all(take_apart(reply.frame, frame) for reply in replies or [])


@pytest.mark.parametrize("mood", ["declines", "bad-mac", "by-amount"])
@pytest.mark.parametrize("frame", WITHOUT_MAC, ids=["sign-on", "echo"])
def test_a_sign_on_and_an_echo_are_nothing_that_these_moods_could_spoil(mood, frame):
    acquirer = an_acquirer()
    acquirer.set_mood(mood)
    assert ask(acquirer, frame) == ask(an_acquirer(), frame)


def test_silent_hears_no_reversal_and_loses_undoes():
    acquirer = an_acquirer()
    ask(acquirer, SALE)
    acquirer.set_mood("silent", 1)
    assert acquirer.answer(REVERSAL, NOW) is None
    assert len(acquirer.ledger.money("sale")) == 1
    acquirer.set_mood("loses", 1)
    assert acquirer.answer(REVERSAL, NOW) is None
    assert (acquirer.ledger.money("sale"), code_of(acquirer, REVERSAL)) == ({}, "00")


def test_declines_refuses_a_reversal_and_answers_a_query_truly():
    acquirer = an_acquirer(query=True)
    rrn = take_apart(ask(acquirer, SALE), SALE)[37]
    undo = reversal(trace=8)
    ask(acquirer, sale(trace=8))
    ask(acquirer, refund(rrn))
    acquirer.set_mood("declines")
    assert [code_of(acquirer, frame) for frame in (undo, query(), query(trace=13))] == ["05", "00", "25"]
    assert (len(acquirer.ledger.money("sale")), acquirer.ledger.reversals) == (2, [])
    acquirer.set_mood("normal")
    # The decline was no decision about the sale: the reversal is still open.
    assert code_of(acquirer, undo) == "00"


@pytest.mark.parametrize(
    "last_digits, code",
    [(0, "00"), (5, "05"), (51, "51"), (12, "12"), (94, "94"), (96, "96"), (77, "77"), (10, "00"), (8, "00"), (80, "00")],
)
@pytest.mark.parametrize("make", [sale, lambda amount: refund(RRN, amount), lambda amount: void(RRN, amount)])
def test_by_amount_answers_with_the_last_two_digits(make, last_digits, code):
    acquirer = an_acquirer()
    acquirer.ledger.book(replace(ORIGINAL, amount=1200 + last_digits))
    acquirer.set_mood("by-amount")
    assert code_of(acquirer, make(1200 + last_digits)) == code
    assert len(acquirer.ledger.entries) == 1 + (code == "00")


@pytest.mark.parametrize("kind, code", [("a", "00"), ("b", "94"), ("d", "00")])
def test_by_amount_68_is_booked_and_only_its_answer_is_lost(kind, code):
    acquirer = an_acquirer_with_a_sale(kind, query=True)
    acquirer.set_mood("by-amount")
    frame = refund(RRN, 168)
    assert acquirer.answer(frame, NOW) is None
    assert acquirer.events[-1]["direction"] == "lost"
    # What tries to find out is answered, or nothing could be learnt of a refund in this mood.
    assert [code_of(acquirer, again) for again in (frame, query(168))] == [code, "00"]
    assert acquirer.ledger.money() == {"YL000001-0001-00000012": {"amount": 168, "times": 1}}


def test_by_amount_68_is_lost_again_where_it_is_booked_again():
    acquirer = an_acquirer_with_a_sale("c")
    acquirer.set_mood("by-amount")
    assert [acquirer.answer(refund(RRN, 168), NOW) for _ in range(2)] == [None, None]
    assert acquirer.ledger.money()["YL000001-0001-00000012"] == {"amount": 336, "times": 2}


def test_by_amount_68_can_be_reversed():
    acquirer = an_acquirer()
    acquirer.set_mood("by-amount")
    assert acquirer.answer(sale(1268), NOW) is None
    assert len(acquirer.ledger.money("sale")) == 1
    assert [code_of(acquirer, frame) for frame in (reversal(1268), sale(1268))] == ["00", "12"]
    assert acquirer.ledger.money("sale") == {}


def test_by_amount_books_no_more_than_it_would_otherwise():
    acquirer = an_acquirer_with_a_sale()
    acquirer.set_mood("by-amount")
    assert [code_of(acquirer, frame) for frame in (refund(RRN, 1300), refund(RRN, 0, 13))] == ["64", "13"]
    assert code_of(acquirer, refund(RRN, 1268, 14)) == "64"
    assert acquirer.ledger.money() == {}


@pytest.mark.parametrize("fen, later", [(5, "05"), (51, "51"), (90, "00"), (91, "00"), (92, "00"), (96, "00"), (98, "00")])
def test_by_amount_a_code_that_decides_nothing_leaves_the_same_bytes_a_chance(fen, later):
    acquirer, frame = an_acquirer_with_a_sale("a"), refund(RRN, 100 + fen)
    acquirer.set_mood("by-amount")
    assert [code_of(acquirer, frame), code_of(acquirer, frame)] == [f"{fen:02d}"] * 2
    acquirer.set_mood("normal")
    assert code_of(acquirer, frame) == later


@pytest.mark.parametrize("frame", WITHOUT_MAC, ids=["sign-on", "echo"])
def test_a_sign_on_and_an_echo_are_met_in_the_mood_but_not_counted(frame):
    acquirer = an_acquirer_with_a_sale()
    acquirer.set_mood("silent", 1)
    assert [acquirer.answer(frame, NOW), acquirer.answer(frame, NOW)] == [None, None]
    assert (acquirer.mood, acquirer.mood_count) == ("silent", 1)
    assert acquirer.answer(REFUND, NOW) is None
    assert (acquirer.mood, acquirer.mood_count) == ("normal", None)
    assert acquirer.answer(frame, NOW)


@pytest.mark.parametrize("frame", [SALE, REFUND, void(RRN), REVERSAL, query(), REFUND[:-1] + b"\0"])
def test_every_other_request_counts(frame):
    acquirer = an_acquirer_with_a_sale()
    acquirer.set_mood("twice", 2)
    assert [len(acquirer.answer(frame, NOW)) for _ in range(3)] == [2, 2, 1]


def test_less_books_a_fen_less_of_a_refund_and_says_so_to_the_query_too():
    acquirer = an_acquirer_with_a_sale(query=True)
    acquirer.set_mood("less")
    assert code_of(acquirer, SALE) == "00" and [entry.amount for entry in acquirer.ledger.entries] == [1234, 1234]
    told = [take_apart(ask(acquirer, frame), frame) for frame in (REFUND, REFUND, query())]
    assert [(fields[39], int(fields[4].hex())) for fields in told] == [(b"00", 499)] * 3
    assert acquirer.ledger.money()["YL000001-0001-00000012"] == {"amount": 499, "times": 1} and not acquirer.ledger.alarms
