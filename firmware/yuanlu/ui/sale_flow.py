"""A plain sale, so that there is something to refund."""

from yuanlu.refund.money import yuan
from yuanlu.refund.rules import LARGEST_AMOUNT
from yuanlu.refund.transaction import KIND_SALE, Draft
from yuanlu.ui.result import conclude


async def run(till):
    """Raises Cancelled or Refused before anything is recorded."""
    amount = await till.dialogs.ask_amount("sale.amount", LARGEST_AMOUNT)
    card = await till.dialogs.ask_card("sale.card", (("line.sale_amount", yuan(amount)), ("sale.present",)))
    sale = till.desk.open(Draft(KIND_SALE, amount, operator=till.operator, card=card, road=card.road))
    till.forwarder.wake()
    await conclude(till, sale)
