"""Closing a batch at the acquirer simulator: totals, details, the end, and what may not happen in between."""

from datetime import timedelta

import pytest

from tests.wire import acquirer_frames as by_hand
from tests.wire.acquirer_frames import (
    bcd,
    details,
    end,
    fields_of,
    frame_of,
    number,
    offline_refund,
    refund,
    reversal,
    sale,
    settlement,
    settlement_fields,
    sign_on,
    tag,
    take_apart,
    totals,
    upload,
    upload_fields,
    variable_bytes,
    variable_digits,
    void,
    wallet_query,
    wallet_sale,
)
from tests.wire.acquirers import NOW, RRN, an_acquirer, an_acquirer_with_a_sale, ask, code_of

# Written out byte by byte from the tables, the MACs from `openssl mac`.
SETTLEMENT = bytes.fromhex(
    "0086 6000030000 603100000000 0500 0020000000C18093 000050 594C303030303031 5955414E4C55303030303030303031"
    "0062 000000001234 0010000000005000 0100000000000000000000000000000000 313536"
    "0028 020C79783DA99F68BBAC907E7076 030C000000061122334455667788 0011 000000012010 0003303031 667B65B6BAF24BE6"
)
UPLOAD = bytes.fromhex(
    "0074 6000030000 603100000000 0320 0020000000C10091 000050 594C303030303031 5955414E4C55303030303030303031"
    "0042 02 22 000007 000000001234 25 000012 000000000500"
    "0028 020C79783DA99F68BBAC6C6E4AA4 030C000000061122334455667788 0011 000000012010 54A07DBA0174FA64"
)
END = bytes.fromhex(
    "0061 6000030000 603100000000 0320 0020000000C10091 000050 594C303030303031 5955414E4C55303030303030303031"
    "0004 0002 0028 020C79783DA99F68BBAC0B2EE24C 030C000000061122334455667788 0011 000000012020 19FD65B97A64912A"
)
KINDS = ["a", "b", "c", "d"]
SALE, REFUND = ("22", 7, 1234), ("25", 12, 500)
BOTH = details(SALE, REFUND)
AGREED = totals(1234, 1, 500, 1)


def flag_of(acquirer, frame, code="00"):
    """The flag in the answer to a settlement, whose totals must be the request's."""
    answer = take_apart(ask(acquirer, frame), frame)
    assert answer[39].decode() == code
    block, claimed = answer[48][2:].hex(), frame[51:82].hex()  # after field 48's length, behind 11, 41 and 42
    assert block[:30] + "0" + block[31:] == claimed
    return block[30]


def alarms_of(acquirer):
    return [alarm["what"] for alarm in acquirer.ledger.alarms]


def with_a_refund(kind="a"):
    """A sale of 12.34 and a refund of 5.00 of it, both in batch 1."""
    acquirer = an_acquirer_with_a_sale(kind, query=True)
    assert code_of(acquirer, refund(RRN)) == "00"
    return acquirer


def test_the_frames_of_these_tests_are_the_ones_written_out():
    assert (settlement(AGREED), upload(BOTH), end("202", 2)) == (SETTLEMENT, UPLOAD, END)


# ---- the totals agree


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_whose_totals_agree_is_closed_and_the_next_one_opens(kind):
    acquirer = with_a_refund(kind)
    assert flag_of(acquirer, SETTLEMENT) == "1"
    assert acquirer.events[-1]["summary"] == "0510 settlement code 00: the totals agree"
    answer = take_apart(ask(acquirer, end("207")), end("207"))
    assert (answer[39], answer[60]) == (b"00", bytes.fromhex("0011000000012070"))
    assert (acquirer.open_batch("YL000001"), alarms_of(acquirer)) == (2, [])
    assert take_apart(ask(acquirer, sign_on()), sign_on())[60][3:6] == bytes.fromhex("000002")
    assert code_of(acquirer, frame_of("0200", by_hand.sale_fields(trace=8) | {60: variable_digits("22000002000")})) == "00"


def test_an_empty_batch_can_be_closed():
    acquirer = an_acquirer()
    assert (flag_of(acquirer, settlement(totals())), code_of(acquirer, end("207"))) == ("1", "00")
    assert acquirer.open_batch("YL000001") == 2


