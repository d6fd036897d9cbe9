"""Bit rot: every bit of an image flipped, parts lost, noise; `make power` plays a part of it, `tests/power/rot.py` more.

Rot may cost something, and then it is said: by the journal's trouble after the mount, by a look-up that is refused, or by a
mount that is. What it may never do is in `wrong`.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":  # as pytest has it in pyproject.toml
    sys.path[:0] = [str(Path(__file__).parents[2] / name) for name in (".", "firmware", "tests/shared", "tests/power")]

from rotten import Answers, Endless, Still, Truth, aged, ask
from yuanlu.refund import state as s
from yuanlu.store import header

SMALL = ((4, 4096, 16), 31, 9)  # geometry, seed, sectors opened: chosen so that much stands open
LARGER = (
    ((4, 4096, 1), 15, 9),
    ((7, 8192, 32), 3, 12),
    ((6, 4096, 256), 4, 12),
    ((16, 4096, 16), 26, 30),
    ((3, 65536, 16), 9, 2),
)

Image = tuple[tuple[int, int, int], int, int]


@dataclass
class Table:
    """What was tried and what came of it."""

    name: str
    tried: int = 0
    same: int = 0  # the same answers as without the flip
    reported: int = 0
    refused: int = 0  # the mount
    torn: int = 0  # looks like a write that power ended: the newest record alone is gone, and that is reported
    wrong: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, other: Table) -> None:
        """The outcome of another part."""
        for name in ("tried", "same", "reported", "refused", "torn", "wrong", "kinds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def __str__(self) -> str:
        row = (
            f"{self.name:<34}{self.tried:>9}{self.same:>9}{self.reported:>10}{self.torn:>7}{self.refused:>9}{len(self.wrong):>7}"
        )
        return row + "".join(f"\n    {kind}: {count}" for kind, count in self.kinds.most_common())


HEADING = f"{'rot':<34}{'cases':>9}{'same':>9}{'reported':>10}{'torn':>7}{'refused':>9}{'wrong':>7}"


class Judge:
    """Compares what the journal says of a rotten chip with what was done."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.sales = [number for number, past in truth.pasts.items() if past.original == number]
        self.flash = Still(truth.data, truth.geometry, truth.vault)
        self.whole = ask(self.flash, truth, self.sales)
        self.read = bytes(self.flash.seen)
        assert not self.whole.refused and self.whole.open and self.whole.left, "an image that says nothing shows nothing"
        self.given: dict[int, int] = {}
        for past in truth.pasts.values():
            if past.states[-1] == s.IS_DONE:
                self.given[past.original] = self.given.get(past.original, 0) + past.amount

    def try_image(self, table: Table, name: str, torn: bool = False) -> None:
        """The chip as it is now is one case. torn: the damage is within the newest record alone."""
        table.tried += 1
        try:
            answers = ask(self.flash, self.truth, self.sales)
        except Endless:
            self._wrong(table, name, ["no end"])
            return
        except Exception as error:  # whatever it is: it is no answer
            self._wrong(table, name, [f"{type(error).__name__}: {error}"])
            return
        if answers.refused:
            table.refused += 1
            return
        wrong = self.wrong(answers, torn)
        if wrong:
            self._wrong(table, name, wrong)
        elif answers == self.whole:
            table.same += 1
        elif torn:
            table.torn += 1
        else:
            table.reported += 1

    def _wrong(self, table: Table, name: str, wrong: list[str]) -> None:
        table.wrong.append(f"{name}: {'; '.join(wrong)}")
        table.kinds.update({what.split(" #")[0] for what in wrong})

    def wrong(self, answers: Answers, torn: bool) -> list[str]:
        """What no rot may make the journal say."""
        found = list(self._untrue(answers)) + list(self._money(answers, torn))
        told = answers.trouble != self.whole.trouble
        if not told and answers.open != self.whole.open:
            found.append("something open changed without a report")
        if not told and answers.messages != self.whole.messages and None not in answers.messages.values():
            found.append("other bytes to send without a report")
        for place, sold in enumerate(answers.found):
            if not told and sold is not None and sold != self.whole.found[place]:
                found.append("a look-up found something else without a report")
        if answers.number < self.truth.number and not torn:
            found.append("a record number comes again")
        if answers.trace < self.truth.trace:
            found.append("a trace comes again")
        return found

    def _untrue(self, answers: Answers) -> Iterator[str]:
        """What never was: another amount, another original, a state it was never in, other bytes."""
        pasts = self.truth.pasts
        for number, (state, amount, original) in answers.open.items():
            past = pasts.get(number)
            if past is None or (past.amount, past.original) != (amount, original):
                yield f"a transaction that never was #{number}"
            elif state not in past.states:
                yield f"a state it never was in #{number} {s.STATE_NAMES[state]}"
            elif answers.messages[number] is not None and answers.messages[number] not in past.messages:
                yield f"bytes that never were #{number}"
        for sold in answers.found:
            for number, amount in sold or ():
                if number not in pasts or pasts[number].amount != amount:
                    yield f"a sale that never was #{number}"

    def _money(self, answers: Answers, torn: bool) -> Iterator[str]:
        """More can go back than was paid; or more than without the rot."""
        told = answers.trouble != self.whole.trouble
        for sale in self.sales:
            left = answers.left.get(sale)
            given = self.given.get(sale, 0) - self.truth.pasts[sale].amount
            waiting = 0
            for number, (_, amount, original) in answers.open.items():
                if original == sale != number and number in answers.sends and self.truth.pasts[number].states[-1] != s.IS_DONE:
                    waiting += amount
            if given + waiting + (left or 0) > self.truth.pasts[sale].amount:
                yield f"money can be given back twice #{sale}"
            before = self.whole.left.get(sale, 0)
            if left is not None and before is not None and left > before and not torn:
                yield f"more is left than before #{sale}"
            if sale in self.whole.left and sale not in answers.left and not told:
                yield f"a sale is gone without a report #{sale}"


