"""What a person decided about a transaction: what, on which evidence, who it was, and between which moments of the journal.

A record of a decision has no date. When it was made is told by the nearest records that have one, before it and after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from host_tools.yuanluctl.journal.layout import INTENT, NOTE, REFUND, RESULT, SALE, TECHNICIAN, WITHDRAWN, Record

BY_TECHNICIAN = 254  # who decided over the service line: the TECHNICIAN record before says which one
BY_TELEPHONE = 255  # the authority, by a code over the telephone
RESOLVED = 128  # in the quality of a SALE or REFUND: it stands there by a person's word
DONE, NOT_DONE, ANEW, RELEASED, WITHDREW = "found_done", "found_not_done", "anew", "released", "withdrawn"
DECIDED = {1: NOT_DONE, 2: ANEW, 3: RELEASED}  # in a DECISION
COMMANDS = {DONE: 48, NOT_DONE: 49, ANEW: 50, RELEASED: 34, WITHDREW: 33}  # docs/service-protocol.md
_DATED = (INTENT, RESULT, NOTE)  # these are dated by the terminal's clock when they are written


class Moment(NamedTuple):
    """When a record was written: yyyymmdd, hhmmss."""

    record: int
    date: int
    time: int


@dataclass
class Decision:
    """`what` is one of COMMANDS; `amount` fen that are found done or not done; `visit` the TECHNICIAN record that belongs to it,
    where the journal still has it; `after` and `until` the nearest records with a date, if there are any."""

    record: int
    what: str
    operator: int
    evidence: str
    amount: int
    visit: Record | None = None
    after: Moment | None = None
    until: Moment | None = None

    @property
    def technician(self) -> int:
        """His number; 0 where it was none, or the journal does not tell who."""
        return self.visit.value("technician") if self.visit else 0


class Course:
    """The records as they go by, in order of number: who is on the line, and what time it is."""

    def __init__(self) -> None:
        self._visit: Record | None = None
        self._newest: Moment | None = None
        self._since: list[Decision] = []  # that no dated record followed yet

    def pass_by(self, record: Record) -> None:
        """One more record, whatever it is."""
        if record.type == TECHNICIAN:
            self._visit = record
        elif record.type in _DATED and record.value("date"):
            self._newest = Moment(record.number, record.value("date"), record.value("time"))
            for decision in self._since:
                decision.until = self._newest
            self._since = []

    def decided(self, record: Record, what: str, evidence: str, amount: int) -> Decision:
        """What that record says, with what stands around it."""
        operator = record.value("operator")
        visit = self._visit if operator == BY_TECHNICIAN and _belongs(self._visit, record, what) else None
        self._since.append(Decision(record.number, what, operator, evidence, amount, visit, self._newest))
        return self._since[-1]


def is_resolved(record: Record) -> bool:
    """Whether a SALE or REFUND stands there by a person's word."""
    return record.type in (SALE, REFUND) and bool(record.value("quality") & RESOLVED)


def what_of(record: Record) -> str:
    """What a record decides; empty for one that decides nothing."""
    if record.type == WITHDRAWN:
        return WITHDREW
    return DONE if is_resolved(record) else DECIDED.get(record.value("decision"), "")


def _belongs(visit: Record | None, record: Record, what: str) -> bool:
    """Whether the newest technician's record is that of this decision: a copy may have outlived its own."""
    if visit is None or visit.value("command") != COMMANDS[what]:
        return False
    return visit.value("about") == (0 if what == RELEASED else record.transaction)
