"""The acquirer simulator's kinds: what a repeat gets from each, and what a closed batch changes; query, sign-on and echo."""

import pytest

from tests.wire import acquirer_frames as by_hand
from tests.wire.acquirer_frames import (
    bcd,
    echo,
    fields_of,
    frame_of,
    number,
    plain_frame_of,
    query,
    query_fields,
    refund,
    refund_fields,
    sale,
    sign_on,
    sign_on_fields,
    tag,
    take_apart,
    variable_bytes,
    variable_digits,
    void,
)
from tests.wire.acquirers import NOW, ORIGINAL, RRN, an_acquirer, an_acquirer_with_a_sale, ask, code_of

# Written out byte by byte from the tables, the MAC from `openssl mac`.
QUERY = bytes.fromhex(
    "0092 6000030000 603100000000 0600 3020000000C00099 200000 000000000500 000012 594C303030303031"
    "5955414E4C55303030303030303031 0062 020C79783DA99F68BBAC020EFF49"
    "0116594C3030303030312D303030312D3030303030303132"
    "030C000000061122334455667788 05080102030405060708 0011 000000010000 0016 0000010000120928 0E14E559E6F16725"
)
SIGN_ON = bytes.fromhex(
    "003C 6000030000 603100000000 0800 0020000000C00012 000030 594C303030303031 5955414E4C55303030303030303031"
    "0011 000000010030 0003303031"
)
ECHO = bytes.fromhex(
    "0037 6000030000 603100000000 0820 0020000000C00010 000031 594C303030303031 5955414E4C55303030303030303031 0011 000000013010"
)
REFUND = refund(RRN)
KINDS = ["a", "b", "c", "d"]


def test_the_frames_of_these_tests_are_the_ones_written_out():
    assert (query(), sign_on(), echo()) == (QUERY, SIGN_ON, ECHO)


# ---- repeats


@pytest.mark.parametrize("frame", [sale(trace=8), REFUND, void(RRN)], ids=["sale", "refund", "void"])
def test_kind_b_knows_a_repeat_and_says_no_more(frame):
    acquirer = an_acquirer_with_a_sale("b")
    assert [code_of(acquirer, frame) for _ in range(3)] == ["00", "94", "94"]
    assert (len(acquirer.ledger.entries), acquirer.ledger.alarms) == (2, [])
    assert acquirer.events[-1]["summary"].endswith("code 94: decided before")


def test_kind_b_says_94_to_what_it_declined_too():
    acquirer = an_acquirer_with_a_sale("b")
    acquirer.set_mood("declines", 1)
    assert [code_of(acquirer, REFUND) for _ in range(2)] == ["05", "94"]
    assert acquirer.ledger.money() == {}


@pytest.mark.parametrize("kind", ["a", "b", "d"])
def test_other_bytes_under_a_used_identity_are_a_duplicate_and_an_alarm(kind):
    acquirer = an_acquirer_with_a_sale(kind)
    assert [code_of(acquirer, frame) for frame in (REFUND, refund(RRN, 501), sale(trace=12))] == ["00", "94", "94"]
    assert (len(acquirer.ledger.entries), len(acquirer.ledger.alarms)) == (2, 2)


@pytest.mark.parametrize("frame", [sale(trace=8), REFUND], ids=["sale", "refund"])
def test_kind_d_replays_while_the_batch_is_open_and_books_again_afterwards(frame):
    acquirer = an_acquirer_with_a_sale("d")
    first = ask(acquirer, frame)
    assert [ask(acquirer, frame), len(acquirer.ledger.entries)] == [first, 2]
    acquirer.set_batch("YL000001", 2)
    second = ask(acquirer, frame)
    assert take_apart(second, frame)[39] == b"00"
    assert take_apart(second, frame)[37] != take_apart(first, frame)[37]
    assert [entry.booking for entry in acquirer.ledger.entries[1:]] == [1, 2]


@pytest.mark.parametrize("kind, code, times", [("a", "00", 1), ("b", "94", 1), ("c", "00", 2), ("d", "00", 2)])
def test_a_known_attempt_of_a_closed_batch_is_answered_by_kind(kind, code, times):
    acquirer = an_acquirer_with_a_sale(kind)
    ask(acquirer, REFUND)
    acquirer.set_batch("YL000001", 2)
    assert code_of(acquirer, REFUND) == code
    assert acquirer.ledger.money()["YL000001-0001-00000012"] == {"amount": 500 * times, "times": times}


# ---- batches


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("frame", [sale(trace=8), REFUND, void(RRN)], ids=["sale", "refund", "void"])
def test_another_batch_is_refused_unseen(kind, frame):
    acquirer = an_acquirer_with_a_sale(kind)
    acquirer.set_batch("YL000001", 2)
    assert [code_of(acquirer, frame), code_of(acquirer, frame)] == ["77", "77"]
    assert acquirer.ledger.entries == [ORIGINAL]
    # Nothing was stored: the same bytes are new when their batch is the open one.
    acquirer.set_batch("YL000001", 1)
    assert code_of(acquirer, frame) == "00"


