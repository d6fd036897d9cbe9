"""The journal's seal: one key a record, each made from the one before it and then forgotten (docs/journal-format.md).

What the vault keeps of it, little-endian:
    u32 number | u32 sequence | u32 trace | u32 boot | 32 bytes K(number) | 16 bytes pending key
number: of the first record of the newest sector; sequence: of the newest sector that stands; trace and boot: the largest used.
"""

from hashlib import sha256
from struct import pack, unpack_from

from yuanlu.compat import const
from yuanlu.crypto.ctr import ctr
from yuanlu.crypto.hmac import hmac_sha256
from yuanlu.crypto.two_places import TwoPlaces, first
from yuanlu.errors import StoreDamaged

PLACES = (2, 3)  # of the vault
_LENGTH = const(64)
_FARTHEST = const(65536)  # no journal is that far ahead of its vault


def provisioned(key, pending):
    """What a vault holds at first: K(1), 32 bytes, and the first pending key, 16 bytes."""
    return first(_encode((1, 0, 0, 0), key, pending))


def _encode(numbers, key, pending):
    return pack("<IIII", *numbers) + key + pending


class Seal:
    """Given the Vault port. `number`, `sequence`, `trace`, `boot`: what the vault says of the journal's newest sector."""

    def __init__(self, vault):
        self.vault = vault
        self.kept = TwoPlaces(vault, PLACES, _LENGTH)
        state = self.kept.state
        if state is None:
            raise StoreDamaged("vault: it holds no key for the journal; the terminal must be provisioned")
        self.number, self.sequence, self.trace, self.boot = unpack_from("<IIII", state, 0)
        self._key, self._pending = state[16:48], state[48:64]
        self._key_number = self.number

    def tag(self, number, data):
        """The 8 bytes that seal `data` as record `number`; numbers only rise."""
        self._reach(number)
        return hmac_sha256(self._key, data)[:8]

    def _reach(self, number):
        if not 0 <= number - self._key_number <= _FARTHEST:
            raise StoreDamaged("seal: record {} cannot be sealed, the key stands at {}".format(number, self._key_number))
        while self._key_number < number:
            self._key = sha256(b"yuanlu evolve" + self._key).digest()
            self._key_number += 1

    def advance(self, number, sequence, trace, boot, renew):
        """Durable, before a sector is opened with record `number`, while `sequence` is the newest that stands. renew: nothing is
        pending, forget the pending key."""
        self._reach(number)
        if renew:
            self._pending = bytes(self.vault.random(16))
        self._store((number, sequence, trace, boot))

    def stands(self, sequence):
        """Durable, when the first record of the newest sector stands: a journal without that sequence has lost its end."""
        self._store((self.number, sequence, self.trace, self.boot))

    def _store(self, numbers):
        self.kept.store(_encode(numbers, self._key, self._pending))
        self.number, self.sequence, self.trace, self.boot = numbers

    def conceal(self, number, data):
        """Encrypt (or decrypt) what record `number` carries while its transaction is pending."""
        return ctr(self._pending, number << 96, data)
