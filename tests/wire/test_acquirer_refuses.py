"""What the acquirer simulator refuses: with which code, at which place, and never with a booking or a stray exception."""

import ast
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from emulator import acquirer as package
from emulator.acquirer import MOODS, Acquirer, BadMessage
from tests.wire import acquirer_frames as by_hand
from tests.wire.acquirer_frames import (
    bcd,
    echo,
    frame_of,
    framed,
    number,
    plain_frame_of,
    query,
    refund,
    refund_fields,
    resealed,
    reversal,
    sale,
    sale_fields,
    sign_on,
    tag,
    variable_bytes,
    variable_digits,
    void,
)
from tests.wire.acquirers import NOW, ORIGINAL, RRN, an_acquirer, an_acquirer_with_a_sale, ask, code_of

GOOD_NUMBER, GOOD_HEAD, GOOD_CARD = tag(1, number(7)), tag(3, by_hand.HEAD), tag(4, by_hand.CARD)


def card(pan: bytes, key: bytes = by_hand.READER_KEY) -> bytes:
    return tag(4, by_hand.NONCE + by_hand.AESGCM(key).encrypt(by_hand.NONCE, pan, None))


@pytest.mark.parametrize(
    "changes, code",
    [
        ({}, "00"),
        ({3: bcd("310000")}, "12"),
        ({22: bcd("021")}, "12"),
        ({25: bcd("06")}, "12"),
        ({49: b"840"}, "12"),
        ({60: variable_digits("23000001000")}, "12"),
        ({60: variable_digits("22000001001")}, "12"),
        ({60: variable_digits("220000010000")}, "30"),
        ({60: variable_digits("2200000100")}, "30"),
        ({60: bytes.fromhex("00112200000A0000")}, "30"),
        ({4: bcd("000000000000")}, "13"),
        ({4: bytes.fromhex("00000000123A")}, "30"),
        ({11: bcd("000000")}, "30"),
        ({11: bytes.fromhex("00000F")}, "30"),
        ({63: variable_bytes(b"000")}, "30"),
        ({37: b"092712345678"}, "30"),
        ({42: b"YUANLU000000003"}, "03"),
        ({41: b"YL000002"}, "97"),
        ({41: b"YL000009"}, "97"),
        ({57: GOOD_NUMBER + GOOD_CARD}, "00"),
        ({57: GOOD_NUMBER + GOOD_CARD + tag(9, b"new")}, "00"),
        ({57: GOOD_NUMBER + card(b"622848040256FFFFFFF")}, "00"),
        ({57: GOOD_NUMBER + card(b"6228480402564890FFF", by_hand.BASE_KEY)}, "14"),
        ({57: GOOD_NUMBER + tag(4, by_hand.CARD[:-1] + b"\0")}, "14"),
        ({57: GOOD_NUMBER + tag(4, by_hand.CARD[:-1])}, "14"),
        ({57: GOOD_NUMBER + tag(4, b"")}, "14"),
        ({57: GOOD_NUMBER + card(b"62284804025FFFFFFFF")}, "14"),
        ({57: GOOD_NUMBER + card(b"6228480402F64890FFF")}, "14"),
        ({57: GOOD_NUMBER + card(b"6228480402564890FF0")}, "14"),
        ({57: GOOD_NUMBER + GOOD_HEAD}, "30"),
        ({57: GOOD_CARD + GOOD_HEAD}, "30"),
        ({57: b""}, "30"),
        ({57: GOOD_NUMBER + tag(3, by_hand.HEAD[:-1]) + GOOD_CARD}, "30"),
        ({57: GOOD_NUMBER + GOOD_CARD + tag(9, bytes(166))}, "00"),
        ({57: tag(1, b"YL000001-0001-0000007") + GOOD_CARD}, "30"),
        ({57: tag(1, b"YL000001-000G-00000007") + GOOD_CARD}, "30"),
        ({57: tag(1, b"YL000001-0001-0000000A") + GOOD_CARD}, "30"),
        ({57: tag(1, b"YL00\x00001-0001-00000007") + GOOD_CARD}, "30"),
    ],
)
def test_a_sale_is_refused_with_the_code_that_says_why(changes, code):
    changes = {field: variable_bytes(value) if field == 57 else value for field, value in changes.items()}
    acquirer, frame = an_acquirer(), frame_of("0200", sale_fields() | changes)
    assert code_of(acquirer, frame) == code
    assert len(acquirer.ledger.entries) == (code == "00")


