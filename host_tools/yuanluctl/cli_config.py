"""`yuanluctl config`: the settings of a terminal, read, compared and checked. What is signed: `yuanluctl authority sign`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import rich_click as click

from host_tools.yuanluctl import settings
from host_tools.yuanluctl.bundles import Bundle
from host_tools.yuanluctl.cli_target import Voice, spoken
from host_tools.yuanluctl.outcome import FINDINGS, Trouble
from host_tools.yuanluctl.targets import read_regular

_LONGEST_KEY = 256  # bytes of a file with a public key
_source = click.argument("source")


@click.group()
def config() -> None:
    """Read, compare and check the settings of a terminal.

    SOURCE is a file (signed, or plain JSON), image:FILE (the flash that settings stand on), emu:NAME or emu:PORT.
    """


@config.command()
@_source
@click.option("--key", type=click.Path(path_type=Path), metavar="FILE", help="The authority's public key, to check who signed.")
@spoken()
def get(voice: Voice, source: str, key: Path | None) -> None:
    """Show the settings, who signed them and when.

    Exit codes: 0 shown, 1 shown, but not signed with that key, 2 wrong use or unreadable, 3 nobody there, 5 no answer.
    """
    found = settings.read(source)
    signature = signature_of(found.bundle, key)
    told = {"source": source, "signature": signature, **manifest_of(found.bundle), "settings": found.values}
    lines = [f"{name} = {value}" for name, value in sorted(found.values.items())]
    voice.answer(told, [*manifest_lines(voice, found.bundle, signature), *lines])
    raise SystemExit(FINDINGS if signature == "wrong" else 0)


@config.command()
@click.argument("before")
@click.argument("after")
@spoken()
def diff(voice: Voice, before: str, after: str) -> None:
    """Say which settings differ between two sources.

    Exit codes: 0 none, 1 some, 2 wrong use or unreadable, 3 nobody there, 5 no answer.
    """
    changes = settings.differences(settings.read(before).values, settings.read(after).values)
    told = {"before": before, "after": after, "changes": [change._asdict() for change in changes]}
    voice.answer(told, [f"{change.name}: {_shown(change.before)} -> {_shown(change.after)}" for change in changes])
    raise SystemExit(FINDINGS if changes else 0)


@config.command()
@_source
@spoken()
def validate(voice: Voice, source: str) -> None:
    """Check settings as the terminal will, and that it has a glyph for every character.

    Exit codes: 0 good, 1 something would be refused, 2 wrong use or unreadable, 3 nobody there, 5 no answer. Needs a checkout.
    """
    found = settings.read(source)
    wrong = settings.problems(found.values, found.bundle.by if found.bundle else "")
    voice.answer({"source": source, "valid": not wrong, "problems": wrong}, wrong or [voice.say("config.valid")])
    raise SystemExit(FINDINGS if wrong else 0)


@config.command()
def schema() -> None:
    """Print the JSON Schema of the settings.

    Exit codes: 0 printed.
    """
    click.echo(json.dumps(settings.schema(), ensure_ascii=False, indent=1))


def signature_of(bundle: Bundle | None, key: Path | None) -> str:
    """none, unchecked, good or wrong; Trouble when that file holds no key."""
    if bundle is None or not any(bundle.signature):
        return "none" if key is None else "wrong"
    if key is None:
        return "unchecked"
    text = read_regular(key, _LONGEST_KEY, "no_image", str(key))
    try:
        return "good" if bundle.is_signed_by(bytes.fromhex(text.decode("ascii").strip())) else "wrong"
    except ValueError as problem:
        raise Trouble("public_key", key) from problem


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
    return "-" if value is None else json.dumps(value, ensure_ascii=False)
