"""What many worlds came to: tables for people, figures for build/soak.json, and whether it is a proof."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rich.console import Console
from rich.table import Table

from soak.book import Arrow, all_arrows
from soak.plan import ALL_FAULTS, BEFORE_THE_FIRST_BYTE, WAYS, befalls
from soak.world import SETTLE_MS, Outcome
from yuanlu.refund import state as s

EXTRA = 5  # of each of these at each kind of acquirer
EXTRAS = ("offline done", "closed, agreed", "closed, uploaded")
CELL = {"no query": 100, "query": 100, "session keys": 30}  # refunds that must have met each fault at each kind of acquirer
KINDS = [(kind, way) for kind in "abcd" for way in WAYS]
MUST_BE_NONE = ("lost", "doubled", "stuck", "cap", "person", "alarm", "journal", "crashed", "unreadable")
ENDED = ("done", "declined", "withdrawn", "resolved_done", "resolved_not_done", "parked", "held")


def kind_word(kind: str, way: str) -> str:
    """As the table's heads have it."""
    return f"{kind} {way}"


class Report:
    """Outcomes, added up. `complete`: enough worlds were asked for that every cell and every arrow can be wanted."""

    def __init__(self) -> None:
        self.seeds = self.sales = self.voids = self.lives = self.settle_ms = 0
        self.seconds = 0.0
        self.states: dict[tuple[str, str], Counter[str]] = {kind: Counter() for kind in KINDS}
        self.offline: dict[tuple[str, str], Counter[str]] = {kind: Counter() for kind in KINDS}
        self.closed: dict[tuple[str, str], Counter[bool]] = {kind: Counter() for kind in KINDS}
        self.met: dict[tuple[str, str], Counter[str]] = {kind: Counter() for kind in KINDS}
        self.causes: dict[tuple[str, str], Counter[str]] = {kind: Counter() for kind in KINDS}
        self.refused: Counter[str] = Counter()
        self.arrows: Counter[Arrow] = Counter()
        self.wrong: Counter[str] = Counter()
        self.failed: dict[int, list[str]] = {}
        self.digests: dict[int, str] = {}

    def add(self, outcome: Outcome) -> None:
        """One world's."""
        kind = outcome.kind, outcome.way
        self.seeds += 1
        self.sales += outcome.sales
        self.voids += outcome.voids
        self.lives += outcome.lives
        self.seconds += outcome.seconds
        self.settle_ms = max(self.settle_ms, outcome.settle_ms)
        self.states[kind].update(outcome.states)
        self.offline[kind].update(outcome.offline)
        self.closed[kind].update(outcome.closed)
        self.met[kind].update(outcome.met)
        self.causes[kind].update(outcome.causes)
        self.refused.update(outcome.refused)
        self.arrows.update(outcome.arrows)
        self.digests[outcome.seed] = outcome.digest
        self.wrong.update(wrong.kind for wrong in outcome.wrong)
        if outcome.wrong:
            self.failed[outcome.seed] = [f"{wrong.kind}: {wrong.text}" for wrong in outcome.wrong]

    @property
    def refunds(self) -> int:
        """All that were opened."""
        return sum(sum(states.values()) for states in self.states.values())

    def missing_arrows(self) -> list[str]:
        """Those that neither were taken nor are known to be out of this firmware's reach."""
        return [str(arrow) for arrow in all_arrows() if not self.arrows[arrow] and not out_of_reach(arrow)]

    def thin_cells(self) -> list[str]:
        """Faults that too few refunds have met."""
        return [
            f"{fault} at {kind_word(*kind)}: {self.met[kind][fault]} refunds"
            for kind in KINDS
            for fault in ALL_FAULTS
            if befalls(fault, *kind) and self.met[kind][fault] < CELL[kind[1]]
        ] + [f"{what} at {kind_word(*kind)}: {count}" for kind in KINDS for what, count in self._extras(kind) if count < EXTRA]

    def _extras(self, kind: tuple[str, str]) -> list[tuple[str, int]]:
        """Refunds of offline sales that were done, batches that a terminal closed with totals that agree, and that do not."""
        closed = self.closed[kind]
        return list(zip(EXTRAS, (self.offline[kind]["done"], closed[True], closed[False]), strict=True))

    def troubles(self, wanted_refunds: int) -> list[str]:
        """Why this is no proof. wanted_refunds: 0 for a short run, of which cells and arrows are not wanted."""
        found = [f"seed {seed}: {line}" for seed, lines in sorted(self.failed.items()) for line in lines]
        found += [
            f"{arrow} was taken, but is listed as out of reach"
            for arrow in self.arrows
            if out_of_reach(arrow) not in ("", _BY_THE_BOOKS)
        ]
        if wanted_refunds:
            found += [f"never taken: {arrow}" for arrow in self.missing_arrows()]
            found += self.thin_cells()
            if self.refunds < wanted_refunds:
                found.append(f"{self.refunds} refunds, {wanted_refunds} are wanted")
        return found

    # ---- shown

    def print(self, console: Console, troubles: list[str]) -> None:
        """The tables and what is wrong."""
        console.print(self._states_table())
        console.print(self._faults_table())
        console.print(self._causes_table())
        taken = sum(bool(self.arrows[arrow]) for arrow in all_arrows())
        beyond = sum(out_of_reach(arrow) != "" for arrow in all_arrows())
        console.print(
            f"{self.seeds} worlds, {self.refunds} refunds, {self.voids} voids, {self.sales} sales, "
            f"{self.lives} lives of terminals; {self.seconds:.0f} s of one core"
        )
        console.print(f"arrows of next_state: {len(all_arrows())}, {taken} taken, {beyond} out of reach (reasons: report.py)")
        console.print(
            f"after the last fault all was settled or with a person within {self.settle_ms / 1000:.1f} s "
            f"(bound {SETTLE_MS // 1000} s)"
        )
        console.print(", ".join(f"{name} {self.wrong[name]}" for name in MUST_BE_NONE))
        for line in troubles[:40]:
            console.print(f"  {line}", markup=False)

    def _states_table(self) -> Table:
        table = Table(title="refunds, and how they ended")
        for name in ("acquirer", "refunds", *ENDED, *EXTRAS):
            table.add_column(name, justify="right" if name != "acquirer" else "left")
        for kind, states in self.states.items():
            table.add_row(
                kind_word(*kind),
                str(sum(states.values())),
                *(str(states[name]) for name in ENDED),
                *(str(count) for _, count in self._extras(kind)),
            )
        return table

    def _faults_table(self) -> Table:
        table = Table(title="refunds that met a fault (before the first byte: " + ", ".join(BEFORE_THE_FIRST_BYTE) + ")")
        for name in ("fault", *(kind_word(*kind) for kind in KINDS)):
            table.add_column(name, justify="right" if name != "fault" else "left")
        for fault in ALL_FAULTS:
            cells = [str(self.met[kind][fault]) if befalls(fault, *kind) else "-" for kind in KINDS]
            table.add_row(fault, *cells)
        return table

    def _causes_table(self) -> Table:
        table = Table(title="why refunds came to a person")
        for name in ("cause", *(kind_word(*kind) for kind in KINDS)):
            table.add_column(name, justify="right" if name != "cause" else "left")
        total: Counter[str] = Counter()
        for causes in self.causes.values():
            total.update(_named(causes))
        for cause, _ in sorted(total.items(), key=lambda item: (-item[1], item[0])):
            table.add_row(cause, *(str(_named(self.causes[kind])[cause]) for kind in KINDS))
        return table

    def figures(self, troubles: list[str], wall_seconds: float) -> dict[str, Any]:
        """For build/soak.json."""
        return {
            "seeds": self.seeds,
            "refunds": self.refunds,
            "sales": self.sales,
            "voids": self.voids,
            "lives": self.lives,
            "seconds": round(wall_seconds),
            "core_seconds": round(self.seconds),
            "settled_within_ms": self.settle_ms,
            "bound_ms": SETTLE_MS,
            "wrong": {name: self.wrong[name] for name in MUST_BE_NONE},
            "states": {kind_word(*kind): dict(sorted(states.items())) for kind, states in self.states.items()},
            "extras": {kind_word(*kind): dict(self._extras(kind)) for kind in KINDS},
            "met": {kind_word(*kind): {fault: met[fault] for fault in ALL_FAULTS} for kind, met in self.met.items()},
            "causes": {kind_word(*kind): dict(sorted(causes.items())) for kind, causes in self.causes.items()},
            "refused": dict(sorted(self.refused.items())),
            "arrows": {str(arrow): self.arrows[arrow] for arrow in all_arrows()},
            "out_of_reach": {str(arrow): out_of_reach(arrow) for arrow in all_arrows() if out_of_reach(arrow)},
            "failed": {str(seed): lines for seed, lines in sorted(self.failed.items())},
            "digests": {str(seed): digest for seed, digest in sorted(self.digests.items())},
            "troubles": troubles,
        }


