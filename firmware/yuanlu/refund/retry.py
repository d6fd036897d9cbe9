"""When to send again, and whether at all.

Waits are full jitter: a random time between 0 and min(cap, base x 2^n), so that thousands of terminals that lost the
same line do not come back in the same second.
"""

from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND

REVERSAL_TRIES = 3


def after_silence(config, transaction, batch):
    """The verdict on a send without a conclusive answer. `batch`: the open one.

    A sale or void is reversed (SILENT, an ATTEMPT follows). A refund has no reversal: the acquirer is asked where it can be
    asked; the same bytes go again where the profile says that a repeat is known; otherwise a person must find out.
    """
    if transaction.state == s.IS_REVERSING:
        return s.SILENT if transaction.sends < REVERSAL_TRIES else s.PERSON
    if transaction.kind != KIND_REFUND:
        return s.SILENT
    if transaction.sends >= config.budget:
        return s.PERSON
    if config.query:
        return s.ASK
    return s.SILENT if knows_repeat(config, transaction, batch) else s.PERSON


def knows_repeat(config, transaction, batch):
    """The acquirer recognises the same bytes when they come again: they cannot be booked twice."""
    if config.repeat == "open_batch":
        return transaction.batch == batch
    return config.repeat in ("replays", "duplicate")


def delay_ms(tries, base_ms, cap_ms, draw):
    """A wait before try number `tries` + 1. `draw(n)` gives a random int of 0 to n."""
    ceiling = base_ms
    for _ in range(tries):
        if ceiling >= cap_ms:
            break
        ceiling *= 2
    return draw(min(ceiling, cap_ms))
