"""The journal's records as a table: no message, no fingerprint, no card number."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from host_tools.yuanluctl import verdict
from host_tools.yuanluctl.evidence_paper import ROW_NAMES, ROW_WIDTHS, row
from host_tools.yuanluctl.journal.layout import Record
from host_tools.yuanluctl.journal.ledger import Ledger
from host_tools.yuanluctl.journal.report import Report
from host_tools.yuanluctl.journal.rows import columns, rows
from host_tools.yuanluctl.paper import Block, Both, Heading, Pair, Table, Text


def as_csv(records: Iterable[Record]) -> bytes:
    """UTF-8 with its mark, so that Excel reads it; a text that a spreadsheet would run as a formula has a quote before it. Every
    type of record has all its columns."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns(), restval="")
    writer.writeheader()
    for record in rows(records):
        writer.writerow({name: _harmless(value) for name, value in record.items()})
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value


def as_paper(ledger: Ledger, terminal: Pair, report: Report) -> list[Block]:
    """The transactions, for a PDF."""
    table = [row(one) for one in ledger.transactions.values() if one.kind]
    told = Text("paper.verdict", (Both(*verdict.in_both(report)),))
    return [Heading("paper.journal"), terminal, told, Table(ROW_NAMES, table, ROW_WIDTHS)]
