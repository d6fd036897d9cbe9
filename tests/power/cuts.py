"""One refund, cut at a chosen operation, powered up again, and the money counted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from emulator.clerk import Clerk
from emulator.parts.flash import TEARS
from emulator.shop import FIRMWARE, Shop

KINDS_OF_TEAR = tuple(TEARS)


@dataclass
class Outcome:
    """What became of one cut."""

    name: str
    hit: bool
    image: str  # digest of chip and vault right after the cut
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


def clerk(kind: str, firmware: Path = FIRMWARE, restarted: bool = False) -> Clerk:
    """A terminal with one sale of 100.00 done; `restarted`: powered up since, so that the refund has to seal first."""
    shop = Shop(real=False, kind=kind, firmware=firmware)
    hands = Clerk(shop)
    shop.terminal.power_on()
    hands.start_sale(10000)
    hands.see("消费成功")
    hands.press("ENTER")
    hands.see("原路退款终端")
    if restarted:
        shop.terminal.power_off()
        shop.terminal.power_on()
    return hands


def operations(kind: str, restarted: bool) -> dict[str, int]:
    """How many flash and vault operations one refund takes, from the first key to the slip."""
    hands = clerk(kind, restarted=restarted)
    terminal = hands.terminal
    hands.see("原路退款终端")
    before = terminal.flash.operations, terminal.vault.operations
    hands.start_refund(3000)
    hands.see("退货成功")
    hands.settle()
    counted = {"flash": terminal.flash.operations - before[0], "vault": terminal.vault.operations - before[1]}
    hands.shop.close()
    return counted


def run(plan: Plan, kind: str, firmware: Path = FIRMWARE, restarted: bool = False) -> Outcome:
    """Play the refund, cut where the plan says, power up, let everything settle, refund once more, count the money."""
    hands = clerk(kind, firmware, restarted)
    shop, terminal = hands.shop, hands.terminal
    try:
        hands.see("原路退款终端")
        if plan.part == "flash":
            terminal.flash.cut = (terminal.flash.operations + plan.operation, plan.tear)
        else:
            terminal.vault.cut = (terminal.vault.operations + plan.operation, plan.tear)
        confirmed = _refund_into_the_dark(hands)
        outcome = Outcome(str(plan), not terminal.is_on, _digest(shop))
        terminal.power_off()
        terminal.power_on()
        hands.see("原路退款终端", "网")
        hands.settle()
        outcome.wrong += _check(shop, confirmed)
        hands.start_refund(1000)
        hands.settle()
        outcome.wrong += _check(shop, confirmed, extra=1)
        outcome.states = [row["state"] for row in shop.terminal_ledger()]
        return outcome
    finally:
        shop.close()


def _refund_into_the_dark(hands: Clerk) -> bool:
    """Confirm a refund and wait for its end or the dark. True when the terminal had said that it took it."""
    world, terminal = hands.shop.world, hands.terminal
    hands.start_refund(3000)
    world.run_until(lambda: not terminal.is_on or len(terminal.paper) > 1, 20_000)
    world.run_until(lambda: not terminal.is_on, 300)
    return len(terminal.paper) > 1


def _digest(shop: Shop) -> str:
    flash = shop.terminal.flash
    slots = b"".join(bytes([slot]) + data for slot, data in sorted(shop.terminal.vault.slots.items()))
    return hashlib.sha256(bytes(flash.data) + bytes(flash.programmed) + slots).hexdigest()


def _check(shop: Shop, confirmed: bool, extra: int = 0) -> list[str]:
    """Money that does not agree, a refund the clerk was told of and that is gone, a number or a key used twice."""
    wrong = shop.count_money() + [f"alarm: {alarm['what']}" for alarm in shop.acquirer.ledger.alarms]
    refunds = [row for row in shop.terminal_ledger() if row["kind"] == "refund"]
    if len(refunds) < confirmed + extra:
        wrong.append(f"{len(refunds)} refunds in flash, {confirmed + extra} were confirmed")
    traces = [row["trace"] for row in shop.terminal_ledger()]
    if len(set(traces)) != len(traces):
        wrong.append(f"a trace was used twice: {traces}")
    if any(row["state"] in ("queued", "sending", "unknown", "waiting") for row in refunds):
        wrong.append(f"a refund is stuck: {[row['state'] for row in refunds]}")
    return wrong
