"""`make power`: the whole proof, its controls beside it, into build/power.json.

Every geometry's operations are dealt into parts, and the parts of all geometries are played by turns, so that a run that is cut
short by its time has torn the same share of each; the table says which share that was.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "firmware"), str(ROOT / "tests/shared"), str(ROOT / "tests/power")]

from rich.console import Console  # noqa: E402
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: E402
from rich.table import Table  # noqa: E402

import controls  # noqa: E402
import random_lives  # noqa: E402
import rot  # noqa: E402
from explore import Explorer, Geometry, Result  # noqa: E402
from verdict import COLUMNS  # noqa: E402

WANTED_CASES = 300_000
REQUIRED_STATES = (
    "torn at the end",
    "seal after a cut",
    "half-filled sector dropped",
    *(f"{when} in {what}" for when in ("cut", "again") for what in ("vault", "erase", "header", "copy", "summary", "boot")),
    "history dropped",
    "erase ahead",
    "full",
    "retired",
)
FINE = (Geometry(6, 4096, 1, True), Geometry(4, 16384, 32, True))
PARTS, FINE_PARTS, FLIP_PARTS = 6, 136, 64
FLIPS = 8 * 4 * 4096  # every bit of the chip of 4 x 4K
Job = tuple[str, Any, int, int, int]


def geometries() -> list[Geometry]:
    """Units 1 to 256, sectors of 4K, 16K, 128K, rings of 4, 6 and 16 (3 where the sectors are large)."""
    counts = {4096: (4, 6, 16), 16384: (4, 6, 16), 131072: (3, 6, 16)}
    return [Geometry(n, size, unit) for size in counts for n in counts[size] for unit in (1, 4, 8, 16, 32, 256)]


def jobs(lives: int) -> list[Job]:
    """What there is to do, by turns: parts of every geometry, lives on MicroPython, the controls."""
    waiting: list[Iterator[Job]] = [iter([("explore", g, part, PARTS, 12) for part in range(PARTS)]) for g in geometries()]
    for fine in FINE:  # eight shares each, so that they keep pace with the many
        for share in range(8):
            waiting.append(iter([("explore", fine, part, FINE_PARTS, 3) for part in range(share, FINE_PARTS, 8)]))
    for share in range(4):  # hands of their own, so that they keep pace with the many chips
        seeds = range(share, -(-lives // 50), 4)
        waiting.insert(15 * share, iter([("lives", (seed, min(50, lives)), 0, 1, 0) for seed in seeds]))
    waiting.insert(0, iter([("flips", part, part, FLIP_PARTS, 0) for part in range(FLIP_PARTS)]))
    for name in controls.NAMES:
        waiting.insert(0, iter([("control", name, 0, 1, 0)]))
    dealt: list[Job] = []
    while waiting:
        for hand in list(waiting):
            job = next(hand, None)
            if job is None:
                waiting.remove(hand)
            else:
                dealt.append(job)
    return dealt


def play(job: Job) -> tuple[Job, Any, float]:
    """One job, in a worker."""
    kind, what, part, parts, second = job
    began = time.process_time()
    if kind == "explore":
        outcome: Any = Explorer(what, part, parts, second_every=second).run()
    elif kind == "lives":
        outcome = random_lives.play(*what)
    elif kind == "flips":
        outcome = rot.every_flip(part, parts)
    else:
        outcome = controls.run(what)
    return job, outcome, time.process_time() - began


class Report:
    """What came in so far."""

    def __init__(self) -> None:
        self.results: dict[Geometry, Result] = {}
        self.parts: dict[Geometry, int] = {}
        self.controls: dict[str, controls.Outcome] = {}
        self.lives = random_lives.Outcome()
        self.flips = rot.Table("every bit of 4 x 4K")

    def take(self, job: Job, outcome: Any) -> None:
        """One job's outcome."""
        kind, what, *_ = job
        if kind == "explore":
            self.results.setdefault(what, Result()).add(outcome)
            self.parts[what] = self.parts.get(what, 0) + 1
        elif kind == "lives":
            self.lives.add(outcome)
        elif kind == "flips":
            self.flips.add(outcome)
        else:
            self.controls[what] = outcome

    @property
    def distinct(self) -> int:
        """Cases of all geometries."""
        return sum(len(result.distinct) for result in self.results.values())

    def troubles(self, wanted: int, lives: int) -> list[str]:
        """Why this run is no proof."""
        found = [f"{g}: {dict(result.failed)}" for g, result in self.results.items() if result.failed]
        found += [f"control {name}: {outcome}" for name, outcome in self.controls.items() if not outcome.as_expected]
        found += [f"control {name} was not run" for name in controls.NAMES if name not in self.controls]
        reached = {state for result in self.results.values() for state, count in result.states.items() if count}
        found += [f"never reached: {state}" for state in REQUIRED_STATES if state not in reached]
        found += [f"real MicroPython: {line}" for line in self.lives.wrong]
        found += [f"bit rot: {line}" for line in self.flips.wrong]
        if self.flips.tried < FLIPS:
            found.append(f"{self.flips.tried} of {FLIPS} bits were flipped")
        found += [f"{g}: not one part was torn" for g in geometries() if g not in self.parts]
        found += [f"{g}: {self.parts[g]} of {FINE_PARTS} parts" for g in self.parts if g.fine and self.parts[g] < FINE_PARTS // 8]
        if self.distinct < wanted:
            found.append(f"{self.distinct} distinct cases, {wanted} are wanted")
        if self.lives.lives < lives:
            found.append(f"{self.lives.lives} lives on real MicroPython, {lives} are wanted")
        return found

    def table(self) -> Table:
        """A row per geometry."""
        states = sorted({state for result in self.results.values() for state in result.states})
        table = Table(title="power cuts")
        for name in ("chip", "part", "raw", "distinct", "2 cuts", *states, *COLUMNS):
            table.add_column(name, justify="right" if name != "chip" else "left")
        for geometry, result in sorted(self.results.items()):
            share = f"{self.parts[geometry]}/{FINE_PARTS if geometry.fine else PARTS}"
            row = [str(geometry), share, result.raw, len(result.distinct), result.second]
            row += [result.states[state] for state in states] + [result.failed[column] for column in COLUMNS]
            table.add_row(*map(str, row))
        return table

    def write(self, path: Path, seconds: float, troubles: list[str]) -> None:
        """All figures as JSON."""
        rows = {
            str(geometry): {
                "raw": result.raw,
                "distinct": len(result.distinct),
                "second_cuts": result.second,
                "parts": [self.parts[geometry], FINE_PARTS if geometry.fine else PARTS],
                "states": dict(result.states),
                "failed": {column: result.failed[column] for column in COLUMNS},
                "examples": result.examples,
            }
            for geometry, result in sorted(self.results.items())
        }
        figures = {
            "seconds": round(seconds),
            "distinct": self.distinct,
            "raw": sum(result.raw for result in self.results.values()),
            "geometries": rows,
            "controls": {name: outcome._asdict() for name, outcome in self.controls.items()},
            "micropython": self.lives.figures(),
            "flips": {name: getattr(self.flips, name) for name in ("tried", "same", "reported", "torn", "refused", "wrong")},
            "troubles": troubles,
        }
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(figures, indent=1) + "\n")


