"""Trace, batch and boot. The trace never comes twice (L4): it goes on rising from batch to batch, so that the pair of batch and
trace is new even when the acquirer moves the batch back."""

from yuanlu.errors import Refused
from yuanlu.refund import state as s


class Counters:
    """The largest trace and boot seen, and the batch of the newest attempt."""

    def __init__(self):
        self.trace = 0
        self.batch = 0  # 0: not known yet
        self.boot = 0

    def seen(self, trace, batch=0):
        """That trace was used; batch: of an attempt newer than all before, 0 otherwise."""
        self.trace = max(self.trace, trace)
        self.batch = batch or self.batch

    def fold(self, record):
        """What one new record says of them."""
        if record.type == s.BOOT:
            self.boot = max(self.boot, record.body().boot)
        elif record.type == s.BATCH:
            self.seen(0, record.body().opened)
        elif record.type in (s.INTENT, s.ATTEMPT):
            body = record.body()
            is_reversal = record.type == s.ATTEMPT and body.kind == s.REVERSAL
            self.seen(body.trace, 0 if is_reversal else body.batch)

    def begin_life(self, trace, boot, lost):
        """Power came back. trace, boot: what the vault has seen; lost: so many traces may stand where nothing can be read."""
        self.trace = max(self.trace, trace) + lost
        self.batch = self.batch or 1
        self.boot = max(self.boot, boot) + 1

    def next_trace(self):
        """(batch, trace) of the next attempt; durable once the record that carries it is."""
        if self.trace >= 999_999:
            raise Refused("refused.traces_used_up")
        self.trace += 1
        return self.batch, self.trace
