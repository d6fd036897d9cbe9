"""`yuanluctl journal export`: every record in a file of another program, or the transactions on paper."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import rich_click as click

from host_tools.yuanluctl.cli_target import Chip, Voice, on_a_terminal
from host_tools.yuanluctl.export import as_csv, as_paper
from host_tools.yuanluctl.identity import identity
from host_tools.yuanluctl.journal.ledger import every_record, fold
from host_tools.yuanluctl.journal.reader import read_journal
from host_tools.yuanluctl.journal.rows import rows
from host_tools.yuanluctl.journal.verify import verify
from host_tools.yuanluctl.paper import frame, whose


def _where_to(context: click.Context, option: click.Parameter, value: Any) -> Any:
    """Looked at once both are known, before anybody is asked for anything."""
    known = {**context.params, option.name: value}
    if known.get("kind") == "pdf" and "out" in known and known["out"] is None:
        raise click.UsageError("a PDF needs a file: -o FILE says where it goes")
    return value


@click.command()
@click.argument("kind", type=click.Choice(["csv", "json", "pdf"]), metavar="csv|json|pdf", callback=_where_to)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), metavar="FILE", callback=_where_to, help="Else stdout; a PDF needs a file."
)
@on_a_terminal(writes=True)
def export(chip: Chip, voice: Voice, kind: str, out: Path | None) -> None:
    """Write every record as csv or json, or the transactions as pdf: no message, no key, no card number.

    Exit codes: 0 written, 2 wrong use or unreadable file, 3 nobody there, 5 no answer, 4 port busy, 6 not allowed.
    """
    records = every_record(read_journal(chip.image, chip.geometry))
    report = verify(chip.image, chip.geometry)
    verdict = report.verdict
    if kind == "json":
        content = json.dumps({"target": chip.terminal.name, "verdict": verdict, "records": list(rows(records))}).encode() + b"\n"
    elif out is None and voice.as_json:
        raise click.UsageError("--json leaves no room on stdout for a csv: -o FILE says where it goes")
    elif kind == "csv":
        content = as_csv(records)
    else:
        ledger = fold(records)
        terminal = whose(identity(chip, ledger).terminal, ledger.check)
        from host_tools.yuanluctl.page import as_pdf  # loaded where it is used

        content = as_pdf(as_paper(ledger, terminal, report), frame(terminal))
    if out is None:
        click.echo(content, nl=False)
        return
    voice.write(out, content)
    voice.answer(
        {"file": str(out), "bytes": len(content), "records": len(records), "verdict": verdict, "dry_run": voice.dry_run}, []
    )
