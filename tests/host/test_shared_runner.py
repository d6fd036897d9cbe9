"""The runner of the shared tests, on a tree of its own: on both runtimes a failing test fails and a passing one passes."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.conftest import ALLOWANCE_SECONDS

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"

SAMPLE = """
async def broken_later():
    assert 1 + 1 == 3


def test_passes():
    print("said on the way")


def test_fails():
    assert 1 + 1 == 3


async def test_async_fails():
    await broken_later()


def test_passes_after_a_failure():
    pass
"""

ENDS_THE_PROCESS = """
import os


def test_before():
    pass


def test_ends_the_process():
    if os.getenv("YUANLU_RUNTIME") == "micropython":
        os.system("kill $PPID")
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder laid out like this one, with the runner, the firmware that was built for this run, and no test yet."""
    shared = tmp_path / "tests" / "shared"
    shared.mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path / "tests")
    shutil.copy(ROOT / "tests" / "shared" / "runner.py", shared)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "build" / "firmware", tmp_path / "build" / "firmware")
    return tmp_path


def run(tree: Path, python: Path = Path(sys.executable), **environment: str) -> tuple[int, str]:
    """Exit status and output of pytest on the tree."""
    done = subprocess.run(
        [python, "-m", "pytest", "-v", "-p", "no:cacheprovider"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'firmware'}", "CI": "", "YUANLU_BUILT": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_each_test_is_reported_on_both_runtimes(tree: Path):
    (tree / "tests" / "shared" / "test_sample.py").write_text(SAMPLE)
    status, output = run(tree)
    assert status == 1, output
    for name in ("test_passes", "test_passes_after_a_failure"):
        assert f"::{name} PASSED" in output
        assert f"::{name}@micropython PASSED" in output
    for name in ("test_fails", "test_async_fails"):
        assert f"::{name} FAILED" in output
        assert f"::{name}@micropython FAILED" in output
    assert 'test_sample.py", line 11, in test_fails' in output, "MicroPython's own traceback is shown"


def test_a_test_that_ends_the_process_fails_and_the_ones_before_it_keep_their_outcome(tree: Path):
    (tree / "tests" / "shared" / "test_crash.py").write_text(ENDS_THE_PROCESS)
    status, output = run(tree)
    assert status == 1, output
    assert "::test_before@micropython PASSED" in output
    assert "::test_ends_the_process@micropython FAILED" in output
    assert "MicroPython ended before test_ends_the_process did" in output


def test_a_missing_interpreter_is_a_loud_skip_here_and_a_failure_in_ci(tree: Path):
    (tree / "tests" / "shared" / "test_sample.py").write_text("def test_passes():\n    pass\n")
    lonely = tree / "bin" / "python"  # MicroPython is looked for beside the Python in use
    lonely.parent.mkdir()
    lonely.symlink_to(sys.executable)
    packages = f"{ROOT}:{ROOT / 'firmware'}:{sysconfig.get_path('purelib')}"
    status, output = run(tree, lonely, PYTHONPATH=packages, YUANLU_MICROPYTHON="")
    assert status == 0, output
    assert "micropython: MISSING" in output and "1 passed, 1 skipped" in output
    status, output = run(tree, lonely, PYTHONPATH=packages, YUANLU_MICROPYTHON="", CI="true")
    assert status == 1, output
    assert "1 failed, 1 passed" in output


def test_a_named_interpreter_that_is_not_there_stops_the_run(tree: Path):
    status, output = run(tree, YUANLU_MICROPYTHON="/nowhere/micropython")
    assert status == pytest.ExitCode.USAGE_ERROR
    assert "there is no /nowhere/micropython" in output


def test_a_suite_past_its_allowance_fails_in_ci_only(tree: Path):
    slow = tree / "tests" / "nameless"  # a suite without an allowance has none to spend
    slow.mkdir()
    (slow / "test_slow.py").write_text("import time\n\n\ndef test_slow():\n    time.sleep(0.01)\n")
    status, output = run(tree)
    assert status == 0, output
    assert "OVER" in output
    status, output = run(tree, CI="true")
    assert status == 1, output


def test_every_allowance_is_of_a_suite_that_has_tests() -> None:
    suites = {path.relative_to(TESTS).parts[0] for path in TESTS.glob("*/test_*.py")}
    assert set(ALLOWANCE_SECONDS) == suites
