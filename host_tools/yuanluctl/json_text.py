"""JSON as the verbs print it: Chinese stays readable, and no character that a screen would obey, or that turns what is beside it
round, stands there as it is."""

from __future__ import annotations

import json
import re

_UNSEEN = re.compile(r"[^\x00-\x7e]")  # what json writes of ASCII is escaped already, but for DEL


def json_text(content: object, indent: int | None = None) -> str:
    """The same object for whoever reads it: escapes are JSON's own."""
    return _UNSEEN.sub(_escaped, json.dumps(content, ensure_ascii=False, indent=indent))


def _escaped(found: re.Match[str]) -> str:
    return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1]
