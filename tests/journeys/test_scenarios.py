"""Every scenario file holds on real MicroPython; test_scenario_faults.py: and only with its faults."""

from pathlib import Path

import pytest

from emulator import scenario as scenarios

FILES = sorted((Path(__file__).parents[1] / "scenarios").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario(path: Path) -> None:
    report = scenarios.play(scenarios.load(path))
    assert report.code == 0, (
        f"{path.name}:{report.line}: {report.why} {report.discrepancies}\nreplay: {scenarios.replay_command(path, 1)}"
    )
