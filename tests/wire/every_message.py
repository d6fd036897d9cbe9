"""Every kind of message that the firmware makes, and every answer of the acquirer, with the values that were put in.

The table that outside judges of the wire are held against. A new message of docs/wire.md is a row in MAKERS, and
test_every_message.py asks for it by the tables of that page and by the functions of the firmware. Values are written as the page
has them: digits and text as they are, raw bytes as upper-case hex digits; "t" is the message type. Field 64 is judged beside.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import parts  # type: ignore[import-not-found]  # of tests/shared
from emulator.acquirer import Acquirer
from tests.wire import acquirer_frames as by_hand
from tests.wire.acquirers import an_acquirer
from yuanlu.crypto.dukpt import PLACES, loaded
from yuanlu.refund import state as s
from yuanlu.refund.transaction import (
    KIND_REFUND,
    KIND_SALE,
    KIND_VOID,
    ROAD_CARD,
    ROAD_NO_SALE,
    ROAD_OFFLINE,
    ROAD_WALLET,
    Draft,
    Transaction,
)
from yuanlu.wire import messages

PAGE = Path(__file__).parents[2] / "docs/wire.md"
NOW = datetime(2026, 11, 22, 10, 15, 7)  # as the terminal's clock has it
KEY_ID = by_hand.key_id()
MERCHANT = {"41": "YL000001", "42": "YUANLU000000001"}
TAG_01 = 2 * (2 + 22)  # hex digits of the number for life, which closing a batch has not
ECHOED = "3 4 11 25 41 42 48 49 60".split()
DECLINABLE = ("0210", "0230", "0410", "0510", "0330")


class Made(NamedTuple):
    """A whole frame and its fields, but for the MAC."""

    frame: bytes
    fields: dict[str, str]


class Card:
    """A card as the reader hands it over."""

    number, fingerprint, block = b"6228484890", bytes(8), by_hand.CARD


class WalletCode:
    """A wallet's code as the scanner hands it over."""

    number, fingerprint, block = b"2800000000", bytes(8), by_hand.WALLET


class Counter:
    """A terminal and the acquirer that it was provisioned for."""

    def __init__(self) -> None:
        flash = parts.NorFlash(16)
        flash.vault.places[PLACES[0]] = loaded(by_hand.initial_key(KEY_ID), KEY_ID)
        self.till = parts.Terminal(flash)
        self.acquirer: Acquirer = an_acquirer("a", query=True)

    @property
    def head(self) -> tuple[int, bytes]:
        """Number and tag of the newest record."""
        number, tag = self.till.journal.log.newest
        return number, tag

    def sell(self, road: int = ROAD_CARD) -> Transaction:
        """A sale of 100.00 that is done; the first one is record 2, trace 1."""
        sale = self.till.desk.open(Draft(KIND_SALE, 10_000, card=WalletCode() if road == ROAD_WALLET else Card(), road=road))
        answer_key, frame = self.till.journal.outgoing(sale)
        return self.till.settle(sale, s.DONE, messages.read_answer(self.answer(frame), frame, answer_key, self.till.desk.sealing))

    def answer(self, frame: bytes) -> bytes:
        """The frame of the acquirer's answer."""
        [reply] = self.acquirer.answer(frame, NOW) or []
        return reply.frame

    def recorded(self, transaction: Transaction) -> bytes:
        """The frame in a transaction's record."""
        return bytes(self.till.journal.message(transaction))

    def booked(self) -> dict[str, str]:
        """37 and 38 of what the acquirer booked last."""
        entry = self.acquirer.ledger.entries[-1]
        return {"37": entry.rrn, "38": entry.approval}


def tags(number: int, counter: int, head: tuple[int, bytes], more: str = "") -> str:
    """Field 57: the number for life, the KSN, the journal's head, and what comes behind."""
    ksn = (KEY_ID + counter.to_bytes(4, "big")).hex()
    name = (b"YL000001-0001-%08d" % number).hex()
    return ("0116" + name + "020c" + ksn + "030c" + f"{head[0]:08x}" + head[1].hex() + more).upper()


def _sale(counter: Counter) -> Made:
    sale = counter.till.desk.open(Draft(KIND_SALE, 123_456, card=Card()))
    [head] = [(record.number, record.tag()) for record in parts.every_record(counter.till.journal) if record.type == s.SUMMARY]
    return Made(counter.recorded(sale), MERCHANT | {
        "t": "0200", "3": "000000", "4": "000000123456", "11": "000001", "22": "071", "25": "00", "49": "156",
        "57": tags(2, 1, head, "042f" + by_hand.CARD.hex()), "60": "22000001000",
    })  # fmt: skip