def test_each_terminal_has_a_batch_of_its_own():
    acquirer = an_acquirer()
    assert [acquirer.open_batch("YL000001"), acquirer.open_batch("YL000002")] == [1, 1]
    acquirer.set_batch("YL000002", 999_999)
    assert [acquirer.open_batch("YL000001"), acquirer.open_batch("YL000002")] == [1, 999_999]
    assert acquirer.view()["batches"] == {"YL000001": 1, "YL000002": 999_999}
    assert code_of(acquirer, sale()) == "00"


def test_batches_that_cannot_be_are_refused():
    acquirer = an_acquirer()
    for terminal, batch in (("YL000003", 2), ("YL000001", 0), ("YL000001", -1), ("YL000001", 1_000_000)):
        with pytest.raises(ValueError):
            acquirer.set_batch(terminal, batch)
    with pytest.raises(ValueError):
        acquirer.open_batch("YL000003")
    assert acquirer.open_batch("YL000001") == 1


# ---- query


@pytest.mark.parametrize("kind", KINDS)
def test_a_query_finds_what_is_booked_under_an_attempt(kind):
    acquirer = an_acquirer_with_a_sale(kind, query=True)
    assert code_of(acquirer, QUERY) == "25"
    booked = take_apart(ask(acquirer, REFUND), REFUND)
    fields = take_apart(ask(acquirer, QUERY), QUERY)
    assert [fields[field] for field in (37, 38, 39)] == [booked[37], booked[38], b"00"]
    assert [fields[field] for field in (3, 4, 11)] == [bcd("200000"), bcd("000000000500"), bcd("000012")]
    assert fields[60] == bytes.fromhex("0011000000010000")
    assert acquirer.events[-1]["summary"] == "0610 query 5.00 code 00: booked"
    acquirer.set_batch("YL000001", 2)
    assert code_of(acquirer, QUERY) == "00"
    assert acquirer.ledger.money() == {"YL000001-0001-00000012": {"amount": 500, "times": 1}}


def test_a_query_has_no_effect_on_what_it_asks_after():
    acquirer = an_acquirer_with_a_sale(query=True)
    assert [code_of(acquirer, frame) for frame in (QUERY, REFUND, QUERY, REFUND)] == ["25", "00", "00", "00"]


def test_a_query_after_a_decline_finds_nothing():
    acquirer = an_acquirer_with_a_sale(query=True)
    acquirer.set_mood("declines", 1)
    assert [code_of(acquirer, frame) for frame in (REFUND, QUERY)] == ["05", "25"]


def test_an_acquirer_without_a_query_says_so():
    acquirer = an_acquirer_with_a_sale()
    ask(acquirer, REFUND)
    assert (acquirer.query, code_of(acquirer, QUERY)) == (False, "40")


@pytest.mark.parametrize(
    "changes, code",
    [
        ({11: bcd("000013")}, "30"),
        ({61: variable_digits("0000010000130928")}, "30"),
        ({60: variable_digits("00000002000")}, "30"),
        ({60: variable_digits("25000001000")}, "12"),
        ({60: variable_digits("00000001003")}, "12"),
        ({3: bcd("000000")}, "12"),
        ({4: bcd("000000000501")}, "64"),
        ({57: variable_bytes(tag(1, number(13)) + by_hand.NONCE_TAG)}, "64"),
        ({57: variable_bytes(tag(1, number(12)))}, "30"),
        ({57: variable_bytes(tag(1, number(12)) + tag(5, bytes(7)))}, "30"),
        ({57: variable_bytes(tag(1, number(12)) + tag(5, bytes(9)))}, "30"),
        ({57: variable_bytes(tag(1, number(12)) + by_hand.NONCE_TAG + tag(4, by_hand.CARD))}, "30"),
        ({25: bcd("00")}, "30"),
        ({42: b"YUANLU000000002", 41: b"YL000002"}, "25"),
        ({42: b"YUANLU000000003"}, "03"),
        ({41: b"YL000002"}, "97"),
        ({61: variable_digits("0000010000120101")}, "00"),
    ],
)
def test_a_query_is_refused_with_the_code_that_says_why(changes, code):
    acquirer, frame = an_acquirer_with_a_sale(query=True), frame_of("0600", query_fields() | changes)
    ask(acquirer, REFUND)
    answer = ask(acquirer, frame)
    assert (fields_of(answer)[39].decode(), by_hand.has_right_mac(answer, frame)) == (code, True)
    assert (37 in fields_of(answer)) == (code == "00")


