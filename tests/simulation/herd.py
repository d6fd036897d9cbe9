"""The herd: thousands of terminals that lost the same host at once, and what they do to it when it is back.

A discrete-event model on CPython: one event is one turn of one terminal's forwarder. Its rules are those of yuanlu/forwarder.py,
written down a second time and without a journal, so that 5 000 terminals take a second; test_herd.py holds it to real Forwarders,
try for try. Times are ms since the first terminal lost the line.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from yuanlu import schedule

Draw = Callable[[int], int]  # a random int of 0 to n, as Vault.draw
AT_ONCE = -1


class Settings(NamedTuple):
    """What the terminal's config says of waits; names, units and meaning are those of yuanlu.config."""

    base_ms: int = 1000
    cap_ms: int = 120_000
    budget: int = 12
    answer_ms: int = 30_000


class Policy(NamedTuple):
    """A way to wait. wait(tries, before, settings, draw): before another try, `before` ms being the last such wait;
    opened(settings, draw): after a line came in. silence_puts_off: a silence counts as a road that does not open, for all that
    waits, until an answer comes; the firmware lets each transaction wait for its own silences alone."""

    name: str
    wait: Callable[[int, int, Settings, Draw], int]
    opened: Callable[[Settings, Draw], int]
    silence_puts_off: bool = False


def _fixed(tries: int, before: int, settings: Settings, draw: Draw) -> int:
    return 10_000


def _ceiling(tries: int, before: int, settings: Settings, draw: Draw) -> int:
    return schedule.delay_ms(tries, settings.base_ms, settings.cap_ms, lambda largest: largest)


def _full(tries: int, before: int, settings: Settings, draw: Draw) -> int:
    return schedule.delay_ms(tries, settings.base_ms, settings.cap_ms, draw)


def _equal(tries: int, before: int, settings: Settings, draw: Draw) -> int:
    ceiling = _ceiling(tries, before, settings, draw)
    return ceiling - ceiling // 2 + draw(ceiling // 2)


def _decorrelated(tries: int, before: int, settings: Settings, draw: Draw) -> int:
    base = settings.base_ms
    return min(settings.cap_ms, base + draw(3 * max(before, base) - base))