def flipped(truth: Truth, bits: Iterable[int], table: Table) -> Table:
    """Each of these bits flipped, one at a time."""
    judge = Judge(truth)
    data = judge.flash.data
    first, end = truth.last_record
    for bit in bits:
        if not judge.read[bit >> 3]:  # what is never read changes no answer
            table.tried += 1
            table.same += 1
            continue
        data[bit >> 3] ^= 1 << (bit & 7)
        judge.try_image(table, f"bit {bit}", first <= bit >> 3 < end)
        data[bit >> 3] ^= 1 << (bit & 7)
    return table


def losses(truth: Truth, table: Table) -> Table:
    """Each header, each SUMMARY, each two SUMMARYs, each sector, and each two sectors, lost in three ways."""
    judge = Judge(truth)
    sectors, size, unit = truth.geometry
    places = [(f"header {n}", [(n * size, header.size(unit))]) for n in range(sectors)]
    summaries = _summaries(truth)
    places += [(f"summary at {at}", [(at, length)]) for at, length in summaries]
    places += [(f"summaries {a} {b}", [a, b]) for a in summaries for b in summaries if a < b]
    places += [(f"sector {n}", [(n * size, size)]) for n in range(sectors)]
    places += [(f"sectors {n} {m}", [(n * size, size), (m * size, size)]) for n in range(sectors) for m in range(n)]
    noise = random.Random(1)
    for name, lost in places:
        for how in ("ones", "zeros", "noise"):
            data = judge.flash.data
            data[:] = truth.data
            for at, length in lost:
                data[at : at + length] = {"ones": b"\xff", "zeros": b"\0"}.get(how, b"") * length or noise.randbytes(length)
            judge.try_image(table, f"{name} {how}")
    return table


def _summaries(truth: Truth) -> list[tuple[int, int]]:
    from parts import NorFlash
    from yuanlu.store.chip import Chip

    flash = NorFlash(*truth.geometry)
    flash.data[:] = truth.data
    chip = Chip(flash)
    found = []
    for sector in range(truth.geometry[0]):
        found += [(r.address, r.size) for r in chip.records(sector) if r.type == s.SUMMARY and not r.copy]
    return found


