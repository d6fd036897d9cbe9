"""Tears every operation of a workload, and from what is left every operation of the recovery, and checks each life after."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import verdict
from chip import Chip, Digests, Image, Operation
from operations import carried, learn, lowest_after, shows, what_of
from tears import tears
from workload import Book, Life, Workload, crowd, day, filling, parse, wearing
from yuanlu.store.log import Log

FIRST_FAILURES = 12


class Geometry(NamedTuple):
    """A chip, and how closely its operations are torn."""

    sectors: int
    sector_size: int
    unit: int
    fine: bool = False

    def __str__(self) -> str:
        return f"{self.sectors} x {self.sector_size // 1024}K / unit {self.unit}" + (" bytes" if self.fine else "")


@dataclass
class Result:
    """What one geometry, or a part of it, came to."""

    raw: int = 0
    distinct: set[int] = field(default_factory=set)
    second: int = 0  # of raw: with a second cut in the recovery
    states: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    operations: int = 0

    def add(self, other: Result) -> None:
        """Take in another part's."""
        self.raw += other.raw
        self.second += other.second
        self.operations += other.operations
        self.distinct |= other.distinct
        self.states.update(other.states)
        self.failed.update(other.failed)
        self.examples = (self.examples + other.examples)[:FIRST_FAILURES]


@lru_cache(maxsize=1)  # the parts of one chip come in a row
def played(geometry: Geometry) -> Workload:
    """The days before, not torn, that fill the ring and age it; then the days that are."""
    chip = Chip(geometry.sectors, geometry.sector_size, geometry.unit)
    work = Workload(chip)
    history = geometry.sector_size == 4096 and geometry.sectors == 6 and geometry.unit < 256
    for turn in range(1, 3):
        work.play(day(turn), record=False)
    for turn in range(geometry.sectors):  # each life opens a sector: the ring wraps on large chips too
        work.play(parse(f"restart, sale A{turn} 77, sending A{turn}, done A{turn}"), record=False)
    work.play(crowd(52 if history else 3), record=False)
    work.books.clear()
    work.reached.clear()
    work.play(day(3) + crowd(4 if history else 0, 1000) + filling() + wearing(), record=True)
    return work


