"""AES in counter mode against published values."""

import json

from parts import beside
from yuanlu.crypto.ctr import ctr


def vectors():
    """Key, first counter block, plain and cipher text of every case."""
    with open(beside("tests/vectors/ctr_sp800_38a.json")) as file:
        cases = json.load(file)["cases"]
    return [[bytes.fromhex(case[name]) for name in ("key", "counter", "plain", "cipher")] for case in cases]


def test_the_published_values_come_out():
    """SP 800-38A F.5.1 and F.5.5, there and back."""
    assert [len(key) for key, _, _, _ in vectors()] == [16, 32]
    for key, counter, plain, cipher in vectors():
        first = int.from_bytes(counter, "big")
        assert ctr(key, first, plain) == cipher
        assert ctr(key, first, cipher) == plain


def test_every_length_is_the_beginning_of_a_longer_one():
    """Also no byte at all, and no whole block."""
    key, counter, plain, cipher = vectors()[0]
    for length in range(65):
        assert ctr(key, int.from_bytes(counter, "big"), plain[:length]) == cipher[:length]


def test_the_block_counts_up_as_one_number():
    """From block to block, over the end of a byte."""
    key = vectors()[0][0]
    start = 255 << 96
    together = ctr(key, start, bytes(48))
    assert together == ctr(key, start, bytes(16)) + ctr(key, start + 1, bytes(16)) + ctr(key, start + 2, bytes(16))
    assert ctr(key, (7 << 96) + 255, bytes(32))[16:] == ctr(key, (7 << 96) + 256, bytes(16))
