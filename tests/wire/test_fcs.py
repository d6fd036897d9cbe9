"""crcmod agrees with the firmware on the FCS, for frames of every length that there can be."""

import random

import crcmod.predefined

from yuanlu.wire import serial

HEAD, FCS = 7, 2
x_25 = crcmod.predefined.mkCrcFun("x-25")


def test_crcmod_agrees_on_frames_of_every_length() -> None:
    draw, lengths = random.Random(1662), 0
    for length in range(serial.LARGEST - HEAD - FCS + 1):
        body = draw.randbytes(length)
        session = draw.getrandbits(32)
        line = bytes(serial.frame(serial.ACQUIRER, serial.DATA, session, length & 0xFF, body))
        plain = line[1:-1].replace(b"\x7d\x5e", b"\x7e").replace(b"\x7d\x5d", b"\x7d")
        assert plain[:-FCS] == bytes([1, 5]) + session.to_bytes(4, "big") + bytes([length & 0xFF]) + body
        assert plain[-FCS:] == x_25(plain[:-FCS]).to_bytes(2, "little"), length
        lengths += 1
    assert lengths == 1092


def test_control_another_crc_of_16_bits_does_not_agree() -> None:
    """X-25's neighbours in the catalogue differ from it in one parameter each."""
    data = random.Random(25).randbytes(64)
    names = ("x-25", "kermit", "crc-16-mcrf4xx", "crc-16", "crc-ccitt-false")
    assert [name for name in names if crcmod.predefined.mkCrcFun(name)(data) == serial.fcs16(data) ^ 0xFFFF] == ["x-25"]
