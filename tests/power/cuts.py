"""One refund, cut at a chosen operation, powered up again, and the money counted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from emulator.parts.flash import TEARS
from emulator.shop import FIRMWARE, Shop
from emulator.story import Story

KINDS_OF_TEAR = tuple(TEARS)


@dataclass
class Outcome:
    """What became of one cut."""

    name: str
    hit: bool
    image: str  # digest of the chip right after the cut
    wrong: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)


@dataclass
class Plan:
    """Where power goes: at which operation of the refund, of which part, and how far the operation gets."""

    part: str  # flash, vault
    operation: int
    tear: str = "done"

    def __str__(self) -> str:
        return f"{self.part} operation {self.operation}, {self.tear}"


def clerk(kind: str, firmware: Path = FIRMWARE, restarted: bool = False) -> Story:
    """A terminal with one sale of 100.00 done; `restarted`: powered up since, so that the refund has to seal first."""
    shop = Shop(real=False, kind=kind, firmware=firmware)
    story = Story(shop, lambda text: None)
    shop.terminal.power_on()
    story.sell("10000")
    story.see("消费成功")
    story.press("ENTER")
    story.see("原路退款终端")
    if restarted:
        shop.terminal.power_off()
        shop.terminal.power_on()
    return story


def operations(kind: str, restarted: bool) -> dict[str, int]:
    """How many flash and vault operations one refund takes, from the first key to the slip."""
    story = clerk(kind, restarted=restarted)
    terminal = story.terminal
    story.see("原路退款终端")
    before = terminal.flash.operations, terminal.vault.operations
    story.refund("3000")
    story.see("退货成功")
    story.settle()
    counted = {"flash": terminal.flash.operations - before[0], "vault": terminal.vault.operations - before[1]}
    story.shop.close()
    return counted


def run(plan: Plan, kind: str, firmware: Path = FIRMWARE, restarted: bool = False) -> Outcome:
    """Play the refund, cut where the plan says, power up, let everything settle, refund once more, count the money."""
    story = clerk(kind, firmware, restarted)
    shop, terminal = story.shop, story.terminal
    try:
        story.see("原路退款终端")
        if plan.part == "flash":
            terminal.flash.cut = (terminal.flash.operations + plan.operation, plan.tear)
        else:
            terminal.vault.cut = terminal.vault.operations + plan.operation
        confirmed = _refund_into_the_dark(story)
        outcome = Outcome(str(plan), not terminal.is_on, _digest(shop))
        terminal.power_off()
        terminal.power_on()
        story.see("原路退款终端", "网")
        story.settle()
        outcome.wrong += _check(shop, confirmed)
        story.refund("1000")
        story.settle()
        outcome.wrong += _check(shop, confirmed, extra=1)
        outcome.states = [row["state"] for row in shop.terminal_ledger()]
        return outcome
    finally:
        shop.close()


def _refund_into_the_dark(story: Story) -> bool:
    """Confirm a refund and wait for its end or the dark. True when the terminal had said that it took it."""
    world, terminal = story.shop.world, story.terminal
    story.refund("3000")
    world.run_until(lambda: not terminal.is_on or len(terminal.paper) > 1, 20_000)
    world.run_until(lambda: not terminal.is_on, 300)
    return len(terminal.paper) > 1


def _digest(shop: Shop) -> str:
    flash = shop.terminal.flash
    return hashlib.sha256(bytes(flash.data) + bytes(flash.programmed)).hexdigest()


def _check(shop: Shop, confirmed: bool, extra: int = 0) -> list[str]:
    """Money that does not agree, a refund the clerk was told of and that is gone, a number used twice."""
    wrong = shop.count_money()
    refunds = [row for row in shop.terminal_ledger() if row["kind"] == "refund"]
    if len(refunds) < confirmed + extra:
        wrong.append(f"{len(refunds)} refunds in flash, {confirmed + extra} were confirmed")
    traces = [row["trace"] for row in shop.terminal_ledger()]
    if len(set(traces)) != len(traces):
        wrong.append(f"a trace was used twice: {traces}")
    if any(row["state"] in ("queued", "sending", "unknown", "waiting") for row in refunds):
        wrong.append(f"a refund is stuck: {[row['state'] for row in refunds]}")
    return wrong
