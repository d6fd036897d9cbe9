"""What is booked for a sale, a void and a refund, and what stands in the way."""

from __future__ import annotations

from datetime import datetime
from random import Random

from .card import BadCard, is_wallet_code, mask_card, open_card
from .codes import INVALID_AMOUNT, INVALID_CARD, INVALID_TRANSACTION, NO_ORIGINAL, NOT_ALLOWED, OVER_ORIGINAL, Refused
from .forms import OFFLINE_REFUND, WALLET_ENTRY, WITHOUT_ORIGINAL, refund_number
from .ledger import Entry, Kind, Ledger, Origin
from .message import TAG_CARD, Attempt, Message, private_data
from .terminals import Terminals

COUNTER_END = 10**8
LAST_TRACE = 999_999


class Transactions:
    """Entries for one ledger; RRNs and approval codes follow from the seed. `without_original`: such refunds are booked too."""

    without_original = True

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

    def is_of_wallet(self, message: Message) -> bool:
        """True when a refund names a sale that a wallet paid."""
        original = self._ledger.sale(message.fields[42], message.fields.get(37, ""))
        return original is not None and original.origin == "wallet"

    def offline_sale(self, attempt: Attempt, amount: int, when: datetime) -> Entry:
        """The entry of a sale of so many fen that was made offline and uploaded later; ValueError when it was uploaded before."""
        if self._ledger.offline_sale(attempt):
            raise ValueError(f"the offline sale {attempt.trace} of batch {attempt.batch} was uploaded before")
        rrn, approval = self._draw(when)
        return Entry("sale", amount, *attempt, rrn, approval, "", "", "", when, 1, "offline")

    def _sale(self, message: Message, now: datetime) -> Entry:
        pan = self._payer(message)
        origin: Origin = "wallet" if message.fields[22] == WALLET_ENTRY else "card"
        if is_wallet_code(pan) != (origin == "wallet"):
            raise Refused(INVALID_CARD, f"field 22 says that a {origin} pays, the payer block does not")
        return self._entry("sale", message, now, mask_card(pan), "", origin)

    def _payer(self, message: Message) -> str:
        try:
            return open_card(private_data(message)[TAG_CARD], self._reader_key)
        except BadCard as error:
            raise Refused(INVALID_CARD, f"card block: {error}") from None

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
        return self._entry("void", message, now, original.card, original.rrn, original.origin)

    def _refund(self, message: Message, now: datetime) -> Entry:
        if message.fields[60][:2] == WITHOUT_ORIGINAL:
            return self._refund_without_original(message, now)
        original = self._original(message)
        if self._ledger.void_of(original.rrn):
            raise Refused(OVER_ORIGINAL, "the sale was voided")
        left = original.amount - self._ledger.refunded(original.rrn)
        if int(message.fields[4]) > left:
            raise Refused(OVER_ORIGINAL, f"{left} fen are left of the original")
        return self._entry("refund", message, now, original.card, original.rrn, original.origin)

    def _refund_without_original(self, message: Message, now: datetime) -> Entry:
        pan = self._payer(message)
        if not self.without_original:
            raise Refused(NOT_ALLOWED, "this merchant makes no refunds without an original")
        if is_wallet_code(pan):
            raise Refused(INVALID_CARD, "a wallet is paid back by its sale alone")
        return self._entry("refund", message, now, mask_card(pan), "", "none")

    def _offline_original(self, message: Message) -> Entry:
        said = message.fields[61]
        original = self._ledger.offline_sale(
            Attempt(message.fields[42], bytes.fromhex(message.fields[62]).decode("ascii", "replace"), said[:6], said[6:12])
        )
        if original is None or said[12:] != f"{original.when:%m%d}":
            raise Refused(NO_ORIGINAL, "no offline sale of that terminal, batch, trace and date")
        return original

    def _original(self, message: Message) -> Entry:
        if message.fields[60][:2] == OFFLINE_REFUND:
            return self._offline_original(message)
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

    def _draw(self, when: datetime) -> tuple[str, str]:
        """The next RRN and approval code."""
        self._counter = (self._counter + 1) % COUNTER_END
        return f"{when:%m%d}{self._counter:08d}", f"{self._random.randrange(1, 10**6):06d}"

    def _entry(self, kind: Kind, message: Message, now: datetime, card: str, original_rrn: str, origin: Origin) -> Entry:
        amount = int(message.fields[4])
        if amount == 0:
            raise Refused(INVALID_AMOUNT, "nothing to book")
        rrn, approval = self._draw(now)
        return Entry(
            kind,
            amount,
            **message.attempt._asdict(),
            rrn=rrn,
            approval=approval,
            number=refund_number(message),
            original_rrn=original_rrn,
            card=card,
            when=now,
            booking=len(self._ledger.bookings(message.attempt)) + 1,
            origin=origin,
        )
