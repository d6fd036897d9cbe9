"""What a person is told when the terminal cannot start, or when what he was in the middle of died. A visiting module."""

from yuanlu.errors import BadConfig, Cancelled


async def refuse(till, error):
    """Say what is wrong and do nothing else: money is not moved on settings or a journal that cannot be trusted."""
    till.log("start: {}".format(error))
    if till.board.standing == "trial":
        till.board.restart()  # the firmware before comes back
    kind = "config" if isinstance(error, BadConfig) else "journal"
    while True:
        await till.dialogs.notice("start.failed", ("start." + kind, ("line.detail", str(error)), "advice.start." + kind))


async def run(till):
    """The clerk was in the middle of something that died: say so. What was confirmed goes its way."""
    try:
        await till.dialogs.notice("failed.title", ("failed.interrupted", "advice.failed"))
    except Cancelled:
        pass  # he has gone away
