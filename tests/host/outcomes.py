"""`make outcomes`: flow by outcome, each cell the scenarios that declare it or why it cannot be; docs/outcomes.md is its page."""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

from emulator import strict_yaml

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "outcomes.md"
SCENARIOS = ROOT / "tests" / "scenarios"
PLAN = ROOT / "tests" / "outcomes.yaml"
WORDS = ROOT / "firmware" / "tables" / "words"
_DECLARED = re.compile(r"^# outcome: (.+)$", re.MULTILINE)
_SHORTEST = 4  # characters of a refusal that tell it from other words

HEAD = """\
# Every flow, every outcome

What may become of each thing that a clerk does, and the [scenarios](emulator.md#scenarios) that play it on the built firmware.
Written by `make outcomes` from what they declare; what cannot be has its reason below.

"""

Cell = tuple[str, str]


class Table(NamedTuple):
    """What is declared and what is wrong with it."""

    flows: list[str]
    outcomes: list[str]
    played: dict[Cell, list[str]]  # names of scenario files
    cannot: dict[Cell, str]
    mistakes: list[str]


def read(folder: Path = SCENARIOS, plan: Path = PLAN) -> Table:
    """The table as the scenarios of that folder fill it."""
    parts = strict_yaml.read(plan)
    flows, outcomes = parts["flows"], parts["outcomes"]
    cannot = {(flow, outcome): why for flow, reasons in parts["cannot"].items() for outcome, why in reasons.items()}
    played: dict[Cell, list[str]] = {}
    mistakes = []
    for path in sorted(folder.glob("*.yaml")):
        text = path.read_text("utf-8")
        for cell in declared(text):
            if cell[0] not in flows or cell[1] not in outcomes:
                mistakes.append(f"{path.name}: no cell {' / '.join(cell)}")
                continue
            played.setdefault(cell, []).append(path.stem)
            mistakes += [f"{path.name}: {' / '.join(cell)}: no {missing}" for missing in _missing(text, parts, cell)]
    every = [(flow, outcome) for flow in flows for outcome in outcomes]
    mistakes += [f"a hole: {' / '.join(cell)}" for cell in every if cell not in played and cell not in cannot]
    mistakes += [f"cannot be, and is played: {' / '.join(cell)}" for cell in cannot if cell in played or cell not in every]
    return Table(list(flows), list(outcomes), played, cannot, mistakes)


def declared(text: str) -> list[Cell]:
    """The cells that a scenario's comments name."""
    named = [part.strip().partition(" / ") for line in _DECLARED.findall(text) for part in line.split(",")]
    return [(flow, outcome) for flow, _, outcome in named]


def _missing(text: str, parts: Any, cell: Cell) -> list[str]:
    """The patterns of this cell that the steps do not hold."""
    flow = parts["flows"][cell[0]]
    pattern = flow.get("shows", {}).get(cell[1], parts["outcomes"][cell[1]])
    wanted = [flow["by"], pattern.replace("OF", flow["of"]).replace("REFUSED", f"({_refusals()})")]
    return [pattern for pattern in wanted if not re.search(pattern, text[text.index("steps:") :])]


def _refusals() -> str:
    """The longest piece without a blank to fill in of each refusal, as alternatives."""
    rows = [row for path in sorted(WORDS.glob("*.csv")) for row in csv.reader(path.read_text("utf-8").splitlines())]
    pieces = [max(row[1].split("{}"), key=len) for row in rows if row[0].startswith("refused.")]
    return "|".join(re.escape(piece) for piece in pieces if len(piece) >= _SHORTEST)


def page(table: Table) -> str:
    """The whole page."""
    lines = [f"| | {' | '.join(table.outcomes)} |", "|---" * (1 + len(table.outcomes)) + "|"]
    reasons = {cell: number for number, cell in enumerate(table.cannot, 1)}
    for flow in table.flows:
        cells = [_cell(table, reasons, (flow, outcome)) for outcome in table.outcomes]
        lines.append(f"| **{flow}** | {' | '.join(cells)} |")
    lines += ["", "Cannot be:", ""]
    lines += [f"{number}. {' / '.join(cell)}: {table.cannot[cell]}" for cell, number in reasons.items()]
    return HEAD + "\n".join([*lines, ""])


def _cell(table: Table, reasons: dict[Cell, int], cell: Cell) -> str:
    names = [f"[{name}](../tests/scenarios/{name}.yaml)" for name in table.played.get(cell, ())]
    return "<br>".join(names) or (f"cannot be ({reasons[cell]})" if cell in reasons else "**a hole**")


def printed(table: Table) -> str:
    """For a terminal: a line for each cell, and the counts."""
    lines = []
    for flow in table.flows:
        lines.append(flow)
        for outcome in table.outcomes:
            names = table.played.get((flow, outcome))
            lines.append(f"  {outcome:<18} {', '.join(names) if names else '- ' + table.cannot.get((flow, outcome), 'A HOLE')}")
    played, files = len(table.played), {name for names in table.played.values() for name in names}
    lines.append(f"{played} cells are played by {len(files)} scenarios, {len(table.cannot)} cannot be")
    return "\n".join([*lines, *table.mistakes])


if __name__ == "__main__":
    found = read()
    print(printed(found))
    if found.mistakes:
        sys.exit(1)
    PAGE.write_text(page(found), "utf-8")
