"""`yuanluctl rescue`: what a damaged chip still holds."""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise
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
from host_tools.yuanluctl.rescue import Find
from host_tools.yuanluctl.rescue import carve as carve_image
from host_tools.yuanluctl.rescue import scan as scan_image
from host_tools.yuanluctl.status import entry
from host_tools.yuanluctl.targets import Terminal


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

    Exit codes: 0 nothing was, 1 something was, a number stands there twice with different content, or no record is left, 2 wrong
    use or unreadable file, 3 nobody there, 5 no answer, 4 port busy, 6 not allowed.
    """
    found = _scanned(voice, terminal, image, sector_size, unit)
    told: dict[str, Any] = {**_found(terminal, found), "gaps": [], "waiting": [], "twice": []}
    lines = [] if found.records else [voice.say("rescue.report", 0, 0)]
    for owner in sorted(found.terminals):  # every terminal counts from 1
        name = f"{owner:08x}"
        own = [record for record in found.records if record.terminal == owner]
        records = once(own)
        ledger = fold(records)
        gaps = [[a.number + 1, b.number - 1] for a, b in pairwise(records) if b.number - a.number > 1]
        told["gaps"] += gaps
        told["waiting"] += [{**entry(one), "terminal": name} for one in ledger.unsettled]
        lines += [voice.say("rescue.of", name)] * (len(found.terminals) > 1)
        lines += _owed(voice, ledger, len(records), sum(last - first + 1 for first, last in gaps))
        if twice := _twice(own):
            told["twice"] += [{"terminal": name, "number": number} for number in twice]
            lines.append(voice.say("rescue.twice", len(twice), twice[0]))
    voice.answer(told, lines)
    if told["waiting"] or told["twice"] or not found.records:
        raise SystemExit(FINDINGS)


def _twice(records: list[Record]) -> list[int]:
    """The numbers under which different things stand: only one of them can be counted."""
    contents: dict[int, set[bytes]] = {}
    for record in records:
        contents.setdefault(record.number, set()).add(record.written + record.tag)
    return sorted(number for number, found in contents.items() if len(found) > 1)


def _owed(voice: Voice, ledger: Ledger, records: int, lost: int) -> list[str]:
    lines = [voice.say("rescue.report", records, lost)]
    if not ledger.unsettled:
        return [*lines, voice.say("status.nothing")]
    for one in ledger.unsettled:
        kind, state = voice.say(f"kind.{one.kind or 'lost'}"), voice.say(f"state.{one.state}")
        sends = sum(len(attempt.sends) for attempt in one.attempts)
        when = moment(one.date, one.time)
        lines.append(
            f"  {one.number:>8}  {kind}  {yuan(one.amount):>10}  {one.batch:06}/{one.trace:06}  {when}  {state} ({sends})"
        )
    return [*lines, voice.say("rescue.do_not_resend")]
