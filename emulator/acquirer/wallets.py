"""Refunds of wallet sales: accepted at once, done or given up later, and never accepted twice under one number.

A wallet tells refunds apart by the merchant's refund number (out_refund_no) alone, whatever the acquirer does with repeats.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from .codes import BALANCE_SHORT, DUPLICATE, IN_PROGRESS, REFUSING, Refused
from .forms import refund_number
from .ledger import Entry, Ledger
from .message import Message

DONE_AFTER_MS = 30_000
FAILURES = REFUSING - {IN_PROGRESS}


@dataclass
class Acceptance:
    """One refund that a wallet has taken on: the entry to book when it is `due`, or the code with which it `fails` then.

    `is_told`: a query was answered that it is done.
    """

    entry: Entry
    due: datetime
    fails: str | None
    is_settled: bool = False
    is_told: bool = False


class Wallets:
    """What wallets have accepted. Not locked.

    `done_after_ms`: until a refund is done. `balance`: fen that the merchant has left for them, None is plenty; accepting takes
    from it, giving up gives back. `fails`: what is accepted from now on comes to nothing, and a query says this code; None: it is
    done.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.done_after_ms = DONE_AFTER_MS
        self.balance: int | None = None
        self._fails: str | None = None
        self._ledger = ledger
        self._accepted: dict[tuple[str, str], Acceptance] = {}
        self._waiting: list[Acceptance] = []

    @property
    def fails(self) -> str | None:
        """One of FAILURES."""
        return self._fails

    @fails.setter
    def fails(self, code: str | None) -> None:
        if code is not None and code not in FAILURES:
            raise ValueError(f"a wallet cannot fail with {code!r}")
        self._fails = code

    def recall(self, message: Message, now: datetime) -> Entry | None:
        """What was accepted before under the number of this refund.

        Refused when that was another refund (94), or came to nothing (its code).
        """
        acceptance = self._accepted.get((message.fields[42], refund_number(message)))
        if acceptance is None:
            return None
        entry = acceptance.entry
        if (entry.amount, entry.original_rrn) != (int(message.fields[4]), message.fields[37]):
            self._ledger.alarm("another refund under a number used with the wallet", message.attempt, entry.number, now)
            raise Refused(DUPLICATE, "the wallet has another refund under this number")
        if acceptance.is_settled and acceptance.fails:
            raise Refused(acceptance.fails, "the wallet gave it up")
        return entry

    def accept(self, entry: Entry, now: datetime) -> None:
        """Take on a refund; Refused when the merchant's balance is short (Y5)."""
        if self.balance is not None:
            if entry.amount > self.balance:
                raise Refused(BALANCE_SHORT, f"the merchant has {self.balance} fen left")
            self.balance -= entry.amount
        due = now + timedelta(milliseconds=self.done_after_ms)
        acceptance = self._accepted[entry.merchant, entry.number] = Acceptance(entry, due, self.fails)
        self._waiting.append(acceptance)
        self._ledger.accept(entry)

    def settle(self, now: datetime) -> None:
        """Book what is due by `now`, or give it up, in the order in which it was accepted."""
        due = [acceptance for acceptance in self._waiting if acceptance.due <= now]
        self._waiting = [acceptance for acceptance in self._waiting if acceptance.due > now]
        for acceptance in due:
            acceptance.is_settled = True
            if acceptance.fails is None:
                self._ledger.book(acceptance.entry)
            else:
                self._give_up(acceptance.entry)

    def _give_up(self, entry: Entry) -> None:
        self._ledger.give_up(entry)
        if self.balance is not None:
            self.balance += entry.amount

    def find(self, message: Message) -> Acceptance | None:
        """What was accepted under the number of this query, or else under its attempt."""
        by_number = self._accepted.get((message.fields[42], refund_number(message)))
        by_attempt = (one for one in self._accepted.values() if one.entry.attempt == message.attempt)
        return by_number or next(by_attempt, None)

    def tell(self, acceptance: Acceptance) -> Entry:
        """What a query hears: the refund when it is done. Refused while the wallet is at it (09), or with its failure."""
        if not acceptance.is_settled:
            raise Refused(IN_PROGRESS, "accepted, not done")
        if acceptance.fails is not None:
            raise Refused(acceptance.fails, "the wallet gave it up")
        acceptance.is_told = True
        return acceptance.entry

    def has_told(self, entry: Entry) -> bool:
        """True once the terminal can know that this refund is done."""
        acceptance = self._accepted.get((entry.merchant, entry.number))
        return acceptance is not None and acceptance.entry.rrn == entry.rrn and acceptance.is_told
