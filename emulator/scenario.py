"""Scenarios: a YAML file of steps on a shop, played on virtual time; each ends by counting money.

docs/emulator.md lists the steps. A mistake in a file is told with its line; a scenario that fails prints the command that
replays it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from emulator import checks, strict_yaml
from emulator.checks import Check
from emulator.clerk import Clerk, NoPower, NotSeen, WrongSlip
from emulator.shop import PROFILES, SETTINGS, WITHOUT_QUERIES, Shop
from emulator.steps import CAN_FAIL, VERBS, NotAsExpected, check_all_happened
from emulator.strict_yaml import Mapping, Mistake
from yuanlu.config import Config
from yuanlu.errors import BadConfig

# What a setting is checked with: by itself it would be refused.
_TOGETHER: dict[str, dict[str, int]] = {"mac": WITHOUT_QUERIES, "no_original": {"login": 1}}
_EVERY = vars(Config(json.dumps(SETTINGS)))  # those that have a default too
HELD, FAILED, BAD_FILE, TIMED_OUT = 0, 1, 2, 42


class BadScenario(Exception):
    """The file is not a scenario: file, line (None: as a whole), what is expected."""

    def __init__(self, path: Path, line: int | None, why: str) -> None:
        super().__init__(f"{path}:{line}: {why}" if line else f"{path}: {why}")
        self.line, self.why = line, why


@dataclass
class Step:
    """One line of the script."""

    line: int
    verb: str
    value: Any


@dataclass
class Scenario:
    """A whole file, checked."""

    path: Path
    name: str
    acquirer: dict[str, Any]
    settings: dict[str, Any]
    steps: list[Step]


@dataclass
class Report:
    """How it went. `code`: 0 held, 1 an expectation failed, 2 the file is wrong, 42 timed out."""

    name: str | None
    seed: int
    code: int = HELD
    line: int | None = None
    why: str = ""
    discrepancies: list[str] = field(default_factory=list)
    terminal: list[dict[str, Any]] = field(default_factory=list)
    milliseconds: int = 0


def load(path: Path) -> Scenario:
    """Read and check a file; BadScenario names the line of the first mistake."""
    known: dict[str, Check] = {"acquirer": _acquirer, "settings": _settings}
    check = checks.fields(
        {"name": checks.text, "steps": checks.steps(_step)}, known, "a scenario: name, acquirer, settings, steps"
    )
    try:
        parts = checks.at_line(check, strict_yaml.read(path), 1)
    except OSError as error:
        raise BadScenario(path, None, error.strerror or str(error)) from error
    except Mistake as mistake:
        raise BadScenario(path, mistake.line, str(mistake)) from mistake
    if not any(step.verb in CAN_FAIL for step in parts["steps"]):
        raise BadScenario(path, parts["steps"][0].line, f"nothing here can fail; there are {', '.join(sorted(CAN_FAIL))}")
    return Scenario(path, parts["name"], parts.get("acquirer", {"kind": "a"}), parts.get("settings", {}), parts["steps"])


def _acquirer(value: Any) -> dict[str, Any]:
    kind = checks.one_of(*PROFILES)
    if isinstance(value, Mapping):
        return dict(checks.fields({"kind": kind}, {"query": checks.flag})(value))
    return {"kind": kind(value)}


def _settings(value: Any) -> dict[str, Any]:
    """The terminal's own check of each; where the acquirer is found is the shop's matter."""
    known: dict[str, Check] = {name: partial(_setting, name) for name in _EVERY if name not in ("host", "port")}
    return dict(checks.fields({}, known)(value))


def _setting(name: str, value: Any) -> Any:
    found = int(value) if isinstance(_EVERY[name], int) and re.fullmatch("0|[1-9][0-9]{0,8}", str(value)) else value
    try:
        Config(json.dumps({**SETTINGS, **_TOGETHER.get(name, {}), name: found}))
    except BadConfig as error:
        raise Mistake(str(error).removeprefix("config: ")) from error
    return found


def _step(value: Any, line: int) -> Step:
    if not isinstance(value, Mapping) or len(value) != 1:
        raise Mistake(f"a step is one of {', '.join(VERBS)} and its value", line)
    [(verb, argument)] = value.items()
    if verb not in VERBS:
        raise Mistake(f"no step '{verb}'; there are {', '.join(VERBS)}", line)
    return Step(line, verb, checks.at_line(VERBS[verb][0], argument, line))


# ---- playing


def play(
    scenario: Scenario,
    seed: int = 1,
    tell: Callable[[str], None] = lambda text: None,
    keep: Path | None = None,
    **shop_options: Any,
) -> Report:
    """Play it on a fresh shop and count the money. keep: a folder for the chip and what is needed to check it.

    BadScenario: settings refused, keys without power.
    """
    asked = {"can_be_asked": scenario.acquirer.get("query", False)}
    shop = Shop(real=False, kind=scenario.acquirer["kind"], seed=seed, **asked, **shop_options, **scenario.settings)
    report = Report(scenario.name, seed)
    try:
        _play_steps(scenario, Clerk(shop), report, tell)
    except NotSeen as error:
        report.code, report.why = TIMED_OUT, str(error)
    except (WrongSlip, NotAsExpected, ValueError) as error:
        report.code, report.why = FAILED, str(error)
    except NoPower as error:
        raise BadScenario(scenario.path, report.line, str(error)) from error
    finally:
        report.discrepancies = shop.count_money()
        report.terminal = shop.terminal_ledger()
        report.milliseconds = shop.world.now_ms
        if keep is not None:
            shop.keep(keep)
        shop.close()
    if report.discrepancies and report.code == HELD:
        report.code, report.why = FAILED, "the money does not agree"
    return report


def _play_steps(scenario: Scenario, clerk: Clerk, report: Report, tell: Callable[[str], None]) -> None:
    clerk.terminal.power_on()
    clerk.wait_for_terminal()
    for said in clerk.terminal.log:
        if said.startswith("start: config"):
            raise BadScenario(scenario.path, None, f"the terminal refuses its settings: {said}")
    for step in scenario.steps:
        report.line = step.line
        tell(f"{step.line:4}  {step.verb}: {step.value}")
        VERBS[step.verb][1](clerk, step.value)
    report.line = None
    check_all_happened(clerk)


def replay_command(path: Path, seed: int) -> str:
    """What to type in the same folder to play it again."""
    named = os.environ.get("YUANLU_MICROPYTHON")
    words = [sys.executable, "-m", "emulator", "run", str(path), "--seed", str(seed)]
    return (f"YUANLU_MICROPYTHON={shlex.quote(named)} " if named else "") + shlex.join(words)
