"""What an acquirer does with a sale, void or refund whose attempt it has decided before.

    kind a   replays its answer
    kind b   answers 94: it has this one, and says no more
    kind c   recognises nothing and books again
    kind d   replays while the attempt's batch is open, books again afterwards

Other bytes under a used identity are no repeat: who recognises attempts answers 94 and raises an alarm.
"""

from __future__ import annotations

from datetime import datetime

from .codes import DUPLICATE, Refused
from .forms import refund_number
from .ledger import Ledger
from .message import Attempt, Message
from .terminals import Terminals

KINDS = ("a", "b", "c", "d")


class Repeats:
    """The answers given so far; ValueError for a kind that does not exist. Not locked."""

    def __init__(self, kind: str, ledger: Ledger, terminals: Terminals) -> None:
        if kind not in KINDS:
            raise ValueError(f"kind {kind!r} is none of {', '.join(KINDS)}")
        self._kind = kind
        self._ledger = ledger
        self._terminals = terminals
        self._answered: dict[Attempt, tuple[Message, bytes]] = {}

    def has(self, attempt: Attempt) -> bool:
        """True once the attempt was decided, for good or bad."""
        return attempt in self._answered

    def store(self, message: Message, answer: bytes) -> None:
        """Keep what was decided about an attempt."""
        self._answered[message.attempt] = (message, answer)

    def recall(self, message: Message, now: datetime) -> bytes | None:
        """The answer to replay, None when the request is to be decided; Refused for a duplicate."""
        if not self.has(message.attempt) or not self._recognises(message.attempt):
            return None
        first, answer = self._answered[message.attempt]
        if (
            first.signed != message.signed
        ):  # under session keys a repeat may be sealed anew; the MAC is right, or it were not here
            self._ledger.alarm("other bytes under a used identity", message.attempt, refund_number(message), now)
            raise Refused(DUPLICATE, "other bytes under a used identity")
        if self._kind == "b":
            raise Refused(DUPLICATE, "decided before")
        return answer

    def _recognises(self, attempt: Attempt) -> bool:
        if self._kind == "d":
            return int(attempt.batch) == self._terminals.open_batch(attempt.terminal)
        return self._kind != "c"
