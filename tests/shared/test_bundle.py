"""Bundles as the terminal reads them, and which firmware it takes."""

import json
import sys

from parts import beside
from raises import raises
from yuanlu import update
from yuanlu.bundle import FIRMWARE, SETTINGS, Bundle, size
from yuanlu.errors import BadConfig

with open(beside("tests/vectors/signed_bundles.json")) as file:
    MADE = {name: bytes.fromhex(text) for name, text in json.load(file).items()}
DATA = MADE["firmware"]
FRONT = size(DATA)
FEW = sys.implementation.name != "cpython"


def complaint(**changes):
    """What is said of it by a terminal that would take it but for these changes."""
    here = {"board": "emulator", "version": 0x00010005, "lowest": 0, "journal": 1, "records": 0b0110, "room": 769}
    here.update(changes)
    with raises(BadConfig) as caught:
        update.check(Bundle(DATA, FIRMWARE), **here)
    return str(caught.value)


def body(data):
    """As is_whole asks for it."""
    return lambda at, count: data[size(data) + at : size(data) + at + count]


def test_what_was_signed_is_read_back():
    bundle = Bundle(DATA[:FRONT], FIRMWARE)
    assert [place[:2] for place in bundle.places] == [("firmware.romfs", 768), ("more/notes.txt", 1)]
    assert (bundle.terminal, bundle.version, bundle.lowest) == ("emulator", 0x00020001, 0x00010005)
    assert (bundle.journal, bundle.records, bundle.date, bundle.operator) == (1, 0b1110, 20261127, "Lin")
    assert bundle.is_whole(body(DATA))
    bundle.check(MADE["key"])
    with raises(BadConfig):
        bundle.check(MADE["another_key"])


def test_a_terminal_takes_newer_firmware_for_its_board_that_reads_all_of_its_journal():
    good = {"board": "emulator", "version": 0x00010005, "lowest": 0, "journal": 1, "records": 0b0110, "room": 769}
    update.check(Bundle(DATA, FIRMWARE), **good)
    assert "for emulator, this is rp2" in complaint(board="rp2")
    assert "0.2.1 is below 0.2.2" in complaint(version=0x00020001)
    assert "0.2.1 is below 1.0.0" in complaint(lowest=0x01000000)
    assert "whole journal" in complaint(journal=2)
    assert "whole journal" in complaint(records=0b10110)
    assert "768 bytes" in complaint(room=768)


def test_every_flipped_bit_is_refused():
    """Of the files by their digests, of manifest and signature by the signature."""
    whole = Bundle(DATA, FIRMWARE)
    for bit in range(8 * FRONT, 8 * len(DATA), 97 if FEW else 1):
        assert not whole.is_whole(body(flipped(bit))), bit
    for bit in range(0, 8 * FRONT, 211 if FEW else 17):
        with raises(BadConfig):
            Bundle(flipped(bit), FIRMWARE).check(MADE["key"])


def flipped(bit):
    """The bundle with one bit the other way."""
    data = bytearray(DATA)
    data[bit // 8] ^= 1 << bit % 8
    return bytes(data)


def test_what_is_no_bundle_is_refused():
    """Too short, too many files, another kind, a path that leads out, a text that is none: nothing else is raised."""
    for end in list(range(0, FRONT, 7)) + [FRONT - 1]:
        with raises(BadConfig):
            Bundle(DATA[:end], FIRMWARE)
    with raises(BadConfig):
        Bundle(DATA, SETTINGS)
    for at, value in ((5, 0), (5, 17), (5, 255), (16, 0), (17, 0xFF), (44, 0xFF), (100, ord("/")), (101, ord(" ")), (106, 0)):
        data = bytearray(DATA)
        data[at] = value
        with raises(BadConfig):
            Bundle(bytes(data), FIRMWARE)
    for path in (b"../boot.py", b"a/../../b", b"A", b"a\\b", b"a\0b"):
        data = bytearray(DATA)
        data[100:148] = path + bytes(48 - len(path))
        with raises(BadConfig):
            Bundle(bytes(data), FIRMWARE)


def test_control_the_bytes_between_may_be_anything_that_reads():
    """So the refusals above are for what was changed: a good path in the same place is read."""
    data = bytearray(DATA)
    data[100:148] = b"a/b.mpy" + bytes(41)
    assert Bundle(bytes(data), FIRMWARE).places[0][0] == "a/b.mpy"
