"""The rest of a refund that was put off to another day: it is given back now, or no longer wanted. A visiting step."""

from yuanlu.errors import Cancelled
from yuanlu.refund.money import yuan
from yuanlu.ui.describe import card, day
from yuanlu.ui.menu import enter


async def run(till, part, left):
    """part: the refund that went; left: fen of its sale. Raises Refused; CANCEL goes back to the list.

    What is no longer wanted can still be given back like any sale; only nobody is reminded of it.
    """
    sale = till.journal.sale(part.original)
    lines = [("line.original", yuan(sale.amount), day(sale)), ("line.card", card(sale))]
    lines += [("put_off.went", yuan(part.amount), day(part)), ("original.left", yuan(left))]
    try:
        if await till.dialogs.choose("put_off.title", ("put_off.now", "put_off.end"), lines):
            await enter(till, "yuanlu.ui.note_flow", part, True)
        else:
            await enter(till, "yuanlu.ui.refund_flow", sale)
    except Cancelled:
        pass
