"""One world: time, the acquirer, terminals, the steps of a plan. At its end lines are good, people act, and money is counted."""

from __future__ import annotations

import hashlib
import heapq
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from emulator import acquirer as acquirers
from emulator.acquirer.sessions import Sessions
from emulator.shop import compare
from parts import PowerCut
from soak.book import WITH_A_PERSON, Arrow
from soak.clerk import Clerk
from soak.forger import Forger
from soak.laptop import Laptop
from soak.lines import Connection, Fault
from soak.people import People
from soak.plan import ASK_MS, Plan, Step
from soak.terminal import Terminal
from yuanlu import loop as virtual
from yuanlu.errors import Refused
from yuanlu.forwarder import Errand
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_NAMES, KIND_REFUND, KIND_SALE, KIND_VOID, ROAD_OFFLINE
from yuanlu.store import pending

START = datetime(2026, 11, 22, 10, 0, 0)
SETTLE_MS = 5_400_000  # with good lines everything is settled or with a person within so long
DAYS_LATER_MS = 2 * 86_400_000
ROUNDS = 3  # people come back, since a new attempt may need them again
WALLET_MS = 15_000  # until a wallet's refund is done
MOST_WRONG = 300  # a world in which all goes wrong need not go on
_LOOK_MS = 500
_CLOSINGS = 5
_COUNTED_MS = 10_000  # so long before its end a closing has counted what is done
_DARK_MS = 400


class Wrong(NamedTuple):
    """What must not be; `kind` is one word, by which a smaller plan is known to fail in the same way."""

    kind: str
    text: str


@dataclass
class Outcome:
    """What one world came to. met: refunds by what befell them; causes: why refunds came to a person."""

    seed: int
    kind: str
    way: str
    states: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    arrows: Counter[Arrow] = field(default_factory=Counter)
    sales: int = 0
    offline: Counter[str] = field(default_factory=Counter)  # states of refunds of offline sales
    closed: Counter[bool] = field(default_factory=Counter)  # batches that terminals closed: did the totals agree?
    voids: int = 0
    left_out: int = 0  # by settlements, of what was not known to be done
    lives: int = 0
    wrong: list[Wrong] = field(default_factory=list)
    digest: str = ""
    settle_ms: int = 0
    seconds: float = 0.0

    @property
    def refunds(self) -> int:
        """All that were opened."""
        return sum(self.states.values())


