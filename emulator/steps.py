"""The steps of a scenario: how the value of each is checked, and what it does. Checks raise ValueError with what is expected."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from emulator.acquirer import MOODS
from emulator.clerk import Clerk, NotSeen
from emulator.parts.flash import TEARS
from emulator.parts.reader import TRAY
from emulator.shop import TERMINAL


class NotAsExpected(Exception):
    """An `expect` does not hold."""


def _amount(value: Any) -> int:
    """12.34 or '12.34' to fen."""
    match = re.fullmatch(r"(\d{1,6})(?:\.(\d{1,2}))?", str(value))
    if match is None or isinstance(value, bool):
        raise ValueError("an amount like 30.00")
    return int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0"))


def _duration(value: Any) -> int:
    """'300ms', '3s', '2m', '1h' to milliseconds."""
    match = re.fullmatch(r"(\d+)(ms|s|m|h)", str(value))
    if match is None:
        raise ValueError("a duration like 300ms, 3s, 2m or 1h")
    return int(match[1]) * {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}[match[2]]


def _texts(value: Any) -> list[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
        raise ValueError("a text or a list of texts")
    return texts


def one_of(*choices: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        # YAML reads on and off as true and false.
        value = {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value
        if value not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return str(value)

    return check


def flag(value: Any) -> bool:
    """true or false"""
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("a whole number")
    return value


def fields(required: dict[str, Callable[[Any], Any]], **optional: Callable[[Any], Any]) -> Callable[[Any], dict[str, Any]]:
    def check(value: Any) -> dict[str, Any]:
        known = {**required, **optional}
        if not isinstance(value, dict) or set(required) - set(value) or set(value) - set(known):
            raise ValueError(
                f"fields {', '.join(required) or 'none'}" + (f", optional {', '.join(optional)}" if optional else "")
            )
        return {name: known[name](item) for name, item in value.items()}

    return check


def _refund(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return fields({"amount": _amount}, sale=_whole)(value)
    return {"amount": _amount(value)}


def _keys(value: Any) -> str:
    if not isinstance(value, (str, int)) or isinstance(value, bool):
        raise ValueError("keys with blanks between, like '2 1 ENTER'")
    return str(value)


_states = fields({}, sales=_texts, refunds=_texts, voids=_texts, booked=_amount, screen=_texts, waiting=_whole)

# ---- what each step does


def _power(clerk: Clerk, value: str) -> None:
    clerk.terminal.power_on() if value == "on" else clerk.terminal.power_off()


def _cut(clerk: Clerk, value: dict[str, Any]) -> None:
    """Arrange a power cut: when the next message has left, or at the n-th flash operation from now."""
    if value["at"] == "sent":
        clerk.terminal.cut_when_sent = True
    else:
        flash = clerk.terminal.flash
        flash.cut = (flash.operations + value.get("operation", 1), value.get("tear", "done"))


def _dark(clerk: Clerk, value: int) -> None:
    if not clerk.shop.world.run_until(lambda: not clerk.terminal.is_on, value):
        raise NotSeen("power never went")


def _acquirer(clerk: Clerk, value: dict[str, Any]) -> None:
    if "mood" in value:
        clerk.shop.acquirer.set_mood(value["mood"], value.get("count"))
    if "batch" in value:
        clerk.shop.acquirer.set_batch(TERMINAL, value["batch"])


def _expect(clerk: Clerk, value: dict[str, Any]) -> None:
    ledger = clerk.shop.terminal_ledger()
    found: dict[str, Any] = {
        "sales": [row["state"] for row in ledger if row["kind"] == "sale"],
        "refunds": [row["state"] for row in ledger if row["kind"] == "refund"],
        "voids": [row["state"] for row in ledger if row["kind"] == "void"],
        "booked": sum(booked["amount"] for booked in clerk.shop.acquirer.ledger.money("refund").values()),
        "waiting": sum(row["state"] not in ("done", "declined", "reversed", "withdrawn") for row in ledger),
    }
    for name, wanted in value.items():
        if name == "screen":
            if not all(text in clerk.terminal.screen.text for text in wanted):
                raise NotAsExpected(f"the screen does not show {' + '.join(wanted)}:\n{clerk.picture()}")
        elif found[name] != wanted:
            raise NotAsExpected(f"{name}: {wanted} expected, {found[name]} found")


def _refund_step(clerk: Clerk, value: dict[str, Any]) -> None:
    clerk.start_refund(value["amount"], value.get("sale", 1))


VERBS: dict[str, tuple[Callable[[Any], Any], Callable[[Clerk, Any], Any]]] = {
    "say": (_texts, lambda clerk, value: None),
    "press": (_keys, Clerk.press),
    "card": (one_of(*TRAY), lambda clerk, value: clerk.terminal.present(value)),
    "see": (_texts, lambda clerk, value: clerk.see(*value)),
    "slip": (_texts, lambda clerk, value: clerk.take_slip(*value)),
    "sell": (_amount, Clerk.start_sale),
    "refund": (_refund, _refund_step),
    "menu": (lambda value: None, lambda clerk, value: clerk.back_to_menu()),
    "network": (one_of("plugged", "pulled"), lambda clerk, value: clerk.terminal.plug_network(value == "plugged")),
    "serial": (one_of("plugged", "pulled"), lambda clerk, value: clerk.shop.plug_serial(value == "plugged")),
    "paper": (one_of("in", "out"), lambda clerk, value: setattr(clerk.terminal, "paper_in", value == "in")),
    "power": (one_of("on", "off"), _power),
    "cut": (fields({"at": one_of("sent", "flash")}, operation=_whole, tear=one_of(*TEARS)), _cut),
    "dark": (_duration, _dark),
    "acquirer": (fields({}, mood=one_of(*MOODS), count=_whole, batch=_whole), _acquirer),
    "wait": (_duration, lambda clerk, value: clerk.shop.world.run(value)),
    "settle": (_duration, Clerk.settle),
    "expect": (_states, _expect),
}
