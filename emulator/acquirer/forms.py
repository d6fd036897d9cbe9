"""The messages this acquirer knows, by docs/wire.md: which request is which, and what it must look like.

A new one is a row in FORMS and a place that serves it: Transactions, or Services where no money moves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .codes import BAD_FORMAT, INVALID_TRANSACTION, UNSUPPORTED, Refused
from .message import NUMERIC, TAG_CARD, TAG_JOURNAL_HEAD, TAG_NONCE, TAG_NUMBER, BadMessage, Message, private_data

MONEY = ("sale", "void", "refund")
CARD_ENTRY, WALLET_ENTRY = "071", "031"
# Field 60.1, where more than one is possible.
REFUND, OFFLINE_REFUND, WITHOUT_ORIGINAL, WALLET_QUERY = "25", "27", "28", "61"
UPLOAD, END_AGREED, END_UPLOADED = "201", "207", "202"

YUAN = frozenset({"156"})
CONDITION = frozenset({"00"})
REASONS = frozenset({"98", "96", "A0"})
# The only length the profile knows of a field whose length could vary.
EXACT_LENGTH = {60: 11, 61: 16, 62: 16, 63: 3}
NUMBER = re.compile(rb"[!-~]{8}-[0-9A-Fa-f]{4}-[0-9]{8}")
JOURNAL_HEAD_BYTES, NONCE_BYTES = 12, 8
# Field 48: totals with flag 0 and no foreign cards; 1 to 8 details of 20 digits; how many there were.
TOTALS = re.compile("[0-9]{30}0{32}")
DETAILS = re.compile("|".join(f"0{count}(?:(?:22|23|25|27|28)[0-9]{{18}}){{{count}}}" for count in range(1, 9)))
DETAIL_COUNT = re.compile("[0-9]{4}")


@dataclass(frozen=True)
class Form:
    """A row of the message table: its fields, the values that some may have, 60.1 and 60.3, and the tag of 57 it alone has.

    `names_itself`: field 61 is no original but the batch and trace that fields 60 and 11 say already. `block`: what stands in
    field 48. `has_number`: field 57 has a refund number.
    """

    name: str
    fields: frozenset[int]
    function: str
    network: str = "000"
    only: Mapping[int, frozenset[str]] = field(default_factory=dict)
    tag: int | None = None
    names_itself: bool = False
    block: re.Pattern[str] | None = None
    has_number: bool = True


def _reversal(function: str) -> Form:
    fields = frozenset({3, 4, 11, 25, 39, 41, 42, 49, 57, 60, 61, 64})
    return Form("reversal", fields, function, only={25: CONDITION, 39: REASONS, 49: YUAN}, names_itself=True)


def _refund(function: str, original: set[int]) -> Form:
    fields = frozenset({3, 4, 11, 25, 41, 42, 49, 57, 60, 61, 63, 64} | original)
    return Form("refund", fields, function, only={25: CONDITION, 49: YUAN, 63: frozenset({"000"})})


def _refund_without_original() -> Form:
    fields = frozenset({3, 4, 11, 22, 25, 41, 42, 49, 57, 60, 63, 64})
    only = {22: frozenset({CARD_ENTRY}), 25: CONDITION, 49: YUAN, 63: frozenset({"000"})}
    return Form("refund", fields, WITHOUT_ORIGINAL, only=only, tag=TAG_CARD)


def _query(function: str) -> Form:
    fields = frozenset({3, 4, 11, 41, 42, 57, 60, 61, 64})
    return Form("query", fields, function, tag=TAG_NONCE, names_itself=True)


def _upload(name: str, network: str, block: re.Pattern[str]) -> Form:
    return Form(name, frozenset({11, 41, 42, 48, 57, 60, 64}), "00", network, block=block, has_number=False)


# By message type and processing code (which not every message has); where there are more rows than one, field 60 says which.
FORMS = {
    ("0200", "000000"): [
        Form(
            "sale",
            frozenset({3, 4, 11, 22, 25, 41, 42, 49, 57, 60, 64}),
            "22",
            only={22: frozenset({CARD_ENTRY, WALLET_ENTRY}), 25: CONDITION, 49: YUAN},
            tag=TAG_CARD,
        )
    ],
    ("0200", "200000"): [
        Form("void", frozenset({3, 4, 11, 25, 37, 38, 41, 42, 49, 57, 60, 61, 64}), "23", only={25: CONDITION, 49: YUAN})
    ],
    ("0220", "200000"): [_refund(REFUND, {37, 38}), _refund(OFFLINE_REFUND, {62}), _refund_without_original()],
    ("0400", "000000"): [_reversal("22")],
    ("0400", "200000"): [_reversal("23")],
    ("0600", "200000"): [_query("00"), _query(WALLET_QUERY)],
    ("0500", ""): [
        Form(
            "settlement",
            frozenset({11, 41, 42, 48, 49, 57, 60, 63, 64}),
            "00",
            "201",
            only={49: YUAN, 63: frozenset({"001"})},
            block=TOTALS,
            has_number=False,
        )
    ],
    ("0320", ""): [
        _upload("upload", UPLOAD, DETAILS),
        _upload("end", END_AGREED, DETAIL_COUNT),
        _upload("end", END_UPLOADED, DETAIL_COUNT),
    ],
    ("0800", ""): [Form("sign-on", frozenset({11, 41, 42, 60, 63}), "00", "003", only={63: frozenset({"001"})})],
    ("0820", ""): [Form("echo", frozenset({11, 41, 42, 60}), "00", "301")],
}


def name_of(message: Message) -> str:
    """What a request, or the answer to it, is called: `unknown` for one that is not in the table."""
    asked = f"{message.type[:2]}{int(message.type[2]) // 2 * 2}{message.type[3:]}"
    form = _row(asked, message)
    return form.name if form else "unknown"


def _row(message_type: str, message: Message) -> Form | None:
    """The row whose 60.1 and 60.3 the message has, or else the first of its type and processing code."""
    rows = FORMS.get((message_type, message.fields.get(3, "")))
    if rows is None:
        return None
    said = _kind_of(message)
    return next((form for form in rows if (form.function, form.network) == said), rows[0])


def _kind_of(message: Message) -> tuple[str, str]:
    """60.1 and 60.3."""
    said = message.fields.get(60, "")
    return said[:2], said[8:]


def find(message: Message) -> Form:
    """The row that a request falls under; Refused when there is none (12) or the request breaks its format (30).

    12 in answer to a reversal means that the original does not stand, so a reversal that fits no row is answered 40.
    """
    refusal = UNSUPPORTED if message.type == "0400" else INVALID_TRANSACTION
    form = _row(message.type, message)
    if form is None:
        raise Refused(refusal, "no such transaction")
    try:
        _check_fields(message, form)
        if 57 in form.fields:
            _check_private_data(message, form)
    except BadMessage as error:
        raise Refused(BAD_FORMAT, str(error)) from None
    for number, values in form.only.items():
        if message.fields[number] not in values:
            raise Refused(refusal, f"field {number} is not {' or '.join(sorted(values))}")
    if _kind_of(message) != (form.function, form.network):
        raise Refused(refusal, f"field 60 is not {form.function}, batch, {form.network}")
    return form


def _check_fields(message: Message, form: Form) -> None:
    """BadMessage unless the message has exactly the fields of its form, each of the shape in docs/wire.md."""
    for number in sorted(form.fields ^ message.fields.keys()):
        raise BadMessage(f"field {number}", "missing" if number in form.fields else "does not belong here")
    for number, value in message.fields.items():
        if number in NUMERIC and not value.isdigit():
            raise BadMessage(f"field {number}", "not all digits")
        if len(value) != EXACT_LENGTH.get(number, len(value)):
            raise BadMessage(f"field {number}", f"{len(value)} long, not {EXACT_LENGTH[number]}")
    if message.fields[11] == "000000":
        raise BadMessage("field 11", "the trace starts at 000001")
    if form.names_itself and message.fields[61][:12] != message.fields[60][2:8] + message.fields[11]:
        raise BadMessage("field 61", "names another attempt than fields 60 and 11")
    if form.block and not form.block.fullmatch(message.fields[48]):
        raise BadMessage("field 48", f"is no block of a {form.name}")


def _check_private_data(message: Message, form: Form) -> None:
    """BadMessage unless field 57 has the shape in docs/wire.md, with each tag just where it belongs."""
    tags = private_data(message)
    if form.has_number and not NUMBER.fullmatch(tags.get(TAG_NUMBER, b"")):
        raise BadMessage("field 57", "no refund number in tag 01")
    if not form.has_number and TAG_NUMBER in tags:
        raise BadMessage("field 57", "a refund number does not belong here")
    if len(tags.get(TAG_JOURNAL_HEAD, bytes(JOURNAL_HEAD_BYTES))) != JOURNAL_HEAD_BYTES:
        raise BadMessage("field 57", "the journal head in tag 03 is not 12 bytes")
    for tag, name in ((TAG_CARD, "payer block"), (TAG_NONCE, "tag of random bytes")):
        if (tag in tags) != (tag == form.tag):
            raise BadMessage("field 57", f"{name} missing" if tag == form.tag else f"a {name} does not belong here")
    if len(tags.get(TAG_NONCE, bytes(NONCE_BYTES))) != NONCE_BYTES:
        raise BadMessage("field 57", "the random bytes in tag 05 are not 8")


def refund_number(message: Message) -> str:
    """Tag 01 of field 57 of a request whose format is right."""
    return private_data(message)[TAG_NUMBER].decode("ascii")