class World:
    """log: is told what happens, line by line."""

    merchant = "898310059990001"

    def __init__(self, plan: Plan, log: Callable[[str], None] | None = None) -> None:
        self.plan, self.log = plan, log
        virtual.loop.__dict__.update(virtual.Loop().__dict__)
        virtual.loop.idle = self._idle
        self._due: list[tuple[int, int, Callable[[], object]]] = []
        self._armed = 0
        self.digest = hashlib.sha256()
        self.outcome = Outcome(plan.seed, plan.kind, plan.way)
        keys = random.Random(f"keys {plan.seed}")
        self.base_key, self.reader_key, self.master_key = (keys.randbytes(16) for _ in range(3))
        self.connections: list[Connection] = []
        self.on_the_way = 0
        self.acquirer_is_up = True
        self.acquirer = acquirers.Acquirer(
            plan.kind,
            base_key=self.base_key,
            reader_key=self.reader_key,
            terminals=[(self.merchant, f"YL{number + 1:06d}") for number in range(len(plan.terminals))],
            seed=plan.seed,
            query=plan.query,
            clock=lambda: self.date,
            session=None if plan.mac == "dukpt" else (plan.mac, self.master_key),
        )
        self.acquirer.wallets.done_after_ms = WALLET_MS
        self.people, self.clerk = People(self), Clerk(self)
        self.terminals = [Terminal(self, number, *chip) for number, chip in enumerate(plan.terminals)]

    # ---- time

    @property
    def now_ms(self) -> int:
        """Since this world began."""
        return virtual.loop.now

    @property
    def date(self) -> datetime:
        """The right one, which the acquirer has."""
        return START + timedelta(milliseconds=self.now_ms)

    def at(self, delay_ms: int, action: Callable[[], object]) -> None:
        """Do something after a while; ties in the order in which they were armed."""
        self._armed += 1
        heapq.heappush(self._due, (self.now_ms + max(0, delay_ms), self._armed, action))

    def _idle(self, ms: int) -> None:
        """No terminal has anything to do before `ms` (-1: for ever): on to what comes next."""
        loop = virtual.loop
        if self._due and (ms < 0 or self._due[0][0] <= loop.now + ms):
            due, _, action = heapq.heappop(self._due)
            loop.now = max(loop.now, due)
            action()
        else:
            assert ms >= 0, "nothing will ever happen again"
            loop.now += ms

    def run(self, ms: int) -> None:
        """Let so much time pass."""
        self.run_until(lambda: False, ms, ms)

    def run_until(self, reached: Callable[[], bool], limit_ms: int, look_ms: int = _LOOK_MS) -> bool:
        """Turn until `reached()`, which is looked at every half second; False when `limit_ms` are over before."""
        deadline, over = self.now_ms + limit_ms, []

        def look() -> None:
            if reached() or self.now_ms >= deadline:
                over.append(True)
            else:
                self.at(min(look_ms, deadline - self.now_ms), look)

        self.at(0, look)
        while not over and len(self.outcome.wrong) < MOST_WRONG:
            try:
                virtual.loop.turn()
            except PowerCut:
                self._darken()
        return reached()

    def _darken(self) -> None:
        for terminal in self.terminals:
            if terminal.chip.dark and terminal.life:
                terminal.power_off()
                self.at(_DARK_MS, terminal.power_on)

    # ---- what is told

    def note(self, terminal: Terminal, text: str, data: bytes) -> None:
        """Something that happened: into the digest, and the log."""
        self.digest.update(b"%d %d %d " % (self.now_ms, terminal.number, len(data)) + text.encode() + data)
        if self.log:
            self.log(f"{self.now_ms:>9} {terminal.name} {text}")

    def wrong(self, kind: str, text: str) -> None:
        """Something that must not be."""
        self.outcome.wrong.append(Wrong(kind, text))
        if self.log:
            self.log(f"{self.now_ms:>9} WRONG, {kind}: {text}")

    def count_refusal(self, reason: str) -> None:
        """The desk said no."""
        self.outcome.refused[reason] += 1

    def times(self, number: str) -> int:
        """How often the acquirer has booked what has that number, and what is not reversed."""
        ledger = self.acquirer.ledger
        return sum(entry.number == number and ledger.stands(entry) for entry in ledger.entries)

    def fen(self, number: str) -> int:
        """How much of it stands at the acquirer."""
        ledger = self.acquirer.ledger
        return sum(entry.amount for entry in ledger.entries if entry.number == number and ledger.stands(entry))

    # ---- the steps

    def play(self) -> Outcome:
        """All of it."""
        began = time.process_time()
        for step in self.plan.steps:
            self.at(step.at, partial(self._take, step))
        last = max((step.at for step in self.plan.steps), default=0)
        self.run(last + 1)
        self._make_good()
        for _ in range(ROUNDS):
            if not self._settle():  # it would be tried for ever
                break
            self.run(DAYS_LATER_MS)
            for terminal in self.terminals:
                self._person(terminal)
        self._settle()
        self._count()
        self.outcome.seconds = time.process_time() - began
        return self.outcome

    def _take(self, step: Step) -> None:
        terminal = self.terminals[step.terminal % len(self.terminals)]
        self.note(terminal, f"step {step.what} {step.a} {step.b}", b"")
        act = getattr(self.clerk, step.what, None)
        if act is None:
            getattr(self, "_" + step.what)(terminal, step.a, step.b)
        elif terminal.life:
            act(terminal, terminal.life, step.a, step.b)

    def _fault(self, terminal: Terminal, name: str, variant: int) -> None:
        """For the next connection: a is one of LINE_FAULTS."""
        terminal.faults.append(Fault(name, variant))

    def _forger(self, terminal: Terminal, batch: str, variant: int) -> None:
        """Somebody has the terminal sign on, and answers in the acquirer's place; a is one of FORGED_BATCHES."""
        terminal.forgers.append(Forger(batch, variant))
        terminal.asks_sign_on = True

    def _key(self, terminal: Terminal, by_itself: int, quarters: int) -> None:
        """Another session key: the acquirer asks for a sign-on, or changes the key without a word when a is 1. Power goes in the
        next write of the vault, where b - 1 quarters are new, unless b is 0."""
        terminal.meets_all("key")
        keys = self.acquirer._keys
        if by_itself and isinstance(keys, Sessions):
            keys.hand_out(terminal.name)
        else:
            terminal.asks_sign_on = True
        if quarters and terminal.life:
            terminal.vault.tear = (1, (quarters - 1) / 4)

    def _offline(self, terminal: Terminal, a: int, ms: int) -> None:
        """b: so long there is no network."""
        terminal.meets_all("offline")
        terminal.plug_network(False)
        self.at(ms, lambda: terminal.plug_network(True))

    def _cable(self, terminal: Terminal, noise: int, ms: int) -> None:
        """A laptop with the bridge is plugged in for b ms; a: permille of its line's writes that suffer."""
        if terminal.laptop is None:
            terminal.laptop = Laptop(terminal, noise, ms)
            self.at(ms, lambda: self._unplug(terminal))

    def _unplug(self, terminal: Terminal) -> None:
        if terminal.laptop:
            terminal.meets_all("serial line")
            terminal.laptop.stop()
            terminal.laptop = None

    def _bridge(self, terminal: Terminal, a: int, ms: int) -> None:
        """The laptop's program ends and is started again after b ms."""
        laptop = terminal.laptop
        if laptop and laptop.running:
            terminal.meets_all("bridge restart")
            laptop.stop()
            self.at(ms, lambda: laptop.start() if laptop is terminal.laptop else None)

    def _power(self, terminal: Terminal, a: int, ms: int) -> None:
        """Power goes now, for b ms."""
        if terminal.life:
            terminal.power_off()
            self.at(ms, terminal.power_on)

    def _cut(self, terminal: Terminal, count: int, b: int) -> None:
        """Power goes in the a-th flash operation from now on, as far as b % 10 says; and again in operation b // 10 after it."""
        if terminal.life:
            terminal.chip.cut = (count, b % 10)
            again = b // 10
            if again:
                terminal.cut_again = (again, b % 10)

    def _tear(self, terminal: Terminal, count: int, b: int) -> None:
        """Power goes in the a-th write of the vault; b quarters of it are new."""
        if terminal.life:
            terminal.vault.tear = (count, b / 4)

    def _acquirer(self, terminal: Terminal, says_so: int, ms: int) -> None:
        """The acquirer restarts and is away for b ms; its books stay, its connections end, with a word when a is 1."""
        for each in self.terminals:
            each.meets_all("acquirer restart")
        self.acquirer_is_up = False
        for connection in list(self.connections):
            connection.die(bool(says_so))
        self.at(ms, self._acquirer_is_back)

    def _acquirer_is_back(self) -> None:
        self.acquirer_is_up = True

    def _mood(self, terminal: Terminal, mood: str, ms: int) -> None:
        """The acquirer is in another mood for b ms."""
        for each in self.terminals:
            each.meets_all("mood")
        self.acquirer.set_mood(mood)
        self.at(ms, lambda: self.acquirer.set_mood("normal"))

    def _batch(self, terminal: Terminal, a: int, b: int) -> None:
        """The acquirer closes the terminal's batch."""
        if self._must_wait():
            self.at(_LOOK_MS, lambda: self._batch(terminal, a, b))
            return
        terminal.meets_all("batch")
        self.acquirer.set_batch(terminal.name, self.acquirer.open_batch(terminal.name) + 1)

    def _must_wait(self) -> bool:
        """Kind d books again what it knew in a batch that is closed: it closes none by itself while something is on its way. No
        terminal could help that, as docs/architecture.md says; a closing of its own it does help."""
        return self.plan.kind == "d" and bool(self.on_the_way or self.connections)

    def _closing(self, terminal: Terminal, a: int, b: int) -> None:
        """The clerk closes the batch, by a settlement."""
        self._close(terminal, _CLOSINGS)

    def _close(self, terminal: Terminal, tries: int) -> None:
        """At most so many times: where something may be on its way still, the terminal says how long that takes."""
        if terminal.life:
            terminal.meets_all("closing")
            errand = self.clerk.errand(terminal.life, "closing")
            if tries > 1:
                self.at(ASK_MS, lambda: self._close_again(terminal, errand, tries - 1))

    def _close_again(self, terminal: Terminal, errand: Errand | None, tries: int) -> None:
        told = errand.told if errand else None
        if isinstance(told, Refused) and told.reason == "refused.closing_soon":
            self._close(terminal, tries)

    def _wallet(self, terminal: Terminal, code: str, ms: int) -> None:
        """For b ms wallets give up what they accept, with code a; "Y5": the merchant's balance with them is short."""
        for each in self.terminals:
            each.meets_all("wallet")
        wallets = self.acquirer.wallets
        if code == "Y5":
            wallets.balance = 0
        else:
            wallets.fails = code
        self.at(ms, self._wallet_is_well)

    def _wallet_is_well(self) -> None:
        self.acquirer.wallets.balance = self.acquirer.wallets.fails = None

    def _clock(self, terminal: Terminal, days: int, quality: int) -> None:
        """The terminal's date is a days off, and b says whether it is trusted."""
        terminal.meets_all("clock")
        terminal.clock.days_off, terminal.clock.quality = days, quality

    def _person(self, terminal: Terminal, a: int = 0, b: int = 0) -> None:
        """Somebody looks at what needs a person."""
        if terminal.life:
            self.people.act(terminal, terminal.life)

    # ---- the end

    def _make_good(self) -> None:
        """From here on nothing fails."""
        self.acquirer_is_up = True
        self.acquirer.set_mood("normal")
        self._wallet_is_well()
        for terminal in self.terminals:
            terminal.faults.clear()
            terminal.forgers.clear()
            terminal.asks_sign_on = False
            terminal.chip.cut = terminal.vault.tear = terminal.cut_again = None
            terminal.clock.days_off, terminal.clock.quality = 0, 1
            self._unplug(terminal)
            terminal.power_on()
            terminal.has_paper = True
            terminal.plug_network(True)

    def _is_settled(self) -> bool:
        """Everything has ended, is with a person, or waits in a queue that is held until a person comes."""
        journals = [terminal.life.journal if terminal.life else None for terminal in self.terminals]
        return not self.on_the_way and all(
            journal is not None
            and not pending.eligible(journal)
            and (pending.holds_queue(journal.live) or all(t.state in WITH_A_PERSON for t in journal.live))
            for journal in journals
        )

    def _settle(self) -> bool:
        began = self.now_ms
        is_settled = self.run_until(self._is_settled, SETTLE_MS)
        self.outcome.settle_ms = max(self.outcome.settle_ms, self.now_ms - began)
        return is_settled

    # ---- counting

    def _count(self) -> None:
        outcome, ledger = self.outcome, self.acquirer.ledger
        believed = []
        for terminal in self.terminals:
            self._count_terminal(terminal)
            believed += [
                {
                    "number": terminal.name_of(transaction),
                    "kind": KIND_NAMES[transaction.kind],
                    "amount": transaction.amount,
                    "state": s.STATE_NAMES[transaction.state],
                }
                for transaction in terminal.book.of(KIND_SALE, KIND_REFUND, KIND_VOID)
                if transaction.kind != KIND_SALE or transaction.road != ROAD_OFFLINE  # it has no number on the wire
            ]
        booked = {**ledger.money("sale"), **ledger.money("refund"), **ledger.money("void")}
        for line in compare(believed, booked):
            self.wrong("doubled" if " times, " in line else "lost", line)
        for alarm in ledger.alarms:
            if not self._is_harmless(alarm):
                self.wrong("alarm", f"{alarm['what']}: {alarm['number']}")
        self.people.judge()
        outcome.causes = self.people.causes
        self.digest.update(repr((believed, sorted(booked.items()))).encode())
        outcome.digest = self.digest.hexdigest()

    def _is_harmless(self, alarm: dict[str, str]) -> bool:
        """A query that the line has doubled; a settlement that leaves out what the terminal does not know to be done yet."""
        what, number = alarm["what"], alarm["number"]
        if what == "a query with a nonce used before":
            return any("duplicated" in terminal.met.get(number, {}) for terminal in self.terminals)
        if what.startswith("settlement: claims"):
            # A wallet's refund that a person saw on a statement, or that its 00 said to be done: the wallet was not asked.
            place = tuple(alarm[name] for name in ("terminal", "batch", "trace"))
            wallets = (e for e in self.acquirer.ledger.entries if (e.kind, e.origin) == ("refund", "wallet"))
            return any(place == (e.terminal, e.batch, e.trace) for e in wallets)
        if not what.startswith("settlement: left out"):
            return False
        self.outcome.left_out += 1
        when = (datetime.fromisoformat(alarm["when"]) - START) // timedelta(milliseconds=1) - _COUNTED_MS
        done_at = [t.book.done_at.get(int(number[-8:]), when + 1) for t in self.terminals if number.startswith(t.name)]
        return done_at[0] > when

    def _count_terminal(self, terminal: Terminal) -> None:
        outcome, book, life = self.outcome, terminal.book, terminal.life
        assert life is not None
        outcome.arrows.update(book.arrows)
        outcome.lives += terminal.lives
        outcome.sales += len(book.of(KIND_SALE))
        outcome.voids += len(book.of(KIND_VOID))
        outcome.closed.update(book.closed.values())
        for refund in book.refunds:
            outcome.states[s.STATE_NAMES[refund.state]] += 1
            if refund.road == ROAD_OFFLINE:
                outcome.offline[s.STATE_NAMES[refund.state]] += 1
            outcome.met.update(terminal.met.get(terminal.name_of(refund), {}).keys())
        for line in book.over_cap():
            self.wrong("cap", f"{terminal.name}: {line}")
        live = {t.number: s.STATE_NAMES[t.state] for t in life.journal.live}
        told = {t.number: s.STATE_NAMES[t.state] for t in book.transactions.values() if not s.is_final(t.state)}
        if live != told:
            self.wrong("journal", f"{terminal.name}: the journal has {live} open, written were {told}")
        if life.journal.log.unsure:
            self.wrong("journal", f"{terminal.name}: {life.journal.trouble}")
        for number, state in told.items():
            if state not in [s.STATE_NAMES[one] for one in WITH_A_PERSON]:
                self.wrong("stuck", f"{terminal.name} {number}: {state}")


def play(plan: Plan, log: Callable[[str], None] | None = None) -> Outcome:
    """One plan from its first step to the count."""
    return World(plan, log).play()
