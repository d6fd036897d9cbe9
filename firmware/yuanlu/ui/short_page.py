"""Refunds of wallets come out of what the merchant took and was not paid out yet. When that may be too little, say so before it
is sent: what was paid, what was refunded, how much is possible now, and that the rest can follow tomorrow.

The terminal knows its own takings alone; others of the merchant count at the acquirer too. So this is a hint, never a refusal,
and does not come up for want of the fee alone. A visiting module.
"""

from yuanlu.compat import leave, visit
from yuanlu.refund.money import yuan
from yuanlu.refund.transaction import KIND_SALE, ROAD_WALLET


async def run(till, draft, sale, left):
    """Returns at once when the takings suffice; otherwise when the clerk goes on. Raises Cancelled."""
    taken, possible = takings(till.config, till.journal)
    if draft.amount > taken:
        await till.dialogs.confirm("short.title", lines(till.config, draft, sale, left, possible))


def lines(config, draft, sale, left, possible):
    """What it says; amounts in fen."""
    paid = [("short.paid", yuan(sale.amount), yuan(sale.amount - left)), ("short.takings", yuan(possible))]
    now = ("short.now", yuan(possible), yuan(draft.amount - possible)) if possible else "short.nothing"
    return paid + [now, "short.rule", "short.go_on"]


def takings(config, journal):
    """Fen that wallets brought in the open batch less what was given back (what is not settled counts as that), and the same less
    the fees."""
    fees = visit("yuanlu.refund.fees")
    rate = fees.row(config, "wallet", _newest_day(journal)) or (0, 0)
    total = paid = 0
    for _, kind, road, _, amount in journal.batch(journal.counters.batch):
        if road == ROAD_WALLET:
            total += amount if kind == KIND_SALE else -amount
            paid += fees.fee(amount, *rate) if kind == KIND_SALE else 0
    leave("yuanlu.refund.fees")
    total -= sum([t.amount for t in journal.live if t.road == ROAD_WALLET and t.kind != KIND_SALE])
    return total, max(0, total - paid)


def _newest_day(journal):
    sales = journal.sales(1)
    return sales[0].date if sales else 0
