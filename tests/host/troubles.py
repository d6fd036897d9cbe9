"""`make troubles`: is each row of docs/troubles.md answered as it says? Runs the named tests; --all: open rows are errors."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/troubles.md"
COUNT, MOST = 176, 3
WORDS = ("open", "technician", "hub", "out of scope")  # what stands in the last column of a row without a test
OUT_OF_SCOPE = {"T-102", "T-127", "T-135", "T-139", "T-174"}
_ROW = re.compile(r"^\| (T-\d{3}) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
_SAYS = re.compile(r"^  - (see|slip|expect|pick):", re.MULTILINE)


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
    return found


def _fault(name: str, proof: str, root: Path) -> str:
    """Why this test is no proof of that trouble; empty when it is."""
    body = _body(proof, root)
    if body is None:
        return "there is no such test"
    text, checks = body
    named = set(re.findall(r"T-\d{3}", text))
    if name not in named:
        return "it does not name the trouble"
    if len(named) > MOST:
        return f"it answers {len(named)} troubles, more than {MOST}"
    return "" if checks else "it asserts nothing"


def _body(proof: str, root: Path) -> tuple[str, bool] | None:
    """(where its ids stand, whether it asserts) of a test."""
    file, _, test = proof.partition("::")
    path = root / "tests" / file
    if not path.is_file():
        return None
    text = path.read_text("utf-8")
    if file.endswith(".yaml"):
        return "\n".join(re.findall(r"^# troubles:.*$", text, re.MULTILINE)), bool(_SAYS.search(text))
    body = re.search(rf"^(?:async )?def {test}\(.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    return (body[0], "assert" in body[0] or "raises" in body[0]) if body else None


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
