"""HMAC-SHA-256 against published values."""

import json

from parts import beside
from raises import raises
from yuanlu.crypto.hmac import hmac_sha256


def vectors():
    """Key, message and MAC of every case."""
    with open(beside("tests/vectors/hmac_sha256_rfc4231.json")) as file:
        cases = json.load(file)["cases"]
    return [[bytes.fromhex(case[name]) for name in ("key", "msg", "mac")] for case in cases]


def test_the_published_values_come_out():
    """RFC 4231; a case with a shorter MAC has its beginning. Keys longer than a block are refused, not hashed."""
    short = long = 0
    for key, message, mac in vectors():
        if len(key) > 64:
            long += 1
            with raises(ValueError):
                hmac_sha256(key, message)
        else:
            short += 1
            assert hmac_sha256(key, message)[: len(mac)] == mac
    assert (short, long) == (5, 2)


def test_a_memoryview_gives_the_same():
    """Records are sealed where they lie."""
    for key, message, mac in vectors()[:4]:
        inside = bytearray(b"." + message + b".")
        assert hmac_sha256(key, memoryview(inside)[1:-1]) == mac


def test_a_key_of_one_block_is_taken_as_it_is():
    """64 bytes, and one less; leading zeros of a key count for nothing only at its end."""
    macs = [hmac_sha256(key, b"") for key in (bytes(range(64)), bytes(range(63)), b"\0k", b"k")]
    assert len(set(macs)) == 4
    assert hmac_sha256(b"k\0", b"") == hmac_sha256(b"k", b""), "as RFC 2104 pads"
