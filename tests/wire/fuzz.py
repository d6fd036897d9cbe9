"""`make fuzz`: a million hostile frames for what the terminal takes in from an acquirer, and a million for each side of the
technician's channel; FRAMES=n for another number, SEED=n for other frames.

tests/shared/hostile.py makes and judges them; here both processors work on it, and the serial line's frames are also read by the
other end. Figures into build/fuzz.json. Status 0: nothing was found; 1: the first input of each target that went wrong is shown;
2: called wrongly.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
# Behind what is on the path already: a broken firmware for a control stands before this one.
sys.path += [str(ROOT), str(ROOT / "firmware"), str(ROOT / "tests/shared"), str(ROOT / "tests/wire")]

import service_fuzz  # type: ignore[import-not-found]  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: E402
from rich.table import Table  # noqa: E402

import hostile  # type: ignore[import-not-found]  # noqa: E402  # of tests/shared
from host_tools.yuanluctl.hdlc import Deframer  # noqa: E402
from yuanlu.compat import run  # noqa: E402
from yuanlu.wire import iso8583  # noqa: E402

PART = 500  # frames
SERVICE = ("door", "laptop")
SERVICE_PART = 5000
FLAT_BYTES = 4096  # that may lie about after a part
FIGURES = ROOT / "build/fuzz.json"

Figures = dict[str, dict[str, Any]]


class Part(NamedTuple):
    """What became of some frames for one target; `grown`: bytes more in use than before, None when it was not measured."""

    target: str
    frames: int
    inputs: int
    believed: int
    found: str
    grown: int | None


def parts_of(frames: int, seed: int) -> Iterator[tuple[str, int, int, bool]]:
    """(target, seed, frames, measure memory) of each part; the targets share the frames, one part in 50 is measured."""
    for index, at in enumerate(range(0, frames, PART)):
        target = hostile.TARGETS[index % len(hostile.TARGETS)]
        turn = index // len(hostile.TARGETS)
        yield target, (seed * 1_000_003 + index) & 0xFFFFFFFF, min(PART, frames - at), turn % 50 == 0


def play(work: tuple[str, int, int, bool]) -> Part:
    """One part. What is measured runs twice: what the first run leaves behind is for good, such as caches."""
    target, seed, frames, measured = work
    attack = hostile.Attack(seed, Deframer)
    found, grown = _attack(attack, target, frames), None
    if measured and not found:
        tracemalloc.start()
        try:
            run(hostile.Attack(seed, Deframer).run(target, 50))
            before = tracemalloc.get_traced_memory()[0]
            run(hostile.Attack(seed + 1, Deframer).run(target, 100))
            grown = tracemalloc.get_traced_memory()[0] - before
        except AssertionError as error:
            found = str(error)
        finally:
            tracemalloc.stop()
    if grown is not None and grown > FLAT_BYTES:
        found = f"{target}: {grown} bytes more are in use after 100 frames"
    return Part(target, attack.tried, attack.inputs, attack.accepted, found, grown)


def _attack(attack: hostile.Attack, target: str, frames: int) -> str:
    try:
        run(attack.run(target, frames))
    except AssertionError as error:
        return str(error)
    return ""


def summary(parts: Iterable[Part]) -> Figures:
    """The figures of each target, and the first thing that was found."""
    sums: dict[str, Counter[str]] = {target: Counter() for target in hostile.TARGETS}
    first: dict[str, str] = {}
    most: dict[str, int] = {}
    for part in parts:
        sums[part.target].update(frames=part.frames, inputs=part.inputs, believed=part.believed, failed=bool(part.found))
        if part.found:
            first.setdefault(part.target, part.found)
        if part.grown is not None:
            most[part.target] = max(part.grown, most.get(part.target, part.grown))
    return {target: {**sums[target], "grown": most.get(target, 0), "found": first.get(target, "")} for target in sums}


def attack_with(frames: int, seed: int, processes: int, console: Console) -> list[Part]:
    """All parts, on so many processes, under a bar."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    done = []
    with multiprocessing.Pool(processes) as pool, Progress(*columns, console=console) as progress:
        bar = progress.add_task("hostile frames", total=frames)
        for part in pool.imap_unordered(play, parts_of(frames, seed)):
            done.append(part)
            progress.advance(bar, part.frames)
    return done


def attack_service(frames: int, seed: int, processes: int, console: Console) -> Figures:
    """So many for each side of the technician's channel."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    work = [
        (target, seed * 100_003 + index, min(SERVICE_PART, frames - at))
        for index, at in enumerate(range(0, frames, SERVICE_PART))
        for target in SERVICE
    ]
    figures: Figures = {target: {"frames": 0, "inputs": 0, "believed": 0, "found": ""} for target in SERVICE}
    with multiprocessing.Pool(processes) as pool, Progress(*columns, console=console) as progress:
        bar = progress.add_task("service frames", total=frames * len(SERVICE))
        for target, tried, believed, found in pool.imap_unordered(service_fuzz.play, work):
            row = figures[target]
            row["frames"], row["inputs"] = row["frames"] + tried, row["inputs"] + tried
            row["believed"] += believed
            row["found"] = row["found"] or found
            progress.advance(bar, tried)
    return figures


def show(figures: Figures, seconds: float, console: Console) -> None:
    """The table, and what was found."""
    table = Table("target", "frames", "inputs", "believed in part", "bytes grown", "found", title=f"{seconds:.0f} s")
    for target, row in figures.items():
        found = "something" if row["found"] else "nothing"
        table.add_row(target, *[f"{row.get(name, 0):,}" for name in ("frames", "inputs", "believed", "grown")], found)
    console.print(table)
    for row in figures.values():
        if row["found"]:
            console.print(str(row["found"])[:2000], highlight=False, markup=False)


def main() -> int:
    """Attack, show, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path, default=FIGURES, help="where the figures go")
    arguments = parser.parse_args()
    if arguments.frames < 1 or arguments.processes < 1:
        parser.error("at least one frame and one process")
    console, began = Console(), time.monotonic()
    figures = summary(attack_with(arguments.frames, arguments.seed, arguments.processes, console))
    figures |= attack_service(arguments.frames, arguments.seed, arguments.processes, console)
    show(figures, time.monotonic() - began, console)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(
        json.dumps({"codec": iso8583.__file__, "seed": arguments.seed, "targets": figures}, indent=1) + "\n"
    )
    return 1 if any(row["found"] for row in figures.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
