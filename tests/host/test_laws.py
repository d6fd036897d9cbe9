"""docs/architecture.md says for which laws tests stand; this holds it to that."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def laws_named_by_tests(folder: Path) -> set[str]:
    """Every L1 to L10 that the name of a test function carries."""
    names = set()
    for path in folder.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
                names |= set(re.findall(r"L(?:10|[1-9])(?=_)", node.name))
    return names


def laws_claimed(page: str) -> tuple[set[str], set[str]]:
    """(laws, those that the page says tests show)."""
    rows = re.findall(r"^\| (L\d+) \|[^|]*\|([^|]*)\|", page, re.MULTILINE)
    return {law for law, _ in rows}, {law for law, shown in rows if f"`{law}`" in shown}


def test_every_law_is_listed_and_each_claim_has_a_test() -> None:
    laws, claimed = laws_claimed((ROOT / "docs" / "architecture.md").read_text("utf-8"))
    assert laws == {f"L{number}" for number in range(1, 11)}
    assert claimed == laws_named_by_tests(ROOT / "tests")


def test_control_a_law_without_a_test_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text("def test_L3_never_more():\n    assert True\n")
    assert laws_named_by_tests(tmp_path) == {"L3"}
    assert laws_claimed("| L3 | x | `L3` | |\n| L9 | y | | all |\n") == ({"L3", "L9"}, {"L3"})
