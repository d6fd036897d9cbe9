"""Who has to agree to a refund? Pure; a visiting module. An answer is word ids for the page on which the other person agrees."""

from yuanlu.refund.money import yuan
from yuanlu.refund.rules import FOUND_BY_EVIDENCE, FOUND_NOWHERE


def approval_due(config, amount, age, found_by, counted, offline):
    """Why another person has to agree, as texts; an empty list: the operator alone may do it.

    amount: fen; age: days since the sale, None where the clock is not to be trusted; found_by: as refund.rules has it; counted:
    [refunds, fen in this shift, refunds, fen today] of this person so far, None where the journal cannot tell; offline: no road
    is open.
    """
    why = []
    if amount > config.limit_operator:
        why.append(("approval.amount", yuan(config.limit_operator)))
    if age is None:
        why.append("approval.clock")
    elif age > config.old_days:
        why.append(("approval.old", config.old_days))
    if found_by == FOUND_NOWHERE:
        why.append("approval.no_original")
    if found_by in config.approve_found:
        why.append("approval.no_card" if found_by == FOUND_BY_EVIDENCE else ("approval.found", ("found.{}".format(found_by),)))
    if offline and amount > config.offline_amount:
        why.append("approval.offline")
    if counted is None:
        why.append("approval.uncounted")
    elif counted[0] >= config.shift_count:
        why.append(("approval.count", config.shift_count))
    elif counted[1] + amount > config.shift_amount:
        why.append(("approval.sum", yuan(config.shift_amount)))
    elif counted[2] >= config.day_count:
        why.append(("approval.day_count", config.day_count))
    elif counted[3] + amount > config.day_amount:
        why.append(("approval.day_sum", yuan(config.day_amount)))
    return why


def by_authority_only(config, amount):
    """A supervisor may not agree to that much: it takes the authority's code."""
    return amount > config.limit_supervisor


def is_open(hours, time):
    """The shop is open. hours: "0900-2200", over midnight "1800-0200"; time: hhmmss."""
    begin, end, now = int(hours[:4]), int(hours[5:]), time // 100
    return begin <= now < end if begin <= end else not end <= now < begin
