"""What slips say of a transaction's end, against what its journal says in the end (L10)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from emulator.shop import SETTLED, TERMINAL
from tests.journeys.titles import words

_NUMBER = re.compile(rf"{TERMINAL}-[0-9A-F]{{4}}-[0-9]{{8}}")


def contradictions(papers: Iterable[str], ledger: Iterable[dict[str, Any]]) -> Iterator[str]:
    """One text for each slip that tells of another end than the journal, or of something that the journal does not know."""
    rows, said = {row["number"]: row for row in ledger}, words()
    for paper in papers:
        number = _NUMBER.search(paper)
        if number is None:
            continue
        row = rows.get(number[0])
        if row is None:
            yield f"{number[0]}: there is a slip, and the journal does not know it"
        elif (told := _state(re.sub(r"\s", "", paper), row["kind"], said)) in SETTLED and told != row["state"]:
            yield f"{number[0]}: a slip says {told}, the journal {row['state']}"


def _state(paper: str, kind: str, said: dict[str, tuple[str, str]]) -> str:
    """The state that is said on it: of words that others begin with, the longest. '' for none."""
    found = [
        (len(packed), name.rpartition(".")[2])
        for name, both in said.items()
        if name.startswith(f"slip.{kind}.")
        for packed in (re.sub(r"\s", "", text) for text in both)
        if packed in paper
    ]
    return max(found)[1] if found else ""
