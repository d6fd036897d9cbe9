"""The one page that says what is about to happen."""

from yuanlu.refund.money import yuan
from yuanlu.refund.transaction import KIND_VOID
from yuanlu.ui.describe import card, day
from yuanlu.ui.reason_page import REASONS

_FEW = 3  # places for transactions that are not settled: from here on the clerk is told how many are left


async def run(till, draft, sale, left):
    """Returns when it is confirmed. left: fen of the sale that could still be given back. Raises Cancelled."""
    voids = draft.kind == KIND_VOID
    page = [
        ("line.original", yuan(sale.amount), day(sale)),
        ("line.card", card(sale)),
        ("line.refund", yuan(draft.amount)),
        ("line.reason", (REASONS[draft.reason],)),
        ("line.left_after", yuan(left - draft.amount)),
        "why.void" if voids else "why.refund",
    ]
    places = till.desk.refunds_left()
    if places <= _FEW:
        page.append(("line.places_left", places - 1))
    await till.dialogs.confirm("void.confirm" if voids else "refund.confirm", page)
