"""What became of a transaction: waited for, put on paper, shown. Every flow that moves money ends here."""

from yuanlu.errors import Refused
from yuanlu.refund.money import yuan
from yuanlu.ui import slip
from yuanlu.ui.describe import kind_word, state_word, told

_WAIT_MS = 45_000


async def conclude(till, transaction):
    """Wait for the outcome, print the slip, show what happened and what to do next."""
    till.watched = transaction.number
    try:
        till.dialogs.show("progress." + kind_word(transaction), (("line.amount", yuan(transaction.amount)), ("progress.wait",)))
        await till.forwarder.outcome(transaction, _WAIT_MS)
        trouble = print_slip(till, transaction)
    finally:
        till.watched = 0
    await till.dialogs.notice("title." + state_word(transaction), told(till.words, transaction) + trouble)


def print_slip(till, transaction):
    """Print it and note that it came out; what kept it from that, as lines for the screen."""
    if not till.desk.may_note():
        return ["refused.busy"]
    try:
        till.printer.print(slip.render(till, transaction))
    except Refused as error:
        return [(error.reason,)]
    till.desk.printed(transaction)
    return []


def print_owed(till):
    """Print, one after the other, what was settled while nobody stood before it (after a cut, or once a line came back)."""
    for transaction in list(till.journal.owed):
        if transaction.number != till.watched and transaction.number not in till.tried and till.desk.may_note():
            till.tried.append(transaction.number)  # first: paper that came out, and no note of it, must not come out for ever
            print_slip(till, transaction)
