"""The list of what is not settled, overdue ones first: each with its state, its age and its next step. Below them the rests of
refunds that were put off to another day."""

from yuanlu.compat import leave, visit
from yuanlu.errors import Cancelled
from yuanlu.refund import rules
from yuanlu.refund import state as s
from yuanlu.refund.money import yuan
from yuanlu.store import pending
from yuanlu.ui.describe import day, kind_word, state_word
from yuanlu.ui.menu import PUT_OFF, enter

_SHORT = 1_000_000  # fen: below it there is room for an age


async def run(till):
    """Look at the list and into each of it. Raises Cancelled to leave."""
    while True:
        today = till.board.clock.date()
        overdue = pending.overdue(till.journal, till.config, today)
        unfinished = overdue + [t for t in pending.unfinished(till.journal) if t not in overdue]
        rests = visit("yuanlu.store.rests").parts(till.journal)
        leave("yuanlu.store.rests")
        if rests or till.told[PUT_OFF]:
            till.told[PUT_OFF] = None  # the menu asks anew
        if not unfinished and not rests:
            await till.dialogs.notice("pending.title", ["pending.none"])
            return
        items = [_item(t, today, t in overdue, unfinished) for t in unfinished]
        items += [("put_off.row", yuan(left), day(part)) for part, left in rests]
        choice = await till.dialogs.choose("pending.title", items)
        if choice < len(unfinished):
            await look_into(till, unfinished[choice])
        else:
            await enter(till, "yuanlu.ui.rest_page", *rests[choice - len(unfinished)])


def _item(transaction, today, late, live):
    """One row, so an age stands beside the state only where the amount leaves room, and instead of it when it is overdue. Where
    another one of `live` is of this kind and amount too, the trace stands there."""
    kind, amount = ("kind." + kind_word(transaction),), yuan(transaction.amount)
    state = ("state." + s.STATE_NAMES[transaction.state],)
    age = rules.days(today[0]) - rules.days(transaction.date)
    if len([t for t in live if t.amount == transaction.amount and kind_word(t) == kind_word(transaction)]) > 1:
        return ("line.late_trace" if late else "line.with_trace", kind, amount, transaction.trace)
    if late:
        return ("line.late", kind, amount, age)
    if transaction.amount < _SHORT and today[2]:
        return ("line.aged", kind, amount, state, age)
    return ("line.pending", kind, amount, state)


async def look_into(till, transaction):
    """What happened, why, what next, what to tell the customer; behind ENTER what a person can do about it."""
    while True:
        try:
            title, sections = _look(till, transaction)
            await enter(till, "yuanlu.ui.pages", title, sections, "hint.actions", lambda: _look(till, transaction))
        except Cancelled:
            return
        try:
            await enter(till, "yuanlu.ui.decide_flow", transaction)
        except Cancelled:
            pass


def _look(till, transaction):
    """Title and pages as things stand now."""
    sections = visit("yuanlu.ui.progress_page").sections(till, transaction)
    leave("yuanlu.ui.progress_page")
    return "title." + state_word(transaction), sections
