"""SHA-512 and Ed25519 against published values; what is no signature, or everybody's, is refused."""

import json
import sys

from parts import beside
from yuanlu.crypto.ed25519 import _L, verify
from yuanlu.crypto.sha512 import sha512

FEW = sys.implementation.name != "cpython"  # of what is slow there


def vectors(name):
    """The whole file."""
    with open(beside("tests/vectors/" + name)) as file:
        return json.load(file)


def cases():
    """(key, message, signature) as bytes."""
    return [[bytes.fromhex(text) for text in case] for case in vectors("ed25519_rfc8032.json")["cases"]]


def flipped(data, bit):
    """The same with one bit the other way."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_the_digests_of_every_short_length_come_out():
    """FIPS 180: 0 to 128 bytes, so every padding, and two long ones."""
    found = vectors("sha512_fips180.json")["cases"]
    assert len(found) == 131
    for message, digest in found:
        assert sha512(bytes.fromhex(message)).hex() == digest, message


def test_the_published_signatures_verify():
    """RFC 8032 section 7.1, and more from the authors of Ed25519."""
    found = cases()
    assert len(found) == 34 and len(found[0][1]) == 0 and len(found[-1][1]) == 1023
    for key, message, signature in found[::4] if FEW else found:
        assert verify(key, message, signature) is True, message.hex()


def test_control_flipped_bits_are_refused():
    """Of key, message and signature; a few on a device."""
    key, message, signature = cases()[2]
    for bit in range(0, 256, 37 if FEW else 9):
        assert verify(flipped(key, bit), message, signature) is False, bit
    for bit in range(0, 512, 41 if FEW else 3):
        assert verify(key, message, flipped(signature, bit)) is False, bit
    for bit in range(16):
        assert verify(key, flipped(message, bit), signature) is False, bit
    assert verify(key, message + b"\0", signature) is False


def test_a_second_signature_made_of_the_first_is_refused():
    """S + L fulfils the same equation, so only the bound on S refuses it."""
    for key, message, signature in cases()[:3]:
        scalar = int.from_bytes(signature[32:], "little")
        assert scalar < _L
        for times in (1, 2, 8):
            if scalar + times * _L < 1 << 256:
                again = signature[:32] + (scalar + times * _L).to_bytes(32, "little")
                assert verify(key, message, again) is False, times


def test_keys_of_small_order_and_second_spellings_are_refused():
    """Under the neutral point as a key, R = S * B signs every message: S = 0 makes it the simplest of all."""
    for name in ("keys", "not_canonical"):
        for text in vectors("ed25519_rfc8032.json")["small_order"][name]:
            for other in ("01" + "00" * 31, text):
                assert verify(bytes.fromhex(text), b"anything", bytes.fromhex(other + "00" * 32)) is False, text


def test_what_has_another_length_is_refused():
    """And what is no point of the curve."""
    key, message, signature = cases()[1]
    for wrong in (b"", key[:31], key + b"\0"):
        assert verify(wrong, message, signature) is False
    for wrong in (b"", signature[:63], signature + b"\0"):
        assert verify(key, message, wrong) is False
    assert verify(b"\2" + bytes(31), message, signature) is False
