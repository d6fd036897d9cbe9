"""`yuanluctl authority`: a key under a passphrase, the code by telephone for one refund, and signed settings."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date as day
from pathlib import Path
from typing import Any

import rich_click as click

from host_tools.yuanluctl import authority as keys
from host_tools.yuanluctl.cli_target import Voice, spoken
from host_tools.yuanluctl.keeping import keep, try_new
from host_tools.yuanluctl.outcome import FINDINGS, Trouble
from host_tools.yuanluctl.targets import read_regular

_LONGEST = 4096  # bytes of a key file
key_file_argument = click.argument("key_file", type=click.Path(path_type=Path))
_terminal = click.option("--terminal", required=True, metavar="ID", help="The terminal's 8 characters, as its screen shows them.")


def signer_options(verb: Callable[..., Any]) -> Callable[..., Any]:
    """--by and --date of a signature."""
    dated = click.option("--date", callback=_date, metavar="YYYY-MM-DD", help="Today, if it is not given.")(verb)
    return click.option("--by", required=True, metavar="NAME", help="Who signs, as the terminal shows it.")(dated)


def check_signer(by: str) -> None:
    """Wrong use where a terminal could not show or hold who signs; Trouble without the tables of a checkout."""
    from host_tools.yuanluctl import bundles, settings  # loaded where it is used: it brings the firmware's rules with it

    if wrong := settings.unshown(by):
        raise click.BadParameter("; ".join(wrong), param_hint="--by")
    most = bundles.LONGEST_NAME
    if not 0 < len(by.encode()) <= most:
        raise click.BadParameter(f"a name has 1 to {most} bytes", param_hint="--by")


def _date(_: click.Context, __: click.Parameter, text: str | None) -> int:
    try:
        return int(f"{day.fromisoformat(text) if text else day.today():%Y%m%d}")
    except ValueError as problem:
        raise click.BadParameter(f"{text} is no day like 2026-11-22") from problem


@click.group()
def authority() -> None:
    """Approve by telephone, let technicians in, sign settings: with the one key of the shop.

    The passphrase of its file is asked for, or stands in YUANLU_PASSPHRASE.
    """


@authority.command()
@key_file_argument
@spoken()
def new(voice: Voice, key_file: Path) -> None:
    """Make a new key, sealed under a passphrase. A file that is there is left alone.

    Exit codes: 0 made, 2 wrong use, or the file cannot be made or is there.
    """
    with making(key_file):
        try_new(key_file)
    passphrase = os.environ.get("YUANLU_PASSPHRASE") or voice.secret("authority.passphrase", key_file, twice=True)
    if len(passphrase) < keys.SHORTEST:
        raise Trouble("short_passphrase", keys.SHORTEST)
    with making(key_file):
        keep(key_file, keys.new(passphrase), new=True)
    voice.chat("authority.made", key_file)
    voice.answer({"file": str(key_file)}, [])


@authority.command()
@key_file_argument
@_terminal
@click.option("--number", required=True, metavar="DIGITS", help="The 8 digits that the screen shows.")
@click.option("--amount", required=True, metavar="YUAN", help="What the screen shows, like 150.00.")
@click.option(
    "--for",
    "purpose",
    type=click.Choice(list(keys.PURPOSES)),
    default="refund",
    show_default=True,
    help="What the screen says it is for: " + ", ".join(f"{name} {zh}" for name, (zh, _) in keys.PURPOSES.items()) + ".",
)
@spoken()
def approve(voice: Voice, key_file: Path, terminal: str, number: str, amount: str, purpose: str) -> None:
    """Print the code to say on the telephone. It serves for that refund or decision alone, and for no other amount.

    Exit codes: 0 printed, 2 wrong use, no key file, or another passphrase.
    """
    _check_terminal(terminal)
    shown = re.sub("[ -]", "", number)
    if re.fullmatch("[0-9]{8}", shown) is None:
        raise click.UsageError(f"--number {number} is not the 8 digits of the screen")
    told = re.fullmatch(r"([0-9]{1,6})\.([0-9]{2})", amount)
    if told is None:
        raise click.UsageError(f"--amount {amount} is not an amount like 150.00")
    fen = int(told[1]) * 100 + int(told[2])
    key = open_seed(voice, key_file)
    if purpose in keys.PAYS_AGAIN:
        voice.chat("authority.pays_again", amount)
    code = keys.code(key, terminal, shown, fen, purpose)
    voice.answer({"terminal": terminal, "number": shown, "amount": fen, "for": purpose, "code": code}, [code])


@authority.command()
@key_file_argument
@click.argument("request")
@click.option("--allow", required=True, metavar="RIGHTS", help="diag,pull,queue,resolve,handover,config,keyload,firmware,wipe")
@click.option("--technician", type=click.IntRange(1, (1 << 32) - 1), required=True, metavar="N", help="Who gets it.")
@click.option("--minutes", type=click.IntRange(1, 240), default=15, show_default=True, help="Of the session.")
@spoken()
def ticket(voice: Voice, key_file: Path, request: str, allow: str, technician: int, minutes: int) -> None:
    """Print a ticket for the REQUEST that `yuanluctl support` shows. It serves that terminal, once.

    Exit codes: 0 printed, 2 wrong use, no key file, or another passphrase.
    """
    from host_tools.yuanluctl import service  # loaded where it is used, so that --help is quick
    from yuanlu.wire.service import CAPABILITIES

    rights = [right.strip().upper() for right in allow.split(",")]
    if unknown := [right for right in rights if right not in CAPABILITIES]:
        asked, known = ", ".join(unknown), ", ".join(CAPABILITIES).lower()
        raise click.UsageError(f"--allow: {asked} is none of {known}")
    hello = service.read_request(request)
    terminal = hello.terminal.decode("ascii", "replace")
    key = keys.service_key(open_seed(voice, key_file), terminal)
    allowed = sum(1 << CAPABILITIES.index(right) for right in set(rights))
    text = service.issue(key, hello, technician, allowed, 60 * minutes).text()
    told = {"terminal": terminal, "technician": technician, "allow": sorted({right.lower() for right in rights})}
    voice.answer({"ticket": text, **told, "minutes": minutes}, [text])


@authority.command("service-key")
@key_file_argument
@_terminal
@spoken()
def service_key(voice: Voice, key_file: Path, terminal: str) -> None:
    """Print the key that this terminal's vault checks tickets with, 64 hex digits. It is a secret.

    Exit codes: 0 printed, 2 wrong use, no key file, or another passphrase.
    """
    _check_terminal(terminal)
    key = keys.service_key(open_seed(voice, key_file), terminal).hex()
    voice.answer({"terminal": terminal, "key": key}, [key])


@authority.command("terminal-key")
@key_file_argument
@_terminal
@spoken()
def terminal_key(voice: Voice, key_file: Path, terminal: str) -> None:
    """Print the key that this terminal's vault is provisioned with, 64 hex digits. It is a secret.

    Exit codes: 0 printed, 2 wrong use, no key file, or another passphrase.
    """
    _check_terminal(terminal)
    key = keys.terminal_key(open_seed(voice, key_file), terminal).hex()
    voice.answer({"terminal": terminal, "key": key}, [key])


@authority.command()
@key_file_argument
@click.argument("settings_file", metavar="SETTINGS")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The signed settings.")
@click.option("--after", metavar="SOURCE", help="What the terminal has now; without it these are its first.")
@signer_options
@spoken(writes=True)
def sign(voice: Voice, key_file: Path, settings_file: str, out: Path, after: str | None, by: str, date: int) -> None:
    """Sign SETTINGS for the terminal that they name, as the next version after those that it has.

    Exit codes: 0 signed, 2 wrong use, settings that the terminal would refuse, no key file, another passphrase, 3 no such file.
    """
    from host_tools.yuanluctl import bundles, settings  # loaded where it is used: it brings the firmware's rules with it

    check_signer(by)
    values, before = settings.read(settings_file).values, settings.read(after).bundle if after else None
    wrong = settings.problems(values)
    if wrong:
        raise Trouble("refused_settings", settings_file, "; ".join(wrong))
    if after and before is None:
        raise Trouble("settings", after, voice.say("signature.none"))
    if before and before.target != values["terminal"]:
        raise Trouble("other_terminal", settings_file, values["terminal"], f"{before.target} ({after})")
    try:
        made = settings.following(before, values, date, by) if before else bundles.of_settings(values, 1, date, by)
        bundle = made.signed(keys.signing_key(open_seed(voice, key_file)))
    except bundles.BadBundle as problem:
        raise Trouble("settings", settings_file, problem) from problem
    voice.write(out, bundle.to_bytes())
    told = {"version": bundle.version, "target": bundle.target, "digest": bundle.digest.hex()}
    voice.answer({"file": str(out), **told}, [voice.say("authority.signed", bundle.version, bundle.target, bundle.digest.hex())])


@authority.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--key", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The authority's public key.")
@spoken()
def verify(voice: Voice, file: Path, key: Path) -> None:
    """Check that signed settings or firmware are whole and signed with that key.

    Exit codes: 0 good, 1 not signed with that key, 2 wrong use or not whole, 3 no such file.
    """
    from host_tools.yuanluctl import bundles
    from host_tools.yuanluctl.cli_config import manifest_lines, manifest_of, signature_of

    try:
        bundle = bundles.read(read_regular(file, bundles.LARGEST, "no_file", str(file)))
    except bundles.BadBundle as problem:
        raise Trouble("bundle", file, problem) from problem
    signature = signature_of(bundle, key)
    told = {"file": str(file), "kind": bundles.KINDS[bundle.kind], "signature": signature, **manifest_of(bundle)}
    voice.answer(told, manifest_lines(voice, bundle, signature))
    raise SystemExit(0 if signature == "good" else FINDINGS)


@authority.command("public-key")
@key_file_argument
@spoken()
def public_key(voice: Voice, key_file: Path) -> None:
    """Print the key that checks what this authority signs, 64 hex digits. It is no secret; terminals are provisioned with it.

    Exit codes: 0 printed, 2 wrong use, no key file, or another passphrase.
    """
    from host_tools.yuanluctl import bundles

    key = bundles.public_key(keys.signing_key(open_seed(voice, key_file))).hex()
    voice.answer({"key": key}, [key])


@authority.command("journal-key")
@key_file_argument
@spoken()
def journal_key(voice: Voice, key_file: Path) -> None:
    """Print the journal root key of this shop, 64 hex digits, as `journal verify --key` takes it in a file. It is a secret.

    Exit codes: 0 printed, 2 wrong use, no key file, or another passphrase.
    """
    key = keys.journal_root_key(open_seed(voice, key_file)).hex()
    voice.answer({"key": key}, [key])


def open_seed(voice: Voice, key_file: Path) -> bytes:
    """The authority's 32 bytes; Trouble."""
    return open_key_file(voice, key_file, keys.FORMAT, "authority.passphrase")


