"""Refunds of wallets come out of what the merchant took and was not paid out yet. When that may be too little, say so before it
is sent, and why: what was paid and refunded of this sale, what came in, went back and was kept as fees in the open batch, how
much is possible now, and that the rest can follow tomorrow. The clerk sends all of it, or the part that is possible now; of the
rest the terminal reminds him then.

The terminal knows its own takings alone; others of the merchant count at the acquirer too. So this is a hint, never a refusal,
and does not come up for want of the fee alone. What a coupon paid the acquirer does not tell: the wallet gives that back by its
own rule. A visiting module.
"""

from yuanlu.compat import leave, visit
from yuanlu.errors import Cancelled
from yuanlu.refund.money import yuan
from yuanlu.refund.transaction import KIND_SALE, ROAD_WALLET
from yuanlu.ui.menu import PUT_OFF


async def run(till, draft, sale, left, may_part):
    """Returns at once when the takings suffice; otherwise when the clerk goes on. may_part: the amount may be made less, which
    what was approved may not. Raises Cancelled."""
    sums = takings(till.config, till.journal)
    if draft.amount <= sums[0] - sums[1]:
        return
    possible = possible_now(sums)
    part = possible if may_part and not draft.approval else 0
    keys = ("ENTER", "CANCEL", "1") if part else ("ENTER", "CANCEL")
    key = await till.dialogs.read("short.title", lines(draft, sale, left, sums, part), "hint.confirm", keys)
    if key == "CANCEL":
        raise Cancelled
    if key == "1":
        visit("yuanlu.store.rests").put(draft, part)
        leave("yuanlu.store.rests")
        till.told[PUT_OFF] = None


def lines(draft, sale, left, sums, part):
    """What it says, what can be done first; amounts in fen. part: offered in place of all of it, 0 for nothing."""
    possible = possible_now(sums)
    now = ("short.now", yuan(possible), yuan(draft.amount - possible)) if possible else "short.nothing"
    found = [now] + ([("short.part", yuan(part))] if part else []) + ["short.go_on"]
    found.append(("short.paid", yuan(sale.amount), yuan(sale.amount - left)))
    found += [("short.came", yuan(sums[0])), ("short.went", yuan(sums[1])), ("short.fees", yuan(sums[2]))]
    return found + [_cause(draft, sums), "short.rule", "short.coupon"]


def _cause(draft, sums):
    """Which of them it is."""
    if not sums[0]:
        return "short.cause_none"
    return "short.cause_went" if sums[0] >= draft.amount else "short.cause_few"


def possible_now(sums):
    """Fen that can be given back now, as far as this terminal knows."""
    return max(0, sums[0] - sums[1] - sums[2])


def takings(config, journal):
    """Fen that wallets brought in the open batch, that were given back (what is not settled counts as that), and of the fees."""
    fees = visit("yuanlu.refund.fees")
    rate = fees.row(config, "wallet", _newest_day(journal)) or (0, 0)
    came = went = paid = 0
    for _, kind, road, _, amount in journal.batch(journal.counters.batch):
        if road == ROAD_WALLET and kind == KIND_SALE:
            came += amount
            paid += fees.fee(amount, *rate)
        elif road == ROAD_WALLET:
            went += amount
    leave("yuanlu.refund.fees")
    went += sum([t.amount for t in journal.live if t.road == ROAD_WALLET and t.kind != KIND_SALE])
    return came, went, paid


def _newest_day(journal):
    sales = journal.sales(1)
    return sales[0].date if sales else 0
