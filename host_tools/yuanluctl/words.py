"""What the tools say, in Chinese and English: words.csv beside this file, by id."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

LANGUAGES = ("zh", "en")


@cache
def words() -> dict[str, dict[str, str]]:
    """Both texts of each id; `{}` stands where values go."""
    with Path(__file__).with_name("words.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def say(language: str, name: str, *values: object) -> str:
    """The text of an id, completed; KeyError for one that is not there."""
    return words()[name][language].format(*values)


def both(name: str, *values: object) -> tuple[str, str]:
    """Chinese and English."""
    return say("zh", name, *values), say("en", name, *values)


def language_of(environment: str) -> str:
    """`zh` where LANG asks for Chinese, like zh_CN.UTF-8; else `en`."""
    return "zh" if environment.lower().startswith("zh") else "en"
