"""Every flow has every outcome: played by a scenario that shows it, or with a reason why it cannot be."""

import shutil
from pathlib import Path

import pytest

from tests.host import outcomes


def test_no_hole_and_the_committed_page_is_what_the_scenarios_declare() -> None:
    table = outcomes.read()
    assert table.mistakes == []
    assert outcomes.PAGE.read_text("utf-8") == outcomes.page(table), "run: make outcomes"
    assert len({name for names in table.played.values() for name in names}) >= 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The scenarios that declare a cell of the voids or that of a sale without a line."""
    for path in outcomes.SCENARIOS.glob("*.yaml"):
        if any(flow == "void" or cell == "line down" for flow, cell in outcomes.declared(path.read_text("utf-8"))):
            shutil.copy(path, tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "before", "after", "told"),
    [
        ("void-power-cut", "# outcome: void / power cut\n", "", "a hole: void / power cut"),
        ("void-power-cut", "void / power cut", "void / power out", "void-power-cut.yaml: no cell void / power out"),
        ("void-power-cut", "void / power cut", "void / waits, void / power cut", "cannot be, and is played: void / waits"),
        ("void-power-cut", "  - cut: {at: sent}\n", "", "void-power-cut.yaml: void / power cut: no cut: "),
        ("void-every-answer", "voids: [declined, reversed, ", "voids: [", "void-every-answer.yaml: void / declined: no voids: "),
        ("void", "这笔交易已全部退完", "交易", "void.yaml: void / refused: no (see|slip): "),
        ("sale-without-line", "sell: ", "refund: ", "sale-without-line.yaml: sale / line down: no sell: "),
    ],
)
def test_control_what_is_not_played_or_not_shown_is_told(folder: Path, name: str, before: str, after: str, told: str) -> None:
    path = folder / f"{name}.yaml"
    text = path.read_text("utf-8")
    assert before in text
    as_it_stands = outcomes.read(folder).mistakes
    path.write_text(text.replace(before, after), "utf-8")
    new = set(outcomes.read(folder).mistakes) - set(as_it_stands)
    assert any(mistake.startswith(told) for mistake in new), new
