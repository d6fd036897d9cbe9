"""`yuanluctl report`: evidence, the request sheet, a statement compared, the operators."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any
from zlib import crc32

import rich_click as click

from host_tools.yuanluctl import verdict
from host_tools.yuanluctl.cli_image import read_key
from host_tools.yuanluctl.cli_journal import anchors_of
from host_tools.yuanluctl.cli_target import Chip, Voice, day, on_a_terminal
from host_tools.yuanluctl.evidence import Case, open_case
from host_tools.yuanluctl.evidence import evidence as evidence_of
from host_tools.yuanluctl.evidence_paper import evidence_page, sheet_page
from host_tools.yuanluctl.identity import identity
from host_tools.yuanluctl.journal.ledger import Ledger, every_record, fold, yuan
from host_tools.yuanluctl.journal.reader import read_journal
from host_tools.yuanluctl.journal.report import Anchor, Report
from host_tools.yuanluctl.journal.verify import verify
from host_tools.yuanluctl.journal_text import wide
from host_tools.yuanluctl.operators import Work, operators_page, tables, work
from host_tools.yuanluctl.operators import period as period_of
from host_tools.yuanluctl.outcome import FINDINGS, Trouble
from host_tools.yuanluctl.paper import Block, Frame, frame, in_language, on_screen, whose
from host_tools.yuanluctl.reconcile import Finding, covered, own_lines
from host_tools.yuanluctl.reconcile import reconcile as compare
from host_tools.yuanluctl.statement import LARGEST, read_statement
from host_tools.yuanluctl.targets import read_regular

MOST_OTHERS = 3  # terminals that are named
pdf_option = click.option("-o", "--out", type=click.Path(path_type=Path), metavar="FILE.pdf", help="Write it as PDF.")
terminal_option = click.option(
    "--terminal",
    default="",
    metavar="ID",
    help="The terminal's id (F41), if the target does not tell it: its slip code goes on it.",
)


@click.group()
def report() -> None:
    """Evidence of a refund, the request sheet, a statement compared, what operators did: from the journal alone."""


def _ledger(chip: Chip) -> Ledger:
    return fold(every_record(read_journal(chip.image, chip.geometry)))


@report.command()
@click.argument("ref")
@pdf_option
@terminal_option
@click.option("--key", "key_file", type=click.Path(path_type=Path), metavar="FILE", help="Journal root key: seals are checked.")
@click.option("--epoch", type=click.IntRange(0, (1 << 32) - 1), metavar="N", help="The terminal's install epoch; with --key.")
@click.option("--anchor", "anchors", multiple=True, callback=anchors_of, metavar="NUMBER:TAG", help="A record as seen outside.")
@on_a_terminal(writes=True)
def evidence(
    chip: Chip,
    voice: Voice,
    ref: str,
    out: Path | None,
    terminal: str,
    key_file: Path | None,
    epoch: int | None,
    anchors: list[Anchor],
) -> None:
    """All that the journal proves of one refund: its sale, every attempt and answer, the verdict on the seal, a QR code.

    REF is its number, t and its trace (t000017), its RRN, or the code of its slip.

    Exit codes: 0 made, and the journal is consistent; 1 made, but the journal has findings, and the paper says so; 2 wrong use or
    unreadable file, 3 nobody there, 5 no answer, 4 port busy, 6 not allowed.
    """
    if key_file and (not terminal or epoch is None):
        raise click.UsageError("--key needs --terminal and --epoch: each terminal has keys of its own")
    key = read_key(key_file) if key_file else None
    ledger = _ledger(chip)
    with voice.progress("seals", sum(len(one.records) for one in ledger.transactions.values())) as progress:
        told = verify(chip.image, chip.geometry, key, terminal if key else None, epoch, anchors, progress if key else None)
    case = open_case(ledger, ref, told, terminal or identity(chip, ledger).terminal)
    _give(voice, evidence_of(case), evidence_page(case), out, _frame_of(case))
    if not told.consistent:
        raise SystemExit(FINDINGS)


@report.command()
@click.argument("ref")
@pdf_option
@terminal_option
@click.option("--merchant", default="", metavar="ID", help="The shop's number (F42); else a line to write on.")
@on_a_terminal(writes=True)
def sheet(chip: Chip, voice: Voice, ref: str, out: Path | None, terminal: str, merchant: str) -> None:
    """The manual request sheet, 退款申请表, for a refund that the acquirer has to settle by hand.

    Exit codes: 0 made, 1 made, but the journal has findings, and the paper says so; 2 wrong use or unreadable file, 3 nobody
    there, 5 no answer, 4 port busy, 6 not allowed.
    """
    ledger = _ledger(chip)
    known = identity(chip, ledger)
    case = open_case(ledger, ref, verify(chip.image, chip.geometry), terminal or known.terminal)
    if case.one.kind not in ("refund", "void"):
        raise Trouble("no_refund" if case.one.kind else "lost_refund", case.one.number)
    merchant = merchant or known.merchant
    _give(voice, evidence_of(case) | {"merchant": merchant or None}, sheet_page(case, merchant), out, _frame_of(case))
    if not case.report.consistent:
        raise SystemExit(FINDINGS)


def _frame_of(case: Case) -> Frame:
    return frame(whose(case.terminal, case.check), str(case.one.number))


def _give(voice: Voice, content: dict[str, Any], blocks: list[Block], out: Path | None, pages: Frame) -> None:
    """A paper as PDF, and its words on the screen."""
    if out:
        from host_tools.yuanluctl.page import as_pdf  # loaded where it is used

        voice.write(out, as_pdf(blocks, pages))
        content = {**content, "file": str(out), "dry_run": voice.dry_run}
    voice.answer(content, on_screen(blocks, voice.language))


@report.command()
@click.argument("statement", type=click.Path(path_type=Path))
@click.option("--days", type=click.IntRange(0, 90), default=3, show_default=True, help="Days after which a line must be there.")
@click.option("--from", "first", callback=day, metavar="DAY", help="First day it covers; else its first line's.")
@click.option("--through", "last", callback=day, metavar="DAY", help="Last whole day; else the one before its last line's.")
@on_a_terminal()
def reconcile(chip: Chip, voice: Voice, statement: Path, days: int, first: int, last: int) -> None:
    """Compare the journal with an acquirer's statement (CSV), and say of each difference what it means and what may be decided.

    Nothing is decided by this command. A line counts as a transaction's only where terminal, trace, amount and day fit and
    neither has another partner. A missing line proves something only where the statement goes on for --days after the last send,
    and has what else the terminal did. The evidence that is offered then names the last whole day and four digits of the file.

    Exit codes: 0 all agrees or it is too early to tell, 1 differences, or the journal has findings, 2 wrong use or unreadable
    file, 3 nobody there, 5 no answer, 4 port busy, 6 not allowed.
    """
    _check_order(first, last)
    if last >= int(f"{date.today():%Y%m%d}"):
        raise click.UsageError("--through is not over yet: it has to be a whole day")
    content = read_regular(statement, LARGEST, "no_file", str(statement))
    verified = verify(chip.image, chip.geometry)
    lines, ledger = read_statement(content, str(statement)), _ledger(chip)
    span = covered(own_lines(ledger, lines), date.today(), first, last)
    found = compare(ledger, lines, span, days, verified.consistent)
    evidence = f"{span.last % 1_000_000:06}{crc32(content) % 10_000:04}"
    counts: dict[str, int] = {}
    for finding in found:
        counts[finding.what] = counts.get(finding.what, 0) + 1
    differences = [finding for finding in found if finding.what != "agreed"]
    own = {line.number for line in own_lines(ledger, lines)}
    others = sorted({line.terminal if len(line.terminal) <= 8 else "?" for line in lines if line.number not in own})
    told = {"target": chip.terminal.name, "covers": list(span), "lines": len(lines), "counts": counts}
    told |= {"verdict": verified.verdict, "consistent": verified.consistent}
    told |= {"sha256": sha256(content).hexdigest(), "evidence": evidence, "other_terminals": others}
    agreed = counts.get("agreed", 0)
    if span.first and span.first <= span.last:
        heading = [voice.say("reconcile.heading", len(lines), span.first, span.last, agreed)]
    else:  # of one day alone, say, which may go on
        heading = [voice.say("reconcile.heading_no_day", len(lines), agreed)]
    heading += _hurt(voice, verified)
    if others:
        heading.append(voice.say("reconcile.others", ", ".join(others[:MOST_OTHERS]) + (" ..." if others[MOST_OTHERS:] else "")))
    rows = [row for finding in differences for row in _explained(voice, finding, evidence)]
    voice.answer({**told, "differences": [_with_text(voice, finding, evidence) for finding in differences]}, [*heading, *rows])
    if not verified.consistent or any(finding.what != "too_early" for finding in differences):
        raise SystemExit(FINDINGS)


def _with_text(voice: Voice, finding: Finding, evidence: str) -> dict[str, Any]:
    text, decision, *_ = [row.strip() for row in [*_explained(voice, finding, evidence), ""]]
    return {**finding.as_json(), "text": text, "advice": decision.removeprefix("-> ")}


def _explained(voice: Voice, finding: Finding, evidence: str) -> list[str]:
    one = finding.transaction
    name = f"{voice.say(f'kind.{one.kind}')} {one.number}  {yuan(one.amount)}  {one.batch:06}/{one.trace:06}  " if one else ""
    state = f" [{voice.say(f'state.{one.state}')}]" if one else ""
    text = f"{name}{voice.say(f'reconcile.{finding.what}', *finding.values)}{state}"
    number = one.number if one else "-"
    numbers = ",".join(str(line.number) for line in finding.lines) or "-"
    if finding.lines:  # the day of what is there, not that up to which nothing was found
        evidence = f"{finding.lines[0].date % 1_000_000:06}{evidence[6:]}"
    return [text, "    -> " + voice.say(f"decision.{finding.decision}", number, numbers, evidence)]


@report.command()
@click.option("--from", "first", callback=day, metavar="DAY", help="First day, like 2026-11-22.")
@click.option("--through", "last", callback=day, metavar="DAY", help="Last day.")
@pdf_option
@on_a_terminal(writes=True)
def operators(chip: Chip, voice: Voice, first: int, last: int, out: Path | None) -> None:
    """What each person sold, gave back, approved and decided, as far back as the journal goes.

    A refund counts for who confirmed it, what was found out about it for who decided that, on the day of the refund: a decision
    has no day of its own.

    Exit codes: 0 shown, 1 shown, but the journal has findings and may lack some of it, 2 wrong use or unreadable file, 3 nobody
    there, 5 no answer, 4 port busy, 6 not allowed.
    """
    _check_order(first, last)
    ledger, report = _ledger(chip), verify(chip.image, chip.geometry)
    found = work(ledger, first, last or 99991231)
    terminal, days = identity(chip, ledger).terminal, period_of(ledger, first, last)
    told: dict[str, Any] = {"target": chip.terminal.name, "terminal": terminal or None, "terminal_check": ledger.check}
    if out:
        whom = whose(terminal, ledger.check)
        from host_tools.yuanluctl.page import as_pdf  # loaded where it is used

        voice.write(out, as_pdf(operators_page(found, whom, days, report), frame(whom)))
        told |= {"file": str(out), "dry_run": voice.dry_run}
    told |= {"verdict": report.verdict, "consistent": report.consistent, "operators": [one._asdict() for one in found]}
    voice.answer(told, _hurt(voice, report) + _columns(voice, found, in_language(days, voice.language)))
    if not report.consistent:
        raise SystemExit(FINDINGS)


def _hurt(voice: Voice, report: Report) -> list[str]:
    return [] if report.consistent else [voice.say("reconcile.hurt", verdict.told(voice.language, report))]


def _check_order(first: int, last: int) -> None:
    """Wrong use where the days are the wrong way round."""
    if first and last and first > last:
        raise click.UsageError("--from is after --through")


def _columns(voice: Voice, found: list[Work], days: str) -> list[str]:
    """A column each person, under each other where there are many."""
    lines = [f"{voice.say('work.period')}: {days}"] + ([] if found else [voice.say("work.nobody")])
    for heads, rows in tables(found):
        shown = [[in_language(cell, voice.language) for cell in cells] for cells in [heads, *rows]]
        widths = [max(map(wide, column)) for column in zip(*shown, strict=True)]
        for name, *cells in shown:
            padded = [" " * (width - wide(cell)) + cell for cell, width in zip(cells, widths[1:], strict=True)]
            lines.append("  ".join([name + " " * (widths[0] - wide(name)), *padded]))
    return lines
