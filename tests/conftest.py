"""One run, two runtimes: every tests/shared/test_*.py runs on CPython and, as `test@micropython`, on the built firmware.

At the end a table shows what each suite took against its allowance in CI, where taking longer is a failure.
"""

import ast
import gc
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import pytest

from host_tools.yuanluctl import image, tables

ROOT = Path(__file__).parents[1]
SHARED = ROOT / "tests" / "shared"
FIRMWARE = ROOT / "build" / "firmware"
IN_CI = os.environ.get("CI") == "true"

HEAP = "1M"  # for the tests themselves, which are compiled on the spot; the device's own limit is another test
FILE_SECONDS = 300  # a file that takes longer hangs
# They begin first: a long file that comes last keeps one core busy while the other has nothing left.
LONG_FILES = (
    *("host/test_live", "power/test_journal_cuts", "host/test_upgrade", "browser/test_page", "journeys/test_scenarios"),
    *("power/test_capacity", "power/test_cuts", "host/test_told", "simulation/test_soak"),
)

ALLOWANCE_SECONDS = {  # about twice what a machine needs that runs four of them at once on two cores
    "shared": 800,
    "wire": 250,
    "host": 2600,  # the wheel brings its dependencies into a clean environment
    "journeys": 1300,  # two terminals, and one break of each kind between them
    "simulation": 500,  # lockstep, the herd, the soak in short
    "power": 1000,  # cuts in the journal, controls, 500 lives on MicroPython
    "browser": 600,
}


class Interpreter(NamedTuple):
    """A MicroPython to run tests on."""

    path: Path
    version: str
    word_bits: int


class Outcome(NamedTuple):
    """What became of one test on MicroPython, and what it printed."""

    passed: bool
    output: str


class MicroPythonFailure(Exception):
    """A test failed on MicroPython; the text is what MicroPython said."""


@dataclass
class Suite:
    """What a folder of tests has used so far."""

    tests: int = 0
    seconds: float = 0.0


@dataclass
class Run:
    """What this run works with and has used."""

    interpreter: Interpreter | None
    build_trouble: str
    suites: dict[str, Suite] = field(default_factory=dict)

    def over(self) -> list[str]:
        """The suites past their allowance, or without one."""
        return [name for name, suite in self.suites.items() if suite.seconds > ALLOWANCE_SECONDS.get(name, 0)]


RUN = pytest.StashKey[Run]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those of the long files first, in that order; the rest as they were found."""
    places = {ROOT / "tests" / f"{name}.py": place for place, name in enumerate(LONG_FILES)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


class Stopwatch:
    """Adds each phase of each test to its suite, whichever worker it ran in."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase."""
        inside = report.nodeid.split("::")[0].split("/")[1:]
        suite = self.run.suites.setdefault(inside[0] if len(inside) > 1 else "tests", Suite())
        suite.seconds += report.duration
        suite.tests += report.when == "call"


class MicroPythonFile(pytest.File):
    """The tests of one shared file; they run together in one process when the first of them is asked for."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item for each top-level test function."""
        for node in ast.parse(self.path.read_text("utf-8")).body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
                item = MicroPythonItem.from_parent(self, name=f"{node.name}@micropython", test=node.name, line=node.lineno)
                item.add_marker("micropython")
                yield item

    @cached_property
    def outcomes(self) -> tuple[dict[str, Outcome], str]:
        """The outcome of each test that ended, and everything that was printed."""
        chosen = [item.test for item in self.session.items if isinstance(item, MicroPythonItem) and item.parent is self]
        text = _run_on_micropython(self.config.stash[RUN].interpreter, self.path.stem, chosen)
        parts = re.split(r"^@yuanlu (start|pass|fail) (\w+)\n", text, flags=re.MULTILINE)
        ended = {}
        for before, verdict, name in zip(parts[0::3], parts[1::3], parts[2::3], strict=False):
            if verdict != "start":
                ended[name] = Outcome(verdict == "pass", before.strip())
        return ended, text.strip()


