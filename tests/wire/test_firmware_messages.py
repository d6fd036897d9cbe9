"""What the firmware sends is taken and booked by the acquirer, and what it believes of answers, whole and mutated.

test_every_message.py reads each message by itself.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

import parts  # type: ignore[import-not-found]  # of tests/shared
from emulator.acquirer import Acquirer
from tests.wire import acquirer_frames as by_hand
from tests.wire.acquirers import an_acquirer
from tests.wire.every_message import NOW, Card, Counter, tags
from tests.wire.test_every_message import asked
from yuanlu.errors import BadMessage
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, KIND_VOID, Draft, Transaction
from yuanlu.wire import messages

MUTATIONS = 20_000


def a_terminal() -> parts.Terminal:
    """Provisioned with the initial key that the acquirer of these tests gives it."""
    return Counter().till


def at_the_counter() -> tuple[parts.Terminal, Transaction]:
    """A terminal with one sale of 100.00 done (record 2 after the SUMMARY, trace 1)."""
    till = a_terminal()
    sale = till.desk.open(Draft(KIND_SALE, 10_000, card=Card()))
    return till, till.settle(sale, s.DONE)


def test_every_amount_and_trace_comes_out_as_it_went_in() -> None:
    config, draw = parts.settings(), random.Random(4)
    till, original = at_the_counter()
    for counter in range(2, 302):
        amount, trace, batch = draw.randint(1, 99_999_999), draw.randint(1, 999_999), draw.randint(1, 999_999)
        draft = Draft(KIND_REFUND, amount, original=1)
        number = draw.randint(1, 99_999_999)
        keys = till.desk.sealing.next_keys()
        frame = messages.request(config, draft, number, (batch, trace), (number - 1, bytes(8)), original, keys)
        fields = asked(frame)
        assert (int(fields["4"]), int(fields["11"]), int(fields["60"][2:8])) == (amount, trace, batch)
        assert fields["57"] == tags(number, counter, (number - 1, bytes(8)))


def exchanged(acquirer: Acquirer, till: parts.Terminal, transaction: Transaction, now: datetime = NOW) -> Any:
    """What the firmware reads out of the acquirer's answer to the message as it was recorded."""
    answer_key, frame = till.journal.outgoing(transaction)
    [reply] = acquirer.answer(frame, now) or []
    return messages.read_answer(reply.frame, frame, answer_key, till.desk.sealing)


@pytest.mark.parametrize("kind", ["a", "c"])
def test_the_acquirer_books_what_the_firmware_sends_and_the_firmware_believes_its_answers(kind: str) -> None:
    acquirer, till = an_acquirer(kind), a_terminal()
    sale = till.desk.open(Draft(KIND_SALE, 10_000, card=Card()))
    till.desk.sending(sale, 1)
    answer = exchanged(acquirer, till, sale)
    assert (answer.code, answer.amount, answer.date, answer.time) == (b"00", 10_000, 1122, 101507)
    till.desk.note(sale, s.DONE, answer)
    for amount in (4_000, 6_000):
        refund = till.desk.open(Draft(KIND_REFUND, amount, original=sale.number))
        till.desk.sending(refund, 1)
        answer = exchanged(acquirer, till, refund)
        assert (answer.code, answer.amount) == (b"00", amount)
        till.desk.note(refund, s.DONE, answer)
    number = messages.refund_number(till.config, refund.number)
    assert acquirer.ledger.money()[number] == {"amount": 6_000, "times": 1}
    assert acquirer.ledger.refunded(sale.rrn.decode()) == 10_000
    assert acquirer.ledger.alarms == []


@pytest.mark.parametrize("ahead", [timedelta(days=1), timedelta(days=-1), timedelta(days=30)])
def test_a_refund_names_the_day_on_which_the_acquirer_booked_the_sale(ahead: timedelta) -> None:
    """Its clock counts: the terminal's may be wrong, and midnight falls between two clocks every night."""
    acquirer, till = an_acquirer("a"), a_terminal()
    sale = till.desk.open(Draft(KIND_SALE, 10_000, card=Card()))
    till.desk.sending(sale, 1)
    till.desk.note(sale, s.DONE, exchanged(acquirer, till, sale, NOW + ahead))
    refund = till.refund(till.journal.sale(sale.number), 4_000)
    assert exchanged(acquirer, till, refund, NOW + ahead).code == b"00"


