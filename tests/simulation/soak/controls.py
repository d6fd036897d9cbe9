"""What shows that the count can see: a firmware, a profile or a line that is known to be wrong must be found out."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[3]
# Behind what is there already: a broken firmware that stands first on the path stays first.
sys.path += [str(ROOT / folder) for folder in (".", "firmware", "tests/shared", "tests/power", "tests/simulation")]

from controls import overlaid  # noqa: E402
from soak.plan import ALGORITHMS, Plan, Step, draw  # noqa: E402
from soak.world import play  # noqa: E402


class Control(NamedTuple):
    """firmware: a folder of tests/broken, or "" for the right one; seeds: where it does harm; found: one of these must be;
    worlds: in the place of seeds."""

    firmware: str
    seeds: range
    found: tuple[str, ...]
    profile: str | None = None
    doubling: bool = False
    worlds: tuple[Plan, ...] = ()


def older_a0(mac: str, variant: int) -> Plan:
    """A request is spoiled; a forger answers the sign-on after it with the key that stands, and has the A0 come once more."""
    steps = [
        Step(100, 0, "sale", 19_100),
        Step(5000, 0, "fault", "spoiled"),
        Step(5000, 0, "forger", "open", variant),
        Step(5010, 0, "refund", 0, 10),
        Step(20_000, 0, "echo"),
    ]
    return Plan(1, "c", False, "nothing", [(6, 16)], steps, mac)


# Kinds of acquirer go by turns: seed % 4 is a, b, c, d; the next four have a query.
CONTROLS = {
    "new trace on a retry": Control("new-trace", range(0, 40, 8), ("doubled",)),
    "silence taken for a refusal": Control("forget", range(0, 24, 8), ("lost",)),
    "refunds are reversed": Control("reverse-refunds", range(0, 24, 8), ("person", "alarm", "lost")),
    "the same bytes whatever is known": Control("resend", range(2, 42, 8), ("doubled",)),
    "what never left goes to a person": Control("parks-unsent", range(8), ("person",)),
    "profile of kind a for an acquirer of kind c": Control("", range(2, 42, 8), ("doubled",), profile="replays"),
    "what is sealed under another key is made anew": Control("reseal-anew", range(8, 56, 24), ("alarm", "doubled", "person")),
    "the same bytes after a refused seal": Control(
        "same-bytes-after-a0", range(0), ("doubled",), worlds=tuple(older_a0(mac, 2) for mac in ALGORITHMS)
    ),
    "a line that doubles, before kind c": Control("", range(2, 42, 8), ("doubled",), doubling=True),
}


def plans(control: Control) -> list[Plan]:
    """The worlds in which it is played."""
    return list(control.worlds) or [draw(seed, control.profile, control.doubling) for seed in control.seeds]


def run(name: str) -> dict[str, int]:
    """How often each kind of wrong was found until it is found out, in a process of its own."""
    control = CONTROLS[name]
    folders = [overlaid(control.firmware)] if control.firmware else []
    path = [*folders, ROOT / "tests/simulation"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "soak.controls", name], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    if done.returncode:
        raise RuntimeError(f"{name}: status {done.returncode}: {done.stderr[-1500:]}")
    figures = json.loads(done.stdout.splitlines()[-1])
    expected = folders[0] if folders else ROOT / "firmware"
    assert figures["source"].startswith(str(expected)), figures["source"]
    return figures["wrong"]


def main() -> None:
    """In that process: the firmware that stands first on the path."""
    from yuanlu import forwarder

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=sorted(CONTROLS))
    wrong: dict[str, Any] = {}
    control = CONTROLS[parser.parse_args().name]
    for plan in plans(control):
        for one in play(plan).wrong:
            wrong[one.kind] = wrong.get(one.kind, 0) + 1
        if any(kind in wrong for kind in control.found):
            break
    print(json.dumps({"wrong": wrong, "source": forwarder.__file__}))


if __name__ == "__main__":
    main()
