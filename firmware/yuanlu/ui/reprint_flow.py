"""The last slip again, marked as a reprint. What is owed, because it never came out, comes first, one at a time."""

from yuanlu.refund.money import yuan
from yuanlu.ui.describe import day, kind_word
from yuanlu.ui.result import print_slip


async def run(till):
    """Print it and say so."""
    transaction = _last(till.journal)
    if transaction is None:
        await till.dialogs.notice("reprint.title", ["reprint.none"])
        return
    again = transaction.printed == transaction.state  # before it is printed: the slip's own mark
    told = print_slip(till, transaction)
    if not told:
        which = ("line.pending", ("kind." + kind_word(transaction),), yuan(transaction.amount), day(transaction))
        told = [which, "reprint.done" if again else "reprint.first"]
        told += [("reprint.owed", len(till.journal.owed))] if till.journal.owed else []
    await till.dialogs.notice("reprint.title", told)


def _last(journal):
    """The newest slip: one that is owed because it never came out, or the last that did."""
    if journal.owed:
        return journal.owed[-1]
    number = journal.printed
    return journal.find_live(number) or journal.transaction(number)