def test_a_void_and_a_reversal_are_taken_by_the_acquirer() -> None:
    acquirer, till = an_acquirer("a"), a_terminal()
    for kind in (KIND_VOID, KIND_SALE):
        sale = till.desk.open(Draft(KIND_SALE, 10_000, card=Card()))
        till.desk.sending(sale, 1)
        answer = exchanged(acquirer, till, sale)
        if kind == KIND_VOID:
            till.desk.note(sale, s.DONE, answer)
            undone = till.desk.open(Draft(KIND_VOID, 10_000, original=sale.number))
        else:
            till.desk.note(sale, s.SILENT)
            till.desk.reverse(sale, b"98")
            undone = sale
        assert exchanged(acquirer, till, undone).code == b"00"
    assert acquirer.ledger.alarms == []


def test_the_firmware_believes_a_refusal_and_a_replay() -> None:
    acquirer, till = an_acquirer("a"), a_terminal()
    acquirer.set_mood("declines", 1)
    sale = till.desk.open(Draft(KIND_SALE, 500, card=Card()))
    answer = exchanged(acquirer, till, sale)
    assert (answer.code, answer.rrn, answer.approval) == (b"05", bytes(12), bytes(6))
    assert exchanged(acquirer, till, sale) == answer


def mutated(answer: bytes, draw: random.Random) -> Iterator[bytes]:
    """The answer with one thing done to it, with the length that was sent and with the one it has now."""
    changed = bytearray(answer[2:])
    for _ in range(draw.choice((1, 1, 1, 2, 8))):
        at = draw.randrange(len(changed) or 1)
        match draw.randrange(6):
            case 0:
                changed[at : at + 1] = bytes([draw.randrange(256)])
            case 1:
                changed[at : at + 1] = bytes([changed[at] ^ 1 << draw.randrange(8)]) if changed else b""
            case 2:
                del changed[at : at + draw.choice((1, 2, 20))]
            case 3:
                changed[at:at] = draw.randbytes(draw.choice((1, 2, 20)))
            case 4:
                del changed[at:]
            case 5:
                changed += draw.randbytes(draw.randrange(1, 900))
    yield answer[:2] + bytes(changed)
    yield (len(changed) & 0xFFFF).to_bytes(2, "big") + bytes(changed)


def test_L6_mutated_answers_give_badmessage_and_nothing_else() -> None:
    draw, believed = random.Random(20_000), 0
    till, sale = at_the_counter()
    requests = [till.journal.outgoing(till.refund(sale, amount)) for amount in (2_500, 100)]
    for turn in range(MUTATIONS // 2):
        key, request = requests[turn & 1]
        answer = parts.answer_to(request, draw.choice((b"00", b"05")), key)
        for frame in mutated(answer, draw):
            try:
                messages.read_answer(frame, request, key, till.desk.sealing)
            except BadMessage:
                continue
            believed += 1
            assert frame[13:] == answer[13:] and len(frame) == len(answer), "only what the MAC does not cover may differ"
    assert believed < MUTATIONS // 10


def test_mutated_answers_with_a_right_mac_give_badmessage_or_what_they_say() -> None:
    draw, believed = random.Random(5_000), 0
    till, sale = at_the_counter()
    key, request = till.journal.outgoing(till.refund(sale, 2_500))
    answer = parts.answer_to(request, key=key)
    for _ in range(MUTATIONS // 4):
        body = bytearray(answer[13:-8])
        for _ in range(draw.choice((1, 2, 4))):
            body[draw.randrange(len(body))] = draw.choice((0, 0x30, 0x99, 0xFF, draw.randrange(256)))
        content = answer[2:13] + bytes(body) + by_hand.mac_of(key, request[-8:] + bytes(body))
        try:
            found = messages.read_answer(len(content).to_bytes(2, "big") + content, request, key, till.desk.sealing)
        except BadMessage:
            continue
        believed += 1
        assert found.amount == int(body[13:19].hex()) and len(found.code) == 2
        assert all(32 <= byte < 127 for byte in found.code + found.rrn + found.approval if byte or found.code == b"00")
    assert believed > 100
