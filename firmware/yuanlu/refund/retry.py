"""When to send again.

Waits are full jitter: a random time between 0 and min(cap, base x 2^n), so that thousands of terminals that lost the
same line do not come back in the same second.
"""


def delay_ms(tries, base_ms, cap_ms, draw):
    """A wait before try number `tries` + 1. `draw(n)` gives a random int of 0 to n."""
    ceiling = base_ms
    for _ in range(tries):
        if ceiling >= cap_ms:
            break
        ceiling *= 2
    return draw(min(ceiling, cap_ms))
