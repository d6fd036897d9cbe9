"""Which sale is it? One of the last ones, as a clerk wants nearly always; behind CLEAR by whatever the customer has."""

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
    """One of these sales; None for the key `otherwise`."""
    items = [("line.sale", day(sale), yuan(sale.amount), last_four(sale)) for sale in sales]
    picked = await till.dialogs.choose("refund.pick", items, hint=hint, otherwise=otherwise)
    return None if picked is None else sales[picked]
