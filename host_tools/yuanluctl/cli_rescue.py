"""`yuanluctl rescue`: what a damaged chip still holds."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import rich_click as click

from host_tools.yuanluctl import verdict
from host_tools.yuanluctl.cli_target import Voice, on_a_terminal
from host_tools.yuanluctl.journal.layout import Record
from host_tools.yuanluctl.journal.ledger import Ledger, fold, moment, once, yuan
from host_tools.yuanluctl.journal.reader import GeometryError
from host_tools.yuanluctl.journal.verify import verify
from host_tools.yuanluctl.outcome import FINDINGS, Trouble
from host_tools.yuanluctl.rescue import Find, Lost, judge, lost_of
from host_tools.yuanluctl.rescue import carve as carve_image
from host_tools.yuanluctl.rescue import scan as scan_image
from host_tools.yuanluctl.status import entry
from host_tools.yuanluctl.targets import Terminal

MOST_GAPS = 20  # that are listed for a person; --json has all


@click.group()
def rescue() -> None:
    """Give back every whole record of a chip whose headers are damaged."""


def _scanned(voice: Voice, terminal: Terminal, image: bytes, sector_size: int, unit: int) -> Find:
    with voice.progress("scan", len(image)) as progress:
        try:
            return scan_image(image, sector_size, unit, progress)
        except GeometryError as problem:
            raise Trouble("image", terminal.name, problem) from problem


def _found(terminal: Terminal, found: Find) -> dict[str, Any]:
    numbers = [record.number for record in found.records]
    return {
        "target": terminal.name,
        "bytes": found.size,
        "headers": found.headers,
        "records": len(found.originals),
        "copies": len(found.records) - len(found.originals),
        "range": [min(numbers), max(numbers)] if numbers else None,
        "terminals": {f"{name:08x}": count for name, count in sorted(found.terminals.items())},
        "geometry": found.geometry._asdict() if found.geometry else None,
    }


@rescue.command()
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), metavar="FILE", help="The image to write.")
@on_a_terminal(writes=True, raw=True)
def dump(terminal: Terminal, image: bytes, sector_size: int, unit: int, voice: Voice, out: Path) -> None:
    """Write the bytes of the chip into a file as they are, damaged ones too, and say their SHA-256: work on copies of that.

    Exit codes: 0 written, with whole records in it; 1 written, there is none; 2 wrong use or unreadable file, 3 nobody there, 5
    no answer, 8 FILE is there already and holds something else, 4 port busy, 6 not allowed.
    """
    found = _scanned(voice, terminal, image, sector_size, unit)
    voice.write(out, image, keep_journal=True)
    digest, told = sha256(image).hexdigest(), _found(terminal, found)
    lines = [voice.say("rescue.dumped", len(image), digest)]
    lines.append(voice.say("rescue.found", told["records"], told["copies"], found.headers))
    voice.answer({**told, "file": str(out), "sha256": digest, "dry_run": voice.dry_run}, lines)
    if not found.records:
        raise SystemExit(FINDINGS)


@rescue.command()
@on_a_terminal(raw=True)
def scan(terminal: Terminal, image: bytes, sector_size: int, unit: int, voice: Voice) -> None:
    """Look for whole records everywhere on the chip, and tell its geometry from them.

    Exit codes: 0 records found, 1 none, 2 wrong use or unreadable file, 3 nobody there, 5 no answer, 4 port busy, 6 not allowed.
    """
    found = _scanned(voice, terminal, image, sector_size, unit)
    told = _found(terminal, found)
    chip = found.geometry
    lines = [voice.say("rescue.found", told["records"], told["copies"], found.headers)]
    lines.append(voice.say("rescue.chip", chip.sectors, chip.sector_size, chip.unit) if chip else voice.say("rescue.no_chip"))
    if len(found.terminals) > 1:
        lines.append(voice.say("rescue.terminals", ", ".join(told["terminals"])))
    voice.answer(told, lines)
    if not found.records:
        raise SystemExit(FINDINGS)


@rescue.command()
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), metavar="FILE", help="The image to write.")
@on_a_terminal(writes=True, raw=True)
def carve(terminal: Terminal, image: bytes, sector_size: int, unit: int, voice: Voice, out: Path) -> None:
    """Write the image again with its lost headers made anew, and verify it. Every other byte stays as it was read.

    Exit codes: 0 written, and its structure is consistent; 1 written, but it has findings; 2 wrong use or unreadable file, 3
    nobody there, 5 no answer, 8 FILE is there already and holds something else, 4 port busy, 6 not allowed.
    """
    found = _scanned(voice, terminal, image, sector_size, unit)
    if found.geometry is None:
        raise Trouble("image", terminal.name, voice.say("rescue.no_chip") if found.records else "no whole record")
    carved = carve_image(image, found.geometry)
    report = verify(carved.image, carved.geometry)
    voice.write(out, carved.image, keep_journal=True)
    told = {**_found(terminal, found), "file": str(out), "dry_run": voice.dry_run, "missing": carved.missing}
    told |= {"made": {str(index): sequence for index, sequence in carved.made.items()}, "verdict": report.verdict}
    lines = [voice.say("rescue.found", told["records"], told["copies"], found.headers)]
    lines += [voice.say("rescue.made", len(carved.made)), voice.say("paper.verdict", verdict.told(voice.language, report))]
    voice.answer(told, lines)
    if not report.consistent:
        raise SystemExit(FINDINGS)


@rescue.command()
@on_a_terminal(raw=True)
def report(terminal: Terminal, image: bytes, sector_size: int, unit: int, voice: Voice) -> None:
    """Say from all whole records, wherever they stand, which money was still under way; of each terminal whose records they are.

    Where records are lost, or nobody can tell whether any are, it says so: what is lost may hold money.

    Exit codes: 0 nothing was, 1 something was, records are lost, a number stands there twice with different content, or no record
    is left, 2 wrong use or unreadable file, 3 nobody there, 5 no answer, 4 port busy, 6 not allowed.
    """
    found = _scanned(voice, terminal, image, sector_size, unit)
    checked, headless = judge(image, found)
    whole = checked is not None and checked.consistent
    told: dict[str, Any] = {**_found(terminal, found), "whole": whole, "gaps": [], "lost_before": {}, "waiting": [], "twice": []}
    lines = [] if found.records else [voice.say("rescue.report", 0, 0)]
    for owner in sorted(found.terminals):  # every terminal counts from 1
        name = f"{owner:08x}"
        own = [record for record in found.records if record.terminal == owner]
        records, lost = once(own), lost_of(own, checked, headless)
        ledger = fold(records)
        told["gaps"] += [list(gap) for gap in lost.gaps]
        told["lost_before"] |= {name: lost.before} if lost.before else {}
        told["waiting"] += [{**entry(one), "terminal": name} for one in ledger.unsettled]
        lines += [voice.say("rescue.of", name)] * (len(found.terminals) > 1)
        lines += _owed(voice, ledger, len(records), lost, whole)
        if twice := _twice(own):
            told["twice"] += [{"terminal": name, "number": number} for number in twice]
            lines.append(voice.say("rescue.twice", len(twice), twice[0]))
    if checked is not None and not whole:
        lines.append(voice.say("paper.verdict", verdict.told(voice.language, checked)))
    voice.answer(told, lines)
    if told["waiting"] or told["twice"] or not whole or told["gaps"]:
        raise SystemExit(FINDINGS)


def _twice(records: list[Record]) -> list[int]:
    """The numbers under which different things stand: only one of them can be counted."""
    contents: dict[int, set[bytes]] = {}
    for record in records:
        contents.setdefault(record.number, set()).add(record.written + record.tag)
    return sorted(number for number, found in contents.items() if len(found) > 1)


def _owed(voice: Voice, ledger: Ledger, records: int, lost: Lost, whole: bool) -> list[str]:
    lines = [voice.say("rescue.report", records, sum(last - first + 1 for first, last in lost.gaps))]
    if lost or not whole:
        lines += [voice.say("rescue.cannot_tell"), *_to_ask(voice, ledger, lost)]
    elif not ledger.unsettled:
        return [*lines, voice.say("status.nothing")]
    if not ledger.unsettled:
        return lines
    for one in ledger.unsettled:
        kind, state = voice.say(f"kind.{one.kind or 'lost'}"), voice.say(f"state.{one.state}")
        sends = sum(len(attempt.sends) for attempt in one.attempts)
        when = moment(one.date, one.time)
        lines.append(
            f"  {one.number:>8}  {kind}  {yuan(one.amount):>10}  {one.batch:06}/{one.trace:06}  {when}  {state} ({sends})"
        )
    return [*lines, voice.say("rescue.do_not_resend")]


def _to_ask(voice: Voice, ledger: Ledger, lost: Lost) -> list[str]:
    """Which transactions the acquirer is to be asked about: those between the last trace before what is lost and the next."""
    lines = []
    if lost.before:
        lines.append(voice.say("rescue.lost_before", lost.before, _trace(ledger, lost.before, 1)))
    for first, last in lost.gaps[:MOST_GAPS]:
        lines.append(voice.say("rescue.lost", first, last, _trace(ledger, first, -1), _trace(ledger, last, 1)))
    return lines + [voice.say("rescue.lost_more", len(lost.gaps) - MOST_GAPS)] * (len(lost.gaps) > MOST_GAPS)


def _trace(ledger: Ledger, number: int, way: int) -> str:
    """Batch and trace of the next transaction that was sent or is to be, after that number (`way` 1) or before it (-1)."""
    there = [one for one in ledger.transactions.values() if one.trace and (one.number - number) * way > 0]
    one = min(there, key=lambda one: abs(one.number - number), default=None)
    return f"{one.batch:06}/{one.trace:06}" if one else "-"
