"""PBKDF2 with HMAC-SHA-256: RFC 8018 section 5.2, values of RFC 7914 section 11. A visiting module."""

from hashlib import sha256

_INNER = int.from_bytes(b"\x36" * 64, "big")
_OUTER = int.from_bytes(b"\x5c" * 64, "big")


def pbkdf2_sha256(password, salt, iterations):
    """32 bytes (the first block) from a password of at most 64 bytes; ValueError for a longer one, or for no iteration.

    The pads are made once. MicroPython's hashes cannot be copied, so each iteration costs four blocks of SHA-256.
    """
    if len(password) > 64 or iterations < 1:
        raise ValueError("pbkdf2: a password of {} bytes, {} iterations".format(len(password), iterations))
    key = int.from_bytes(password, "big") << 8 * (64 - len(password))
    inner, outer = (key ^ _INNER).to_bytes(64, "big"), (key ^ _OUTER).to_bytes(64, "big")
    block = salt + b"\0\0\0\1"
    total = 0
    for _ in range(iterations):
        block = sha256(outer + sha256(inner + block).digest()).digest()
        total ^= int.from_bytes(block, "big")
    return total.to_bytes(32, "big")
