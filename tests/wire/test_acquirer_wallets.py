"""Wallet sales at the acquirer simulator, and their refunds: accepted once, done later or not at all, told by a query."""

import json
from datetime import timedelta

import pytest

from tests.wire import acquirer_frames as by_hand
from tests.wire.acquirer_frames import (
    bcd,
    fields_of,
    frame_of,
    number,
    query,
    refund,
    refund_fields,
    reversal,
    sale,
    tag,
    take_apart,
    variable_bytes,
    variable_digits,
    void,
    wallet_query,
    wallet_query_fields,
    wallet_sale,
    wallet_sale_fields,
)
from tests.wire.acquirers import NOW, an_acquirer, ask

# Written out byte by byte from the tables, the MACs from `openssl mac`, the payer block from Node's crypto.
WALLET_SALE = bytes.fromhex(
    "00B5 6000030000 603100000000 0200 3020048000C08091 000000 000000001234 000007 0310 00 594C303030303031"
    "5955414E4C55303030303030303031 313536 0101 020C79783DA99F68BBACD7018E7A"
    "0116594C3030303030312D303030312D3030303030303037 030C000000061122334455667788"
    "042FA0A1A2A3A4A5A6A7A8A9AAABD307249971E6E8CE93E0FAE30B525A52DDB85EECD31A770BA0A538947C686B524F489B"
    "0011 220000010000 EFD8D0531DD9B9E2"
)
WALLET_QUERY = bytes.fromhex(
    "0092 6000030000 603100000000 0600 3020000000C00099 200000 000000000500 000012 594C303030303031"
    "5955414E4C55303030303030303031 0062 020C79783DA99F68BBAC15134DA9"
    "0116594C3030303030312D303030312D3030303030303132"
    "030C000000061122334455667788 05080102030405060708 0011 610000010000 0016 0000010000120928 8F50D286E54AA42F"
)
KINDS = ["a", "b", "c", "d"]
NUMBER = "YL000001-0001-00000012"
DUE, SOON = NOW + timedelta(seconds=30), NOW + timedelta(milliseconds=29_999)


def code_at(acquirer, frame, now=NOW):
    answer = ask(acquirer, frame, now)
    assert by_hand.has_right_mac(answer, frame)
    return fields_of(answer)[39].decode()


def paid_by_wallet(kind="a", **changes):
    """An acquirer that can be asked, and the RRN of a wallet sale of 12.34 that it has booked."""
    acquirer = an_acquirer(kind, query=True, **changes)
    return acquirer, take_apart(ask(acquirer, wallet_sale()), wallet_sale())[37]


def asked_again(nonce, trace=12, amount=500, record=12, kind="61"):
    """A query with random bytes of its own."""
    private = variable_bytes(tag(1, number(record)) + tag(3, by_hand.HEAD) + tag(5, bytes([nonce]) * 8))
    changes = {57: private, 60: variable_digits(f"{kind}000001000")}
    return frame_of("0600", wallet_query_fields(amount, trace) | changes)


def refund_as(rrn, trace, amount=500, record=12):
    """A refund under another attempt, with the same number unless said otherwise."""
    return frame_of(
        "0220", refund_fields(rrn, amount, trace) | {57: variable_bytes(tag(1, number(record)) + tag(3, by_hand.HEAD))}
    )


def test_the_frames_of_these_tests_are_the_ones_written_out():
    assert (wallet_sale(), wallet_query()) == (WALLET_SALE, WALLET_QUERY)


# ---- the sale


def test_a_wallet_sale_is_booked_with_its_code_masked():
    acquirer, rrn = paid_by_wallet()
    [entry] = acquirer.ledger.entries
    assert (entry.kind, entry.origin, entry.card, entry.rrn) == ("sale", "wallet", "280000****0017", rrn.decode())
    shown = json.dumps(acquirer.view())
    assert "280000000000000017" not in shown and b"280000000000000017".hex() not in shown


