"""docs/states.md: the fold of firmware/yuanlu/refund/state.py as a drawing and a table, found by trying every (state, record
type, verdict); nothing of it is written by hand.

python -m tests.host.states_picture
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from yuanlu.errors import StoreDamaged
from yuanlu.refund import state as fold

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "states.md"

YES = {"HANDOVER": "sent"}  # what a verdict that is a yes or no says; else that a person has said so

Fold = Callable[[int, int, int], int]
Arrows = dict[str, dict[int, int]]  # by what was recorded: the state before and the state after

HEAD = """# The states of a transaction

Drawn from `firmware/yuanlu/refund/state.py` by `make states`, which tries every record type with every verdict after every state;
what is not here is refused as a damaged journal. A word after a record type is its verdict or kind.
"""


def names_of(source: str) -> dict[str, dict[int, str]]:
    """The constants of state.py as {value: NAME}, by the part of the file in which they stand."""
    parts: dict[str, dict[int, str]] = {}
    part: dict[int, str] = {}
    for line in source.splitlines():
        comment = re.match(r"# (?:What an? ([A-Z]+) is|(Record types|Verdicts|States))\b", line)
        constant = re.match(r"([A-Z_]+) = const\((\d+)\)", line)
        if comment:
            part = parts.setdefault(comment[1] or comment[2], {})
        elif constant:
            part[int(constant[2])] = constant[1]
    return parts


def arrows_of(module: ModuleType | Any, next_state: Fold) -> Arrows:
    """Every arrow that next_state allows. A verdict is named only where it changes something."""
    parts = names_of(Path(module.__file__ or "").read_text("utf-8"))
    verdicts = range(1 + max(value for part in parts.values() for value in part))
    found: Arrows = {}
    for record_type, name in parts["Record types"].items():
        kinds = parts["Verdicts"] if name == "RESULT" else parts.get(name, {})
        for state in parts["States"]:
            after = {verdict: _tried(next_state, state, record_type, verdict) for verdict in verdicts}
            if len(set(after.values())) == 1:
                after = {0: after[0]}
            elif not kinds and len({after[verdict] for verdict in verdicts[1:]}) == 1:
                after = {0: after[0], 1: after[1]}  # a yes or no
            for verdict, next_one in after.items():
                if next_one is not None:
                    told = kinds[verdict] if kinds and len(after) > 1 else YES.get(name, "by a person's word") if verdict else ""
                    found.setdefault(f"{name} {told.lower().replace('_', ' ')}".strip(), {})[state] = next_one
    return found


def _tried(next_state: Fold, *arguments: int) -> int | None:
    try:
        return next_state(*arguments)
    except StoreDamaged:
        return None


def grouped(arrows: Arrows, module: ModuleType | Any) -> tuple[list[str], dict[tuple[str, str], list[str]]]:
    """(what stays as it is whatever was recorded, records by (from, to)). What leads from every state, or from every open one, to
    the same is one arrow."""
    names = module.STATE_NAMES
    open_states = {state for state in range(len(names)) if not module.is_final(state)}
    stays: list[str] = []
    edges: dict[tuple[str, str], list[str]] = {}
    for label, steps in arrows.items():
        if all(before == after for before, after in steps.items()) and len(steps) == len(names):
            stays.append(label)
            continue
        one_end = len(set(steps.values())) == 1
        everywhere = one_end and len(steps) == len(names)
        if everywhere or (one_end and set(steps) == open_states):
            pair = ("any state" if everywhere else "any open state", names[next(iter(steps.values()))])
            edges.setdefault(pair, []).append(label)
            continue
        for before, after in steps.items():
            edges.setdefault((names[before], names[after]), []).append(label)
    order = [*names, "any open state", "any state"]
    return stays, dict(sorted(edges.items(), key=lambda edge: [order.index(name) for name in edge[0]]))


def drawn(module: ModuleType | Any = fold, next_state: Fold | None = None) -> str:
    """The page; `next_state` other than the module's own is for controls."""
    stays, edges = grouped(arrows_of(module, next_state or module.next_state), module)
    lines = [HEAD, "```mermaid", "stateDiagram-v2", "  [*] --> new"]
    for name in ("any open state", "any state"):
        if any(before == name for before, _ in edges):
            lines.append(f'  state "{name}" as {name.replace(" ", "_")}')
    for (before, after), labels in edges.items():
        lines.append(f"  {before.replace(' ', '_')} --> {after}: {'<br>'.join(labels)}")
    lines += ["```", "", "| from | to | records |", "|---|---|---|"]
    lines += [f"| {before} | {after} | {', '.join(labels)} |" for (before, after), labels in edges.items()]
    lines += ["", f"After any state, and it stays as it is: {', '.join(stays)}.", ""]
    return "\n".join([*lines, *_properties(module), ""])


def _properties(module: ModuleType | Any) -> list[str]:
    """The table of what the module says of each state."""
    lines = ["| state | number in flash | final | the forwarder may send it | its amount no longer counts |", "|---" * 5 + "|"]
    for state, name in enumerate(module.STATE_NAMES):
        marks = ["yes" if told(state) else "-" for told in (module.is_final, module.is_sendable, module.frees_cap)]
        lines.append(f"| {name} | {state} | {' | '.join(marks)} |")
    return lines


if __name__ == "__main__":
    PAGE.write_text(drawn(), "utf-8")
    print(f"written to {PAGE.relative_to(ROOT)}")