def test_a_nonce_that_comes_twice_is_an_alarm():
    acquirer = an_acquirer_with_a_sale(query=True)
    fresh = frame_of("0600", query_fields() | {57: variable_bytes(tag(1, number(12)) + tag(3, by_hand.HEAD) + tag(5, bytes(8)))})
    assert [code_of(acquirer, frame) for frame in (QUERY, fresh)] == ["25", "25"]
    assert acquirer.ledger.alarms == []
    assert code_of(acquirer, QUERY) == "25"
    assert [(alarm["what"], alarm["trace"]) for alarm in acquirer.ledger.alarms] == [
        ("a query with a nonce used before", "000012")
    ]


def test_a_query_tells_a_void_from_a_refund():
    acquirer = an_acquirer_with_a_sale(query=True)
    ask(acquirer, void(RRN))
    assert code_of(acquirer, query(1234, 21)) == "64"


# ---- sign-on and echo


@pytest.mark.parametrize("batch, trusted", [(1, "0000010030"), (7, "0000070030")])
def test_a_sign_on_hears_the_open_batch_and_changes_nothing(batch, trusted):
    acquirer = an_acquirer()
    acquirer.set_batch("YL000001", batch)
    fields = take_apart(ask(acquirer, SIGN_ON), SIGN_ON)
    assert fields == {
        11: bcd("000030"),
        12: bcd("140506"),
        13: bcd("0928"),
        39: b"00",
        41: by_hand.TERMINAL,
        42: by_hand.MERCHANT,
        60: bytes.fromhex("001100" + trusted),
    }
    assert acquirer.open_batch("YL000001") == batch
    assert acquirer.events[-1]["summary"] == f"0810 sign-on code 00: batch {batch} is open"


def test_an_echo_hears_what_it_said():
    acquirer = an_acquirer()
    acquirer.set_batch("YL000001", 7)
    fields = take_apart(ask(acquirer, ECHO), ECHO)
    assert (fields[39], fields[60]) == (b"00", bytes.fromhex("0011000000013010"))
    assert acquirer.events[-1]["summary"] == "0830 echo code 00: here"


@pytest.mark.parametrize(
    "frame, code",
    [
        (plain_frame_of("0800", sign_on_fields(0)), "00"),
        (plain_frame_of("0800", sign_on_fields() | {60: variable_digits("00000001301")}), "12"),
        (plain_frame_of("0800", sign_on_fields() | {60: variable_digits("22000001003")}), "12"),
        (plain_frame_of("0800", sign_on_fields() | {63: variable_bytes(b"002")}), "12"),
        (plain_frame_of("0800", sign_on_fields() | {63: variable_bytes(b"01")}), "30"),
        (plain_frame_of("0800", sign_on_fields() | {11: bcd("000000")}), "30"),
        (plain_frame_of("0800", by_hand.echo_fields()), "30"),
        (plain_frame_of("0800", sign_on_fields() | {42: b"YUANLU000000003"}), "03"),
        (plain_frame_of("0800", sign_on_fields() | {41: b"YL000009"}), "97"),
        (plain_frame_of("0820", sign_on_fields()), "30"),
        (plain_frame_of("0820", by_hand.echo_fields() | {60: variable_digits("00000001003")}), "12"),
        (plain_frame_of("0820", by_hand.echo_fields() | {41: b"YL000009"}), "97"),
        (plain_frame_of("0800", {}), "30"),
    ],
)
def test_a_sign_on_or_echo_is_refused_with_the_code_that_says_why(frame, code):
    answer = ask(an_acquirer(), frame)
    assert fields_of(answer)[39].decode() == code
    assert 64 not in fields_of(answer)


@pytest.mark.parametrize("message_type, fields", [("0800", sign_on_fields()), ("0820", by_hand.echo_fields())])
def test_a_mac_that_does_not_belong_is_still_answered_under_one(message_type, fields):
    acquirer, frame = an_acquirer(), frame_of(message_type, fields | {57: variable_bytes(b"")})
    answers = [ask(acquirer, frame), ask(acquirer, frame[:-1] + bytes([frame[-1] ^ 1]))]
    assert [fields_of(answer)[39] for answer in answers] == [b"30", b"A0"]
    assert by_hand.has_right_mac(answers[0], frame)
    assert 64 in fields_of(answers[0])


def test_no_batch_of_a_refund_is_open_for_another_terminal():
    acquirer = an_acquirer_with_a_sale()
    acquirer.set_batch("YL000002", 5)
    other = refund_fields(RRN) | {42: b"YUANLU000000002", 41: b"YL000002"}
    in_its_batch = other | {60: variable_digits("25000005000")}
    assert [code_of(acquirer, frame_of("0220", fields)) for fields in (other, in_its_batch)] == ["77", "25"]
    assert acquirer.answer(REFUND, NOW)
