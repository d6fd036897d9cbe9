"""What a scenario leaves behind: chip, journal key and the acquirer's anchor, and the verbs that read them."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from emulator.scenario import load, play
from host_tools.yuanluctl.cli import yuanluctl
from host_tools.yuanluctl.journal.ledger import Ledger, every_record, fold
from host_tools.yuanluctl.journal.reader import find_geometry, read_journal

SCENARIOS = Path(__file__).parents[1] / "scenarios"


def run(*words: object) -> Result:
    """The command line, run in this process."""
    return CliRunner().invoke(yuanluctl, [str(word) for word in words], env={"LANG": "C", "LC_ALL": "", "COLUMNS": "200"})


def keep(folder: Path, scenario: str) -> Path:
    """That folder, once the scenario was played."""
    assert play(load(SCENARIOS / f"{scenario}.yaml"), keep=folder).code == 0
    return folder


def verified(kept: Path) -> Result:
    """`journal verify` with all that was kept."""
    anchor = (kept / "anchor").read_text().strip()
    words = ("--key", kept / "journal.key", "--terminal", "YL000001", "--epoch", 1, "--anchor", anchor)
    return run("journal", "verify", kept / "chip.img", *words)


def ledger_of(kept: Path) -> Ledger:
    """What the chip's records fold to."""
    image = (kept / "chip.img").read_bytes()
    return fold(every_record(read_journal(image, find_geometry(image))))
