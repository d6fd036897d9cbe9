"""make herd: every policy in every storm into build/herd.json, a table and docs/herd.svg; docs/performance.md reads them."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import track
from rich.table import Table

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "firmware"), str(ROOT / "tests" / "bench")]

from bars import BLUE, GREY, OCHRE, Bar, drawn  # noqa: E402
from herd import EAGER, EXPONENTIAL, FIXED, FULL, POLICIES, Herd, Policy, Settings, Storm  # noqa: E402

OUT = ROOT / "build" / "herd.json"
PICTURE = ROOT / "docs" / "herd.svg"
SEEDS = (1, 2)
CAPS_S = (120, 900)
MORE_CAPS_S = (300, 600)  # for the firmware's policy: they show where the default of cap_ms lies
STORMS = {
    "refuses": Storm(),
    "told": Storm(told=True),
    "late": Storm(room=1e9),
    "late, short": Storm(room=1e9, back_ms=60_000),
}
FIGURES = ("calls", "peak_per_s", "drained_50_s", "drained_99_s", "drained_100_s", "to_person_percent")


class Plan(NamedTuple):
    """A policy under a cap; 0 where it has none."""

    policy: Policy
    cap_s: int

    def label(self) -> str:
        """For the table and the picture."""
        return f"{self.policy.name}, {self.cap_s} s" if self.cap_s else self.policy.name


class Row(NamedTuple):
    """The figures of one plan in one storm, each with a value for each seed."""

    storm: str
    plan: Plan
    figures: dict[str, list[float | None]]

    def mean(self, name: str) -> float | None:
        """None where one seed has none."""
        values = [value for value in self.figures[name] if value is not None]
        return sum(values) / len(values) if len(values) == len(SEEDS) else None

    def told(self, name: str) -> str:
        """The smallest and the largest, or the one; `never` where a seed has none."""
        values = [value for value in self.figures[name] if value is not None]
        if len(values) < len(SEEDS):
            return "never"
        places = 2 if 0 < max(values) < 10 else 0
        low, high = (f"{value:,.{places}f}".replace(",", " ") for value in (min(values), max(values)))
        return low if low == high else f"{low} to {high}"


def plans(storm: str) -> list[Plan]:
    """Each policy under each cap; the one that minds silence only where there is any, and after a short time not every one."""
    late, short = STORMS[storm].room == 1e9, STORMS[storm].back_ms == 60_000
    found = [Plan(FIXED, 0)]
    for policy in ((FULL,) if short else POLICIES[1:]) + ((EAGER,) if late else ()):
        caps_s = CAPS_S + (MORE_CAPS_S if policy in (FULL, EAGER) else ())
        found += [Plan(policy, cap_s) for cap_s in sorted(caps_s)]
    return found


TODO = [(storm, plan) for storm in STORMS for plan in plans(storm)]


def measured(number: int) -> dict[str, list[float | None]]:
    """The figures of TODO[number], a run for each seed. Runs in a process of its own, so it is not handed a policy."""
    storm, plan = TODO[number]
    settings = Settings()._replace(cap_ms=plan.cap_s * 1000) if plan.cap_s else Settings()
    runs = [Herd(STORMS[storm], plan.policy, settings, seed).run().figures() for seed in SEEDS]
    return {name: [run[name] for run in runs] for name in FIGURES}


def panels(rows: list[Row]) -> list[tuple[str, list[Bar]]]:
    """What the picture shows, means over the seeds."""

    def bars(storm: str, name: str, scale: float = 1, *only: Policy) -> list[Bar]:
        return [
            Bar(row.plan.label(), None if row.mean(name) is None else (row.mean(name) or 0) / scale, colour(row.plan.policy))
            for row in rows
            if row.storm == storm and (not only or row.plan.policy in only)
        ]

    some = (FIXED, EXPONENTIAL, FULL)
    return [
        ("Most calls in a second since the host is back, which can do 50", bars("refuses", "peak_per_s")),
        ("Minutes until 99 of 100 refunds are settled", bars("refuses", "drained_99_s", 60)),
        ("Most calls in a second where each terminal's line comes in", bars("told", "peak_per_s", 1, *some)),
        ("Where the host answers late: of 100 refunds go to a person", bars("late", "to_person_percent", 1, *some, EAGER)),
        ("The same after 60 s instead of 600 s", bars("late, short", "to_person_percent", 1, *some, EAGER)),
    ]


def colour(policy: Policy) -> str:
    """The firmware's, the other jitters', and those without."""
    return BLUE if policy == FULL else GREY if policy in (FIXED, EXPONENTIAL) else OCHRE


def main() -> None:
    """Measure all, write build/herd.json and docs/herd.svg, print the table."""
    with ProcessPoolExecutor() as pool:
        found = track(pool.map(measured, range(len(TODO))), "storms", len(TODO), console=Console(stderr=True))
        rows = [Row(storm, plan, figures) for (storm, plan), figures in zip(TODO, found, strict=True)]
    runs = [{"storm": row.storm, "policy": row.plan.policy.name, "cap_s": row.plan.cap_s, **row.figures} for row in rows]
    OUT.write_text(json.dumps({"seeds": SEEDS, "runs": runs}, indent=1) + "\n")
    PICTURE.write_text(drawn(panels(rows)))
    table = Table("storm", "policy, cap", *FIGURES)
    for row in rows:
        table.add_row(row.storm, row.plan.label(), *(row.told(name) for name in FIGURES))
    Console().print(table)
    print(f"written to {OUT.relative_to(ROOT)} and {PICTURE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
