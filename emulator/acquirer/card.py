"""The payer block of a sale: what the reader encrypts for the acquirer and the terminal cannot read.

nonce 12 | AES-128-GCM of the card number in ASCII, padded right with 'F' to 19 bytes | tag 16     (SP 800-38D)

A wallet's code that was scanned stands in the place of a card number. It has 18 digits and begins with 10 to 15 (WeChat Pay)
or 25 to 30 (Alipay; 16 to 24 digits there, 18 in use), as both wallets publish in their merchant documentation.
"""

from __future__ import annotations

import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
BLOCK_BYTES = 12 + 19 + 16
LONGEST_PAN = 19
PADDED_PAN = re.compile(rb"([0-9]{12,19})F*")
WALLET_CODE = re.compile("(1[0-5]|2[5-9]|30)[0-9]{16}")


class BadCard(ValueError):
    """A card block that does not open, or that holds no card number."""


def seal_card(pan: str, nonce: bytes, reader_key: bytes) -> bytes:
    """The 47-byte card block of 12 to 19 digits; a 12-byte nonce serves once under a 16-byte key. ValueError for other sizes."""
    if not re.fullmatch("[0-9]{12,19}", pan):
        raise ValueError("a card number has 12 to 19 digits")
    if len(nonce) != NONCE_BYTES:
        raise ValueError(f"the nonce is {NONCE_BYTES} bytes")
    return nonce + AESGCM(reader_key).encrypt(nonce, pan.ljust(LONGEST_PAN, "F").encode("ascii"), None)


def open_card(block: bytes, reader_key: bytes) -> str:
    """The card number in a card block; BadCard when it was not sealed under this key."""
    if len(block) != BLOCK_BYTES:
        raise BadCard(f"{len(block)} bytes, not {BLOCK_BYTES}")
    try:
        padded = AESGCM(reader_key).decrypt(block[:NONCE_BYTES], block[NONCE_BYTES:], None)
    except InvalidTag:
        raise BadCard("does not open under the reader key") from None
    pan = PADDED_PAN.fullmatch(padded)
    if pan is None:
        raise BadCard("holds no card number")
    return pan[1].decode("ascii")


def is_wallet_code(pan: str) -> bool:
    """True for what a wallet shows, False for a card number."""
    return WALLET_CODE.fullmatch(pan) is not None


def mask_card(pan: str) -> str:
    """First six and last four digits, all that may be shown of a card number."""
    return f"{pan[:6]}****{pan[-4:]}"
