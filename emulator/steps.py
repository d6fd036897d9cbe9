"""The steps of a scenario: how the value of each is checked (emulator/checks.py), and what it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator import checks as c
from emulator import offline_sale, traffic
from emulator.acquirer import ASKS, FAILURES, MOODS
from emulator.checks import Check
from emulator.clerk import READ_OFF, Clerk, NotSeen
from emulator.parts.flash import TEARS
from emulator.parts.reader import TRAY
from emulator.shop import SETTLED, TERMINAL
from emulator.strict_yaml import Mapping, Mistake
from yuanlu.refund.state import STATE_NAMES

LAST_BATCH = LAST_TRACE = 999_999


class NotAsExpected(Exception):
    """An `expect` does not hold."""


def _refund(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(c.fields({"amount": c.money}, {"sale": c.whole(1, 9)})(value))
    return {"amount": c.money(value)}


def _sale(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(c.fields({"amount": c.money, "card": c.one_of(*TRAY)}, {})(value))
    return {"amount": c.money(value), "card": "unionpay"}


def _cut(value: Any) -> dict[str, Any]:
    tear = {"operation": c.whole(1, 999_999), "tear": c.one_of(*TEARS)}
    checked = c.fields({"at": c.one_of("sent", "flash")}, tear)(value)
    if checked["at"] == "sent" and len(checked) > 1:
        raise Mistake("operation and tear are of a cut at flash")
    return dict(checked)


_OFFLINE_SALE = {"amount": c.money, "batch": c.whole(1, LAST_BATCH), "trace": c.whole(1, LAST_TRACE)}
# What the acquirer can be told.
TOLD: dict[str, Check] = {
    "mood": c.one_of(*MOODS),
    "count": c.whole(1, 99),
    "batch": c.whole(1, LAST_BATCH),
    "asks": c.one_of(*ASKS),
    "balance": c.balance,
    "wallet takes": c.duration,
    "wallet fails": c.one_of(*sorted(FAILURES), "never"),
    "offline sale": c.fields(_OFFLINE_SALE, {}),
    "without original": c.one_of("booked", "declined"),
}


def _acquirer(value: Any) -> dict[str, Any]:
    checked = c.fields({}, TOLD)(value)
    if not set(checked) - {"count"} or ("count" in checked and "mood" not in checked):
        raise Mistake(f"one of {', '.join(TOLD)}; a count only with its mood")
    if checked.get("mood") == "normal" and "count" in checked:
        raise Mistake("normal is until changed, without a count")
    return dict(checked)


_states = c.list_of(c.one_of(*STATE_NAMES), "states")
EXPECTATIONS: dict[str, Check] = {
    "sales": _states,
    "refunds": _states,
    "voids": _states,
    "booked": c.amount,
    "batch": c.whole(1, LAST_BATCH),
    "waiting": c.whole(0, 99),
    "messages": c.list_of(c.matching(traffic.FORM, traffic.EXAMPLE), "messages"),
    "alarms": c.whole(0, 99),
    "screen": c.texts,
}


def _expectations(value: Any) -> dict[str, Any]:
    checked = c.fields({}, EXPECTATIONS)(value)
    if not checked:
        raise Mistake("something to hold the shop to")
    return dict(checked)


# ---- what each step does


def _power(clerk: Clerk, value: str) -> None:
    clerk.terminal.power_on() if value == "on" else clerk.terminal.power_off()


def _arrange_cut(clerk: Clerk, value: dict[str, Any]) -> None:
    """Arrange a power cut: when the next message has left, or at the n-th flash operation from now."""
    if value["at"] == "sent":
        clerk.terminal.cut_when_sent = True
    else:
        flash = clerk.terminal.flash
        flash.cut = (flash.operations + value.get("operation", 1), value.get("tear", "done"))


def _copy(clerk: Clerk, value: str) -> None:
    """Copy the chip, or put one back, as somebody does who wants refunds forgotten."""
    if value == "copy":
        clerk.terminal.copy()
    else:
        clerk.terminal.put_back(vault=value == "put back with vault")


def _sell_offline(clerk: Clerk, value: dict[str, Any]) -> None:
    try:
        offline_sale.sell(clerk.terminal, **value)
    except ValueError as error:
        raise NotSeen(str(error)) from error


def _dark(clerk: Clerk, value: int) -> None:
    if not clerk.shop.world.run_until(lambda: not clerk.terminal.is_on, value):
        raise NotSeen("power never went")


def _tell_acquirer(clerk: Clerk, value: dict[str, Any]) -> None:
    if "mood" in value:
        check_mood_was_met(clerk)
        clerk.shop.acquirer.set_mood(value["mood"], value.get("count"))
        clerk.mood_since = len(traffic.told(clerk.shop.acquirer.events))
    if "batch" in value:
        clerk.shop.acquirer.set_batch(TERMINAL, value["batch"])
    if "asks" in value:
        clerk.shop.acquirer.ask_terminal(ASKS.index(value["asks"]))
    if "offline sale" in value:
        clerk.shop.acquirer.upload_offline_sale(TERMINAL, **value["offline sale"], when=clerk.shop.world.date)
    if "without original" in value:
        clerk.shop.acquirer.allow_without_original(value["without original"] == "booked")
    _tell_wallets(clerk, value)


def _tell_wallets(clerk: Clerk, value: dict[str, Any]) -> None:
    wallets = clerk.shop.acquirer.wallets
    if "balance" in value:
        wallets.balance = value["balance"]
    wallets.done_after_ms = value.get("wallet takes", wallets.done_after_ms)
    if "wallet fails" in value:
        wallets.fails = None if value["wallet fails"] == "never" else value["wallet fails"]


def check_mood_was_met(clerk: Clerk) -> None:
    """NotAsExpected when the mood that was set last was not met by as many requests as it was set for."""
    acquirer = clerk.shop.acquirer
    if acquirer.mood == "normal":
        return
    if acquirer.mood_count is not None:
        raise NotAsExpected(f"the acquirer's mood '{acquirer.mood}' waits for {acquirer.mood_count} more that never came")
    if len(traffic.told(acquirer.events)) == clerk.mood_since:
        raise NotAsExpected(f"nothing met the acquirer's mood '{acquirer.mood}'")


def check_all_happened(clerk: Clerk) -> None:
    """At the end of a scenario: what was arranged has come, and the acquirer had no reason for an alarm that nobody expected."""
    check_mood_was_met(clerk)
    if clerk.terminal.cut_when_sent or clerk.terminal.flash.cut is not None:
        raise NotAsExpected("the power cut that was arranged never came")
    if clerk.shop.acquirer.asks:
        raise NotAsExpected(f"nothing carried what the acquirer asks for: {ASKS[clerk.shop.acquirer.asks]}")
    alarms = clerk.shop.acquirer.ledger.alarms
    if len(alarms) != clerk.alarms_expected:
        raise NotAsExpected(f"alarms of the acquirer: {'; '.join(alarm['what'] for alarm in alarms)}")


def _expect(clerk: Clerk, value: dict[str, Any]) -> None:
    ledger = clerk.shop.terminal_ledger()
    acquirer = clerk.shop.acquirer
    found: dict[str, Any] = {
        "sales": [row["state"] for row in ledger if row["kind"] == "sale"],
        "refunds": [row["state"] for row in ledger if row["kind"] == "refund"],
        "voids": [row["state"] for row in ledger if row["kind"] == "void"],
        "booked": sum(booked["amount"] for booked in acquirer.ledger.money("refund").values()),
        "batch": acquirer.open_batch(TERMINAL),
        "waiting": sum(row["state"] not in SETTLED for row in ledger),
        "messages": traffic.told(acquirer.events),
        "alarms": len(acquirer.ledger.alarms),
    }
    clerk.alarms_expected = value.get("alarms", clerk.alarms_expected)
    for name, wanted in value.items():
        if name == "screen":
            if not all(text in clerk.terminal.screen.text for text in wanted):
                raise NotAsExpected(f"the screen does not show {' + '.join(wanted)}:\n{clerk.picture()}")
        elif found[name] != wanted:
            raise NotAsExpected(f"{name}: {wanted} expected, {found[name]} found")


def _start_refund(clerk: Clerk, value: dict[str, Any]) -> None:
    clerk.start_refund(value["amount"], value.get("sale", 1))


VERBS: dict[str, tuple[Check, Callable[[Clerk, Any], Any]]] = {
    "say": (c.texts, lambda clerk, value: None),
    "press": (c.keys, Clerk.press),
    "card": (c.one_of(*TRAY), Clerk.present),
    "scan": (c.text, Clerk.scan),
    "type": (c.matching(f"({'|'.join(READ_OFF)}) [1-9]", f"{', '.join(READ_OFF)}, and a slip: rrn 1"), Clerk.type_off),
    "see": (c.texts, lambda clerk, value: clerk.see(*value)),
    "slip": (c.texts, lambda clerk, value: clerk.take_slip(*value)),
    "sell": (_sale, lambda clerk, value: clerk.start_sale(value["amount"], value["card"])),
    "refund": (_refund, _start_refund),
    "menu": (c.nothing, lambda clerk, value: clerk.back_to_menu()),
    "network": (c.one_of("plugged", "pulled"), lambda clerk, value: clerk.terminal.plug_network(value == "plugged")),
    "serial": (c.one_of("plugged", "pulled"), lambda clerk, value: clerk.shop.plug_serial(value == "plugged")),
    "paper": (c.one_of("in", "out"), lambda clerk, value: setattr(clerk.terminal, "paper_in", value == "in")),
    "power": (c.one_of("on", "off"), _power),
    "cut": (_cut, _arrange_cut),
    "chip": (c.one_of("copy", "put back", "put back with vault"), _copy),
    "offline sale": (c.fields(_OFFLINE_SALE, {}), _sell_offline),
    "dark": (c.duration, _dark),
    "acquirer": (_acquirer, _tell_acquirer),
    "wait": (c.duration, lambda clerk, value: clerk.shop.world.run(value)),
    "settle": (c.duration, Clerk.settle),
    "log in": (c.staff, Clerk.log_in),
    "log out": (c.nothing, lambda clerk, value: clerk.log_out()),
    "pick": (c.text, Clerk.pick),
    "sign": (c.staff, Clerk.sign),
    "new pin": (c.staff, Clerk.new_pin),
    "telephone": (c.money, Clerk.telephone),
    "expect": (_expectations, _expect),
}
# A scenario without any of these could not fail.
CAN_FAIL = {"see", "type", "pick", "log in", "log out", "slip", "sell", "refund", "menu", "dark", "settle", "expect"}