def test_after_the_last_batch_comes_the_first():
    acquirer = an_acquirer()
    acquirer.set_batch("YL000001", 999_999)
    assert flag_of(acquirer, settlement(totals(), 999_999)) == "1"
    assert code_of(acquirer, end("207", batch=999_999)) == "00"
    assert acquirer.open_batch("YL000001") == 1


# ---- what counts


@pytest.mark.parametrize(
    "claimed, flag",
    [
        (totals(2468, 2, 1734, 2), "1"),
        (totals(2467, 2, 1734, 2), "2"),
        (totals(2468, 3, 1734, 2), "2"),
        (totals(2468, 2, 1733, 2), "2"),
        (totals(2468, 2, 1734, 1), "2"),
        (totals(), "2"),
    ],
)
def test_sales_stand_in_the_debits_refunds_and_voids_in_the_credits(claimed, flag):
    acquirer = with_a_refund()
    rrn = take_apart(ask(acquirer, sale(trace=8)), sale(trace=8))[37]
    assert code_of(acquirer, void(rrn)) == "00"
    assert flag_of(acquirer, settlement(claimed)) == flag


def test_what_was_reversed_or_declined_or_belongs_elsewhere_does_not_count():
    acquirer = with_a_refund()
    ask(acquirer, sale(trace=8))
    assert code_of(acquirer, reversal(trace=8)) == "00"
    acquirer.set_mood("declines", 1)
    assert code_of(acquirer, sale(trace=9)) == "05"
    other = by_hand.sale_fields() | {42: b"YUANLU000000002", 41: b"YL000002"}
    assert code_of(acquirer, frame_of("0200", other)) == "00"
    acquirer.set_batch("YL000001", 2)
    assert code_of(acquirer, frame_of("0200", by_hand.sale_fields(trace=10) | {60: variable_digits("22000002000")})) == "00"
    acquirer.set_batch("YL000001", 1)
    assert flag_of(acquirer, SETTLEMENT) == "1"


def test_an_offline_sale_was_counted_elsewhere_and_its_refund_counts_here():
    acquirer = with_a_refund()
    acquirer.upload_offline_sale("YL000001", 1, 7, 1234, NOW - timedelta(days=1))
    assert code_of(acquirer, offline_refund(100, 13)) == "00"
    assert flag_of(acquirer, settlement(totals(1234, 1, 600, 2))) == "1"
    assert flag_of(acquirer, settlement(totals(1234, 1, 500, 1))) == "2"
    assert code_of(acquirer, upload(details(SALE, REFUND, ("27", 13, 100)))) == "00"
    assert (code_of(acquirer, end("202", 3)), alarms_of(acquirer)) == ("00", [])


@pytest.mark.parametrize("is_asked, refunded, refunds", [(False, 0, 0), (True, 500, 1)])
def test_a_wallets_refund_counts_once_the_terminal_was_told_that_it_is_done(is_asked, refunded, refunds):
    acquirer = an_acquirer(query=True)
    rrn = take_apart(ask(acquirer, wallet_sale()), wallet_sale())[37]
    ask(acquirer, refund(rrn))
    later = NOW + timedelta(minutes=1)
    if is_asked:
        ask(acquirer, wallet_query(), later)
    acquirer.settle_wallets(later)
    assert len(acquirer.ledger.money()) == 1
    assert flag_of(acquirer, settlement(totals(1234, 1, refunded, refunds))) == "1"


def test_a_wallets_refund_that_is_told_while_the_batch_closes_changes_nothing():
    acquirer = an_acquirer(query=True)
    rrn = take_apart(ask(acquirer, wallet_sale()), wallet_sale())[37]
    ask(acquirer, refund(rrn))
    claimed = totals(1234, 1)
    assert flag_of(acquirer, settlement(claimed)) == "1"
    ask(acquirer, wallet_query(), NOW + timedelta(minutes=1))
    assert [flag_of(acquirer, settlement(claimed)), flag_of(acquirer, settlement(claimed, trace=51))] == ["1", "1"]
    assert code_of(acquirer, end("207")) == "00"


# ---- the totals do not agree


@pytest.mark.parametrize("kind", KINDS)
def test_details_are_collected_once_and_the_end_closes_the_batch(kind):
    acquirer = with_a_refund(kind)
    assert flag_of(acquirer, settlement(totals(1234, 1))) == "2"
    answers = [code_of(acquirer, frame) for frame in (UPLOAD, UPLOAD, upload(details(SALE), trace=51))]
    assert answers == ["00"] * 3
    assert [event["summary"].split(": ")[1] for event in acquirer.events if event["mti"] == "0330"] == [
        "2 new of 2 details",
        "0 new of 2 details",
        "0 new of 1 details",
    ]
    assert (code_of(acquirer, END), acquirer.open_batch("YL000001"), alarms_of(acquirer)) == ("00", 2, [])


