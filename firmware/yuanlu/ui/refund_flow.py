"""A refund, from the first key to the slip. Read this file first."""

from yuanlu.refund.money import yuan
from yuanlu.refund.transaction import KIND_VOID, Draft
from yuanlu.ui.describe import card, day
from yuanlu.ui.result import conclude

_RECENT = 20
_FEW = 3  # places for transactions that are not settled: from here on the clerk is told how many are left
REASONS = ("reason.returned", "reason.wrong_amount", "reason.not_delivered", "reason.other")


async def run(till):
    """Raises Cancelled when the clerk turns back and Refused when a rule says no: nothing was recorded then.

    Once `desk.open` has returned the refund goes its way, whatever happens here.
    """
    till.desk.check_places()
    sale = await pick_original(till)
    left = till.desk.left(sale)
    reason = await till.dialogs.choose("refund.reason", REASONS)
    amount = await till.dialogs.ask_amount("refund.amount", left, full=True)
    kind = till.desk.way_back(sale, amount)
    page = [
        ("line.original", yuan(sale.amount), day(sale)),
        ("line.card", card(sale)),
        ("line.refund", yuan(amount)),
        ("line.reason", (REASONS[reason],)),
        ("line.left_after", yuan(left - amount)),
        "why.void" if kind == KIND_VOID else "why.refund",
    ]
    places = till.desk.refunds_left()
    if places <= _FEW:
        page.append(("line.places_left", places - 1))
    await till.dialogs.confirm("void.confirm" if kind == KIND_VOID else "refund.confirm", page)
    refund = till.desk.open(Draft(kind, amount, original=sale.number, reason=reason))
    till.forwarder.wake()
    await conclude(till, refund)


async def pick_original(till):
    """The done sale that the clerk points at, as a Transaction."""
    sales = till.journal.sales(_RECENT)
    items = [("line.sale", day(sale), yuan(sale.amount), card(sale)[-4:]) for sale in sales]
    return sales[await till.dialogs.choose("refund.pick", items)]
