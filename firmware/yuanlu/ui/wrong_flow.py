"""The sale was typed wrong: from what it should have been to what puts it right.

Too much was taken: the whole sale is voided and made again, where it can be voided and the card is still here; otherwise the
difference goes back as a refund. Too little was taken: the rest is a new sale.
"""

from yuanlu import VERSION
from yuanlu.errors import Refused
from yuanlu.refund import rules
from yuanlu.refund import state as s
from yuanlu.refund.money import yuan
from yuanlu.refund.transaction import KIND_VOID, Draft
from yuanlu.ui.menu import enter
from yuanlu.ui.reason_page import REASONS
from yuanlu.ui.refund_flow import check, note
from yuanlu.ui.result import conclude


async def run(till):
    """Raises Cancelled or Refused before anything is recorded."""
    sale, found_by, _ = await enter(till, "yuanlu.ui.find_flow")
    if sale is None:
        await enter(till, "yuanlu.ui.no_original_flow")
        return
    taken = till.desk.left(sale)  # what was given back already was not kept
    right = await till.dialogs.ask_amount("wrong.should", rules.LARGEST_AMOUNT)
    if right == taken:
        raise Refused("refused.not_wrong", yuan(taken))
    if right > taken:
        await _take_the_rest(till, taken, right)
    else:
        await _give_back(till, sale, found_by, taken, right)


async def _take_the_rest(till, taken, right):
    lines = [("wrong.taken", yuan(taken), yuan(right)), ("wrong.too_little", yuan(right - taken)), "wrong.no_refund"]
    await till.dialogs.confirm("wrong.title", lines)
    await enter(till, "yuanlu.ui.sale_flow", right - taken)


async def _give_back(till, sale, found_by, taken, right):
    rules.check_allowed(till.config, VERSION)
    till.desk.check_places()
    anew = till.desk.way_back(sale, taken) == KIND_VOID and not await till.dialogs.choose(
        "wrong.title", ["wrong.by_void", "wrong.by_refund"], [("wrong.taken", yuan(taken), yuan(right))]
    )
    amount = taken if anew else taken - right
    draft = Draft(till.desk.way_back(sale, amount), amount, sale.number, REASONS.index("reason.wrong_amount"), till.operator)
    check(till, draft, sale, taken)
    await enter(till, "yuanlu.ui.approval", draft, sale, found_by)
    plan = ("wrong.void_then_sale" if anew else "wrong.difference", yuan(amount), yuan(right))
    await enter(till, "yuanlu.ui.confirm_page", draft, sale, taken, [plan])
    given_back = till.desk.open(draft)
    if anew:
        note(till, given_back, "MONEY", yuan(right))  # its slip says so, whenever it comes
    till.forwarder.wake()
    await conclude(till, given_back)
    if anew:
        await _sell_anew(till, given_back, right)


async def _sell_anew(till, void, right):
    """Only after the void is done: while nobody knows what became of it, that would be money taken twice."""
    if void.state == s.IS_DONE:
        await enter(till, "yuanlu.ui.sale_flow", right)
    else:
        await till.dialogs.notice("wrong.title", ["wrong.not_yet", ("wrong.then_sell", yuan(right))])
