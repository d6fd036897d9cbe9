"""Somebody presses keys at random for days on real MicroPython; nothing may crash, get lost, or grow.

Shop after shop, each with other settings and another kind of acquirer. After each life of a terminal the money is counted: what
slips, terminal and acquirer believe. At each shop's end the heap of the long life is held against that of a life that has just
begun on the same journal.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from emulator import panel
from emulator.clerk import Clerk, NoPower, NotSeen
from emulator.shop import FIRMWARE, Shop
from tests.journeys import slips, titles
from tests.journeys.fingers import Fingers, View, read
from tests.journeys.mishaps import HOUR, SECOND, Mishaps
from tests.journeys.reachable import states_of
from yuanlu.errors import StoreDamaged
from yuanlu.refund.state import BOOT, STATE_NAMES
from yuanlu.refund.transaction import KIND_REFUND, Transaction

ROOT = Path(__file__).parents[2]
A_PROOF = 100_000  # presses from which on nearly every screen and every refund state is wanted
SHARE = 0.95
# Alive at the end of a life beyond what is alive at the beginning of the next. The interpreter's table of names, which grows by
# doubling as flows bring theirs, takes 14 of it at once with 64-bit words, 9 with 32-bit words, and never again.
GROWTH_KB = 24
LOOK_EVERY = 100  # presses, at the flash: what is settled may leave the ring
ASKED, ANSWERED = "service.title", 40  # steps until he gives up
PAUSES_MS = (0, 0, 0, 40, 200, 1200)
QUIET_MS = 1300 * SECOND  # who is logged in is logged out, what waits has gone
LIMITS = {"limit_operator": 5000, "limit_supervisor": 200_000, "shift_count": 6, "old_days": 1}
REMINDERS = {"self_test_days": 1, "closing_days": 1, "due_days_card": 1, "due_days_wallet": 1, "notices": "20271231 盘点"}
SHOPS: tuple[dict[str, Any], ...] = (
    {"kind": "a", "budget": 4, "cash_refunds": 1},
    {"kind": "c", "login": 1, "budget": 4, "no_original": 1, **LIMITS},
    {"kind": "b", "can_be_asked": True, **REMINDERS},
    {"kind": "d", "login": 1, "open_hours": "0900-1900", **LIMITS, **REMINDERS},
    {"kind": "a", "can_be_asked": True, "login": 1, "budget": 3, "wallet_asks": "5 30", **LIMITS},
    {"kind": "b", "mac": "x9_19", "fee_returned": 1},
)
WITH_A_REST = 2  # of these


@dataclass
class Figures:
    """What a walk has come to."""

    seed: int
    presses: int = 0
    lives: int = 0
    refunds: int = 0
    seconds: float = 0.0  # of one core
    screens: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    heaps: list[dict[str, float]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Figures) -> None:
        """Those of another shop."""
        self.presses += other.presses
        self.lives += other.lives
        self.refunds += other.refunds
        self.seconds += other.seconds
        self.screens.update(other.screens)
        self.states.update(other.states)
        self.heaps += other.heaps
        self.wrong += other.wrong

    def missing(self) -> list[str]:
        """Screens that never came."""
        return sorted(" ".join(screen.ids) for screen in titles.screens() if screen.ids[0] not in self.screens)

    def missing_states(self) -> list[str]:
        """States that no refund was in."""
        return [state for state in states_of("refund") if state not in self.states]

    def share(self) -> float:
        """Of all screens."""
        return 1 - len(self.missing()) / len(titles.screens())


class Terminal:
    """One shop's terminal and who stands before it. calm: it is on all the time."""

    def __init__(self, figures: Figures, shop: Shop, draw: Random, calm: bool) -> None:
        self.figures, self.shop, self.draw = figures, shop, draw
        self.terminal, self.clerk = shop.terminal, Clerk(shop)
        self.fingers, self.mishaps = Fingers(shop, draw), Mishaps(shop, draw, calm, self._answer_technician)
        self.known: set[str] = set()
        self.complaints: list[str] = []
        self.told = 0  # lines of its log

    def work(self, presses: int) -> None:
        """So many keys, over as many lives as power makes of it."""
        until = self.figures.presses + presses
        while self.figures.presses < until:
            before = self.figures.presses
            self._switch_on()
            self._step()
            self.mishaps.pass_by(read(self.terminal.screen.text).name)
            if before // LOOK_EVERY != self.figures.presses // LOOK_EVERY:
                self._read_flash()
        self._end_life()

    def put_a_rest_off(self) -> None:
        """There was a day before: a wallet's refund went in part, and its rest waits. Chance alone comes to that too rarely."""
        self._switch_on()
        clerk = self.clerk
        for fen in (8000, 1000):
            clerk.start_sale(fen, "wallet")
            clerk.see("消费成功")
            clerk.press("ENTER 6 ENTER" if fen == 8000 else "ENTER 2 2 1 ENTER")
            clerk.see("账平" if fen == 8000 else "余额可能不足")
            clerk.press("ENTER" if fen == 8000 else "1 ENTER")
        clerk.settle(HOUR)
        clerk.back_to_menu()

    def _step(self) -> None:
        view = self._look()
        for key in self.fingers.keys(view) or [""]:
            if not self._press(key) or read(self.terminal.screen.text).name != view.name:
                break  # what was to be typed was meant for that screen

    def _answer_technician(self) -> None:
        """He goes on with what he does, and back to the menu the question stands there."""
        was_asked = False
        for _ in range(ANSWERED):
            is_asked = read(self.terminal.screen.text).name == ASKED
            if not self.terminal.is_on or (was_asked and not is_asked):
                break
            was_asked = was_asked or is_asked
            self._step()

    def _switch_on(self) -> None:
        if not self.terminal.is_on:
            self._end_life()
            self.terminal.power_on()
            self.figures.lives += 1
            self.shop.world.run(self.draw.choice(PAUSES_MS))
            self._wait()

    def _look(self) -> View:
        view = read(self.terminal.screen.text)
        if view.name:
            self.figures.screens[view.name] += 1
        return view

    def _press(self, key: str) -> bool:
        """One key, card or code, '' for none, and a pause; False when power went."""
        view, world = read(self.terminal.screen.text), self.shop.world
        if key == "ENTER" and not self.fingers.is_true(view):
            key = "CANCEL"
        kind, _, what = key.partition(" ")
        try:
            if kind == "card":
                self.clerk.present(what)
            elif kind == "scan":
                self._scan(what)
            elif key:
                self.clerk.press(key)
                self.figures.presses += 1
        except NoPower:
            return False
        except NotSeen as error:
            self._wrong(f"hangs: {error}")
            self.terminal.power_off()
            return False
        self._look()
        world.run(self.draw.choice(PAUSES_MS) if key else self.draw.randrange(200, 2000))
        self._look()
        return self.terminal.is_on

    def _scan(self, what: str) -> None:
        try:
            self.clerk.scan(what)
        except NotSeen:
            return  # a slip without a code

    def _wait(self) -> None:
        try:
            self.clerk.wait_for_terminal()
        except NotSeen as error:
            self._wrong(f"hangs: {error}")

    # ---- what is wrong

    def _wrong(self, what: str) -> None:
        if what not in self.complaints:  # what is wrong stays so
            self.complaints.append(what)
            self.figures.wrong.append(f"press {self.figures.presses}, shop {self.shop.seed}: {what}")

    def _read_flash(self) -> None:
        """Every state that a refund was in, and whether all that was known is there still."""
        self.figures.states.update(states_passed(self.terminal))
        there = {row["number"]: row["kind"] for row in self.shop.terminal_ledger()}
        for number in sorted(self.known - set(there)):
            self._wrong(f"{number} is gone and was not settled")
        self.figures.refunds += sum(there[number] == "refund" for number in set(there) - self.known)
        self.known = set(there)

    def _end_life(self) -> None:
        """Count the money: slips, terminal, acquirer; and look what the firmware has told of itself."""
        self._read_flash()
        ledger = self.shop.terminal_ledger()
        for what in [*self.shop.count_money(), *slips.contradictions(self.terminal.paper, ledger)]:
            self._wrong(what)
        for line in self.terminal.log[self.told :]:
            if "terminal stopped" in line or re.match("task .* failed", line):
                self._wrong(line)
        self.told = len(self.terminal.log)

    # ---- memory

    def measure(self) -> None:
        """Alive at the end of a long life, and at the beginning of the next one on the same journal. A look in the midst of an
        exchange would count what is there for it, so the least of several counts."""
        self.mishaps.mend()
        self._switch_on()
        end = self._quiet()
        self.terminal.power_off()
        self._switch_on()
        start = self._quiet()
        self.figures.heaps.append({"start": start, "end": end})
        if end - start > GROWTH_KB:
            self._wrong(f"memory has grown by {end - start:.1f} KB")

    def _quiet(self) -> float:
        for _ in range(60):
            name = read(self.terminal.screen.text).name
            if name in ("menu.title", "login.title"):
                break
            self.clerk.press("CANCEL ENTER" if name == "training.title" else "CANCEL")  # training asks before it ends
            self.shop.world.run(HOUR // 60)
        else:
            self._wrong(f"there is no way back to the menu from {name or self.terminal.screen.text[0]}")
        self.shop.world.run(QUIET_MS)
        return min(self._alive() for _ in range(3)) / 1024

    def _alive(self) -> int:
        self.shop.world.run(7 * SECOND)
        return self.terminal.measure_heap()

    def start_wrongly(self) -> None:
        """A life with settings that cannot be: nothing but that is said."""
        self.terminal.power_off()
        shelf = self.terminal.shelf
        kept = shelf.copy()
        for sector in range(shelf.sectors):
            shelf.erase(sector * shelf.sector_size)
        self.terminal.power_on()
        self._wait()
        for key in ("ENTER", "LANG", "2"):
            self._press(key)
        self.terminal.power_off()
        shelf.put_back(kept)


def states_passed(terminal: Any) -> set[str]:
    """Names of the states that refunds on the chip were in, one after the other."""
    folded: dict[int, Transaction] = {}
    found = set()
    for _, record in panel.records(terminal.flash):
        if record.type != BOOT and record.transaction:
            transaction = folded.setdefault(record.transaction, Transaction(record.transaction, record.original))
            try:
                transaction.apply(record)
            except StoreDamaged:
                continue
            if transaction.kind == KIND_REFUND:
                found.add(STATE_NAMES[transaction.state])
    return found


def visit_shop(presses: int, seed: int, number: int, firmware: Path = FIRMWARE) -> Figures:
    """So many presses in one shop; every second one is on all the time."""
    figures, began = Figures(seed), time.monotonic()
    shop = Shop(real=False, seed=seed * 1000 + number, firmware=firmware, **SHOPS[number % len(SHOPS)])
    try:
        there = Terminal(figures, shop, Random(f"walk {seed} {number}"), calm=number // len(SHOPS) % 2 == number % 2)
        if number % len(SHOPS) == WITH_A_REST:
            there.put_a_rest_off()
        there.work(presses)
        there.measure()
        there.start_wrongly()
    finally:
        shop.close()
    figures.seconds = time.monotonic() - began
    return figures
