"""When to send again."""

from parts import Random
from yuanlu.schedule import delay_ms


def test_the_wait_doubles_up_to_the_cap():
    """The largest draw shows the ceiling of each try."""
    ceilings = [delay_ms(tries, 1000, 60_000, lambda largest: largest) for tries in range(9)]
    assert ceilings == [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]
    assert delay_ms(10_000, 1000, 60_000, lambda largest: largest) == 60_000


def test_a_base_above_the_cap_is_capped():
    """A config may say so."""
    assert delay_ms(0, 5000, 100, lambda largest: largest) == 100


def test_the_wait_is_drawn_from_zero_to_the_ceiling():
    """Full jitter: the smallest draw is no wait at all, and all of the range comes up."""
    assert delay_ms(3, 1000, 60_000, lambda largest: 0) == 0
    random = Random(3)
    waits = [delay_ms(2, 1000, 60_000, lambda largest: random.below(largest + 1)) for _ in range(400)]
    assert 0 <= min(waits) < 200 and 3800 < max(waits) <= 4000
    assert 1700 < sum(waits) // len(waits) < 2300
