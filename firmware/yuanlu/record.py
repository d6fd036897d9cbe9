"""The journal's records to bytes and back. Little-endian.

    u16 magic | u16 length of payload | u8 type | u32 number | u32 terminal | payload | 8 bytes tag | u32 crc32 of all before

A copy made by compaction has another magic and is otherwise the same. The CRC is unseeded, so that one record can be found
on a dead chip by itself. Every payload begins with u32 transaction (the number of its INTENT) and u32 original (the number
of the sale it belongs to; a sale: its own); both 0 when the record concerns no transaction.
"""

from binascii import crc32
from collections import namedtuple
from struct import calcsize, pack_into, unpack_from

from yuanlu.compat import const
from yuanlu.errors import StoreDamaged
from yuanlu.refund import state as s

MAGIC = const(0x4C59)  # "YL"
MAGIC_COPY = const(0x6C79)  # "yl"
HEAD = const(13)
OVERHEAD = const(25)
SHORTEST = const(33)
LARGEST_PAYLOAD = const(640)
LARGEST = const(665)

_DESCRIPTION = "<IIBIIIIIBBBB10s8s"
FORMS = {
    s.INTENT: _DESCRIPTION,
    s.SALE: _DESCRIPTION + "12s6s",
    s.SENDING: "<IIBHBB",
    s.RESULT: "<IIBB2s12s6sII",
    s.PRINTED: "<IIBB",
    s.ATTEMPT: "<IIBBII",
    s.WITHDRAWN: "<IIB",
    s.SUMMARY: "<IIIIIIIIB",
    s.BOOT: "<IIIII",
    s.REFUND: _DESCRIPTION + "12s6s",
    s.DECISION: "<IIBB18s",
    s.BATCH: "<IIIIB",
    s.ALARM: _DESCRIPTION + "12s6sI",
    s.SEAL: "<IIBH8s",
    s.APPROVAL: "<IIBB8s8s",
    s.PIN_TRY: "<IIBB",
    s.NOTE: "<IIBBII24s",
    s.TECHNICIAN: "<IIIHBI",
    s.CONFIG: "<IIII32s",
    s.HANDOVER: _DESCRIPTION + "B8sHII",
}
_KIND = "transaction original kind amount batch trace date time quality reason operator approver card fingerprint"
_DONE = _KIND + " rrn approval"
_FIELDS = {
    s.INTENT: _KIND,
    s.SALE: _DONE,
    s.SENDING: "transaction original attempt send route doubt",
    s.RESULT: "transaction original attempt verdict code rrn approval date time",
    s.PRINTED: "transaction original state copy",
    s.ATTEMPT: "transaction original kind attempt batch trace",
    s.WITHDRAWN: "transaction original operator",
    s.SUMMARY: "transaction lowest unsure used before trace batch printed retired",
    s.BOOT: "transaction original boot after unreadable",
    s.REFUND: _DONE,
    s.DECISION: "transaction original decision operator evidence",
    s.BATCH: "transaction original closed opened agreed",
    s.ALARM: _DONE + " booked",
    s.SEAL: "transaction original attempt epoch mac",
    s.APPROVAL: "transaction original approver how digest code",
    s.PIN_TRY: "transaction original operator outcome",
    s.NOTE: "transaction original kind operator date time text",
    s.TECHNICIAN: "transaction original technician allowed command about",
    s.CONFIG: "transaction original version date digest",
    s.HANDOVER: _KIND + " standing other install told epoch",
}
_bodies = {}  # fields: the namedtuple of them, made when the first such record is read