def open_key_file(voice: Voice, key_file: Path, form: str, asked: str) -> bytes:
    """The 32 bytes in a key file of that format; Trouble. asked: the words of the question, which comes after all else was looked
    at, so that nobody types in vain. A passphrase is no option: it would stand in `ps` and in the shell's history."""
    try:
        content = read_regular(key_file, _LONGEST, "key_file", str(key_file))
    except Trouble as trouble:
        raise Trouble("key_file", *trouble.about) from trouble
    try:
        return keys.open_key(content, os.environ.get("YUANLU_PASSPHRASE") or voice.secret(asked, key_file), form)
    except keys.BadKeyFile as problem:
        raise Trouble("key_file", key_file, problem) from problem


@contextmanager
def making(key_file: Path) -> Iterator[None]:
    """What goes wrong with a new key file, as Trouble."""
    try:
        yield
    except FileExistsError as problem:
        raise Trouble("name_taken", key_file) from problem
    except FileNotFoundError as problem:
        raise Trouble("file", key_file, "its folder is missing or cannot be written to") from problem
    except OSError as problem:
        raise Trouble("file", key_file, problem.strerror or problem) from problem


def _check_terminal(terminal: str) -> None:
    if re.fullmatch("[!-~]{8}", terminal) is None:
        raise click.UsageError(f"--terminal {terminal} is not the 8 characters of a terminal")