def _void(counter: Counter) -> Made:
    sale, head = counter.sell(), counter.head
    void = counter.till.desk.open(Draft(KIND_VOID, 10_000, original=sale.number))
    return Made(counter.recorded(void), MERCHANT | counter.booked() | {
        "t": "0200", "3": "200000", "4": "000000010000", "11": "000002", "25": "00", "49": "156",
        "57": tags(5, 2, head), "60": "23000001000", "61": "0000010000011122",
    })  # fmt: skip


def _refund(counter: Counter) -> Made:
    sale, head = counter.sell(), counter.head
    refund = counter.till.desk.open(Draft(KIND_REFUND, 2_500, original=sale.number))
    return Made(counter.recorded(refund), MERCHANT | counter.booked() | {
        "t": "0220", "3": "200000", "4": "000000002500", "11": "000002", "25": "00", "49": "156",
        "57": tags(5, 2, head), "60": "25000001000", "61": "0000010000011122", "63": "000",
    })  # fmt: skip


def _wallet_sale(counter: Counter) -> Made:
    counter.sell()
    head = counter.head
    sale = counter.till.desk.open(Draft(KIND_SALE, 5_000, card=WalletCode(), road=ROAD_WALLET))
    return Made(counter.recorded(sale), MERCHANT | {
        "t": "0200", "3": "000000", "4": "000000005000", "11": "000002", "22": "031", "25": "00", "49": "156",
        "57": tags(5, 2, head, "042f" + by_hand.WALLET.hex()), "60": "22000001000",
    })  # fmt: skip


def _wallet_refund(counter: Counter) -> Made:
    sale = counter.sell(ROAD_WALLET)
    own, head = counter.booked(), counter.head
    refund = counter.till.desk.open(Draft(KIND_REFUND, 2_500, original=sale.number))
    return Made(counter.recorded(refund), MERCHANT | own | {
        "t": "0220", "3": "200000", "4": "000000002500", "11": "000002", "25": "00", "49": "156",
        "57": tags(5, 2, head), "60": "25000001000", "61": "0000010000011122", "63": "000",
    })  # fmt: skip


def _offline_refund(counter: Counter) -> Made:
    """Of a sale that the acquirer knows by an upload alone."""
    sale, head, keys = Transaction(2, 2), counter.head, counter.till.desk.sealing.next_keys()
    sale.road, sale.batch, sale.trace, sale.date = ROAD_OFFLINE, 1, 7, 20261121
    counter.acquirer.upload_offline_sale("YL000001", sale.batch, sale.trace, 10_000, datetime(2026, 11, 21, 8, 0, 0))
    draft = Draft(KIND_REFUND, 2_500, original=sale.number)
    frame = messages.request(counter.till.config, draft, 5, (1, 2), head, sale, keys)
    return Made(frame, MERCHANT | {
        "t": "0220", "3": "200000", "4": "000000002500", "11": "000002", "25": "00", "49": "156",
        "57": tags(5, 1, head), "60": "27000001000", "61": "0000010000071121", "62": "YL000001", "63": "000",
    })  # fmt: skip


def _refund_without_original(counter: Counter) -> Made:
    head, keys = counter.head, counter.till.desk.sealing.next_keys()
    draft = Draft(KIND_REFUND, 2_500, card=Card(), road=ROAD_NO_SALE)
    frame = messages.request(counter.till.config, draft, 5, (1, 2), head, None, keys)
    return Made(frame, MERCHANT | {
        "t": "0220", "3": "200000", "4": "000000002500", "11": "000002", "22": "071", "25": "00", "49": "156",
        "57": tags(5, 1, head, "042f" + by_hand.CARD.hex()), "60": "28000001000", "63": "000",
    })  # fmt: skip


def _reversal_of_a_sale(counter: Counter) -> Made:
    counter.sell()
    lost = counter.till.desk.open(Draft(KIND_SALE, 700, card=Card()))
    counter.answer(counter.recorded(lost))  # booked, and the answer is lost
    counter.till.settle(lost, s.SILENT)
    head = counter.head
    counter.till.desk.reverse(lost, b"98")
    return Made(counter.recorded(lost), MERCHANT | {
        "t": "0400", "3": "000000", "4": "000000000700", "11": "000002", "25": "00", "39": "98", "49": "156",
        "57": tags(5, 3, head), "60": "22000001000", "61": "0000010000021122",
    })  # fmt: skip


