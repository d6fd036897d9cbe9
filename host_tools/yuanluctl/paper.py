"""What a paper holds, in Chinese and English: blocks of words, tables and a QR code, and what stands on each of its pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from host_tools.yuanluctl.words import both


class Both(NamedTuple):
    """A value that is said otherwise in Chinese than in English."""

    zh: str
    en: str

    @property
    def in_one(self) -> str:
        """As it stands beside one label."""
        return self.zh if self.zh == self.en else f"{self.zh} / {self.en}"


Value = str | Both


class Heading(NamedTuple):
    """A word's id, in both languages."""

    word: str


class Text(NamedTuple):
    """A sentence by its id, and what completes it."""

    word: str
    values: tuple[object, ...] = ()

    @property
    def lines(self) -> list[str]:
        """In Chinese, then in English."""
        chinese = both(self.word, *(value.zh if isinstance(value, Both) else value for value in self.values))[0]
        return [chinese, both(self.word, *(value.en if isinstance(value, Both) else value for value in self.values))[1]]


class Pair(NamedTuple):
    """What a value is called, and the value. An empty one is a line to write on."""

    word: str
    value: Value


class Table(NamedTuple):
    """Ids or words of the columns, the cells, and how wide each column is against the others."""

    words: Sequence[Value]
    cells: Sequence[Sequence[Value]]
    widths: tuple[int, ...]


class Code(NamedTuple):
    """A QR code at the right edge, with its text under it; what follows stands beside it."""

    text: str


Block = Heading | Text | Pair | Table | Code


class Frame(NamedTuple):
    """What each page says, so that a loose one still belongs to somebody: whose paper it is, about which number, when (UTC) and
    by which version it was made."""

    terminal: Pair
    about: str
    made: datetime
    version: str


def own_version() -> str:
    """Of these tools; - where they run from sources that nobody has installed."""
    try:
        return version("yuanlu")
    except PackageNotFoundError:
        return "-"


def frame(terminal: Pair, about: str = "") -> Frame:
    """Of a paper that is made now, by this version."""
    return Frame(terminal, about, datetime.now(timezone.utc), own_version())


def whose(terminal: str, check: str) -> Pair:
    """A terminal by its id, else by the check digits that its records carry."""
    return Pair("paper.terminal", terminal or "-") if terminal or not check else Pair("paper.terminal_check", check)


def said(word: str, *values: object) -> Both:
    """The words of an id as a value."""
    return Both(*both(word, *values))


def plain(value: Value) -> str:
    """As one text."""
    return value.in_one if isinstance(value, Both) else value


def in_language(value: Value, language: str) -> str:
    """For a screen, which has one language."""
    return (value.zh if language == "zh" else value.en) if isinstance(value, Both) else value


def on_screen(blocks: Iterable[Block], language: str) -> list[str]:
    """The same as lines of one language; not the code."""
    column = 0 if language == "zh" else 1
    lines: list[str] = []
    for block in blocks:
        if isinstance(block, Heading):
            lines += [""] * bool(lines) + [both(block.word)[column]]
        elif isinstance(block, Text):
            lines.append(block.lines[column])
        elif isinstance(block, Pair):
            lines.append(f"{both(block.word)[column]}: {in_language(block.value, language) or '____'}")
        elif isinstance(block, Table):
            for cells in block.cells:
                shown = "  ".join(in_language(cell, language) for cell in cells).rstrip()
                lines += [f"  {line}" for line in shown.splitlines()]
    return lines
