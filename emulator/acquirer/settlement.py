"""Closing a batch, docs/wire.md section 4: totals compared, details collected and compared, and the next batch opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from .codes import BATCH_MISMATCH, INVALID_TRANSACTION, Refused
from .forms import END_AGREED, END_UPLOADED
from .ledger import Entry, Ledger
from .message import Attempt, Message
from .terminals import LAST_BATCH, Terminals
from .wallets import Wallets

FLAG_AT, TOTALS_DIGITS, DETAIL_DIGITS = 30, 62, 20
AGREE, DIFFER, ERROR = "1", "2", "3"
KINDS = {"sale": "22", "void": "23", "refund": "25"}
REFUNDS = {"offline": "27", "none": "28"}
NAMES = {"22": "sale", "23": "void", "25": "refund", "27": "refund of an offline sale", "28": "refund without original"}


@dataclass
class Closing:
    """A batch between its settlement and its end: the totals that the terminal claims, what the acquirer counted by RRN, whether
    the two agree, and the details that came."""

    batch: str
    claimed: str
    counted: frozenset[str]
    agrees: bool = False
    details: list[str] = field(default_factory=list)


class Settlements:
    """The closing of every terminal's batch. Not locked."""

    def __init__(self, ledger: Ledger, terminals: Terminals, wallets: Wallets) -> None:
        self._ledger = ledger
        self._terminals = terminals
        self._wallets = wallets
        self._closings: dict[str, Closing] = {}
        self._ended: dict[tuple[str, str], tuple[str, str]] = {}

    def check(self, attempt: Attempt) -> None:
        """Refused while the batch of this attempt is being closed."""
        closing = self._closings.get(attempt.terminal)
        if closing and closing.batch == attempt.batch:
            raise Refused(BATCH_MISMATCH, "the batch is being closed")

    def forget(self, terminal: str) -> None:
        """The batch was closed by hand."""
        self._closings.pop(terminal, None)

    def settle(self, message: Message) -> tuple[dict[int, str], str]:
        """Compare totals: field 48 of the answer, and for the log what came of it. Other totals than before begin anew."""
        self._terminals.check_batch(message)
        attempt, claimed = message.attempt, message.fields[48]
        closing = self._closings.get(attempt.terminal)
        if closing is None or (closing.batch, closing.claimed) != (attempt.batch, claimed):
            counted = frozenset(entry.rrn for entry in self._ledger.entries if self._counts(entry, attempt))
            closing = self._closings[attempt.terminal] = Closing(attempt.batch, claimed, counted)
        totals = _totals(self._standing(closing))
        closing.agrees = claimed[:FLAG_AT] == totals
        if closing.agrees:
            return {48: flagged(claimed, AGREE)}, "the totals agree"
        return {48: flagged(claimed, DIFFER)}, f"the totals do not agree, the acquirer counts {totals}"

    def upload(self, message: Message) -> str:
        """Collect details, each once."""
        closing = self._closing_of(message)
        if closing.agrees:
            raise Refused(INVALID_TRANSACTION, "the totals agree, no details are wanted")
        digits = message.fields[48][2:]
        told = [digits[at : at + DETAIL_DIGITS] for at in range(0, len(digits), DETAIL_DIGITS)]
        new = [detail for detail in dict.fromkeys(told) if detail not in closing.details]
        closing.details += new
        return f"{len(new)} new of {len(told)} details"

    def end(self, message: Message, now: datetime) -> str:
        """Close the batch and open the next; Refused unless this is the end that its settlement calls for."""
        attempt, ending = message.attempt, (message.fields[60][8:], message.fields[48])
        if int(attempt.batch) != self._terminals.open_batch(attempt.terminal) and ending == self._ended.get(attempt[1:3]):
            return "closed before"
        closing = self._closing_of(message)
        wanted = END_AGREED if closing.agrees else END_UPLOADED
        uploaded = 0 if closing.agrees else len(closing.details)
        if ending[0] != wanted:
            raise Refused(INVALID_TRANSACTION, f"{wanted} ends this batch")
        if int(ending[1]) != uploaded:
            raise Refused(INVALID_TRANSACTION, f"{uploaded} details came")
        if not closing.agrees:
            self._compare(closing, attempt, now)
        self._ended[attempt[1:3]] = ending
        self.forget(attempt.terminal)
        following = int(attempt.batch) % LAST_BATCH + 1
        self._terminals.set_batch(attempt.terminal, following)
        return f"batch {int(attempt.batch)} is closed, {following} is open"

    def _closing_of(self, message: Message) -> Closing:
        self._terminals.check_batch(message)
        closing = self._closings.get(message.fields[41])
        if closing is None or closing.batch != message.attempt.batch:
            raise Refused(INVALID_TRANSACTION, "no settlement of this batch came before")
        return closing

    def _counts(self, entry: Entry, of: Attempt) -> bool:
        """Offline sales were counted elsewhere; a wallet's refund counts once the terminal can know that it is done."""
        if entry.attempt[:3] != of[:3] or not self._ledger.stands(entry):
            return False
        if entry.kind == "sale":
            return entry.origin != "offline"
        return entry.kind == "void" or entry.origin != "wallet" or self._wallets.has_told(entry)

    def _standing(self, closing: Closing) -> list[Entry]:
        """What was counted, without what was reversed since."""
        return [entry for entry in self._ledger.entries if entry.rrn in closing.counted and self._ledger.stands(entry)]

    def _compare(self, closing: Closing, of: Attempt, now: datetime) -> None:
        """An alarm for whatever only one of the two has."""
        claimed = Counter(closing.details)
        for entry in self._standing(closing):
            detail = _detail(entry)
            if claimed[detail]:
                claimed[detail] -= 1
            else:
                self._ledger.alarm(f"settlement: left out {_in_words(detail)}", entry.attempt, entry.number, now)
        for detail in claimed.elements():
            self._ledger.alarm(f"settlement: claims {_in_words(detail)}", of._replace(trace=detail[2:8]), "", now)


def flagged(block: str, flag: str) -> str:
    """The totals of field 48 with that flag; what is no block of totals stays as it is."""
    return block[:FLAG_AT] + flag + block[FLAG_AT + 1 :] if len(block) == TOTALS_DIGITS else block


def _totals(entries: Collection[Entry]) -> str:
    """Amount 12 and count 3 of the debits (sales), then of the credits (refunds and voids)."""
    debits = [entry.amount for entry in entries if entry.kind == "sale"]
    credits = [entry.amount for entry in entries if entry.kind != "sale"]
    return "".join(f"{sum(amounts):012d}{len(amounts):03d}" for amounts in (debits, credits))


def _detail(entry: Entry) -> str:
    kind = REFUNDS.get(entry.origin, KINDS["refund"]) if entry.kind == "refund" else KINDS[entry.kind]
    return f"{kind}{entry.trace}{entry.amount:012d}"


def _in_words(detail: str) -> str:
    fen = int(detail[8:])
    return f"{NAMES[detail[:2]]} {detail[2:8]} of {fen // 100}.{fen % 100:02d}"
