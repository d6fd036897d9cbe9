"""`yuanluctl firmware`: one signed file of firmware, built, looked at, signed, checked. Over a line: cli_upgrade."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import rich_click as click

from host_tools.yuanluctl import authority
from host_tools.yuanluctl import firmware as bundled
from host_tools.yuanluctl.bundles import LARGEST, BadBundle, Bundle
from host_tools.yuanluctl.cli_authority import check_signer, key_file_argument, open_seed, signer_options
from host_tools.yuanluctl.cli_config import signature_of
from host_tools.yuanluctl.cli_target import Reach, Seconds, Voice, reaching, spoken
from host_tools.yuanluctl.cli_upgrade import confirm, info_lines, push, rollback, selftest
from host_tools.yuanluctl.completing import targets
from host_tools.yuanluctl.outcome import FINDINGS, Trouble
from host_tools.yuanluctl.output_lost import tell
from host_tools.yuanluctl.targets import LINES, parse, read_regular

_file = click.argument("file", type=click.Path(path_type=Path))
_out = click.option("-o", "--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The bundle.")


@click.group()
def firmware() -> None:
    """Build, sign and check a file of new firmware; bring it to a terminal, confirm it, take it back."""


for verb in (push, confirm, rollback, selftest):
    firmware.add_command(verb)


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
    voice.answer({"file": str(out), "signature": "none", **bundled.told(bundle)}, _lines(voice, bundle, "none"))


@firmware.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "-t",
    "--target",
    envvar="YUANLU_TARGET",
    metavar="TARGET",
    shell_complete=targets,
    help="The line of a live terminal, instead of FILE.",
)
@click.option("--key", type=click.Path(path_type=Path), metavar="FILE", help="The authority's public key, to check who signed.")
@reaching()
def info(voice: Voice, reach: Reach, file: Path | None, target: str | None, key: Path | None) -> None:
    """Say what a bundle brings and for whom, who signed it and when; or what runs on a terminal, and whether it is on trial.

    Exit codes: 0 shown, 1 shown, but not signed with that key, 2 wrong use or no whole bundle, 3 nobody there or no such file,
    4 port busy, 5 no answer, 6 not allowed.
    """
    if file is None:
        if key is not None:
            raise click.UsageError("--key checks a FILE")
        if target is None:
            raise click.UsageError("FILE or --target is needed")
        from host_tools.yuanluctl.upgrade import Upgrade  # loaded where it is used, so that --help is quick

        where = parse(target)
        if where.kind not in LINES:
            raise Trouble("image_only", where)
        with reach(where) as terminal:
            told = Upgrade(terminal).info()
        content = {"target": target, **told, "version": bundled.dotted(told["version"]), "least": bundled.dotted(told["least"])}
        voice.answer(content, info_lines(voice, told))
        return
    bundle = _read(file)
    signature = _signature(bundle, key)
    voice.answer({"file": str(file), "signature": signature, **bundled.told(bundle)}, _lines(voice, bundle, signature))
    raise SystemExit(0 if key is None or signature == "good" else FINDINGS)


@firmware.command()
@key_file_argument
@_file
@_out
@signer_options
@spoken(writes=True)
def sign(voice: Voice, key_file: Path, file: Path, out: Path, by: str, date: int) -> None:
    """Sign a bundle with the authority's key.

    Exit codes: 0 signed, 2 wrong use, no whole bundle, no key file or another passphrase, 3 no such file.
    """
    check_signer(by)
    try:
        bundle = replace(_read(file), by=by, date=date).signed(authority.signing_key(open_seed(voice, key_file)))
    except BadBundle as problem:
        raise Trouble("bundle", file, problem) from problem
    voice.write(out, bundle.to_bytes())
    voice.answer({"file": str(out), "signature": "good", **bundled.told(bundle)}, _lines(voice, bundle, "good"))


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
    signature = _signature(bundle, key)
    try:
        newer = installed is None or bundle.version > bundled.number_of(installed)
    except BadBundle as problem:
        raise Trouble("bundle", "--installed", problem) from problem
    lines = _lines(voice, bundle, signature) + ([] if newer else [voice.say("firmware.not_newer")])
    voice.answer({"file": str(file), "signature": signature, "newer": newer, **bundled.told(bundle)}, lines)
    raise SystemExit(0 if signature == "good" and newer else FINDINGS)


@firmware.command()
@click.option("--board", type=click.Choice(["rp2", "esp32", "stm32", "emulator"]), required=True, help="What it is.")
@click.option("--port", required=True, metavar="PORT", help="Where its MicroPython answers.")
@click.option("--timeout", type=Seconds(0, 86400), default=10, show_default=True, metavar="S", help="For each answer.")
@spoken(writes=True)
def deploy(voice: Voice, board: str, port: str, timeout: float) -> None:
    """Put the firmware of this checkout, not signed, on a bare MicroPython board over its REPL.

    When the cable came out, run it again: it goes on. For a board that is being brought up: a terminal in use takes signed
    firmware alone. `emulator` is a MicroPython on this computer.

    Exit codes: 0 there, 2 wrong use, 3 no such port, 4 port busy, 5 no answer, cable out, the board failed or does not stop,
    12 another board, or no room on it.
    """
    from host_tools.yuanluctl import deploy as bare  # loaded where it is used, so that --help is quick

    target = bare.Board(port, timeout)
    image = bundled.build(board).files[0][1]
    if voice.dry_run:
        voice.answer(
            {"port": port, "board": board, "bytes": len(image), "dry_run": True}, [voice.say("would_write", len(image), port)]
        )
        return
    if voice.as_json:
        tell(json.dumps({"event": "waiting", "for": "board", "most": timeout}))
    voice.chat("deploy.asking", port, f"{timeout:g}")
    with voice.progress("deploy", len(image)) as progress:
        where = bare.deploy(target, board, image, lambda done, total: progress(done))
    voice.answer({"port": port, "board": board, "bytes": len(image), "place": where}, [voice.say(f"deploy.{where}", len(image))])


def _read(file: Path) -> Bundle:
    content = read_regular(file, LARGEST, "no_file", str(file))
    try:
        return bundled.read(content)
    except BadBundle as problem:
        raise Trouble("bundle", file, problem) from problem


def _signature(bundle: Bundle, key: Path | None) -> str:
    """none, unchecked, good or wrong; Trouble when that file holds no key."""
    found = signature_of(bundle, key)
    return found if any(bundle.signature) else "none"


def _lines(voice: Voice, bundle: Bundle, signature: str) -> list[str]:
    told = bundled.told(bundle)
    lines = [voice.say("firmware.version", told["version"], told["board"], told["least"])]
    if signature != "none":
        lines.append(
            voice.say(
                "firmware.signer", bundle.by, f"{bundle.date // 10000:04}-{bundle.date // 100 % 100:02}-{bundle.date % 100:02}"
            )
        )
    lines.append(voice.say(f"signature.{signature}"))
    lines.append(voice.say("firmware.journal", told["journal"], " ".join(map(str, told["records"]))))
    return lines + [f"{one['bytes']:>9}  {one['path']}" for one in told["files"]]
