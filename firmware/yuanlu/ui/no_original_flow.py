"""A refund without an original: the card is read, another person agrees, and it goes at once or not at all."""

from yuanlu.errors import Refused
from yuanlu.refund.rules import FOUND_NOWHERE
from yuanlu.refund.transaction import KIND_REFUND, ROAD_NO_SALE, ROAD_WALLET, Draft
from yuanlu.ui.menu import enter
from yuanlu.ui.refund_flow import note
from yuanlu.ui.result import conclude


async def run(till):
    """Raises Cancelled, or Refused where it is switched off or a rule says no: nothing was recorded then."""
    till.desk.visiting("yuanlu.no_original", "check_now")
    card = await till.dialogs.ask_card("no_original.title", ["no_original.warning", "no_original.present"])
    if card.road == ROAD_WALLET:
        raise Refused("refused.no_original_card")
    reason, case = await enter(till, "yuanlu.ui.reason_page")
    amount = await till.dialogs.ask_amount("refund.amount", till.config.no_original_amount)
    draft = Draft(KIND_REFUND, amount, reason=reason, operator=till.operator, card=card, road=ROAD_NO_SALE)
    await enter(till, "yuanlu.ui.approval", draft, None, FOUND_NOWHERE)
    await enter(till, "yuanlu.ui.confirm_page", draft, None, amount, (), case)
    refund = till.desk.open(draft)
    till.forwarder.wake()
    if case:
        note(till, refund, "CASE", case)
    await conclude(till, refund)
