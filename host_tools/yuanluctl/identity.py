"""Which terminal a paper is about: a line says it in its HELLO, an emulated terminal has settings, an image has check digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from host_tools.yuanluctl.cli_target import Chip
from host_tools.yuanluctl.journal.ledger import Ledger
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.targets import LINES, parse

if TYPE_CHECKING:
    from host_tools.yuanluctl.live import LiveTerminal


class Identity(NamedTuple):
    """The terminal's id (F41) and its merchant's (F42); empty where nobody tells them."""

    terminal: str
    merchant: str = ""


def identity(chip: Chip, ledger: Ledger) -> Identity:
    """Whose journal it is, as far as that is told and its records agree."""
    target = parse(chip.terminal.name)
    if target.kind in LINES:
        live: LiveTerminal = chip.terminal  # type: ignore[assignment]
        found = Identity(live.hello()[0].terminal.decode("ascii", "replace"))
    elif target.kind == "emu":
        found = _by_settings(chip.terminal.name)
    else:
        found = Identity("")
    return found if ledger.last and crc32(found.terminal.encode()) == ledger.last.terminal else Identity("")


def _by_settings(name: str) -> Identity:
    from host_tools.yuanluctl import settings  # loaded where it is used, so that --help is quick

    try:
        values = settings.read(name).values
    except Trouble:  # only a chip was kept
        return Identity("")
    return Identity(str(values.get("terminal", "")), str(values.get("merchant", "")))
