"""Requests to exact bytes, and an answer's bytes to what it says. docs/wire.md is the specification."""

from collections import namedtuple

from yuanlu.crypto.cmac import cmac, equal
from yuanlu.errors import BadMessage
from yuanlu.refund.codes import APPROVALS
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, KIND_VOID
from yuanlu.wire import iso8583

_PREFIX = 13  # length 2, TPDU 5, header 6
_LARGEST = 1024
_KIND = {KIND_SALE: "22", KIND_VOID: "23", KIND_REFUND: "25"}

Answer = namedtuple("Answer", "code amount rrn approval date time".split())


def refund_number(config, number):
    """The one number a refund (or sale) keeps for life: terminal, install epoch, record number."""
    return "{}-{:04X}-{:08d}".format(config.terminal, config.epoch, number)


def request(config, draft, number, identity, head, original, keys):
    """The frame of a sale 0200, void 0200 or refund 0220.

    identity: (batch, trace); head: (record number, tag) of the journal; original: the sale as Transaction (void, refund);
    keys: crypto.dukpt.Keys, used for nothing else.
    """
    batch, trace = identity
    private = _private(config, number, head, keys)
    fields = [
        (3, "000000" if draft.kind == KIND_SALE else "200000"),
        (4, "{:012d}".format(draft.amount)),
        (11, "{:06d}".format(trace)),
    ]
    if draft.kind == KIND_SALE:
        fields.append((22, "071"))
        private += bytes((4, len(draft.card.block))) + draft.card.block
    fields.append((25, "00"))
    if draft.kind != KIND_SALE:
        fields += [(37, original.rrn), (38, original.approval)]
    fields += _merchant(config) + [(49, b"156"), (57, private), (60, "{}{:06d}000".format(_KIND[draft.kind], batch))]
    if draft.kind != KIND_SALE:
        fields.append((61, _original(original)))
    if draft.kind == KIND_REFUND:
        fields.append((63, b"000"))
    return _sealed(config, "0220" if draft.kind == KIND_REFUND else "0200", fields, keys)


def reversal(config, transaction, reason, head, keys):
    """The frame of a reversal 0400 of a sale or void: same trace, same kind. reason: b"98" no answer in time."""
    fields = [
        (3, "000000" if transaction.kind == KIND_SALE else "200000"),
        (4, "{:012d}".format(transaction.amount)),
        (11, "{:06d}".format(transaction.trace)),
        (25, "00"),
        (39, reason),
    ]
    fields += _merchant(config) + [
        (49, b"156"),
        (57, _private(config, transaction.number, head, keys)),
        (60, "{}{:06d}000".format(_KIND[transaction.kind], transaction.batch)),
        (61, _original(transaction)),
    ]
    return _sealed(config, "0400", fields, keys)


def query(config, transaction, head, nonce, keys):
    """The frame of a query 0600: what became of this refund attempt? nonce: 8 bytes, so that no older answer fits."""
    fields = [(3, "200000"), (4, "{:012d}".format(transaction.amount)), (11, "{:06d}".format(transaction.trace))]
    fields += _merchant(config) + [
        (57, _private(config, transaction.number, head, keys) + bytes((5, 8)) + nonce),
        (60, "00{:06d}000".format(transaction.batch)),
        (61, _original(transaction)),
    ]
    return _sealed(config, "0600", fields, keys)


def sign_on(config, batch, trace):
    """The frame of a sign-on 0800: which batch is open for this terminal? It has no MAC."""
    fields = [(11, "{:06d}".format(trace))] + _merchant(config) + [(60, "00{:06d}003".format(batch)), (63, b"001")]
    return _framed(config, iso8583.encode("0800", fields))


def echo(config, batch, trace):
    """The frame of an echo 0820: is anybody there? It has no MAC."""
    fields = [(11, "{:06d}".format(trace))] + _merchant(config) + [(60, "00{:06d}301".format(batch))]
    return _framed(config, iso8583.encode("0820", fields))


def _merchant(config):
    return [(41, config.terminal.encode()), (42, config.merchant.encode())]


def _original(transaction):
    return "{:06d}{:06d}{:04d}".format(transaction.batch, transaction.trace, transaction.date % 10000)


def _private(config, number, head, keys):
    name = refund_number(config, number).encode()
    private = bytes((1, len(name))) + name + bytes((2, 12)) + keys.ksn
    return private + bytes((3, 12)) + head[0].to_bytes(4, "big") + head[1]


def _sealed(config, message_type, fields, keys):
    body = iso8583.encode(message_type, fields + [(64, bytes(8))])
    body = body[:-8]
    mac = cmac(keys.request, body)[:8]
    return _framed(config, body + mac)


def _framed(config, message):
    frame = bytes.fromhex(config.tpdu + config.header) + message
    return len(frame).to_bytes(2, "big") + frame


def _read(frame, request, echoed):
    """(fields of the request, fields of the answer); BadMessage unless the frame answers this request."""
    if not 20 <= len(frame) - 2 <= _LARGEST or int.from_bytes(frame[:2], "big") != len(frame) - 2:
        raise BadMessage("frame: length")
    asked_type, asked = iso8583.decode(request[_PREFIX:])
    answer_type, fields = iso8583.decode(frame[_PREFIX:])
    # 0200 is answered 0210, and so on.
    if int(answer_type) != int(asked_type) + 10:
        raise BadMessage("message type: {} does not answer {}".format(answer_type, asked_type))
    for number in echoed:
        if fields.get(number) != asked[number]:
            raise BadMessage("field {}: the answer belongs to another message".format(number))
    if 39 not in fields:
        raise BadMessage("field 39: missing in the answer")
    return asked, fields


def read_plain_answer(frame, request):
    """(code, batch) of the answer to a sign-on or echo. Nothing proves who sent it: it never decides about money."""
    _, fields = _read(frame, request, (11, 41, 42))
    batch = fields.get(60, "")
    return fields[39], int(batch[2:8]) if len(batch) >= 8 else 0


def read_answer(frame, request, answer_key):
    """The Answer in `frame` to `request` (both whole frames). BadMessage when it is not ours or not authentic."""
    asked, fields = _read(frame, request, (11, 41, 42, 60))
    for number in (4, 64):
        if number not in fields:
            raise BadMessage("field {}: missing in the answer".format(number))
    if fields[39] in APPROVALS and request[_PREFIX : _PREFIX + 2] != b"\x04\x00" and not (37 in fields and 38 in fields):
        raise BadMessage("field 37: missing in an approval")
    covered = asked[64] + bytes(frame[_PREFIX:-8])
    if not equal(cmac(answer_key, covered)[:8], fields[64]):
        raise BadMessage("field 64: the MAC of the answer is wrong")
    return Answer(
        fields[39],
        int(fields[4]),
        fields.get(37, bytes(12)),
        fields.get(38, bytes(6)),
        int(fields.get(13, "0")),
        int(fields.get(12, "0")),
    )
