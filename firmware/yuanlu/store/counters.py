"""Trace, batch and boot. The trace never comes twice (L4): it goes on rising from batch to batch, so that the pair of batch and
trace is new even when the acquirer moves the batch back. All of it is read from the journal."""

from yuanlu.errors import Refused


class Counters:
    """The largest trace and boot seen, and the batch of the newest attempt."""

    def __init__(self):
        self.trace = 0
        self.batch = 0  # 0: not known yet
        self.boot = 0

    def attempted(self, batch, trace, copy):
        """An attempt stands in the journal; a copy made by compaction is older than its place."""
        self.trace = max(self.trace, trace)
        if not copy:
            self.batch = batch

    def begin_life(self, trace, batch, boot):
        """Power came back: take what sector headers have seen. A record torn by the cut may have carried the next trace, so
        that one is left out."""
        self.trace = max(self.trace, trace)
        self.batch = self.batch or batch or 1
        self.boot = max(self.boot, boot) + 1
        if self.trace:
            self.trace += 1

    def next_trace(self):
        """(batch, trace) of the next attempt; durable once the record that carries it is."""
        if self.trace >= 999_999:
            raise Refused("refused.traces_used_up")
        self.trace += 1
        return self.batch, self.trace

    def values(self):
        """For a sector header."""
        return self.trace, self.batch, self.boot