# Full, equal and decorrelated jitter as in Marc Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015). He has
# no rule for a line that comes in: the firmware's is a draw up to the cap, equal jitter's is taken to be half of it and a draw
# up to the other half, decorrelated jitter's a draw from the base up to the cap; without jitter nothing is drawn.
FIXED = Policy("fixed 10 s", _fixed, lambda settings, draw: 10_000)
EXPONENTIAL = Policy("exponential, no jitter", _ceiling, lambda settings, draw: settings.base_ms)
FULL = Policy("full jitter (firmware)", _full, lambda settings, draw: draw(settings.cap_ms), silence_puts_off=True)
EQUAL = Policy("equal jitter", _equal, lambda settings, draw: settings.cap_ms // 2 + draw(settings.cap_ms // 2))
DECORRELATED = Policy(
    "decorrelated jitter",
    _decorrelated,
    lambda settings, draw: settings.base_ms + draw(settings.cap_ms - settings.base_ms),
)
EAGER = FULL._replace(name="full jitter, each refund by itself", silence_puts_off=False)
POLICIES = (FIXED, EXPONENTIAL, FULL, EQUAL, DECORRELATED)


@dataclass(frozen=True)
class Storm:
    """What happens to whom.

    told: each terminal's own line was gone and its return wakes the forwarder; otherwise the host was gone, and a terminal finds
    out by trying. room: requests that may wait at the host, which refuses connections beyond; capacity: requests a second.
    """

    terminals: int = 5000
    refunds: int = 3
    lost_within_ms: int = 2000
    back_ms: int = 600_000
    capacity: float = 50
    room: float = 128
    told: bool = False


class Host:
    """Answers one request after the other; those that nobody waits for any more too, since it cannot know."""

    def __init__(self, capacity: float, room: float) -> None:
        self.service_ms = 1000 / capacity
        self.room = room
        self.free_at = 0.0

    def take(self, now: int) -> int | None:
        """When the answer to a request of now leaves, in whole ms; None when the connection is refused."""
        if self.free_at - now > self.room * self.service_ms:
            return None
        self.free_at = max(self.free_at, now) + self.service_ms
        return math.ceil(self.free_at)


@dataclass(eq=False, slots=True)
class Refund:
    """What the forwarder keeps of a transaction: `due` in ms, `sends` that left, and the last wait after one."""

    due: int = AT_ONCE
    sends: int = 0
    before: int = 0


@dataclass(eq=False, slots=True)
class Terminal:
    """`tries`: roads that could not be opened, in a row; `armed`: its only event that counts."""

    draw: Draw
    lost: int
    back: int
    waiting: list[Refund]
    tries: int = 0
    before: int = 0
    armed: int = 0
    sending: Refund | None = None
    answered: bool = False
    calls: list[int] = field(default_factory=list)


def draws_of(seed: int, number: int) -> Draw:
    """The draws of one terminal, its own whatever the others do."""
    fraction = random.Random(f"{seed} {number}").random
    return lambda largest: int(fraction() * (largest + 1))


def terminals_of(storm: Storm, seed: int) -> list[Terminal]:
    """Who loses the line when, and when it is back; the same for every policy."""
    when, found = random.Random(seed), []
    for number in range(storm.terminals):
        lost, later = when.randrange(storm.lost_within_ms), when.randrange(storm.lost_within_ms)
        back = storm.back_ms + (later if storm.told else 0)
        waiting = [Refund() for _ in range(storm.refunds)]
        found.append(Terminal(draws_of(seed, number), lost, back, waiting))
    return found


class Herd:
    """One run. After it `done` holds the time of each refund that was settled, `parked` counts those that went to a person, and
    each terminal its `calls`: every connection that it asked for."""

    def __init__(self, storm: Storm, policy: Policy, settings: Settings, seed: int) -> None:
        self.storm, self.policy, self.settings = storm, policy, settings
        self.host = Host(storm.capacity, storm.room)
        self.terminals = terminals_of(storm, seed)
        self.done: list[int] = []
        self.parked = 0
        self.events: list[tuple[int, int, bool, Terminal]] = []
        self.count = 0

    def run(self) -> Herd:
        """Until nothing waits any more."""
        for terminal in self.terminals:
            self._arm(terminal, terminal.lost)
            if self.storm.told:
                heapq.heappush(self.events, (terminal.back, self._next(), True, terminal))
        while self.events:
            now, number, opened, terminal = heapq.heappop(self.events)
            if opened:
                self._road_opened(terminal, now)
            elif number != terminal.armed:
                continue
            elif terminal.sending is not None:
                self._end_exchange(terminal, terminal.sending, now)
            self._turn(terminal, now)
        return self

    def _arm(self, terminal: Terminal, when: int) -> None:
        terminal.armed = self._next()
        heapq.heappush(self.events, (when, terminal.armed, False, terminal))

    def _next(self) -> int:
        """Events of one ms come in the order in which they were armed."""
        self.count += 1
        return self.count

    # ---- the forwarder's rules

    def _turn(self, terminal: Terminal, now: int) -> None:
        """Forwarder.run: send what is due, else wait until something is."""
        while terminal.waiting:
            refund = terminal.waiting[0]
            for other in terminal.waiting[1:]:
                if refund.due > now and other.due < refund.due:
                    refund = other  # the first that is due, or else the one that will be soonest
            if refund.due > now:
                self._arm(terminal, refund.due)
                return
            terminal.calls.append(now)
            answer_at = self.host.take(now) if now >= terminal.back else None
            if answer_at is None:
                self._put_off(terminal, now)
                continue
            if not self.policy.silence_puts_off:
                terminal.tries = terminal.before = 0
            refund.sends += 1
            terminal.sending, terminal.answered = refund, answer_at - now <= self.settings.answer_ms
            self._arm(terminal, min(answer_at, now + self.settings.answer_ms))
            return

    def _put_off(self, terminal: Terminal, now: int) -> None:
        """Schedule.put_off: no road, and one wait for all that waits."""
        terminal.tries += 1
        terminal.before = self.policy.wait(terminal.tries, terminal.before, self.settings, terminal.draw)
        due = now + terminal.before
        for refund in terminal.waiting:
            if refund.due < due:
                refund.due = due

    def _end_exchange(self, terminal: Terminal, refund: Refund, now: int) -> None:
        """Forwarder._note_answer, _note_silence, where the acquirer knows repeats and cannot be asked."""
        terminal.sending = None
        if terminal.answered:
            self.done.append(now)
            terminal.waiting.remove(refund)
            terminal.tries = terminal.before = 0
            return
        if refund.sends >= self.settings.budget:
            self.parked += 1
            terminal.waiting.remove(refund)
        else:
            refund.before = self.policy.wait(refund.sends, refund.before, self.settings, terminal.draw)
            refund.due = now + refund.before
        if self.policy.silence_puts_off:
            self._put_off(terminal, now)

    def _road_opened(self, terminal: Terminal, now: int) -> None:
        """Forwarder.road_opened: each refund anywhere within the cap. Never during an exchange: the line was away until now."""
        terminal.tries = terminal.before = 0
        for refund in terminal.waiting:
            refund.due = now + self.policy.opened(self.settings, terminal.draw)

    # ---- what came of it

    def figures(self) -> dict[str, float | None]:
        """calls in all; the largest number in one whole second since the host was back; s from then until so many % of all
        refunds were settled, None where so many never were; the % that went to a person."""
        back, total = self.storm.back_ms, self.storm.terminals * self.storm.refunds
        calls = [when for terminal in self.terminals for when in terminal.calls]
        seconds = Counter((when - back) // 1000 for when in calls if when >= back)
        found: dict[str, float | None] = {"calls": len(calls), "peak_per_s": max(seconds.values())}
        ordered = sorted(self.done)
        for percent in (50, 99, 100):
            place = math.ceil(total * percent / 100)
            found[f"drained_{percent}_s"] = (ordered[place - 1] - back) / 1000 if place <= len(ordered) else None
        found["to_person_percent"] = 100 * self.parked / total
        return found
