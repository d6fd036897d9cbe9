"""20 000 hostile frames find nothing; in a firmware that is broken in one place a few thousand find what they should."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from controls import overlaid  # of tests/power

ROOT = Path(__file__).parents[2]
FUZZ = ROOT / "tests/wire/fuzz.py"
FRAMES, FRAMES_OF_A_CONTROL = 20_000, 2_000
SECONDS = 120


def attacked(folder: Path, frames: int, firmware: Path | None = None) -> tuple[int, dict[str, Any]]:
    """Exit status and figures of the fuzz, on the firmware or on the one under that folder."""
    figures = folder / "fuzz.json"
    environment = {**os.environ, "PYTHONPATH": str(firmware or ""), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(FUZZ), "--frames", str(frames), "--json", str(figures)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode in (0, 1), done.stderr[-2000:]
    found = json.loads(figures.read_text())
    assert Path(found["codec"]).is_relative_to(firmware or ROOT / "firmware")
    return done.returncode, found["targets"]


def test_20_000_hostile_frames_find_nothing(tmp_path: Path) -> None:
    status, targets = attacked(tmp_path, FRAMES)
    assert (status, [row["found"] for row in targets.values()]) == (0, [""] * 6)
    assert sum(row["frames"] for row in targets.values()) >= FRAMES
    for target, row in targets.items():
        assert row["frames"] >= FRAMES // 4 and 0 < row["believed"] < row["inputs"], target


@pytest.mark.parametrize(
    ("broken", "target", "found"),
    [
        ("made-up-end", "codec", "another message comes out"),
        ("keeps-frames", "codec", "bytes more are in use"),
        ("no-fcs", "serial", "the other end differs"),
        ("rest-dropped", "channel", "a frame is lost"),
        ("open-door", "door", "a forged command was answered"),
    ],
)
def test_control_a_broken_parser_is_found(tmp_path: Path, broken: str, target: str, found: str) -> None:
    status, targets = attacked(tmp_path, FRAMES_OF_A_CONTROL, overlaid(broken))
    assert status == 1
    assert found in targets[target]["found"]