@pytest.mark.parametrize(
    "pan, entry_mode, code",
    [
        (b"280000000000000017F", "031", "00"),
        (b"100000000000000017F", "031", "00"),
        (b"301234567890123456F", "031", "00"),
        (b"280000000000000017F", "071", "14"),
        (b"160000000000000017F", "031", "14"),
        (b"240000000000000017F", "031", "14"),
        (b"310000000000000017F", "031", "14"),
        (b"28000000000000017FF", "031", "14"),
        (b"2800000000000000017", "031", "14"),
        (b"6228480402564890FFF", "031", "14"),
        (b"310000000000000017F", "071", "00"),
    ],
)
def test_field_22_and_the_payer_block_must_agree(pan, entry_mode, code):
    block = by_hand.NONCE + by_hand.AESGCM(by_hand.READER_KEY).encrypt(by_hand.NONCE, pan, None)
    private = variable_bytes(tag(1, number(7)) + tag(4, block))
    acquirer = an_acquirer()
    assert code_at(acquirer, frame_of("0200", wallet_sale_fields() | {22: bcd(entry_mode), 57: private})) == code
    assert len(acquirer.ledger.entries) == (code == "00")


def test_a_wallet_sale_is_voided_and_reversed_like_any_other():
    acquirer, rrn = paid_by_wallet()
    assert [code_at(acquirer, frame) for frame in (void(rrn), reversal(trace=21, function="23"), reversal())] == ["00"] * 3
    assert (acquirer.ledger.money("sale"), acquirer.ledger.money("void")) == ({}, {})


# ---- the refund: accepted, then done


@pytest.mark.parametrize("kind", KINDS)
def test_L6_an_accepted_refund_is_booked_when_it_is_done_and_not_before(kind):
    acquirer, rrn = paid_by_wallet(kind)
    accepted = take_apart(ask(acquirer, refund(rrn)), refund(rrn))
    assert accepted[39] == b"00"
    assert acquirer.events[-1]["summary"] == "0230 refund 5.00 code 00: accepted"
    assert code_at(acquirer, asked_again(1), SOON) == "09"
    assert (acquirer.ledger.money(), len(acquirer.ledger.entries)) == ({}, 1)
    answer = ask(acquirer, asked_again(2), DUE)
    told = take_apart(answer, asked_again(2))
    assert [told[field] for field in (37, 38, 39)] == [accepted[37], accepted[38], b"00"]
    assert told[60] == bytes.fromhex("0011610000010000")
    assert acquirer.ledger.money() == {NUMBER: {"amount": 500, "times": 1}}
    entry = acquirer.ledger.entries[1]
    assert (entry.rrn, entry.origin, entry.original_rrn) == (accepted[37].decode(), "wallet", rrn.decode())


def test_control_a_card_refund_is_booked_at_once():
    acquirer = an_acquirer(query=True)
    rrn = take_apart(ask(acquirer, sale()), sale())[37]
    ask(acquirer, refund(rrn))
    assert acquirer.ledger.money() == {NUMBER: {"amount": 500, "times": 1}}


@pytest.mark.parametrize("seen", [lambda it: it.ledger.money(), lambda it: it.view()["ledger"]["money"]])
def test_with_a_clock_no_count_of_money_misses_what_is_due(seen):
    time = [NOW]
    acquirer, rrn = paid_by_wallet(clock=lambda: time[0])
    ask(acquirer, refund(rrn))
    time[0] = SOON
    assert seen(acquirer) == {}
    time[0] = DUE
    assert seen(acquirer) == {NUMBER: {"amount": 500, "times": 1}}


def test_control_without_a_clock_a_wallet_waits_until_it_is_told_the_time():
    acquirer, rrn = paid_by_wallet()
    ask(acquirer, refund(rrn))
    assert acquirer.ledger.money() == {}
    acquirer.settle_wallets(SOON)
    assert acquirer.ledger.money() == {}
    assert [entry["number"] for entry in acquirer.view()["ledger"]["accepted"]] == [NUMBER]
    acquirer.settle_wallets(DUE)
    acquirer.settle_wallets(DUE)
    assert acquirer.ledger.money() == {NUMBER: {"amount": 500, "times": 1}}
    assert acquirer.view()["ledger"]["accepted"] == []


def test_how_long_a_wallet_takes_can_be_set():
    acquirer, rrn = paid_by_wallet()
    acquirer.wallets.done_after_ms = 0
    ask(acquirer, refund(rrn))
    assert code_at(acquirer, asked_again(1)) == "00"


def test_a_query_of_what_no_wallet_knows_finds_nothing():
    acquirer, _ = paid_by_wallet()
    assert code_at(acquirer, wallet_query()) == "25"
    assert acquirer.ledger.alarms == []


# ---- never twice


