"""The key store: slots of bytes that a power cut can catch like flash. Once provisioned, every derivation is the firmware's."""

from __future__ import annotations

import struct
from zlib import crc32

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from emulator.acquirer.dukpt import transaction_key
from emulator.parts.flash import TEARS, PowerCut

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
