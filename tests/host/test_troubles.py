"""docs/troubles.md says what is true: each named test exists, names its trouble and asserts something."""

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