def refund_with(**changes):
    settings = {"rrn": RRN, "approval": b"654321", "original": "0000010000070927"} | changes
    return refund(**settings)


@pytest.mark.parametrize(
    "frame, code",
    [
        (refund_with(), "00"),
        (refund_with(original="0000000000000000", approval=b"      "), "00"),
        (refund_with(original="0000000000000927", approval=b"000000"), "00"),
        (refund_with(original="0000010000000000"), "00"),
        (refund_with(rrn=b"092712345679"), "25"),
        (refund_with(rrn=b"092800000001"), "25"),
        (refund_with(approval=b"654322"), "25"),
        (refund_with(original="0000020000070927"), "25"),
        (refund_with(original="0000010000080927"), "25"),
        (refund_with(original="0000010000070928"), "25"),
        (refund_with(original="000001000007092"), "30"),
        (refund_with(amount=0), "13"),
        (refund_with(amount=1235), "64"),
        (refund_with(amount=1234), "00"),
        (frame_of("0220", refund_fields(RRN) | {42: b"YUANLU000000002", 41: b"YL000002"}), "25"),
        (frame_of("0220", refund_fields(RRN) | {63: variable_bytes(b"001")}), "12"),
        (frame_of("0220", refund_fields(RRN) | {63: variable_bytes(b"0000")}), "30"),
        (frame_of("0220", refund_fields(RRN) | {60: variable_digits("27000001000")}), "30"),
        (frame_of("0220", refund_fields(RRN) | {57: variable_bytes(tag(1, number(12)) + GOOD_CARD)}), "30"),
        (frame_of("0220", refund_fields(RRN) | {3: bcd("000000")}), "12"),
        (frame_of("0200", refund_fields(RRN)), "30"),
        (frame_of("0220", refund_fields(RRN) | {57: variable_bytes(tag(1, number(12)) + by_hand.NONCE_TAG)}), "30"),
        (frame_of("0400", sale_fields()), "30"),
    ],
)
def test_a_refund_is_refused_with_the_code_that_says_why(frame, code):
    acquirer = an_acquirer_with_a_sale()
    acquirer.ledger.book(replace(ORIGINAL, kind="refund", amount=1, rrn="092800000001", original_rrn="another sale"))
    assert code_of(acquirer, frame) == code
    assert (acquirer.ledger.refunded(ORIGINAL.rrn) > 0) == (code == "00")


@pytest.mark.parametrize(
    "message_type, fields, without_processing_code",
    [
        ("0200", sale_fields(), b"12"),
        ("0200", by_hand.void_fields(RRN), b"12"),
        ("0220", refund_fields(RRN), b"12"),
        ("0400", by_hand.reversal_fields(), b"40"),
        ("0220", by_hand.offline_refund_fields(), b"12"),
        ("0600", by_hand.query_fields(), b"12"),
        ("0600", by_hand.wallet_query_fields(), b"12"),
        ("0500", by_hand.settlement_fields(by_hand.totals()), b""),
        ("0320", by_hand.upload_fields("0000", "207"), b""),
    ],
)
def test_no_field_may_be_missing(message_type, fields, without_processing_code):
    for missing in fields.keys() - {57}:  # without 57 there is no KSN to answer under
        acquirer = an_acquirer_with_a_sale(query=True)
        frame = frame_of(message_type, {field: value for field, value in fields.items() if field != missing})
        answer = ask(acquirer, frame)
        assert by_hand.fields_of(answer)[39] == (without_processing_code if missing == 3 else b"30"), missing
        assert by_hand.has_right_mac(answer, frame)
        assert (acquirer.ledger.entries, acquirer.ledger.reversals) == ([ORIGINAL], [])


SALE = sale()


def sale_with(private: bytes) -> bytes:
    return frame_of("0200", sale_fields() | {57: variable_bytes(private)})


