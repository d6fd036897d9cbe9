"""What the pages tell a reader to type works as they say."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from emulator import scenario as scenarios
from emulator.control import Control
from emulator.shop import Shop
from emulator.steps import EXPECTATIONS, TOLD, VERBS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "README.zh.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands(page: Path) -> list[str]:
    """Every command of the page's sh blocks, without comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [line.split("#")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


EMULATOR = sorted({c for page in PAGES for c in commands(page) if "-m emulator" in c and "serve" not in c})


@pytest.mark.parametrize("command", EMULATOR)
def test_emulator_commands_run(command: str) -> None:
    words = shlex.split(command)
    assert words[0] == ".venv/bin/python"
    done = subprocess.run([sys.executable, *words[1:]], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def scenarios_of(page: Path) -> list[str]:
    """The page's YAML blocks."""
    return re.findall(r"^```yaml\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


SCENARIOS = [(page, text) for page in PAGES for text in scenarios_of(page)]


@pytest.mark.micropython
@pytest.mark.parametrize(("page", "text"), SCENARIOS, ids=lambda part: part.name if isinstance(part, Path) else "")
def test_printed_scenarios_hold(page: Path, text: str, tmp_path: Path) -> None:
    path = tmp_path / "printed.yaml"
    path.write_text(text, "utf-8")
    report = scenarios.play(scenarios.load(path))
    assert report.code == 0, f"{page.name}: line {report.line} of the block: {report.why}"


def first_column(page: str, heading: str) -> set[str]:
    """The names in backquotes in the first column of the table with this heading."""
    table = re.search(rf"^\| {re.escape(heading)} \|.*\n\|---.*\n((?:\|.*\n)+)", page, re.MULTILINE)
    assert table is not None, heading
    return {name for row in table[1].splitlines() for name in re.findall(r"`([^`]+)`", row.split("|")[1])}


def test_the_emulators_page_lists_its_steps_expectations_commands_and_state() -> None:
    page = (ROOT / "docs" / "emulator.md").read_text("utf-8")
    assert first_column(page, "step") == set(VERBS)
    assert first_column(page, "`acquirer`") == set(TOLD)
    assert first_column(page, "`expect`") == set(EXPECTATIONS)
    shop = Shop(real=False)
    try:
        control = Control(shop)
        assert first_column(page, "do") == set(control.commands)
        assert first_column(page, "state") == set(control.state())
    finally:
        shop.close()


def test_every_make_verb_on_the_pages_exists() -> None:
    verbs = set(re.findall(r"^([a-z0-9-]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {verb for page in PAGES for verb in re.findall(r"(?:`|^)make ([a-z0-9-]+)", page.read_text("utf-8"), re.MULTILINE)}
    assert named <= verbs, named - verbs
    assert {"run", "test", "demo"} <= named


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_both_readmes_have_the_same_headings() -> None:
    counts = [len(re.findall(r"^#+ ", (ROOT / name).read_text("utf-8"), re.MULTILINE)) for name in ("README.md", "README.zh.md")]
    assert counts[0] == counts[1]
