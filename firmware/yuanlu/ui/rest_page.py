"""The rest of a refund that was put off to another day: it is given back now, or no longer wanted. A visiting step."""

from yuanlu.compat import leave, visit
from yuanlu.errors import Cancelled
from yuanlu.refund.money import yuan
from yuanlu.ui.describe import card, day
from yuanlu.ui.menu import enter
from yuanlu.ui.note_flow import ENDED


async def run(till, part, left):
    """part: the refund that went; left: fen of its sale. Raises Refused; CANCEL goes back to the list."""
    sale = till.journal.sale(part.original)
    lines = [("line.original", yuan(sale.amount), day(sale)), ("line.card", card(sale))]
    lines += [("rest.went", yuan(part.amount), day(part)), ("original.left", yuan(left))]
    try:
        if await till.dialogs.choose("rest.title", ("rest.now", "rest.end"), lines):
            await _end(till, part)
        else:
            await enter(till, "yuanlu.ui.refund_flow", sale)
    except Cancelled:
        pass


async def _end(till, part):
    """What is left of the sale can still be given back; only nobody is reminded of it."""
    why = ENDED[await till.dialogs.choose("rest.why", ENDED)]
    try:
        visit("yuanlu.store.rests").note(till.desk, part, till.operator, why[5:].encode())
    finally:
        leave("yuanlu.store.rests")
    await till.dialogs.notice("rest.title", ["note.kept"])