def changed(position: int, value: bytes) -> bytes:
    return resealed(SALE[:position] + value + SALE[position + len(value) :])


@pytest.mark.parametrize(
    "frame, place",
    [
        (b"", "length"),
        (b"\0", "length"),
        (b"\0\x13" + SALE[2:21], "length"),
        (SALE[:-1], "length"),
        (SALE + b"\0", "length"),
        (framed(SALE[2:] + bytes(1000)), "length"),
        (changed(2, b"\x61"), "TPDU"),
        (changed(7, b"\x61"), "header"),
        (changed(8, b"\x32"), "header"),
        (changed(9, b"\x01"), "header"),
        (changed(12, b"\x01"), "header"),
        (sale_with(GOOD_NUMBER + GOOD_CARD + tag(9, bytes(167))), "field 57"),
        (sale_with(GOOD_NUMBER + GOOD_NUMBER + GOOD_CARD), "field 57"),
        (sale_with(GOOD_NUMBER + GOOD_CARD[:-1]), "field 57"),
        (sale_with(GOOD_NUMBER + GOOD_CARD + b"\x03\x05"), "field 57"),
        (sale_with(GOOD_NUMBER + GOOD_CARD + b"\x03"), "field 57"),
        (changed(13, b"\x02\x10"), "type"),
        (changed(13, b"\x02\x0a"), "type"),
        (changed(13, b"\x0a\x00"), "type"),
        (changed(13, b"\x08\x10"), "type"),
        (changed(15, b"\xb0"), "bitmap"),
        (changed(15, b"\x70"), "bitmap"),
        (framed(SALE[2:21] + b"\x00"), "bitmap"),
        (changed(36, b"\x11"), "field 22"),
        (changed(40, b"\xff"), "field 41"),
        (changed(64, b"\x02\x56"), "field 57"),
        (changed(64, b"\x00\x8a"), "field 57"),
        (changed(64, b"\x01\x87"), "field 57"),
        (changed(-9, b"\x01"), "field 60"),
        (resealed(SALE[:-8] + b"\0" + SALE[-8:]), "field 64"),
        (framed(SALE[2:-1]), "field 64"),
        (framed(SALE[2:22] + b"\x90" + SALE[23:-8]), "field 64"),
        (plain_frame_of("0220", refund_fields(RRN)), "field 64"),
        (plain_frame_of("0400", by_hand.reversal_fields()), "field 64"),
        (plain_frame_of("0600", by_hand.query_fields()), "field 64"),
        (plain_frame_of("0840", by_hand.echo_fields()), "field 64"),
    ],
)
def test_bytes_that_cannot_be_answered_are_refused_at_their_place(frame, place):
    acquirer = an_acquirer()
    with pytest.raises(BadMessage) as refusal:
        acquirer.answer(frame, NOW)
    assert refusal.value.place == place
    [event] = acquirer.events
    assert (event["mti"], event["hex"], event["summary"]) == ("", frame.hex(), f"bad frame: {refusal.value}")
    assert acquirer.ledger.entries == []


def mutate(frame: bytes, random: Random) -> bytes:
    mutated = bytearray(frame)
    for _ in range(random.choice((1, 1, 2, 5))):
        position = random.randrange(len(mutated))
        change = random.randrange(5)
        if change == 0:
            mutated[position] ^= 1 << random.randrange(8)
        elif change == 1:
            mutated[position] = random.randrange(256)
        elif change == 2:
            del mutated[position : position + random.choice((1, 1, 7))]
        elif change == 3:
            mutated[position:position] = random.randbytes(random.choice((1, 1, 30)))
        else:
            other = random.randrange(len(mutated))
            mutated[position : position + 4] = mutated[other : other + 4]
        mutated = mutated or bytearray(1)
    # Most get a MAC and a length that fit, or nothing behind the MAC check would ever be reached.
    return resealed(bytes(mutated)) if random.random() < 0.8 and len(mutated) > 30 else bytes(mutated)


OTHER_RRN, WALLET_RRN = b"092712345679", b"092712345677"


