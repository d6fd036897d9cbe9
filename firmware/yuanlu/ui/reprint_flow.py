"""The last slip again, marked as a reprint."""

from yuanlu.ui.result import print_slip


async def run(till):
    """Print it and say so."""
    transaction = _last(till.journal)
    if transaction is None:
        await till.dialogs.notice("reprint.title", ["reprint.none"])
        return
    await till.dialogs.notice("reprint.title", print_slip(till, transaction) or ["reprint.done"])


def _last(journal):
    """The newest slip: one that is owed because it never came out, or the last that did."""
    if journal.owed:
        return journal.owed[-1]
    number = journal.printed
    return journal.find_live(number) or journal.transaction(number)
