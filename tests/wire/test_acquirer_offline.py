"""Refunds of sales that were made without the acquirer simulator, and what it asks of a terminal in the header of an answer."""

from datetime import datetime

import pytest

from emulator.acquirer import ASKS
from tests.wire import acquirer_frames as by_hand
from tests.wire.acquirer_frames import (
    bcd,
    echo,
    fields_of,
    frame_of,
    offline_refund,
    offline_refund_fields,
    refund,
    refund_fields,
    sale,
    sign_on,
    take_apart,
    variable_bytes,
    variable_digits,
)
from tests.wire.acquirers import NOW, RRN, an_acquirer, an_acquirer_with_a_sale, ask, code_of

# Written out byte by byte from the tables, the MAC from `openssl mac`.
OFFLINE_REFUND = bytes.fromhex(
    "009B 6000030000 603100000000 0220 3020008000C0809F 200000 000000000500 000012 00"
    "594C303030303031 5955414E4C55303030303030303031 313536 0052 020C79783DA99F68BBACB254093E"
    "0116594C3030303030312D303030312D3030303030303132"
    "030C0000000B99AABBCCDDEEFF00 0011 270000010000 0016 0000010000070927 0008594C303030303031 0003303030 434CA580084A7C75"
)
KINDS = ["a", "b", "c", "d"]
NUMBER = "YL000001-0001-00000012"
WHEN = datetime(2026, 9, 27, 8, 0, 0)


def with_an_offline_sale(kind="a", terminal="YL000001"):
    acquirer = an_acquirer(kind, query=True)
    return acquirer, acquirer.upload_offline_sale(terminal, 1, 7, 1234, WHEN)


def test_the_frame_of_these_tests_is_the_one_written_out():
    assert offline_refund() == OFFLINE_REFUND


# ---- the refund of an offline sale


@pytest.mark.parametrize("kind", KINDS)
def test_a_refund_finds_an_offline_sale_by_its_batch_trace_date_and_terminal(kind):
    acquirer, uploaded = with_an_offline_sale(kind)
    answer = take_apart(ask(acquirer, OFFLINE_REFUND), OFFLINE_REFUND)
    entry = acquirer.ledger.entries[1]
    assert (entry.kind, entry.origin, entry.original_rrn) == ("refund", "offline", uploaded.rrn)
    assert (answer[37], answer[38]) == (entry.rrn.encode(), entry.approval.encode())
    assert answer[60] == bytes.fromhex("0011270000010000")
    assert acquirer.ledger.money() == {NUMBER: {"amount": 500, "times": 1}}
    assert code_of(acquirer, by_hand.query()) == "00"


@pytest.mark.parametrize(
    "changes, code",
    [
        ({}, "00"),
        ({61: variable_digits("0000020000070927")}, "25"),
        ({61: variable_digits("0000010000080927")}, "25"),
        ({61: variable_digits("0000010000070928")}, "25"),
        ({61: variable_digits("0000000000000000")}, "25"),
        ({61: variable_digits("0000010000070000")}, "25"),
        ({62: variable_bytes(b"YL000002")}, "25"),
        ({62: variable_bytes(b"YL00001")}, "30"),
        ({62: variable_bytes(b"YL0000011")}, "30"),
        ({61: variable_digits("000001000007092")}, "30"),
        ({37: RRN}, "30"),
        ({38: b"654321"}, "30"),
        ({60: variable_digits("25000001000")}, "30"),
        ({60: variable_digits("27000002000")}, "77"),
        ({60: variable_digits("27000001001")}, "30"),
        ({63: variable_bytes(b"001")}, "12"),
        ({25: bcd("06")}, "12"),
        ({4: bcd("000000000000")}, "13"),
        ({4: bcd("000000001234")}, "00"),
        ({4: bcd("000000001235")}, "64"),
        ({42: b"YUANLU000000002", 41: b"YL000002"}, "25"),
    ],
)
def test_a_refund_of_an_offline_sale_is_refused_with_the_code_that_says_why(changes, code):
    acquirer, uploaded = with_an_offline_sale()
    frame = frame_of("0220", offline_refund_fields() | changes)
    answer = ask(acquirer, frame)
    assert (fields_of(answer)[39].decode(), by_hand.has_right_mac(answer, frame)) == (code, True)
    assert (acquirer.ledger.refunded(uploaded.rrn) > 0) == (code == "00")


def test_L3_refunds_of_an_offline_sale_never_exceed_it():
    acquirer, uploaded = with_an_offline_sale()
    frames = (offline_refund(1000), offline_refund(235, 13), refund(uploaded.rrn.encode(), 234, 14), offline_refund(1, 15))
    assert [code_of(acquirer, frame) for frame in frames] == ["00", "64", "00", "64"]


