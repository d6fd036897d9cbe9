"""Compares a journal with an acquirer's statement, and says of each difference what it means and what a person may decide.

A line is matched with a transaction by terminal, trace, amount and date together, and only where each of the two has no other
partner. Nothing else is matched by machine: two equal parts of one sale cannot be told apart by amount and day, so both go to a
person. That a line is missing proves "not done" only where the statement runs from the day of the refund to N days after its last
send, and is seen to be one of this terminal with such lines in it: it has another that is done, and lacks none. A file of another
terminal, or an export of sales alone, lacks every refund. Nor may it have a line that nobody explains and that may be this one,
under a trace that the acquirer gave, or a terminal's name that somebody mistyped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple
from zlib import crc32

from host_tools.yuanluctl.journal.ledger import CASH, DONE, Attempt, Ledger, Transaction, moment, yuan
from host_tools.yuanluctl.statement import Line
from host_tools.yuanluctl.status import day_of

TRACES = 1_000_000  # a trace has six digits and begins anew
LONGEST_WAY_DAYS = 30  # from the day of a transaction to that of its line: it may have waited for a line to the acquirer


class Span(NamedTuple):
    """The days that the statement covers whole, yyyymmdd; zeros for none."""

    first: int
    last: int


class Finding(NamedTuple):
    """`what` is agreed or the id of a difference; `decision` what the tool offers a person, never what it does."""

    what: str
    transaction: Transaction | None
    lines: tuple[Line, ...]
    decision: str = ""
    values: tuple[object, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        one = self.transaction
        about = {"number": one.number, "state": one.state, "amount": one.amount, "trace": one.trace} if one else None
        return {"what": self.what, "transaction": about, "lines": [line.number for line in self.lines], "decision": self.decision}


def covered(mine: list[Line], today: date, first: int = 0, last: int = 0) -> Span:
    """As it was told; else from the day of this terminal's first line to the day before its last line's, which may not be whole.
    What has no date yet, none is."""
    days = [line.date for line in mine]
    if not days:
        return Span(first, last) if first and last else Span(0, 0)
    newest = day_of(max(days))
    assert newest is not None  # each line's date was checked
    return Span(first or min(days), last or int(f"{min(newest, today) - timedelta(days=1):%Y%m%d}"))


def own_lines(ledger: Ledger, lines: list[Line]) -> list[Line]:
    """Those that may be this terminal's: a spreadsheet drops leading zeros or brings others, letters come in either case, and
    blanks and what nobody sees in between."""
    own = ledger.last.terminal if ledger.last else 0

    def may_be_own(name: str) -> bool:
        plain = "".join(character for character in name if character.isalnum())
        spelt = {form for one in (name, plain, plain.lstrip("0")) for form in (one, one.upper(), one.lower())}
        return not plain or own in {crc32(one.zfill(width).encode()) for one in spelt for width in (0, 8)}

    return [line for line in lines if may_be_own(line.terminal)]


def reconcile(ledger: Ledger, lines: list[Line], span: Span, days: int, whole: bool) -> list[Finding]:
    """One finding a transaction and one a line that has none; what agrees too. `days` is N; whole: the journal was looked through
    and has no findings, so that no attempt is missing."""
    mine = own_lines(ledger, lines)
    own = {line.number for line in mine}
    foreign = [line for line in lines if line.number not in own]
    # No statement can have cash, nor what another terminal had sent.
    every = [one for one in ledger.transactions.values() if one.kind and one.road != CASH and not one.brought]
    pairs = _pairs(every, [line for line in mine if not line.doubt])
    of_line: dict[int, list[Transaction]] = defaultdict(list)
    for number, found in pairs.items():
        for line in found:
            of_line[line.number].append(ledger.transactions[number])
    alike: dict[tuple[str, int], list[Line]] = defaultdict(list)
    for line in mine:
        if line.trace:
            alike["trace", line.trace % TRACES].append(line)
        if not line.trace or line.undoes:
            alike["amount", line.amount].append(line)
    findings: list[Finding] = []
    taken: set[int] = set()
    explained = {number for number, those in of_line.items() if len(those) == 1}
    for one in every:
        found = pairs.get(one.number, [])
        doubtful = [line for line in _candidates(one, alike) if line.doubt and _near(one, line)]
        taken.update(line.number for line in found + doubtful)
        explained.update(line.number for line in doubtful if _has_its_trace(one, line) and not line.undoes)
        if doubtful and not (one.settled and one.state not in DONE and not found):
            findings.append(_doubted(one, found, doubtful))
        elif any(len(of_line[line.number]) > 1 for line in found):
            findings.append(Finding("ambiguous", one, tuple(found), "person"))
        elif found:
            findings.append(_present(one, found))
        else:
            others = (line for line in _candidates(one, alike) if line.number not in of_line and not line.doubt)
            near = [line for line in others if _near(one, line)]
            taken.update(line.number for line in near)
            findings.append(_absent(one, near, span, days, _cancelled(ledger, one, pairs)))
    for line in mine:
        if line.number not in taken:
            findings.append(Finding("stranger", None, (line,), "ask_acquirer", (line.number, yuan(line.amount), line.trace)))
    nobodys = [line for line in mine if line.number not in explained]
    findings = _without_false_proof(findings, nobodys, foreign)
    findings += [Finding("brought", one, (), "ask_acquirer") for one in ledger.unsettled if one.brought]
    if not whole:
        findings = [_unproven(finding, "journal_hurt") for finding in findings]
    if ledger.given_to:
        findings = [one._replace(decision="at_other") if one.decision.startswith("resolve") else one for one in findings]
    return findings


def _without_false_proof(findings: list[Finding], nobodys: list[Line], foreign: list[Line]) -> list[Finding]:
    """`open_missing` stays only where this file is seen to have what the terminal did, in that direction, and no line that may be
    it: `nobodys` are this terminal's that no transaction explains, `foreign` another's."""
    lacks = any(finding.what == "done_missing" for finding in findings)
    seen = [finding.transaction for finding in findings if finding.what == "agreed" and finding.lines]
    has = {one.kind != "sale" for one in seen if one}

    def weighed(finding: Finding) -> Finding:
        one = finding.transaction
        if finding.what != "open_missing" or one is None:
            return finding
        if lacks or (one.kind != "sale") not in has:
            return _unproven(finding, "unproven")
        may_be = [line for line in nobodys if _has_its_trace(one, line) or (_goes_its_way(one, line) and _in_time(one, line))]
        if may_be:
            return Finding("may_be_it", one, tuple(may_be), "ask_acquirer", (_numbers(may_be),))
        alike = [line for line in foreign if line.amount == one.amount and _has_its_trace(one, line) and _in_time(one, line)]
        return Finding("elsewhere", one, tuple(alike), "person", (_numbers(alike),)) if alike else finding

    return [weighed(finding) for finding in findings]


def _unproven(finding: Finding, why: str) -> Finding:
    """It is not on the statement, and that says nothing."""
    return Finding(why, finding.transaction, (), "ask_acquirer") if finding.what == "open_missing" else finding


def _doubted(one: Transaction, found: list[Line], doubtful: list[Line]) -> Finding:
    """Whatever else the statement has of it: a line says that it failed, or was taken back."""
    told = ", ".join(f"{line.number} ({line.doubt})" for line in doubtful)
    return Finding("doubtful", one, (*found, *doubtful), "person", (told,))


def _pairs(every: Iterable[Transaction], lines: list[Line]) -> dict[int, list[Line]]:
    """The lines that carry a transaction's trace, amount, kind and a date that fits."""
    by_key: dict[tuple[int, int, bool], list[Line]] = defaultdict(list)
    for line in lines:
        if line.trace and line.is_refund is not None:
            by_key[line.trace % TRACES, line.amount, line.is_refund].append(line)
    found = {}
    for one in every:
        keys = [(trace % TRACES, one.amount, one.kind != "sale") for trace in sorted(one.traces)]
        fitting = [line for key in keys for line in by_key.get(key, []) if _in_time(one, line)]
        if fitting:
            found[one.number] = fitting
    return found


