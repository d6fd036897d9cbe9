"""What is said in English where no language is known (by click, by the verification of a journal), in Chinese: rows `phrase.*` of
words.csv."""

from __future__ import annotations

import re
from functools import cache

from host_tools.yuanluctl.words import words


def in_chinese(text: str) -> str:
    """The Chinese of an English sentence and of what stands in its gaps; as it is where there is none."""
    plain = " ".join(text.split())
    for pattern, chinese in _phrases():
        if found := pattern.fullmatch(plain):
            return chinese.format(*map(in_chinese, found.groups()))
    return text


@cache
def _phrases() -> list[tuple[re.Pattern[str], str]]:
    """The one that says most in its own words comes first."""
    rows = [row for name, row in words().items() if name.startswith("phrase.")]
    rows.sort(key=lambda row: -len(row["en"].replace("{}", "")))
    return [(re.compile("(.+?)".join(map(re.escape, row["en"].split("{}")))), row["zh"]) for row in rows]
