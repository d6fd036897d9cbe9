"""The short form of `make power`: a share of its cuts, every state reached, and the controls that must fail."""

import itertools

import pytest

import controls
import random_lives
from chip import Chip
from explore import Explorer, Geometry, Result
from power import REQUIRED_STATES
from tears import tears
from workload import Life, Workload, day

SHORT = (
    (Geometry(6, 4096, 1, fine=True), 180),
    (Geometry(6, 4096, 1), 7),
    (Geometry(4, 4096, 16), 9),
    (Geometry(4, 16384, 32), 60),
    (Geometry(3, 131072, 256), 160),
)
LEAST_DISTINCT = 2500


def test_L3_L4_L5_cuts_everywhere_lose_nothing_and_reach_every_state() -> None:
    """One in so many operations of each chip; what was not reached cannot have been tested."""
    whole = Result()
    for geometry, every in SHORT:
        whole.add(Explorer(geometry, every=every, second_every=10).run())
    print(f"{whole.raw} cuts, {len(whole.distinct)} distinct, {whole.second} of them double, {dict(whole.states)}")
    assert not whole.failed, whole.examples
    assert len(whole.distinct) >= LEAST_DISTINCT
    assert not [state for state in REQUIRED_STATES if not whole.states[state]], whole.states


def test_a_boot_loop_of_1000_mounts_writes_nothing() -> None:
    """After any tear of an INTENT and of an erase: not one program, erase or vault write."""
    chip = Chip(6, 4096, 1)
    work = Workload(chip)
    work.play(day(1) + day(2), record=True)
    erase = next(operation for operation in reversed(work.tape) if operation.kind == "erase")
    program = max((operation for operation in work.tape if operation.kind == "program"), key=lambda one: len(one.data))
    images = [image for operation in (erase, program) for _, image in tears(operation, 4096, 1, fine=False)]
    before = chip.operations, chip.erases
    for image in itertools.islice(itertools.cycle(images), 1000):
        chip.restore(image)
        Life(chip)
    assert (chip.operations, chip.erases) == before


@pytest.mark.parametrize("name", controls.NAMES)
def test_control(name: str) -> None:
    """littlefs passes the same tears; a cached part and broken firmwares are found out."""
    outcome = controls.run(name, short=True)
    print(outcome)
    assert outcome.as_expected, outcome


@pytest.mark.micropython
def test_L2_L3_L4_L5_250_lives_on_real_micropython_end_in_the_middle_of_an_operation() -> None:
    """As many with 64-bit and as many with 32-bit words: 500 in CI."""
    outcome = random_lives.play(1, 250)
    print(outcome.figures())
    assert not outcome.wrong
    assert outcome.cuts > 100 and outcome.sales > 25 and outcome.refunds > 25, outcome.figures()
