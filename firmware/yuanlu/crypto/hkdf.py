"""HKDF with SHA-256: RFC 5869, its vectors. Many keys from one secret."""

from hashlib import sha256

from yuanlu.crypto.hmac import hmac_sha256


def hkdf_sha256(secret, salt, info, length):
    """`length` bytes, 1 to 8160, from a secret of any length. salt: b"" for none; info: what the bytes are for. ValueError."""
    if not 1 <= length <= 255 * 32:
        raise ValueError("hkdf: {} bytes, 1 to 8160".format(length))
    return _expand(extract(secret, salt), info, length)


def extract(secret, salt):
    """The 32-byte pseudorandom key (RFC 5869, 2.2)."""
    if len(salt) > 64:  # what RFC 2104 does with a long key; as keys our HMAC refuses them
        salt = sha256(salt).digest()
    return hmac_sha256(salt, secret)


def _expand(key, info, length):
    block, out = b"", b""
    for count in range(1, -(-length // 32) + 1):
        block = hmac_sha256(key, block + info + bytes((count,)))
        out += block
    return out[:length]
