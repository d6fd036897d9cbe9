"""Records of a journal and the report of its verification, as lines in the reader's language."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from host_tools.yuanluctl import verdict
from host_tools.yuanluctl.journal.report import Report
from host_tools.yuanluctl.phrases import in_chinese
from host_tools.yuanluctl.words import say, words

MOST_FINDINGS = 100  # that are printed for people; --json has all
_SHOWN = ("number", "type", "copy", "transaction", "original", "amount", "address", "fields")
_SHOWN_WIDTHS = (9, -10, -4, 11, 9, 9, 9, 0)  # -: at the left
_TOLD_WIDTHS = (9, -10, 11, 9, 0)
_IN_COLUMNS = ("number", "type", "copy", "transaction", "original", "tag")


def heading(language: str) -> str:
    """Over the lines of row_shown()."""
    return _line([_word(language, "column", name) for name in _SHOWN], _SHOWN_WIDTHS)


def row_shown(language: str, row: dict[str, Any]) -> str:
    """A record, or a place that cannot be read, as `journal show` has it."""
    fields = _fields(
        language, ((name, value) for name, value in row.get("fields", {}).items() if name not in ("amount", "message"))
    )
    text = say(language, "show.bytes", row["bytes"]) if "bytes" in row else fields
    copied = _word(language, "column", "copied") if row.get("copy") else ""
    named = [row.get(name) or "" for name in ("transaction", "original", "amount")]
    cells = [row.get("number") or "", _type(language, row), copied, *named, f"{row['address']:#x}", text]
    return _line(cells, _SHOWN_WIDTHS)


def row_told(language: str, row: dict[str, Any]) -> str:
    """A record as `journal tail` has it."""
    named = [row["number"], _type(language, row), *[row[name] or "" for name in ("transaction", "original")]]
    fields = _fields(language, ((name, value) for name, value in row.items() if name not in _IN_COLUMNS))
    return _line([*named, fields], _TOLD_WIDTHS)


def _fields(language: str, fields: Iterable[tuple[str, Any]]) -> str:
    return " ".join(f"{_word(language, 'field', name)}={value}" for name, value in fields)


def _type(language: str, row: dict[str, Any]) -> str:
    name = str(row["type"])
    return say(language, "record.unknown", name[5:]) if name.startswith("type ") else _word(language, "record", name)


def _word(language: str, kind: str, name: str) -> str:
    """As programs have it in English."""
    return words()[f"{kind}.{name}"]["zh"] if language == "zh" else "" if (kind, name) == ("column", "copy") else name


def _line(cells: Iterable[object], widths: Iterable[int]) -> str:
    """The last cell is as long as it is; a Chinese character is two wide."""
    shown = []
    for cell, width in zip(map(str, cells), widths, strict=True):
        blank = " " * (abs(width) - wide(cell))
        shown.append(cell + blank if width < 0 else blank + cell)
    return "  ".join(shown).rstrip()


def wide(text: str) -> int:
    """Columns of a screen that it takes."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def print_report(language: str, report: Report) -> None:
    """What a verification found, for people."""
    console = Console(highlight=False)
    chip = report.geometry
    lines = [say(language, "verify.no_chip")]
    if chip:
        lines = [say(language, "verify.chip", chip.sectors, chip.sector_size, chip.unit, report.sectors)]
    lines.append(say(language, "verify.records", report.first, report.last, report.records, report.copies))
    lines += [say(language, "verify.left_out", left.first, left.last, left.boot) for left in report.left_out]
    lines += [say(language, "verify.torn", f"{torn.address:#x}", torn.size) for torn in report.torn]
    for number, result in report.anchors.items():
        lines.append(say(language, "verify.anchor", number, in_chinese(result) if language == "zh" else result))
    for line in lines:
        console.print(line)
    _print_findings(console, language, report)
    console.print(Text(verdict.told(language, report), "bold green" if report.consistent else "bold red"))


def _print_findings(console: Console, language: str, report: Report) -> None:
    if not report.findings:
        return
    table = Table(*(say(language, f"verify.{name}") for name in ("what", "record", "address", "why")))
    for finding in report.findings[:MOST_FINDINGS]:
        address = "" if finding.address < 0 else f"{finding.address:#x}"
        kind = say("zh", f"finding.{finding.kind.name.lower()}") if language == "zh" else finding.kind.value
        why = in_chinese(finding.text) if language == "zh" else finding.text
        table.add_row(Text(kind, "red"), str(finding.record or ""), address, Text(why))
    console.print(table)
    if len(report.findings) > MOST_FINDINGS:
        console.print(say(language, "verify.more", len(report.findings) - MOST_FINDINGS))
