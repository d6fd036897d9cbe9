"""The wheel installs in a clean environment, yuanluctl starts from it, and the emulator says what it needs."""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path) -> str:
    """Its output; fails with it when the command fails. Nothing of this checkout is on the path."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def yuanluctl_here(*words: str) -> str:
    """What this checkout's says."""
    return run(sys.executable, "-c", "from host_tools.yuanluctl.cli import main; main()", *words, cwd=ROOT)


def test_the_wheel_installs_and_yuanluctl_starts(tmp_path: Path) -> None:
    source = tmp_path / "source"
    run("git", "clone", "--quiet", ROOT, source, cwd=tmp_path)
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, source, cwd=tmp_path)
    (wheel,) = tmp_path.glob("yuanlu-*.whl")
    venv.create(tmp_path / "clean", with_pip=True)
    python = tmp_path / "clean" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    assert "bridge" in run(tmp_path / "clean" / "bin" / "yuanluctl", "--help", cwd=tmp_path)
    explained = run(tmp_path / "clean" / "bin" / "yuanluctl", "explain", "51", "--lang", "zh", cwd=tmp_path)
    assert explained == yuanluctl_here("explain", "51", "--lang", "zh") and "余额不足" in explained
    refused = "from host_tools.yuanluctl.refusal import Refusal, why_told; told = Refusal('here', 'refused.not_open')"
    said = run(python, "-c", f"{refused}; print(told.text('en'), why_told('en', 'why.no_answer'))", cwd=tmp_path)
    assert "Nothing open has this number" in said and "Sent, no answer in time" in said
    assert "0.1.0" in run(tmp_path / "clean" / "bin" / "yuanluctl", "--version", cwd=tmp_path)
    for words in (["demo"], ["serve"], ["run", source / "tests" / "scenarios" / "approved.yaml"]):
        done = subprocess.run([python, "-I", "-m", "emulator", *words], cwd=tmp_path, capture_output=True, text=True, timeout=240)
        assert done.returncode == 2
        assert "the emulator runs in a checkout of yuanlu" in done.stderr
    where = run(python, "-c", "import emulator.scenario, yuanlu.record; print(yuanlu.record.__file__)", cwd=tmp_path)
    assert str(tmp_path / "clean") in where
