"""Sale and refund requests to exact bytes, and an answer's bytes to what it says. docs/wire.md is the specification."""

from collections import namedtuple

from yuanlu.crypto.cmac import cmac, equal
from yuanlu.errors import BadMessage
from yuanlu.wire import iso8583

ANSWER_TYPES = {"0200": "0210", "0220": "0230"}
_PREFIX = 13  # length 2, TPDU 5, header 6
_LARGEST = 1024

Answer = namedtuple("Answer", "code amount rrn approval date time".split())


def refund_number(config, number):
    """The one number a refund (or sale) keeps for life: terminal, install epoch, record number."""
    return "{}-{:04X}-{:08d}".format(config.terminal, config.epoch, number)


def sale(config, number, amount, identity, head, card_block, mac_key):
    """The frame of a sale 0200. identity: (batch, trace); head: (record number, tag) of the journal."""
    batch, trace = identity
    private = _private(config, number, head) + bytes((4, len(card_block))) + card_block
    fields = [
        (3, "000000"),
        (4, "{:012d}".format(amount)),
        (11, "{:06d}".format(trace)),
        (22, "071"),
        (25, "00"),
        (41, config.terminal.encode()),
        (42, config.merchant.encode()),
        (49, b"156"),
        (57, private),
        (60, "22{:06d}000".format(batch)),
    ]
    return _sealed(config, "0200", fields, mac_key)


def refund(config, number, amount, identity, head, original, mac_key):
    """The frame of a refund 0220. original: its Transaction, done (rrn, approval, batch, trace, date)."""
    batch, trace = identity
    fields = [
        (3, "200000"),
        (4, "{:012d}".format(amount)),
        (11, "{:06d}".format(trace)),
        (25, "00"),
        (37, original.rrn),
        (38, original.approval),
        (41, config.terminal.encode()),
        (42, config.merchant.encode()),
        (49, b"156"),
        (57, _private(config, number, head)),
        (60, "25{:06d}000".format(batch)),
        (61, "{:06d}{:06d}{:04d}".format(original.batch, original.trace, original.date % 10000)),
        (63, b"000"),
    ]
    return _sealed(config, "0220", fields, mac_key)


def _private(config, number, head):
    name = refund_number(config, number).encode()
    return bytes((1, len(name))) + name + bytes((3, 12)) + head[0].to_bytes(4, "big") + head[1]


def _sealed(config, message_type, fields, mac_key):
    body = iso8583.encode(message_type, fields + [(64, bytes(8))])
    body = body[:-8]
    mac = cmac(mac_key, body)[:8]
    frame = bytes.fromhex(config.tpdu + config.header) + body + mac
    return len(frame).to_bytes(2, "big") + frame


def read_answer(frame, request, answer_key):
    """The Answer in `frame` to `request` (both whole frames). BadMessage when it is not ours or not authentic."""
    if not 20 <= len(frame) - 2 <= _LARGEST or int.from_bytes(frame[:2], "big") != len(frame) - 2:
        raise BadMessage("frame: length")
    asked_type, asked = iso8583.decode(request[_PREFIX:])
    answer_type, fields = iso8583.decode(frame[_PREFIX:])
    if answer_type != ANSWER_TYPES[asked_type]:
        raise BadMessage("message type: {} does not answer {}".format(answer_type, asked_type))
    for number in (11, 41, 42, 60):
        if fields.get(number) != asked[number]:
            raise BadMessage("field {}: the answer belongs to another message".format(number))
    for number in (4, 39, 64):
        if number not in fields:
            raise BadMessage("field {}: missing in the answer".format(number))
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
