"""A plan that fails, made small: steps are left out as long as it fails in the same way."""

from __future__ import annotations

from rich.console import Console

from soak.plan import Plan, Step
from soak.world import play

MOST_TRIES = 400


def fails(plan: Plan, kind: str) -> bool:
    """It plays to an end at which that kind of wrong is found."""
    return any(wrong.kind == kind for wrong in play(plan).wrong)


def shrink(plan: Plan, kind: str, console: Console | None = None) -> Plan:
    """Greedy: leave out halves, then quarters ... then single steps, and begin again while that helps (ddmin, Zeller and
    Hildebrandt 2002, without its complements)."""
    steps, size, tries = list(plan.steps), max(1, len(plan.steps) // 2), 0
    while tries < MOST_TRIES:
        before, at = len(steps), 0
        while at < len(steps) and tries < MOST_TRIES:
            tries += 1
            fewer = steps[:at] + steps[at + size :]
            if fails(plan.with_steps(fewer), kind):
                steps = fewer
            else:
                at += size
        if console:
            console.print(f"shrinking: {len(steps)} steps left, {tries} plans played")
        if size == 1 and len(steps) == before:
            break
        size = max(1, size // 2)
    return plan.with_steps(steps)


def regression(plan: Plan, kind: str) -> str:
    """Source of a test that plays the plan."""
    mac = f", {plan.mac!r}, {plan.early}" if plan.mac != "dukpt" or plan.early else ""
    rows = "".join(f"        {_source(step)},\n" for step in plan.steps)
    return (
        f"def test_{kind}_seed_{plan.seed}() -> None:\n"
        f"    steps = [\n{rows}    ]\n"
        f"    plan = Plan({plan.seed}, {plan.kind!r}, {plan.query}, {plan.repeat!r}, {plan.terminals!r}, steps{mac})\n"
        "    wrong = play(plan).wrong\n"
        "    assert wrong == [], wrong\n"
    )


def _source(step: Step) -> str:
    return f"Step({step.at}, {step.terminal}, {step.what!r}, {step.a!r}, {step.b})"
