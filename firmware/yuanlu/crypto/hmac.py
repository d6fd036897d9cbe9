"""HMAC with SHA-256: RFC 2104, vectors of RFC 4231. MicroPython brings the hash alone."""

from hashlib import sha256

_INNER = int.from_bytes(b"\x36" * 64, "big")
_OUTER = int.from_bytes(b"\x5c" * 64, "big")


def hmac_sha256(key, message):
    """The 32-byte MAC of `message` (bytes or memoryview) under a key of at most 64 bytes; ValueError for a longer one."""
    if len(key) > 64:
        raise ValueError("hmac: a key of {} bytes, at most 64".format(len(key)))
    padded = int.from_bytes(key, "big") << 8 * (64 - len(key))
    inner = sha256((padded ^ _INNER).to_bytes(64, "big"))
    inner.update(message)
    outer = sha256((padded ^ _OUTER).to_bytes(64, "big"))
    outer.update(inner.digest())
    return outer.digest()
