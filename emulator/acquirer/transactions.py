"""The transactions this acquirer serves: which request is which, and what is booked for it.

A new one is a row in the table and a method that returns the entry to book, or raises Refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random

from .card import BadCard, mask_card, open_card
from .ledger import Entry, Kind, Ledger
from .message import TAG_CARD, TAG_NUMBER, BadMessage, Message, check_format, check_private_data, private_data

INVALID_TRANSACTION, INVALID_AMOUNT, INVALID_CARD = "12", "13", "14"
NO_ORIGINAL, BAD_FORMAT, OVER_ORIGINAL = "25", "30", "64"

YUAN = "156"
COUNTER_END = 10**8
SALE_FIELDS = frozenset({3, 4, 11, 22, 25, 41, 42, 49, 57, 60, 64})
REFUND_FIELDS = frozenset({3, 4, 11, 25, 37, 38, 41, 42, 49, 57, 60, 61, 63, 64})


class Refused(Exception):
    """A request that is answered with this code and moves no money."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True)
class Transaction:
    """A row of the message table: its fields, those with one possible value, the function in field 60, and what it books."""

    fields: frozenset[int]
    only: dict[int, str]
    function: str
    has_card: bool
    entry: Callable[[Message, datetime], Entry]


class Transactions:
    """The message table over one ledger; RRNs and approval codes follow from the seed."""

    def __init__(self, ledger: Ledger, reader_key: bytes, seed: int) -> None:
        self._ledger = ledger
        self._reader_key = reader_key
        self._random = Random(seed)
        self._counter = self._random.randrange(COUNTER_END)
        self._table = {
            ("0200", "000000"): Transaction(SALE_FIELDS, {22: "071", 25: "00", 49: YUAN}, "22", True, self._sale),
            ("0220", "200000"): Transaction(REFUND_FIELDS, {25: "00", 49: YUAN, 63: "000"}, "25", False, self._refund),
        }

    def find(self, message: Message) -> Transaction:
        """The row that a request falls under; Refused when there is none (12) or the request breaks its format (30)."""
        transaction = self._table.get((message.type, message.fields.get(3, "")))
        if transaction is None:
            raise Refused(INVALID_TRANSACTION, "no such transaction")
        try:
            check_format(message, transaction.fields)
            check_private_data(message, transaction.has_card)
        except BadMessage as error:
            raise Refused(BAD_FORMAT, str(error)) from None
        for field, value in transaction.only.items():
            if message.fields[field] != value:
                raise Refused(INVALID_TRANSACTION, f"field {field} is not {value}")
        if (message.fields[60][:2], message.fields[60][8:]) != (transaction.function, "000"):
            raise Refused(INVALID_TRANSACTION, f"field 60 is not {transaction.function}, batch, 000")
        return transaction

    def _sale(self, message: Message, now: datetime) -> Entry:
        try:
            pan = open_card(private_data(message)[TAG_CARD], self._reader_key)
        except BadCard as error:
            raise Refused(INVALID_CARD, f"card block: {error}") from None
        return self._entry("sale", message, now, mask_card(pan), "")

    def _refund(self, message: Message, now: datetime) -> Entry:
        original = self._original(message)
        left = original.amount - self._ledger.refunded(original.rrn)
        if int(message.fields[4]) > left:
            raise Refused(OVER_ORIGINAL, f"{left} fen are left of the original")
        return self._entry("refund", message, now, original.card, original.rrn)

    def _original(self, message: Message) -> Entry:
        original = self._ledger.sale(message.fields[42], message.fields[37])
        if original is None:
            raise Refused(NO_ORIGINAL, "no sale with this RRN")
        # All zeros, or blanks in an approval code, say that the terminal does not know this part.
        claims = [
            (message.fields[38].strip(), original.approval),
            (message.fields[61][:6], original.batch),
            (message.fields[61][6:12], original.trace),
            (message.fields[61][12:], f"{original.when:%m%d}"),
        ]
        if any(claim.strip("0") and claim != fact for claim, fact in claims):
            raise Refused(NO_ORIGINAL, "the sale with this RRN is another one")
        return original

    def _entry(self, kind: Kind, message: Message, now: datetime, card: str, original_rrn: str) -> Entry:
        amount = int(message.fields[4])
        if amount == 0:
            raise Refused(INVALID_AMOUNT, "nothing to book")
        self._counter = (self._counter + 1) % COUNTER_END
        return Entry(
            kind,
            amount,
            **message.attempt._asdict(),
            rrn=f"{now:%m%d}{self._counter:08d}",
            approval=f"{self._random.randrange(1, 10**6):06d}",
            number=refund_number(message),
            original_rrn=original_rrn,
            card=card,
            when=now,
            booking=len(self._ledger.bookings(message.attempt)) + 1,
        )


def refund_number(message: Message) -> str:
    """Tag 01 of field 57 of a request whose format is right."""
    return private_data(message)[TAG_NUMBER].decode("ascii")
