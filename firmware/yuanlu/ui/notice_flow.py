"""Notices and known issues that came with the settings, until their day is over."""

from yuanlu.compat import leave, visit
from yuanlu.ui.menu import enter


async def run(till):
    """Raises Cancelled to leave."""
    notices = visit("yuanlu.ui.alerts").valid_notices(till.config, till.board.clock.date())
    leave("yuanlu.ui.alerts")
    if not notices:
        await till.dialogs.notice("notices.title", ["notices.none"])
        return
    pages = [[("line.text", text), ("notices.until", "{:04d}-{:02d}-{:02d}".format(*_parted(day)))] for day, text in notices]
    await enter(till, "yuanlu.ui.pages", "notices.title", pages)


def _parted(date):
    return date // 10_000, date // 100 % 100, date % 100