def any_frame(random: Random) -> bytes:
    trace = random.randrange(1, 1000)
    makers: list[Callable[[], bytes]] = [
        lambda: sale(random.choice((1234, 1268, 1251)), trace),
        lambda: refund(RRN, 1, trace),
        lambda: refund(RRN, 2, trace, b"654321", "0000010000070927"),
        lambda: void(RRN, trace=trace),
        lambda: void(OTHER_RRN, trace=trace, batch=random.choice((1, 2))),
        lambda: refund(OTHER_RRN, 1, trace),
        lambda: reversal(trace=trace, function=random.choice(("22", "23"))),
        lambda: query(1, trace),
        lambda: by_hand.wallet_sale(1234, trace),
        lambda: refund(WALLET_RRN, 1, trace),
        lambda: by_hand.wallet_query(1, trace),
        lambda: by_hand.offline_refund(1, trace),
        lambda: by_hand.settlement(by_hand.totals(1234, random.randrange(3), 0, 0)),
        lambda: by_hand.upload(by_hand.details(("22", trace, 1234))),
        sign_on,
        echo,
    ]
    return random.choice(makers)()


def outcome_of(acquirer: Acquirer, frame: bytes, outcomes: Counter[str]) -> None:
    """Let the acquirer answer, count what came of it, and check what can be said of every reply."""
    try:
        replies = acquirer.answer(frame, NOW)
    except BadMessage as refusal:
        outcomes[refusal.place] += 1
        return
    outcomes["silence"] += replies is None
    for reply in replies or []:
        if acquirer.mood == "garbage":
            outcomes["garbage"] += 1
            continue
        has_mac = bool(reply.frame[22] & 1)
        assert by_hand.has_right_mac(reply.frame, frame) != (acquirer.mood == "bad-mac" and has_mac)
        outcomes[by_hand.fields_of(reply.frame)[39].decode()] += 1


@pytest.mark.parametrize("kind", ["a", "b", "c", "d"])
def test_mutated_frames_get_an_answer_or_silence_or_bad_message(kind):
    random, acquirer = Random(20260929), an_acquirer_with_a_sale(kind, query=True)
    outcomes: Counter[str] = Counter()
    acquirer.ledger.book(replace(ORIGINAL, rrn=OTHER_RRN.decode(), trace="999999"))
    acquirer.ledger.book(replace(ORIGINAL, rrn=WALLET_RRN.decode(), trace="999996", origin="wallet"))
    acquirer.upload_offline_sale("YL000001", 1, 7, 1234, NOW.replace(day=27))
    acquirer.wallets.done_after_ms = 0
    for frame in (refund(RRN, 1, 999_998), void(OTHER_RRN, trace=999_997)):
        ask(acquirer, frame)
    for _ in range(5_000):
        frame = any_frame(random)
        acquirer.mood = random.choice(("normal", "normal", "normal", *MOODS))
        if random.random() < 0.05:
            acquirer.set_batch("YL000001", 1)  # nobody ends what a settlement began
        outcome_of(acquirer, mutate(frame, random) if random.random() < 0.8 else frame, outcomes)
    codes = "00 03 05 12 14 25 30 40 51 64 77 97 A0".split()
    assert outcomes.keys() >= {*codes, "silence", "garbage", "length", "bitmap", "type", "field 57"}
    assert ("94" in outcomes) == (kind != "c")
    ledger = acquirer.ledger
    refunded = sum(booked["amount"] for booked in ledger.money().values())
    assert 1 < refunded == sum(entry.amount for entry in ledger.entries if entry.kind == "refund")
    assert ledger.refunded(ORIGINAL.rrn) <= ORIGINAL.amount
    assert ledger.reversals
    for entry in ledger.entries:
        assert ledger.stands(entry) == (ledger.reversal(entry.attempt) is None)
    for entry in ledger.entries:
        assert not (ledger.refunded(entry.rrn) and ledger.void_of(entry.rrn))


def test_the_simulator_is_written_without_the_firmware():
    imported = set()
    for path in Path(package.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add((node.module or "").split(".")[0])
    assert imported - sys.stdlib_module_names == {"iso8583", "cryptography"}
