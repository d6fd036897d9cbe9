"""The requests that book nothing: sign-on, echo, reversal, query, and all that closes a batch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from .codes import DECLINED, UNSUPPORTED, Refused
from .forms import WALLET_QUERY, Form
from .message import Message
from .reversals import Reversals
from .settlement import Settlements
from .terminals import Terminals

# What an approving answer has besides the usual, and for the log why it is what it is.
Served = tuple[dict[int, str], str]
DECLINABLE = ("reversal", "settlement", "upload", "end")


class Services:
    """Serves reversals and queries whatever batch is open: they concern an attempt that may be of an earlier one.

    `query`: queries are answered; those of wallets' refunds always are. `hand_out`: what makes field 62 for a terminal that signs
    on, under session keys.
    """

    def __init__(self, terminals: Terminals, reversals: Reversals, settlements: Settlements, query: bool) -> None:
        self.query = query
        self.hand_out: Callable[[str], str] | None = None
        self._terminals = terminals
        self._reversals = reversals
        self._settlements = settlements
        self._by_name: dict[str, Callable[[Message, datetime], Served]] = {
            "sign-on": self._sign_on,
            "echo": lambda message, now: ({}, "here"),
            "reversal": lambda message, now: ({}, reversals.reverse(message, now)),
            "query": self._query,
            "settlement": lambda message, now: settlements.settle(message),
            "upload": lambda message, now: ({}, settlements.upload(message)),
            "end": lambda message, now: ({}, settlements.end(message, now)),
        }

    def serve(self, form: Form, message: Message, mood: str, now: datetime) -> Served:
        """Do what the request asks for; Refused when it cannot be."""
        if mood == "declines" and form.name in DECLINABLE:
            raise Refused(DECLINED, "in the mood to decline")
        return self._by_name[form.name](message, now)

    def _sign_on(self, message: Message, now: datetime) -> Served:
        batch, said = self._terminals.open_batch(message.fields[41]), message.fields[60]
        keys = {62: self.hand_out(message.fields[41])} if self.hand_out else {}
        return {60: f"{said[:2]}{batch:06d}{said[8:]}", **keys}, f"batch {batch} is open"

    def _query(self, message: Message, now: datetime) -> Served:
        if not self.query and message.fields[60][:2] != WALLET_QUERY:
            raise Refused(UNSUPPORTED, "this acquirer has no query")
        entry = self._reversals.query(message, now)
        return {4: f"{entry.amount:012d}", 37: entry.rrn, 38: entry.approval}, "booked"