def _named(causes: Counter[str]) -> Counter[str]:
    """Codes that mean one thing under one name."""
    known = ("silence", "budget", "code 77", "budget 77", "code 94", "budget 94", "other amount")
    named: Counter[str] = Counter()
    for cause, count in causes.items():
        named[cause if cause in known else "another code" if cause.startswith("code") else "budget, another code"] += count
    return named


_BY_AN_ANSWER = (s.IS_SENDING, s.IS_ASKING, s.IS_ACCEPTED)
_OF_A_QUERY = "a query is answered: booked, not booked, still at it; everything else is for a person"
_NO_ANSWER = "an answer is noted after a SENDING or a query alone"
_BY_THE_BOOKS = "the acquirer has said that it was not booked, and people go by the books"
_REFUSED = "the desk refuses it to a person in this state"


def out_of_reach(arrow: Arrow) -> str:
    """Why this firmware, or the people here, never take that arrow; "" when they can."""
    state, record_type, verdict = arrow
    if state == s.IS_NEW and record_type == s.HANDOVER:
        return "nothing is handed over here (tests/shared/test_handover.py)"
    if state == s.IS_NEW:
        begins = record_type in (s.INTENT, s.SALE, s.REFUND, s.ALARM, s.PRINTED)
        return "" if begins else "what is left of a settled transaction is passed over"
    if record_type in (s.SALE, s.REFUND):
        return _why_not_whole(state, record_type, bool(verdict))
    if record_type == s.ALARM:
        return "" if state in _BY_AN_ANSWER else "it takes a person who was wrong"
    if record_type == s.RESULT and state in (s.IS_ASKING, s.IS_ACCEPTED):
        asking = (s.PERSON, s.RENEW, s.LATER, s.ACCEPTED, s.DECLINED)
        told = asking if state == s.IS_ASKING else (s.PERSON, s.DECLINED)
        return "" if verdict in told else _OF_A_QUERY
    if record_type == s.RESULT and state == s.IS_UNKNOWN and verdict == s.ASK:
        return "a profile that changes between two lives (tests/shared/test_forwarder.py)"
    if record_type == s.DECISION:
        return _why_not_decided(state, verdict)
    return ""


def _why_not_whole(state: int, record_type: int, by_person: bool) -> str:
    if by_person:
        if not s.may_be_decided(state):
            return _REFUSED
        if record_type == s.SALE and state not in (s.IS_UNKNOWN, s.IS_PARKED):
            return "a sale without an answer is reversed, not left to a person, until that fails"
        return _BY_THE_BOOKS if state in (s.IS_HELD, s.IS_WAITING) else ""
    if state not in _BY_AN_ANSWER:
        return _NO_ANSWER
    return "a sale is never asked after" if record_type == s.SALE and state != s.IS_SENDING else ""


def _why_not_decided(state: int, decision: int) -> str:
    if state in (s.IS_QUEUED, s.IS_REVERSING):
        return ""  # a mount sees it, when compaction has left out what came before
    if decision == s.RELEASE:
        return "" if state == s.IS_HELD else "only what is held is released"
    return _REFUSED if decision == s.ANOTHER and not s.may_be_tried_anew(state) else ""
