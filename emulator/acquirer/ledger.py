"""What the acquirer itself believes about the money: one entry a booking, never changed and never taken away.

A reversal is a record of its own and says which entries do not stand any more. A void is a booking in the other direction, like a
refund: the sale that it cancels still stands beside it. What a wallet has accepted is no booking yet; it counts against its sale.
"""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from .message import Attempt

Kind = Literal["sale", "void", "refund"]
Origin = Literal["card", "wallet", "offline", "none"]


@dataclass(frozen=True)
class Entry:
    """One booking: amount in fen, card masked, `booking` 1 for the first of its attempt, 2 when it was booked again.

    `origin`: how the sale was made, for a void or refund that of its sale, none where it has no sale. A sale made offline has no
    number: it was uploaded. `asked`: fen that were asked for, where another amount was booked.
    """

    kind: Kind
    amount: int
    merchant: str
    terminal: str
    batch: str
    trace: str
    rrn: str
    approval: str
    number: str
    original_rrn: str
    card: str
    when: datetime
    booking: int
    origin: Origin = "card"
    asked: int = 0

    @property
    def attempt(self) -> Attempt:
        """The attempt that was booked."""
        return Attempt(self.merchant, self.terminal, self.batch, self.trace)

    def view(self) -> dict[str, Any]:
        """The entry for JSON, its time in ISO 8601."""
        return asdict(self) | {"when": self.when.isoformat()}


@dataclass(frozen=True)
class Reversal:
    """One attempt that was reversed, for a `reason` of field 39, amount in fen; no `rrns`: nothing had been booked."""

    kind: Kind
    amount: int
    merchant: str
    terminal: str
    batch: str
    trace: str
    number: str
    reason: str
    rrns: tuple[str, ...]
    when: datetime

    @property
    def attempt(self) -> Attempt:
        """The attempt that was reversed."""
        return Attempt(self.merchant, self.terminal, self.batch, self.trace)

    def view(self) -> dict[str, Any]:
        """The record for JSON, its time in ISO 8601."""
        return asdict(self) | {"rrns": list(self.rrns), "when": self.when.isoformat()}


class StatementLine(NamedTuple):
    """What a person sees of one number: fen that stand under it, in how many bookings (`times`), and where the first one is."""

    number: str
    kind: Kind
    amount: int
    batch: str
    trace: str
    rrn: str
    times: int


