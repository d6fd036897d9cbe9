"""Attacks on "exactly once" that got through once against the acquirer simulator."""

import pytest

from emulator.shop import PROFILES
from soak.plan import Plan, Step
from soak.world import play

NOT_NOW = [
    Step(100, 0, "sale", 99_100),
    Step(1990, 0, "mood", "by-amount", 500),  # a refund of 9.91 is answered 91
]


@pytest.mark.parametrize("query", [False, True])
def test_L2_a_second_copy_after_a_not_now_is_not_booked_beside_a_new_attempt(query: bool) -> None:
    """The line brings the refund twice: 91, and six seconds later (sooner than ask_ms) it is booked. Then the batch closes, and a
    new attempt is made without asking. Within the soak's own faults and kind d, which is said to be safe."""
    steps = [
        *NOT_NOW,
        Step(1995, 0, "fault", "duplicated", 6000),
        Step(2000, 0, "refund", 0, 10),
        Step(2300, 0, "offline", 0, 8000),
        Step(9000, 0, "batch"),
        Step(12000, 0, "echo"),
    ]
    wrong = play(Plan(1, "d", query, "open_batch", [(6, 16)], steps)).wrong
    assert wrong == [], wrong


@pytest.mark.parametrize("kind", "abd")
@pytest.mark.parametrize("step", [Step(2000, 0, "sale", 99_191), Step(2000, 0, "refund", 0, 1000)])
def test_L3_a_second_copy_after_a_not_now_is_no_sale_or_void_that_nobody_knows_of(step: Step, kind: str) -> None:
    """The line brings a sale, or the void of one, twice: 91, and six seconds later it is booked. It was declined here after the
    first: the card is charged unseen, or the void's amount is given back a second time."""
    steps = [
        Step(100, 0, "sale", 99_191),
        Step(1990, 0, "mood", "by-amount", 500),
        Step(1995, 0, "fault", "duplicated", 6000),
        step,
        Step(12_000, 0, "echo"),
    ]
    wrong = play(Plan(1, kind, False, PROFILES[kind], [(6, 16)], steps)).wrong
    assert wrong == [], wrong


def test_L2_an_older_answer_to_a_sign_on_does_not_open_a_closed_batch() -> None:
    """Kind d. The refund is booked and its answer lost; so is the answer to the sign-on before its repeat. Then the batch closes.
    The next sign-on has the same trace, and the answer that was lost comes for it: the batch is open, and the same bytes are
    booked again. Nobody forged anything."""
    steps = [
        Step(100, 0, "sale", 100_000),
        Step(1995, 0, "fault", "answer lost"),
        Step(1996, 0, "fault", "hung up"),
        Step(1997, 0, "fault", "older answer"),
        Step(2000, 0, "refund", 0, 10),
        Step(5800, 0, "batch"),
        Step(30_000, 0, "echo"),
    ]
    wrong = play(Plan(1, "d", False, "open_batch", [(6, 16)], steps)).wrong
    assert wrong == [], wrong
