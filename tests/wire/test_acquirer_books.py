"""What the acquirer simulator writes down: its ledger, its log of messages, and never a card number in clear."""

import json
import sys
import threading
from dataclasses import replace

import pytest

from emulator.acquirer import Reversal, seal_card
from emulator.acquirer.card import BadCard, open_card
from tests.wire import acquirer_frames as by_hand
from tests.wire.acquirer_frames import frame_of, refund, tag, variable_bytes
from tests.wire.acquirers import NOW, ORIGINAL, RRN, an_acquirer, an_acquirer_with_a_sale, ask

REFUND, SALE = refund(RRN), by_hand.sale()


def test_the_log_keeps_200_messages_and_no_card_number_in_clear():
    acquirer = an_acquirer("c")
    for _ in range(120):
        ask(acquirer, SALE)
    acquirer.set_mood("loses")
    acquirer.answer(SALE, NOW)
    acquirer.set_mood("silent")
    acquirer.answer(SALE, NOW)
    events = acquirer.events
    assert (len(events), events[-1]["number"]) == (200, 243)
    assert [event["direction"] for event in events[-5:]] == ["in", "out", "in", "lost", "in"]
    assert [event["mti"] for event in events[-3:]] == ["0200", "0210", "0200"]
    assert events[-1]["fields"]["57"] == {
        "01": "YL000001-0001-00000007",
        "02": "key 79783da99f68bbac, counter 10a7af82",
        "03": "record 6, tag 1122334455667788",
        "04": "622848****4890",
    }
    assert (events[-1]["hex"], events[-1]["summary"]) == (SALE.hex(), "0200 sale 12.34: not heard")
    shown = json.dumps(acquirer.view())
    assert by_hand.PAN not in shown
    assert by_hand.PAN.encode().hex() not in shown


@pytest.mark.parametrize(
    "frame, shown, summary",
    [
        (SALE, None, "0210 sale 12.34 code 00: booked"),
        (
            frame_of("0200", by_hand.sale_fields(5) | {57: variable_bytes(tag(9, b"new"))}),
            {"02": "key 79783da99f68bbac, counter 40f3644c", "09": "6e6577"},
            "0210 sale 0.05 code 30: field 57: no refund number in tag 01",
        ),
        (
            frame_of("0800", by_hand.sale_fields() | {57: variable_bytes(b"")}),
            {"02": "key 79783da99f68bbac, counter 051a50cf"},
            "0810 unknown 12.34 code 12: no such transaction",
        ),
        (
            frame_of("0200", by_hand.sale_fields() | {57: variable_bytes(tag(1, b"YL000001-0001-00000007") + tag(4, b"\0"))}),
            {
                "01": "YL000001-0001-00000007",
                "02": "key 79783da99f68bbac, counter 1031c52d",
                "04": "sealed: 1 bytes, not 47",
            },
            "0210 sale 12.34 code 14: card block: 1 bytes, not 47",
        ),
        (REFUND, None, "0230 refund 5.00 code 25: no sale with this RRN"),
        (frame_of("0800", by_hand.sale_fields()), None, "0810 unknown 12.34 code 12: no such transaction"),
        (SALE[:-1] + b"\0", None, "0210 sale 12.34 code A0: the MAC does not fit"),
    ],
)
def test_the_log_says_why_an_answer_is_what_it_is(frame, shown, summary):
    acquirer = an_acquirer()
    ask(acquirer, frame)
    request, answer = acquirer.events
    assert answer["summary"] == summary
    assert shown is None or request["fields"]["57"] == shown
    assert answer["fields"]["39"] == summary.split("code ")[1][:2]


def test_the_log_tells_a_repeat_from_a_first_booking():
    for kind, note in (("a", "replay of the stored answer"), ("c", "booked again")):
        acquirer = an_acquirer(kind)
        ask(acquirer, SALE)
        ask(acquirer, SALE)
        assert acquirer.events[-1]["summary"] == f"0210 sale 12.34 code 00: {note}"