@pytest.mark.parametrize("kind, code, amount", [("a", "00", 500), ("b", "94", 500), ("c", "00", 1000), ("d", "00", 500)])
def test_a_repeat_is_met_by_kind(kind, code, amount):
    acquirer, uploaded = with_an_offline_sale(kind)
    assert [code_of(acquirer, OFFLINE_REFUND), code_of(acquirer, OFFLINE_REFUND)] == ["00", code]
    assert acquirer.ledger.refunded(uploaded.rrn) == amount


def test_another_terminal_of_the_merchant_may_refund_it():
    acquirer = an_acquirer(terminals=[("YUANLU000000001", "YL000001"), ("YUANLU000000001", "YL000003")])
    acquirer.upload_offline_sale("YL000003", 1, 7, 1234, WHEN)
    assert code_of(acquirer, offline_refund(terminal=b"YL000003")) == "00"


def test_control_an_online_sale_is_none_that_was_made_offline():
    acquirer = an_acquirer_with_a_sale()
    assert code_of(acquirer, OFFLINE_REFUND) == "25"


def test_an_offline_sale_takes_no_attempt_away_and_stands_under_no_number():
    acquirer, uploaded = with_an_offline_sale()
    assert code_of(acquirer, sale(trace=7)) == "00"
    assert [entry.booking for entry in acquirer.ledger.entries] == [1, 1]
    assert list(acquirer.ledger.money("sale")) == ["YL000001-0001-00000007"]
    assert code_of(acquirer, by_hand.reversal(trace=7)) == "00"
    assert acquirer.ledger.stands(uploaded)


@pytest.mark.parametrize(
    "changes", [{"terminal": "YL000009"}, {"batch": 0}, {"batch": 10**6}, {"trace": 0}, {"amount": 0}, {"trace": 7}]
)
def test_an_offline_sale_that_cannot_be_is_refused(changes):
    acquirer, _ = with_an_offline_sale()
    with pytest.raises(ValueError):
        acquirer.upload_offline_sale(**({"terminal": "YL000001", "batch": 1, "trace": 8, "amount": 1, "when": WHEN} | changes))


# ---- what a person reads


def test_the_statement_of_a_terminal_shows_what_is_booked_and_stands():
    acquirer = an_acquirer_with_a_sale("c")
    acquirer.upload_offline_sale("YL000001", 1, 9, 99, WHEN)
    for frame in (refund(RRN), refund(RRN), sale(trace=8), by_hand.reversal(trace=8)):
        ask(acquirer, frame)
    lines = acquirer.statement("YL000001")
    assert [(line.number[-2:], line.kind, line.amount, line.batch, line.trace, line.times) for line in lines] == [
        ("07", "sale", 1234, "000001", "000007", 1),
        ("", "sale", 99, "000001", "000009", 1),
        ("12", "refund", 1000, "000001", "000012", 2),
    ]
    assert lines[2].rrn == acquirer.ledger.entries[2].rrn
    assert acquirer.statement("YL000002") == []
    with pytest.raises(ValueError):
        acquirer.statement("YL000003")


# ---- what the header asks


@pytest.mark.parametrize("asks", range(1, 7))
@pytest.mark.parametrize("frame", [sale(), sign_on(), echo(), sale(0)], ids="sale sign-on echo refused".split())
def test_the_next_answer_asks_once(frame, asks):
    acquirer, plain = an_acquirer(), an_acquirer()
    acquirer.ask_terminal(asks)
    first, second = ask(acquirer, frame), ask(acquirer, frame)
    take_apart(first, frame, asks)
    take_apart(second, frame)
    assert first[:9] + b"\0" + first[10:] == ask(plain, frame), "nothing else of the answer changes, and no MAC covers it"
    assert acquirer.events[1]["summary"].endswith(f", asks for {ASKS[asks]}")
    assert acquirer.asks == 0


def test_what_is_asked_for_waits_while_nothing_is_answered_and_can_be_taken_back():
    acquirer = an_acquirer()
    acquirer.ask_terminal(3)
    acquirer.set_mood("silent", 1)
    assert acquirer.answer(sale(), NOW) is None
    assert acquirer.asks == 3
    acquirer.ask_terminal(0)
    take_apart(ask(acquirer, sale()), sale())


def test_a_replayed_answer_asks_too_and_is_remembered_without():
    acquirer = an_acquirer()
    first = ask(acquirer, sale())
    acquirer.ask_terminal(3)
    assert ask(acquirer, sale()) == first[:9] + b"\3" + first[10:]
    assert ask(acquirer, sale()) == first


@pytest.mark.parametrize("asks", [-1, 7, 16])
def test_what_no_nibble_says_is_refused(asks):
    with pytest.raises(ValueError):
        an_acquirer().ask_terminal(asks)


def test_control_a_refund_with_an_rrn_needs_no_field_62():
    acquirer = an_acquirer_with_a_sale()
    assert code_of(acquirer, frame_of("0220", refund_fields(RRN) | {62: variable_bytes(b"YL000001")})) == "30"
