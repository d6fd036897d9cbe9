"""Sources as the tests of the house read them: parsed, with their imports resolved."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Import(NamedTuple):
    """One imported name: `from module import name`, or `import module` where name is empty. visited: it is dropped again."""

    line: int
    module: str
    name: str
    visited: bool = False


class Source(NamedTuple):
    """One parsed module."""

    path: str
    room: str
    tree: ast.Module

    def imports(self) -> Iterator[Import]:
        """Every import, at the top or inside a function, relative ones resolved, and `visit("a.module")`."""
        package = list(Path(self.path.removeprefix("firmware/")).parent.parts)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (Import(node.lineno, alias.name, "") for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                above = package[: len(package) + 1 - node.level] if node.level else []
                module = ".".join([*above, node.module] if node.module else above)
                yield from (Import(node.lineno, module, alias.name) for alias in node.names)
            elif isinstance(node, ast.Call) and name_of(node.func) in ("__import__", "visit") and node.args:
                if isinstance(node.args[0], ast.Constant):
                    yield Import(node.lineno, str(node.args[0].value), "", name_of(node.func) == "visit")


def sources(root: Path, under: str) -> list[Source]:
    """Every module under a folder, or the one file."""
    start = root / under
    found = []
    for path in [start] if start.is_file() else sorted(start.rglob("*.py")):
        inside = path.relative_to(root).as_posix()
        room = inside.removeprefix("firmware/").removeprefix("yuanlu/").split("/")[0].removesuffix(".py")
        found.append(Source(inside, room, ast.parse(path.read_text("utf-8"))))
    return found


def name_of(node: ast.expr) -> str:
    """The last part of a name or of a dotted name; empty for anything else."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def plant(root: Path, files: list[tuple[str, str]]) -> None:
    """Write small sources into an empty tree."""
    for name, text in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
