"""Lives of a shop on real MicroPython, each ended by a kill in the middle of a flash or vault operation, which is torn; the money
is counted after every life."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.clerk import MOVING, Clerk
from emulator.parts.flash import TEARS, Flash
from emulator.shop import Shop

LIVES_OF_A_SHOP = 25
KINDS = "abcd"


@dataclass
class Outcome:
    """What a number of lives came to."""

    lives: int = 0
    cuts: int = 0  # lives that ended in the middle of an operation
    booted: int = 0  # lives that came to the menu
    sales: int = 0
    refunds: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Take in others."""
        for name in ("lives", "cuts", "booted", "sales", "refunds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.wrong += other.wrong

    def figures(self) -> dict[str, Any]:
        """For the report."""
        return {**vars(self), "wrong": len(self.wrong)}


def play(seed: int, lives: int, firmware: Path | None = None) -> Outcome:
    """So many lives, 25 in each shop."""
    outcome = Outcome()
    for number in range(-(-lives // LIVES_OF_A_SHOP)):
        outcome.add(_shop(seed * 1000 + number, min(LIVES_OF_A_SHOP, lives - outcome.lives), firmware))
    return outcome


def _shop(seed: int, lives: int, firmware: Path | None) -> Outcome:
    chance, outcome = random.Random(seed), Outcome()
    flash = Flash(chance.choice((4, 6, 16)), 4096, chance.choice((1, 16, 32)))
    chosen: dict[str, Any] = {} if firmware is None else {"firmware": firmware}
    shop = Shop(real=False, kind=chance.choice(KINDS), seed=seed, flash=flash, **chosen)
    try:
        for _ in range(lives):
            _life(shop, chance, outcome)
        shop.plug_serial(True)
        shop.terminal.plug_network(True)
        shop.terminal.power_on()
        _let_settle(shop)
        outcome.wrong += [f"shop {seed}: {line}" for line in _count(shop)]
        ledger = shop.terminal_ledger()
        outcome.sales = sum(row["kind"] == "sale" and row["state"] == "done" for row in ledger)
        outcome.refunds = sum(row["kind"] != "sale" and row["state"] == "done" for row in ledger)
    finally:
        shop.close()
    return outcome


def _life(shop: Shop, chance: random.Random, outcome: Outcome) -> None:
    """Power on, some work, dark."""
    terminal = shop.terminal
    outcome.lives += 1
    part = terminal.vault if chance.random() < 0.1 else terminal.flash
    part.cut = (part.operations + chance.randrange(1, 16), chance.choice(list(TEARS)))
    terminal.network.plugged = chance.random() < 0.85
    shop.plug_serial(chance.random() < 0.5)
    terminal.power_on()
    shop.world.run_until(lambda: not terminal.is_on or "原路退款终端" in terminal.screen.text, 20_000)
    outcome.booted += terminal.is_on and "原路退款终端" in terminal.screen.text
    for _ in range(chance.randrange(2, 5)):
        if terminal.is_on:
            _work(shop, chance)
    outcome.cuts += not terminal.is_on
    terminal.power_off()
    terminal.flash.cut = terminal.vault.cut = None
    stopped = [line for line in terminal.log if "terminal stopped" in line or "Traceback" in line]
    terminal.log.clear()
    outcome.wrong += stopped
    outcome.wrong += _count(shop)


def _work(shop: Shop, chance: random.Random) -> None:
    """Keys as a clerk presses them; a refusal or the dark ends them without harm."""
    terminal = shop.terminal
    if chance.random() < 0.15:
        terminal.plug_network(not terminal.network.plugged)
    if chance.random() < 0.45:
        keys = ["1", *str(chance.randrange(100, 9999)), "ENTER"]
    else:
        keys = ["2", str(chance.randrange(1, 4)), "1", *str(chance.randrange(1, 90)), "ENTER", "ENTER"]
    for key in keys:
        if terminal.is_on:
            terminal.press(key)
            shop.world.run_until(lambda: not terminal.is_on, 60)
    if keys[0] == "1" and terminal.is_on:
        terminal.present("unionpay")
    shop.world.run_until(lambda: not terminal.is_on, chance.choice((300, 2500, 6000)))
    for key in ("ENTER", "CANCEL", "CANCEL"):
        if terminal.is_on:
            terminal.press(key)
            shop.world.run_until(lambda: not terminal.is_on, 60)


def _let_settle(shop: Shop) -> None:
    """Until nothing moves any more, or two minutes of the shop's time."""
    hands = Clerk(shop)
    shop.world.run_until(lambda: all(row["state"] not in MOVING for row in hands.shop.terminal_ledger()), 120_000)


def _count(shop: Shop) -> list[str]:
    wrong = shop.count_money()
    traces = [row["trace"] for row in shop.terminal_ledger() if row["trace"]]
    if len(set(traces)) != len(traces):
        wrong.append(f"a trace was used twice: {sorted(traces)}")
    return wrong
