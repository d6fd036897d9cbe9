"""Voids and reversals at the acquirer simulator: what is cancelled or undone, once, and what can never be booked afterwards."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.wire import acquirer_frames as by_hand
from tests.wire.acquirer_frames import (
    bcd,
    fields_of,
    frame_of,
    number,
    refund,
    reversal,
    reversal_fields,
    sale,
    tag,
    take_apart,
    variable_bytes,
    variable_digits,
    void,
    void_fields,
)
from tests.wire.acquirers import NOW, ORIGINAL, RRN, an_acquirer, an_acquirer_with_a_sale, ask, code_of

# Written out byte by byte from the tables, the MACs from `openssl mac`.
VOID = bytes.fromhex(
    "009E 6000030000 603100000000 0200 302000800CC08099 200000 000000001234 000021 00 303932373132333435363738 363534333231"
    "594C303030303031 5955414E4C55303030303030303031 313536 0052 020C79783DA99F68BBAC3A0E0ED3"
    "0116594C3030303030312D303030312D3030303030303231"
    "030C000000061122334455667788 0011 230000010000 0016 0000010000070927 3E8F358EE2AC6F64"
)
REVERSAL = bytes.fromhex(
    "008E 6000030000 603100000000 0400 3020008002C08099 000000 000000001234 000007 00 3938"
    "594C303030303031 5955414E4C55303030303030303031 313536 0052 020C79783DA99F68BBAC57E1A4B0"
    "0116594C3030303030312D303030312D3030303030303037"
    "030C000000061122334455667788 0011 220000010000 0016 0000010000070928 2ACF4634A779664E"
)
SALE = sale()
KINDS = ["a", "b", "c", "d"]
NUMBER, VOID_NUMBER = "YL000001-0001-00000007", "YL000001-0001-00000021"


def test_the_frames_of_these_tests_are_the_ones_written_out():
    assert void(RRN, approval=b"654321", original="0000010000070927") == VOID
    assert reversal() == REVERSAL


def test_a_void_cancels_a_whole_sale_and_is_a_booking_of_its_own():
    acquirer = an_acquirer_with_a_sale()
    fields = take_apart(ask(acquirer, VOID), VOID)
    entry = acquirer.ledger.entries[1]
    assert (entry.kind, entry.amount, entry.original_rrn, entry.number) == ("void", 1234, RRN.decode(), VOID_NUMBER)
    assert (fields[37], fields[38]) == (entry.rrn.encode(), entry.approval.encode())
    assert fields[60] == bytes.fromhex("0011230000010000")
    assert entry.rrn != ORIGINAL.rrn
    assert acquirer.ledger.money("void") == {VOID_NUMBER: {"amount": 1234, "times": 1}}
    assert (acquirer.ledger.money("sale"), acquirer.ledger.money()) == ({NUMBER: {"amount": 1234, "times": 1}}, {})
    assert acquirer.ledger.void_of(ORIGINAL.rrn) == entry
    assert acquirer.events[-1]["summary"] == "0210 void 12.34 code 00: booked"


def void_with(**changes):
    return void(**({"rrn": RRN, "approval": b"654321", "original": "0000010000070927"} | changes))


@pytest.mark.parametrize(
    "frame, code",
    [
        (void_with(original="0000000000000000", approval=b"      "), "00"),
        (void_with(rrn=b"092712345679"), "25"),
        (void_with(rrn=b"092800000001"), "25"),
        (void_with(rrn=b"092800000002"), "25"),
        (void_with(rrn=b"092800000003"), "25"),
        (void_with(approval=b"654322"), "25"),
        (void_with(original="0000020000070927"), "25"),
        (void_with(original="0000010000080927"), "25"),
        (void_with(original="0000010000070928"), "25"),
        (void_with(amount=1233), "64"),
        (void_with(amount=1235), "64"),
        (void_with(amount=0), "64"),
        (void_with(batch=2), "77"),
        (frame_of("0200", void_fields(RRN) | {60: variable_digits("22000001000")}), "12"),
        (frame_of("0200", void_fields(RRN) | {49: b"840"}), "12"),
        (frame_of("0200", void_fields(RRN) | {63: variable_bytes(b"000")}), "30"),
        (frame_of("0200", void_fields(RRN) | {57: variable_bytes(tag(1, number(21)) + tag(4, by_hand.CARD))}), "30"),
        (frame_of("0220", void_fields(RRN)), "30"),
    ],
)
def test_a_void_is_refused_with_the_code_that_says_why(frame, code):
    acquirer = an_acquirer_with_a_sale()
    acquirer.ledger.book(replace(ORIGINAL, rrn="092800000001", terminal="YL000003", trace="000001"))
    acquirer.ledger.book(replace(ORIGINAL, rrn="092800000002", merchant="YUANLU000000002", trace="000002"))
    acquirer.ledger.book(replace(ORIGINAL, rrn="092800000003", kind="refund", amount=1234, original_rrn="another sale"))
    assert code_of(acquirer, frame) == code
    assert bool(acquirer.ledger.money("void")) == (code == "00")


def test_a_sale_of_another_terminal_is_refunded_but_never_voided():
    acquirer = an_acquirer_with_a_sale()
    elsewhere = replace(ORIGINAL, rrn="092800000001", terminal="YL000003", trace="000001")
    acquirer.ledger.book(elsewhere)
    assert [code_of(acquirer, frame) for frame in (void(b"092800000001"), refund(b"092800000001"))] == ["25", "00"]


def test_a_sale_of_a_closed_batch_is_refunded_but_never_voided():
    acquirer = an_acquirer_with_a_sale()
    acquirer.set_batch("YL000001", 2)
    next_batch = frame_of("0220", by_hand.refund_fields(RRN) | {60: variable_digits("25000002000")})
    assert [code_of(acquirer, frame) for frame in (void_with(batch=2), next_batch)] == ["25", "00"]


@pytest.mark.parametrize("amount", [1, 1234])
def test_a_sale_with_a_refund_is_not_voided(amount):
    acquirer = an_acquirer_with_a_sale()
    assert [code_of(acquirer, frame) for frame in (refund(RRN, amount), VOID)] == ["00", "64"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_voided_sale_is_neither_refunded_nor_voided_again(kind):
    acquirer = an_acquirer_with_a_sale(kind)
    assert [code_of(acquirer, frame) for frame in (VOID, refund(RRN, 1), void_with(trace=22))] == ["00", "64", "12"]
    assert [entry.kind for entry in acquirer.ledger.entries] == ["sale", "void"]


@pytest.mark.parametrize("kind, code", [("a", "00"), ("b", "94"), ("c", "12"), ("d", "00")])
def test_a_void_that_comes_twice_is_booked_once(kind, code):
    acquirer = an_acquirer_with_a_sale(kind)
    assert [code_of(acquirer, VOID), code_of(acquirer, VOID)] == ["00", code]
    assert acquirer.ledger.money("void") == {VOID_NUMBER: {"amount": 1234, "times": 1}}


@pytest.mark.parametrize("kind", KINDS)
def test_a_reversal_undoes_a_sale_and_takes_nothing_away(kind):
    acquirer = an_acquirer(kind)
    ask(acquirer, SALE)
    [entry] = acquirer.ledger.entries
    fields = take_apart(ask(acquirer, REVERSAL), REVERSAL)
    assert fields == fields | {3: bcd("000000"), 4: bcd("000000001234"), 11: bcd("000007"), 39: b"00"}
    assert fields[60] == bytes.fromhex("0011220000010000")
    assert (acquirer.ledger.entries, acquirer.ledger.money("sale")) == ([entry], {})
    [undone] = acquirer.ledger.reversals
    assert (undone.kind, undone.amount, undone.number, undone.reason) == ("sale", 1234, NUMBER, "98")
    assert (undone.rrns, undone.when, undone.attempt) == ((entry.rrn,), NOW, entry.attempt)
    assert not acquirer.ledger.stands(entry)


@pytest.mark.parametrize("kind", KINDS)
def test_a_reversal_may_come_again_in_the_same_or_other_bytes(kind):
    acquirer = an_acquirer(kind)
    ask(acquirer, SALE)
    frames = (REVERSAL, REVERSAL, reversal(reason=b"96"), reversal(reason=b"A0"))
    assert [code_of(acquirer, frame) for frame in frames] == ["00"] * 4
    assert [undone.reason for undone in acquirer.ledger.reversals] == ["98"]
    assert acquirer.events[-1]["summary"] == "0410 reversal 12.34 code 00: reversed before"
    assert acquirer.events[-2]["summary"] == "0400 reversal 12.34 reason A0"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("booked_first", [False, True])
def test_what_arrives_after_its_reversal_is_refused_and_books_nothing(kind, booked_first):
    acquirer = an_acquirer(kind)
    if booked_first:
        ask(acquirer, SALE)
    answers = [code_of(acquirer, frame) for frame in (REVERSAL, SALE, SALE, REVERSAL, SALE)]
    found = "00" if booked_first else "25"
    assert answers == [found, "12", "12", found, "12"]
    assert (acquirer.ledger.money("sale"), len(acquirer.ledger.entries)) == ({}, int(booked_first))
    assert [bool(undone.rrns) for undone in acquirer.ledger.reversals] == [booked_first]
    assert code_of(acquirer, sale(trace=8)) == "00"


def test_a_reversal_of_a_declined_sale_finds_nothing():
    acquirer = an_acquirer()
    acquirer.set_mood("declines", 1)
    assert [code_of(acquirer, frame) for frame in (SALE, REVERSAL, SALE)] == ["05", "25", "12"]


def test_a_reversal_undoes_every_booking_of_its_attempt():
    acquirer = an_acquirer("c")
    ask(acquirer, SALE)
    ask(acquirer, SALE)
    assert acquirer.ledger.money("sale") == {NUMBER: {"amount": 2468, "times": 2}}
    assert code_of(acquirer, REVERSAL) == "00"
    assert acquirer.ledger.money("sale") == {}
    assert len(acquirer.ledger.reversals[0].rrns) == 2


def test_a_reversal_is_looked_at_whatever_batch_is_open():
    acquirer = an_acquirer()
    ask(acquirer, SALE)
    acquirer.set_batch("YL000001", 2)
    assert [code_of(acquirer, frame) for frame in (REVERSAL, reversal(trace=8), sale(trace=8))] == ["00", "25", "12"]
    assert acquirer.ledger.money("sale") == {}


@pytest.mark.parametrize("kind", KINDS)
def test_a_void_that_is_reversed_lets_its_sale_be_given_back(kind):
    acquirer = an_acquirer_with_a_sale(kind)
    undo = reversal(trace=21, function="23")
    assert [code_of(acquirer, frame) for frame in (VOID, undo, undo, VOID)] == ["00", "00", "00", "12"]
    assert (acquirer.ledger.money("void"), acquirer.ledger.void_of(ORIGINAL.rrn)) == ({}, None)
    assert list(acquirer.ledger.money("sale")) == [NUMBER]
    assert [code_of(acquirer, frame) for frame in (void_with(trace=22), refund(RRN))] == ["00", "64"]
    assert code_of(acquirer, reversal(trace=22, function="23")) == "00"
    assert [code_of(acquirer, frame) for frame in (refund(RRN, trace=13), void_with(trace=23))] == ["00", "64"]


def test_a_reversed_sale_is_neither_refunded_nor_voided():
    acquirer = an_acquirer()
    rrn = take_apart(ask(acquirer, SALE), SALE)[37]
    ask(acquirer, REVERSAL)
    assert [code_of(acquirer, frame) for frame in (refund(rrn), void(rrn))] == ["25", "25"]
    assert (acquirer.ledger.money(), acquirer.ledger.money("void")) == ({}, {})


@pytest.mark.parametrize("give_back", [refund, void])
def test_a_sale_that_was_given_back_is_not_reversed_as_well(give_back):
    acquirer = an_acquirer()
    rrn = take_apart(ask(acquirer, SALE), SALE)[37]
    assert [code_of(acquirer, frame) for frame in (give_back(rrn, 1234), REVERSAL)] == ["00", "64"]
    assert list(acquirer.ledger.money("sale")) == [NUMBER]
    assert [alarm["what"] for alarm in acquirer.ledger.alarms] == ["reversal of a sale that was voided or refunded"]
    assert acquirer.ledger.reversals == []


# 12 and 25 would tell the terminal that the sale does not stand, and here it does.
@pytest.mark.parametrize(
    "changes, code",
    [
        ({3: bcd("310000")}, "40"),
        ({3: bcd("200000")}, "40"),
        ({25: bcd("06")}, "40"),
        ({39: b"00"}, "40"),
        ({39: b"06"}, "40"),
        ({49: b"840"}, "40"),
        ({60: variable_digits("23000001000")}, "40"),
        ({60: variable_digits("25000001000")}, "40"),
        ({60: variable_digits("22000001001")}, "40"),
        ({3: bcd("200000"), 60: variable_digits("23000001000")}, "64"),
        ({4: bcd("000000001233")}, "64"),
        ({57: variable_bytes(tag(1, number(8)))}, "64"),
        ({57: variable_bytes(b"")}, "30"),
        ({57: variable_bytes(tag(1, number(7)) + tag(4, by_hand.CARD))}, "30"),
        ({61: variable_digits("0000010000080928")}, "30"),
        ({61: variable_digits("0000020000070928")}, "30"),
        ({61: variable_digits("0000000000000000")}, "30"),
        ({63: variable_bytes(b"000")}, "30"),
        ({42: b"YUANLU000000003"}, "03"),
        ({41: b"YL000002"}, "97"),
        ({61: variable_digits("0000010000070101")}, "00"),
    ],
)
def test_a_reversal_that_does_not_fit_undoes_nothing_and_does_not_say_so(changes, code):
    acquirer, frame = an_acquirer(), frame_of("0400", reversal_fields() | changes)
    ask(acquirer, SALE)
    assert code_of(acquirer, frame) == code
    assert (acquirer.ledger.money("sale") == {}) == (acquirer.ledger.reversals != []) == (code == "00")
    assert len(acquirer.ledger.alarms) == (code == "64")


@pytest.mark.parametrize("function", ["22", "23", "25"])
def test_a_refund_is_never_reversed(function):
    acquirer = an_acquirer_with_a_sale()
    ask(acquirer, refund(RRN))
    answer = ask(acquirer, reversal(500, 12, function))
    assert fields_of(answer)[39] == (b"40" if function == "25" else b"64")
    assert acquirer.ledger.money() == {"YL000001-0001-00000012": {"amount": 500, "times": 1}}


def test_a_reversal_with_a_wrong_mac_undoes_nothing():
    acquirer = an_acquirer()
    ask(acquirer, SALE)
    assert code_of(acquirer, REVERSAL[:-1] + b"\0") == "A0"
    assert list(acquirer.ledger.money("sale")) == [NUMBER]


def test_the_view_shows_what_was_voided_and_what_was_reversed():
    acquirer = an_acquirer_with_a_sale()
    undo = reversal(trace=21, function="23")
    for frame in (VOID, undo, sale(trace=40), reversal(trace=40), reversal(trace=41), void_with(trace=22)):
        ask(acquirer, frame, NOW + timedelta(seconds=1))
    ledger = json.loads(json.dumps(acquirer.view()))["ledger"]
    assert [(row["trace"], row["refunded"], row["voided"], row["reversed"]) for row in ledger["sales"]] == [
        ("000007", 0, True, False),
        ("000040", 0, False, True),
    ]
    assert [(row["trace"], row["original_rrn"], row["reversed"]) for row in ledger["voids"]] == [
        ("000021", ORIGINAL.rrn, True),
        ("000022", ORIGINAL.rrn, False),
    ]
    assert [(row["trace"], row["kind"], len(row["rrns"]), row["when"]) for row in ledger["reversals"]] == [
        ("000021", "void", 1, "2026-09-28T14:05:07"),
        ("000040", "sale", 1, "2026-09-28T14:05:07"),
        ("000041", "sale", 0, "2026-09-28T14:05:07"),
    ]
    assert (ledger["refunds"], ledger["money"]) == ([], {})
