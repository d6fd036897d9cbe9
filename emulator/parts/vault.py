"""The key store: slots of bytes that a power cut can catch like flash. Once provisioned, every derivation is the firmware's."""

from __future__ import annotations

import hashlib
import hmac
import struct
from typing import NamedTuple
from zlib import crc32

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from emulator.acquirer.dukpt import transaction_key
from emulator.parts.flash import TEARS, PowerCut

OPERATORS, PIN_KEY, AUTHORITY_KEY, SERVICE_KEY = 10, 12, 13, 14
SETTINGS_KEY, SETTINGS_TAKEN = 15, 16
TRANSPORT = 24
SEAL, MESSAGE_KEYS, MASTER_KEY = 2, 4, 8  # MASTER_KEY: 16 bytes, the TMK, for session keys


def journal_seal(root: bytes, terminal: str, epoch: int, pending: bytes) -> bytes:
    """What provisioning puts into slot SEAL: K(1) of docs/journal-format.md, made from the journal root key, and the first
    pending key (16 bytes)."""
    info = b"yuanlu journal" + terminal.encode() + epoch.to_bytes(4, "little")
    key = HKDF(SHA256(), 32, None, info).derive(root)
    state = struct.pack("<IIIII", 1, 1, 0, 0, 0) + key + pending
    return state + crc32(state).to_bytes(4, "little")


def message_keys(initial_key: bytes, key_id: bytes) -> bytes:
    """What provisioning puts into slot MESSAGE_KEYS: next counter 1, the id, and register by register the keys of the counters
    with a single one-bit. The initial key itself does not stay."""
    registers = [transaction_key(initial_key, key_id, 1 << bit) for bit in range(32)]
    state = struct.pack("<II8s", 1, 1, key_id) + b"".join(registers)
    return state + crc32(state).to_bytes(4, "little")


class Person(NamedTuple):
    """Who is provisioned with a first PIN. role: 1 operator, 2 supervisor."""

    id: int
    role: int
    pin: str
    salt: bytes


ITERATIONS = 1000  # of PBKDF2; a real terminal measures what half a second is worth


def operators(people: list[Person], pin_key: bytes) -> bytes:
    """What provisioning puts into slot OPERATORS: the table that firmware/yuanlu/store/operators.py describes, with first PINs
    that are to be changed. Every id is a person of its own."""
    rows = b""
    for person in people:
        stretched = hashlib.pbkdf2_hmac("sha256", person.pin.encode(), person.salt, ITERATIONS)
        verifier = hmac.digest(pin_key, stretched, "sha256")[:16]
        head = struct.pack("<BBBBBBHIII", person.id, person.role, person.id, 1, 0, 0, 0, 0, 0, 0)
        rows += head + person.salt + verifier + bytes(32)
    state = struct.pack("<IH", 1, ITERATIONS) + rows.ljust(840, b"\0")
    return state + crc32(state).to_bytes(4, "little")


def authority_key(root: bytes, terminal: str) -> bytes:
    """What provisioning puts into slot AUTHORITY_KEY: the terminal's key for codes by telephone."""
    return hmac.digest(root, b"yuanlu authority " + terminal.encode(), "sha256")


def service_key(root: bytes, terminal: str) -> bytes:
    """What provisioning puts into slot SERVICE_KEY: what technicians' tickets are checked with."""
    return hmac.digest(root, b"yuanlu service " + terminal.encode(), "sha256")


def transport(key: bytes) -> bytes:
    """What provisioning puts into slot TRANSPORT: the 32 bytes that key blocks come under, and that none came so far."""
    state = struct.pack("<IB", 1, 0) + key
    return state + crc32(state).to_bytes(4, "little")


def settings_taken(version: int, digest: bytes) -> bytes:
    """What provisioning puts into slot SETTINGS_TAKEN: the first settings are checked, and no news for the journal."""
    state = struct.pack("<II", 1, version) + digest + digest
    return state + crc32(state).to_bytes(4, "little")


def telephone_code(key: bytes, terminal: str, shown: str, fen: int, purpose: str = "refund") -> str:
    """The eight digits that the authority says for the eight on the screen."""
    mac = hmac.digest(key, f"yuanlu approve {terminal} {shown} {fen} {purpose}".encode(), "sha256")
    return f"{int.from_bytes(mac[:4], 'big') % 100_000_000:08d}"


class Vault:
    """Counts its operations, so that a cut can be placed at any of them; `writes` counts what wears it out."""

    def __init__(self, slots: dict[int, bytes]) -> None:
        self.slots = dict(slots)
        self.operations = self.writes = 0
        self.cut: tuple[int, str] | None = None  # (operation number from 1, tear)

    def read(self, slot: int) -> bytes:
        """The bytes of a slot; none when it was never written."""
        self._begin()
        return self.slots.get(slot, b"")

    def write(self, slot: int, data: bytes) -> bytes:
        """Replace the bytes of a slot; a cut leaves the first part of the new ones before the old."""
        self.writes += 1
        tear = self._begin(writes=True)
        reach = TEARS[tear](len(data)) if tear else len(data)
        self.slots[slot] = data[:reach] + self.slots.get(slot, b"")[reach:]
        if tear:
            raise PowerCut
        return b""

    def _begin(self, writes: bool = False) -> str | None:
        self.operations += 1
        if self.cut is None or self.cut[0] != self.operations:
            return None
        tear, self.cut = self.cut[1], None
        if not writes:
            raise PowerCut
        return tear
