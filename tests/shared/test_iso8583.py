"""The codec, strict both ways."""

from parts import Random, octets
from raises import raises
from yuanlu.errors import BadMessage
from yuanlu.wire import iso8583

# One value for every field of the profile: the shortest and the longest that fits.
SHORT = {
    3: "000000", 4: "000000000001", 11: "000007", 12: "101507", 13: "1122", 22: "071", 25: "00", 37: b"112210150700",
    38: b"A1B2C3", 39: b"00", 41: b"YL000001", 42: b"YUANLU000000001", 49: b"156", 57: b"\x01\x00", 60: "2", 61: "1",
    48: "0", 62: b"YL000001", 63: b"0", 64: bytes(range(8)),
}  # fmt: skip
LONG = {
    48: "7" * 322, 57: bytes(range(255)), 60: "12345678901234567", 61: "12345678901234567890123456789", 62: b"~" * 48,
    63: b"~" * 163,
}  # fmt: skip


def numbers():
    """The fields of the profile in order."""
    return sorted(SHORT)


def message(bits, body=b"", message_type="0210"):
    """A message with these bits set, whatever follows."""
    bitmap = 0
    for number in bits:
        bitmap |= 1 << (64 - number)
    return bytes.fromhex(message_type) + bitmap.to_bytes(8, "big") + body


def refused(data):
    """The complaint about a message."""
    with raises(BadMessage) as caught:
        iso8583.decode(data)
    return str(caught.value)


def test_the_profile_has_these_fields_and_no_others():
    """The table of docs/wire.md."""
    assert sorted(iso8583.FIELDS) == numbers()


def test_every_field_goes_there_and_back_alone():
    """At its shortest and at its longest."""
    for number in numbers():
        for value in (SHORT[number], LONG.get(number, SHORT[number])):
            assert iso8583.decode(iso8583.encode("0210", [(number, value)])) == ("0210", {number: value}), number


def test_all_fields_go_there_and_back_together():
    """Values of one field do not run into the next; drawn by chance, lengths and all."""
    random = Random(8583)
    for _ in range(60):
        chosen = {}
        for number in numbers():
            if random.below(3):
                chosen[number] = value_of(number, random)
        rows = [(number, chosen[number]) for number in sorted(chosen)]
        data = iso8583.encode("0220", rows)
        assert iso8583.decode(data) == ("0220", chosen)
        assert iso8583.decode(memoryview(data)) == ("0220", chosen)


def value_of(number, random):
    """Any value that fits the field."""
    largest = {57: 255, 60: 17, 61: 29, 63: 163}.get(number)
    length = len(SHORT[number]) if largest is None else 1 + random.below(largest)
    if number in (57, 64):
        return bytes([random.below(256) for _ in range(length)])
    if isinstance(SHORT[number], str):
        return "".join([str(random.below(10)) for _ in range(length)])
    return bytes([32 + random.below(95) for _ in range(length)])


def test_an_odd_number_of_digits_is_padded_on_the_right():
    """By hand: field 22 n3, field 60 LLLVAR with 11 digits counted in its length."""
    assert iso8583.encode("0200", [(22, "071")]) == octets("0200 0000040000000000 0710")
    assert iso8583.encode("0200", [(60, "22000001000")]) == octets("0200 0000000000000010 0011 220000010000")


def test_the_bitmap_counts_from_the_left():
    """Bit 1 is the highest: field 3 and field 64 at both ends."""
    data = iso8583.encode("0200", [(3, "200000"), (64, bytes(8))])
    assert data[:10] == bytes.fromhex("02002000000000000001")


def test_a_value_that_does_not_fit_is_not_encoded():
    """Too short, too long, and letters where digits belong."""
    for number in numbers():
        value = SHORT[number]
        if number not in LONG:
            for wrong in (value[:-1], value + value[:1]):
                with raises(BadMessage):
                    iso8583.encode("0200", [(number, wrong)])
        else:
            value = LONG[number]
            with raises(BadMessage):
                iso8583.encode("0200", [(number, value + value[:1])])
        if isinstance(value, str):
            for wrong in ("x" + value[1:], value[:-1] + " ", "-" + value[1:]):
                with raises(BadMessage):
                    iso8583.encode("0200", [(number, wrong)])


def test_a_message_that_ends_early_is_refused_wherever_it_ends():
    """Every cut of a message with every field."""
    data = iso8583.encode("0210", [(number, LONG.get(number, SHORT[number])) for number in numbers()])
    for end in range(len(data)):
        refused(data[:end])
    assert "ends inside" in refused(data[:-1])


def test_bytes_after_the_last_field_are_refused():
    """A longer message is another message."""
    data = iso8583.encode("0210", [(39, b"00")])
    assert "1 bytes after" in refused(data + b"\x00")


def test_fields_outside_the_profile_are_refused():
    """Field 2, the card number, among them (L8), and the bit of a secondary bitmap."""
    for number in range(2, 65):
        if number not in SHORT:
            assert "field {}: not part".format(number) in refused(message((number,), bytes(300))), number
    assert "secondary" in refused(message((1,), bytes(300)))


def test_letters_where_digits_belong_are_refused():
    """Every nibble A to F, in the message type, in fixed and variable fields and in lengths."""
    for nibble in range(10, 16):
        assert "message type" in refused(bytes((0x02, nibble << 4)) + bytes(8))
        for byte in (nibble, nibble << 4):
            assert "field 11" in refused(message((11,), bytes((0, 0, byte))))
            assert "length of field 60" in refused(message((60,), bytes((0, byte)) + bytes(20)))
            assert "field 60" in refused(message((60,), bytes((0, 2, byte))))


def test_padding_that_is_not_zero_is_refused():
    """The nibble after an odd number of digits."""
    for nibble in range(1, 10):
        assert "padding" in refused(message((22,), bytes((0x07, 0x10 | nibble))))
    assert iso8583.decode(message((22,), b"\x07\x10")) == ("0210", {22: "071"})


def test_a_length_past_the_largest_is_refused_before_anything_is_taken():
    """One more than fits, and the largest a length can say."""
    for number in (57, 60, 61, 63):
        for count in (len(LONG[number]) + 1, 9999):
            body = bytes.fromhex("{:04d}".format(count)) + b"0" * 10_000
            assert "largest is" in refused(message((number,), body)), number


def test_text_that_is_not_printable_is_refused():
    """Control characters and everything past ASCII; bytes fields take all."""
    for number in (37, 38, 39, 41, 42, 49):
        for byte in (0x00, 0x1F, 0x7F, 0x80, 0xFF):
            body = bytes(SHORT[number][:-1]) + bytes((byte,))
            assert "not printable" in refused(message((number,), body)), (number, byte)
    assert "not printable" in refused(message((63,), b"\x00\x01\x0a"))
    for at in range(6):
        body = b"A1B2C3"
        assert "not printable" in refused(message((38,), body[:at] + b"\x1f" + body[at + 1 :])), at
    assert iso8583.decode(message((64,), b"\xff" * 8))[1] == {64: b"\xff" * 8}


def test_a_field_of_variable_length_is_never_empty():
    """Neither sent nor taken: there is nothing that it could say."""
    for number, empty in ((48, ""), (57, b""), (60, ""), (61, ""), (62, b""), (63, b"")):
        with raises(BadMessage):
            iso8583.encode("0210", [(number, empty)])
        assert "0 long" in refused(message((number,), bytes(2))), number


def test_what_is_too_short_for_a_bitmap_is_refused():
    """Nothing at all included."""
    for length in range(10):
        refused(bytes(length))
    assert iso8583.decode(bytes(10)) == ("0000", {})