def _reversal_of_a_void(counter: Counter) -> Made:
    sale = counter.sell()
    lost = counter.till.settle(counter.till.desk.open(Draft(KIND_VOID, 10_000, original=sale.number)), s.SILENT)
    head = counter.head
    counter.till.desk.reverse(lost, b"A0")
    return Made(counter.recorded(lost), MERCHANT | {
        "t": "0400", "3": "200000", "4": "000000010000", "11": "000002", "25": "00", "39": "A0", "49": "156",
        "57": tags(5, 3, head), "60": "23000001000", "61": "0000010000021122",
    })  # fmt: skip


def _query(counter: Counter) -> Made:
    return _query_of(counter, is_booked=True)


def _query_in_vain(counter: Counter) -> Made:
    return _query_of(counter, is_booked=False)


def _query_of(counter: Counter, is_booked: bool) -> Made:
    sale = counter.sell()
    refund = counter.till.desk.open(Draft(KIND_REFUND, 2_500, original=sale.number))
    if is_booked:
        counter.answer(counter.recorded(refund))  # this answer is lost
    counter.till.settle(refund, s.SILENT)
    _, frame = counter.till.desk.query(refund)
    return Made(frame, MERCHANT | {
        "t": "0600", "3": "200000", "4": "000000002500", "11": "000002",
        "57": tags(5, 3, counter.head, "05080000000000000002"), "60": "00000001000", "61": "0000010000020000",
    })  # fmt: skip


def _wallet_query(counter: Counter) -> Made:
    """What became of a wallet's refund, which the wallet has only accepted so far."""
    sale = counter.sell(ROAD_WALLET)
    refund = counter.till.desk.open(Draft(KIND_REFUND, 2_500, original=sale.number))
    counter.answer(counter.recorded(refund))
    head, keys = counter.head, counter.till.desk.sealing.next_keys()
    return Made(messages.query(counter.till.config, refund, head, bytes(range(8)), keys), MERCHANT | {
        "t": "0600", "3": "200000", "4": "000000002500", "11": "000002",
        "57": tags(5, 3, head, "05080001020304050607"), "60": "61000001000", "61": "0000010000020000",
    })  # fmt: skip


def _closing(counter: Counter, name: str, digits: str, ksn: int, **more: str) -> Made:
    """A message of closing a batch: the trace of the last attempt, no refund number. ksn: the counter that its KSN has."""
    head, keys = counter.head, counter.till.desk.sealing.next_keys()
    message_type, _, kind, network, _ = messages.FORMS[name]
    frame = messages.closing(counter.till.config, name, (1, 1), head, digits, keys)
    fields = {"11": "000001", "48": digits, "57": tags(0, ksn, head)[TAG_01:], "60": f"{kind}000001{network}"}
    return Made(frame, MERCHANT | fields | {"t": message_type} | {field[1:]: value for field, value in more.items()})


def _totals(counter: Counter, fen: int) -> Made:
    """Of a batch with one sale of so many fen."""
    digits = f"{fen:012d}001" + "0" * 15 + "0" + "0" * 31
    assert messages.totals((fen, 1), (0, 0)) == digits
    made = _closing(counter, "settlement", digits, 2, f49="156", f63="001")
    assert (made.fields["t"], made.fields["60"]) == ("0500", "00000001201")
    return made


def _settlement(counter: Counter) -> Made:
    counter.sell()
    return _totals(counter, 10_000)


def _settlement_in_vain(counter: Counter) -> Made:
    counter.sell()
    return _totals(counter, 9_999)


def _upload(counter: Counter) -> Made:
    sale = counter.sell()
    counter.answer(_totals(counter, 9_999).frame)
    digits = messages.details([(sale.number, KIND_SALE, sale.road, sale.trace, sale.amount)])
    made = _closing(counter, "upload", digits, 3)
    assert (digits, made.fields["60"]) == ("01" + "22" + "000001" + "000000010000", "00000001201")
    return made


def _end_agreed(counter: Counter) -> Made:
    counter.answer(_settlement(counter).frame)
    made = _closing(counter, "end, agreed", "0000", 3)
    assert (made.fields["t"], made.fields["60"]) == ("0320", "00000001207")
    return made


def _end_uploaded(counter: Counter) -> Made:
    counter.answer(_upload(counter).frame)
    made = _closing(counter, "end, uploaded", "0001", 4)
    assert (made.fields["t"], made.fields["60"]) == ("0320", "00000001202")
    return made


def _sign_on(counter: Counter) -> Made:
    fields = {"t": "0800", "11": "000034", "60": "00000001003", "63": "001"}
    return Made(messages.sign_on(counter.till.config, 1, 34), MERCHANT | fields)


