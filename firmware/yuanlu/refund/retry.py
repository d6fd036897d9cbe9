"""When to send again, and whether at all.

Waits are full jitter: a random time between 0 and min(cap, base x 2^n), so that thousands of terminals that lost the
same line do not come back in the same second.
"""

from yuanlu.refund import state as s


def after_silence(repeat, sends, budget):
    """SILENT (the same bytes go again) or PERSON. `repeat` is what the profile says the acquirer does with a repeat."""
    if repeat == "replays" and sends < budget:
        return s.SILENT
    return s.PERSON


def delay_ms(tries, base_ms, cap_ms, draw):
    """A wait before try number `tries` + 1. `draw(n)` gives a random int of 0 to n."""
    ceiling = base_ms
    for _ in range(tries):
        if ceiling >= cap_ms:
            break
        ceiling *= 2
    return draw(min(ceiling, cap_ms))
