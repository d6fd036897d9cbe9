"""What the pages tell a reader to type works as they say."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

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