@pytest.mark.parametrize("kind, code", [("a", "00"), ("b", "94"), ("c", "00"), ("d", "00")])
def test_the_same_bytes_again_are_never_accepted_twice(kind, code):
    acquirer, rrn = paid_by_wallet(kind)
    first = take_apart(ask(acquirer, refund(rrn)), refund(rrn))
    for now in (NOW, DUE):
        answer = ask(acquirer, refund(rrn), now)
        assert fields_of(answer)[39].decode() == code
        assert fields_of(answer).get(37, first[37]) == first[37]
    acquirer.settle_wallets(DUE + timedelta(hours=1))
    assert acquirer.ledger.money() == {NUMBER: {"amount": 500, "times": 1}}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("now", [NOW, DUE], ids=["accepted", "done"])
def test_the_same_number_under_another_attempt_is_the_same_refund(kind, now):
    acquirer, rrn = paid_by_wallet(kind)
    first = take_apart(ask(acquirer, refund(rrn)), refund(rrn))
    again = refund_as(rrn, 13)
    second = take_apart(ask(acquirer, again, now), again)
    assert [second[field] for field in (37, 38, 39)] == [first[37], first[38], b"00"]
    assert acquirer.events[-1]["summary"].endswith("code 00: accepted before")
    assert code_at(acquirer, asked_again(1, trace=13), DUE) == "00"
    acquirer.settle_wallets(DUE + timedelta(hours=1))
    assert acquirer.ledger.money() == {NUMBER: {"amount": 500, "times": 1}}


def test_control_another_number_is_another_refund():
    acquirer, rrn = paid_by_wallet()
    assert [code_at(acquirer, refund_as(rrn, trace, record=trace)) for trace in (12, 13)] == ["00", "00"]
    acquirer.settle_wallets(DUE)
    assert sum(booked["amount"] for booked in acquirer.ledger.money().values()) == 1000


def test_a_used_number_for_something_else_is_refused_and_an_alarm():
    acquirer, rrn = paid_by_wallet()
    other = take_apart(ask(acquirer, wallet_sale(trace=8)), wallet_sale(trace=8))[37]
    ask(acquirer, refund(rrn))
    assert [code_at(acquirer, frame) for frame in (refund_as(rrn, 13, 501), refund_as(other, 14))] == ["94", "94"]
    assert [alarm["trace"] for alarm in acquirer.ledger.alarms] == ["000013", "000014"]
    acquirer.settle_wallets(DUE)
    assert acquirer.ledger.money() == {NUMBER: {"amount": 500, "times": 1}}


# ---- caps


def test_L3_what_a_wallet_has_accepted_counts_against_its_sale():
    acquirer, rrn = paid_by_wallet()
    frames = (refund(rrn, 1000), refund(rrn, 235, 13), void(rrn), reversal(), refund(rrn, 234, 14), refund(rrn, 1, 15))
    assert [code_at(acquirer, frame) for frame in frames] == ["00", "64", "64", "64", "00", "64"]
    assert acquirer.ledger.refunded(rrn.decode()) == 1234
    acquirer.settle_wallets(DUE)
    assert acquirer.ledger.refunded(rrn.decode()) == 1234


# ---- the balance


@pytest.mark.parametrize("kind", KINDS)
def test_with_a_short_balance_nothing_is_accepted_and_the_same_bytes_may_come_again(kind):
    acquirer, rrn = paid_by_wallet(kind)
    acquirer.wallets.balance = 499
    assert [code_at(acquirer, refund(rrn)), code_at(acquirer, refund(rrn)), code_at(acquirer, wallet_query())] == [
        "Y5",
        "Y5",
        "25",
    ]
    assert acquirer.ledger.refunded(rrn.decode()) == 0
    acquirer.wallets.balance = 500
    assert code_at(acquirer, refund(rrn)) == "00"
    assert acquirer.wallets.balance == 0
    assert code_at(acquirer, refund(rrn, 1, 13)) == "Y5"
    acquirer.settle_wallets(DUE)
    assert acquirer.ledger.money() == {NUMBER: {"amount": 500, "times": 1}}


def test_the_balance_is_no_matter_of_cards():
    acquirer = an_acquirer()
    acquirer.wallets.balance = 0
    rrn = take_apart(ask(acquirer, sale()), sale())[37]
    assert code_at(acquirer, refund(rrn)) == "00"


# ---- failures