@pytest.mark.parametrize(
    "told, alarms",
    [
        ((SALE, REFUND), []),
        ((REFUND, SALE), []),
        ((SALE,), ["settlement: left out refund 000012 of 5.00"]),
        ((), ["settlement: left out sale 000007 of 12.34", "settlement: left out refund 000012 of 5.00"]),
        ((SALE, REFUND, ("25", 13, 700)), ["settlement: claims refund 000013 of 7.00"]),
        ((SALE, ("23", 12, 500)), ["settlement: left out refund 000012 of 5.00", "settlement: claims void 000012 of 5.00"]),
        ((SALE, ("25", 12, 501)), ["settlement: left out refund 000012 of 5.00", "settlement: claims refund 000012 of 5.01"]),
        ((SALE, ("27", 12, 500)), None),
    ],
)
def test_what_only_one_side_has_is_an_alarm(told, alarms):
    acquirer = with_a_refund()
    ask(acquirer, settlement(totals(1, 1)))
    if told:
        assert code_of(acquirer, upload(details(*told))) == "00"
    assert (code_of(acquirer, end("202", len(told))), acquirer.open_batch("YL000001")) == ("00", 2)
    if alarms is None:
        assert alarms_of(acquirer)[1] == "settlement: claims refund of an offline sale 000012 of 5.00"
    else:
        assert alarms_of(acquirer) == alarms
    for alarm in acquirer.ledger.alarms:
        assert (alarm["terminal"], alarm["batch"], alarm["number"] == "") == ("YL000001", "000001", "claims" in alarm["what"])


def test_a_refund_that_was_booked_twice_is_left_out_once():
    acquirer = with_a_refund("c")
    ask(acquirer, refund(RRN))
    assert flag_of(acquirer, SETTLEMENT) == "2"
    assert [code_of(acquirer, frame) for frame in (UPLOAD, END)] == ["00", "00"]
    assert alarms_of(acquirer) == ["settlement: left out refund 000012 of 5.00"]


def test_a_full_batch_goes_in_messages_of_eight():
    acquirer, told = an_acquirer(), [("22", trace, 100 + trace) for trace in range(1, 12)]
    for _, trace, amount in told:
        ask(acquirer, sale(amount, trace))
    assert flag_of(acquirer, settlement(totals())) == "2"
    assert [code_of(acquirer, upload(details(*part))) for part in (told[:8], told[8:])] == ["00", "00"]
    assert [code_of(acquirer, end("202", count)) for count in (8, 11)] == ["12", "00"]
    assert alarms_of(acquirer) == []


def test_other_totals_begin_anew_and_the_same_ones_do_not():
    acquirer = with_a_refund()
    assert flag_of(acquirer, settlement(totals(1234, 1))) == "2"
    assert code_of(acquirer, upload(details(SALE, ("25", 13, 1)))) == "00"
    assert flag_of(acquirer, settlement(totals(1234, 1), trace=51)) == "2"
    assert code_of(acquirer, end("202", 1)) == "12", "two came"
    assert flag_of(acquirer, settlement(totals(1235, 1))) == "2"
    assert [code_of(acquirer, frame) for frame in (upload(BOTH), END)] == ["00", "00"]
    assert alarms_of(acquirer) == []


# ---- in between


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("claimed", [AGREED, totals()], ids=["agree", "differ"])
def test_between_settlement_and_end_nothing_more_is_booked(kind, claimed):
    acquirer = with_a_refund(kind)
    ask(acquirer, settlement(claimed))
    entries = acquirer.ledger.entries
    assert [code_of(acquirer, frame) for frame in (sale(trace=20), refund(RRN, 1, 21), void(RRN, trace=22))] == ["77"] * 3
    # What recognises nothing does not know this one either.
    assert code_of(acquirer, refund(RRN)) == {"a": "00", "b": "94", "c": "77", "d": "00"}[kind]
    assert (acquirer.ledger.entries, acquirer.open_batch("YL000001")) == (entries, 1)
    assert code_of(acquirer, by_hand.query()) == "00"


