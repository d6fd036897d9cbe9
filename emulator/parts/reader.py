"""The card reader and its tray of test cards. The terminal never sees a whole number: first 6, last 4, a keyed fingerprint,
and a block that only the acquirer can open."""

from __future__ import annotations

import hashlib
import hmac
import random
from typing import NamedTuple

from emulator.acquirer import seal_card


class TestCard(NamedTuple):
    """A card of the tray; `number` is a published test number, that of the wallet a made-up code."""

    name: str
    number: str


TRAY = {
    "unionpay": TestCard("银联借记卡 UnionPay debit", "6222020000000000007"),
    "unionpay-credit": TestCard("银联信用卡 UnionPay credit", "6250940000000008"),
    "visa": TestCard("Visa", "4111111111111111"),
    "mastercard": TestCard("Mastercard", "5555555555554444"),
    "wallet": TestCard("钱包付款码 Wallet code", "280000000000000017"),
}


def present(card: TestCard, reader_key: bytes, draw: random.Random) -> bytes:
    """What reader and scanner tell the terminal: 0 for a card, 1 for a wallet's code; first 6 and last 4 digits, 8 bytes of
    fingerprint, the sealed block."""
    fingerprint = hmac.new(reader_key, b"fingerprint" + card.number.encode(), hashlib.sha256).digest()[:8]
    block = seal_card(card.number, draw.randbytes(12), reader_key)
    road = bytes([card is TRAY["wallet"]])
    return road + (card.number[:6] + card.number[-4:]).encode() + fingerprint + block