@pytest.mark.parametrize("kind", KINDS)
def test_L6_a_wallet_may_give_up_what_it_has_accepted(kind):
    acquirer, rrn = paid_by_wallet(kind)
    acquirer.wallets.balance, acquirer.wallets.fails = 600, "61"
    assert code_at(acquirer, refund(rrn)) == "00"
    acquirer.wallets.fails = None
    assert [code_at(acquirer, asked_again(1), SOON), code_at(acquirer, asked_again(2), DUE)] == ["09", "61"]
    assert (acquirer.ledger.money(), acquirer.ledger.refunded(rrn.decode()), acquirer.wallets.balance) == ({}, 0, 600)
    assert code_at(acquirer, refund_as(rrn, 13), DUE) == "61", "the number is used up"
    assert code_at(acquirer, refund_as(rrn, 14, 1234, 14), DUE) == "Y5", "and the cap is free again"
    assert acquirer.ledger.alarms == []


@pytest.mark.parametrize("code", ["00", "09", "Y5", "0", "", "68"])
def test_codes_that_are_no_failure_are_refused(code):
    with pytest.raises(ValueError):
        an_acquirer().wallets.fails = code


# ---- queries that do not fit


@pytest.mark.parametrize(
    "frame, code",
    [
        (asked_again(1), "00"),
        (asked_again(1, amount=501), "64"),
        (asked_again(1, record=13), "64"),
        (asked_again(1, kind="00"), "64"),
        (asked_again(1, trace=14, kind="00"), "64"),
        (asked_again(1, trace=13, record=13), "25"),
    ],
)
@pytest.mark.parametrize("now", [SOON, DUE], ids=["accepted", "done"])
def test_a_query_must_fit_what_the_wallet_has(frame, code, now):
    acquirer, rrn = paid_by_wallet()
    ask(acquirer, refund(rrn))
    assert code_at(acquirer, frame, now) == ("09" if (code, now) == ("00", SOON) else code)
    assert len(acquirer.ledger.alarms) == (code == "64")


def test_a_query_that_takes_a_waiting_refund_for_a_cards_does_not_hear_that_it_is_not_booked():
    acquirer, rrn = paid_by_wallet()
    ask(acquirer, refund(rrn))
    assert code_at(acquirer, query()) == "64"
    assert len(acquirer.ledger.alarms) == 1


def test_a_card_refund_is_not_asked_for_as_a_wallets():
    acquirer = an_acquirer(query=True)
    rrn = take_apart(ask(acquirer, sale()), sale())[37]
    ask(acquirer, refund(rrn))
    assert [code_at(acquirer, asked_again(1)), code_at(acquirer, asked_again(2, kind="00"))] == ["64", "00"]


def test_an_acquirer_without_a_query_answers_those_of_wallets_all_the_same():
    acquirer = an_acquirer()
    assert code_at(acquirer, wallet_query()) == "25"


# ---- moods


@pytest.mark.parametrize("mood", ["loses", "late", "twice", "garbage", "bad-mac"])
def test_the_line_fails_for_an_acceptance_as_for_any_answer(mood):
    acquirer, rrn = paid_by_wallet()
    acquirer.set_mood(mood, 1)
    acquirer.answer(refund(rrn), NOW)
    assert code_at(acquirer, asked_again(1), DUE) == "00"
    assert acquirer.ledger.money() == {NUMBER: {"amount": 500, "times": 1}}


def test_silent_and_declining_acquirers_accept_nothing():
    acquirer, rrn = paid_by_wallet()
    acquirer.set_mood("silent", 1)
    assert acquirer.answer(refund(rrn), NOW) is None
    acquirer.set_mood("declines", 1)
    assert code_at(acquirer, refund(rrn, trace=13)) == "05"
    assert [code_at(acquirer, asked_again(nonce, trace), DUE) for nonce, trace in ((1, 12), (2, 13))] == ["25", "25"]


@pytest.mark.parametrize("fen, answers, money", [(109, "09", 109), (110, "00", 110), (151, "51", 0), (196, "96", 0)])
def test_by_amount_09_means_accepted_too(fen, answers, money):
    acquirer, rrn = paid_by_wallet()
    acquirer.set_mood("by-amount")
    answer = fields_of(ask(acquirer, refund(rrn, fen)))
    assert (answer[39].decode(), 37 in answer) == (answers, answers == "00")
    acquirer.settle_wallets(DUE)
    assert sum(booked["amount"] for booked in acquirer.ledger.money().values()) == money


def test_by_amount_68_is_accepted_and_only_its_answer_is_lost():
    acquirer, rrn = paid_by_wallet()
    acquirer.set_mood("by-amount")
    assert acquirer.answer(refund(rrn, 168), NOW) is None
    assert code_at(acquirer, asked_again(1, amount=168), DUE) == "00"
