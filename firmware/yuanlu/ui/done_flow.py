"""Refunds that are done: when the money arrives, and what to do where it does not."""

from yuanlu.compat import leave, visit
from yuanlu.refund.money import yuan
from yuanlu.refund.rules import days
from yuanlu.ui.describe import day

_RECENT = 20
_ARRIVES = 7  # working days at most; after them the customer is told to ask
_WEEKEND = (4, 5)  # Saturday and Sunday, as rules.days modulo 7


async def run(till):
    """Look at the last ones and into each of them. Raises Cancelled to leave."""
    while True:
        refunds = visit("yuanlu.store.progress").done_refunds(till.journal.log, _RECENT)
        leave("yuanlu.store.progress")
        if not refunds:
            await till.dialogs.notice("done.title", ["done.none"])
            return
        items = [("line.done", day(refund), yuan(refund.amount), refund.trace) for refund in refunds]
        refund = refunds[await till.dialogs.choose("done.title", items)]
        pending_flow = visit("yuanlu.ui.pending_flow")
        try:
            await pending_flow.look_into(till, refund)
        finally:
            leave("yuanlu.ui.pending_flow")


def due_days(date):
    """Calendar days in which the money of a refund of yyyymmdd arrives. Working days are Mondays to Fridays: the terminal knows
    no holidays."""
    working = count = 0
    while working < _ARRIVES:
        count += 1
        working += (days(date) + count) % 7 not in _WEEKEND
    return count