def test_control_before_the_settlement_they_are_booked():
    acquirer = with_a_refund()
    assert [code_of(acquirer, frame) for frame in (sale(trace=20), refund(RRN, 1, 21))] == ["00", "00"]


def test_another_terminal_goes_on():
    acquirer = with_a_refund()
    ask(acquirer, SETTLEMENT)
    other = by_hand.sale_fields() | {42: b"YUANLU000000002", 41: b"YL000002"}
    assert code_of(acquirer, frame_of("0200", other)) == "00"


def test_what_is_reversed_in_between_is_missed_by_nobody():
    acquirer = an_acquirer()
    ask(acquirer, sale())
    ask(acquirer, sale(trace=8))
    assert flag_of(acquirer, settlement(totals(1234, 1))) == "2"
    assert code_of(acquirer, reversal(trace=8)) == "00"
    assert flag_of(acquirer, settlement(totals(1234, 1))) == "1"
    assert (code_of(acquirer, end("207")), alarms_of(acquirer)) == ("00", [])


def test_a_batch_that_is_changed_by_hand_is_not_closing_any_more():
    acquirer = with_a_refund()
    ask(acquirer, SETTLEMENT)
    acquirer.set_batch("YL000001", 1)
    assert [code_of(acquirer, frame) for frame in (sale(trace=20), end("207"))] == ["00", "12"]


# ---- repeats


@pytest.mark.parametrize("kind", KINDS)
def test_repeats_of_a_closing_change_nothing(kind):
    acquirer = with_a_refund(kind)
    assert [flag_of(acquirer, SETTLEMENT) for _ in range(2)] == ["1", "1"]
    again = end("207", trace=51)
    assert [code_of(acquirer, frame) for frame in (end("207"), end("207"), again)] == ["00"] * 3
    assert acquirer.events[-1]["summary"] == "0330 end code 00: closed before"
    assert (flag_of(acquirer, SETTLEMENT, "77"), acquirer.open_batch("YL000001")) == ("3", 2)
    assert [code_of(acquirer, frame) for frame in (end("202", 2), UPLOAD, end("207", batch=3))] == ["77"] * 3


def test_a_closed_batchs_attempts_are_still_met_by_kind():
    for kind, code in (("a", "00"), ("b", "94")):
        acquirer = with_a_refund(kind)
        for frame in (SETTLEMENT, end("207")):
            ask(acquirer, frame)
        assert [code_of(acquirer, frame) for frame in (refund(RRN), refund(RRN, 1, 13))] == [code, "77"]
        assert acquirer.ledger.refunded(RRN.decode()) == 500


# ---- what is refused


def test_an_upload_or_end_without_its_settlement_is_refused():
    acquirer = with_a_refund()
    assert [code_of(acquirer, frame) for frame in (UPLOAD, END, end("207"))] == ["12"] * 3
    ask(acquirer, SETTLEMENT)
    assert [code_of(acquirer, frame) for frame in (UPLOAD, END, end("202"), end("207", 2))] == ["12"] * 4
    acquirer = with_a_refund()
    ask(acquirer, settlement(totals()))
    assert [code_of(acquirer, frame) for frame in (end("207"), END, UPLOAD, end("202", 1), end("207", 2))] == (
        ["12", "12", "00", "12", "12"]
    )
    assert acquirer.open_batch("YL000001") == 1


@pytest.mark.parametrize(
    "changes, code",
    [
        ({}, "00"),
        ({48: variable_digits(AGREED[:-1])}, "30"),
        ({48: variable_digits(AGREED + "00")}, "30"),
        ({48: variable_digits(AGREED[:30] + "1" + AGREED[31:])}, "30"),
        ({48: variable_digits(AGREED[:-1] + "1")}, "30"),
        ({48: variable_digits(AGREED[:31] + "1" + AGREED[32:])}, "30"),
        ({48: bytes.fromhex("0062") + b"\xaa" * 31}, "30"),
        ({49: b"840"}, "12"),
        ({63: variable_bytes(b"002")}, "12"),
        ({63: variable_bytes(b"01")}, "30"),
        ({60: variable_digits("25000001201")}, "12"),
        ({60: variable_digits("00000001202")}, "12"),
        ({60: variable_digits("00000002201")}, "77"),
        ({11: bcd("000000")}, "30"),
        ({57: variable_bytes(tag(1, number(50)) + tag(3, by_hand.HEAD))}, "30"),
        ({57: variable_bytes(tag(3, by_hand.HEAD) + by_hand.NONCE_TAG)}, "30"),
        ({57: variable_bytes(b"")}, "00"),
        ({57: variable_bytes(tag(3, b"short"))}, "30"),
        ({4: bcd("000000000001")}, "30"),
        ({42: b"YUANLU000000003"}, "03"),
        ({41: b"YL000002"}, "97"),
    ],
)
def test_a_settlement_is_refused_with_the_code_that_says_why(changes, code):
    acquirer, frame = with_a_refund(), frame_of("0500", settlement_fields(AGREED) | changes)
    answer = ask(acquirer, frame)
    fields = fields_of(answer)
    assert (fields[39].decode(), by_hand.has_right_mac(answer, frame)) == (code, True)
    # A block of the right length comes back with flag 3 when the batch stays open for an error.
    if fields[48][:2] == bytes.fromhex("0062"):
        assert fields[48].hex()[34] == ("1" if code == "00" else "3")
    assert (code_of(acquirer, sale(trace=20)) == "77") == (code == "00")


