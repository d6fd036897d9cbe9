"""`yuanluctl firmware`: one signed file of firmware, built, looked at, signed, checked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import rich_click as click

from host_tools.yuanluctl import authority
from host_tools.yuanluctl import firmware as bundled
from host_tools.yuanluctl.bundles import LARGEST, BadBundle, Bundle
from host_tools.yuanluctl.cli_authority import key_file_argument, open_seed, passphrase_option, signer_options
from host_tools.yuanluctl.cli_config import signature_of
from host_tools.yuanluctl.cli_target import Voice, spoken
from host_tools.yuanluctl.outcome import FINDINGS, Trouble
from host_tools.yuanluctl.targets import read_regular

_file = click.argument("file", type=click.Path(path_type=Path))
_out = click.option("-o", "--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The bundle.")


@click.group()
def firmware() -> None:
    """Build, sign and check the file that brings a terminal new firmware."""


@firmware.command()
@_out
@click.option("--board", default="emulator", show_default=True, metavar="NAME", help="What it is for.")
@click.option("--least", default="0.0.0", show_default=True, metavar="VERSION", help="Older firmware is not taken afterwards.")
@click.option("--session-keys", is_flag=True, help="With the weak MACs that some acquirers demand.")
@spoken(writes=True)
def build(voice: Voice, out: Path, board: str, least: str, session_keys: bool) -> None:
    """Compile the firmware into a bundle, not signed yet. The same sources give the same bytes.

    Exit codes: 0 built, 2 wrong use. Needs a checkout.
    """
    try:
        bundle = bundled.build(board, least, session_keys)
    except BadBundle as problem:
        raise Trouble("bundle", out, problem) from problem
    voice.write(out, bundle.to_bytes())
    voice.answer({"file": str(out), **bundled.told(bundle)}, _lines(voice, bundle))


@firmware.command()
@_file
@spoken()
def info(voice: Voice, file: Path) -> None:
    """Say what a bundle brings and for whom.

    Exit codes: 0 shown, 2 no whole bundle, 3 no such file.
    """
    bundle = _read(file)
    voice.answer({"file": str(file), **bundled.told(bundle)}, _lines(voice, bundle))


@firmware.command()
@key_file_argument
@_file
@_out
@signer_options
@passphrase_option
@spoken(writes=True)
def sign(voice: Voice, key_file: Path, file: Path, out: Path, by: str, date: int, passphrase: str) -> None:
    """Sign a bundle with the authority's key.

    Exit codes: 0 signed, 2 wrong use, no whole bundle, no key file or another passphrase, 3 no such file.
    """
    try:
        bundle = replace(_read(file), by=by, date=date).signed(authority.signing_key(open_seed(key_file, passphrase)))
    except BadBundle as problem:
        raise Trouble("bundle", file, problem) from problem
    voice.write(out, bundle.to_bytes())
    voice.answer({"file": str(out), **bundled.told(bundle)}, _lines(voice, bundle))


@firmware.command()
@_file
@click.option("--key", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The authority's public key.")
@click.option("--installed", metavar="VERSION", help="What the terminal has: this one must be newer.")
@spoken()
def verify(voice: Voice, file: Path, key: Path, installed: str | None) -> None:
    """Check that a bundle is whole and signed with that key.

    Exit codes: 0 good, 1 not signed with that key, or not newer, 2 no whole bundle, 3 no such file.
    """
    bundle = _read(file)
    signature = signature_of(bundle, key)
    try:
        newer = installed is None or bundle.version > bundled.number_of(installed)
    except BadBundle as problem:
        raise Trouble("bundle", "--installed", problem) from problem
    lines = [*_lines(voice, bundle), voice.say(f"signature.{signature}")] + ([] if newer else [voice.say("firmware.not_newer")])
    voice.answer({"file": str(file), "signature": signature, "newer": newer, **bundled.told(bundle)}, lines)
    raise SystemExit(0 if signature == "good" and newer else FINDINGS)


def _read(file: Path) -> Bundle:
    content = read_regular(file, LARGEST, "no_image", str(file))
    try:
        return bundled.read(content)
    except BadBundle as problem:
        raise Trouble("bundle", file, problem) from problem


def _lines(voice: Voice, bundle: Bundle) -> list[str]:
    told = bundled.told(bundle)
    lines = [voice.say("firmware.version", told["version"], told["board"], told["least"])]
    lines.append(voice.say("firmware.journal", told["journal"], " ".join(map(str, told["records"]))))
    return lines + [f"{one['bytes']:>9}  {one['path']}" for one in told["files"]]