class Explorer:
    """One geometry's cuts. `part` of `parts`: operations are dealt out, so that processes can share; every:
    of the workload's operations one in so many; second_every: the same of the operations of a recovery, each time others; second:
    with how many tears those are torn, each time others."""

    def __init__(
        self, geometry: Geometry, part: int = 0, parts: int = 1, second_every: int = 1, second: int = 1, every: int = 1
    ) -> None:
        self.geometry = geometry
        self.work = played(geometry)
        self.chip = Chip(geometry.sectors, geometry.sector_size, geometry.unit)
        self.digests = Digests()
        self.result = Result(states=Counter(self.work.reached) if part == 0 else Counter())
        self.result.operations = len(self.work.tape[part :: parts * every])
        self.recovered: set[tuple] = set()
        self.worked_on: dict[tuple, list[Operation]] = {}
        self.recoveries = self.turn = 0
        self.part, self.step = part, parts * every
        self.second, self.second_every = second, second_every

    def run(self, progress: Callable[[int], None] = lambda done: None) -> Result:
        """All of them; progress is told after each operation of the workload."""
        self._never_cut()
        for index in range(self.part, len(self.work.tape), self.step):
            operation = self.work.tape[index]
            for name, image in self._tears(operation, self.geometry.fine):
                self._first_cut(index, operation, name, image)
            progress(1)
        return self.result

    def _tears(self, operation: Operation, fine: bool) -> Iterator[tuple[str, Image]]:
        return tears(operation, self.geometry.sector_size, self.geometry.unit, fine)

    def _some(self, all_tears: list[tuple[str, Image]]) -> list[tuple[str, Image]]:
        """As many as are wanted, each time the next ones."""
        self.turn += self.second
        return [all_tears[(self.turn + number) % len(all_tears)] for number in range(min(self.second, len(all_tears)))]

    def _never_cut(self) -> None:
        """Control of the book itself: with no cut at all it and the journal agree."""
        chip = self.work.chip
        verdict.check(Life(chip), self.work.books[-1], self.work.books[-1], {})

    def _note(self, image: Image) -> bool:
        """Count a case; True when its image is new."""
        digest = self.digests.of(image)
        self.result.raw += 1
        new = digest not in self.result.distinct
        self.result.distinct.add(digest)
        return new

    def _first_cut(self, index: int, operation: Operation, name: str, image: Image) -> None:
        if not self._note(image):
            return
        step = operation.step
        before, after = self.work.books[step], self.work.books[step + 1]
        self.result.states["cut in " + what_of(operation)] += 1
        where = f"{self.geometry}: operation {index} ({operation.kind} in step {step}), {name}"
        flying = carried(operation)
        try:
            tape = self._recover(image, before, after, flying, (index, _reading(name)))
            if shows(name, operation, image):
                verdict.check_new(tape, operation, self.geometry.sector_size)
        except Exception as error:
            self._failed(where, error)
            return
        self.recoveries += bool(tape)
        for number, second in enumerate(tape):
            if (number + self.recoveries) % self.second_every:
                continue
            for second_name, second_image in self._some(list(self._tears(second, False))):
                place = f"{where}; operation {number} of the recovery ({second.kind}), {second_name}"
                shown = shows(second_name, second, second_image)
                torn = index, _reading(second_name)
                self._second_cut(place, torn, tape[: number + 1], second_image, before, after, flying, shown)

    def _recover(
        self, image: Image, before: Book, after: Book, flying: dict[int, set[bytes]], torn: tuple[int, str]
    ) -> list[Operation]:
        """Mount, see that this wrote nothing, check all; then the first writes of the new life, on a tape, and new work. Not so
        when an image torn at the same operation has led to the same memory before: it recovers in the same way."""
        chip = self.chip
        chip.chance.seed(self.result.raw)
        chip.restore(image)
        tape: list[Operation] = []
        chip.tape = tape
        life = Life(chip)
        verdict.check(life, before, after, flying)
        if tape:
            raise verdict.Wrong("misused", "mounting wrote")
        self._states_of(life)
        known = (*torn, memory_of(life))
        if known in self.recovered:
            return []
        self.recovered.add(known)
        life.journal.make_room()
        chip.tape = None
        verdict.work_on(life, before)
        return tape

    def _states_of(self, life: Life) -> None:
        states, log = self.result.states, life.journal.log
        states["torn at the end"] += bool(vars(log)["unreadable"])
        states["seal after a cut"] += not log.sealed
        states["half-filled sector dropped"] += _dropped(log)
        states["history dropped"] += log.lowest > 0
        states["summary torn"] += any("summary" in what for what in life.journal.trouble)

    def _second_cut(
        self,
        where: str,
        torn: tuple[int, str],
        tape: list[Operation],
        image: Image,
        before: Book,
        after: Book,
        flying: dict[int, set[bytes]],
        shown: bool,
    ) -> None:
        """The life after the life after. tape: what the recovery had begun to do; shown: the cut left bytes that can be seen. New
        work goes on once for all that led from one torn operation to the same memory."""
        self.result.second += 1
        if not self._note(image):
            return
        self.result.states["again in " + what_of(tape[-1])] += 1
        content = dict(before.content)
        for done in tape[:-1]:
            learn(content, done)
        flying = {key: set(value) for key, value in flying.items()}
        for number, value in carried(tape[-1]).items():
            flying.setdefault(number, set()).update(value)
        chip = self.chip
        chip.chance.seed(self.result.raw)
        chip.restore(image)
        lowest = lowest_after(tape, after.lowest)
        try:
            life = Life(chip)
            count = chip.operations
            opened = any(operation.kind == "erase" for operation in tape[:-1])
            verdict.check(life, before._replace(content=content), after._replace(lowest=lowest), flying, opened)
            if chip.operations != count:
                raise verdict.Wrong("misused", "mounting wrote")
            known = (*torn, memory_of(life))
            if known not in self.worked_on:
                chip.tape = self.worked_on[known] = []
                verdict.work_on(life, before._replace(content=content))
                chip.tape = None
            if shown:
                verdict.check_new(self.worked_on[known], tape[-1], self.geometry.sector_size)
        except Exception as error:
            self._failed(where, error)

    def _failed(self, where: str, error: Exception) -> None:
        self.result.failed[verdict.column_of(error)] += 1
        if len(self.result.examples) < FIRST_FAILURES:
            at = "" if isinstance(error, verdict.EXPECTED) else traceback.format_exc(limit=-3)
            self.result.examples.append(f"{where}: {error!r} {at}")
        self.chip.tape = None


def _reading(tear: str) -> str:
    """weak or blank, when what is torn in that way reads otherwise later."""
    last = tear.rsplit(maxsplit=1)[-1]
    return last if last in ("weak", "blank") else ""


def memory_of(life: Life) -> tuple:
    """All that the mount has learned and that what it does next depends on."""
    log, journal = life.journal.log, life.journal
    live = tuple((t.number, t.state, tuple(t.rests_on)) for t in journal.live + journal.owed)
    counters = journal.counters.trace, journal.counters.batch, journal.counters.boot
    found = vars(log)["after"], vars(log)["unreadable"]
    places = log.number, log.newest, log.sequence, log.head, log.tail, found, log.lowest, log.sealed
    return (
        *places,
        log.last,
        tuple(log.retired),
        tuple(log.sequences),
        counters,
        live,
        life.chip.vault.load(2),
        life.chip.vault.load(3),
    )


def _dropped(log: Log) -> bool:
    """A sector with a newer header than the newest that counts: it was being filled when power went."""
    headers = [log.chip.header(sector) for sector in range(log.flash.sectors)]
    return log.sequence > 0 and any(found is not None and found[0] > log.sequence for found in headers)
