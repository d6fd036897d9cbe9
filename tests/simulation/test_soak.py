"""`make soak` in short: money moves once in a few worlds, each control is found out, a seed replays, a failure shrinks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from soak import controls
from soak.plan import Plan, Step, draw
from soak.report import Report, out_of_reach
from soak.shrink import regression, shrink
from soak.world import play

PLAY = Path(__file__).parent / "soak" / "play.py"
SEEDS = range(16)


def test_L5_L6_money_moves_once_in_every_kind_of_world() -> None:
    report = Report()
    for seed in SEEDS:
        report.add(play(draw(seed)))
    assert report.troubles(wanted_refunds=0) == []
    assert report.refunds > 30 * len(SEEDS)


@pytest.mark.parametrize("name", controls.CONTROLS)
def test_control_is_found_out(name: str) -> None:
    wrong = controls.run(name)
    assert any(wrong.get(kind) for kind in controls.CONTROLS[name].found), wrong


def test_a_seed_replays_exactly(tmp_path: Path) -> None:
    """In processes that order their sets differently."""
    told = []
    for number in range(2):
        out = tmp_path / f"{number}.json"
        command = [sys.executable, str(PLAY), "--first", "9", "--seeds", "2", "--out", str(out)]
        environment = {**os.environ, "PYTHONHASHSEED": str(number + 1)}
        subprocess.run(command, env=environment, check=False, capture_output=True, timeout=120)
        told.append(json.loads(out.read_text())["digests"])
    assert len(told[0]) == 2 and told[0] == told[1]


def test_another_seed_is_another_world() -> None:
    assert len({play(draw(seed)).digest for seed in (1, 9)}) == 2


def doubled() -> Plan:
    """Repeats are sent to an acquirer that books them again."""
    control = controls.CONTROLS["profile of kind a for an acquirer of kind c"]
    return next(plan for plan in controls.plans(control) if is_doubled(plan))


def is_doubled(plan: Plan) -> bool:
    return any(wrong.kind == "doubled" for wrong in play(plan).wrong)


def test_a_failure_is_shrunk_to_a_few_steps_that_still_fail() -> None:
    plan = doubled()
    smaller = shrink(plan, "doubled")
    assert len(smaller.steps) <= 6 < len(plan.steps)
    assert [step.what for step in smaller.steps if step.what == "fault"], "it takes a fault"
    names: dict[str, object] = {}
    exec("from soak.plan import Plan, Step\nfrom soak.world import play\n" + regression(smaller, "doubled"), names)
    pasted = names[f"test_doubled_seed_{plan.seed}"]
    assert callable(pasted)
    with pytest.raises(AssertionError, match="times"):
        pasted()


def test_an_older_answer_to_the_same_bytes_is_no_answer() -> None:
    """91, then the same bytes are booked, and the 91 arrives once more before the approval."""
    steps = [
        Step(100, 0, "sale", 19_100),
        Step(1990, 0, "mood", "by-amount", 200),
        Step(2000, 0, "refund", 0, 10),
        Step(2100, 0, "fault", "older answer", 0),
        Step(9000, 0, "echo"),
    ]
    wrong = play(Plan(1, "c", False, "nothing", [(6, 16)], steps)).wrong
    assert wrong == [], wrong


@pytest.mark.parametrize("query", [False, True])
def test_an_older_answer_before_the_batch_closes_is_no_answer(query: bool) -> None:
    """As above, for an acquirer that knows a repeat only while its batch is open: then the batch is closed."""
    steps = [
        Step(100, 0, "sale", 19_100),
        Step(1990, 0, "mood", "by-amount", 200),
        Step(2000, 0, "refund", 0, 10),
        Step(2100, 0, "fault", "older answer", 0),
        Step(2600, 0, "batch"),
        Step(30_000, 0, "echo"),
    ]
    wrong = play(Plan(1, "d", query, "open_batch", [(6, 16)], steps)).wrong
    assert wrong == [], wrong


def test_what_is_out_of_reach_is_an_arrow_with_a_reason() -> None:
    from soak.book import all_arrows

    assert all(len(out_of_reach(arrow)) != 1 for arrow in all_arrows())
    assert 0 < sum(bool(out_of_reach(arrow)) for arrow in all_arrows()) < len(all_arrows())
