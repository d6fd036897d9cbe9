"""Power goes at every flash and vault operation of one refund, on the shipped firmware on real MicroPython."""

from pathlib import Path

import pytest

from cuts import KINDS_OF_TEAR, Outcome, Plan, operations, run
from host_tools.yuanluctl import image

BROKEN = Path(__file__).parents[1] / "broken"


def every_cut(kind: str, restarted: bool, firmware: Path | None = None, tears: tuple[str, ...] = KINDS_OF_TEAR) -> list[Outcome]:
    """All cuts of one refund."""
    counted = operations(kind, restarted)
    plans = [Plan("flash", number, tear) for number in range(1, counted["flash"] + 1) for tear in tears]
    # Half a write or none of it; every byte of one is torn in tests/shared/test_dukpt.py, and a read cannot be torn.
    plans += [Plan("vault", number, "half") for number in range(1, counted["vault"] + 1)]
    chosen = {} if firmware is None else {"firmware": firmware}
    return [run(plan, kind, restarted=restarted, **chosen) for plan in plans]


@pytest.mark.micropython
@pytest.mark.parametrize("kind", ["a", "c"])
@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
def test_L1_L2_L4_L5_a_cut_anywhere_in_a_refund_loses_and_doubles_nothing(kind: str, restarted: bool) -> None:
    outcomes = every_cut(kind, restarted)
    hit = [outcome for outcome in outcomes if outcome.hit]
    wrong = [f"{outcome.name}: {line}" for outcome in outcomes for line in outcome.wrong]
    distinct = {outcome.image for outcome in hit}
    print(f"kind {kind}: {len(outcomes)} cuts, {len(hit)} hit, {len(distinct)} distinct images, {len(wrong)} wrong")
    assert not wrong
    assert len(hit) == len(outcomes)
    assert len(distinct) >= 0.5 * len(hit)


def test_control_sending_before_the_record_is_found(tmp_path: Path) -> None:
    """A firmware that sends first and notes SENDING afterwards breaks L1; the same harness must find it."""
    firmware = image.build(tmp_path, BROKEN / "send-first")
    outcomes = every_cut("c", False, firmware, tears=("none", "done"))
    assert any("booked it 2 times" in line for outcome in outcomes for line in outcome.wrong)


def test_control_a_key_that_comes_twice_is_found(tmp_path: Path) -> None:
    """A firmware whose keys are not durable as used before they are used breaks L2; the acquirer's alarm must come."""
    firmware = image.build(tmp_path, BROKEN / "same-key")
    outcomes = [run(Plan("flash", number), "a", firmware) for number in range(1, operations("a", False)["flash"] + 1)]
    assert any("used KSN" in line for outcome in outcomes for line in outcome.wrong)
