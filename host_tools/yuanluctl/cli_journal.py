"""`yuanluctl journal`: verify and show the journal in an image of a terminal's chip."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from host_tools.yuanluctl import journal_text
from host_tools.yuanluctl.asking import is_a_screen
from host_tools.yuanluctl.cli_export import export
from host_tools.yuanluctl.cli_image import (
    EXIT_FINDINGS,
    EXIT_USAGE,
    end,
    image_or_target,
    print_json,
    read_bytes,
    read_image,
    read_key,
    told_geometry,
)
from host_tools.yuanluctl.cli_target import Chip, Voice, on_a_line, on_a_terminal
from host_tools.yuanluctl.journal.layout import Record
from host_tools.yuanluctl.journal.ledger import every_record
from host_tools.yuanluctl.journal.reader import Gap, Journal, Sector, read_journal
from host_tools.yuanluctl.journal.report import Anchor
from host_tools.yuanluctl.journal.rows import fields_of, rows
from host_tools.yuanluctl.journal.verify import may_be_wiped
from host_tools.yuanluctl.journal.verify import verify as verify_image
from host_tools.yuanluctl.json_text import json_text
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.output_lost import look_for_readers
from host_tools.yuanluctl.targets import Terminal
from host_tools.yuanluctl.words import say

if TYPE_CHECKING:
    from host_tools.yuanluctl.live import LiveTerminal

PULLING = 3  # DIAG and PULL of yuanlu.wire.service
BIG_IMAGE = 2 << 20  # bytes; smaller ones without a key are done before anything is drawn
FOLLOW_SECONDS = 1.0


@click.group()
def journal() -> None:
    """Read and verify the journal in an image of a terminal's flash chip."""


def anchors_of(_context: object, _option: object, values: tuple[str, ...]) -> list[Anchor]:
    """What --anchor was given: NUMBER:TAG."""
    found = []
    for value in values:
        number, _, tag = value.partition(":")
        right = number.isascii() and number.isdigit() and 0 < int(number[:11]) < 1 << 32 and len(tag) == 16
        if not right or set(tag) - set("0123456789abcdefABCDEF"):
            raise click.BadParameter(f"{value} is not NUMBER:TAG, a record number and 16 hex digits, like 417:0011223344556677")
        found.append(Anchor(int(number), bytes.fromhex(tag)))
    return found


@journal.command()
@image_or_target
@click.option("--key", "key_file", type=click.Path(path_type=Path), metavar="FILE", help="Journal root key, 64 hex digits.")
@click.option("--terminal", metavar="ID", help="The terminal's id (F41); needed with --key.")
@click.option("--epoch", type=click.IntRange(0, (1 << 32) - 1), metavar="N", help="Its install epoch; needed with --key.")
@click.option(
    "--anchor", "anchors", multiple=True, callback=anchors_of, metavar="NUMBER:TAG", help="A record as seen outside; repeatable."
)
@click.option("--sectors", type=click.IntRange(3), metavar="N", help="How many the chip has; other images are refused.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def verify(
    image: Path | Terminal,
    sector_size: int,
    unit: int,
    key_file: Path | None,
    terminal: str | None,
    epoch: int | None,
    anchors: list[Anchor],
    sectors: int | None,
    as_json: bool,
    language: str,
) -> None:
    """Say whether the journal is whole, and name what was done to it.

    Without --key only its structure is checked. Without an --anchor nobody can tell whether records are missing at its end:
    the verdict says so.

    Exit codes: 0 consistent (the verdict says whether the end is anchored), 1 findings, 2 wrong use or unreadable file.
    """
    if key_file and (terminal is None or epoch is None):
        end(EXIT_USAGE, "--key needs --terminal and --epoch: each terminal has keys of its own")
    if terminal is not None and not terminal.isascii():
        end(EXIT_USAGE, f"--terminal {terminal}: an id is ASCII")
    key = read_key(key_file) if key_file else None
    content = read_bytes(image)
    with _progress(language, key is not None or len(content) >= BIG_IMAGE) as progress:
        geometry = told_geometry(image, content, sector_size, unit, or_none=may_be_wiped(content, anchors))
        if sectors and geometry and geometry.sectors != sectors:
            end(EXIT_USAGE, f"{image}: {geometry.sectors} sectors, the chip has {sectors}: not the whole chip, or another one's")
        report = verify_image(content, geometry, key, terminal, epoch, anchors, progress)
    if as_json:
        print_json(report.as_json())
    else:
        journal_text.print_report(language, report)
    end(0 if report.consistent else EXIT_FINDINGS)