def test_the_view_shows_what_is_left_of_a_sale():
    acquirer = an_acquirer_with_a_sale()
    ask(acquirer, REFUND)
    ask(acquirer, refund(RRN, amount=501))
    acquirer.set_mood("silent", 3)
    view = json.loads(json.dumps(acquirer.view()))
    assert (view["kind"], view["mood"], view["mood_count"], len(view["events"])) == ("a", "silent", 3, 4)
    ledger = view["ledger"]
    assert [(alarm["trace"], alarm["when"]) for alarm in ledger["alarms"]] == [("000012", "2026-09-28T14:05:06")]
    [sale] = ledger["sales"]
    assert (sale["rrn"], sale["amount"], sale["refunded"]) == (ORIGINAL.rrn, 1234, 500)
    assert (sale["voided"], sale["reversed"], ledger["voids"], ledger["reversals"]) == (False, False, [], [])
    assert (view["query"], view["batches"]) == (False, {"YL000001": 1, "YL000002": 1})
    assert [(entry["original_rrn"], entry["when"]) for entry in ledger["refunds"]] == [(ORIGINAL.rrn, "2026-09-28T14:05:06")]
    assert ledger["money"] == {"YL000001-0001-00000012": {"amount": 500, "times": 1}}


def test_threads_with_one_repeat_get_one_answer_and_one_booking():
    acquirer, answers = an_acquirer_with_a_sale("a"), []
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for trace in range(30, 60):
            frame = refund(RRN, 1, trace)
            threads = [threading.Thread(target=lambda repeat=frame: answers.append(ask(acquirer, repeat))) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert (len(answers), len(set(answers))) == (240, 30)
    assert acquirer.ledger.refunded(ORIGINAL.rrn) == 30


def test_the_card_block_is_what_the_reader_makes():
    assert seal_card(by_hand.PAN, by_hand.NONCE, by_hand.READER_KEY) == by_hand.CARD
    for pan in ("622848040256", "6228480402564890123"):
        assert open_card(seal_card(pan, by_hand.NONCE, by_hand.READER_KEY), by_hand.READER_KEY) == pan
    with pytest.raises(BadCard):
        open_card(by_hand.CARD, by_hand.BASE_KEY)
    for pan in ("62284804025", "6" * 20, "62284804025648９０", ""):
        with pytest.raises(ValueError):
            seal_card(pan, by_hand.NONCE, by_hand.READER_KEY)
    for nonce in (bytes(11), bytes(13)):
        with pytest.raises(ValueError):
            seal_card(by_hand.PAN, nonce, by_hand.READER_KEY)


@pytest.mark.parametrize(
    "kind, changes",
    [
        ("x", {}),
        ("", {}),
        ("a", {"base_key": bytes(15)}),
        ("a", {"base_key": bytes(32)}),
        ("a", {"reader_key": b""}),
        ("a", {"terminals": [("YUANLU", "YL000001")]}),
        ("a", {"terminals": [("YUANLU000000001", "YL1")]}),
    ],
)
def test_settings_that_cannot_work_are_refused(kind, changes):
    with pytest.raises(ValueError):
        an_acquirer(kind, **changes)


def test_moods_that_do_not_exist_are_refused():
    acquirer = an_acquirer()
    with pytest.raises(ValueError):
        acquirer.mood = "grumpy"
    for mood, count in (("grumpy", None), ("silent", 0), ("late", -1)):
        with pytest.raises(ValueError):
            acquirer.set_mood(mood, count)
    assert (acquirer.mood, acquirer.mood_count) == ("normal", None)


def test_the_ledger_takes_no_rrn_twice_and_no_empty_booking():
    ledger = an_acquirer_with_a_sale().ledger
    for entry in (ORIGINAL, replace(ORIGINAL, rrn="092700000001", amount=0)):
        with pytest.raises(ValueError):
            ledger.book(entry)
    assert ledger.entries == [ORIGINAL]


def reversal_of(entry, **changes):
    same = {name: getattr(entry, name) for name in "kind amount merchant terminal batch trace number".split()}
    return Reversal(**(same | {"reason": "98", "rrns": (entry.rrn,), "when": NOW} | changes))


def test_the_ledger_reverses_an_attempt_once_and_no_booking_of_another_one():
    ledger = an_acquirer_with_a_sale().ledger
    refund_entry = replace(ORIGINAL, kind="refund", trace="000008", rrn="092700000001", original_rrn=ORIGINAL.rrn)
    ledger.book(refund_entry)
    for wrong in (
        reversal_of(ORIGINAL, rrns=("092700000009",)),
        reversal_of(ORIGINAL, trace="000009"),
        reversal_of(refund_entry),
    ):
        with pytest.raises(ValueError):
            ledger.reverse(wrong)
    ledger.reverse(reversal_of(ORIGINAL))
    with pytest.raises(ValueError):
        ledger.reverse(reversal_of(ORIGINAL, rrns=()))
    assert (ledger.reversals, ledger.entries) == ([reversal_of(ORIGINAL)], [ORIGINAL, refund_entry])
    assert (ledger.money("sale"), len(ledger.money("refund"))) == ({}, 1)
