"""Trace, batch and boot: numbers that never come twice (L4). They are read from the journal and only ever rise."""

from yuanlu.errors import Refused


class Counters:
    """The largest values seen. `next_trace` is durable once the INTENT that carries it is."""

    def __init__(self):
        self.trace = 0
        self.batch = 1
        self.boot = 0

    def raise_to(self, trace, batch, boot):
        """Take over what a record or a sector header has seen."""
        if (batch, trace) > (self.batch, self.trace):
            self.batch, self.trace = batch, trace
        self.boot = max(self.boot, boot)

    def next_life(self):
        """Power came back. A record torn by the cut may have carried the next trace: leave that one out."""
        self.boot += 1
        if self.trace:
            self.trace += 1

    def next_trace(self):
        """(batch, trace) of the next attempt; call only when its record is about to be written."""
        if self.trace >= 999_999:
            raise Refused("refused.traces_used_up")
        self.trace += 1
        return self.batch, self.trace

    def values(self):
        """For a sector header."""
        return self.trace, self.batch, self.boot
