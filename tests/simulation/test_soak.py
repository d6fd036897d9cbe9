"""`make soak` in short: money moves once in a few worlds, each control is found out, a seed replays, a failure shrinks."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from soak import controls
from soak.plan import ALGORITHMS, FORGED_BATCHES, Plan, Step, draw, forged_batches
from soak.report import Report, out_of_reach
from soak.shrink import regression, shrink
from soak.world import play

PLAY = Path(__file__).parent / "soak" / "play.py"
SEEDS = range(12)


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
        command = [sys.executable, str(PLAY), "--first", "7", "--seeds", "2", "--out", str(out)]
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


# ---- sign-ons that somebody forges


def after_a_close(batch: str) -> list[Step]:
    """The answer to a refund is lost, its batch is closed, and then the sign-on before the repeat is forged."""
    return [
        Step(100, 0, "sale", 19_100),
        Step(5000, 0, "fault", "answer lost"),
        Step(5010, 0, "refund", 0, 10),
        Step(7000, 0, "batch"),
        Step(7600, 0, "forger", batch),
        Step(40_000, 0, "echo"),
    ]


@pytest.mark.parametrize("kind, query, repeat", [("a", False, "replays"), ("b", False, "duplicate"), ("d", True, "open_batch")])
@pytest.mark.parametrize("batch", FORGED_BATCHES)
def test_L2_a_forged_sign_on_books_no_repeat(kind: str, query: bool, repeat: str, batch: str) -> None:
    wrong = play(Plan(1, kind, query, repeat, [(6, 16)], after_a_close(batch))).wrong
    assert wrong == [], wrong


@pytest.mark.parametrize("batch", FORGED_BATCHES)
def test_kind_d_without_a_query_is_hurt_by_a_forged_sign_on_that_calls_a_closed_batch_open(batch: str) -> None:
    """And by no other: these are the ones that the plans leave out."""
    plan = Plan(1, "d", False, "open_batch", [(6, 16)], after_a_close(batch))
    assert is_doubled(plan) == (batch not in forged_batches("d", False))


@pytest.mark.parametrize("mac", ALGORITHMS)
def test_L2_an_older_a0_under_the_key_that_stands_doubles_nothing(mac: str) -> None:
    """A request is spoiled, the sign-on after it answered by a forger with the same key, and the A0 comes again."""
    for variant in range(2, 42, 8):
        wrong = play(controls.older_a0(mac, variant)).wrong
        assert wrong == [], (variant, wrong)


def after_a_not_now(seed: int, batch: str, query: bool) -> Plan:
    """Kind d says 91, books a second copy of that message, and has its batch closed, all before the terminal's next try; the two
    sign-ons before that are forged."""
    steps = [
        Step(100, 0, "sale", 19_100),
        Step(4990, 0, "mood", "by-amount", 100),
        Step(4995, 0, "fault", "duplicated", 300),
        Step(5000, 0, "refund", 0, 10),
        Step(5001, 0, "forger", batch),
        Step(5001, 0, "forger", batch),
        Step(5330, 0, "batch"),
        Step(40_000, 0, "echo"),
    ]
    return Plan(seed, "d", query, "open_batch", [(6, 16)], steps)


_LATE_TRIES = (29, 30)  # seeds whose terminal waits until the batch is closed


@pytest.mark.parametrize("batch", FORGED_BATCHES)
def test_L2_after_a_not_now_it_is_asked_whatever_a_forged_sign_on_says(batch: str) -> None:
    for seed in _LATE_TRIES:
        wrong = play(after_a_not_now(seed, batch, query=True)).wrong
        assert wrong == [], (seed, wrong)


@pytest.mark.parametrize("batch", FORGED_BATCHES)
def test_control_where_nobody_can_be_asked_a_forged_sign_on_after_a_not_now_doubles(batch: str) -> None:
    """By the names that the plans leave out, and by no other."""
    doubles = [is_doubled(after_a_not_now(seed, batch, query=False)) for seed in _LATE_TRIES]
    assert doubles == [batch not in forged_batches("d", False)] * 2


def too_early(how: str, what: str, *values: int) -> Plan:
    """The forger names the next batch; the message goes there, is refused as of another batch, and its second copy arrives once
    that batch is open. how: who closes the one before."""
    steps = [
        Step(100, 0, "sale", 19_100),
        Step(4000, 0, "forger", "next"),
        Step(4100, 0, "sale", 5000),
        Step(5500, 0, "sale", 6000),
        Step(7000, 0, "fault", "duplicated", 7000),
        Step(7010, 0, what, *values),
        Step(9000, 0, how),
        Step(40_000, 0, "echo"),
    ]
    return Plan(1, "a", False, "replays", [(6, 16)], steps, early=True)


@pytest.mark.xfail(strict=True, reason="a refund that was refused unseen in a batch to come is good again once that batch opens")
@pytest.mark.parametrize("how", ["batch", "closing"])
def test_L2_a_refund_that_was_refused_in_a_batch_to_come_is_not_booked_when_it_opens(how: str) -> None:
    wrong = play(too_early(how, "refund", 1, 10)).wrong
    assert wrong == [], wrong


@pytest.mark.parametrize("how", ["batch", "closing"])
def test_a_sale_that_was_refused_in_a_batch_to_come_is_not_booked_when_it_opens(how: str) -> None:
    """Its reversal blocks it."""
    wrong = play(too_early(how, "sale", 700)).wrong
    assert wrong == [], wrong


def test_a_sale_that_was_refused_as_of_another_batch_is_not_booked_by_its_second_copy() -> None:
    """The acquirer errs: 77 to the first copy of 7.77, though its batch is open. Then it books the second."""
    steps = [
        Step(100, 0, "mood", "by-amount", 300),
        Step(150, 0, "fault", "duplicated", 2500),
        Step(200, 0, "sale", 777),
        Step(40_000, 0, "echo"),
    ]
    wrong = play(Plan(1, "a", False, "replays", [(6, 16)], steps)).wrong
    assert wrong == [], wrong


@pytest.mark.parametrize("what, values", [("refund", (1, 10)), ("sale", (700,))])
def test_without_the_late_copy_a_forged_batch_to_come_harms_nothing(what: str, values: tuple[int, ...]) -> None:
    wrong = play(replace(too_early("batch", what, *values), early=False)).wrong
    assert wrong == [], wrong


# ---- session keys


def test_a_batch_is_closed_under_each_session_key_while_the_key_moves() -> None:
    """An offline sale of that batch is in no totals, its refund is; the key changes before the closing and between two."""
    for mac in ALGORITHMS:
        steps = [
            Step(100, 0, "sale", 19_100),
            Step(3000, 0, "offline_sale", 7000, 1),
            Step(5000, 0, "refund", 0, 500),
            Step(9000, 0, "key", 1),
            Step(9100, 0, "refund", 1, 10),
            Step(20_000, 0, "key", 0, 3),
            Step(30_000, 0, "closing"),
            Step(60_000, 0, "key", 1),
            Step(60_100, 0, "closing"),
            Step(90_000, 0, "echo"),
        ]
        outcome = play(Plan(1, "a", False, "replays", [(6, 16)], steps, mac))
        assert outcome.wrong == [], outcome.wrong
        assert outcome.offline == {"done": 1} and outcome.states == {"done": 2}
        assert outcome.closed[True] >= 1 and not outcome.closed[False], outcome.closed


def test_seeds_draw_every_kind_with_session_keys_and_every_algorithm() -> None:
    drawn = [draw(seed) for seed in range(72)]
    with_keys = [plan for plan in drawn if plan.mac != "dukpt"]
    assert len(with_keys) == len(drawn) / 6
    assert {(plan.kind, plan.mac) for plan in with_keys} == {(kind, mac) for kind in "abcd" for mac in ALGORITHMS}
    assert not any(plan.query for plan in with_keys)


def test_what_is_out_of_reach_is_an_arrow_with_a_reason() -> None:
    from soak.book import all_arrows

    assert all(len(out_of_reach(arrow)) != 1 for arrow in all_arrows())
    assert 0 < sum(bool(out_of_reach(arrow)) for arrow in all_arrows()) < len(all_arrows())
