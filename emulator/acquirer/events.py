"""The last messages as an acquirer's log shows them: taken apart, readable, and without a card number in clear."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import Any, Literal

from .card import BadCard, mask_card, open_card
from .forms import name_of
from .message import TAG_CARD, TAG_JOURNAL_HEAD, TAG_KSN, TAG_NUMBER, BadMessage, Message, private_data

KEPT = 200

Direction = Literal["in", "out", "lost"]


class EventLog:
    """Plain dicts, the last 200; not locked, its owner does that."""

    def __init__(self, reader_key: bytes) -> None:
        self._reader_key = reader_key
        self._kept: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._number = 0

    def message(self, direction: Direction, message: Message, frame: bytes, when: datetime, *, note: str = "") -> None:
        """Note one message that can be read; `lost` is an answer that the line swallowed."""
        summary = _summary(message) + (f": {note}" if note else "")
        self._add({"direction": direction, "mti": message.type, "summary": summary, "fields": self._fields(message)}, frame, when)

    def bad_frame(self, frame: bytes, why: BadMessage, when: datetime) -> None:
        """Note bytes that no message could be read from."""
        self._add({"direction": "in", "mti": "", "summary": f"bad frame: {why}", "fields": {}}, frame, when)

    def garbage(self, garbage: bytes, answer: Message, when: datetime, *, note: str) -> None:
        """Note bytes that went out in the place of an answer."""
        summary = f"garbage instead of {_summary(answer)}: {note}"
        self._add({"direction": "out", "mti": "", "summary": summary, "fields": {}}, garbage, when)

    def view(self) -> list[dict[str, Any]]:
        """A copy for JSON, oldest first."""
        return [dict(event) for event in self._kept]

    def _add(self, event: dict[str, Any], frame: bytes, when: datetime) -> None:
        self._number += 1
        self._kept.append({"number": self._number, "when": when.isoformat()} | event | {"hex": frame.hex()})

    def _fields(self, message: Message) -> dict[str, Any]:
        shown: dict[str, Any] = {str(field): value for field, value in message.fields.items()}
        if 57 in message.fields:
            try:
                shown["57"] = {f"{tag:02X}": self._tag(tag, value) for tag, value in private_data(message).items()}
            except BadMessage as error:
                shown["57"] = error.why
        return shown

    def _tag(self, tag: int, value: bytes) -> str:
        if tag == TAG_NUMBER:
            return value.decode("ascii", "backslashreplace")
        if tag == TAG_JOURNAL_HEAD:
            return f"record {int.from_bytes(value[:4], 'big')}, tag {value[4:].hex()}"
        if tag == TAG_KSN:
            return f"key {value[:8].hex()}, counter {value[8:].hex()}"
        if tag == TAG_CARD:
            try:
                return mask_card(open_card(value, self._reader_key))
            except BadCard as error:
                return f"sealed: {error}"
        return value.hex()


def _summary(message: Message) -> str:
    words = [message.type, name_of(message)]
    amount = message.fields.get(4, "")
    if amount.isdigit():
        words.append(f"{int(amount) // 100}.{int(amount) % 100:02d}")
    if 39 in message.fields:
        # In a reversal field 39 says why it is sent.
        words.append(f"{'reason' if message.type == '0400' else 'code'} {message.fields[39]}")
    return " ".join(words)
