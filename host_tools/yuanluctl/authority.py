"""The authority of a shop: one key, kept under a passphrase, for codes by telephone and for what is signed.

The key file is JSON: scrypt (RFC 7914) makes 32 bytes of the passphrase, AES-256-GCM seals the 32-byte key under them with the
text of FORMAT as associated data. What terminal and authority agree on is in docs/journal-format.md; no code is shared.
"""

from __future__ import annotations

import hmac
import json
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

FORMAT = "yuanlu authority 1"
COST, BLOCK, LANES = 1 << 15, 8, 1  # of scrypt: 32 MiB
SHORTEST = 12  # characters of a passphrase
# What a code by telephone is for, and what the terminal's screen calls it.
PURPOSES = {
    "refund": ("退款", "Refund"),
    "done": ("认定已退成", "Found: it was done"),
    "not_done": ("认定未退成", "Found: it was not done"),
    "sold": ("认定已扣款", "Found: charged"),
    "not_sold": ("认定未扣款", "Found: not charged"),
    "voided": ("认定已撤销", "Found: voided"),
    "not_voided": ("认定未撤销", "Found: not voided"),
    "again": ("再发一次（新流水）", "Send again, new trace"),
    "release": ("放行，恢复上送", "Release, go on sending"),
    "add": ("新增操作员", "Add an operator"),
    "reset": ("重设密码", "Give a new PIN"),
}
PAYS_AGAIN = ("not_done", "not_voided", "again")  # the money may go a second time


class BadKeyFile(ValueError):
    """No key file, or another passphrase: says which."""


def new(passphrase: str, key: bytes = b"", form: str = FORMAT) -> bytes:
    """The bytes of a new key file, for these 32 bytes or new ones. form: what key it is."""
    salt, nonce = os.urandom(16), os.urandom(12)
    sealed = AESGCM(_stretched(passphrase, salt)).encrypt(nonce, key or os.urandom(32), form.encode())
    content = {"format": form, "salt": salt.hex(), "nonce": nonce.hex(), "sealed": sealed.hex()}
    return (json.dumps(content, indent=1) + "\n").encode()


def open_key(content: bytes, passphrase: str, wanted: str = FORMAT) -> bytes:
    """The 32 bytes of the authority's key; BadKeyFile."""
    try:
        parts = json.loads(content)
        form = parts["format"]
        salt, nonce, sealed = (bytes.fromhex(parts[name]) for name in ("salt", "nonce", "sealed"))
    except (ValueError, KeyError, TypeError) as problem:
        raise BadKeyFile("that is no key file") from problem
    if form != wanted:
        raise BadKeyFile("that is a key file of another kind")
    if (len(salt), len(nonce), len(sealed)) != (16, 12, 48):
        raise BadKeyFile("that is no key file")
    try:
        return AESGCM(_stretched(passphrase, salt)).decrypt(nonce, sealed, wanted.encode())
    except InvalidTag as problem:
        raise BadKeyFile("the passphrase is another one, or the file was changed") from problem


def terminal_key(key: bytes, terminal: str) -> bytes:
    """The 32 bytes with which that terminal is provisioned."""
    return hmac.digest(key, f"yuanlu authority {terminal}".encode(), "sha256")


def service_key(key: bytes, terminal: str) -> bytes:
    """The 32 bytes that say whether a technician's ticket is the authority's; in that terminal's vault too."""
    return hmac.digest(key, f"yuanlu service {terminal}".encode(), "sha256")


def signing_key(key: bytes) -> bytes:
    """The 32 bytes of the Ed25519 secret that signs settings and firmware."""
    return hmac.digest(key, b"yuanlu sign", "sha256")


def journal_root_key(key: bytes) -> bytes:
    """The 32 bytes that the journals of this shop's terminals are sealed from."""
    return hmac.digest(key, b"yuanlu journal root", "sha256")


def code(key: bytes, terminal: str, shown: str, fen: int, purpose: str = "refund") -> str:
    """The eight digits to say for the eight that the terminal shows, that amount, and one of PURPOSES."""
    mac = hmac.digest(terminal_key(key, terminal), f"yuanlu approve {terminal} {shown} {fen} {purpose}".encode(), "sha256")
    return f"{int.from_bytes(mac[:4], 'big') % 100_000_000:08d}"


def _stretched(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt, 32, COST, BLOCK, LANES).derive(passphrase.encode())
