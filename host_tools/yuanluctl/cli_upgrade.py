"""`yuanluctl firmware push`, `confirm`, `rollback`, `selftest`: new firmware on a live terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from host_tools.yuanluctl import firmware as bundled
from host_tools.yuanluctl.bundles import LARGEST, BadBundle, Bundle
from host_tools.yuanluctl.cli_config import key_option, refuse_a_strangers
from host_tools.yuanluctl.cli_keys import key_rows
from host_tools.yuanluctl.cli_target import Voice, on_a_line
from host_tools.yuanluctl.live import LiveTerminal
from host_tools.yuanluctl.outcome import FINDINGS, Trouble
from host_tools.yuanluctl.refusal import Refusal
from host_tools.yuanluctl.targets import read_regular
from host_tools.yuanluctl.transport_keys import check_value
from host_tools.yuanluctl.upgrade import Upgrade
from yuanlu.wire import service as wire


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Agree without being asked.")
@click.option("--no-confirm", is_flag=True, help="Leave it on trial, for `firmware selftest` and `firmware confirm`.")
@key_option
@on_a_line(writes=True)
def push(terminal: LiveTerminal, voice: Voice, file: Path, yes: bool, no_confirm: bool, key: Path | None) -> None:
    """Bring signed firmware to a terminal, try it, and confirm it once its self-test passes.

    Run it again when the cable came out: it goes on. The terminal starts anew in between, so somebody agrees twice; on trial no
    money moves. What is not confirmed within ten minutes, or before a power cut, is gone and the firmware before is back.

    Exit codes: 0 in force, on trial with --no-confirm, or there already; 1 you did not agree, or its self-test failed and the one
    before is back; 2 wrong use, or no signed firmware; 3 nobody there, 4 port busy, 5 no answer, 6 not allowed, 8 refused,
    12 for another board, other firmware runs under that version, or it went back by itself.
    """
    if voice.as_json and not (yes or voice.dry_run):
        raise click.UsageError("--json takes --yes or --dry-run: nobody is asked")
    bundle = _signed(file)
    refuse_a_strangers(terminal, voice, file, bundle, key)
    upgrade = Upgrade(terminal)
    before = upgrade.info()
    if key:
        _compare(terminal, key)
    told: dict[str, Any] = {
        "target": terminal.name,
        "from": bundled.dotted(before["version"]),
        "to": bundled.dotted(bundle.version),
    }
    if not upgrade.is_there(bundle):
        upgrade.fits(bundle)
        if not voice.as_json:
            voice.answer({}, [voice.say("upgrade.change", told["from"], told["to"], len(bundle.files[0][1]))])
        if voice.dry_run or not (yes or voice.agreed("upgrade.agree")):
            _end(voice, told, "would" if voice.dry_run else "declined")
        _bring(voice, upgrade, bundle)
    elif before["standing"] != "trial":
        _end(voice, told, "already")
    elif voice.dry_run:
        _end(voice, told, "on_trial")
    if no_confirm or terminal.credentials.ticket:  # a ticket serves one session, and that has ended
        _end(voice, told, "on_trial")
    _confirm(voice, upgrade, told)


@click.command()
@on_a_line()
def confirm(terminal: LiveTerminal, voice: Voice) -> None:
    """Put the firmware that is on trial in force, once its self-test passes.

    Exit codes: 0 in force, 1 its self-test failed and the one before is back, 2 wrong use, 3 nobody there, 4 port busy,
    5 no answer, 6 not allowed, 8 refused: none is on trial.
    """
    upgrade = Upgrade(terminal)
    before = upgrade.info()
    if before["standing"] != "trial":
        raise Refusal(terminal.name, "no_trial")
    _confirm(voice, upgrade, {"target": terminal.name, "to": bundled.dotted(before["version"])})


@click.command()
@on_a_line()
def rollback(terminal: LiveTerminal, voice: Voice) -> None:
    """Take the firmware that is on trial, or will be at the next start, back: the one before runs.

    What was confirmed stays: from it one goes on to a newer version only, since the journal may hold what an older one cannot
    read.

    Exit codes: 0 the one before runs, 2 wrong use, 3 nobody there, 4 port busy, 5 no answer, 6 not allowed, 8 refused: none is on
    trial.
    """
    Upgrade(terminal).back()
    running = terminal.hello()[0].firmware.rstrip(b"\0").decode("ascii", "replace")
    _end(voice, {"target": terminal.name, "to": running}, "back")


@click.command()
@on_a_line()
def selftest(terminal: LiveTerminal, voice: Voice) -> None:
    """Have the terminal's firmware check what it needs: its own file, the settings, the journal, the tables, the keys.

    Exit codes: 0 all passed, 1 something failed, 2 wrong use, 3 nobody there, 4 port busy, 5 no answer, 6 not allowed.
    """
    upgrade = Upgrade(terminal)
    told = upgrade.info()
    steps = upgrade.self_test()
    failed = [name for name, passed in steps if not passed]
    content = {"target": terminal.name, "version": bundled.dotted(told["version"]), "standing": told["standing"]}
    voice.answer({**content, "steps": dict(steps)}, _steps(voice, steps))
    raise SystemExit(FINDINGS if failed else 0)


def _bring(voice: Voice, upgrade: Upgrade, bundle: Bundle) -> None:
    with voice.progress("upgrade", len(bundle.files[0][1])) as progress:
        upgrade.progress = progress
        upgrade.bring(bundle)
    voice.chat("upgrade.trying")
    upgrade.install(bundle)


def _confirm(voice: Voice, upgrade: Upgrade, told: dict[str, Any]) -> None:
    steps = upgrade.self_test()
    told["steps"] = dict(steps)
    if not all(passed for _, passed in steps):
        upgrade.back()
        _end(voice, told, "failed", _steps(voice, steps))
    upgrade.confirm()
    _end(voice, told, "confirmed")


def _end(voice: Voice, told: dict[str, Any], outcome: str, lines: list[str] | None = None) -> None:
    voice.answer({**told, "outcome": outcome}, [*(lines or []), voice.say(f"upgrade.{outcome}", told["to"])])
    raise SystemExit(FINDINGS if outcome in ("declined", "failed") else 0)


def _steps(voice: Voice, steps: list[tuple[str, bool]]) -> list[str]:
    return [voice.say("upgrade.passed" if passed else "upgrade.not_passed", name) for name, passed in steps]


def _compare(terminal: LiveTerminal, key: Path) -> None:
    """Trouble where the terminal checks signatures with another key than this one; a check value is all that it tells."""
    told = {one["key"]: one["check"] for one in key_rows(terminal, terminal.open(wire.DIAG).command(wire.KEYS))}
    ours, theirs = check_value(bytes.fromhex(key.read_text("ascii").strip())), told.get("signatures", "")
    if theirs and theirs.upper() != ours:
        raise Trouble("other_authority", key, ours, theirs.upper())


def _signed(file: Path) -> Bundle:
    """Trouble for what is no firmware, or bears no signature."""
    content = read_regular(file, LARGEST, "no_file", str(file))
    try:
        bundle = bundled.read(content)
    except BadBundle as problem:
        raise Trouble("bundle", file, problem) from problem
    if not any(bundle.signature):
        raise Trouble("unsigned", file)
    return bundle


def info_lines(voice: Voice, told: dict[str, Any]) -> list[str]:
    """What a terminal says of its firmware, for people."""
    standing = told["standing"] or "in_force"
    lines = [voice.say("upgrade.runs", bundled.dotted(told["version"]), told["board"], voice.say(f"standing.{standing}"))]
    if told["trial"] and not told["standing"]:
        lines.append(voice.say("upgrade.waits"))
    return lines + [voice.say("upgrade.least", bundled.dotted(told["least"]))]
