"""Requests to exact bytes, and an answer's bytes to what it says. docs/wire.md is the specification; FORMS is its table."""

from collections import namedtuple

from yuanlu.errors import BadMessage
from yuanlu.refund.codes import APPROVALS
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, KIND_VOID, ROAD_NO_SALE, ROAD_OFFLINE, ROAD_WALLET, refund_number
from yuanlu.wire import iso8583

PREFIX = 13  # length 2, TPDU 5, header 6
_REQUEST_NIBBLE = 9  # where the header's third byte stands in a frame
_LARGEST = 1024
_TOTALS = 62  # digits
_PAYER = 4  # tag of field 57
_CODE = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

# name: (message type, F3, kind in F60.1, network code in F60.3, fields)
FORMS = {
    "sale": ("0200", "000000", "22", "000", (3, 4, 11, 22, 25, 41, 42, 49, 57, 60, 64)),
    "void": ("0200", "200000", "23", "000", (3, 4, 11, 25, 37, 38, 41, 42, 49, 57, 60, 61, 64)),
    "refund": ("0220", "200000", "25", "000", (3, 4, 11, 25, 37, 38, 41, 42, 49, 57, 60, 61, 63, 64)),
    "offline refund": ("0220", "200000", "27", "000", (3, 4, 11, 25, 41, 42, 49, 57, 60, 61, 62, 63, 64)),
    "refund without original": ("0220", "200000", "28", "000", (3, 4, 11, 22, 25, 41, 42, 49, 57, 60, 63, 64)),
    "sale reversal": ("0400", "000000", "22", "000", (3, 4, 11, 25, 39, 41, 42, 49, 57, 60, 61, 64)),
    "void reversal": ("0400", "200000", "23", "000", (3, 4, 11, 25, 39, 41, 42, 49, 57, 60, 61, 64)),
    "query": ("0600", "200000", "00", "000", (3, 4, 11, 41, 42, 57, 60, 61, 64)),
    "wallet query": ("0600", "200000", "61", "000", (3, 4, 11, 41, 42, 57, 60, 61, 64)),
    "settlement": ("0500", "", "00", "201", (11, 41, 42, 48, 49, 57, 60, 63, 64)),
    "upload": ("0320", "", "00", "201", (11, 41, 42, 48, 57, 60, 64)),
    "end, agreed": ("0320", "", "00", "207", (11, 41, 42, 48, 57, 60, 64)),
    "end, uploaded": ("0320", "", "00", "202", (11, 41, 42, 48, 57, 60, 64)),
    "sign-on": ("0800", "", "00", "003", (11, 41, 42, 60, 63)),
    "echo": ("0820", "", "00", "301", (11, 41, 42, 60)),
}
SIGN_ON_WANTED = 3  # of the host's request nibble

Answer = namedtuple("Answer", "code amount rrn approval date time".split())


def request(config, draft, number, identity, head, original, keys):
    """The frame of a sale 0200, void 0200 or refund 0220.

    identity: (batch, trace); head: (record number, tag) of the journal; original: the sale as Transaction, or None;
    keys: crypto.dukpt.Keys, used for nothing else, or what session keys have in their place.
    """
    private = _number(config, number) + _proof(head, keys)
    if original is None:
        private += bytes((_PAYER, len(draft.card.block))) + draft.card.block
        name = "sale" if draft.kind == KIND_SALE else "refund without original"
        return _frame(config, name, identity, keys, draft.amount, private, {22: "031" if draft.road == ROAD_WALLET else "071"})
    if original.road == ROAD_OFFLINE:
        values = {61: _original(original), 62: config.terminal.encode()}
        return _frame(config, "offline refund", identity, keys, draft.amount, private, values)
    date_only = draft.kind == KIND_REFUND and config.date_only
    named = "{:012d}{:04d}".format(0, original.date % 10000) if date_only else _original(original)
    name = "refund" if draft.kind == KIND_REFUND else "void"
    return _frame(config, name, identity, keys, draft.amount, private, {37: original.rrn, 38: _approval(original), 61: named})


