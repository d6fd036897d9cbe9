"""`yuanluctl authority`: a key under a passphrase, and the code by telephone for one refund."""

from __future__ import annotations

import os
import re
from pathlib import Path

import rich_click as click

from host_tools.yuanluctl import authority as keys
from host_tools.yuanluctl.cli_image import EXIT_USAGE, end, read_file

_LONGEST = 4096  # bytes of a key file
_key_file = click.argument("key_file", type=click.Path(path_type=Path))
_terminal = click.option("--terminal", required=True, metavar="ID", help="The terminal's 8 characters, as its screen shows them.")
_passphrase = click.option("--passphrase", prompt=True, hide_input=True, help="Asked for when it is not given.")


@click.group()
def authority() -> None:
    """Approve by telephone what nobody in the shop may approve, and let technicians in."""


@authority.command()
@_key_file
@click.option("--passphrase", prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for when it is not given.")
def new(key_file: Path, passphrase: str) -> None:
    """Make a new key, sealed under a passphrase. A file that is there is left alone.

    Exit codes: 0 made, 2 wrong use or the file is there.
    """
    if len(passphrase) < keys.SHORTEST:
        end(EXIT_USAGE, f"a passphrase has at least {keys.SHORTEST} characters")
    try:
        handle = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as problem:
        end(EXIT_USAGE, f"{key_file}: {problem.strerror or problem}")
    with os.fdopen(handle, "wb") as file:
        file.write(keys.new(passphrase))
    click.echo(f"{key_file}: a new key; whoever has it and its passphrase can approve refunds", err=True)


@authority.command()
@_key_file
@_terminal
@click.option("--number", required=True, metavar="DIGITS", help="The 8 digits that the screen shows.")
@click.option("--amount", required=True, metavar="YUAN", help="What the refund comes to, like 150.00.")
@_passphrase
def approve(key_file: Path, terminal: str, number: str, amount: str, passphrase: str) -> None:
    """Print the code to say on the telephone. It serves for that refund alone, and for no other amount.

    Exit codes: 0 printed, 2 wrong use, no key file, or another passphrase.
    """
    _check_terminal(terminal)
    shown = re.sub("[ -]", "", number)
    if re.fullmatch("[0-9]{8}", shown) is None:
        end(EXIT_USAGE, f"--number {number} is not the 8 digits of the screen")
    told = re.fullmatch(r"([0-9]{1,6})\.([0-9]{2})", amount)
    if told is None:
        end(EXIT_USAGE, f"--amount {amount} is not an amount like 150.00")
    click.echo(keys.code(_open(key_file, passphrase), terminal, shown, int(told[1]) * 100 + int(told[2])))


@authority.command()
@_key_file
@click.argument("request")
@click.option("--allow", required=True, metavar="RIGHTS", help="diag,pull,queue,resolve,handover,config,keyload,firmware,wipe")
@click.option("--technician", type=click.IntRange(1, (1 << 32) - 1), required=True, metavar="N", help="Who gets it.")
@click.option("--minutes", type=click.IntRange(1, 240), default=15, show_default=True, help="Of the session.")
@_passphrase
def ticket(key_file: Path, request: str, allow: str, technician: int, minutes: int, passphrase: str) -> None:
    """Print a ticket for the REQUEST that `yuanluctl support` shows. It serves that terminal, once.

    Exit codes: 0 printed, 2 wrong use, no key file, or another passphrase.
    """
    from host_tools.yuanluctl import service  # loaded where it is used, so that --help is quick
    from host_tools.yuanluctl.outcome import Trouble
    from yuanlu.wire.service import CAPABILITIES

    rights = [right.strip().upper() for right in allow.split(",")]
    if unknown := [right for right in rights if right not in CAPABILITIES]:
        end(EXIT_USAGE, f"--allow: {', '.join(unknown)} is none of {', '.join(CAPABILITIES).lower()}")
    try:
        hello = service.read_request(request)
    except Trouble as trouble:
        end(EXIT_USAGE, f"{trouble.text('en')}. {trouble.hint('en')}")
    key = keys.service_key(_open(key_file, passphrase), hello.terminal.decode("ascii", "replace"))
    allowed = sum(1 << CAPABILITIES.index(right) for right in set(rights))
    click.echo(service.issue(key, hello, technician, allowed, 60 * minutes).text())


@authority.command("service-key")
@_key_file
@_terminal
@_passphrase
def service_key(key_file: Path, terminal: str, passphrase: str) -> None:
    """Print the key that this terminal's vault checks tickets with, 64 hex digits. It is a secret.

    Exit codes: 0 printed, 2 wrong use, no key file, or another passphrase.
    """
    _check_terminal(terminal)
    click.echo(keys.service_key(_open(key_file, passphrase), terminal).hex())


@authority.command("terminal-key")
@_key_file
@_terminal
@_passphrase
def terminal_key(key_file: Path, terminal: str, passphrase: str) -> None:
    """Print the key that this terminal's vault is provisioned with, 64 hex digits. It is a secret.

    Exit codes: 0 printed, 2 wrong use, no key file, or another passphrase.
    """
    _check_terminal(terminal)
    click.echo(keys.terminal_key(_open(key_file, passphrase), terminal).hex())


def _check_terminal(terminal: str) -> None:
    if re.fullmatch("[!-~]{8}", terminal) is None:
        end(EXIT_USAGE, f"--terminal {terminal} is not the 8 characters of a terminal")


def _open(key_file: Path, passphrase: str) -> bytes:
    try:
        return keys.open_key(read_file(key_file, _LONGEST, "an authority's key"), passphrase)
    except keys.BadKeyFile as problem:
        end(EXIT_USAGE, f"{key_file}: {problem}")
