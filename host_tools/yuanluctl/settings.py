"""A terminal's settings on this computer: read from wherever they stand, checked as the terminal does, compared, pushed."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from host_tools.yuanluctl import bundles
from host_tools.yuanluctl.bundles import BadBundle, Bundle
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.tables import FOLDER, SUBSET, read_glyphs
from host_tools.yuanluctl.targets import LARGEST_IMAGE, LINES, Target, read_regular, read_settings_image
from host_tools.yuanluctl.targets import parse as parse_target
from yuanlu import settings as rules
from yuanlu.config import Config
from yuanlu.errors import BadConfig

_MARGIN = 256  # bytes in which settings that were typed begin


class Found(NamedTuple):
    """Settings by name, and the bundle they came in: None for a file that nobody has signed."""

    source: str
    values: dict[str, Any]
    bundle: Bundle | None


class Change(NamedTuple):
    """A setting that differs; None where it is not given."""

    name: str
    before: Any
    after: Any


class Transport(Protocol):
    """The way to a terminal that takes settings."""

    def settings(self) -> bytes:
        """The bundle that counts there now; Trouble."""

    def install(self, content: bytes) -> None:
        """Bring that bundle there; it counts from the next start. Trouble when the terminal refuses it."""


def read(source: str, fetch: Callable[[Target], bytes] | None = None) -> Found:
    """Settings from a file (signed, or plain JSON), an image of the flash they stand on, an emulated terminal, or with `fetch`
    from a terminal on a line; Trouble."""
    if re.match(r"image:|emu:|socket://|rfc2217://|/dev/|COM[1-9]\d{0,2}$", source):
        target = parse_target(source)
        if target.kind not in LINES:
            content = read_settings_image(target)
        elif fetch:
            content = fetch(target)
        else:
            raise Trouble("target", source)
    else:
        content = read_regular(Path(source), LARGEST_IMAGE, "no_file", source)
    try:
        typed = content[:_MARGIN].removeprefix(codecs.BOM_UTF8).lstrip() + content[_MARGIN:]  # as editors of Windows leave it
        if typed[:1] == b"{":
            return Found(source, bundles.read_settings(typed, typed=True), None)
        bundle = newest(content)
        return Found(source, bundle.settings(), bundle)
    except BadBundle as problem:
        raise Trouble("settings", source, problem) from problem


def newest(content: bytes) -> Bundle:
    """The settings in a file of one bundle, or the newest in an image of a flash; BadBundle."""
    if content[:4] == bundles.MAGIC:
        try:
            return bundles.read(content)
        except BadBundle:
            if len(content) <= bundles.LONGEST_SETTINGS + 512:
                raise
    found = [bundle for bundle in bundles.of_shelf(content) if bundle.kind == bundles.SETTINGS]
    if not found:
        raise BadBundle("no whole settings")
    return max(found, key=lambda bundle: bundle.version)


def problems(values: dict[str, Any], by: str = "") -> list[str]:
    """What a terminal would refuse, and characters that it cannot show; Trouble without the tables of a checkout."""
    found = []
    try:
        Config(json.dumps(values))
    except BadConfig as problem:
        found.append(str(problem).removeprefix("config: "))
    if len(by.encode()) > bundles.LONGEST_NAME:
        found.append(f"'by' is at most {bundles.LONGEST_NAME} bytes")
    texts = [*((name, value) for name, value in sorted(values.items()) if isinstance(value, str)), ("by", by)]
    return found + [f"'{name}': {wrong}" for name, text in texts for wrong in unshown(text.replace("\n", ""))]


def unshown(text: str) -> list[str]:
    """Characters that a terminal cannot show; Trouble without the tables of a checkout."""
    if not (FOLDER / SUBSET).exists():
        raise Trouble("checkout")
    glyphs = _glyphs()
    return [f"no glyph for {one!r} (U+{ord(one):04X})" for one in dict.fromkeys(text) if ord(one) not in glyphs]


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(read_glyphs(FOLDER / SUBSET))


def schema() -> dict[str, Any]:
    """JSON Schema of the settings: types, ranges, defaults. Rules that bind several are in problems()."""
    fields: dict[str, Any] = {name: {"type": "string", "minLength": 1} for name in rules._TEXTS}
    for name, length in rules._TEXTS.items():
        if length:
            fields[name] |= {"minLength": length, "maxLength": length}
    for name, (low, high) in rules._NUMBERS.items():
        fields[name] = {"type": "integer", "minimum": low, "maximum": high}
    for name, choices in (("repeat", rules.REPEATS), ("mac", rules.MACS), ("fee_card", rules.PRODUCTS)):
        fields[name]["enum"] = list(choices)
    for name, value in rules._DEFAULTS.items():
        fields[name]["default"] = value
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "yuanlu settings",
        "type": "object",
        "properties": dict(sorted(fields.items())),
        "required": sorted(set(fields) - set(rules._DEFAULTS)),
        "additionalProperties": False,
    }


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """What is not given counts as its default."""
    old, new = ({**rules._DEFAULTS, **values} for values in (before, after))
    return [Change(name, old.get(name), new.get(name)) for name in sorted(old | new) if old.get(name) != new.get(name)]


def following(before: Bundle, values: dict[str, Any], date: int, by: str) -> Bundle:
    """Settings that a terminal with those before will take, not signed yet; BadBundle."""
    return bundles.of_settings(values, before.version + 1, date, by, before.digest)


def push(transport: Transport, bundle: Bundle, agree: Callable[[list[Change]], bool]) -> list[Change] | None:
    """Bring settings to a terminal once `agree` has seen what changes; Trouble when they would not be taken, or were not.

    agree: shows the differences and says whether to go on. None: the terminal has them already.
    """
    now = _newest_of(transport)
    if now.digest == bundle.digest:
        return None
    _check_target(bundle, now)
    if bundle.version <= now.version or bundle.previous != now.digest:
        raise Trouble("not_following", bundle.version, now.version)
    changes = differences(now.settings(), bundle.settings())
    if not agree(changes):
        return []
    transport.install(bundle.to_bytes())
    if _newest_of(transport).digest != bundle.digest:
        raise Trouble("not_kept", bundle.version)
    return changes


def rollback(
    transport: Transport, old: Bundle, date: int, by: str, sign: Callable[[Bundle], Bundle], agree: Callable[[list[Change]], bool]
) -> list[Change] | None:
    """Bring earlier settings back, as a new version with their content; Trouble. None: the terminal has that content already."""
    now = _newest_of(transport)
    _check_target(old, now)
    if not differences(now.settings(), old.settings()):
        return None
    return push(transport, sign(following(now, old.settings(), date, by)), agree)


def _check_target(bundle: Bundle, now: Bundle) -> None:
    """Trouble for settings of another terminal than the one that has those of now."""
    if bundle.target != now.target:
        raise Trouble("other_terminal", f"{bundle.by}, {bundle.date}", bundle.target, now.target)


def _newest_of(transport: Transport) -> Bundle:
    try:
        return bundles.read(transport.settings())
    except BadBundle as problem:
        raise Trouble("settings", "terminal", problem) from problem
