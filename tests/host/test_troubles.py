"""docs/troubles.md says what is true: each named test exists, names its trouble, drives a screen or a verb, and asserts."""

from pathlib import Path

import pytest

from tests.host import troubles

PAGE = troubles.PAGE.read_text("utf-8")


def test_every_row_is_as_it_says() -> None:
    assert troubles.faults(troubles.read(PAGE)) == []


@pytest.mark.parametrize(
    ("instead", "told"),
    [
        ("`scenarios/nowhere.yaml`", "there is no such test"),
        ("`scenarios/approved.yaml`", "it does not name the trouble"),
        ("`shared/test_fees.py::test_nothing`", "there is no such test"),
        ("out of scope", "out of scope are"),
    ],
)
def test_control_a_row_that_is_untrue_is_told(instead: str, told: str) -> None:
    rows = [row._replace(proofs=[instead.strip("`")]) if row.name == "T-082" else row for row in troubles.read(PAGE)]
    assert [fault for fault in troubles.faults(rows) if fault.startswith("T-082") and told in fault]


def test_control_a_test_that_asserts_nothing_or_answers_too_much_is_no_proof(tmp_path: Path) -> None:
    """A row that is missing is told too."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_x.py").write_text('def test_x():\n    """T-001."""\n', "utf-8")
    rows = [troubles.Row("T-001", "", "", ["test_x.py::test_x"])]
    assert "T-001: test_x.py::test_x: it asserts nothing" in troubles.faults(rows, tmp_path)
    (tmp_path / "tests/test_x.py").write_text('def test_x():\n    """T-001 T-002 T-003 T-004"""\n    assert 1\n', "utf-8")
    found = troubles.faults(rows, tmp_path)
    assert "T-001: test_x.py::test_x: it answers 4 troubles, more than 3" in found
    assert found[0].startswith("the rows are not")


SHOWS = """from parts import Till
from yuanlu.ui import pages
from yuanlu.refund import rules


def shown(till):
    return pages.rows(till)


def test_x():
    \"\"\"T-001\"\"\"
    assert {}
"""


@pytest.mark.parametrize(
    ("asserted", "drives"),
    [("pages.rows(1)", True), ("shown(Till())", True), ("Till().screen", True), ("rules.days(1)", False), ("1", False)],
)
def test_control_a_test_that_shows_nobody_anything_is_no_proof(tmp_path: Path, asserted: str, drives: bool) -> None:
    """By itself, by what it uses of its file, or of the file beside it, it has to reach a screen; words alone are none."""
    (tmp_path / "tests").mkdir()
    parts = "from yuanlu.ui.words import Words\nfrom yuanlu.ui.grid import Grid\n\n\nclass Till:\n    screen = Grid\n"
    (tmp_path / "tests/parts.py").write_text(parts, "utf-8")
    (tmp_path / "tests/test_x.py").write_text(SHOWS.format(asserted), "utf-8")
    rows = [troubles.Row("T-001", "", "", ["test_x.py::test_x"])]
    told = "T-001: test_x.py::test_x: it drives no screen and no verb"
    assert (told in troubles.faults(rows, tmp_path)) is not drives
    (tmp_path / "tests/parts.py").write_text(parts.replace("screen = Grid", "screen = Words"), "utf-8")
    assert (told in troubles.faults(rows, tmp_path)) is (not drives or "Till().screen" in asserted)


def test_control_a_scenario_that_claims_more_than_the_page_is_told(tmp_path: Path) -> None:
    """And one that nobody plays is no proof."""
    (tmp_path / "tests/scenarios").mkdir(parents=True)
    (tmp_path / "tests/scenarios/x.yaml").write_text(
        "# troubles: T-001 T-002\nname: x\nsteps:\n  - expect: {sales: []}\n", "utf-8"
    )
    found = troubles.faults([troubles.Row("T-001", "", "", ["scenarios/x.yaml"])], tmp_path)
    assert "T-002: scenarios/x.yaml: it names the trouble, the page does not name it" in found
    assert "T-001: scenarios/x.yaml: it drives no screen and no verb" in found
