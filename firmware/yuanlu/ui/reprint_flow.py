"""The last slip again, marked as a reprint."""

from yuanlu.ui.result import print_slip


async def run(till):
    """Print it and say so."""
    number = till.journal.last_printed()
    transaction = till.journal.find_live(number) or till.journal.transaction(number)
    if transaction is None:
        await till.dialogs.notice("reprint.title", ["reprint.none"])
        return
    await till.dialogs.notice("reprint.title", print_slip(till, transaction) or ["reprint.done"])
