"""Closing the batch: what waits goes first, totals are compared, the next batch opens."""

from yuanlu.errors import Refused

_WAIT_MS = 300_000


async def run(till):
    """Say what came of it, with the next step. Raises Cancelled, or Refused with why the batch stays open."""
    await till.dialogs.confirm("closing.title", ["closing.next"])
    till.dialogs.show("closing.title", ["progress.wait"])
    told = await till.forwarder.run_errand("closing", _WAIT_MS)
    if isinstance(told, Refused):
        raise told
    lines = [told or "line.busy", "closing.next"]
    if told and told.split(".")[0] != "closing":
        lines.insert(1, "closing.open")  # here it is open, and at the acquirer a second closing changes nothing
    await till.dialogs.notice("closing.title", lines)
