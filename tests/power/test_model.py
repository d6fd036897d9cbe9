"""Journal and desk against a plain dict, by steps that hypothesis chooses and, when one fails, shortens.

The dict is what a careful clerk would write down. Power goes at any operation, of the chip or of the vault; then the journal may
be one step ahead of the dict, never behind it and never elsewhere.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from parts import APPROVED, REACHES, Card, NorFlash, PowerCut, Terminal, Vault
from yuanlu.errors import Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, Draft

REACH = st.integers(0, len(REACHES) - 1)
REACHED: Counter[str] = Counter()  # how often what this test is about came about
AGED: dict[tuple[int, int, int], Any] = {}  # snapshots
CHIPS = ((4, 4096, 16), (5, 4096, 1), (6, 4096, 256), (7, 8192, 32))
AFTER = {
    s.DONE: s.IS_DONE,
    s.DECLINED: s.IS_DECLINED,
    s.SILENT: s.IS_UNKNOWN,
    s.LATER: s.IS_WAITING,
    s.PERSON: s.IS_PARKED,
    s.ASK: s.IS_ASKING,
}
FREE = (s.IS_DECLINED, s.IS_WITHDRAWN)
EXPECTED_TROUBLE = ("power went while they were written", "did not keep what was written", "does not erase", "failed")


class TearingVault(Vault):
    """Power can go while a place is written: `cut` is the number of bytes that reach it."""

    cut: int | None = None

    def store(self, place: int, data: bytes) -> None:
        if self.cut is None:
            super().store(place, data)
            return
        self.places[place] = bytes(data)[: self.cut] + self.places.get(place, b"")[self.cut :]
        self.cut = None
        raise PowerCut


class WearingFlash(NorFlash):
    """A sector can stop to erase, and the next program can lose a bit."""

    def __init__(self, *geometry: int) -> None:
        super().__init__(*geometry)
        self.vault: Any = TearingVault()
        self.dead: set[int] = set()
        self.loses = False

    def erase(self, sector: int) -> None:
        if sector in self.dead:
            raise OSError(5)
        super().erase(sector)

    def program(self, address: int, data: bytes) -> None:
        super().program(address, data)
        if self.loses:
            self.loses = False
            self.data[address + len(data) // 2] ^= 0x01


class TerminalModel(RuleBasedStateMachine):
    """The steps of a terminal's day."""

    @initialize(chip=st.sampled_from(CHIPS), aged=st.booleans())
    def switch_on(self, chip: tuple[int, int, int], aged: bool) -> None:
        """A new chip, or one whose ring has gone round."""
        self.flash = WearingFlash(*chip)
        if chip not in AGED:
            till = Terminal(self.flash, open_limit=32)
            while till.journal.log.sequence <= chip[0]:
                till.sell(100)
            AGED[chip] = self.flash.snapshot()
        if aged:
            self.flash.restore(AGED[chip])
        else:
            self.flash = WearingFlash(*chip)
        self.till = Terminal(self.flash, open_limit=32)
        self.states: dict[int, int] = {}
        self.amounts: dict[int, int] = {}
        self.originals: dict[int, int] = {}
        self.messages: dict[int, bytes] = {}
        self.traces: set[int] = set()
        self.highest = self.till.journal.log.number - 1
        self.worn = False

    # ---- power

    def _dark(self, step: Any) -> bool:
        """Do it; when power goes, power up and take over what the one step may have left. False: it did not end."""
        try:
            step()
        except PowerCut:
            REACHED["cuts"] += 1
            self._restart()
            self._take_over()
            return False
        return True

    def _restart(self) -> None:
        self.flash.power_on()
        self.flash.vault.cut = None
        self.flash.loses = False
        self.till = Terminal(self.flash, open_limit=32)

    def _take_over(self) -> None:
        """At most one transaction is further than the dict, by one step; or new, and was never told."""
        journal, ahead = self.till.journal, 0
        for number in list(self.states):
            found = journal.find_live(number) or journal.transaction(number)
            if found is None:
                assert s.is_final(self.states[number]), ("lost", number)
            elif found.state != self.states[number]:
                ahead += 1
                assert not s.is_final(self.states[number]), ("came back", number)
                self.states[number] = found.state
        for found in journal.live:
            if found.number not in self.states:
                ahead += 1
                assert found.state == s.IS_QUEUED
                self._learn(found)
        assert ahead <= 1, "one step at most"

    def _learn(self, found: Any) -> None:
        assert found.number > self.highest, "L4: a record number came twice"
        assert found.trace not in self.traces, "L4: a trace came twice"
        self.traces.add(found.trace)
        self.states[found.number], self.amounts[found.number] = found.state, found.amount
        self.originals[found.number], self.messages[found.number] = found.original, self.till.journal.message(found)

    @rule()
    def restart(self) -> None:
        self._restart()

    @rule(kind=st.sampled_from(("cut", "cut", "cut", "vault", "erase", "program")), where=st.integers(0, 72), reach=REACH)
    def plan_trouble(self, kind: str, where: int, reach: int) -> None:
        """A cut at one of the next operations, a torn vault, or one worn sector: every chip can spare that."""
        if kind == "cut":
            self.flash.cut = (1 + where % 12, reach)
        elif kind == "vault":
            self.flash.vault.cut = where
        elif not self.worn:
            self.worn = True
            self.flash.loses = kind == "program"
            self.flash.dead = {where % self.flash.sectors} if kind == "erase" else set()

    @rule()
    def idle(self) -> None:
        self._dark(self.till.journal.log.erase_ahead)

    # ---- work

    def _open(self, draft: Draft) -> None:
        def step() -> None:
            try:
                self._learn(self.till.desk.open(draft))
            except Refused as error:
                assert error.reason in ("refused.too_many_open", "refused.no_original", "refused.flash"), error.reason

        self._dark(step)

    @rule(amount=st.integers(1, 900), count=st.integers(1, 12))
    def sell(self, amount: int, count: int) -> None:
        """So many customers, one after the other; the last one's sale stays as it is."""
        for turn in range(count):
            self._open(Draft(KIND_SALE, amount, card=Card()))
            queued = [t for t in self.till.journal.live if t.state == s.IS_QUEUED and t.kind == KIND_SALE]
            if queued and turn < count - 1:
                self._exchange(queued[-1], s.DONE)

    def _done_sales(self) -> list[int]:
        return [n for n, state in self.states.items() if self.originals[n] == n and state == s.IS_DONE]

    @precondition(lambda self: self._done_sales())
    @rule(data=st.data())
    def refund(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self._done_sales()[-6:]))
        sale = self.till.journal.sale(number)
        if sale is None:
            return
        left = sale.amount - self._spent(number)
        assert sale.amount - self.till.journal.spent(number) == left, "L3"
        if left > 0:
            self._open(Draft(KIND_REFUND, data.draw(st.integers(1, left)), original=number))
            self._send_one(data)

    @precondition(lambda self: any(s.is_sendable(t.state) for t in self.till.journal.live))
    @rule(data=st.data(), verdict=st.sampled_from(sorted(AFTER)))
    def send(self, data: st.DataObject, verdict: int) -> None:
        """One of what waits."""
        self._send_one(data, verdict)

    def _send_one(self, data: st.DataObject, verdict: int = s.DONE) -> None:
        choices = [t for t in self.till.journal.live if s.is_sendable(t.state) and t.state != s.IS_ASKING]
        if not choices:
            choices, verdict = [t for t in self.till.journal.live if t.state == s.IS_ASKING], s.DONE
        if choices:
            self._exchange(data.draw(st.sampled_from(choices)), verdict)

    def _exchange(self, transaction: Any, verdict: int) -> None:
        number = transaction.number
        parked = [state for state in self.states.values() if state == s.IS_PARKED]
        if len(parked) > 1 and verdict == s.PERSON:
            verdict = s.DONE
        assert self.till.journal.message(transaction) == self.messages[number], "L2"
        if transaction.state != s.IS_ASKING:
            if not self._dark(lambda: self.till.desk.sending(transaction, 1)):
                return
            self.states[number] = s.IS_SENDING
        answer = None if verdict == s.SILENT else APPROVED
        if self._dark(lambda: self.till.desk.note(transaction, verdict, answer)):
            self.states[number] = AFTER[verdict]
            REACHED["refunds done"] += transaction.kind == KIND_REFUND and verdict == s.DONE

    @precondition(lambda self: any(t.state == s.IS_SENDING for t in self.till.journal.live))
    @rule()
    def find_silence(self) -> None:
        """What was being sent when power went."""
        for transaction in [t for t in self.till.journal.live if t.state == s.IS_SENDING]:
            if not self._dark(lambda: self.till.desk.note(transaction, s.SILENT)):  # noqa: B023 it is called here
                return
            self.states[transaction.number] = s.IS_UNKNOWN

    @precondition(lambda self: any(t.state == s.IS_QUEUED for t in self.till.journal.live))
    @rule()
    def withdraw(self) -> None:
        transaction = next(t for t in self.till.journal.live if t.state == s.IS_QUEUED)
        if self._dark(lambda: self.till.desk.withdraw(transaction)):
            self.states[transaction.number] = s.IS_WITHDRAWN

    @precondition(lambda self: self.till.journal.owed)
    @rule()
    def print_slip(self) -> None:
        self._dark(lambda: self.till.desk.printed(self.till.journal.owed[0]))

    # ---- what holds after every step

    def _spent(self, sale: int) -> int:
        parts = [n for n, original in self.originals.items() if original == sale != n and self.states[n] not in FREE]
        return sum(self.amounts[n] for n in parts)

    @invariant()
    def the_journal_says_what_the_dict_says(self) -> None:
        journal = self.till.journal
        self.highest = max(self.highest, journal.log.number - 1)
        REACHED["steps on a ring that went round"] += journal.log.sequence > self.flash.sectors + 1
        REACHED["steps with a retired sector"] += bool(journal.log.retired)
        assert all(any(known in what for known in EXPECTED_TROUBLE) for what in journal.trouble), journal.trouble
        open_ones = {n: state for n, state in self.states.items() if not s.is_final(state)}
        assert {t.number: t.state for t in journal.live} == open_ones, "L5"
        for number in self._done_sales()[-2:]:
            if journal.sale(number) is not None:
                assert journal.spent(number) == self._spent(number), "L3"


def run(examples: int, steps: int, phases: tuple[Phase, ...] = tuple(Phase)) -> None:
    """So many days of so many steps, the same each time."""
    from hypothesis.stateful import run_state_machine_as_test

    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=True,
        deadline=None,
        database=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(TerminalModel, settings=chosen)


def test_L2_L3_L4_L5_journal_and_desk_agree_with_a_dict() -> None:
    REACHED.clear()
    run(examples=60, steps=40)
    print(dict(REACHED))
    for name in ("cuts", "refunds done", "steps on a ring that went round", "steps with a retired sector"):
        assert REACHED[name] > 3, (name, REACHED)