def _echo(counter: Counter) -> Made:
    return Made(messages.echo(counter.till.config, 12, 34), MERCHANT | {"t": "0820", "11": "000034", "60": "00000012301"})


class Maker(NamedTuple):
    """row: of the message table in docs/wire.md; forms: the names in FORMS of yuanlu.wire.messages; code: 39 of the answer of an
    acquirer that is willing, 25 when nothing had been booked, 09 while a wallet is at it; flag: of the totals in the answer."""

    row: str
    form: str
    make: Callable[[Counter], Made]
    code: str = "00"
    flag: str = ""


QUERY = "query 0600 of a refund, card or wallet"
REVERSAL = "reversal 0400 of a sale or void"
MAKERS = {
    "sale": Maker("sale 0200", "sale", _sale),
    "wallet sale": Maker("sale 0200", "sale", _wallet_sale),
    "void": Maker("void 0200", "void", _void),
    "refund": Maker("refund 0220", "refund", _refund),
    "wallet refund": Maker("refund 0220", "refund", _wallet_refund),
    "offline refund": Maker("refund 0220 of an offline sale", "offline refund", _offline_refund),
    "refund without original": Maker("refund 0220 without an original", "refund without original", _refund_without_original),
    "reversal of a sale": Maker(REVERSAL, "sale reversal", _reversal_of_a_sale),
    "reversal of a void": Maker(REVERSAL, "void reversal", _reversal_of_a_void, "25"),
    "query": Maker(QUERY, "query", _query),
    "query in vain": Maker(QUERY, "query", _query_in_vain, "25"),
    "wallet query": Maker(QUERY, "wallet query", _wallet_query, "09"),
    "settlement": Maker("settlement 0500", "settlement", _settlement, flag="1"),
    "settlement in vain": Maker("settlement 0500", "settlement", _settlement_in_vain, flag="2"),
    "upload": Maker("batch upload 0320", "upload", _upload),
    "end, agreed": Maker("batch upload 0320", "end, agreed", _end_agreed),
    "end, uploaded": Maker("batch upload 0320", "end, uploaded", _end_uploaded),
    "sign-on": Maker("sign-on 0800", "sign-on", _sign_on),
    "echo": Maker("echo 0820", "echo", _echo),
}


class Exchange(NamedTuple):
    """A request of the firmware and what the acquirer answered: approving, or with a code that refuses."""

    request: Made
    answer: Made


def exchange(name: str, mood: str = "normal") -> Exchange:
    """One of MAKERS asked in that mood of the acquirer, with the answer that docs/wire.md calls for."""
    counter = Counter()
    request = MAKERS[name].make(counter)
    counter.acquirer.set_mood(mood)
    frame = counter.answer(request.frame)
    message_type = f"{int(request.fields['t']) + 10:04d}"
    code = "05" if mood == "declines" and message_type in DECLINABLE else MAKERS[name].code
    own = {"t": message_type, "12": "101507", "13": "1122", "39": code}
    if MAKERS[name].flag:
        flag = MAKERS[name].flag if code == "00" else "3"
        own["48"] = request.fields["48"][:30] + flag + request.fields["48"][31:]
    counter.acquirer.settle_wallets(NOW + timedelta(hours=1))  # what a wallet accepted is booked under the RRN that it was given
    if code == "00" and 37 in answer_row(message_type):
        own |= counter.booked()
    fields = {field: request.fields[field] for field in ECHOED if field in request.fields} | own
    fields = {field: value for field, value in fields.items() if field == "t" or int(field) in answer_row(message_type)}
    return Exchange(request, Made(frame, fields))


def every_exchange() -> dict[str, Exchange]:
    """All of MAKERS, approved and refused."""
    return {f"{name}, {mood}": exchange(name, mood) for name in MAKERS for mood in ("normal", "declines")}


def rows() -> dict[str, set[int]]:
    """The message table of docs/wire.md: the fields of each row; `answer 0210` and the like by their type."""
    table = PAGE.read_text("utf-8").split("| message | fields |\n|---|---|\n")[1].split("\n\n")[0]
    found = {}
    for line in table.splitlines():
        name, fields = (cell.strip() for cell in line.strip("|").split("|"))
        listed = {int(field) for field in re.sub(r"\(.*\)", "", fields).split()}
        for message_type in re.findall(r"\d{4}", name) if name.startswith("answer") else [name]:
            found[message_type] = listed
    return found


def answer_row(message_type: str) -> set[int]:
    """The fields of an approving answer; a reversal's has no 37 and 38, docs/wire.md says so in words."""
    return rows()[message_type] - ({37, 38} if message_type == "0410" else set())
