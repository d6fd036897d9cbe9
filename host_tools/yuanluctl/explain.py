"""What a response code, a refusal, a reason for waiting or a trouble of these tools means: from the tables that the terminal is
built from, and from the tools' own words."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from host_tools.yuanluctl import words as tools
from host_tools.yuanluctl.outcome import TROUBLES
from host_tools.yuanluctl.tables import CLASSES, Code, Word, read_codes, read_words


class Unknown(Exception):
    """No such code or reason."""


class Explanation(NamedTuple):
    """`first`, `repeat`: what the terminal makes of it as the first answer and as the answer to a repeat; empty for what is no
    response code. Texts as (Chinese, English)."""

    name: str
    what: tuple[str, str]
    advice: tuple[str, str]
    first: str = ""
    repeat: str = ""
    means: tuple[str, str] = ("", "")
    repeat_means: tuple[str, str] = ("", "")


def explain(name: str) -> list[Explanation]:
    """Of two characters, or of a name like `no_paper` or `refused.no_paper`: a refusal of the terminal's and a trouble of the
    tools' may both have it. Raises Unknown, TablesError."""
    words, codes = _tables()
    if name.upper() in codes:
        return [_of_code(codes[name.upper()], words)]
    found = []
    for full in (name, f"refused.{name}", f"why.{name}", f"trouble.{name}"):
        kind, _, bare = full.partition(".")
        if kind == "refused" and bare in words["explain.reasons"].en.split():
            found.append(Explanation(full, _both(words[full]), _both(words[f"advice.{full}"])))
        elif kind == "why" and full in words:
            found.append(Explanation(full, _both(words[full]), tools.both("explain.why")))
        elif kind == "trouble" and bare in TROUBLES:
            found.append(_of_trouble(bare))
    if not found:
        raise Unknown(name)
    return found


def known() -> list[str]:
    """Every name that `explain` takes, each in full."""
    words, codes = _tables()
    reasons = [f"refused.{reason}" for reason in words["explain.reasons"].en.split()]
    whys = [name for name in words if name.startswith("why.")]
    return [*codes, *reasons, *whys, *(f"trouble.{name}" for name in TROUBLES)]


@cache
def _tables() -> tuple[dict[str, Word], dict[str, Code]]:
    """By id, and by code."""
    return {word.id: word for word in read_words()}, {code.code: code for code in read_codes()}


def _of_code(code: Code, words: dict[str, Word]) -> Explanation:
    first, repeat = (_both(words[f"class.{CLASSES.index(made) + 1}"]) for made in (code.first, code.repeat))
    what, advice = (code.zh, code.en), (code.advice_zh, code.advice_en)
    return Explanation(code.code, what, advice, code.first, code.repeat, first, repeat)


def _of_trouble(name: str) -> Explanation:
    """The words of some are made of nothing but what fills them, so they have others here."""
    row = tools.words().get(f"explain.{name}") or tools.words()[f"trouble.{name}"]
    return Explanation(f"trouble.{name}", _filled(row["zh"], row["en"]), _filled(*tools.both(f"hint.{name}", "...")))


def _both(word: Word) -> tuple[str, str]:
    return _filled(word.zh, word.en)


def _filled(zh: str, en: str) -> tuple[str, str]:
    return zh.replace("{}", "..."), en.replace("{}", "...")
