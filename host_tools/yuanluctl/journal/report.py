"""What a verification says: findings by kind, anchors, and the verdict in one line."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from host_tools.yuanluctl.journal.layout import Geometry


class Kind(Enum):
    """What happened to the journal, as far as the evidence goes."""

    EDIT = "edit"
    DELETION = "deletion"
    SWAP = "swap"
    REPEATED = "repeated record"
    TAIL_CUT = "tail cut"
    CUT_AND_CONTINUED = "cut and continued"
    RESEALED = "resealed"
    FOREIGN = "foreign terminal"
    WRONG_KEY = "wrong key"
    ROLLBACK = "rollback"
    TAIL_CUT_OR_ROLLBACK = "tail cut or rollback"
    ROLLBACK_THEN_GROWN = "rollback then grown"
    DAMAGE = "damage"
    MISSING_SECTOR = "missing sector"
    WIPED = "wiped"
    CONTRADICTION = "contradiction"


class Finding(NamedTuple):
    """One thing that is wrong. `record` is 0 and `address` -1 where there is none to name."""

    kind: Kind
    record: int
    address: int
    text: str


class Anchor(NamedTuple):
    """The number and tag of a record as somebody outside the terminal has seen them."""

    number: int
    tag: bytes


class Torn(NamedTuple):
    """A place that a power cut left unreadable; no finding."""

    address: int
    size: int


class Left(NamedTuple):
    """Record numbers that a BOOT says were left out after a power cut; no finding."""

    first: int
    last: int
    boot: int  # record number of the BOOT; 0: power went again before it was written


@dataclass
class Report:
    """All that a verification found. Numbers are 0 when the journal is empty."""

    geometry: Geometry | None  # None: no sector header tells it
    sealed: bool  # whether the tags were checked
    first: int = 0
    last: int = 0
    sectors: int = 0  # in the window
    records: int = 0  # without copies
    copies: int = 0
    torn: list[Torn] = field(default_factory=list)
    left_out: list[Left] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    anchors: dict[int, str] = field(default_factory=dict)  # what became of each, by record number
    anchored: int = 0  # the highest record that an anchor proves; 0 for none

    @property
    def consistent(self) -> bool:
        """Whether there is no finding. Says nothing of the end: see `anchored`."""
        return not self.findings

    @property
    def verdict(self) -> str:
        """One line that promises no more than was checked."""
        if self.findings:
            kinds = ", ".join(dict.fromkeys(finding.kind.value for finding in self.findings))
            count = len(self.findings)
            return f"{count} finding{'s' * (count > 1)}: {kinds}; {self._end}"
        checked = "consistent" if self.sealed else "structure consistent, seals not checked (no key)"
        return f"{checked}, {self._end}"

    @property
    def _end(self) -> str:
        if not self.anchored:
            return "end not anchored"
        if self.anchored == self.last:
            return f"end anchored by record {self.anchored}"
        after = "sealed but not anchored" if self.sealed else "not anchored"
        return f"anchored up to record {self.anchored}, records {self.anchored + 1} to {self.last} {after}"

    def as_json(self) -> dict[str, Any]:
        """For programs; addresses in bytes from the start of the image."""
        return {
            "verdict": self.verdict,
            "consistent": self.consistent,
            "seals_checked": self.sealed,
            "anchored": self.anchored or None,
            "geometry": self.geometry._asdict() if self.geometry else None,
            "range": [self.first, self.last],
            "sectors": self.sectors,
            "records": self.records,
            "copies": self.copies,
            "torn": [place._asdict() for place in self.torn],
            "left_out": [left._asdict() for left in self.left_out],
            "anchors": [{"number": number, "result": result} for number, result in self.anchors.items()],
            "findings": [
                {
                    "kind": finding.kind.value,
                    "record": finding.record or None,
                    "address": None if finding.address < 0 else finding.address,
                    "text": finding.text,
                }
                for finding in self.findings
            ],
        }


def span(first: int, last: int) -> str:
    """`record 5` or `records 5 to 9`."""
    return f"record {first}" if first == last else f"records {first} to {last}"
