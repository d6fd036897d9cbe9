"""Scenarios: a YAML file of steps on a shop, played on virtual time; each ends by counting money.

docs/emulator.md lists the steps. A mistake in a file is told with its line; a scenario that fails prints the command that
replays it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from emulator.clerk import Clerk, NotSeen, WrongSlip
from emulator.shop import PROFILES, SETTINGS, Shop
from emulator.steps import VERBS, NotAsExpected, fields, flag, one_of

HELD, FAILED, TIMED_OUT = 0, 1, 42


class BadScenario(Exception):
    """The file is not a scenario: file, line, what is expected."""


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
    """How it went. `code`: 0 held, 1 an expectation failed, 42 timed out."""

    name: str
    seed: int
    code: int = HELD
    line: int | None = None
    why: str = ""
    discrepancies: list[str] = field(default_factory=list)
    terminal: list[dict[str, Any]] = field(default_factory=list)
    milliseconds: int = 0


def load(path: Path) -> Scenario:
    """Read and check a file; BadScenario names the line of the first mistake."""
    try:
        root = yaml.compose(path.read_text("utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise BadScenario(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise BadScenario(f"{path}:{mark.line + 1 if mark else 1}: not YAML: {getattr(error, 'problem', error)}") from error
    if not isinstance(root, yaml.MappingNode):
        raise BadScenario(f"{path}:1: a scenario has name, acquirer, settings and steps")
    parts = {key.value: node for key, node in root.value}
    for key, _ in root.value:
        if key.value not in ("name", "acquirer", "settings", "steps"):
            raise _mistake(path, key, f"'{key.value}' is not known here; there are name, acquirer, settings, steps")
    if "name" not in parts or not isinstance(parts.get("steps"), yaml.SequenceNode):
        raise BadScenario(f"{path}:1: a scenario has a name and a list of steps")
    acquirer = _checked(path, parts["acquirer"], _acquirer) if "acquirer" in parts else {"kind": "a"}
    settings = _checked(path, parts["settings"], _settings) if "settings" in parts else {}
    steps = [_step(path, node) for node in parts["steps"].value]
    return Scenario(path, str(parts["name"].value), acquirer, settings, steps)


def _acquirer(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return fields({"kind": one_of(*PROFILES)}, query=flag)(value)
    return {"kind": one_of(*PROFILES)(value)}


def _settings(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) - set(SETTINGS):
        raise ValueError(f"settings of the terminal: {', '.join(SETTINGS)}")
    return value


def _step(path: Path, node: yaml.Node) -> Step:
    if not isinstance(node, yaml.MappingNode) or len(node.value) != 1:
        raise _mistake(path, node, f"a step is one of {', '.join(VERBS)} and its value")
    key, value = node.value[0]
    if key.value not in VERBS:
        raise _mistake(path, key, f"no step '{key.value}'; there are {', '.join(VERBS)}")
    return Step(key.start_mark.line + 1, key.value, _checked(path, value, VERBS[key.value][0]))


def _checked(path: Path, node: yaml.Node, check: Callable[[Any], Any]) -> Any:
    loader = yaml.SafeLoader("")
    # An amount stays text: 30.10 must not become a float.
    for scalar in _scalars(node):
        if scalar.tag.endswith(":float"):
            scalar.tag = "tag:yaml.org,2002:str"
    try:
        return check(loader.construct_object(node, deep=True))
    except ValueError as error:
        raise _mistake(path, node, f"expected: {error}") from error


def _scalars(node: yaml.Node) -> list[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        return [node]
    children = node.value if isinstance(node, yaml.SequenceNode) else [part for pair in node.value for part in pair]
    return [scalar for child in children for scalar in _scalars(child)]


def _mistake(path: Path, node: yaml.Node, text: str) -> BadScenario:
    return BadScenario(f"{path}:{node.start_mark.line + 1}: {text}")


# ---- playing


def play(scenario: Scenario, seed: int = 1, tell: Callable[[str], None] = lambda text: None, **shop_options: Any) -> Report:
    """Play it on a fresh shop and count the money."""
    shop = Shop(real=False, seed=seed, **scenario.acquirer, **shop_options, **scenario.settings)
    report = Report(scenario.name, seed)
    clerk = Clerk(shop)
    try:
        shop.terminal.power_on()
        for step in scenario.steps:
            report.line = step.line
            tell(f"{step.line:4}  {step.verb}: {step.value}")
            VERBS[step.verb][1](clerk, step.value)
        report.line = None
    except NotSeen as error:
        report.code, report.why = TIMED_OUT, str(error)
    except (WrongSlip, NotAsExpected, ValueError) as error:
        report.code, report.why = FAILED, str(error)
    finally:
        report.discrepancies = shop.count_money()
        report.terminal = shop.terminal_ledger()
        report.milliseconds = shop.world.now_ms
        shop.close()
    if report.discrepancies and report.code == HELD:
        report.code, report.why = FAILED, "the money does not agree"
    return report
