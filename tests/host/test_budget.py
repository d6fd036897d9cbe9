"""Keeps the firmware short: a long module does not compile in a small heap, and a long function is not read."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULE_LINES = 250
FUNCTION_LINES = 50
USUAL_FUNCTION_LINES = 25


def long_modules(root: Path) -> list[str]:
    """Modules of the firmware past their budget, loop.py too."""
    lengths = {path: len(path.read_text().splitlines()) for path in sorted((root / "firmware").rglob("*.py"))}
    return [f"{path.relative_to(root)}: {lines} lines" for path, lines in lengths.items() if lines > MODULE_LINES]


def long_functions(root: Path, limit: int) -> list[str]:
    """Functions of the firmware with more lines than the limit, longest first."""
    found = []
    for path in sorted((root / "firmware").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > limit:
                    found.append((lines, f"{path.relative_to(root)}:{node.lineno}: {node.name} has {lines} lines"))
    return [text for _, text in sorted(found, reverse=True)]


def test_modules_keep_their_budget():
    assert long_modules(ROOT) == []


def test_functions_keep_their_budget(record_property, capsys):
    trend = long_functions(ROOT, USUAL_FUNCTION_LINES)
    record_property("functions_past_usual", len(trend))
    with capsys.disabled():
        print(f"\nfunctions of the firmware longer than the usual {USUAL_FUNCTION_LINES} lines: {len(trend)}")
        print("".join(f"  {line}\n" for line in trend), end="")
    assert long_functions(ROOT, FUNCTION_LINES) == []


def test_a_long_module_and_a_long_function_are_found(tmp_path: Path):
    module = tmp_path / "firmware" / "yuanlu" / "long.py"
    module.parent.mkdir(parents=True)
    module.write_text("async def short():\n" + "    pass\n" * (FUNCTION_LINES - 1))
    assert long_functions(tmp_path, FUNCTION_LINES) == [] == long_modules(tmp_path)
    module.write_text("async def long():\n" + "    pass\n" * FUNCTION_LINES)
    assert long_functions(tmp_path, FUNCTION_LINES) == ["firmware/yuanlu/long.py:1: long has 51 lines"]
    module.write_text("pass\n" * (MODULE_LINES + 1))
    assert long_modules(tmp_path) == ["firmware/yuanlu/long.py: 251 lines"]