def payer_block(frame):
    """What the reader gave for that request; it stands last in field 57."""
    private = iso8583.decode(frame[PREFIX:])[1][57]
    at = 0
    while private[at] != _PAYER:
        at += 2 + private[at + 1]
    return private[at + 2 : at + 2 + private[at + 1]]


def reversal(config, transaction, reason, head, keys):
    """The frame of a reversal 0400 of a sale or void: same trace, same kind. reason: b"98" no answer in time."""
    private = _number(config, transaction.number) + _proof(head, keys)
    name = "void reversal" if transaction.kind == KIND_VOID else "sale reversal"
    values = {39: reason, 61: _original(transaction)}
    return _frame(config, name, (transaction.batch, transaction.trace), keys, transaction.amount, private, values)


def query(config, transaction, head, nonce, keys):
    """The frame of a query 0600: what became of this refund attempt? nonce: 8 bytes, so that no older answer fits."""
    private = _number(config, transaction.called) + _proof(head, keys) + bytes((5, 8)) + nonce
    name = "wallet query" if transaction.road == ROAD_WALLET else "query"
    values = {61: "{:06d}{:06d}0000".format(transaction.batch, transaction.trace)}  # the day it was sent on is not known here
    return _frame(config, name, (transaction.batch, transaction.trace), keys, transaction.amount, private, values)


def closing(config, name, identity, head, digits, keys):
    """The frame of a "settlement" (digits: its totals), of an "upload" (details), or of an end (how many were uploaded)."""
    return _frame(config, name, identity, keys, 0, _proof(head, keys), {48: digits, 63: b"001"})


def totals(debits, credits):
    """F48 of a settlement. debits, credits: (fen, count) of sales, and of refunds and voids; foreign cards are not told apart."""
    return "{:012d}{:03d}{:012d}{:03d}0".format(debits[0], debits[1], credits[0], credits[1]) + "0" * 31


def details(done):
    """F48 of an upload. done: at most 8 of (record number, kind, road, trace, fen)."""
    parts = ["{:02d}".format(len(done))]
    for _, kind, road, trace, amount in done:
        refund = {ROAD_OFFLINE: "offline refund", ROAD_NO_SALE: "refund without original"}.get(road, "refund")
        form = "sale" if kind == KIND_SALE else "void" if kind == KIND_VOID else refund
        parts.append("{}{:06d}{:012d}".format(FORMS[form][2], trace, amount))
    return "".join(parts)


def sign_on(config, batch, trace):
    """The frame of a sign-on 0800: which batch is open for this terminal? It has no MAC."""
    return _frame(config, "sign-on", (batch, trace), None, 0, b"", {63: b"001"})


def echo(config, batch, trace):
    """The frame of an echo 0820: is anybody there? It has no MAC."""
    return _frame(config, "echo", (batch, trace), None, 0, b"", {})


def _approval(original):
    """Zeros where it is not known: of a sale that a person resolved by its RRN alone."""
    return b"000000" if 0 in original.approval else original.approval


def _original(transaction):
    return "{:06d}{:06d}{:04d}".format(transaction.batch, transaction.trace, transaction.date % 10000)


def _number(config, number):
    name = refund_number(config, number).encode()
    return bytes((1, len(name))) + name


def _proof(head, keys):
    ksn = bytes((2, 12)) + keys.ksn if keys.ksn else b""  # missing under session keys
    return ksn + bytes((3, 12)) + head[0].to_bytes(4, "big") + head[1]


