"""AES-DUKPT as the acquirer's side does it, ANSI X9.24-3:2017 with AES-128: any key from the base derivation key and a KSN."""

from __future__ import annotations

from hashlib import sha256

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

KEY_BYTES, KEY_ID_BYTES, KSN_BYTES = 16, 8, 12
MAC_GENERATION, MAC_VERIFICATION = 0x2000, 0x2001
KEY_DERIVATION, INITIAL_KEY = 0x8000, 0x8001
MOST_ONES = 16


def key_id_of(merchant: str, terminal: str) -> bytes:
    """The id of the initial key that this acquirer gives a terminal; the standard leaves open how ids are chosen."""
    return sha256((merchant + terminal).encode()).digest()[:KEY_ID_BYTES]


def initial_key(base_key: bytes, key_id: bytes) -> bytes:
    """What a terminal is given."""
    return _derive(base_key, INITIAL_KEY, key_id)


def transaction_key(initial: bytes, key_id: bytes, counter: int) -> bytes:
    """The key of one counter, from the initial key: one derivation for each one-bit, from the left. ValueError for no counter."""
    if not is_counter(counter):
        raise ValueError(f"{counter:#x} is no counter")
    key, reached = initial, 0
    for bit in range(31, -1, -1):
        if counter >> bit & 1:
            reached |= 1 << bit
            key = _derive(key, KEY_DERIVATION, key_id[4:] + reached.to_bytes(4, "big"))
    return key


def working_key(key: bytes, usage: int, key_id: bytes, counter: int) -> bytes:
    """The key of that usage, under the transaction key of `counter`."""
    return _derive(key, usage, key_id[4:] + counter.to_bytes(4, "big"))


def is_counter(counter: int) -> bool:
    """True for 1 to 16 one-bits out of 32."""
    return 0 < counter < 1 << 32 and counter.bit_count() <= MOST_ONES


def _derive(key: bytes, usage: int, context: bytes) -> bytes:
    """One block: version 1, block 1, usage, algorithm AES-128, 128 bits, then whose key it is."""
    data = b"\x01\x01" + usage.to_bytes(2, "big") + (2).to_bytes(2, "big") + (128).to_bytes(2, "big") + context
    return Cipher(AES(key), ECB()).encryptor().update(data)