class MicroPythonItem(pytest.Item):
    """One test as it went on MicroPython."""

    def __init__(self, test: str, line: int, **arguments) -> None:
        super().__init__(**arguments)
        self.test = test
        self.line = line

    def runtest(self) -> None:
        """Take this test's outcome from its file's report."""
        run = self.config.stash[RUN]
        if run.interpreter is None:
            reason = "there is no MicroPython beside this Python; run: make setup (or set YUANLU_MICROPYTHON)"
            pytest.fail(reason, pytrace=False) if IN_CI else pytest.skip(reason)
        if run.build_trouble:
            raise MicroPythonFailure(f"the firmware does not build: {run.build_trouble}")
        assert isinstance(self.parent, MicroPythonFile)
        ended, text = self.parent.outcomes
        if self.test not in ended:
            raise MicroPythonFailure(f"MicroPython ended before {self.test} did:\n{text}")
        if not ended[self.test].passed:
            raise MicroPythonFailure(ended[self.test].output)
        if ended[self.test].output:
            self.add_report_section("call", "stdout", ended[self.test].output + "\n")

    def repr_failure(self, excinfo, style=None):
        """MicroPython's own traceback says more than that of this file."""
        if isinstance(excinfo.value, MicroPythonFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the test stands."""
        return self.path, self.line - 1, self.name


def _run_on_micropython(interpreter: Interpreter | None, module: str, tests: list[str]) -> str:
    """Everything that MicroPython printed while it ran these tests of one module."""
    assert interpreter is not None
    environment = {
        **os.environ,
        "MICROPYPATH": f".frozen:{FIRMWARE}:{SHARED}",
        "YUANLU_RUNTIME": "micropython",
        "YUANLU_WORD_BITS": str(interpreter.word_bits),
    }
    command = [str(interpreter.path), "-X", f"heapsize={HEAP}", str(SHARED / "runner.py"), module, *tests]
    try:
        done = subprocess.run(
            command, env=environment, timeout=FILE_SECONDS, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
    except subprocess.TimeoutExpired as expired:
        return f"{(expired.stdout or b'').decode(errors='replace')}\n{module}: no end after {FILE_SECONDS} s"
    return done.stdout.decode(errors="replace") + (f"\nexit status {done.returncode}" if done.returncode else "")


def _find_interpreter() -> Interpreter | None:
    """YUANLU_MICROPYTHON, or else the one installed beside this Python; None when neither is there."""
    named = os.environ.get("YUANLU_MICROPYTHON")
    path = Path(named).absolute() if named else Path(sys.executable).with_name("micropython")
    if not path.exists():
        if named:
            raise pytest.UsageError(f"YUANLU_MICROPYTHON: there is no {path}")
        return None
    question = "import sys; print('.'.join(str(n) for n in sys.implementation.version[:3]), 64 if sys.maxsize > 1 << 32 else 32)"
    done = subprocess.run([path, "-c", question], capture_output=True, text=True, check=False)
    if done.returncode:
        raise pytest.UsageError(f"{path} does not run: {done.stderr.strip()}")
    version, bits = done.stdout.split()
    return Interpreter(path, version, int(bits))


def _keep_to_one_core(config: pytest.Config) -> None:
    """An emulator and its interpreters take turns thousands of times a second: on one core that takes half the time. Of several
    workers each has its own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "" if getattr(config.option, "numprocesses", None) else "gw0")
    if worker and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[int(worker[2:]) % len(cores)]})


def pytest_configure(config: pytest.Config) -> None:
    """Find the interpreter and build the firmware once; a build that fails is told by the tests that need it. YUANLU_BUILT=1: it
    stands there already."""
    _keep_to_one_core(config)
    gc.set_threshold(50_000, 20, 50)  # whoever tears thousands of chips would look through all tests again and again
    trouble = ""
    try:
        if os.environ.get("YUANLU_BUILT") != "1":
            image.build(FIRMWARE)
    except (image.BuildError, tables.TablesError) as error:
        trouble = str(error)
    config.stash[RUN] = Run(_find_interpreter(), trouble)
    config.pluginmanager.register(Stopwatch(config.stash[RUN]))


def pytest_collection_finish() -> None:
    """What is collected stays until the end: the garbage collector need not look there."""
    gc.freeze()


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say which MicroPython this run is about."""
    run = config.stash[RUN]
    if run.interpreter is None:
        lines = ["micropython: MISSING, so that half of the shared tests is NOT RUN; make setup brings it"]
    else:
        lines = [f"micropython: {run.interpreter.version}, {run.interpreter.word_bits}-bit words, {run.interpreter.path}"]
    return lines + ([f"firmware: DOES NOT BUILD: {run.build_trouble}"] if run.build_trouble else [])


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a shared test file a second time, beside pytest's own collector of it."""
    if file_path.parent == SHARED and file_path.match("test_*.py"):
        return MicroPythonFile.from_parent(parent, path=file_path)
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Async tests of shared/ run on CPython as they do on the device: by yuanlu.compat."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj) or pyfuncitem.path.parent != SHARED:
        return None
    from yuanlu.compat import run

    run(pyfuncitem.obj())
    return True


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a suite past its allowance fails the run."""
    is_worker = hasattr(session.config, "workerinput")
    if IN_CI and not is_worker and session.config.stash[RUN].over() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table of suites."""
    run = config.stash[RUN]
    terminalreporter.section("suites")
    terminalreporter.line(f"{'suite':<12}{'tests':>7}{'seconds':>10}{'allowed in CI':>15}")
    for name, suite in sorted(run.suites.items()):
        allowance = ALLOWANCE_SECONDS.get(name)
        mark = "  OVER" if name in run.over() else ""
        terminalreporter.line(f"{name:<12}{suite.tests:>7}{suite.seconds:>10.1f}{allowance if allowance else 'none':>15}{mark}")
