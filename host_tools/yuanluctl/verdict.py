"""The verdict on a journal in the reader's language, on paper in both. For programs it stays the one line of journal.report."""

from __future__ import annotations

from host_tools.yuanluctl.journal.report import Report
from host_tools.yuanluctl.words import say


def told(language: str, report: Report) -> str:
    """One line that promises no more than was checked."""
    if language == "en":
        return report.verdict
    if report.findings:
        kinds = "、".join(dict.fromkeys(say(language, f"finding.{finding.kind.name.lower()}") for finding in report.findings))
        checked = say(language, "verdict.findings", len(report.findings), kinds)
    else:
        checked = say(language, "verdict.sealed" if report.sealed else "verdict.structure")
    return checked + say(language, "verdict.then") + _end(language, report)


def in_both(report: Report) -> tuple[str, str]:
    """In Chinese and in English."""
    return told("zh", report), told("en", report)


def _end(language: str, report: Report) -> str:
    if not report.anchored:
        return say(language, "verdict.no_anchor")
    if report.anchored == report.last:
        return say(language, "verdict.anchored", report.anchored)
    return say(language, "verdict.anchored_up_to", report.anchored, report.anchored + 1, report.last)