def _in_time(one: Transaction, line: Line) -> bool:
    """On its day, or later where it waited: a done one by the day of its last record, one still open within 30 days."""
    begun, day, last = day_of(one.date), day_of(line.date), day_of(one.last_date)
    if not begun or not day or not last:
        return False
    limit = max(last, begun) + timedelta(days=1 if one.state in DONE else LONGEST_WAY_DAYS)
    return begun <= day <= limit


def _candidates(one: Transaction, alike: dict[tuple[str, int], list[Line]]) -> list[Line]:
    """The lines with one of its traces, and those that may have its amount alone."""
    keys = [*sorted({("trace", trace % TRACES) for trace in one.traces}), ("amount", one.amount)]
    return list(dict.fromkeys(line for key in keys for line in alike.get(key, [])))


def _near(one: Transaction, line: Line) -> bool:
    """Looks like it without being it: same trace and kind with another amount or day; or no trace, and amount and day fit. What
    takes something back has a trace of its own: of what is open it may be any that amount and day fit."""
    if line.undoes and one.state not in DONE and line.amount == one.amount and _in_time(one, line):
        return True
    if not line.undoes and not _goes_its_way(one, line):
        return False
    if line.trace:
        return _has_its_trace(one, line) and (line.amount == one.amount or line.date == one.date)
    return line.amount == one.amount and _in_time(one, line)


