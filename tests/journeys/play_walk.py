"""`make walk`: the walk with a progress bar, what it has come to, and its figures for docs/reliability.md."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from tests.journeys import titles
from tests.journeys.reachable import states_of
from tests.journeys.walk import A_PROOF, SHARE, Figures, visit_shop

ROOT = Path(__file__).parents[2]
PRESSES_A_SHOP = 2500


def troubles(figures: Figures, wanted: int) -> list[str]:
    """Why a walk of so many presses does not hold; of a short one screens and states may be missing."""
    found = list(figures.wrong)
    if wanted >= A_PROOF:
        if figures.share() < SHARE:
            found.append(f"only {figures.share():.1%} of the screens were reached")
        found += [f"no refund was ever {state}" for state in figures.missing_states()]
    return found


def report(figures: Figures, console: Console) -> None:
    """Every screen and state with how often it was seen, and the memory of each shop."""

    def show(heading: str, lines: Iterable[str]) -> None:
        console.print(f"{heading}: " + "; ".join(lines), markup=False, highlight=False, soft_wrap=True)

    show("screens", (f"{screen.ids[0]} {figures.screens[screen.ids[0]]}" for screen in titles.screens()))
    show("screens never reached", figures.missing() or ["none"])
    show("refund states", (f"{state} {figures.states[state]}" for state in states_of("refund")))
    show("refund states never reached", figures.missing_states() or ["none"])
    show("heap in KB, life begun and long life", (f"{heap['start']:.1f} {heap['end']:.1f}" for heap in figures.heaps))
    reached = len(titles.screens()) - len(figures.missing())
    console.print(
        f"{figures.presses} presses, {figures.lives} lives, {figures.refunds} refunds, "
        f"{reached} of {len(titles.screens())} screens, {figures.presses / figures.seconds:.0f} presses a second and core"
    )


def write(path: Path, figures: Figures, found: list[str]) -> None:
    """What there is so far, as JSON."""
    told: dict[str, Any] = {
        "seed": figures.seed,
        "presses": figures.presses,
        "lives": figures.lives,
        "refunds": figures.refunds,
        "presses_a_second": round(figures.presses / figures.seconds, 1),
        "screens": dict(sorted(figures.screens.items())),
        "screens_missing": figures.missing(),
        "screens_share": round(figures.share(), 4),
        "states": dict(sorted(figures.states.items())),
        "states_missing": figures.missing_states(),
        "heaps_kb": figures.heaps,
        "troubles": found,
    }
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def main() -> int:
    """0: nothing crashed, was lost or grew, and of a long walk nearly every screen and every refund state was reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presses", type=int, default=A_PROOF)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "walk.json")
    parser.add_argument("--cores", type=int, default=1, help="shops that are visited side by side")
    arguments = parser.parse_args()
    if arguments.presses < 1:
        parser.error("at least one press")
    console = Console(width=None if sys.stdout.isatty() else 180)
    shops = max(1, arguments.presses // PRESSES_A_SHOP)
    visit = partial(visit_shop, -(-arguments.presses // shops), arguments.seed)
    figures, columns = Figures(arguments.seed), (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with multiprocessing.Pool(arguments.cores) as pool, Progress(*columns, console=console) as progress:
        bar = progress.add_task("presses", total=arguments.presses)
        for of_one in pool.imap(visit, range(shops)):
            figures.add(of_one)
            found = troubles(figures, arguments.presses)
            write(arguments.out, figures, found)
            told = f"{figures.presses} presses, {len(figures.missing())} screens missing, {len(figures.wrong)} wrong"
            progress.update(bar, advance=of_one.presses, description=told)
    report(figures, console)
    for what in found:
        console.print(what, markup=False, highlight=False, soft_wrap=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