def main() -> int:
    """0: everything as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=29)
    parser.add_argument("--lives", type=int, default=10_000)
    parser.add_argument("--cases", type=int, default=WANTED_CASES, help="distinct cases without which this is no proof")
    arguments = parser.parse_args()
    began = time.monotonic()
    report, console = Report(), Console(width=None if sys.stdout.isatty() else 250)
    todo = jobs(arguments.lives)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with multiprocessing.Pool(2, os.nice, (5,)) as pool, Progress(*columns, console=console) as progress:
        bar = progress.add_task("cuts", total=len(todo))
        arriving = pool.imap_unordered(play, todo)
        for _ in todo:
            try:
                job, outcome, _seconds = arriving.next(max(1, began + arguments.minutes * 60 - time.monotonic()))
            except multiprocessing.TimeoutError:
                break
            report.take(job, outcome)
            failed = sum(sum(result.failed.values()) for result in report.results.values())
            progress.update(bar, advance=1, description=f"{report.distinct} cases, {report.lives.lives} lives, {failed} failed")
        pool.terminate()
    troubles = report.troubles(arguments.cases, arguments.lives)
    report.write(ROOT / "build/power.json", time.monotonic() - began, troubles)
    console.print(report.table())
    for name, control in report.controls.items():
        console.print(f"control {name}: {control}")
    console.print(f"real MicroPython: {report.lives.figures()}")
    console.print(f"{rot.HEADING}\n{report.flips}")
    for example in [line for result in report.results.values() for line in result.examples][:20]:
        console.print(example, style="red")
    for trouble in troubles:
        console.print(trouble, style="bold red")
    console.print(f"{report.distinct} distinct cases in {time.monotonic() - began:.0f} s")
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
