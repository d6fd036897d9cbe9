"""The control API, version 1: what can be done to a shop and what can be seen of it, as plain data. docs/emulator.md lists it.

The page, the command line and tests are its clients; over the wire it is JSON on a WebSocket.
"""

from __future__ import annotations

import base64
import inspect
from collections.abc import Callable
from typing import Any

from emulator.acquirer import MOODS
from emulator.parts.printer import Picture
from emulator.parts.reader import TRAY
from emulator.shop import Shop

VERSION = 1
_LOG_LINES = 60


class BadCommand(Exception):
    """The command does not exist or its arguments do not fit: says what is expected."""


class Control:
    """Commands on one shop. Call it from the world's thread only."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        terminal = shop.terminal
        self.commands: dict[str, Callable[..., Any]] = {
            "press": lambda key: terminal.press(_text(key)),
            "card": lambda card: terminal.present(_text(card)),
            "scan": lambda text: terminal.scan(_text(text)),
            "scan_slip": self._scan_slip,
            "network": lambda plugged: terminal.plug_network(_flag(plugged)),
            "serial": lambda plugged: shop.plug_serial(_flag(plugged)),
            "power": lambda on: self._power(_flag(on)),
            "cut_when_sent": self._cut_when_sent,
            "mood": self._mood,
            "give_key": self._give_key,
            "paper": lambda present: self._paper(_flag(present)),
            "tear": self._tear,
            "state": self.state,
        }

    def do(self, command: dict[str, Any]) -> Any:
        """Carry out {'do': name, arguments ...}; BadCommand when it cannot be."""
        arguments = {name: value for name, value in command.items() if name not in ("id", "do")}
        action = self.commands.get(str(command.get("do")))
        if action is None:
            raise BadCommand(f"no command {command.get('do')!r}; there are {', '.join(self.commands)}")
        wanted = list(inspect.signature(action).parameters)
        if set(arguments) - set(wanted):
            raise BadCommand(f"{command['do']}: takes {', '.join(wanted) or 'nothing'}, not {', '.join(arguments)}")
        try:
            inspect.signature(action).bind(**arguments)
        except TypeError as error:
            raise BadCommand(f"{command['do']}: {', '.join(wanted)} is missing") from error
        try:
            return action(**arguments)
        except ValueError as error:
            raise BadCommand(f"{command['do']}: {error}") from error

    def _power(self, on: bool) -> None:
        self.shop.terminal.power_on() if on else self.shop.terminal.power_off()

    def _tear(self) -> None:
        self.shop.terminal.paper.clear()
        self.shop.terminal.on_change()

    def _scan_slip(self, slip: int) -> None:
        terminal = self.shop.terminal
        if not isinstance(slip, int) or isinstance(slip, bool) or not 0 <= slip < len(terminal.paper):
            raise ValueError(f"slip {slip!r} is none of `paper`")
        terminal.scan_slip(len(terminal.slips) - len(terminal.paper) + slip)

    def _cut_when_sent(self, armed: bool = True) -> None:
        self.shop.terminal.cut_when_sent = _flag(armed)
        self.shop.terminal.on_change()

    def _mood(self, mood: str, count: int | None = None) -> None:
        if count is not None and (not isinstance(count, int) or isinstance(count, bool)):
            raise ValueError(f"count {count!r} is not a whole number")
        self.shop.acquirer.set_mood(_text(mood), count)
        self.shop.terminal.on_change()

    def _give_key(self, key_id: str, key: str) -> None:
        self.shop.acquirer.give_key(self.shop.id, bytes.fromhex(_text(key_id)), bytes.fromhex(_text(key)))

    def _paper(self, present: bool) -> None:
        self.shop.terminal.paper_in = present
        self.shop.terminal.on_change()

    def state(self) -> dict[str, Any]:
        """Everything that there is to see. Amounts in fen, pixels in base64 (240 x 160, 8 to a byte, left in the highest bit)."""
        shop, terminal = self.shop, self.shop.terminal
        flash = terminal.flash
        return {
            "version": VERSION,
            "on": terminal.is_on,
            "pixels": base64.b64encode(terminal.screen.pixels).decode(),
            "text": terminal.screen.text,
            "paper": terminal.paper,
            "paper_pictures": [_pictures(slip) for slip in terminal.slips[len(terminal.slips) - len(terminal.paper) :]],
            "paper_in": terminal.paper_in,
            "network": terminal.network.plugged,
            "serial": terminal.serial.plugged,
            "cut_when_sent": terminal.cut_when_sent,
            "log": terminal.log[-_LOG_LINES:],
            "pins": {str(number): pin for number, pin in shop.pins.items()} if shop.settings["login"] else {},
            "tray": [
                {"id": name, "name": card.name, "number": f"{card.number[:6]}****{card.number[-4:]}"}
                for name, card in TRAY.items()
            ],
            "terminal": shop.terminal_ledger(),
            "attached": f"{shop.address[0]}:{shop.address[1]}" if shop.attached else None,
            "acquirer": None if shop.attached else {**shop.acquirer.view(), "moods": list(MOODS)},
            "discrepancies": [] if shop.attached else shop.count_money(),
            "flash": {
                "sector_size": flash.sector_size,
                "used": [
                    flash.unit * sum(flash.programmed[at : at + flash.sector_size // flash.unit])
                    for at in range(0, len(flash.programmed), flash.sector_size // flash.unit)
                ],
                "erases": flash.erases,
            },
        }


def _pictures(slip: list[str | Picture]) -> list[dict[str, Any]]:
    """What of a slip is no text."""
    return [
        {"width": 8 * len(part.rows[0]), "bits": base64.b64encode(b"".join(part.rows)).decode()}
        for part in slip
        if isinstance(part, Picture)
    ]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is not true or false")
    return value
