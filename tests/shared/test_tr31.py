"""Key blocks of X9.143 version D against published ones, and what is none."""

import json

from parts import beside
from raises import raises
from yuanlu.crypto.tr31 import unwrap
from yuanlu.errors import BadMessage


def vectors():
    """Key that protects, block, key of every case."""
    with open(beside("tests/vectors/tr31_version_d.json")) as file:
        cases = json.load(file)["cases"]
    return [(bytes.fromhex(case["kbpk"]), case["block"].encode(), bytes.fromhex(case["key"])) for case in cases]


def refused(protection, text):
    """It is no block under that key."""
    with raises(BadMessage):
        unwrap(protection, text)
    return True


def test_the_published_blocks_open():
    """Among them the example of the standard, key 3F419E1C..., with optional blocks in the last."""
    cases = vectors()
    for protection, text, key in cases:
        block = unwrap(protection, text)
        assert block.key == key and block.header == text[5:12]
    assert cases[0][2].hex().startswith("3f419e1c") and unwrap(cases[0][0], cases[0][1]).options == []
    assert unwrap(cases[5][0], cases[5][1]).options[0] == (b"KS", b"VM9A")


def test_every_character_counts():
    """One changed anywhere; control: unchanged it opens."""
    for protection, text, _ in (vectors()[0], vectors()[5]):
        assert unwrap(protection, text)
        for at in range(len(text)):
            other = bytearray(text)
            other[at] = ord("0") if other[at] != ord("0") else ord("1")
            assert refused(protection, bytes(other)), at


def test_another_key_length_or_case_is_refused():
    """Nothing but BadMessage comes of it."""
    protection, text, _ = vectors()[0]
    assert refused(bytes(32), text) and refused(protection[:16], text)
    assert refused(protection, text.lower()) and refused(protection, text[:-1]) and refused(protection, text + b"0")
    for length in range(0, len(text), 7):
        assert refused(protection, text[:length])
    assert refused(protection, b"\xff" * 112) and refused(protection, b"D0112P0AE00E9900" + text[16:])
