"""`yuanluctl keys`: which keys a terminal has, a new one in a key block, how two people make the key that blocks come under."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import rich_click as click

from host_tools.yuanluctl import asking, authority, transport_keys
from host_tools.yuanluctl.cli_authority import making, open_key_file
from host_tools.yuanluctl.cli_target import Voice, on_a_line, spoken
from host_tools.yuanluctl.keeping import keep, try_new
from host_tools.yuanluctl.live import LiveTerminal
from host_tools.yuanluctl.outcome import Trouble, perhaps_done
from host_tools.yuanluctl.refusal import Refusal
from host_tools.yuanluctl.targets import read_regular
from yuanlu.wire import service as wire

_LARGEST_FILE = 4096
_IN_A_ROW = 4  # groups of a sheet
_key_file = click.argument("key_file", type=click.Path(path_type=Path))


@click.group()
def keys() -> None:
    """Which keys a terminal has, a new one in a key block, the ceremony in which two people make the key for blocks."""


@keys.command()
@on_a_line()
def status(terminal: LiveTerminal, voice: Voice) -> None:
    """Say of each key whether it is there, its check value or id, and its counter. Never a key.

    Exit codes: 0 shown, 2 wrong use, 3 nobody there, 4 port busy, 5 no answer, 6 not allowed.
    """
    rows = key_rows(terminal, terminal.open(wire.DIAG).command(wire.KEYS))
    lines = [
        voice.say("keys.there" if one["there"] else "keys.missing", voice.say(f"key.{one['key']}"), one["check"], one["counter"])
        for one in rows
    ]
    voice.answer({"target": terminal.name, "keys": rows}, lines)


def key_rows(terminal: LiveTerminal, content: bytes) -> list[dict[str, Any]]:
    """What a terminal says of its keys; Trouble."""
    try:
        rows: list[dict[str, Any]] = [
            {"key": str(name), "there": bool(there), "check": str(check), "counter": int(counter)}
            for name, there, check, counter in json.loads(content)
        ]
    except (ValueError, TypeError, OverflowError, RecursionError) as problem:
        raise Trouble("protocol", terminal.name, "keys") from problem
    if unknown := [one["key"] for one in rows if one["key"] not in _NAMES]:
        raise Trouble("protocol", terminal.name, f"keys {unknown[0][:20]!r}")
    return rows


_NAMES = ("transport", "messages", "master", "pins", "telephone", "service", "signatures")


@keys.command()
@click.argument("block_file", type=click.Path(path_type=Path))
@on_a_line(writes=True)
def inject(terminal: LiveTerminal, voice: Voice, block_file: Path) -> None:
    """Give the terminal the key for messages in BLOCK_FILE, a TR-31 block of version D; only the terminal can open it.

    A block that the terminal refuses ends the session: one try a ticket.

    Exit codes: 0 done, 2 wrong use, 3 nobody there, 4 port busy, 5 no answer, 6 not allowed, 8 refused.
    """
    block = read_regular(block_file, _LARGEST_FILE, "file", str(block_file)).strip()
    if not transport_keys.is_block(block) or len(block) > wire.MOST_READ:
        raise Trouble("key_block", block_file)
    if voice.dry_run:
        told = terminal.glance(wire.DIAG | wire.KEYLOAD)
        if told is not None and (reason := _no_key_now(terminal, told)):
            raise Refusal(terminal.name, reason)
        voice.would(terminal.name, told is not None)
        return
    session = terminal.open(wire.DIAG | wire.KEYLOAD)
    with perhaps_done("hint.perhaps_key"):
        check = session.command(wire.INJECT, block)
    value = check.decode("ascii", "replace")[:5]
    voice.answer({"target": terminal.name, "check": value}, [voice.say("keys.injected", value)])


def _no_key_now(terminal: LiveTerminal, told: dict[str, Any]) -> str:
    """Why a terminal that says so of itself takes no key; empty where nothing can be seen that stands in the way."""
    rows = key_rows(terminal, terminal.open(wire.DIAG).command(wire.KEYS))
    if not any(one["key"] == "transport" and one["there"] for one in rows):
        return "refused.no_transport"
    return "refused.keys_open" if told["waiting"] else ""


@keys.command()
@_key_file
@click.option(
    "--sheets", is_flag=True, help="Print each component as the terminal's keypad takes it, for its owner to write down."
)
@spoken()
def ceremony(voice: Voice, key_file: Path, sheets: bool) -> None:
    """Make a transport key of the components of two people, and keep it under a passphrase. A file that is there is left alone.

    Each types 64 hex digits that the other does not see, twice, or the 16 groups of his sheet; the check value of each and of the
    key is shown. The same two components are typed at the terminal, in groups. With --sheets those are printed on stderr, and the
    screen is cleared when their owner has pressed ENTER.

    Exit codes: 0 made, 2 wrong use, or the file cannot be made or is there.
    """
    with making(key_file):
        try_new(key_file)
    if sheets and not asking.is_a_screen(sys.stderr):
        raise Trouble("no_screen")
    parts = [_component(voice, number, sheets) for number in (1, 2)]
    try:
        key = transport_keys.joined(*parts)
    except ValueError as problem:
        raise Trouble("components", problem) from problem
    passphrase = voice.secret("keys.passphrase", key_file, twice=True)
    if len(passphrase) < authority.SHORTEST:
        raise Trouble("short_passphrase", authority.SHORTEST)
    with making(key_file):
        keep(key_file, authority.new(passphrase, key, transport_keys.FORMAT), new=True)
    value = transport_keys.check_value(key)
    voice.answer({"file": str(key_file), "check": value}, [voice.say("keys.made", key_file, value)])


def _component(voice: Voice, number: int, sheets: bool) -> bytes:
    text = voice.secret("keys.component", number, twice=True)
    try:
        part = transport_keys.component(text)
    except ValueError as problem:
        raise Trouble("components", problem) from problem
    if sheets:
        _show_sheet(voice, number, transport_keys.groups(part))
    click.echo(voice.say("keys.component_check", number, transport_keys.check_value(part)), err=True)
    return part


def _show_sheet(voice: Voice, number: int, groups: list[str]) -> None:
    click.echo(voice.say("keys.sheet", number), err=True)
    for at in range(0, len(groups), _IN_A_ROW):
        row = enumerate(groups[at : at + _IN_A_ROW], at + 1)
        click.echo("  ".join(f"{place:2d}: {group}" for place, group in row), err=True)
    try:
        asking.enter(voice.language, "keys.sheet_done")
    finally:  # also for who gives up
        click.echo("\033[2J\033[3J\033[H", err=True, nl=False)  # the rows that were scrolled away too


@keys.command()
@_key_file
@click.option("--key-id", required=True, metavar="HEX", help="Of the initial key, 16 hex digits; another one than before.")
@click.option("--version", type=click.IntRange(1, 99), required=True, metavar="N", help="Higher than that of every block before.")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The block.")
@spoken(writes=True)
def wrap(voice: Voice, key_file: Path, key_id: str, version: int, out: Path) -> None:
    """Put an initial key of AES-DUKPT, which is asked for, into a block for the terminal with that transport key.

    For a shop without a hardware security module: this computer sees the key.

    Exit codes: 0 written, 2 wrong use, no key file, or another passphrase.
    """
    try:
        name = transport_keys.hex_bytes(key_id, transport_keys.KEY_ID_BYTES)
        transport_key = open_key_file(voice, key_file, transport_keys.FORMAT, "keys.passphrase")
        text = voice.secret("keys.initial")
        initial = transport_keys.hex_bytes(text, transport_keys.INITIAL_KEY_BYTES)
    except ValueError as problem:
        raise Trouble("components", problem) from problem
    block = transport_keys.wrap(transport_key, initial, name, version)
    voice.write(out, block.encode() + b"\n")
    value = transport_keys.check_value(initial)
    voice.answer({"file": str(out), "check": value, "version": version}, [voice.say("keys.wrapped", out, value)])
