"""An acquirer to test terminals against: it books, answers, and misbehaves as told. Deterministic for a seed."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from .events import EventLog
from .ledger import Entry, Ledger
from .message import Attempt, BadMessage, Message, answer_mac, check_request, decode, encode, request_mac, swap_tpdu
from .transactions import Refused, Transaction, Transactions, refund_number

APPROVED, DECLINED, DUPLICATE, BAD_MAC = "00", "05", "94", "A0"
UNKNOWN_MERCHANT, UNKNOWN_TERMINAL = "03", "97"

MOODS = ("normal", "silent", "loses", "declines")
ECHOED = (3, 4, 11, 25, 41, 42, 49, 60)


class Reply(NamedTuple):
    """One answer: how many milliseconds to hold it back, and the whole frame."""

    delay_ms: int
    frame: bytes


class Acquirer:
    """Kind `a` knows a repeat and replays its answer, kind `c` books it again. Every method may be called from any thread."""

    def __init__(
        self,
        kind: str,
        *,
        request_key: bytes,
        answer_key: bytes,
        reader_key: bytes,
        terminals: Collection[tuple[str, str]],
        seed: int = 1,
    ) -> None:
        """Keys of 16 bytes; `terminals` are pairs of merchant (15) and terminal (8). ValueError for anything else."""
        recall = {"a": self._replay, "c": self._forget}
        if kind not in recall:
            raise ValueError(f"kind {kind!r} is none of {', '.join(recall)}")
        if {len(request_key), len(answer_key), len(reader_key)} != {16}:
            raise ValueError("a key has 16 bytes")
        if any(len(merchant) != 15 or len(terminal) != 8 for merchant, terminal in terminals):
            raise ValueError("a merchant has 15 characters, a terminal 8")
        self.kind = kind
        self.ledger = Ledger()
        self.delay_ms = 0
        self.mood_count: int | None = None
        self._mood = "normal"
        self._lock = self.ledger.lock
        self._recall = recall[kind]
        self._request_key, self._answer_key = request_key, answer_key
        self._terminals = frozenset(terminals)
        self._transactions = Transactions(self.ledger, reader_key, seed)
        self._answered: dict[Attempt, tuple[Message, bytes]] = {}
        self._events = EventLog(reader_key)

    @property
    def mood(self) -> str:
        """normal, silent (neither books nor answers), loses (books, the answer is lost) or declines (code 05)."""
        return self._mood

    @mood.setter
    def mood(self, mood: str) -> None:
        if mood not in MOODS:
            raise ValueError(f"mood {mood!r} is none of {', '.join(MOODS)}")
        self._mood = mood

    def set_mood(self, mood: str, count: int | None = None) -> None:
        """Change the mood for the next `count` requests, or until changed (None); ValueError for an unknown mood or no count."""
        if count is not None and count < 1:
            raise ValueError("a mood lasts for at least one request")
        with self._lock:
            self.mood, self.mood_count = mood, count

    def answer(self, frame: bytes, now: datetime) -> list[Reply] | None:
        """What one whole frame gets at the acquirer's time `now`; None is silence. BadMessage when no answer can be addressed."""
        with self._lock:
            message = self._read(frame, now)
            mood = self._take_mood()
            self._events.message("in", message, frame, now, note="not heard" if mood == "silent" else "")
            if mood == "silent":
                return None
            answer, note = self._answer_to(message, mood, now)
            self._events.message("lost" if mood == "loses" else "out", decode(answer), answer, now, note=note)
            return None if mood == "loses" else [Reply(self.delay_ms, answer)]

    def note_bad_frame(self, frame: bytes, why: BadMessage, now: datetime) -> None:
        """Put bytes that never became a frame into the log."""
        with self._lock:
            self._events.bad_frame(frame, why, now)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The last 200 messages as plain dicts, oldest first, cards masked."""
        with self._lock:
            return self._events.view()

    def view(self) -> dict[str, Any]:
        """Everything that a page shows, for JSON."""
        with self._lock:
            return {
                "kind": self.kind,
                "mood": self.mood,
                "mood_count": self.mood_count,
                "ledger": self.ledger.view(),
                "events": self.events,
            }

    def _read(self, frame: bytes, now: datetime) -> Message:
        try:
            message = decode(frame)
            check_request(message)
        except BadMessage as error:
            self._events.bad_frame(frame, error, now)
            raise
        return message

    def _take_mood(self) -> str:
        mood = self._mood
        if self.mood_count is not None:
            self.mood_count -= 1
            if self.mood_count < 1:
                self._mood, self.mood_count = "normal", None
        return mood

    def _answer_to(self, message: Message, mood: str, now: datetime) -> tuple[bytes, str]:
        """The answer's frame, and for the log why it is what it is."""
        try:
            transaction = self._admit(message)
            known = self._recall(message, now)
        except Refused as refusal:
            # Not stored: nothing was decided about this attempt, the same bytes may fare better later.
            return self._build_answer(message, now, refusal.code), str(refusal)
        if known is not None:
            return known, "replay of the stored answer"
        answer, note = self._decide(transaction, message, mood, now)
        self._answered[message.attempt] = (message, answer)
        return answer, note

    def _admit(self, message: Message) -> Transaction:
        if not hmac.compare_digest(request_mac(self._request_key, message.signed), message.mac):
            raise Refused(BAD_MAC, "the MAC does not fit")
        transaction = self._transactions.find(message)
        merchant, terminal = message.attempt.merchant, message.attempt.terminal
        if merchant not in {known_merchant for known_merchant, _ in self._terminals}:
            raise Refused(UNKNOWN_MERCHANT, "unknown merchant")
        if (merchant, terminal) not in self._terminals:
            raise Refused(UNKNOWN_TERMINAL, "unknown terminal")
        return transaction

    def _decide(self, transaction: Transaction, message: Message, mood: str, now: datetime) -> tuple[bytes, str]:
        try:
            if mood == "declines":
                raise Refused(DECLINED, "in the mood to decline")
            entry = self.ledger.book(transaction.entry(message, now))
        except Refused as refusal:
            return self._build_answer(message, now, refusal.code), str(refusal)
        return self._build_answer(message, now, APPROVED, entry), "booked" if entry.booking == 1 else "booked again"

    def _replay(self, message: Message, now: datetime) -> bytes | None:
        """Kind a: the stored answer to the same bytes; other bytes under the same identity are a duplicate and an alarm."""
        if message.attempt not in self._answered:
            return None
        first, answer = self._answered[message.attempt]
        if (first.signed, first.mac) == (message.signed, message.mac):
            return answer
        self.ledger.alarm("other bytes under a used identity", message.attempt, refund_number(message), now)
        raise Refused(DUPLICATE, "other bytes under a used identity")

    def _forget(self, message: Message, now: datetime) -> bytes | None:
        """Kind c: nothing is ever recognised."""
        return None

    def _build_answer(self, message: Message, now: datetime, code: str, entry: Entry | None = None) -> bytes:
        fields = {field: message.fields[field] for field in ECHOED if field in message.fields}
        fields |= {12: f"{now:%H%M%S}", 13: f"{now:%m%d}", 39: code}
        if entry is not None:
            fields |= {37: entry.rrn, 38: entry.approval}
        return encode(
            swap_tpdu(message.tpdu), message.answer_type, fields, lambda signed: answer_mac(self._answer_key, message.mac, signed)
        )
