"""`make troubles`: is each row of docs/troubles.md answered as it says? Runs the named tests; --all: open rows are errors."""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/troubles.md"
COUNT, MOST = 176, 3
WORDS = ("open", "technician", "hub", "out of scope")  # what stands in the last column of a row without a test
OUT_OF_SCOPE = {"T-102", "T-127", "T-135", "T-139", "T-174"}
_ROW = re.compile(r"^\| (T-\d{3}) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
_SAYS = re.compile(r"^  - (see|slip|expect|pick):", re.MULTILINE)
_PLAYED = re.compile(r"^  - (press|sell|refund|pick|card|scan|see|slip):", re.MULTILINE)
_SHOWN = re.compile(r"yuanlu\.ui(?!\.words$)|host_tools|emulator")  # puts something before a person: a screen, paper, a verb


class Row(NamedTuple):
    """One trouble; `proofs`: test files' tests and scenarios, or one of WORDS."""

    name: str
    trouble: str
    answer: str
    proofs: list[str]


def read(text: str) -> list[Row]:
    """The rows of the page."""
    return [
        Row(name, trouble, answer, proofs.replace("`", "").split(", ")) for name, trouble, answer, proofs in _ROW.findall(text)
    ]


def faults(rows: list[Row], root: Path = ROOT) -> list[str]:
    """What is wrong with the page, without running anything."""
    wanted = [f"T-{number:03d}" for number in range(1, COUNT + 1)]
    found = [] if [row.name for row in rows] == wanted else [f"the rows are not T-001 to T-{COUNT}, each once and in order"]
    for row in rows:
        if row.proofs[0] in WORDS:
            if (row.proofs[0] == "out of scope") != (row.name in OUT_OF_SCOPE):
                found.append(f"{row.name}: out of scope are {', '.join(sorted(OUT_OF_SCOPE))} and no others")
        else:
            found += [f"{row.name}: {proof}: {why}" for proof in row.proofs if (why := _fault(row.name, proof, root))]
    return found + _unasked(rows, root)


def _unasked(rows: list[Row], root: Path) -> list[str]:
    """Scenarios that claim to answer what the page does not have them answer."""
    named = {(row.name, proof) for row in rows for proof in row.proofs}
    found = []
    for path in sorted((root / "tests/scenarios").glob("*.yaml")):
        line = re.search(r"^# troubles:.*$", path.read_text("utf-8"), re.MULTILINE)
        for name in re.findall(r"T-\d{3}", line[0]) if line else ():
            if (name, f"scenarios/{path.name}") not in named:
                found.append(f"{name}: scenarios/{path.name}: it names the trouble, the page does not name it")
    return found


def _fault(name: str, proof: str, root: Path) -> str:
    """Why this test is no proof of that trouble; empty when it is."""
    body = _body(proof, root)
    if body is None:
        return "there is no such test"
    text, checks, drives = body
    named = set(re.findall(r"T-\d{3}", text))
    if name not in named:
        return "it does not name the trouble"
    if len(named) > MOST:
        return f"it answers {len(named)} troubles, more than {MOST}"
    if not checks:
        return "it asserts nothing"
    return "" if drives else "it drives no screen and no verb"


def _body(proof: str, root: Path) -> tuple[str, bool, bool] | None:
    """(where its ids stand, whether it asserts, whether it drives what a person sees) of a test."""
    file, _, test = proof.partition("::")
    path = root / "tests" / file
    if not path.is_file():
        return None
    text = path.read_text("utf-8")
    if file.endswith(".yaml"):
        ids = "\n".join(re.findall(r"^# troubles:.*$", text, re.MULTILINE))
        return ids, bool(_SAYS.search(text)), bool(_PLAYED.search(text))
    body = re.search(rf"^(?:async )?def {test}\(.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    return (body[0], "assert" in body[0] or "raises" in body[0], _drives(path, test)) if body else None


def _drives(path: Path, name: str, seen: set[tuple[Path, str]] | None = None) -> bool:
    """Does it use a name of _SHOWN, itself or by what it uses of its own file and of the test files beside it?"""
    seen = set() if seen is None else seen
    uses = _uses(path.read_text("utf-8"))
    if (path, name) in seen or name not in uses:
        return False
    seen.add((path, name))
    names, imported = uses[name]
    for module, member in imported:
        beside = path.parent / f"{module.rpartition('.')[2]}.py"
        if _SHOWN.match(module) or (beside.is_file() and _drives(beside, member, seen)):
            return True
    return any(_drives(path, other, seen) for other in names)


@cache
def _uses(text: str) -> dict[str, tuple[frozenset[str], list[tuple[str, str]]]]:
    """Of each function and class of a file: the names it uses, and (module, name there) of the imports among them."""
    found = {}
    tree = ast.parse(text)
    above = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    for defined in tree.body:
        if isinstance(defined, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            nodes = list(ast.walk(defined))
            names = {node.id for node in nodes if isinstance(node, ast.Name)} | {n.arg for n in nodes if isinstance(n, ast.arg)}
            imports = above + [node for node in nodes if isinstance(node, ast.ImportFrom)]
            rows = [(node.module or "", a.name, a.asname or a.name) for node in imports for a in node.names]
            found[defined.name] = frozenset(names), [(module, member) for module, member, bound in rows if bound in names]
    return found


def counts(rows: list[Row]) -> Counter[str]:
    """How many rows of each class."""
    return Counter(row.proofs[0] if row.proofs[0] in WORDS else "tested" for row in rows)


def run(rows: list[Row]) -> int:
    """Run every named test once; pytest's exit code."""
    proofs = sorted({proof for row in rows for proof in row.proofs if proof not in WORDS})
    scenario = "tests/journeys/test_scenarios.py::test_scenario[{}]"
    asked = [scenario.format(Path(proof).stem) if proof.endswith(".yaml") else f"tests/{proof}" for proof in proofs]
    return subprocess.run([sys.executable, "-m", "pytest", "-q", *asked], cwd=ROOT, check=False).returncode


def main() -> int:
    """0: every row is as it says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="an open row is an error")
    parser.add_argument("--static", action="store_true", help="run no tests")
    asked = parser.parse_args()
    rows = read(PAGE.read_text("utf-8"))
    wrong = faults(rows)
    still = [row for row in rows if row.proofs[0] == "open"]
    print("\n".join([f"open {row.name}: {row.trouble}" for row in still] + wrong))
    print(", ".join(f"{count} {name}" for name, count in counts(rows).items()))
    failed = bool(wrong) or (asked.all and bool(still))
    if not asked.static:
        failed |= run(rows) != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
