"""An amount that looks mistyped: the clerk confirms it or types it again. A visiting step."""

from yuanlu.compat import leave, visit
from yuanlu.errors import Cancelled
from yuanlu.refund.money import yuan
from yuanlu.refund.transaction import KIND_SALE


async def run(till, amount, card=None):
    """True when nothing looks wrong or the clerk says that it is right, False when it is to be typed again. card: the one that
    was presented; before that the amount alone is looked at. Raises Cancelled."""
    why = _why(till, amount, card)
    if not why:
        return True
    lines = [("line.sale_amount", yuan(amount))] + why + ["doubt.look"]
    key = await till.dialogs.read("doubt.title", lines, "hint.doubt", ("ENTER", "CLEAR", "CANCEL"))
    if key == "CANCEL":
        raise Cancelled
    return key == "ENTER"


def _why(till, amount, card):
    doubts = visit("yuanlu.refund.doubts")
    now, sales = till.desk.clock.date(), till.journal.sales(doubts.RECENT, make=doubts.sold)
    try:
        if card is None:
            return doubts.of_amount(till.config, amount, sales, now[0])
        open_sales = [t for t in till.journal.live if t.kind == KIND_SALE]
        return doubts.of_card(till.config, amount, card, open_sales + sales, now)
    finally:
        leave("yuanlu.refund.doubts")
