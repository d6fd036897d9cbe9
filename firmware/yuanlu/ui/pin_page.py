"""Who is it? The id and the PIN of an operator; every wrong try is counted in the vault and noted in the journal."""

from yuanlu.compat import leave, visit
from yuanlu.errors import Cancelled, Refused, StoreFull
from yuanlu.refund import state as s
from yuanlu.store.operators import LOCKED, Operators

_ID = 3  # digits at most
_PIN = 8


async def run(till, title, prompt="pin.id"):
    """(the Operators, his row). Refused for a wrong id or PIN, with the same words for both."""
    operators = table(till)
    number = int(await ask_digits(till, title, prompt, _ID, hidden=False))
    row, outcome = operators.check(number, await ask_digits(till, title, "pin.pin", _PIN))
    refuse(till, number, outcome)
    return operators, row


def table(till):
    """The Operators of this terminal; Refused when there are none."""
    return Operators(
        till.board.vault, till.board.clock, till.journal.counters.boot, lambda what, row: _note_change(till, what, row)
    )


def _note_change(till, what, row):
    """A NOTE of what is about to be changed, of whom and by whom. Refused when it cannot be written; one's own PIN is changed all
    the same, since without it nobody gets in."""
    progress = visit("yuanlu.store.progress")
    try:
        progress.note(till.desk, None, progress.PEOPLE, till.operator or row.id, "{} {}".format(what, row.id).encode())
    except (Refused, StoreFull):
        if till.operator not in (0, row.id):
            raise
    finally:
        leave("yuanlu.store.progress")


def refuse(till, number, outcome, wrong="refused.pin"):
    """Note a failed try, and raise Refused. An answer that is awaited goes first: then the vault alone has it."""
    if outcome:
        if till.desk.may_note():
            till.journal.append(s.PIN_TRY, (0, 0, min(255, number), outcome))
        raise Refused("refused.locked" if outcome == LOCKED else wrong)


async def ask_digits(till, title, prompt, most, hidden=True, above=(), typed=""):
    """Digits, 1 to `most`, as text; `typed`: there already. Raises Cancelled."""
    while True:
        till.dialogs.show(title, list(above) + [prompt, ("pin.typed", "*" * len(typed) if hidden else typed)], "hint.amount")
        key = await till.dialogs.key()
        if key == "CANCEL":
            raise Cancelled
        if key == "ENTER" and typed:
            return typed
        if key == "CLEAR":
            typed = typed[:-1]
        elif len(key) == 1 and key.isdigit() and len(typed) < most:
            typed += key


async def ask_twice(till, title, prompt, most, above=()):
    """A PIN to be, which no screen shows, nor a technician who looks at it. Raises Cancelled."""
    while True:
        first = await ask_digits(till, title, prompt, most, above=above)
        if first == await ask_digits(till, title, "pin.again", most):
            return first
        above = ["refused.pin_differs"]