def _frame(config, name, identity, keys, amount, private, values):
    """The frame of that form; values: of the fields that are not the same in every one of its messages."""
    message_type, processing, function, network, numbers = FORMS[name]
    batch, trace = identity
    known = {
        3: processing,
        4: "{:012d}".format(amount),
        11: "{:06d}".format(trace),
        25: "00",
        41: config.terminal.encode(),
        42: config.merchant.encode(),
        49: b"156",
        57: private,
        60: "{}{:06d}{}".format(function, batch, network),
        63: b"000",
        64: bytes(8),
    }
    known.update(values)
    message = iso8583.encode(message_type, [(number, known[number]) for number in numbers])
    if keys is not None:
        message = message[:-8]
        message += keys.mac(message)
    frame = bytes.fromhex(config.tpdu + config.header) + message
    return len(frame).to_bytes(2, "big") + frame


def _read(frame, request, echoed):
    """(fields of the request, fields of the answer); BadMessage unless the frame answers this request."""
    if not 20 <= len(frame) - 2 <= _LARGEST or int.from_bytes(frame[:2], "big") != len(frame) - 2:
        raise BadMessage("frame: length")
    asked_type, asked = iso8583.decode(request[PREFIX:])
    answer_type, fields = iso8583.decode(frame[PREFIX:])
    # 0200 is answered 0210, and so on.
    if int(answer_type) != int(asked_type) + 10:
        raise BadMessage("message type: {} does not answer {}".format(answer_type, asked_type))
    for number in echoed:
        if fields.get(number) != asked[number]:
            raise BadMessage("field {}: the answer belongs to another message".format(number))
    if 39 not in fields:
        raise BadMessage("field 39: missing in the answer")
    if fields[39].strip(_CODE):
        raise BadMessage("field 39: not of 0 to 9 and A to Z")
    return asked, fields


def read_plain_answer(frame, request):
    """(code, batch, field 62) of the answer to any request of ours. Nothing proves who sent it: it never decides about money."""
    _, fields = _read(frame, request, (11, 41, 42))
    batch = fields.get(60, "")
    return fields[39], int(batch[2:8]) if len(batch) >= 8 else 0, fields.get(62, b"")


def covered(frame):
    """What field 64 of that frame covers: the message type up to the byte before it."""
    return bytes(frame[PREFIX:-8])


def asks_for(frame):
    """The host's request nibble of an answer's header, 0 to 15; no MAC covers it."""
    return frame[_REQUEST_NIBBLE] & 15


def _authentic(frame, request, answer_key, sealing):
    """(fields of the request, fields of the answer); BadMessage when it is not ours or not authentic. sealing: the Desk's."""
    asked, fields = _read(frame, request, (11, 41, 42, 60))
    if 64 not in fields:
        raise BadMessage("field 64: missing in the answer")
    if not sealing.fits(answer_key, asked[64], covered(frame), fields[64]):
        raise BadMessage("field 64: the MAC of the answer is wrong")
    return asked, fields


def read_answer(frame, request, answer_key, sealing):
    """The Answer in `frame` to `request` (both whole frames). BadMessage when it is not ours or not authentic."""
    _, fields = _authentic(frame, request, answer_key, sealing)
    if 4 not in fields:
        raise BadMessage("field 4: missing in the answer")
    if fields[39] in APPROVALS and request[PREFIX : PREFIX + 2] != b"\x04\x00" and not (37 in fields and 38 in fields):
        raise BadMessage("field 37: missing in an approval")
    return Answer(
        fields[39],
        int(fields[4]),
        fields.get(37, bytes(12)),
        fields.get(38, bytes(6)),
        int(fields.get(13, "0")),
        int(fields.get(12, "0")),
    )


def read_closing(frame, request, answer_key, sealing):
    """(code, flag) of the answer to a settlement or upload; flag of a settlement: 1 the totals agree, 2 they do not, 3 error."""
    asked, fields = _authentic(frame, request, answer_key, sealing)
    said = fields.get(48, "")
    if 48 in fields and (len(said) != len(asked[48]) or said[:30] != asked[48][:30]):
        raise BadMessage("field 48: the answer belongs to other totals")
    return fields[39], int(said[30]) if len(said) == _TOTALS else 0
