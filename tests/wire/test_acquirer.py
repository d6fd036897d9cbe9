"""The acquirer simulator against docs/wire.md: what it books, what it answers, and how it fails when told to."""

from datetime import timedelta

import pytest

from emulator.acquirer.message import cmac
from tests.wire import acquirer_frames as by_hand
from tests.wire.acquirer_frames import bcd, frame_of, refund, refund_fields, sale, take_apart, variable_digits
from tests.wire.acquirers import NOW, ORIGINAL, RRN, an_acquirer, an_acquirer_with_a_sale, ask, code_of

# Written out byte by byte from the tables, the MACs from `openssl mac`, the card block from Node's crypto.
SALE = bytes.fromhex(
    "00B5 6000030000 603100000000 0200 3020048000C08091 000000 000000001234 000007 0710 00 594C303030303031"
    "5955414E4C55303030303030303031 313536 0101 020C79783DA99F68BBAC10A7AF82"
    "0116594C3030303030312D303030312D3030303030303037 030C000000061122334455667788"
    "042FA0A1A2A3A4A5A6A7A8A9AAABD70D269175EEE8CA93E2FFE50F5A5352AAC95EB0DEFBAE18F1D14FB252AF80AFCE099B"
    "0011 220000010000 F85FB92CACD66D57"
)
REFUND = bytes.fromhex(
    "00A3 6000030000 603100000000 0220 302000800CC0809B 200000 000000000500 000012 00 303932373132333435363738 363534333231"
    "594C303030303031 5955414E4C55303030303030303031 313536 0052 020C79783DA99F68BBACF3008BC4"
    "0116594C3030303030312D303030312D3030303030303132"
    "030C0000000B99AABBCCDDEEFF00 0011 250000010000 0016 0000010000070927 0003303030 A1C908C5664789A6"
)


