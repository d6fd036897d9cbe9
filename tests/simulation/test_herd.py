"""The herd's model says what the forwarder does, and jitter is what keeps the herd from trampling its host."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from herd import (
    DECORRELATED,
    EAGER,
    EQUAL,
    EXPONENTIAL,
    FIXED,
    FULL,
    POLICIES,
    Draw,
    Herd,
    Host,
    Policy,
    Settings,
    Storm,
    draws_of,
    terminals_of,
)
from parts import NorFlash, Terminal, Vault, answer_to, loop
from yuanlu.compat import create_task, run, sleep_ms
from yuanlu.errors import NotSent
from yuanlu.refund import state as s

# ---- the model against real forwarders

SEED = 5
FEW = Settings(base_ms=1000, cap_ms=20_000, budget=3, answer_ms=10_000)
STORMS = {
    "the host refuses": Storm(20, 3, back_ms=60_000, capacity=1, room=3),
    "the host answers late": Storm(20, 3, back_ms=60_000, capacity=1, room=1e9),
    "the line is told": Storm(20, 3, back_ms=60_000, capacity=1, room=3, told=True),
}


class DrawingVault(Vault):
    """Draws as a terminal of the model does."""

    def __init__(self, draw: Draw) -> None:
        super().__init__()
        self.draw = draw


class Road:
    """The host, behind one terminal's line."""

    def __init__(self, host: Host, back: int) -> None:
        self.host, self.back = host, back
        self.calls: list[int] = []

    async def connect(self) -> Stream:
        self.calls.append(loop.now)
        answer_at = self.host.take(loop.now) if loop.now >= self.back else None
        if answer_at is None:
            raise NotSent("why.no_connection")
        return Stream(answer_at)


class Stream:
    """One connection: the answer comes when the host gets to it."""

    def __init__(self, answer_at: int) -> None:
        self.answer_at = answer_at
        self.request = b""

    async def write(self, data: bytes) -> None:
        self.request = bytes(data)

    async def read(self, ms: int) -> bytes | None:
        left = self.answer_at - loop.now
        await sleep_ms(min(left, ms))
        return answer_to(self.request) if left <= ms else None

    def close(self) -> None:
        self.request = b""


async def lived(till: Terminal, storm: Storm, lost: int, back: int) -> int:
    """One real terminal from the loss until nothing waits; how many of its refunds went to a person."""
    sales = [till.sell() for _ in range(storm.refunds)]
    forwarding = create_task(till.forwarder.run())
    await sleep_ms(lost)
    refunds = [till.refund(sale, 100) for sale in sales]
    till.forwarder.wake()
    if storm.told:
        await sleep_ms(back - loop.now)
        till.forwarder.road_opened()
    while not all(s.is_final(refund.state) or refund.state == s.IS_PARKED for refund in refunds):
        await sleep_ms(1000)
    forwarding.cancel()
    return [refund.state for refund in refunds].count(s.IS_PARKED)


def of_forwarders(storm: Storm, seed: int) -> tuple[list[list[int]], int]:
    """The ms of every try of each real forwarder, and how many refunds went to a person."""
    host = Host(storm.capacity, storm.room)
    changes = {**FEW._asdict(), "repeat": "replays", "query": 0}
    roads, lives = [], []
    for number, plan in enumerate(terminals_of(storm, seed)):
        road, flash = Road(host, plan.back), NorFlash()
        flash.vault = DrawingVault(draws_of(seed, number))
        roads.append(road)
        lives.append(lived(Terminal(flash, [road], **changes), storm, plan.lost, plan.back))

    async def together() -> int:
        return sum([await task for task in [create_task(life) for life in lives]])

    parked = run(together())
    return [road.calls for road in roads], parked


def of_model(storm: Storm, policy: Policy, seed: int) -> tuple[list[list[int]], int]:
    """The same of the model."""
    herd = Herd(storm, policy, FEW, seed).run()
    return [terminal.calls for terminal in herd.terminals], herd.parked


