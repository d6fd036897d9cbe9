"""PBKDF2 with HMAC-SHA-256 against published values."""

import json

from parts import beside
from raises import raises
from yuanlu.crypto.pbkdf2 import pbkdf2_sha256

MOST = 4096  # iterations of a case that is worth its time on MicroPython


def vectors():
    """The cases with few enough iterations: password and salt as bytes, iterations, the first 32 bytes that come of them."""
    with open(beside("tests/vectors/pbkdf2_hmac_sha256.json")) as file:
        cases = json.load(file)["cases"]
    short = [case for case in cases if case["iterations"] <= MOST]
    return [(case["password"].encode(), case["salt"].encode(), case["iterations"], case["dk"][:64]) for case in short]


def test_the_published_values_come_out():
    """The inputs of RFC 6070 with SHA-256, and RFC 7914 section 11."""
    cases = vectors()
    assert len(cases) == 5
    for password, salt, iterations, out in cases:
        assert pbkdf2_sha256(password, salt, iterations).hex() == out, (password, iterations)


def test_password_salt_and_iterations_each_count():
    """Another one of either gives other bytes."""
    out = pbkdf2_sha256(b"270815", b"salt", 3)
    for parts in ((b"270816", b"salt", 3), (b"270815", b"salu", 3), (b"270815", b"salt", 4)):
        assert pbkdf2_sha256(*parts) != out, parts


def test_what_cannot_be_is_refused():
    for password, iterations in ((bytes(65), 1), (b"pin", 0)):
        with raises(ValueError):
            pbkdf2_sha256(password, b"salt", iterations)
