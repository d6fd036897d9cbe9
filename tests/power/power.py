"""`make power`: the whole proof, its controls beside it, into build/power.json.

Every geometry's operations are dealt into parts, and the parts of all geometries are played by turns, so that a run that is cut
short by its time has torn the same share of each; the table says which share that was.

With `--cases 0` it is a sample: parts a twentieth as large, the short controls first, then so many minutes. It ends with 1 when
something failed, but not for what it did not get to: that it says.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import os
import sys
import time
from collections import defaultdict
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
FINE = (Geometry(6, 4096, 1, True), Geometry(4, 16384, 32, True), Geometry(4, 4096, 1, True))
# Into how many parts the operations of a chip are dealt: the larger its sectors, the longer a case takes.
PARTS, LARGE_PARTS, LARGEST_PARTS, FINE_PARTS, FLIP_PARTS = 6, 24, 48, 136, 64
# How many jobs of each a round has: so that three rounds have all that is wanted. The smallest chips are the quickest.
QUICK_HANDS, FINE_HANDS, QUICK_FINE_HANDS = 3, 6, 42
LIVES_HANDS, FLIP_HANDS, LARGER_HANDS, NOISE_HANDS = 70, 24, 3, 8
SAMPLE_SHARE = 20  # so much smaller is each part of a sample
FLIPS = 8 * 4 * 4096  # every bit of the chip of 4 x 4K
LARGER_FLIPS = (400, 400, 400, 400, 40)  # bits of each of rot.LARGER; one of the last takes a second
NOISES, NOISE_PART = 2000, 100  # random images, and how many of them are one job
ROT_FIGURES = ("tried", "same", "reported", "torn", "refused", "wrong")
Job = tuple[str, Any, int, int, int]


def rot_wanted() -> dict[str, int]:
    """Cases of a full run, by name of the rot table."""
    larger = {f"flips {image[0]}": bits for image, bits in zip(rot.LARGER, LARGER_FLIPS, strict=True)}
    return {f"flips {rot.SMALL[0]}": FLIPS, **larger, f"noise {rot.SMALL[0]}": NOISES}


def geometries() -> list[Geometry]:
    """Units 1 to 256, sectors of 4K, 16K, 128K, rings of 4, 6 and 16 (3 where the sectors are large)."""
    counts = {4096: (4, 6, 16), 16384: (4, 6, 16), 131072: (3, 6, 16)}
    return [Geometry(n, size, unit) for size in counts for n in counts[size] for unit in (1, 4, 8, 16, 32, 256)]


def parts_of(geometry: Geometry) -> int:
    """Into how many parts this one's operations are dealt."""
    if geometry.fine:
        return FINE_PARTS
    return {4096: PARTS, 16384: LARGE_PARTS}.get(geometry.sector_size, LARGEST_PARTS)


def hands_of(geometry: Geometry) -> int:
    """How many of its parts a round has."""
    quick = geometry[:2] == (4, 4096)
    if geometry.fine:
        return QUICK_FINE_HANDS if quick else FINE_HANDS
    return QUICK_HANDS if quick else 1


