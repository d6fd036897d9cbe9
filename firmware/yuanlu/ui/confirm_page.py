"""The one page that says what is about to happen. The most important stands first; what does not fit is a DOWN away."""

from yuanlu.compat import leave, visit
from yuanlu.refund.money import yuan
from yuanlu.refund.transaction import KIND_VOID, ROAD_CASH, ROAD_WALLET
from yuanlu.ui.describe import card, day, masked, reason
from yuanlu.ui.grid import width
from yuanlu.ui.menu import enter

_FEW = 3  # places for transactions that are not settled: from here on the clerk is told how many are left


async def run(till, draft, sale, left, above=(), number=""):
    """Returns when it is confirmed. left: fen of the sale that could still be given back; above: texts that stand before all
    others; sale: None for a refund without an original; number: of the case, typed with the reason. Raises Cancelled."""
    cash = draft.road == ROAD_CASH
    if sale and sale.road == ROAD_WALLET and not cash:
        await enter(till, "yuanlu.ui.short_page", draft, sale, left, not above)
    places = till.desk.refunds_left()
    page = list(above) + lines(till.config, till.words.language, draft, sale, left, number)
    if places <= _FEW and not cash:
        page.insert(1, ("line.places_left", places - 1))
    title = "cash.confirm" if cash else "void.confirm" if draft.kind == KIND_VOID else "refund.confirm"
    await till.dialogs.confirm(title, page)


def lines(config, language, draft, sale, left, number=""):
    """What it says. language 0 is Chinese, where the amount stands in capitals too. The fee is last, and may take two rows: where
    it does not fit, all of it stands on the next page."""
    voids, cash = draft.kind == KIND_VOID, draft.road == ROAD_CASH
    page = [("line.cash" if cash else "line.refund", yuan(draft.amount))]
    if not language:
        capitals = visit("yuanlu.refund.capitals").capitals(draft.amount)[3:]
        leave("yuanlu.refund.capitals")
        if not cash and width(page[0][1] + capitals) <= 23:  # of 30 columns: room for both in one row
            page = [("line.in_full", page[0][1], capitals)]
        else:
            page.append(("line.detail", capitals))
    if sale:
        page += [("line.original", yuan(sale.amount), day(sale)), ("line.card", card(sale))]
        page.append(("line.left_after", yuan(left - draft.amount)))
    else:
        page += ["no_original.none", ("line.card", masked(draft.card.number))]
    page.append("why.cash" if cash else "why.void" if voids else "why.refund_days")
    page.append(("line.reason", reason(draft.reason)))
    if number:
        page.append(("reason.case", number))
    if sale and not cash:
        page.append(_fee(config, draft, sale, left))
    return page


def _fee(config, draft, sale, left):
    """A void never costs anything; of a refund what the merchant paid by the row that is used, and what comes back."""
    if draft.kind == KIND_VOID:
        return "fee.void"
    found = visit("yuanlu.refund.fees").effect(config, sale, sale.amount - left, draft.amount)
    leave("yuanlu.refund.fees")
    if found is None:
        return "fee.unknown"
    name, rate, paid, back = found
    return ("fee.back" if config.fee_returned else "fee.kept", yuan(paid), ("product." + name,), yuan(rate), yuan(back))