class Ledger:
    """Sales, voids and refunds in the order of booking, the reversals and the alarms. Safe to read from any thread."""

    def __init__(self) -> None:
        # One lock for all that an acquirer knows, so that a page never sees half of an exchange.
        self.lock = threading.RLock()
        self._by_rrn: dict[str, Entry] = {}
        self._by_attempt: dict[Attempt, list[Entry]] = {}
        self._offline: dict[Attempt, Entry] = {}
        self._accepted: dict[str, Entry] = {}
        self._refunded: dict[str, int] = {}
        self._void_of: dict[str, Entry] = {}
        self._reversals: dict[Attempt, Reversal] = {}
        self._reversed: set[str] = set()
        self._alarms: list[dict[str, str]] = []

    def book(self, entry: Entry) -> Entry:
        """Add one booking; ValueError when its RRN was given before or there is no money in it."""
        with self.lock:
            if entry.amount <= 0:
                raise ValueError(f"{entry.amount} fen cannot be booked")
            if entry.rrn in self._by_rrn:
                raise ValueError(f"RRN {entry.rrn} was given before")
            self._by_rrn[entry.rrn] = entry
            self._accepted.pop(entry.rrn, None)
            if (entry.kind, entry.origin) == ("sale", "offline"):
                self._offline[entry.attempt] = entry
            else:
                self._by_attempt.setdefault(entry.attempt, []).append(entry)
            if entry.kind == "refund":
                self._refunded[entry.original_rrn] = self._refunded.get(entry.original_rrn, 0) + entry.amount
            elif entry.kind == "void":
                self._void_of[entry.original_rrn] = entry
            return entry

    def accept(self, entry: Entry) -> None:
        """Count a refund that a wallet has accepted against its sale, until it is booked or given up."""
        with self.lock:
            self._accepted[entry.rrn] = entry

    def give_up(self, entry: Entry) -> None:
        """The wallet could not do what it had accepted."""
        with self.lock:
            del self._accepted[entry.rrn]

    def reverse(self, reversal: Reversal) -> None:
        """Add one reversal; ValueError when its attempt was reversed before, or an RRN is no sale or void of that attempt."""
        with self.lock:
            booked = {entry.rrn for entry in self.bookings(reversal.attempt) if entry.kind != "refund"}
            if reversal.attempt in self._reversals or not booked.issuperset(reversal.rrns):
                raise ValueError(f"attempt {reversal.trace} of batch {reversal.batch} cannot be reversed")
            self._reversals[reversal.attempt] = reversal
            self._reversed.update(reversal.rrns)

    def alarm(self, what: str, attempt: Attempt, number: str, when: datetime) -> None:
        """Note something a person of the acquirer would have to look at."""
        with self.lock:
            self._alarms.append({"what": what, "number": number, "when": when.isoformat()} | attempt._asdict())

    @property
    def entries(self) -> list[Entry]:
        """A copy of all bookings, oldest first."""
        with self.lock:
            return list(self._by_rrn.values())

    @property
    def alarms(self) -> list[dict[str, str]]:
        """A copy of all alarms, oldest first."""
        with self.lock:
            return [dict(alarm) for alarm in self._alarms]

    @property
    def reversals(self) -> list[Reversal]:
        """A copy of all reversals, oldest first."""
        with self.lock:
            return list(self._reversals.values())

    def stands(self, entry: Entry) -> bool:
        """True unless the entry was reversed."""
        with self.lock:
            return entry.rrn not in self._reversed

    def reversal(self, attempt: Attempt) -> Reversal | None:
        """The reversal of one attempt: nothing may be booked under it any more."""
        with self.lock:
            return self._reversals.get(attempt)

    def void_of(self, original_rrn: str) -> Entry | None:
        """The void of one sale that stands."""
        with self.lock:
            entry = self._void_of.get(original_rrn)
            return entry if entry and self.stands(entry) else None

    def sale(self, merchant: str, rrn: str) -> Entry | None:
        """The merchant's sale with this RRN, standing or not."""
        with self.lock:
            entry = self._by_rrn.get(rrn)
        return entry if entry and entry.kind == "sale" and entry.merchant == merchant else None

    def offline_sale(self, attempt: Attempt) -> Entry | None:
        """The sale that was made offline under this batch and trace, and uploaded."""
        with self.lock:
            return self._offline.get(attempt)

    def bookings(self, attempt: Attempt) -> list[Entry]:
        """Every booking of one attempt, reversed or not, oldest first; more than one is money moved twice."""
        with self.lock:
            return list(self._by_attempt.get(attempt, ()))

    def refunded(self, original_rrn: str) -> int:
        """Fen given back so far for one sale, or accepted by its wallet to be given back."""
        with self.lock:
            accepted = sum(entry.amount for entry in self._accepted.values() if entry.original_rrn == original_rrn)
            return self._refunded.get(original_rrn, 0) + accepted

    def money(self, kind: Kind = "refund") -> dict[str, dict[str, int]]:
        """For each number: `amount`, all fen that stand under it, and `times`, in how many bookings.

        Without the sales that were made offline, which have none.
        """
        summary: dict[str, dict[str, int]] = {}
        with self.lock:
            for entry in self._of(kind):
                if entry.number and self.stands(entry):
                    booked = summary.setdefault(entry.number, {"amount": 0, "times": 0})
                    booked["amount"] += entry.amount
                    booked["times"] += 1
        return summary

    def statement(self, terminal: str) -> list[StatementLine]:
        """All that is booked for a terminal and stands, by number, in the order of first booking."""
        lines: dict[tuple[str, str], StatementLine] = {}
        with self.lock:
            for entry in self.entries:
                if entry.terminal == terminal and self.stands(entry):
                    key = (entry.kind, entry.number or entry.rrn)
                    first = lines.get(key)
                    lines[key] = (
                        first._replace(amount=first.amount + entry.amount, times=first.times + 1)
                        if first
                        else StatementLine(entry.number, entry.kind, entry.amount, entry.batch, entry.trace, entry.rrn, 1)
                    )
        return list(lines.values())

    def view(self) -> dict[str, Any]:
        """The whole ledger for JSON, amounts in fen."""
        with self.lock:
            return {
                "sales": [entry.view() | self._became_of(entry) for entry in self._of("sale")],
                "refunds": [entry.view() for entry in self._of("refund")],
                "accepted": [entry.view() for entry in self._accepted.values()],
                "voids": [entry.view() | {"reversed": not self.stands(entry)} for entry in self._of("void")],
                "reversals": [reversal.view() for reversal in self.reversals],
                "money": self.money(),
                "alarms": self.alarms,
            }

    def _of(self, kind: Kind) -> list[Entry]:
        return [entry for entry in self.entries if entry.kind == kind]

    def _became_of(self, sale: Entry) -> dict[str, Any]:
        return {
            "refunded": self.refunded(sale.rrn),
            "voided": self.void_of(sale.rrn) is not None,
            "reversed": not self.stands(sale),
        }
