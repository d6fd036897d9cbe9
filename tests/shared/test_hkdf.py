"""HKDF-SHA-256 against published values."""

import json

from parts import beside
from raises import raises
from yuanlu.crypto.hkdf import extract, hkdf_sha256
from yuanlu.crypto.hmac import hmac_sha256


def vectors():
    """The cases: secret, salt and info as bytes, the length, and what comes of them."""
    with open(beside("tests/vectors/hkdf_sha256_rfc5869.json")) as file:
        cases = json.load(file)["cases"]
    return [[bytes.fromhex(case[name]) for name in ("ikm", "salt", "info", "prk", "okm")] for case in cases]


def test_the_published_values_come_out():
    """RFC 5869 appendix A.1 to A.3: a short salt, one longer than a block of the hash, and none."""
    checked = 0
    for secret, salt, info, key, out in vectors():
        assert extract(secret, salt) == key
        assert hkdf_sha256(secret, salt, info, len(out)) == out
        checked += 1
    assert (checked, [len(salt) for _, salt, _, _, _ in vectors()]) == (3, [13, 80, 0])


def test_a_shorter_length_gives_the_beginning():
    """At every length to three blocks, and the longest of all: the last block is the MAC over the one before it."""
    secret, salt, info, key, _ = vectors()[0]
    longest = hkdf_sha256(secret, salt, info, 255 * 32)
    for length in range(1, 97):
        assert hkdf_sha256(secret, salt, info, length) == longest[:length], length
    assert longest[-32:] == hmac_sha256(key, longest[-64:-32] + info + b"\xff")


def test_a_length_that_cannot_be_is_refused():
    """A block counter has one byte."""
    for length in (-1, 0, 255 * 32 + 1):
        with raises(ValueError):
            hkdf_sha256(b"secret", b"", b"", length)


def test_secret_salt_and_purpose_each_count():
    """Another one of either gives other bytes."""
    secret, salt, info, _, out = vectors()[1]
    for parts in ((secret + b"\0", salt, info), (secret, salt + b"\0", info), (secret, salt, info + b"\0")):
        assert hkdf_sha256(parts[0], parts[1], parts[2], len(out)) != out
