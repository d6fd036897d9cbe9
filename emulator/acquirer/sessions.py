"""Session keys, docs/wire.md section 5, for the acquirer that cannot do better: it hands a MAC key out with each sign-on."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import datetime
from random import Random

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB

from .codes import BAD_FORMAT, BAD_MAC, Refused
from .message import MAC_BYTES, TAG_KSN, BadMessage, Message, private_data

KEY_BYTES, CHECK_BYTES = 16, 4


def _cipher(algorithm: str) -> Callable[[bytes], CipherAlgorithm]:
    return SM4 if algorithm == "sm4" else _triple_des


def _triple_des(key: bytes) -> CipherAlgorithm:
    """Two keys: the first again as the third."""
    return TripleDES(key + key[:8])


def _encrypt(cipher: CipherAlgorithm, data: bytes) -> bytes:
    return Cipher(cipher, ECB()).encryptor().update(data)


def _folded(mak: bytes, data: bytes) -> bytes:
    """UnionPay's "ECB"."""
    folded = bytes(8)
    for at in range(0, len(data), 8):
        folded = _xor(folded, data[at : at + 8].ljust(8, b"\0"))
    digits = folded.hex().upper().encode()
    first = _encrypt(_triple_des(mak), digits[:8])
    return _encrypt(_triple_des(mak), _xor(first, digits[8:])).hex().upper().encode()[:MAC_BYTES]


def _retail(mak: bytes, data: bytes) -> bytes:
    """ANSI X9.19. DES is 3DES whose keys are all the same; the last block alone goes under the whole MAK."""
    single = TripleDES(mak[:8] * 3)
    padded = data + bytes(-len(data) % 8)
    chain = Cipher(single, CBC(bytes(8))).encryptor().update(padded[:-8])[-8:] or bytes(8)
    return _encrypt(_triple_des(mak), _xor(chain, padded[-8:]))


def _sm4(mak: bytes, data: bytes) -> bytes:
    """The left half of the last block of SM4 in CBC."""
    return Cipher(SM4(mak), CBC(bytes(16))).encryptor().update(data + bytes(-len(data) % 16))[-16:][:MAC_BYTES]


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(left, right, strict=True))


MACS = {"ecb": _folded, "x9_19": _retail, "sm4": _sm4}


def key_block(algorithm: str, tmk: bytes, mak: bytes) -> bytes:
    """Field 62: the MAK under the TMK, and its check value."""
    cipher = _cipher(algorithm)
    width = 16 if algorithm == "sm4" else 8
    return _encrypt(cipher(tmk), mak) + _encrypt(cipher(mak), bytes(width))[:CHECK_BYTES]


class Sessions:
    """In the place of Serials. ValueError for an algorithm that is none of MACS, or a TMK that is not 16 bytes. Not locked."""

    def __init__(self, algorithm: str, tmk: bytes, seed: int) -> None:
        if algorithm not in MACS or len(tmk) != KEY_BYTES:
            raise ValueError(f"{algorithm!r} is none of {', '.join(MACS)}, or the TMK has not 16 bytes")
        self._algorithm, self._tmk = algorithm, tmk
        self._random = Random(f"session keys {seed}")
        self._maks: dict[str, bytes] = {}

    def hand_out(self, terminal: str) -> str:
        """Field 62 of the answer to a sign-on, in hex: a new MAK. What was sealed under the one before is refused from now on."""
        mak = self._maks[terminal] = self._random.randbytes(KEY_BYTES)
        return key_block(self._algorithm, self._tmk, mak).hex().upper()

    def check_key(self, message: Message) -> None:
        """BadMessage unless there is a key to seal an answer with."""
        if message.fields.get(41, "") not in self._maks:
            raise BadMessage("field 64", "no sign-on has brought this terminal a key")

    def check(self, message: Message, now: datetime) -> None:
        """Refused unless the MAC is under the newest MAK of that terminal."""
        if not hmac.compare_digest(self.answer_mac(message, message.signed), message.mac):
            raise Refused(BAD_MAC, "the MAC does not fit")
        if TAG_KSN in private_data(message):
            raise Refused(BAD_FORMAT, "a KSN under session keys")

    def check_owner(self, message: Message, now: datetime) -> None:
        """A MAK is found by the terminal that a message names, so it is its own."""

    def answer_mac(self, message: Message, signed: bytes) -> bytes:
        """Field 64 of the answer to a message that has a MAC; it covers the answer alone."""
        return MACS[self._algorithm](self._maks[message.fields[41]], signed)
