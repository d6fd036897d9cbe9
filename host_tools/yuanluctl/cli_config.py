"""`yuanluctl config`: the settings of a terminal, read, compared and checked. What is signed: `yuanluctl authority sign`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date as day
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from host_tools.yuanluctl import authority, completing, settings
from host_tools.yuanluctl.bundles import Bundle, public_key
from host_tools.yuanluctl.cli_target import Reach, Voice, on_a_line, reaching, spoken
from host_tools.yuanluctl.json_text import json_text
from host_tools.yuanluctl.outcome import FINDINGS, Trouble
from host_tools.yuanluctl.targets import Target, read_regular
from yuanlu.wire import service as wire

if TYPE_CHECKING:
    from host_tools.yuanluctl.carry import Carrier
    from host_tools.yuanluctl.live import LiveTerminal

_LONGEST_KEY = 256  # bytes of a file with a public key
_source = click.argument("source", shell_complete=completing.sources)


@click.group()
def config() -> None:
    """Read, compare and check the settings of a terminal.

    SOURCE is a file (signed, or plain JSON), image:FILE (the flash that settings stand on), emu:NAME or emu:PORT, or the line of
    a live terminal (a serial port, socket:// or rfc2217://), where somebody at the keypad agrees.
    """


@config.command()
@_source
@click.option("--key", type=click.Path(path_type=Path), metavar="FILE", help="The authority's public key, to check who signed.")
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="FILE", help="Keep them as they were signed.")
@reaching(writes=True)
def get(voice: Voice, reach: Reach, source: str, key: Path | None, out: Path | None) -> None:
    """Show the settings, who signed them and when.

    Exit codes: 0 shown, 1 shown, but not signed with that key, 2 wrong use or unreadable, 3 nobody there, 5 no answer,
    6 not allowed.
    """
    found = settings.read(source, _fetching(reach))
    if out:
        if found.bundle is None:
            raise Trouble("settings", source, voice.say("signature.none"))
        voice.write(out, found.bundle.to_bytes())
    signature = signature_of(found.bundle, key)
    told = {"source": source, "signature": signature, **manifest_of(found.bundle), "settings": found.values}
    lines = [f"{name} = {value}" for name, value in sorted(found.values.items())]
    voice.answer(told, [*manifest_lines(voice, found.bundle, signature), *lines])
    raise SystemExit(FINDINGS if signature == "wrong" else 0)


@config.command()
@click.argument("before", shell_complete=completing.sources)
@click.argument("after", shell_complete=completing.sources)
@reaching()
def diff(voice: Voice, reach: Reach, before: str, after: str) -> None:
    """Say which settings differ between two sources.

    Exit codes: 0 none, 1 some, 2 wrong use or unreadable, 3 nobody there, 5 no answer, 6 not allowed.
    """
    old, new = (settings.read(source, _fetching(reach)) for source in (before, after))
    changes = settings.differences(old.values, new.values)
    told = {"before": before, "after": after, "changes": [change._asdict() for change in changes]}
    voice.answer(told, _changed(changes))
    raise SystemExit(FINDINGS if changes else 0)


@config.command()
@_source
@reaching()
def validate(voice: Voice, reach: Reach, source: str) -> None:
    """Check settings as the terminal will, and that it has a glyph for every character. Needs a checkout.

    Exit codes: 0 good, 1 something would be refused, 2 wrong use or unreadable, 3 nobody there, 5 no answer, 6 not allowed.
    """
    found = settings.read(source, _fetching(reach))
    wrong = settings.problems(found.values, found.bundle.by if found.bundle else "")
    voice.answer({"source": source, "valid": not wrong, "problems": wrong}, wrong or [voice.say("config.valid")])
    raise SystemExit(FINDINGS if wrong else 0)


_file = click.argument("file", type=click.Path(path_type=Path))
_yes = click.option("--yes", is_flag=True, help="Agree to what changes without being asked.")
key_option = click.option(
    "--key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The authority's public key: a stranger's file shows first.",
)


@config.command()
@_file
@_yes
@key_option
@on_a_line(writes=True)
def push(terminal: LiveTerminal, voice: Voice, file: Path, yes: bool, key: Path | None) -> None:
    """Bring signed settings to a terminal, once you have agreed to what changes. They count from its next start.

    Exit codes: 0 brought, or there already, 1 you did not agree, 2 wrong use or settings that do not follow the terminal's,
    3 nobody there, 4 port busy, 5 no answer, 6 not allowed, 8 refused.
    """
    bundle = _signed(voice, file)
    refuse_a_strangers(terminal, voice, file, bundle, key)
    _bring(terminal, voice, yes, lambda carrier, agree: settings.push(carrier, bundle, agree))


@config.command()
@_file
@_yes
@click.option("--by", required=True, metavar="NAME", help="Who signs, as the terminal shows it.")
@on_a_line(writes=True)
def rollback(terminal: LiveTerminal, voice: Voice, file: Path, yes: bool, by: str) -> None:
    """Bring earlier signed settings back, as a new version with their content; --authority signs it. Needs a checkout.

    Exit codes: 0 brought, or there already, 1 you did not agree, 2 wrong use or unreadable, 3 nobody there, 4 port busy,
    5 no answer, 6 not allowed, 8 refused.
    """
    old = _signed(voice, file)
    if wrong := settings.problems(old.settings(), by):
        raise Trouble("refused_settings", file, "; ".join(wrong))

    def sign(bundle: Bundle) -> Bundle:
        return bundle.signed(authority.signing_key(terminal.credentials.open_key()))

    today = int(f"{day.today():%Y%m%d}")
    _bring(terminal, voice, yes, lambda carrier, agree: settings.rollback(carrier, old, today, by, sign, agree))


def _signed(voice: Voice, file: Path) -> Bundle:
    found = settings.read(str(file))
    if found.bundle is None or not any(found.bundle.signature):
        raise Trouble("settings", file, voice.say("signature.none"))
    return found.bundle


def _bring(
    terminal: LiveTerminal,
    voice: Voice,
    yes: bool,
    bring: Callable[[Carrier, Callable[[list[settings.Change]], bool]], object],
) -> None:
    """Show what changes, have it agreed to, bring it; then say what became of it."""
    if voice.as_json and not (yes or voice.dry_run):
        raise click.UsageError("--json takes --yes or --dry-run: nobody is asked")
    seen: list[settings.Change] = []
    outcome = "already"

    def agree(changes: list[settings.Change]) -> bool:
        nonlocal outcome
        seen.extend(changes)
        if not voice.as_json:
            voice.answer({}, _changed(changes))
        agreed = not voice.dry_run and (yes or voice.agreed("config.agree"))
        outcome = "would" if voice.dry_run else "brought" if agreed else "declined"
        return agreed

    from host_tools.yuanluctl.carry import Carrier  # loaded where it is used, so that --help is quick

    bring(Carrier(terminal.open(wire.CONFIG)), agree)
    told = {"target": terminal.name, "outcome": outcome, "changes": [change._asdict() for change in seen]}
    voice.answer(told, [voice.say(f"config.{outcome}")])
    raise SystemExit(FINDINGS if outcome == "declined" else 0)


def _fetching(reach: Reach) -> Callable[[Target], bytes]:
    def fetch(where: Target) -> bytes:
        from host_tools.yuanluctl.carry import Carrier  # loaded where it is used, so that --help is quick

        with reach(where) as terminal:
            return Carrier(terminal.open(wire.CONFIG)).settings()

    return fetch


def _changed(changes: list[settings.Change]) -> list[str]:
    return [f"{change.name}: {_shown(change.before)} -> {_shown(change.after)}" for change in changes]


@config.command()
@spoken()
def schema(voice: Voice) -> None:
    """Print the JSON Schema of the settings.

    Exit codes: 0 printed.
    """
    told = settings.schema()
    voice.answer(told, [json_text(told, indent=1)])


def signature_of(bundle: Bundle | None, key: Path | None) -> str:
    """none, unchecked, good or wrong; Trouble when that file holds no key."""
    if bundle is None or not any(bundle.signature):
        return "none" if key is None else "wrong"
    if key is None:
        return "unchecked"
    text = read_regular(key, _LONGEST_KEY, "no_file", str(key))
    try:
        return "good" if bundle.is_signed_by(bytes.fromhex(text.decode("ascii").strip())) else "wrong"
    except ValueError as problem:
        raise Trouble("public_key", key) from problem


def refuse_a_strangers(terminal: LiveTerminal, voice: Voice, file: Path, bundle: Bundle, key: Path | None) -> None:
    """Trouble for what is not signed with that public key; without one, with the authority's own key where that is here. The
    terminal would say so too, after all of it was brought."""
    given = terminal.credentials
    if key:
        strange = signature_of(bundle, key) == "wrong"
    elif given.key_file and not given.ticket:
        strange = not bundle.is_signed_by(public_key(authority.signing_key(given.open_key())))
    else:
        return
    if strange:
        raise Trouble("bundle", file, voice.say("signature.wrong"))


def manifest_of(bundle: Bundle | None) -> dict[str, Any]:
    """For programs."""
    if bundle is None:
        return {"version": None, "by": None, "date": None, "digest": None}
    told = {"version": bundle.version, "by": bundle.by, "date": bundle.date, "target": bundle.target}
    return {**told, "previous": bundle.previous.hex(), "digest": bundle.digest.hex()}


def manifest_lines(voice: Voice, bundle: Bundle | None, signature: str) -> list[str]:
    """For people."""
    if bundle is None:
        return [voice.say("signature.none")]
    day = f"{bundle.date // 10000:04}-{bundle.date // 100 % 100:02}-{bundle.date % 100:02}"
    return [voice.say("config.version", bundle.version, bundle.target, bundle.by, day), voice.say(f"signature.{signature}")]


def _shown(value: Any) -> str:
    return "-" if value is None else json_text(value)