def _has_its_trace(one: Transaction, line: Line) -> bool:
    return bool(line.trace) and line.trace % TRACES in {trace % TRACES for trace in one.traces}


def _goes_its_way(one: Transaction, line: Line) -> bool:
    """In its direction, or in one that is not said."""
    return line.is_refund in (None, one.kind != "sale")


def _numbers(lines: Iterable[Line]) -> str:
    return ", ".join(str(line.number) for line in lines)


def _present(one: Transaction, lines: list[Line]) -> Finding:
    """The acquirer has it."""
    numbers = _numbers(lines)
    if len(lines) > 1:
        return Finding("booked_twice", one, tuple(lines), "claim_back", (numbers,))
    if one.rrn and any(line.rrn and line.rrn.upper().lstrip("0") != one.rrn.upper().lstrip("0") for line in lines):
        return Finding("rrn_differs", one, tuple(lines), "person", (numbers,))
    if one.state in DONE:
        return Finding("agreed", one, tuple(lines))
    if not one.sent:
        return Finding("booked_unsent", one, tuple(lines), "ask_acquirer", (numbers,))
    if one.settled:
        return Finding("booked_not_done", one, tuple(lines), "ask_acquirer", (numbers,))
    return Finding("booked_open", one, tuple(lines), "resolve_done", (numbers,))


def _absent(one: Transaction, near: list[Line], span: Span, days: int, cancelled: bool) -> Finding:
    """The acquirer's statement has no line that is surely its own. cancelled: nor should it."""
    numbers = _numbers(near)
    if near and near[0].trace:
        return Finding("differs", one, tuple(near), "person", (numbers,))
    if near:
        return Finding("looks_alike", one, tuple(near), "person", (numbers,))
    if (one.settled and one.state not in DONE) or not one.sent or cancelled:
        return Finding("agreed", one, ())
    if one.state not in DONE and not (one.clock and all(map(_is_dated, one.attempts))):
        return Finding("undated", one, (), "ask_acquirer")
    last = day_of(one.last_date)
    proof = int(f"{last + timedelta(days=days):%Y%m%d}") if last else 0
    inside = bool(proof and span.first and span.first <= one.date and proof <= span.last)
    if not inside:
        return Finding("too_early", one, (), "later_statement", (moment(one.date, 0)[:10], moment(proof, 0)[:10]))
    if one.state in DONE:
        return Finding("done_missing", one, (), "ask_acquirer")
    return Finding("open_missing", one, (), "resolve_not_done")


def _is_dated(attempt: Attempt) -> bool:
    """A record of sending has no date, what came of it has: without that it may have gone long after it was confirmed."""
    last = max(attempt.results, default=None, key=lambda result: result.record)
    return not attempt.sends or (last is not None and last.record > attempt.sends[-1] and day_of(last.date) is not None)


def _cancelled(ledger: Ledger, one: Transaction, pairs: dict[int, list[Line]]) -> bool:
    """A void and its sale take each other off the statement; one of them alone does not."""
    if one.kind == "void":
        return one.state in DONE and one.original not in pairs
    voids = [other for other in ledger.refunds_of(one.number) if other.kind == "void" and other.state in DONE]
    return bool(voids) and not any(other.number in pairs for other in voids)