@contextmanager
def _progress(language: str, long: bool) -> Iterator[Callable[[int], None] | None]:
    """What is being done and for how long, on stderr, if that is a terminal. Keys are made one from another: 16 million of them
    take more than ten seconds, whatever the size of the image."""
    if not long or not is_a_screen(sys.stderr):
        yield None
        return
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(say(language, "verify.reading"), total=None)
        yield lambda count: bar.update(task, completed=count, description=say(language, "verify.seals", count))


@journal.command()
@image_or_target
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def show(image: Path | Terminal, sector_size: int, unit: int, as_json: bool, language: str) -> None:
    """List the records of the window, in order of place, whatever is damaged. Proves nothing: that is for `verify`.

    Exit codes: 0 listed, 2 wrong use or unreadable file.
    """
    content, geometry = read_image(image, sector_size, unit)
    rows = [_row(sector, item) for sector, item in _items(read_journal(content, geometry))]
    if as_json:
        print_json({"geometry": geometry._asdict(), "records": rows})
        return
    click.echo(journal_text.heading(language))
    for row in rows:
        click.echo(journal_text.row_shown(language, row))


@journal.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Where the image goes.")
@on_a_line(writes=True)
def pull(terminal: LiveTerminal, voice: Voice, output: Path) -> None:
    """Read the whole journal over the line into an image file. What breaks off goes on from there when it is run again.

    What an earlier run left beside FILE is not believed: the terminal tells a digest of each sector, and what it has otherwise is
    read again.

    Exit codes: 0 pulled, 2 wrong use, 3 nobody there, 4 port busy, 5 no answer or line lost, 6 not allowed, 8 the file holds
    something else.
    """
    if voice.holds(output):  # whoever is let in is on record: it is never the same journal again
        raise Trouble("holds_records", output)
    terminal.kept = None if voice.dry_run else output
    kept = {"kept": 0, "again": 0}  # sectors

    def resumed(right: int, wrong: int) -> None:
        kept.update(kept=right, again=wrong)
        voice.chat("pull.resumed", right, right + wrong, wrong)

    terminal.resumed = resumed
    terminal.open(PULLING)
    _, sectors, size = terminal.session.geometry()
    with voice.progress("pull", sectors * size) as progress:
        terminal.progress = lambda done, total: progress(done)
        image = terminal.journal()
    voice.write(output, image)
    terminal.is_kept()
    voice.answer({"target": terminal.name, "file": str(output), "bytes": len(image), **kept}, [])


@journal.command()
@click.option("-n", "count", type=click.IntRange(0, 100_000), default=10, show_default=True, help="How many of the newest.")
@click.option("--follow", is_flag=True, help="Go on with what is written, until Ctrl-C; a line a record.")
@on_a_terminal()
def tail(chip: Chip, voice: Voice, count: int, follow: bool) -> None:
    """Show the newest records. Proves nothing: that is for `verify`.

    Exit codes: 0 shown, 2 wrong use or unreadable file, 3 nobody there, 5 no answer, 4 port busy, 6 not allowed, 130 Ctrl-C.
    """
    newest = every_record(read_journal(chip.image, chip.geometry))
    shown = newest[len(newest) - count :] if count < len(newest) else newest
    if not follow:
        lines = [journal_text.row_told(voice.language, row) for row in rows(shown)]
        voice.answer({"target": chip.terminal.name, "records": list(rows(shown))}, lines)
        return
    last = newest[-1].number if newest else 0
    while True:
        for record in shown:
            row = next(rows([record]))
            click.echo(json_text(row) if voice.as_json else journal_text.row_told(voice.language, row))
        look_for_readers()
        time.sleep(FOLLOW_SECONDS)
        records = every_record(read_journal(chip.terminal.journal(), chip.geometry))
        shown = [record for record in records if record.number > last]
        last = max([last, *(record.number for record in shown)])


journal.add_command(export)


def _items(found: Journal) -> Iterator[tuple[Sector, Record | Gap]]:
    for sector in found.sectors + found.opened:
        for item in sector.items:
            yield sector, item
        if sector.written > sector.end:
            yield sector, Gap(sector.end, sector.written, False)


def _row(sector: Sector, item: Record | Gap) -> dict[str, Any]:
    place: dict[str, Any] = {"sequence": sector.sequence, "address": item.address}
    if isinstance(item, Gap):
        return {**place, "type": "unreadable", "bytes": item.end - item.address}
    named = {"number": item.number, "type": item.name, "copy": item.is_copy, "terminal": f"{item.terminal:08x}"}
    business = {"transaction": item.transaction, "original": item.original, "amount": item.fields.get("amount")}
    return {**place, **named, **business, "tag": item.tag.hex(), "fields": fields_of(item)}
