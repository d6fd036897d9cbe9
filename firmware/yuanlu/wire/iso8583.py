"""ISO 8583:1987 messages with packed BCD, by a table of the fields this profile knows. docs/wire.md draws it.

Strict both ways: a length is checked before anything is taken, digits are digits, and a field outside the table is refused.
"""

from yuanlu.compat import const
from yuanlu.errors import BadMessage

_DIGITS = const(1)  # n, fixed
_TEXT = const(2)  # an, ans, fixed
_BYTES = const(3)  # b, fixed
_DIGITS_VAR = const(4)  # n LLLVAR
_TEXT_VAR = const(5)  # ans LLLVAR
_BYTES_VAR = const(6)  # b LLLVAR

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
    62: (_TEXT_VAR, 48),
    63: (_TEXT_VAR, 163),
    64: (_BYTES, 8),
}


def encode(message_type, fields):
    """Bytes from the type ('0220') to the last field. `fields`: (number, value) in ascending order; digits are str."""
    bitmap = 0
    parts = [b"", b""]
    for number, value in fields:
        bitmap |= 1 << (64 - number)
        parts.append(_encode_field(number, value))
    parts[0] = bytes.fromhex(message_type)
    parts[1] = bitmap.to_bytes(8, "big")
    return b"".join(parts)


def _encode_field(number, value):
    form, length = FIELDS[number]
    count = len(value)
    if count > length if form >= _DIGITS_VAR else count != length:
        raise BadMessage("field {}: {} long, {} expected".format(number, count, length))
    if form in (_DIGITS, _DIGITS_VAR):
        if not value.isdigit():
            raise BadMessage("field {}: digits expected".format(number))
        data = bytes.fromhex(value + "0" if count & 1 else value)
    else:
        data = bytes(value)
    return bytes.fromhex("{:04d}".format(count)) + data if form >= _DIGITS_VAR else data


def decode(message):
    """(type, {field: value}) of a message without TPDU and header. Digits come as str, the rest as bytes."""
    if len(message) < 10:
        raise BadMessage("message: {} bytes, at least 10 expected".format(len(message)))
    message_type = _digits(message[0:2], "message type")
    bitmap = int.from_bytes(message[2:10], "big")
    if bitmap >> 63:
        raise BadMessage("bitmap: a secondary bitmap is not part of the profile")
    fields = {}
    at = 10
    for number in range(2, 65):
        if bitmap >> (64 - number) & 1:
            if number not in FIELDS:
                raise BadMessage("field {}: not part of the profile".format(number))
            fields[number], at = _decode_field(number, message, at)
    if at != len(message):
        raise BadMessage("message: {} bytes after the last field".format(len(message) - at))
    return message_type, fields


def _decode_field(number, message, at):
    form, count = FIELDS[number]
    if form >= _DIGITS_VAR:
        largest = count
        count = int(_digits(_take(number, message, at, 2), "length of field {}".format(number)))
        at += 2
        if count > largest:
            raise BadMessage("field {}: {} long, largest is {}".format(number, count, largest))
    digits = form in (_DIGITS, _DIGITS_VAR)
    width = (count + 1) >> 1 if digits else count
    value = _take(number, message, at, width)
    at += width
    if not digits:
        if form in (_TEXT, _TEXT_VAR) and any(byte < 32 or byte > 126 for byte in value):
            raise BadMessage("field {}: not printable ASCII".format(number))
        return value, at
    text = _digits(value, "field {}".format(number))
    if count & 1:
        if text[-1] != "0":
            raise BadMessage("field {}: the padding is not 0".format(number))
        text = text[:-1]
    return text, at


def _take(number, message, at, count):
    if at + count > len(message):
        raise BadMessage("field {}: the message ends inside it".format(number))
    return bytes(message[at : at + count])


def _digits(data, place):
    text = bytes(data).hex()
    if text and not text.isdigit():
        raise BadMessage("{}: not decimal digits".format(place))
    return text
