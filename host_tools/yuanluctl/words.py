"""What the tools say, in Chinese and English: words.csv beside this file, by id."""

from __future__ import annotations

import csv
import re
from functools import cache
from pathlib import Path

LANGUAGES = ("zh", "en")
_OF_ONE = ("agree", "need")  # verbs
_COUNTED = re.compile(r"(?<![\d.])(\d+)((?: [a-zA-Z-]+)+)\(s\)")


@cache
def words() -> dict[str, dict[str, str]]:
    """Both texts of each id; `{}` stands where values go."""
    with Path(__file__).with_name("words.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def say(language: str, name: str, *values: object) -> str:
    """The text of an id, completed; KeyError for one that is not there. In English `1 line(s)` becomes `1 line`, `2 lines`, and
    `1 agree(s)` becomes `1 agrees`, `2 agree`."""
    text = words()[name][language].format(*values)
    return _COUNTED.sub(_counted, text) if "(s)" in words()[name][language] else text


def _counted(found: re.Match[str]) -> str:
    is_one, word = found[1] == "1", found[2]
    ending = "s" if is_one == word.endswith(_OF_ONE) else ""
    return f"{found[1]}{word}{ending}"


def both(name: str, *values: object) -> tuple[str, str]:
    """Chinese and English."""
    return say("zh", name, *values), say("en", name, *values)


def language_of(environment: str) -> str:
    """`zh` where LANG asks for Chinese, like zh_CN.UTF-8; else `en`."""
    return "zh" if environment.lower().startswith("zh") else "en"
