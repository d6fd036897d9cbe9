"""ISO 8583:1987 messages with packed BCD, by a table of the fields this profile knows. docs/wire.md draws it.

Strict both ways: a length is checked before anything is taken, digits are digits, and a field outside the table is refused.

Packed BCD reads as digits in a hex dump: a message that came in is dumped once, and every number is cut out of that text.
"""

from yuanlu.compat import const
from yuanlu.errors import BadMessage

_DIGITS = const(1)  # n, fixed
_TEXT = const(2)  # an, ans, fixed
_BYTES = const(4)  # b, fixed
_VAR = const(8)
_DIGITS_VAR = const(_DIGITS | _VAR)  # n LLLVAR
_TEXT_VAR = const(_TEXT | _VAR)  # ans LLLVAR
_BYTES_VAR = const(_BYTES | _VAR)  # b LLLVAR

_BITMAP_END = const(20)  # digits of the dump: message type 4, bitmap 16
_PRINTABLE = bytes(range(32, 127))

# field: (format, length or largest length)
FIELDS = {
    3: (_DIGITS, 6),
    4: (_DIGITS, 12),
    11: (_DIGITS, 6),
    12: (_DIGITS, 6),
    13: (_DIGITS, 4),
    22: (_DIGITS, 3),
    25: (_DIGITS, 2),
    37: (_TEXT, 12),
    38: (_TEXT, 6),
    39: (_TEXT, 2),
    41: (_TEXT, 8),
    42: (_TEXT, 15),
    48: (_DIGITS_VAR, 322),
    49: (_TEXT, 3),
    57: (_BYTES_VAR, 255),
    60: (_DIGITS_VAR, 17),
    61: (_DIGITS_VAR, 29),
    62: (_BYTES_VAR, 48),  # a terminal's number, or a key
    63: (_TEXT_VAR, 163),
    64: (_BYTES, 8),
}


def encode(message_type, fields):
    """Bytes from the type ('0220') to the last field. `fields`: (number, value) in ascending order; digits are str."""
    bitmap = 0
    parts = [b""]
    for number, value in fields:
        bitmap |= 1 << (64 - number)
        form, length = FIELDS[number]
        count = len(value)
        if not 0 < count <= length if form & _VAR else count != length:
            raise BadMessage("field {}: {} long, {} expected".format(number, count, length))
        if form & _VAR:
            parts.append(bytes.fromhex("%04d" % count))
        if form & _DIGITS:
            if not value.isdigit():
                raise BadMessage("field {}: digits expected".format(number))
            parts.append(bytes.fromhex(value + "0" if count & 1 else value))
        else:
            parts.append(bytes(value))
    parts[0] = bytes.fromhex("%s%016x" % (message_type, bitmap))
    return b"".join(parts)


def decode(message):
    """(type, {field: value}) of a message without TPDU and header. Digits come as str, the rest as bytes."""
    if len(message) < 10:
        raise BadMessage("message: {} bytes, at least 10 expected".format(len(message)))
    message = bytes(message)
    dump = message.hex()
    if not dump[:4].isdigit():
        raise BadMessage("message type: not decimal digits")
    present = _present(message[2:10])
    fields = {}
    at = _BITMAP_END
    number = present.find("1")
    while number > 0:
        if number not in FIELDS:
            raise BadMessage("field {}: not part of the profile".format(number))
        form, count = FIELDS[number]
        if form & _VAR:
            count = _length(number, dump[at : at + 4], count)
            at += 4
        end = at + (count + (count & 1) if form & _DIGITS else 2 * count)
        if end > len(dump):
            raise _cut_short(number)
        if form & _DIGITS:
            value = dump[at:end]
            if not value.isdigit():
                raise BadMessage("field {}: not decimal digits".format(number))
            if count & 1:
                if value[-1] != "0":
                    raise BadMessage("field {}: the padding is not 0".format(number))
                value = value[:-1]
        else:
            value = message[at >> 1 : end >> 1]
            if form & _TEXT and value.strip(_PRINTABLE):
                raise BadMessage("field {}: not printable ASCII".format(number))
        fields[number] = value
        at = end
        number = present.find("1", number + 1)
    if at != len(dump):
        raise BadMessage("message: {} bytes after the last field".format((len(dump) - at) >> 1))
    return dump[:4], fields


def _present(bitmap):
    """A text whose character n is 1 where field n is there."""
    if bitmap[0] & 0x80:
        raise BadMessage("bitmap: a secondary bitmap is not part of the profile")
    return "-{:064b}".format(int.from_bytes(bitmap, "big"))


def _length(number, digits, largest):
    if len(digits) < 4:
        raise _cut_short(number)
    if not digits.isdigit():
        raise BadMessage("length of field {}: not decimal digits".format(number))
    if not 0 < int(digits) <= largest:
        raise BadMessage("field {}: {} long, largest is {}".format(number, int(digits), largest))
    return int(digits)


def _cut_short(number):
    return BadMessage("field {}: the message ends inside it".format(number))
