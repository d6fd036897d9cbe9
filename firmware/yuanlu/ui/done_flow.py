"""Refunds that are done: when the money arrives, and what to do where it does not."""

from yuanlu.compat import leave, visit
from yuanlu.refund.money import yuan
from yuanlu.ui.describe import day

_RECENT = 20


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
