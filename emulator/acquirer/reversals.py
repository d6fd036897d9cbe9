"""Undoing and asking after what an attempt booked.

A reversal blocks its attempt whether it found anything or not: the reversed request may still be on its way.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from .codes import INVALID_TRANSACTION, NO_ORIGINAL, OVER_ORIGINAL, Refused
from .forms import WALLET_QUERY, refund_number
from .ledger import Entry, Kind, Ledger, Reversal
from .message import TAG_NONCE, Attempt, Message, private_data
from .wallets import Wallets

SALE_CODE = "000000"


class Reversals:
    """Reversals and queries over one ledger. Not locked."""

    def __init__(self, ledger: Ledger, wallets: Wallets) -> None:
        self._ledger = ledger
        self._wallets = wallets
        self._nonces: set[bytes] = set()

    def check(self, attempt: Attempt) -> None:
        """Refused when the attempt was reversed: its request arrives too late."""
        if self._ledger.reversal(attempt):
            raise Refused(INVALID_TRANSACTION, "arrived after its reversal")

    def reverse(self, message: Message, now: datetime) -> str:
        """Undo the bookings of the attempt and say so for the log; Refused when there are none (25) or it cannot be (64)."""
        kind: Kind = "sale" if message.fields[3] == SALE_CODE else "void"
        booked = self._ledger.bookings(message.attempt)
        self._check_same(message, booked, kind, now)
        reversal = self._ledger.reversal(message.attempt)
        is_first = reversal is None
        if reversal is None:
            self._check_nothing_given_back(message, booked, now)
            reversal = Reversal(
                kind,
                int(message.fields[4]),
                **message.attempt._asdict(),
                number=refund_number(message),
                reason=message.fields[39],
                rrns=tuple(entry.rrn for entry in booked),
                when=now,
            )
            self._ledger.reverse(reversal)
        if not reversal.rrns:
            raise Refused(NO_ORIGINAL, "nothing was booked; blocked")
        return "reversed" if is_first else "reversed before"

    def query(self, message: Message, now: datetime) -> Entry:
        """What stands of the refund attempt; Refused when nothing does (25) or the query does not fit what is booked (64).

        Of a wallet's refund, which is known by its number, what is done; Refused while it is not (09), or with the wallet's code.
        """
        nonce = private_data(message)[TAG_NONCE]
        if nonce in self._nonces:
            self._ledger.alarm("a query with a nonce used before", message.attempt, refund_number(message), now)
        self._nonces.add(nonce)
        booked = self._ledger.bookings(message.attempt)
        self._check_same(message, booked, "refund", now)
        acceptance = self._wallets.find(message)
        if acceptance:
            self._check_same(message, [acceptance.entry], "refund", now)
        if (booked or acceptance) and (acceptance is not None) != (message.fields[60][:2] == WALLET_QUERY):
            self._refuse("a query of a wallet's refund for a card's, or the other way round", message, now)
        if acceptance:
            return self._wallets.tell(acceptance)
        if not booked:
            raise Refused(NO_ORIGINAL, "not booked")
        return booked[0]

    def _check_same(self, message: Message, booked: Collection[Entry], kind: Kind, now: datetime) -> None:
        said = (kind, int(message.fields[4]), refund_number(message))
        if any((entry.kind, entry.asked or entry.amount, entry.number) != said for entry in booked):
            self._refuse("something else is booked under this attempt", message, now)

    def _check_nothing_given_back(self, message: Message, booked: Collection[Entry], now: datetime) -> None:
        if any(self._ledger.refunded(entry.rrn) or self._ledger.void_of(entry.rrn) for entry in booked):
            self._refuse("reversal of a sale that was voided or refunded", message, now)

    def _refuse(self, why: str, message: Message, now: datetime) -> None:
        self._ledger.alarm(why, message.attempt, refund_number(message), now)
        raise Refused(OVER_ORIGINAL, why)
