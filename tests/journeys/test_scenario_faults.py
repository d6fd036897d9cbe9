"""No scenario holds without one of its faults: those are what it is about. A file of its own, so that another worker has it."""

import re
from pathlib import Path

import pytest

from emulator import scenario as scenarios
from emulator.child import InProcess

FILES = sorted((Path(__file__).parents[1] / "scenarios").glob("*.yaml"))
FAULT = re.compile(r"^  - (acquirer: (?!\{mood: normal)|network: pulled|paper: out|cut: ).*\n", re.MULTILINE)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_control_a_scenario_does_not_hold_without_one_of_its_faults(path: Path, tmp_path: Path) -> None:
    text = path.read_text("utf-8")
    for fault in FAULT.finditer(text):
        changed = tmp_path / path.name
        changed.write_text(text[: fault.start()] + text[fault.end() :], "utf-8")
        assert scenarios.play(scenarios.load(changed), child=InProcess).code, f"holds without {fault[0].strip()}"
