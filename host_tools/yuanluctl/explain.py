"""What a response code or a refusal means, from the tables that the terminal itself is built from."""

from __future__ import annotations

from typing import NamedTuple

from host_tools.yuanluctl.tables import CLASSES, Code, Word, read_codes, read_words, refusals


class Unknown(Exception):
    """No such code or refusal: says what there is."""


class Explanation(NamedTuple):
    """`first`, `repeat`: what the terminal makes of it as the first answer and as the answer to a repeat; empty for a refusal,
    which never left the terminal. Texts as (Chinese, English)."""

    name: str
    first: str
    repeat: str
    what: tuple[str, str]
    means: tuple[str, str]
    advice: tuple[str, str]


def explain(name: str) -> Explanation:
    """Of two characters, or of a reason like `no_paper` or `refused.no_paper`. Raises Unknown, TablesError."""
    words = {word.id: word for word in read_words()}
    codes = {code.code: code for code in read_codes()}
    if name.upper() in codes:
        return _of_code(codes[name.upper()], words)
    reason = name.removeprefix("refused.")
    if reason in refusals(list(words.values())):
        what, advice = words[f"refused.{reason}"], words[f"advice.refused.{reason}"]
        return Explanation(f"refused.{reason}", "", "", _both(what), ("", ""), _both(advice))
    raise Unknown(f"{name}: no response code, and no reason of the terminal's; see --list")


def known() -> list[str]:
    """Every name that `explain` takes."""
    return [code.code for code in read_codes()] + [f"refused.{reason}" for reason in refusals(read_words())]


def _of_code(code: Code, words: dict[str, Word]) -> Explanation:
    means = _both(words[f"class.{CLASSES.index(code.first) + 1}"])
    return Explanation(code.code, code.first, code.repeat, (code.zh, code.en), means, (code.advice_zh, code.advice_en))


def _both(word: Word) -> tuple[str, str]:
    return word.zh.replace("{}", "..."), word.en.replace("{}", "...")
