"""Which sale is it? By whatever the customer has."""

from yuanlu.refund.money import yuan
from yuanlu.refund.rules import FOUND_IN_LIST
from yuanlu.ui.describe import card, day

_RECENT = 20


async def run(till):
    """(the done sale that the clerk points at, as a Transaction; how it was found, as refund.rules has it)."""
    sales = till.journal.sales(_RECENT)
    items = [("line.sale", day(sale), yuan(sale.amount), card(sale)[-4:]) for sale in sales]
    return sales[await till.dialogs.choose("refund.pick", items)], FOUND_IN_LIST
