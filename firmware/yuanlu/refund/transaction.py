"""One sale or refund, as the fold over its records has it."""

from yuanlu.compat import const
from yuanlu.refund import state as s

KIND_SALE = const(1)
KIND_REFUND = const(2)
KIND_VOID = const(3)
KIND_NAMES = ("", "sale", "refund", "void")


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

    `attempt` counts from 1; `sends` counts SENDING records of the attempt; `doubt` is true once a send of it ended without a
    conclusive answer; `stale` when the attempt was refused unseen and another one is needed; `address` is where on flash the
    attempt's bytes are.
    `asked` (queries and sign-ons without an answer), `due` (ms ticks) and `why` (word id of the last hindrance) are the
    forwarder's notes and live in RAM alone.
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
        self.attempt = 1
        self.sends = 0
        self.doubt = self.stale = self.is_copy = False
        self.code = self.rrn = self.approval = b""
        self.printed = s.IS_NEW
        self.copies = 0
        self.address = 0
        self.message_number = self.sending_number = self.printed_number = 0  # newest records of their kind
        self.asked = 0
        self.due = None
        self.why = None

    def apply(self, record):
        """Fold one record in. A record seen before (a copy made by compaction) changes nothing, nor does what is left of a
        settled transaction whose beginning has gone from the ring."""
        if record.number <= self.last or (self.state == s.IS_NEW and record.type not in (s.INTENT, s.SALE)):
            return
        body = record.body()
        kind = record.type
        verdict = body.verdict if kind == s.RESULT else body.kind if kind == s.ATTEMPT else 0
        self.state = s.next_state(self.state, kind, verdict)
        self.last = record.number
        if kind in (s.INTENT, s.SALE):
            self._describe(body)
            self.is_copy = record.copy
        if kind in (s.INTENT, s.ATTEMPT):
            self.address, self.message_number = record.address, record.number
        if kind == s.ATTEMPT:
            self._begin_attempt(body)
        elif kind == s.SENDING:
            # Counted by the record, not by records: compaction carries the newest only.
            self.attempt, self.sends, self.sending_number = body.attempt, body.send, record.number
            self.doubt = self.doubt or bool(body.doubt)
        elif kind == s.PRINTED:
            self.printed, self.copies, self.printed_number = body.state, body.copy, record.number
        elif kind == s.RESULT:
            self.doubt = self.doubt or verdict in (s.SILENT, s.ASK, s.PERSON)
            self.stale = verdict == s.RENEW
            self.code, self.rrn, self.approval = body.code, body.rrn, body.approval
        elif kind == s.SALE:
            self.code, self.rrn, self.approval = b"00", body.rrn, body.approval

    def needs(self, number, kind):
        """While it is open: whether that record of it is needed to fold it again, or an older one that newer ones outdate."""
        if kind in (s.INTENT, s.ATTEMPT):
            return kind == s.INTENT or number == self.message_number
        return number == self.printed_number if kind == s.PRINTED else number >= self.sending_number

    def _begin_attempt(self, body):
        self.attempt += 1
        self.batch, self.trace = body.batch, body.trace
        self.sends = 0
        self.stale = False
        # Whether the sale or void that is being reversed was booked stays in doubt until the reversal is answered.
        self.doubt = body.kind == s.REVERSAL

    def _describe(self, body):
        self.kind = body.kind
        self.amount = body.amount
        self.batch, self.trace = body.batch, body.trace
        self.date, self.time = body.date, body.time
        self.card, self.fingerprint = body.card, body.fingerprint
        self.reason = body.reason
