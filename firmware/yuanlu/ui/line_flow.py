"""A line test: an echo to the acquirer over the first road that opens."""

_WAIT_MS = 30_000


async def run(till):
    """Say what came of it, with the next step."""
    till.dialogs.show("line.title", ["progress.wait"])
    told = await till.forwarder.run_errand("echo", _WAIT_MS)
    await till.dialogs.notice("line.title", [told or "line.busy", "advice.line"])
