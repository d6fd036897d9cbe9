"""What happens in one world, as data: an acquirer, terminals, and steps drawn from a seed. Nothing is drawn once a world runs, so
a plan plays the same again, and leaving steps out of it gives a smaller world that plays, too."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from emulator.shop import PROFILES

REFUNDS_A_SEED = 65  # some are refused
GAP_MS = (1500, 8000)  # between two things that one clerk does
SALES_FIRST = 5
ANSWER_MS = 3000  # how long a terminal waits for an answer
ASK_MS = 8000  # this acquirer's word: after so long a message does not arrive any more
LATEST_MS = ASK_MS - 500  # and so the lines here keep none longer

# Each may befall one connection to the acquirer, over the network or behind the serial bridge.
LINE_FAULTS = {
    "no connection": "refused or timed out: not one byte leaves",
    "request lost": "the request never arrives, and nobody says so",
    "answer lost": "the request is heard, its answer never arrives",
    "half open": "as 'request lost', and the connection never ends by itself",
    "hung up": "the request is heard, the connection ends before the answer",
    "duplicated": "the request arrives a second time, up to 7.5 s later",
    "delayed": "the request takes up to 2.8 s",
    "overtaken": "the request takes 3 to 7.5 s: newer ones arrive before it",
    "late answer": "the answer comes after the terminal has stopped waiting",
    "answer twice": "the answer comes twice",
    "older answer": "an older answer to a sale, void or refund of this terminal comes before the right one",
    "garbage": "noise instead of the answer",
    "bad mac": "the answer with a wrong MAC",
    "no mac": "the answer without a MAC",
    "forged": "somebody without the key answers with an error; the acquirer never hears of it, or its answer is lost",
    "other amount": "the acquirer approves another amount than was asked for, with a right MAC",
    "memory": "no memory is left while the terminal sends or waits",
    "spoiled": "a bit of the request's MAC is flipped on its way: the acquirer says A0",
}
BEFORE_THE_FIRST_BYTE = ("no connection", "offline", "serial line")
# What befalls a terminal or all of them; a refund has met it when it stood open then.
OTHER_FAULTS = (
    "offline",
    "serial line",
    "bridge restart",
    "power",
    "acquirer restart",
    "clock",
    "batch",
    "closing",
    "mood",
    "wallet",
    "forged sign-on",
    "key",
)
ALL_FAULTS = (*LINE_FAULTS, *OTHER_FAULTS)

WAYS = ("no query", "query", "session keys")  # what the acquirer offers; under session keys it has no query
ALGORITHMS = ("ecb", "x9_19", "sm4")
# Which batch somebody names who answers a sign-on in the acquirer's place.
FORGED_BATCHES = {
    "open": "the one that is open",
    "next": "the one that will be open next",
    "any": "one that is far off",
    "known": "the one that the terminal knows, open or not",
    "before": "the one before",
}
_NOT_CLOSED = ("open", "next", "any")


class Step(NamedTuple):
    """At `at` ms something happens at terminal number `terminal`; what `a` and `b` mean is told where it is done (world.py)."""

    at: int
    terminal: int
    what: str
    a: int | str = 0
    b: int = 0


@dataclass(frozen=True)
class Plan:
    """kind, query: what the acquirer is; repeat: what the terminals' profile says it is; terminals: (sectors, write unit) of the
    chip of each; mac: as in the settings, "dukpt" or session keys; early: a message that names a batch before it is open may
    arrive once it is. Nothing but a forged sign-on brings a terminal to send one, and no answer tells it whether a copy is still
    on its way (docs/exactly-once.md), so no seed draws it; test_soak.py shows what it does."""

    seed: int
    kind: str
    query: bool
    repeat: str
    terminals: list[tuple[int, int]]
    steps: list[Step] = field(default_factory=list)
    mac: str = "dukpt"
    early: bool = False

    @property
    def way(self) -> str:
        """One of WAYS."""
        return WAYS[2] if self.mac != "dukpt" else WAYS[self.query]

    def with_steps(self, steps: list[Step]) -> Plan:
        """The same world with other steps."""
        return replace(self, steps=steps)


def befalls(fault: str, kind: str, way: str) -> bool:
    """An acquirer of kind c books whatever arrives, so where a line may deliver twice it must not be used: no terminal could help
    it. The control 'line doubles' shows that it would be found. A key moves only where there is one."""
    if fault == "key":
        return way == WAYS[2]
    return not (fault == "duplicated" and kind == "c")


def forged_batches(kind: str, query: bool) -> list[str]:
    """An acquirer of kind d without a query books again what it knew in a closed batch, and only the sign-on says whether a batch
    is closed: a forged one that calls a closed batch open doubles a refund there, as docs/exactly-once.md says, and
    test_soak.py shows."""
    return [name for name in FORGED_BATCHES if kind != "d" or query or name in _NOT_CLOSED]


def draw(seed: int, repeat: str | None = None, doubling: bool = False) -> Plan:
    """The plan of a seed: acquirers by turns, everything else by chance. repeat: another profile than the right one; doubling:
    the lines to any kind may deliver twice."""
    chance = random.Random(f"soak {seed}")
    kind, turn = "abcd"[seed % 4], seed // 4
    query, mac = bool(turn % 2), ALGORITHMS[turn // 6 % 3] if turn % 6 == 2 else "dukpt"
    terminals = [(chance.choice((6, 8, 12)), chance.choice((1, 16, 32))) for _ in range(chance.randint(1, 3))]
    plan = Plan(seed, kind, query, repeat or PROFILES[kind], terminals, mac=mac)
    faults = [fault for fault in LINE_FAULTS if doubling or befalls(fault, kind, plan.way)]
    steps: list[Step] = []
    for number in range(len(terminals)):
        day = _Day(chance, number, plan, faults)
        steps += day.work(REFUNDS_A_SEED // len(terminals) + 1)
    end = max(step.at for step in steps)
    steps += _around(chance, end, plan)
    return plan.with_steps(sorted(steps, key=lambda step: step.at))


class _Day:
    """What one clerk does, and what befalls it."""

    def __init__(self, chance: random.Random, terminal: int, plan: Plan, faults: list[str]) -> None:
        self.chance, self.terminal, self.plan, self.faults = chance, terminal, plan, faults
        self.at = 200 * terminal
        self.steps: list[Step] = []

    def work(self, refunds: int) -> list[Step]:
        """Sales first, then mostly refunds."""
        for _ in range(SALES_FIRST):
            self._sale()
        while refunds > 0:
            self.at += self.chance.randint(*GAP_MS)
            what = self.chance.choices(("refund", "twice", "regret", "sale", "other"), (58, 5, 3, 15, 19))[0]
            if what == "sale":
                self._sale()
            elif what == "other":
                self._other()
            else:
                self._line_faults()
                self._add(what, self.chance.randrange(8), self._share())
                refunds -= 2 if what == "twice" else 1
        return self.steps

    def _add(self, what: str, a: int | str = 0, b: int = 0, later: int = 0) -> None:
        self.steps.append(Step(self.at + later, self.terminal, what, a, b))

    def _sale(self) -> None:
        self.at += self.chance.randint(300, 2500)
        if self.chance.random() < 0.15:
            self._add("offline_sale", self.chance.randrange(2_000, 300_000), self.chance.choice((0, 0, 1, 6)))
            return
        if self.chance.random() < 0.15:
            self._line_faults()
        self._add("sale", self.chance.randrange(2_000, 300_000), int(self.chance.random() < 0.25))

    def _share(self) -> int:
        """Permille of what is left of the sale; 1000: all of it."""
        return 1000 if self.chance.random() < 0.08 else self.chance.randint(10, 200)

    def _line_faults(self) -> None:
        for likely in (0.65, 0.4, 0.3):
            if self.chance.random() >= likely:
                return
            self._add("fault", self.chance.choice(self.faults), self.chance.randrange(1_000_000))

    def _other(self) -> None:
        chance, has_session = self.chance, self.plan.mac != "dukpt"
        what = chance.choices(
            (
                "offline",
                "cable",
                "power",
                "cut",
                "tear",
                "clock",
                "batch",
                "closing",
                "impatient",
                "withdraw",
                "paper",
                "person",
                "echo",
                "forger",
                "key",
            ),
            (6, 4, 3, 14, 4, 3, 5, 10 if has_session else 4, 5, 4, 4, 7, 1, 8, 12 if has_session else 0),
        )[0]
        if what == "offline":
            ms = chance.choice((chance.randint(2_000, 25_000), chance.randint(20_000, 120_000)))
            self._add(what, 0, ms)
            if chance.random() < 0.5:  # late in a long outage somebody has a statement of what waits
                self._add("person", later=ms - 500)
        elif what == "cable":
            self._cable(chance.randint(20_000, 60_000))
        elif what == "power":
            self._add(what, 0, chance.randint(300, 9_000), later=chance.randrange(900))
        elif what == "cut":
            self._add(what, chance.randint(1, 14), chance.randrange(5) + 10 * chance.choice((0, 0, 0, 1, 2, 5)))
        elif what == "tear":
            self._add(what, chance.randint(1, 4), chance.randrange(5))
        elif what == "clock":
            self._add(what, chance.choice((-400, -31, -1, 0, 1, 40, 365)), chance.randrange(2))
        elif what == "forger":
            self._add(what, chance.choice(forged_batches(self.plan.kind, self.plan.query)), chance.randrange(1_000_000))
        elif what == "key":
            self._add(what, chance.randrange(2), chance.choice((0, 0, 0, 1, 2, 3, 4)))
        else:
            self._add(what, chance.randrange(8), chance.randrange(1_000_000))

    def _cable(self, ms: int) -> None:
        """The network is gone and a laptop with the bridge stands in for it; more often than not the line is noisy or the laptop
        closed for a while."""
        self._add("cable", self.chance.choice((0, 20, 100)), ms)
        self._add("offline", 0, ms, later=10)
        if self.chance.random() < 0.5:
            self._add("bridge", 0, self.chance.randint(200, 6_000), later=self.chance.randrange(2_000, ms))


def _around(chance: random.Random, end: int, plan: Plan) -> list[Step]:
    """What befalls all terminals: restarts and moods of the acquirer. Under session keys a wallet that accepts is believed, so it
    gives up nothing there (docs/wire.md, section 5)."""
    steps = [
        Step(chance.randrange(end), 0, "acquirer", chance.randrange(2), chance.randint(300, 15_000))
        for _ in range(chance.randrange(1, 4))
    ]
    for _ in range(chance.randrange(3)):
        mood = chance.choice(("by-amount", "by-amount", "by-amount", "declines"))
        steps.append(Step(chance.randrange(end), 0, "mood", mood, chance.randint(5_000, 40_000)))
    if chance.random() < (0.4 if plan.mac == "dukpt" else 0.8):
        code = chance.choice(("Y5", "51", "61", "57") if plan.mac == "dukpt" else ("Y5",))
        steps.append(Step(chance.randrange(end), 0, "wallet", code, chance.randint(5_000, 60_000)))
    return steps
