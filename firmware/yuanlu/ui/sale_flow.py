"""A plain sale, so that there is something to refund."""

from yuanlu.refund.money import yuan
from yuanlu.refund.rules import LARGEST_AMOUNT
from yuanlu.refund.transaction import KIND_SALE, Draft
from yuanlu.ui.menu import enter
from yuanlu.ui.result import conclude


async def run(till, amount=0):
    """amount: fen that are known already. Raises Cancelled or Refused before anything is recorded."""
    till.desk.check_places()
    amount, card = await _agreed(till, amount)
    sale = till.desk.open(Draft(KIND_SALE, amount, operator=till.operator, card=card, road=card.road))
    till.forwarder.wake()
    await conclude(till, sale)


async def _agreed(till, amount):
    """(amount, card) that nobody doubts, or that the clerk stands by."""
    while True:
        if not amount:
            amount = await till.dialogs.ask_amount("sale.amount", LARGEST_AMOUNT)
            if not await enter(till, "yuanlu.ui.doubt_page", amount):
                amount = 0
                continue
        card = await till.dialogs.ask_card("sale.card", (("line.sale_amount", yuan(amount)), ("sale.present",)))
        if await enter(till, "yuanlu.ui.doubt_page", amount, card):
            return amount, card
        amount = 0
