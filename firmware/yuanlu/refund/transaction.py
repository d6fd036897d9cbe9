"""One sale or refund, as the fold over its records has it."""

from yuanlu.compat import const
from yuanlu.refund import state as s

KIND_SALE = const(1)
KIND_REFUND = const(2)


class Draft:
    """What a clerk wants, before any rule has looked at it. Amounts in fen."""

    def __init__(self, kind, amount, original=0, reason=0, operator=0, card=None):
        self.kind = kind
        self.amount = amount
        self.original = original
        self.reason = reason
        self.operator = operator
        self.card = card


class Transaction:
    """`number` is its INTENT's record number, `original` the number of the sale it belongs to (a sale: its own).

    `sends` counts SENDING records; `doubt` is true once a send ended without a conclusive answer, or has no end.
    `due` (ms ticks) and `why` (word id of the last hindrance) are the forwarder's notes and live in RAM alone.
    """

    def __init__(self, number, original):
        self.number = number
        self.original = original
        self.last = 0
        self.kind = 0
        self.amount = 0
        self.batch = self.trace = 0
        self.date = self.time = 0
        self.reason = 0
        self.card = self.fingerprint = b""
        self.state = s.IS_NEW
        self.sends = 0
        self.doubt = False
        self.code = self.rrn = self.approval = b""
        self.printed = s.IS_NEW
        self.copies = 0
        self.address = 0
        self.due = None
        self.why = None

    def apply(self, record):
        """Fold one record in. A record seen before (a copy made by compaction) changes nothing."""
        if record.number <= self.last:
            return
        body = record.body()
        kind = record.type
        self.state = s.next_state(self.state, kind, body.verdict if kind == s.RESULT else 0)
        self.last = record.number
        if kind == s.INTENT:
            self.address = record.address
            self._describe(body)
        elif kind == s.SALE:
            self.kind = KIND_SALE
            self._describe(body)
        elif kind == s.SENDING:
            self.sends += 1
        elif kind == s.PRINTED:
            self.printed, self.copies = body.state, self.copies + 1
        if kind == s.RESULT:
            self.doubt = self.doubt or body.verdict in (s.SILENT, s.PERSON)
        if kind in (s.RESULT, s.SALE):
            self.code = body.code if kind == s.RESULT else b"00"
            self.rrn, self.approval = body.rrn, body.approval

    def _describe(self, body):
        self.kind = body.kind
        self.amount = body.amount
        self.batch, self.trace = body.batch, body.trace
        self.date, self.time = body.date, body.time
        self.card, self.fingerprint = body.card, body.fingerprint
        self.reason = body.reason
