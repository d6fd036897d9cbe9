"""May this be done? Each rule raises Refused with a reason the clerk is told, and what to do next (L3, L7)."""

from yuanlu.errors import Refused
from yuanlu.refund.money import yuan
from yuanlu.refund.transaction import KIND_REFUND

LARGEST_AMOUNT = 999_999_99


def check(draft, original, spent, unresolved, config):
    """Raise Refused unless `draft` may be opened.

    original: the sale, or None when this journal does not hold it as done; spent: fen of its refunds that are not
    definitively not done; unresolved: how many transactions are open.
    """
    if draft.amount <= 0:
        raise Refused("refused.zero")
    if draft.amount > LARGEST_AMOUNT:
        raise Refused("refused.too_large", yuan(LARGEST_AMOUNT))
    if unresolved >= config.open_limit:
        raise Refused("refused.too_many_open", unresolved)
    if draft.kind == KIND_REFUND:
        if original is None:
            raise Refused("refused.no_original")
        left = original.amount - spent
        if left <= 0:
            raise Refused("refused.nothing_left")
        if draft.amount > left:
            raise Refused("refused.over_cap", yuan(left))