@pytest.mark.parametrize(
    "length, mac",
    [
        (0, "bb1d6929e95937287fa37d129b756746"),
        (16, "070a16b46b4d4144f79bdd9dd04a287c"),
        (40, "dfa66747de9ae63030ca32611497c827"),
        (64, "51f0bebf7e3b9d92fc49741779363cfe"),
    ],
)
def test_cmac_gives_the_values_of_rfc_4493(length, mac):
    message = bytes.fromhex(
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
        "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
    )
    assert cmac(bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"), message[:length]).hex() == mac


def test_the_frames_of_these_tests_are_the_ones_written_out():
    assert sale() == SALE
    assert refund(RRN, approval=b"654321", original="0000010000070927") == REFUND


def test_a_sale_is_booked_and_answered():
    acquirer = an_acquirer()
    [reply] = acquirer.answer(SALE, NOW)
    fields = take_apart(reply.frame, SALE)
    [entry] = acquirer.ledger.entries
    assert (reply.delay_ms, entry.original_rrn) == (0, "")
    assert (entry.kind, entry.amount, entry.merchant, entry.terminal) == ("sale", 1234, "YUANLU000000001", "YL000001")
    assert (entry.batch, entry.trace, entry.number) == ("000001", "000007", "YL000001-0001-00000007")
    assert (entry.card, entry.when, entry.booking) == ("622848****4890", NOW, 1)
    assert fields == fields | {
        3: bcd("000000"),
        4: bcd("000000001234"),
        11: bcd("000007"),
        12: bcd("140506"),
        13: bcd("0928"),
        25: bcd("00"),
        37: entry.rrn.encode(),
        38: entry.approval.encode(),
        39: b"00",
        41: by_hand.TERMINAL,
        42: by_hand.MERCHANT,
        49: b"156",
        60: bytes.fromhex("0011220000010000"),
    }
    assert acquirer.ledger.money("sale") == {"YL000001-0001-00000007": {"amount": 1234, "times": 1}}
    assert acquirer.ledger.money() == {}


def test_a_refund_is_booked_against_its_original_and_gets_an_rrn_of_its_own():
    acquirer = an_acquirer_with_a_sale()
    fields = take_apart(ask(acquirer, REFUND), REFUND)
    entry = acquirer.ledger.entries[1]
    assert (entry.kind, entry.amount, entry.original_rrn, entry.card) == ("refund", 500, RRN.decode(), "622848****4890")
    assert (fields[37], fields[38]) == (entry.rrn.encode(), entry.approval.encode())
    assert fields[60] == bytes.fromhex("0011250000010000")
    assert entry.rrn != ORIGINAL.rrn
    assert acquirer.ledger.refunded(ORIGINAL.rrn) == 500
    assert acquirer.ledger.money() == {"YL000001-0001-00000012": {"amount": 500, "times": 1}}


def test_an_answer_fits_one_request_only():
    acquirer = an_acquirer("c")
    other = sale(trace=8)
    answer = ask(acquirer, SALE)
    assert by_hand.has_right_mac(answer, SALE)
    assert not by_hand.has_right_mac(answer, other)


def test_an_answer_goes_back_the_way_the_request_came():
    elsewhere = SALE[:2] + bytes.fromhex("6012345678") + SALE[7:]
    answer = ask(an_acquirer(), elsewhere)
    assert answer[2:7] == bytes.fromhex("6056781234")
    # The TPDU is outside the MAC.
    assert take_apart(answer, elsewhere)[39] == b"00"


def test_kind_a_replays_its_answer_and_books_once():
    acquirer = an_acquirer_with_a_sale("a")
    first = ask(acquirer, REFUND)
    assert ask(acquirer, REFUND, NOW + timedelta(hours=3)) == first
    assert acquirer.ledger.money()["YL000001-0001-00000012"] == {"amount": 500, "times": 1}


def test_kind_c_books_a_repeat_again_and_only_the_cap_stops_it():
    acquirer = an_acquirer_with_a_sale("c")
    first, second = ask(acquirer, REFUND), ask(acquirer, REFUND)
    assert take_apart(first, REFUND)[37] != take_apart(second, REFUND)[37]
    assert code_of(acquirer, REFUND) == "64"
    assert acquirer.ledger.money()["YL000001-0001-00000012"] == {"amount": 1000, "times": 2}
    assert [entry.booking for entry in acquirer.ledger.entries if entry.kind == "refund"] == [1, 2]


def test_kind_a_raises_an_alarm_over_other_bytes_under_a_used_identity():
    acquirer = an_acquirer_with_a_sale("a")
    first = ask(acquirer, REFUND)
    assert code_of(acquirer, refund(RRN, amount=501)) == "94"
    assert acquirer.ledger.refunded(ORIGINAL.rrn) == 500
    [alarm] = acquirer.ledger.alarms
    assert (alarm["trace"], alarm["batch"], alarm["number"]) == ("000012", "000001", "YL000001-0001-00000012")
    assert ask(acquirer, REFUND) == first


def test_the_same_trace_in_another_batch_is_another_attempt():
    acquirer = an_acquirer_with_a_sale("a")
    next_batch = frame_of("0220", refund_fields(RRN) | {60: variable_digits("25000002000")})
    assert code_of(acquirer, REFUND) == "00"
    acquirer.set_batch("YL000001", 2)
    assert code_of(acquirer, next_batch) == "00"
    assert acquirer.ledger.refunded(ORIGINAL.rrn) == 1000


def test_refunds_of_a_sale_never_exceed_it():
    acquirer = an_acquirer_with_a_sale()
    codes = [code_of(acquirer, refund(RRN, amount, trace)) for trace, amount in enumerate((1235, 700, 535, 534, 1), start=20)]
    assert codes == ["64", "00", "64", "00", "64"]
    assert acquirer.ledger.refunded(ORIGINAL.rrn) == 1234


def test_silent_neither_books_nor_answers():
    acquirer = an_acquirer_with_a_sale()
    acquirer.mood = "silent"
    assert acquirer.answer(REFUND, NOW) is None
    assert acquirer.ledger.money() == {}
    acquirer.mood = "normal"
    assert code_of(acquirer, REFUND) == "00"


def test_loses_books_and_swallows_the_answer_and_its_replay():
    acquirer = an_acquirer_with_a_sale("a")
    acquirer.set_mood("loses", 2)
    assert [acquirer.answer(REFUND, NOW), acquirer.answer(REFUND, NOW)] == [None, None]
    assert acquirer.ledger.money()["YL000001-0001-00000012"] == {"amount": 500, "times": 1}
    assert (acquirer.mood, acquirer.mood_count) == ("normal", None)
    assert code_of(acquirer, REFUND) == "00"
    assert acquirer.ledger.money()["YL000001-0001-00000012"] == {"amount": 500, "times": 1}


def test_declines_books_nothing_and_a_repeat_hears_the_same():
    acquirer = an_acquirer_with_a_sale("a")
    acquirer.mood, acquirer.mood_count = "declines", 1
    declined = ask(acquirer, REFUND)
    assert take_apart(declined, REFUND)[39] == b"05"
    assert ask(acquirer, REFUND) == declined
    assert acquirer.ledger.money() == {}


def test_a_decline_never_takes_back_what_kind_a_booked():
    acquirer = an_acquirer_with_a_sale("a")
    first = ask(acquirer, REFUND)
    acquirer.set_mood("declines")
    assert [ask(acquirer, REFUND), ask(acquirer, REFUND)] == [first, first]
    assert (acquirer.mood, code_of(acquirer, refund(RRN, trace=13))) == ("declines", "05")


def test_a_delay_is_handed_on():
    acquirer = an_acquirer()
    acquirer.delay_ms = 750
    assert acquirer.answer(SALE, NOW)[0].delay_ms == 750


@pytest.mark.parametrize("position", [31, len(REFUND) - 15, len(REFUND) - 9, len(REFUND) - 8, len(REFUND) - 1])
def test_a_wrong_mac_is_answered_a0_and_decides_nothing(position):
    acquirer = an_acquirer_with_a_sale()
    changed = REFUND[:position] + bytes([REFUND[position] ^ 1]) + REFUND[position + 1 :]
    assert code_of(acquirer, changed) == "A0"
    assert acquirer.ledger.money() == {}
    assert code_of(acquirer, REFUND) == "00"
    assert acquirer.ledger.money()["YL000001-0001-00000012"] == {"amount": 500, "times": 1}
    assert acquirer.ledger.alarms == []


def test_the_same_seed_gives_the_same_answers():
    frames = [sale(trace=trace) for trace in (1, 2, 3)]
    acquirers = [an_acquirer(seed=5), an_acquirer(seed=5), an_acquirer(seed=6)]
    answers = [[ask(acquirer, frame) for frame in frames] for acquirer in acquirers]
    assert answers[0] == answers[1]
    assert answers[0] != answers[2]
