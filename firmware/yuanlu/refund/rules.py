"""May this be done? Each rule raises Refused with a reason the clerk is told, and what to do next (L3, L7)."""

from yuanlu.errors import Refused
from yuanlu.refund.money import yuan
from yuanlu.refund.transaction import KIND_SALE, KIND_VOID

LARGEST_AMOUNT = 999_999_99


def check(draft, original, spent, batch):
    """Raise Refused unless `draft` may be opened.

    original: the sale, or None when this journal does not hold it as done; spent: fen of its refunds and voids that are not
    definitively not done; batch: the open one.
    """
    if draft.amount <= 0:
        raise Refused("refused.zero")
    if draft.amount > LARGEST_AMOUNT:
        raise Refused("refused.too_large", yuan(LARGEST_AMOUNT))
    if draft.kind == KIND_SALE:
        return
    if original is None:
        raise Refused("refused.no_original")
    left = original.amount - spent
    if left <= 0:
        raise Refused("refused.nothing_left")
    if draft.amount > left:
        raise Refused("refused.over_cap", yuan(left))
    if draft.kind == KIND_VOID and (spent or draft.amount != original.amount or original.batch != batch):
        raise Refused("refused.no_void")


def voidable(sale, spent, amount, batch):
    """A whole sale of the open batch with nothing given back yet is voided rather than refunded: it then never reaches the
    cardholder's account at all."""
    return spent == 0 and amount == sale.amount and sale.batch == batch