@pytest.fixture(scope="module")
def real() -> Callable[[str], tuple[list[list[int]], int]]:
    """What real forwarders do in a storm, played once."""
    played: dict[str, tuple[list[list[int]], int]] = {}
    return lambda name: played[name] if name in played else played.setdefault(name, of_forwarders(STORMS[name], SEED))


@pytest.mark.parametrize("name", STORMS)
def test_every_try_of_a_real_forwarder_is_at_the_ms_that_the_model_says(name: str, real) -> None:
    calls, parked = real(name)
    assert (calls, parked) == of_model(STORMS[name], FULL, SEED)
    assert sum(map(len, calls)) > 200
    assert (parked > 0) == (name == "the host answers late")


@pytest.mark.parametrize("name", STORMS)
def test_control_another_policy_or_other_draws_do_not_agree(name: str, real) -> None:
    for policy in POLICIES:
        assert (real(name) == of_model(STORMS[name], policy, SEED)) == (policy is FULL)
    if name == "the host answers late":
        assert real(name) != of_model(STORMS[name], EAGER, SEED)
    assert real(name) != of_model(STORMS[name], FULL, SEED + 1)


# ---- what jitter is good for: a tenth of the terminals before a tenth of the host

TENTH = Storm(terminals=500, capacity=5, room=13)
TOLD = Storm(terminals=500, capacity=5, room=13, told=True)


def peak(policy: Policy, cap_ms: int, storm: Storm = TENTH, seed: int = 1) -> float:
    """The most calls in a second since the host was back."""
    found = Herd(storm, policy, Settings(cap_ms=cap_ms), seed).run().figures()["peak_per_s"]
    assert found is not None
    return found


def far_below_fixed(policy: Policy, cap_ms: int, seed: int) -> bool:
    """At most an eighth of the peak that a fixed wait brings."""
    return 8 * peak(policy, cap_ms, seed=seed) <= peak(FIXED, cap_ms, seed=seed)


@pytest.mark.parametrize("seed", (1, 2))
@pytest.mark.parametrize("policy", (FULL, EQUAL, DECORRELATED), ids=lambda policy: policy.name)
def test_jitter_keeps_the_peak_far_below_that_of_a_fixed_wait(policy: Policy, seed: int) -> None:
    assert far_below_fixed(policy, 120_000, seed) and far_below_fixed(policy, 900_000, seed)


def test_control_waits_that_grow_without_jitter_come_back_all_at_once() -> None:
    assert not far_below_fixed(EXPONENTIAL, 120_000, 1)
    assert not far_below_fixed(EXPONENTIAL, 900_000, 1)


def test_a_line_that_comes_in_brings_a_smaller_herd_the_larger_the_cap() -> None:
    """Three refunds for each of 500 terminals are 1 500 / 900 s, a third of what the host can do."""
    assert peak(FULL, 900_000, TOLD) <= 2 * TOLD.capacity < peak(FULL, 120_000, TOLD) < peak(FIXED, 120_000, TOLD) / 3


def test_where_the_host_answers_late_a_small_cap_sends_refunds_to_persons() -> None:
    """It answers what nobody waits for any more; the sends of each refund are used up meanwhile. With a large cap none is."""
    late = Storm(terminals=500, capacity=5, room=1e9)
    small, large = (Herd(late, FULL, Settings(cap_ms=cap_ms), 1).run() for cap_ms in (120_000, 900_000))
    assert small.parked > 500 and large.parked == 0
    assert len(large.done) == 1500


def test_after_a_short_time_too_nobody_goes_to_a_person_since_a_silence_puts_off_all() -> None:
    """The waits have not grown yet. Control: each refund waits by itself, and no cap helps."""
    short = Storm(terminals=500, capacity=5, room=1e9, back_ms=60_000)
    eager, full = (Herd(short, policy, Settings(cap_ms=900_000), 1).run() for policy in (EAGER, FULL))
    assert eager.parked > 750
    assert (full.parked, len(full.done)) == (0, 1500)