def jobs(lives: int, share_of: int = 1) -> list[Job]:
    """What there is to do, by turns: parts of every geometry, lives on MicroPython, rot, the controls first. share_of: into how
    many more parts all is dealt."""
    waiting: list[Iterator[Job]] = []
    for geometry in (*geometries(), *FINE):
        parts, every, hands = parts_of(geometry) * share_of, 3 if geometry.fine else 12, hands_of(geometry)
        for share in range(hands):
            waiting.append(iter([("explore", geometry, part, parts, every) for part in range(share, parts, hands)]))
    at_once = 50 if share_of == 1 else 10
    for share in range(LIVES_HANDS):
        seeds = range(share, -(-lives // at_once), LIVES_HANDS)
        waiting.insert(2 * share, iter([("lives", (seed, min(at_once, lives)), 0, 1, 0) for seed in seeds]))
    for hand in reversed(_rot_jobs(FLIP_PARTS * share_of)):
        waiting.insert(8, hand)
    for name in controls.NAMES:
        waiting.insert(0, iter([("control", (name, share_of > 1), 0, 1, 0)]))
    dealt: list[Job] = []
    while waiting:
        for hand in list(waiting):
            job = next(hand, None)
            if job is None:
                waiting.remove(hand)
            else:
                dealt.append(job)
    return dealt


def _rot_jobs(flip_parts: int) -> list[Iterator[Job]]:
    """Every bit of the small chip, random images, some bits of the larger ones."""
    hands: list[Iterator[Job]] = []
    for share in range(FLIP_HANDS):
        hands.append(iter([("flips", part, part, flip_parts, 0) for part in range(share, flip_parts, FLIP_HANDS)]))
    for share in range(NOISE_HANDS):
        parts = range(share, NOISES // NOISE_PART, NOISE_HANDS)
        hands.append(iter([("noise", 2 + part, part, NOISES // NOISE_PART, 0) for part in parts]))
    for which in range(len(rot.LARGER)):
        for share in range(LARGER_HANDS):
            hands.append(iter([("larger flips", which, part, 8, 0) for part in range(share, 8, LARGER_HANDS)]))
    return hands


def play(job: Job) -> tuple[Job, Any, float]:
    """One job, in a worker."""
    kind, what, part, parts, second = job
    began = time.monotonic()
    if kind == "explore":
        outcome: Any = Explorer(what, part, parts, second_every=second).run()
    elif kind == "lives":
        outcome = random_lives.play(*what)
    elif kind == "flips":
        outcome = rot.every_flip(part, parts)
    elif kind == "larger flips":
        outcome = rot.some_flips(rot.LARGER[what], LARGER_FLIPS[what], part, parts)
    elif kind == "noise":
        outcome = rot.noisy(NOISE_PART, what)
    else:
        outcome = controls.run(*what)
    gc.collect()
    return job, outcome, time.monotonic() - began


class Report:
    """What came in so far. share_of: see `jobs`; a sample's is more than 1."""

    def __init__(self, share_of: int = 1) -> None:
        self.share_of = share_of
        self.results: dict[Geometry, Result] = {}
        self.parts: dict[Geometry, int] = {}
        self.controls: dict[str, controls.Outcome] = {}
        self.lives = random_lives.Outcome()
        self.rot: dict[str, rot.Table] = {}
        self.seconds: defaultdict[str, float] = defaultdict(float)  # of a core, by what for

    def take(self, job: Job, outcome: Any, seconds: float = 0) -> None:
        """One job's outcome, and how long it took."""
        kind, what, *_ = job
        self.seconds[str(what) if kind == "explore" else kind] += seconds
        if kind == "explore":
            self.results.setdefault(what, Result()).add(outcome)
            self.parts[what] = self.parts.get(what, 0) + 1
        elif kind == "lives":
            self.lives.add(outcome)
        elif kind in ("flips", "larger flips", "noise"):
            self.rot.setdefault(outcome.name, rot.Table(outcome.name)).add(outcome)
        else:
            self.controls[what[0]] = outcome

    @property
    def distinct(self) -> int:
        """Cases of all chips: one that is torn in both ways counts the same case once."""
        chips: dict[Geometry, set[int]] = {}
        for geometry, result in self.results.items():
            chips.setdefault(geometry._replace(fine=False), set()).update(result.distinct)
        return sum(map(len, chips.values()))

    def of(self, geometry: Geometry) -> int:
        """Into how many parts this one's operations are dealt in this run."""
        return parts_of(geometry) * self.share_of

    def failures(self) -> list[str]:
        """What went wrong; or why nothing could."""
        found = [f"{g}: {dict(result.failed)}" for g, result in self.results.items() if result.failed]
        found += [f"control {name}: {outcome}" for name, outcome in self.controls.items() if not outcome.as_expected]
        found += [f"control {name} was not run" for name in controls.NAMES if name not in self.controls]
        found += [f"real MicroPython: {line}" for line in self.lives.wrong]
        found += [f"bit rot: {line}" for table in self.rot.values() for line in table.wrong]
        if not self.distinct:
            found.append("nothing was torn")
        return found

    def lacking(self, wanted: int, lives: int) -> list[str]:
        """What this run did not get to, and for want of which it is no proof."""
        reached = {state for result in self.results.values() for state, count in result.states.items() if count}
        never = [state for state in REQUIRED_STATES if state not in reached]
        found = [f"never reached: {', '.join(never)}"] if never else []
        tried = {name: self.rot[name].tried if name in self.rot else 0 for name in rot_wanted()}
        found += [f"{name}: {tried[name]} of {cases} cases" for name, cases in rot_wanted().items() if tried[name] < cases]
        whole = [str(g) for g in geometries() if g not in self.parts]
        found += [f"not one part was torn of {len(whole)} chips: {', '.join(whole)}"] if whole else []
        fine = [g for g in self.parts if g.fine]
        found += [f"{g}: {self.parts[g]} of {self.of(g)} parts" for g in fine if self.parts[g] < self.of(g) // 12]
        if self.distinct < wanted:
            found.append(f"{self.distinct} distinct cases, {wanted} are wanted")
        if self.lives.lives < lives:
            found.append(f"{self.lives.lives} lives on real MicroPython, {lives} are wanted")
        for name in ("booted", "cuts", "sales", "refunds"):
            if 5 * getattr(self.lives, name) < lives:
                found.append(f"{name} {getattr(self.lives, name)} in {self.lives.lives} lives: too few to show anything")
        return found

    def table(self) -> Table:
        """A row per geometry."""
        states = sorted({state for result in self.results.values() for state in result.states})
        table = Table(title="power cuts")
        for name in ("chip", "part", "raw", "distinct", "2 cuts", *states, *COLUMNS):
            table.add_column(name, justify="right" if name != "chip" else "left")
        for geometry, result in sorted(self.results.items()):
            share = f"{self.parts[geometry]}/{self.of(geometry)}"
            row = [str(geometry), share, result.raw, len(result.distinct), result.second]
            row += [result.states[state] for state in states] + [result.failed[column] for column in COLUMNS]
            table.add_row(*map(str, row))
        return table

    def write(self, path: Path, seconds: float, failures: list[str], lacking: list[str]) -> None:
        """All figures as JSON."""
        rows = {
            str(geometry): {
                "raw": result.raw,
                "distinct": len(result.distinct),
                "second_cuts": result.second,
                "parts": [self.parts[geometry], self.of(geometry)],
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
            "core_seconds": {what: round(seconds) for what, seconds in sorted(self.seconds.items())},
            "micropython": self.lives.figures(),
            "rot": {table.name: {name: getattr(table, name) for name in ROT_FIGURES} for table in self.rot.values()},
            "sample": self.share_of > 1,
            "failures": failures,
            "lacking": lacking,
        }
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(figures, indent=1) + "\n")


def _begin(cores: multiprocessing.Queue[int]) -> None:
    """A worker begins. The emulator and its interpreter take turns: on one core that takes half the time that it takes on two.
    Tapes hold many objects that the collector would look through again and again: it comes between two jobs."""
    gc.disable()
    os.nice(5)
    core = cores.get()
    if hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[core]})


def run(report: Report, cases: int, lives: int, minutes: float, console: Console) -> None:
    """Play what there is to play until all that is wanted is there or the time is over; the controls in any case. A sample's time
    begins behind the controls, which would take all of it."""
    began, todo = time.monotonic(), jobs(lives, report.share_of)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    cores: multiprocessing.Queue[int] = multiprocessing.Queue()
    for core in range(2):
        cores.put(core)
    with multiprocessing.Pool(2, _begin, (cores,)) as pool, Progress(*columns, console=console) as progress:
        bar = progress.add_task("cuts", total=len(todo))
        arriving = pool.imap_unordered(play, todo)
        for _ in todo:
            left = began + minutes * 60 - time.monotonic()
            if left < 0 and len(report.controls) == len(controls.NAMES):
                break
            try:
                job, outcome, seconds = arriving.next(max(1, left) if len(report.controls) == len(controls.NAMES) else None)
            except multiprocessing.TimeoutError:
                break
            report.take(job, outcome, seconds)
            if report.share_of > 1 and job[0] == "control":
                began = time.monotonic()
            failed = sum(sum(result.failed.values()) for result in report.results.values())
            progress.update(bar, advance=1, description=f"{report.distinct} cases, {report.lives.lives} lives, {failed} failed")
            if cases and report.distinct >= cases and not report.lacking(cases, lives):
                break
        pool.terminate()


def tell(report: Report, failures: list[str], lacking: list[str], console: Console) -> None:
    """The table, the controls beside it, and what it comes to."""
    console.print(report.table())
    for name, control in report.controls.items():
        console.print(f"control {name}: {control}")
    console.print(f"real MicroPython: {report.lives.figures()}")
    console.print(rot.HEADING)
    for name in sorted(report.rot):
        console.print(str(report.rot[name]), highlight=False)
    for example in [line for result in report.results.values() for line in result.examples][:20]:
        console.print(example, style="red")
    for line in lacking:
        console.print(f"not shown: {line}", style="yellow" if report.share_of > 1 else "bold red")
    for line in failures:
        console.print(line, style="bold red")
    if report.share_of > 1:
        console.print("A sample. That nothing is lost anywhere is for `make power` without --cases 0 to show.")


def status(report: Report, failures: list[str], lacking: list[str]) -> int:
    """0: everything as it should be; of a sample: nothing failed."""
    return 1 if failures or (lacking and report.share_of == 1) else 0


def main() -> int:
    """See `status`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=29.5)
    parser.add_argument("--lives", type=int, default=10_000)
    parser.add_argument("--cases", type=int, default=WANTED_CASES, help="fewer distinct cases are no proof; 0: a sample")
    arguments = parser.parse_args()
    began = time.monotonic()
    report, console = Report(1 if arguments.cases else SAMPLE_SHARE), Console(width=None if sys.stdout.isatty() else 250)
    run(report, arguments.cases, arguments.lives, arguments.minutes, console)
    failures, lacking = report.failures(), report.lacking(arguments.cases, arguments.lives)
    report.write(ROOT / "build/power.json", time.monotonic() - began, failures, lacking)
    tell(report, failures, lacking, console)
    console.print(f"{report.distinct} distinct cases in {time.monotonic() - began:.0f} s")
    return status(report, failures, lacking)


if __name__ == "__main__":
    sys.exit(main())
