"""What became of a transaction: waited for, put on paper, shown. Every flow that moves money ends here."""

from yuanlu.compat import leave, visit
from yuanlu.errors import Refused
from yuanlu.refund import state as s
from yuanlu.refund.money import yuan
from yuanlu.refund.transaction import KIND_SALE, ROAD_NO_SALE
from yuanlu.ui.describe import kind_word, state_word, told
from yuanlu.ui.menu import PUT_OFF, enter

_WAIT_MS = 45_000


async def conclude(till, transaction):
    """Wait for the outcome, print the slip, show what happened and what to do next."""
    till.watched = transaction.number
    try:
        till.dialogs.show("progress." + kind_word(transaction), (("line.amount", yuan(transaction.amount)), ("progress.wait",)))
        await till.forwarder.outcome(transaction, _WAIT_MS)
        if transaction.road == ROAD_NO_SALE:
            till.desk.visiting("yuanlu.no_original", "give_up", transaction)
        trouble = print_slip(till, transaction)
    finally:
        till.watched = 0
    if till.told[PUT_OFF]:
        till.told[PUT_OFF] = None  # this may have given back a rest that was put off
    state, key = None, "REFRESH"
    while key == "REFRESH":  # what is under way may come to its end before somebody has read this
        if transaction.state in (s.IS_PARKED, s.IS_HELD):
            await _show_to_a_person(till, transaction, trouble)
            return
        if transaction.state != state:
            state, lines = transaction.state, told(till.words, transaction) + trouble
        key = await till.dialogs.read("title." + state_word(transaction), lines, "hint.notice", ("ENTER", "CANCEL", "REFRESH"))


async def _show_to_a_person(till, transaction, trouble):
    """Whom to call stands behind what to do next; of a refund or void 1 prints the request sheet."""
    lines = told(till.words, transaction) + trouble + _hotlines(till.config)
    title = "title." + state_word(transaction)
    if transaction.kind == KIND_SALE:
        await till.dialogs.notice(title, lines)
        return
    while await till.dialogs.read(title, lines, "hint.sheet", ("ENTER", "CANCEL", "1")) == "1":
        await enter(till, "yuanlu.ui.request_sheet", transaction)


def _hotlines(config):
    try:
        return visit("yuanlu.ui.hotlines").lines(config)
    finally:
        leave("yuanlu.ui.hotlines")


def print_slip(till, transaction):
    """Print it and note that it came out; what kept it from that, as lines for the screen."""
    if not till.desk.may_note():
        return ["refused.busy"]
    try:
        put_on_paper(till, "yuanlu.ui.slip", transaction)
    except Refused as error:
        return [(error.reason,), "advice." + error.reason]
    till.desk.printed(transaction)
    return []


def put_on_paper(till, name, *given):
    """Print what that visiting module renders; Refused when it does not come out."""
    try:
        visit("yuanlu.ui.paper").put(till, name, *given)
    finally:
        leave("yuanlu.ui.paper")


def print_owed(till):
    """Print, one after the other, what was settled while nobody stood before it (after a cut, or once a line came back)."""
    owed = list(till.journal.owed)
    till.tried = [tried for tried in till.tried if tried in [(t.number, t.state) for t in owed]]
    for transaction in owed:
        slip = transaction.number, transaction.state
        if transaction.number != till.watched and slip not in till.tried and till.desk.may_note():
            till.tried.append(slip)  # first: paper that came out, and no note of it, must not come out for ever
            print_slip(till, transaction)
