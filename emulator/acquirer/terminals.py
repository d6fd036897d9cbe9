"""The terminals an acquirer has under contract, and the batch that each has open."""

from __future__ import annotations

from collections.abc import Collection

from .codes import BATCH_MISMATCH, UNKNOWN_MERCHANT, UNKNOWN_TERMINAL, Refused
from .message import Message

LAST_BATCH = 999_999


def check_batch_number(batch: int) -> None:
    """ValueError unless 1 to 999999."""
    if not 1 <= batch <= LAST_BATCH:
        raise ValueError(f"batch {batch} is not 1 to {LAST_BATCH}")


class Terminals:
    """Pairs of merchant (15 characters) and terminal (8); ValueError for other sizes. Batch 1 is open at first. Not locked."""

    def __init__(self, pairs: Collection[tuple[str, str]]) -> None:
        self._pairs: set[tuple[str, str]] = set()
        self._merchants: set[str] = set()
        self._batches: dict[str, int] = {}
        for merchant, terminal in pairs:
            self.take_on(merchant, terminal)

    def take_on(self, merchant: str, terminal: str) -> None:
        """One more; one that is known stays as it is. ValueError for other sizes."""
        if len(merchant) != 15 or len(terminal) != 8:
            raise ValueError("a merchant has 15 characters, a terminal 8")
        self._pairs.add((merchant, terminal))
        self._merchants.add(merchant)
        self._batches.setdefault(terminal, 1)

    def check(self, message: Message) -> None:
        """Refused unless the request comes from a terminal of its merchant."""
        merchant, terminal = message.fields[42], message.fields[41]
        if merchant not in self._merchants:
            raise Refused(UNKNOWN_MERCHANT, "unknown merchant")
        if (merchant, terminal) not in self._pairs:
            raise Refused(UNKNOWN_TERMINAL, "unknown terminal")

    def check_batch(self, message: Message) -> None:
        """Refused unless the request of a known terminal belongs to its open batch."""
        batch = self._batches[message.fields[41]]
        if message.attempt.batch != f"{batch:06d}":
            raise Refused(BATCH_MISMATCH, f"batch {batch} is open")

    def merchant_of(self, terminal: str) -> str:
        """The merchant of a terminal; ValueError when it is unknown."""
        for merchant, its_terminal in sorted(self._pairs):
            if its_terminal == terminal:
                return merchant
        raise ValueError(f"no terminal {terminal!r}")

    def open_batch(self, terminal: str) -> int:
        """Number of the batch that is open for a terminal; ValueError when it is unknown."""
        if terminal not in self._batches:
            raise ValueError(f"no terminal {terminal!r}")
        return self._batches[terminal]

    def set_batch(self, terminal: str, batch: int) -> None:
        """Close the open batch of a terminal and open another one, 1 to 999999; ValueError for anything else."""
        if terminal not in self._batches:
            raise ValueError(f"no terminal {terminal!r}")
        check_batch_number(batch)
        self._batches[terminal] = batch

    def view(self) -> dict[str, int]:
        """The open batch by terminal, for JSON."""
        return dict(sorted(self._batches.items()))
