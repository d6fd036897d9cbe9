"""What is booked for a sale, a void and a refund, and what stands in the way."""

from __future__ import annotations

from datetime import datetime
from random import Random

from .card import BadCard, mask_card, open_card
from .codes import INVALID_AMOUNT, INVALID_CARD, INVALID_TRANSACTION, NO_ORIGINAL, OVER_ORIGINAL, Refused
from .forms import refund_number
from .ledger import Entry, Kind, Ledger
from .message import TAG_CARD, Message, private_data
from .terminals import Terminals

COUNTER_END = 10**8


class Transactions:
    """Entries for one ledger; RRNs and approval codes follow from the seed."""

    def __init__(self, ledger: Ledger, terminals: Terminals, reader_key: bytes, seed: int) -> None:
        self._ledger = ledger
        self._terminals = terminals
        self._reader_key = reader_key
        self._random = Random(seed)
        self._counter = self._random.randrange(COUNTER_END)
        self._makers = {"sale": self._sale, "void": self._void, "refund": self._refund}

    def entry(self, name: str, message: Message, now: datetime) -> Entry:
        """The entry to book for a sale, void or refund whose format is right; Refused when nothing may be booked."""
        return self._makers[name](message, now)

    def _sale(self, message: Message, now: datetime) -> Entry:
        try:
            pan = open_card(private_data(message)[TAG_CARD], self._reader_key)
        except BadCard as error:
            raise Refused(INVALID_CARD, f"card block: {error}") from None
        return self._entry("sale", message, now, mask_card(pan), "")

    def _void(self, message: Message, now: datetime) -> Entry:
        original = self._original(message)
        if original.terminal != message.fields[41]:
            raise Refused(NO_ORIGINAL, "the sale belongs to another terminal")
        if int(original.batch) != self._terminals.open_batch(original.terminal):
            raise Refused(NO_ORIGINAL, "the sale is not in the open batch")
        if self._ledger.void_of(original.rrn):
            raise Refused(INVALID_TRANSACTION, "the sale was voided before")
        if int(message.fields[4]) != original.amount:
            raise Refused(OVER_ORIGINAL, f"the sale is of {original.amount} fen")
        if self._ledger.refunded(original.rrn):
            raise Refused(OVER_ORIGINAL, f"{self._ledger.refunded(original.rrn)} fen of the sale were refunded")
        return self._entry("void", message, now, original.card, original.rrn)

    def _refund(self, message: Message, now: datetime) -> Entry:
        original = self._original(message)
        if self._ledger.void_of(original.rrn):
            raise Refused(OVER_ORIGINAL, "the sale was voided")
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
        if not self._ledger.stands(original):
            raise Refused(NO_ORIGINAL, "the sale was reversed")
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
