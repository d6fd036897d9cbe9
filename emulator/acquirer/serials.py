"""The keys of the messages, and what each KSN was used for."""

from __future__ import annotations

import hmac
from datetime import datetime
from hashlib import sha256

from . import dukpt
from .codes import BAD_MAC, Refused
from .ledger import Ledger
from .message import TAG_NUMBER, Attempt, Message, answer_mac, ksn_of, private_data, request_mac


class Serials:
    """Every KSN that came with a right MAC, and the digest of what that MAC covered. Not locked."""

    def __init__(self, base_key: bytes, ledger: Ledger) -> None:
        self._base_key = base_key
        self._ledger = ledger
        self._used: dict[bytes, bytes] = {}
        self._given: dict[bytes, tuple[tuple[str, str], bytes]] = {}  # by id: whose it is, and the key

    def give(self, owner: tuple[str, str], key_id: bytes, initial: bytes) -> None:
        """Know one more initial key of that (merchant, terminal). ValueError for wrong sizes, or an id that has another key."""
        if (len(key_id), len(initial)) != (dukpt.KEY_ID_BYTES, dukpt.KEY_BYTES):
            raise ValueError("an initial key has 16 bytes, its id 8")
        if key_id == dukpt.key_id_of(*owner) or self._given.setdefault(key_id, (owner, initial)) != (owner, initial):
            raise ValueError(f"{key_id.hex()} is the id of another key")

    def check_key(self, message: Message) -> None:
        """BadMessage unless there is a key to seal an answer with."""
        ksn_of(message)

    def check(self, message: Message, now: datetime) -> None:
        """Refused unless the MAC fits and its KSN was used for these bytes only."""
        ksn = ksn_of(message)
        if not hmac.compare_digest(request_mac(self._key(ksn, dukpt.MAC_GENERATION), message.signed), message.mac):
            raise Refused(BAD_MAC, "the MAC does not fit")
        digest = sha256(message.signed).digest()
        if self._used.setdefault(ksn, digest) != digest:
            self._alarm("other bytes under a used KSN", message, now)

    def check_owner(self, message: Message, now: datetime) -> None:
        """Refused unless a known terminal used the key that it was given itself."""
        key_id, owner = ksn_of(message)[: dukpt.KEY_ID_BYTES], (message.fields[42], message.fields[41])
        known = self._given.get(key_id)
        if (known[0] != owner) if known else (key_id != dukpt.key_id_of(*owner)):
            self._alarm("the key of another terminal", message, now)

    def answer_mac(self, message: Message, signed: bytes) -> bytes:
        """Field 64 of the answer to a message that has a MAC."""
        return answer_mac(self._key(ksn_of(message), dukpt.MAC_VERIFICATION), message.mac, signed)

    def _key(self, ksn: bytes, usage: int) -> bytes:
        key_id, counter = ksn[: dukpt.KEY_ID_BYTES], int.from_bytes(ksn[dukpt.KEY_ID_BYTES :], "big")
        known = self._given.get(key_id)
        initial = known[1] if known else dukpt.initial_key(self._base_key, key_id)
        key = dukpt.transaction_key(initial, key_id, counter)
        return dukpt.working_key(key, usage, key_id, counter)

    def _alarm(self, what: str, message: Message, now: datetime) -> None:
        """A message of any format can raise it, so a field may be missing."""
        fields = message.fields
        attempt = Attempt(fields.get(42, ""), fields.get(41, ""), fields.get(60, "")[2:8], fields.get(11, ""))
        number = private_data(message).get(TAG_NUMBER, b"").decode("ascii", "backslashreplace")
        self._ledger.alarm(what, attempt, number, now)
        raise Refused(BAD_MAC, what)
