"""`make soak`: many worlds, two at a time; and `--seed N`: one of them with its log, shrunk when it fails."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[3]
# Behind what is there already: a broken firmware that stands first on the path stays first.
sys.path += [str(ROOT), str(ROOT / "firmware"), str(ROOT / "tests/shared"), str(ROOT / "tests/simulation")]

from rich.console import Console  # noqa: E402
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: E402

from soak.plan import draw  # noqa: E402
from soak.report import Report  # noqa: E402
from soak.shrink import regression, shrink  # noqa: E402
from soak.world import Outcome, play  # noqa: E402

WANTED_REFUNDS_A_SEED = 50
A_PROOF = 500  # seeds from which on every cell and arrow is wanted


def play_seed(seed: int) -> Outcome:
    """In a worker."""
    return play(draw(seed))


def soak(seeds: range, console: Console) -> Report:
    """All seeds on two cores."""
    report = Report()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with multiprocessing.Pool(2, os.nice, (5,)) as pool, Progress(*columns, console=console) as progress:
        bar = progress.add_task("worlds", total=len(seeds))
        for outcome in pool.imap_unordered(play_seed, seeds, chunksize=4):
            report.add(outcome)
            told = f"{report.refunds} refunds, lost {report.wrong['lost']}, doubled {report.wrong['doubled']}"
            progress.update(bar, advance=1, description=f"{told}, stuck {report.wrong['stuck']}")
    return report


def one(seed: int, console: Console) -> int:
    """One seed with its log; a failure is shrunk and printed as a test to paste."""
    plan = draw(seed)
    outcome = play(plan, lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True))
    console.print(f"seed {seed}, {outcome.refunds} refunds: {dict(outcome.states)}; {outcome.digest}")
    if not outcome.wrong:
        return 0
    smaller = shrink(plan, outcome.wrong[0].kind, console)
    console.print(regression(smaller, outcome.wrong[0].kind), markup=False, highlight=False, soft_wrap=True)
    return 1


def main() -> int:
    """0: no money was lost or doubled, nothing stuck, and enough was tried to say so."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="play this one alone, with its log")
    parser.add_argument("--out", type=Path, default=ROOT / "build/soak.json")
    arguments = parser.parse_args()
    if arguments.seeds < 1 or arguments.first < 0:
        parser.error("at least one seed, and none below 0")
    console = Console(width=None if sys.stdout.isatty() else 180)
    if arguments.seed is not None:
        return one(arguments.seed, console)
    began = time.monotonic()
    report = soak(range(arguments.first, arguments.first + arguments.seeds), console)
    troubles = report.troubles(WANTED_REFUNDS_A_SEED * arguments.seeds if arguments.seeds >= A_PROOF else 0)
    report.print(console, troubles)
    arguments.out.parent.mkdir(exist_ok=True)
    arguments.out.write_text(json.dumps(report.figures(troubles, time.monotonic() - began), indent=1) + "\n")
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