def size(payload_length, unit):
    """Bytes that a record takes on flash: padded up to the write unit."""
    return -(-(OVERHEAD + payload_length) // unit) * unit


def payload_length(record_type, tail=0):
    """Bytes of a payload of that type; `tail`: bytes after the fixed part."""
    return calcsize(FORMS[record_type]) + tail


def _body(fields):
    if fields not in _bodies:
        _bodies[fields] = namedtuple("Body", fields.split())
    return _bodies[fields]


def encode(record_type, values, tail=b""):
    """A payload from its fields, in order, and what follows them."""
    fixed = calcsize(FORMS[record_type])
    payload = bytearray(fixed + len(tail))
    pack_into(FORMS[record_type], payload, 0, *values)
    payload[fixed:] = tail
    return payload


def decode(record_type, payload):
    """The fields of a payload that `encode` made, as Record.body has them."""
    return _body(_FIELDS[record_type])(*unpack_from(FORMS[record_type], payload, 0))


class Record:
    """One record in a buffer. Reused from record to record: take what you keep."""

    def __init__(self, buffer):
        self.buffer = buffer
        self.view = memoryview(buffer)
        self.address = self.size = 0  # where it is on flash, and the bytes it takes there
        self.copy = False
        self.length = self.type = self.number = self.terminal = 0
        self.transaction = self.original = 0

    def fill(self, record_type, number, terminal, payload, tag):
        """Lay a new record into the buffer; `tag(number, bytes)` gives the 8 bytes of the seal."""
        length = len(payload)
        if length > LARGEST_PAYLOAD:
            raise StoreDamaged("record: payload of {} bytes, largest is {}".format(length, LARGEST_PAYLOAD))
        pack_into("<HHBII", self.buffer, 0, MAGIC, length, record_type, number, terminal)
        end = HEAD + length
        self.view[HEAD:end] = payload
        self.view[end : end + 8] = tag(number, self.view[:end])
        self._close(length)

    def take(self, address, data):
        """Become the record at `address` whose bytes, padding included, are `data`."""
        self.view[: len(data)] = data
        self.address, self.size = address, len(data)
        self.check()

    def mark_copy(self):
        """Turn the record in the buffer into a copy of itself: other magic, same tag."""
        pack_into("<H", self.buffer, 0, MAGIC_COPY)
        self._close(self.length)

    def _close(self, length):
        end = HEAD + length + 8
        pack_into("<I", self.buffer, end, crc32(self.view[:end]))
        self.check()

    def head_is_plausible(self):
        """The first 13 bytes may begin a record: magic and length fit."""
        magic, length = unpack_from("<HH", self.buffer, 0)
        self.length = length
        return magic in (MAGIC, MAGIC_COPY) and 8 <= length <= LARGEST_PAYLOAD

    def check(self):
        """True when the buffer holds a whole record; its fields are set then."""
        return self.head_is_plausible() and self.is_whole()

    def is_whole(self):
        """The same where the head is known to be plausible."""
        buffer, end = self.buffer, HEAD + self.length + 8
        if crc32(self.view[:end]) != unpack_from("<I", buffer, end)[0]:
            return False
        magic, _, self.type, self.number, self.terminal, self.transaction, self.original = unpack_from("<HHBIIII", buffer, 0)
        self.copy = magic == MAGIC_COPY
        return True

    def sealed(self):
        """From the first byte to the end of the tag: what the SUMMARY behind a copy is sealed with."""
        return self.view[: HEAD + self.length + 8]

    def tag(self):
        """The 8 bytes of the seal."""
        end = HEAD + self.length
        return bytes(self.view[end : end + 8])

    def body(self):
        """The payload as a namedtuple of its fields; StoreDamaged for a type or length this firmware does not know."""
        layout = FORMS.get(self.type)
        if layout is None or self.length < calcsize(layout):
            raise StoreDamaged("record {}: type {} with {} bytes is not known".format(self.number, self.type, self.length))
        return _body(_FIELDS[self.type])(*unpack_from(layout, self.buffer, HEAD))

    def tail(self):
        """What follows the fixed fields: an INTENT's or ATTEMPT's message, a SUMMARY's lists."""
        return bytes(self.view[HEAD + self.length - self.tail_length() : HEAD + self.length])

    def tail_length(self):
        """Bytes of that."""
        return self.length - calcsize(FORMS[self.type])
