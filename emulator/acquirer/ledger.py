"""What the acquirer itself believes about the money: one entry a booking, never changed and never taken away."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from .message import Attempt

Kind = Literal["sale", "refund"]


@dataclass(frozen=True)
class Entry:
    """One booking: amount in fen, card masked, `booking` 1 for the first of its attempt, 2 when it was booked again."""

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

    @property
    def attempt(self) -> Attempt:
        """The attempt that was booked."""
        return Attempt(self.merchant, self.terminal, self.batch, self.trace)

    def view(self) -> dict[str, Any]:
        """The entry for JSON, its time in ISO 8601."""
        return asdict(self) | {"when": self.when.isoformat()}


class Ledger:
    """Sales and refunds in the order of booking, and the alarms. Safe to read from any thread."""

    def __init__(self) -> None:
        # One lock for all that an acquirer knows, so that a page never sees half of an exchange.
        self.lock = threading.RLock()
        self._by_rrn: dict[str, Entry] = {}
        self._by_attempt: dict[Attempt, list[Entry]] = {}
        self._refunded: dict[str, int] = {}
        self._alarms: list[dict[str, str]] = []

    def book(self, entry: Entry) -> Entry:
        """Add one booking; ValueError when its RRN was given before or there is no money in it."""
        with self.lock:
            if entry.amount <= 0:
                raise ValueError(f"{entry.amount} fen cannot be booked")
            if entry.rrn in self._by_rrn:
                raise ValueError(f"RRN {entry.rrn} was given before")
            self._by_rrn[entry.rrn] = entry
            self._by_attempt.setdefault(entry.attempt, []).append(entry)
            if entry.kind == "refund":
                self._refunded[entry.original_rrn] = self.refunded(entry.original_rrn) + entry.amount
            return entry

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

    def sale(self, merchant: str, rrn: str) -> Entry | None:
        """The merchant's sale with this RRN."""
        with self.lock:
            entry = self._by_rrn.get(rrn)
        return entry if entry and entry.kind == "sale" and entry.merchant == merchant else None

    def bookings(self, attempt: Attempt) -> list[Entry]:
        """Every booking of one attempt, oldest first; more than one is money moved twice."""
        with self.lock:
            return list(self._by_attempt.get(attempt, ()))

    def refunded(self, original_rrn: str) -> int:
        """Fen given back so far for one sale."""
        with self.lock:
            return self._refunded.get(original_rrn, 0)

    def money(self, kind: Kind = "refund") -> dict[str, dict[str, int]]:
        """For each refund number: `amount`, all fen booked under it, and `times`, how often something was."""
        summary: dict[str, dict[str, int]] = {}
        for entry in self.entries:
            if entry.kind == kind:
                booked = summary.setdefault(entry.number, {"amount": 0, "times": 0})
                booked["amount"] += entry.amount
                booked["times"] += 1
        return summary

    def view(self) -> dict[str, Any]:
        """The whole ledger for JSON, amounts in fen."""
        with self.lock:
            sales = [entry for entry in self.entries if entry.kind == "sale"]
            return {
                "sales": [entry.view() | {"refunded": self.refunded(entry.rrn)} for entry in sales],
                "refunds": [entry.view() for entry in self.entries if entry.kind == "refund"],
                "money": self.money(),
                "alarms": self.alarms,
            }
