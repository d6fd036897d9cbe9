"""The journal's records as a table: no message, no fingerprint, no card number."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from host_tools.yuanluctl.journal.layout import Record
from host_tools.yuanluctl.journal.ledger import Ledger, moment, rows, yuan
from host_tools.yuanluctl.paper import Block, Heading, Table, Text

COLUMNS = (
    "number type copy transaction original kind amount batch trace date time quality reason operator approver card rrn approval"
    " attempt send route doubt verdict code decision evidence state boot after unreadable closed opened agreed booked how outcome"
    " epoch text tag"
).split()


def as_csv(records: Iterable[Record]) -> bytes:
    """UTF-8 with its mark, so that Excel reads it; a text that a spreadsheet would run as a formula has a quote before it."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, restval="", extrasaction="ignore")
    writer.writeheader()
    for row in rows(records):
        writer.writerow({name: _harmless(value) for name, value in row.items()})
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value


def as_paper(ledger: Ledger, verdict: str) -> list[Block]:
    """The transactions, for a PDF."""
    table = [
        [str(one.number), one.kind, yuan(one.amount), f"{one.batch:06}/{one.trace:06}", moment(one.date, one.time), one.state]
        for one in ledger.transactions.values()
        if one.kind
    ]
    names = ["paper.number", "paper.kind", "paper.amount", "paper.trace", "paper.when", "paper.state"]
    return [Heading("paper.journal"), Text("paper.verdict", (verdict,)), Table(names, table)]