def noise(truth: Truth, count: int, table: Table, seed: int = 2) -> Table:
    """Images of noise, of noise with true headers and records strewn in, and the true image with noise strewn in. Only that the
    mount and each look-up end in an answer or a refusal is asked: who strews true records about is the seal's."""
    draw = random.Random(seed)
    judge = Judge(truth)
    size, sectors = truth.geometry[1], truth.geometry[0]
    for turn in range(count):
        data = bytearray(truth.data) if turn % 3 == 2 else bytearray(draw.randbytes(len(truth.data)))
        if turn % 3 == 1:
            for sector in range(sectors):
                whole = draw.randrange(sectors) * size
                data[sector * size : sector * size + 32] = truth.data[whole : whole + 32]
        for _ in range(draw.randrange(40) if turn % 3 else 0):
            length, unit = draw.choice((24, 60, 150, 700, size // 2)), truth.geometry[2]
            to = draw.randrange((len(data) - length) // unit) * unit
            start = draw.randrange((len(data) - length) // unit) * unit
            data[to : to + length] = draw.choice((truth.data[start : start + length], draw.randbytes(length)))
        table.tried += 1
        try:
            judge.flash.data[:] = data
            answers = ask(judge.flash, truth, judge.sales)
        except Exception as error:
            table.wrong.append(f"noise {turn}: {type(error).__name__}: {error}")
            table.kinds[type(error).__name__] += 1
        else:
            table.refused += bool(answers.refused)
            table.reported += not answers.refused
    return table


def every_flip(part: int, parts: int) -> Table:
    """One part of all bits of a full 4 x 4K image, one bit flipped at a time."""
    geometry, seed, sectors = SMALL
    truth = aged(geometry, seed, sectors)
    return flipped(truth, range(part, 8 * len(truth.data), parts), Table(f"flips {geometry}"))


def small_flips(sample: int | None = None) -> Table:
    """Every bit of a full 4 x 4K image; `sample`: so many of them, the same each time."""
    geometry, seed, sectors = SMALL
    truth = aged(geometry, seed, sectors)
    bits = range(8 * len(truth.data))
    return flipped(truth, random.Random(3).sample(bits, sample) if sample else bits, Table(f"flips {geometry}"))


def larger_flips(sample: int, images: Iterable[Image] = LARGER) -> Iterator[Table]:
    """So many bits of each larger image."""
    for image in images:
        yield some_flips(image, sample)


def some_flips(image: Image, sample: int, part: int = 0, parts: int = 1) -> Table:
    """One part of so many bits of an image, the same each time."""
    geometry, seed, sectors = image
    truth = aged(geometry, seed, sectors)
    bits = random.Random(4).sample(range(8 * len(truth.data)), sample)
    return flipped(truth, bits[part::parts], Table(f"flips {geometry}"))


def lost_parts(images: Iterable[Image] = (SMALL, *LARGER[:3])) -> Iterator[Table]:
    """Losses of the small image and of the larger ones of few sectors."""
    for geometry, seed, sectors in images:
        yield losses(aged(geometry, seed, sectors), Table(f"losses {geometry}"))


def noisy(count: int, draw: int = 2) -> Table:
    """Noise instead of the small image, and strewn into it; `draw`: the seed of the noise."""
    geometry, seed, sectors = SMALL
    return noise(aged(geometry, seed, sectors), count, Table(f"noise {geometry}"), draw)


def full(sample: int = 20_000, images: int = 20_000) -> Iterator[Table]:
    """The fuller form, for `make power`."""
    yield small_flips()
    yield from larger_flips(sample)
    yield from lost_parts()
    yield noisy(images)


def main() -> int:
    """Print the table; 1 when something was wrong."""
    started, failed = time.monotonic(), 0
    print(HEADING)
    for table in full():
        print(table, flush=True)
        for line in table.wrong[:20]:
            print("   ", line)
        failed += len(table.wrong)
    print(f"rot: {failed} wrong, {time.monotonic() - started:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
