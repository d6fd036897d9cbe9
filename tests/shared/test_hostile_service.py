"""Hostile frames at the technician's door: a sample of what `make fuzz` does by the million."""

import sys

import parts  # noqa: F401  # first of all: imports nest, and the stack is short where words have 32 bits
from hostile_service import READS, Attack, standing
from yuanlu.wire import service

FRAMES = 400 if sys.implementation.name == "micropython" else 1000


def test_hostile_frames_open_nothing_and_change_nothing():
    """With a ticket that only looks, no transaction changes whatever comes; some frames are answered, some are not."""
    attack = Attack(3)
    attack.run(FRAMES)
    assert 0 < attack.answered <= attack.tried
    assert attack.carried_out > 10, "hardly a command was ever believed"


def test_control_with_every_right_something_does_change():
    """The same attack with a ticket that allows it: what the test above looks for is there to be seen."""
    seen = False
    for seed in range(12):
        attack = Attack(seed, service.ALL)
        attack.run(FRAMES)
        seen = seen or standing(attack.till) != attack.before
    assert seen and READS != service.ALL
