"""The terminal's Ed25519 beside the one that signs, and what its strictness is worth."""

import random

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from yuanlu.crypto import ed25519

NEUTRAL = bytes([1]) + bytes(31)


def openssl_takes(key: bytes, message: bytes, signature: bytes) -> bool:
    """What the other implementation says."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def test_both_take_what_one_of_them_signed_and_refuse_what_was_changed() -> None:
    draws = random.Random(8032)
    for length in range(0, 200, 9):
        secret = Ed25519PrivateKey.from_private_bytes(draws.randbytes(32))
        key, message = secret.public_key().public_bytes_raw(), draws.randbytes(length)
        signature = secret.sign(message)
        changed = bytearray(signature)
        changed[draws.randrange(64)] ^= 1 << draws.randrange(8)
        for taken, judged in ((True, signature), (False, bytes(changed))):
            assert ed25519.verify(key, message, judged) is openssl_takes(key, message, judged) is taken


def test_control_a_key_of_small_order_signs_for_everybody_elsewhere() -> None:
    """The refusal refuses something: the same bytes are a signature where nobody looks at the order of the key."""
    forged = NEUTRAL + bytes(32)
    assert openssl_takes(NEUTRAL, b"anything", forged)
    assert not ed25519.verify(NEUTRAL, b"anything", forged)
