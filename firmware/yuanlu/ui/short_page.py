"""Refunds of wallets come out of what the merchant took and was not paid out yet. When that may be too little, say so before it is
sent: what was paid, what was refunded, how much is possible now, and that the rest can follow tomorrow.

The terminal knows its own takings alone; others of the merchant count at the acquirer too. So this is a hint, never a refusal.
A visiting module.
"""

from yuanlu.compat import leave, visit
from yuanlu.refund.money import yuan
from yuanlu.refund.transaction import KIND_SALE, ROAD_WALLET


async def run(till, draft, sale, left):
    """Returns at once when the takings suffice; otherwise when the clerk goes on. Raises Cancelled."""
    possible = takings(till.config, till.journal)
    if draft.amount > possible:
        await till.dialogs.confirm("short.title", lines(till.config, draft, sale, left, possible))


def lines(config, draft, sale, left, possible):
    """What it says; amounts in fen."""
    paid = [("short.paid", yuan(sale.amount), yuan(sale.amount - left)), ("short.takings", yuan(possible))]
    now = ("short.now", yuan(possible), yuan(draft.amount - possible)) if possible else "short.nothing"
    return paid + [now, "short.rule", "short.go_on"]


def takings(config, journal):
    """Fen that wallets brought in the open batch, less the fee and what was given back; what is not settled counts as given back."""
    fees = visit("yuanlu.refund.fees")
    rate = fees.row(config, "wallet", _newest_day(journal)) or (0, 0)
    total = 0
    for _, kind, road, _, amount in journal.batch(journal.counters.batch):
        if road == ROAD_WALLET:
            total += amount - fees.fee(amount, *rate) if kind == KIND_SALE else -amount
    leave("yuanlu.refund.fees")
    total -= sum([t.amount for t in journal.live if t.road == ROAD_WALLET and t.kind != KIND_SALE])
    return max(0, total)


def _newest_day(journal):
    sales = journal.sales(1)
    return sales[0].date if sales else 0