@pytest.mark.parametrize(
    "block, network, code",
    [
        (BOTH, "201", "00"),
        (details(*[SALE] * 8), "201", "00"),
        (details(*[SALE] * 9), "201", "30"),
        (details(), "201", "30"),
        ("03" + BOTH[2:], "201", "30"),
        ("01" + BOTH[2:], "201", "30"),
        (BOTH[:-1], "201", "30"),
        (BOTH + "0", "201", "30"),
        (details(("24", 7, 1)), "201", "30"),
        (details(("61", 7, 1)), "201", "30"),
        (BOTH, "202", "30"),
        (BOTH, "207", "30"),
        ("000", "202", "30"),
        ("00000", "202", "30"),
        ("0000", "201", "30"),
        ("0000", "202", "00"),
        ("0000", "203", "30"),
        (BOTH, "203", "12"),
    ],
)
def test_an_upload_is_refused_with_the_code_that_says_why(block, network, code):
    acquirer = with_a_refund()
    ask(acquirer, settlement(totals()))
    assert code_of(acquirer, frame_of("0320", upload_fields(block, network))) == code


@pytest.mark.parametrize("network", ["201", "202"])
@pytest.mark.parametrize(
    "changes",
    [
        {57: variable_bytes(tag(1, number(50)))},
        {49: b"156"},
        {63: variable_bytes(b"001")},
        {60: variable_digits("0000000120")},
        {11: bcd("000000")},
    ],
)
def test_what_does_not_belong_into_an_upload_or_end_is_refused(changes, network):
    acquirer = with_a_refund()
    ask(acquirer, settlement(totals()))
    fields = upload_fields(BOTH if network == "201" else "0000", network)
    assert fields_of(ask(acquirer, frame_of("0320", fields | changes)))[39] == b"30"


# ---- moods


@pytest.mark.parametrize("mood", ["silent", "loses", "late", "twice", "garbage", "bad-mac"])
def test_the_line_fails_for_every_step_and_a_repeat_finds_its_way(mood):
    acquirer = with_a_refund()
    for frame in (settlement(totals()), UPLOAD, END):
        acquirer.set_mood(mood, 1)
        heard = acquirer.answer(frame, NOW)
        assert (heard is None) == (mood in ("silent", "loses"))
        assert acquirer.mood == "normal"
        assert code_of(acquirer, frame) == "00"
    assert (acquirer.open_batch("YL000001"), alarms_of(acquirer)) == (2, [])


def test_declines_refuses_every_step_and_decides_nothing():
    acquirer = with_a_refund()
    acquirer.set_mood("declines", 1)
    assert flag_of(acquirer, SETTLEMENT, "05") == "3"
    assert code_of(acquirer, sale(trace=20)) == "00"
    assert flag_of(acquirer, settlement(totals())) == "2"
    for frame in (UPLOAD, end("202", 0)):
        acquirer.set_mood("declines", 1)
        assert code_of(acquirer, frame) == "05"
    assert acquirer.open_batch("YL000001") == 1


def test_a_wrong_mac_closes_nothing():
    acquirer = with_a_refund()
    assert flag_of(acquirer, SETTLEMENT[:-1] + b"\0", "A0") == "3"
    ask(acquirer, SETTLEMENT)
    assert code_of(acquirer, end("207")[:-1] + b"\0") == "A0"
    assert acquirer.open_batch("YL000001") == 1
