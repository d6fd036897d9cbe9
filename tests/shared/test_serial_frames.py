"""The framing of the serial line. docs/wire.md section 3."""

from parts import Random, octets
from yuanlu.wire import serial

# Channel 1, DATA, session 0x7E7D0001, sequence 3, body 11 7E 22 7D 33; FCS by crcmod's x-25, both flags escaped inside.
ON_THE_LINE = octets("7E 01 05 7D5E7D5D0001 03 117D5E227D5D33 B88E 7E")


def one(data):
    """The only frame in these bytes."""
    frames = serial.Deframer().feed(data)
    assert len(frames) == 1, len(frames)
    return frames[0]


def sealed(plain):
    """Any bytes as a frame with a right FCS: what a broken far end could send."""
    out = b"\x7e"
    for byte in plain + (serial.fcs16(plain) ^ 0xFFFF).to_bytes(2, "little"):
        out += bytes((0x7D, byte ^ 0x20)) if byte in (0x7D, 0x7E) else bytes((byte,))
    return out + b"\x7e"


def test_the_check_value_of_the_fcs():
    """The catalogue's value of CRC-16/X-25."""
    assert serial.fcs16(b"123456789") ^ 0xFFFF == 0x906E
    assert serial.fcs16(b"") ^ 0xFFFF == 0


def test_the_register_after_a_whole_frame():
    """RFC 1662 appendix C.2: 0xF0B8 over data and FCS."""
    data = b"123456789" + (0x906E).to_bytes(2, "little")
    assert serial.fcs16(data) == 0xF0B8


def test_a_known_frame_is_made():
    """Byte for byte, with escapes in session and body."""
    made = serial.frame(serial.ACQUIRER, serial.DATA, 0x7E7D0001, 3, octets("11 7E 22 7D 33"))
    assert bytes(made) == ON_THE_LINE, bytes(made).hex()


def test_a_known_frame_is_read():
    """All of its parts."""
    frame = one(ON_THE_LINE)
    assert (frame.channel, frame.kind, frame.session, frame.sequence) == (1, 5, 0x7E7D0001, 3)
    assert frame.body == octets("11 7E 22 7D 33")


def test_a_frame_split_anywhere_is_the_same_frame():
    """Two pieces at every place, and byte by byte."""
    for at in range(len(ON_THE_LINE) + 1):
        deframer = serial.Deframer()
        frames = deframer.feed(ON_THE_LINE[:at]) + deframer.feed(ON_THE_LINE[at:])
        assert [frame.body for frame in frames] == [octets("11 7E 22 7D 33")], at
    deframer = serial.Deframer()
    frames = []
    for at in range(len(ON_THE_LINE)):
        frames += deframer.feed(ON_THE_LINE[at : at + 1])
    assert len(frames) == 1 and deframer.dropped == 0


def test_every_byte_value_goes_there_and_back():
    """In the body, at every length up to a whole message."""
    random = Random(1662)
    for length in (0, 1, 2, 255, 256, 1026):
        body = bytes([random.below(256) for _ in range(length)])
        frame = one(serial.frame(serial.SERVICE, serial.ACK, 0xFFFFFFFF, 255, body))
        assert (frame.channel, frame.kind, frame.session, frame.sequence) == (2, 6, 0xFFFFFFFF, 255)
        assert frame.body == body


def test_a_flag_or_escape_in_the_fcs_is_escaped_too():
    """Among all sequences some have one there."""
    escaped = 0
    for sequence in range(256):
        made = serial.frame(serial.ACQUIRER, serial.HERE, 0, sequence)
        assert one(made).sequence == sequence
        escaped += any(byte == 0x7D for byte in made[-4:-1])
    assert escaped


def test_flags_between_frames_may_be_shared_or_repeated():
    """One flag that ends a frame and begins the next, and many."""
    assert len(serial.Deframer().feed(ON_THE_LINE + ON_THE_LINE[1:])) == 2
    deframer = serial.Deframer()
    assert len(deframer.feed(b"\x7e\x7e\x7e" + ON_THE_LINE + b"\x7e\x7e" + ON_THE_LINE)) == 2
    assert deframer.dropped == 0


def test_every_single_bit_error_is_found():
    """A flipped bit drops the frame, or makes two broken pieces of it; never another frame."""
    for bit in range(8, 8 * (len(ON_THE_LINE) - 1)):
        broken = bytearray(ON_THE_LINE)
        broken[bit >> 3] ^= 1 << (bit & 7)
        assert serial.Deframer().feed(broken) == [], bit


def test_garbage_before_and_between_is_dropped_and_counted():
    """The next flag begins anew."""
    deframer = serial.Deframer()
    assert len(deframer.feed(b"\x00garbage of a modem\xff" + ON_THE_LINE)) == 1
    assert deframer.dropped == 1
    assert len(deframer.feed(b"\x7d\x7e" + ON_THE_LINE)) == 1
    random = Random(5)
    for _ in range(50):
        deframer.feed(bytes([random.below(256) for _ in range(random.below(200))]))
        deframer.feed(b"\x7e")
        assert len(deframer.feed(ON_THE_LINE)) == 1


def test_a_frame_that_an_escape_ends_is_dropped():
    """RFC 1662: escape and flag together abort."""
    deframer = serial.Deframer()
    assert deframer.feed(ON_THE_LINE[:-1] + b"\x7d\x7e") == []
    assert deframer.dropped == 1
    assert len(deframer.feed(ON_THE_LINE)) == 1


def test_the_longest_frame_is_taken_and_a_longer_one_dropped():
    """1100 bytes after unescaping, FCS included; memory grows no further, and is given back with the frame."""
    assert len(one(sealed(bytes(7 + 1091))).body) == 1091
    deframer = serial.Deframer()
    assert deframer.feed(sealed(bytes(7 + 1092))) == []
    assert deframer.feed(sealed(bytes(5000))[:-1]) == [] and len(deframer.buffer) == 1100
    assert deframer.feed(sealed(b"")[-1:]) == [] and len(deframer.buffer) == 64
    assert deframer.dropped == 2
    assert len(deframer.feed(ON_THE_LINE)) == 1


def test_the_shortest_frame_is_taken_and_a_shorter_one_dropped():
    """9 bytes: channel, kind, session, sequence and FCS."""
    assert one(sealed(bytes((1, 1, 0, 0, 0, 0, 0)))).body == b""
    deframer = serial.Deframer()
    for length in range(1, 7):
        assert deframer.feed(sealed(bytes(length))) == []
    assert deframer.dropped == 6
