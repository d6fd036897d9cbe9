"""Records to bytes and back, as record.py draws them."""

from binascii import crc32

from parts import intent_of, no_seal, octets, record_of
from raises import raises
from yuanlu import record as r
from yuanlu.errors import StoreDamaged
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND

VALUES = {
    s.INTENT: intent_of(7, 3, KIND_REFUND, 4200, 2, 99),
    s.SALE: intent_of(3) + (b"112210150700", b"A1B2C3"),
    s.SENDING: (7, 3, 1, 65_535, 2, 1),
    s.REFUND: intent_of(7, 3, KIND_REFUND) + (b"112210150700", b"A1B2C3"),
    s.RESULT: (7, 3, 1, s.DECLINED, b"51", b"112210150700", b"A1B2C3", 20261122, 101507),
    s.ATTEMPT: (7, 3, s.AGAIN, 2, 2, 100),
    s.PRINTED: (7, 3, s.IS_DONE, 255),
    s.WITHDRAWN: (7, 3, 4),
    s.SUMMARY: (0, 3, 4, 4000, 24, 99, 2, 7, 0),
    s.BOOT: (0, 0, 4_294_967_295, 6, 33),
}

# A WITHDRAWN by hand: magic "YL", 9 bytes, type 7, number 258, terminal 1, transaction 7, original 3, operator 4, tag.
WITHDRAWN = octets("594C 0900 07 02010000 01000000 07000000 03000000 04 F0F1F2F3F4F5F6F7")


def tagged(number, data):
    """A seal that is not all zeros."""
    return bytes(range(0xF0, 0xF8))


def again(record, length=None):
    """Another Record over a copy of the first bytes, as if read from flash."""
    other = r.Record(bytearray(r.LARGEST))
    size = r.OVERHEAD + record.length if length is None else length
    other.view[:size] = record.view[:size]
    return other


def test_a_record_is_these_bytes():
    """Field by field, with the CRC over all that stands before it."""
    record = r.Record(bytearray(r.LARGEST))
    record.fill(s.WITHDRAWN, 258, 1, r.encode(s.WITHDRAWN, (7, 3, 4)), tagged)
    assert bytes(record.view[:30]) == WITHDRAWN
    assert bytes(record.view[30:34]) == crc32(WITHDRAWN).to_bytes(4, "little")
    assert r.OVERHEAD + record.length == 34
    assert record.tag() == tagged(258, b"")


def test_the_sealer_is_given_number_and_everything_before_the_tag():
    """Head and payload: an edit of either changes the tag."""
    given = []

    def seal(number, data):
        given.append((number, bytes(data)))
        return bytes(8)

    r.Record(bytearray(r.LARGEST)).fill(s.WITHDRAWN, 258, 1, r.encode(s.WITHDRAWN, (7, 3, 4)), seal)
    assert given == [(258, WITHDRAWN[:22])]


def test_every_type_goes_there_and_back():
    """All fields, and what the head says of them."""
    for record_type in sorted(VALUES):
        record = again(record_of(4_000_000_000, record_type, VALUES[record_type]))
        assert record.check()
        assert (record.type, record.number, record.terminal, record.copy) == (record_type, 4_000_000_000, 1, False)
        assert tuple(record.body()) == VALUES[record_type]
        assert (record.transaction, record.original) == VALUES[record_type][:2]
        assert record.length == r.payload_length(record_type)


def test_L1_the_message_of_an_attempt_comes_back_exactly():
    """Of any length that fits."""
    for length in (0, 1, 149, 255, r.LARGEST_PAYLOAD - r.payload_length(s.INTENT)):
        message = bytes([at & 0xFF for at in range(length)])
        record = again(record_of(7, s.INTENT, VALUES[s.INTENT], message))
        assert record.check() and record.tail() == message
        assert record.length == r.payload_length(s.INTENT, length)
        record = again(record_of(9, s.ATTEMPT, VALUES[s.ATTEMPT], message))
        assert record.check() and record.tail() == message


def test_a_copy_is_the_same_but_for_its_mark():
    """Number, tag and payload stay; the CRC fits again."""
    record = record_of(7, s.RESULT, VALUES[s.RESULT])
    before = bytes(record.view[: r.OVERHEAD + record.length])
    record.mark_copy()
    copy = again(record)
    assert copy.check() and copy.copy
    assert bytes(copy.view[:2]) == b"yl" and before[:2] == b"YL"
    assert bytes(copy.view[2 : len(before) - 4]) == before[2:-4]
    copy.mark_copy()
    assert bytes(copy.view[: len(before)]) == bytes(record.view[: len(before)])


def test_every_flipped_bit_is_found():
    """In head, payload, tag and CRC."""
    whole = record_of(7, s.RESULT, VALUES[s.RESULT])
    size = r.OVERHEAD + whole.length
    for bit in range(8 * size):
        record = again(whole)
        record.buffer[bit >> 3] ^= 1 << (bit & 7)
        assert not record.check(), bit


def test_every_cut_is_found():
    """What an erased rest or a rest of zeros does not complete."""
    whole = record_of(7, s.RESULT, VALUES[s.RESULT])
    for length in range(r.OVERHEAD + whole.length):
        for rest in (0xFF, 0x00):
            record = r.Record(bytearray([rest] * r.LARGEST))
            record.view[:length] = whole.view[:length]
            assert not record.check() or bytes(record.view[: r.LARGEST]) == bytes(whole.view[: r.LARGEST]), (length, rest)


def test_blank_flash_is_no_record():
    """Ones, zeros, and lengths that cannot be."""
    for byte in (0xFF, 0x00):
        assert not r.Record(bytearray([byte] * r.LARGEST)).check()
    for length in (0, 7, 641, 65_535):
        record = r.Record(bytearray(r.LARGEST))
        record.view[:4] = b"YL" + length.to_bytes(2, "little")
        assert not record.head_is_plausible() and not record.check()


def test_a_payload_that_is_too_large_is_not_written():
    """640 bytes fit, 641 do not."""
    record = r.Record(bytearray(r.LARGEST + 8))
    record.fill(s.INTENT, 1, 1, bytes(640), no_seal)
    assert record.check()
    with raises(StoreDamaged):
        record.fill(s.INTENT, 1, 1, bytes(641), no_seal)


def test_a_type_or_length_from_the_future_is_said_and_not_guessed():
    """An update that cannot read the journal must be refused, not misread it."""
    for record_type, length in ((s.ANCHOR, 60), (99, 60), (s.RESULT, 37), (s.INTENT, r.payload_length(s.INTENT) - 1)):
        record = r.Record(bytearray(r.LARGEST))
        record.fill(record_type, 1, 1, bytes(length), no_seal)
        assert record.check()
        with raises(StoreDamaged):
            record.body()


def test_a_record_takes_whole_units():
    """At every unit that a chip may have."""
    for unit, sizes in ((1, (25, 26, 665)), (16, (32, 32, 672)), (32, (32, 32, 672)), (256, (256, 256, 768))):
        assert (r.size(0, unit), r.size(1, unit), r.size(640, unit)) == sizes
        assert r.size(unit - 25 % unit, unit) % unit == 0
