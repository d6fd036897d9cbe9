"""Which sale is it? One of the last ones, as a clerk wants nearly always; behind CLEAR by whatever the customer has."""

from yuanlu.compat import leave, visit
from yuanlu.refund.money import yuan
from yuanlu.refund.rules import FOUND_IN_LIST
from yuanlu.ui.describe import day, last_four
from yuanlu.ui.menu import enter

_RECENT = 20


async def run(till):
    """(the done sale that the clerk points at, as a Transaction; how it was found, as refund.rules has it; what of it fits). No
    sale, None, where the clerk says that there is none."""
    sales, sale = till.journal.sales(_RECENT), None
    if sales or not till.config.no_original:
        sale = await pick(till, sales, "hint.find", "CLEAR")
    if sale is None:
        return await enter(till, "yuanlu.ui.find_otherwise")
    return sale, FOUND_IN_LIST, ""


async def pick(till, sales, hint="hint.choose", otherwise=""):
    """One of these sales; None for the key `otherwise`. What went back already stands beside it."""
    spent = visit("yuanlu.store.rests").spent(till.journal, sales) if sales else []
    leave("yuanlu.store.rests")
    items = [_item(sale, back) for sale, back in zip(sales, spent)]
    picked = await till.dialogs.choose("refund.pick", items, hint=hint, otherwise=otherwise)
    return None if picked is None else sales[picked]


def _item(sale, back):
    """One row: a mark where nothing is left, what is left where some of it went back."""
    if back >= sale.amount:
        return ("line.refunded", day(sale)[:5], yuan(sale.amount))
    if back:
        return ("line.part_left", day(sale), yuan(sale.amount - back))
    return ("line.sale", day(sale), yuan(sale.amount), last_four(sale))
