"""The seal: keys by record number, and what a tag that does not fit says about who wrote the record."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from host_tools.yuanluctl.journal.layout import TAG_BYTES, Record

HIGHEST = 1 << 24  # numbers past this are not checked: no terminal writes so many, and each costs a hash
_STRIDE = 64
_MOST_TRIALS = 200_000
_MOST_IN_VAIN = 200
_NEAR = tuple(step for distance in range(1, 9) for step in (distance, -distance))


def first_key(root: bytes, terminal: str, epoch: int) -> bytes:
    """K(1): HKDF-SHA-256 (RFC 5869) of the journal root key, without salt; UnicodeEncodeError if the terminal is not ASCII."""
    info = b"yuanlu journal" + terminal.encode("ascii") + epoch.to_bytes(4, "little")
    extracted = hmac.digest(bytes(32), root, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


class Keys:
    """K(n) for any n: quick in rising order, at most a few dozen hashes back."""

    def __init__(self, first: bytes) -> None:
        self._marks = [first]  # of 1, 1 + _STRIDE, ...
        self._number, self._key = 1, first

    def __getitem__(self, number: int) -> bytes:
        """K(number), for 1 to HIGHEST."""
        if number < self._number or number >= self._number + _STRIDE:
            mark = min((number - 1) // _STRIDE, len(self._marks) - 1)
            if number < self._number or mark * _STRIDE + 1 > self._number:
                self._number, self._key = mark * _STRIDE + 1, self._marks[mark]
        while self._number < number:
            self._key = sha256(b"yuanlu evolve" + self._key).digest()
            self._number += 1
            if (self._number - 1) % _STRIDE == 0 and (self._number - 1) // _STRIDE == len(self._marks):
                self._marks.append(self._key)
        return self._key


class Misfit(NamedTuple):
    """A record whose tag does not fit its number: `key` is the number whose key made the tag, 0 when none is known to fit.

    `number` is the number that the record was sealed with; another than it carries when somebody renumbered it.
    """

    record: Record
    key: int
    number: int


@dataclass
class Seals:
    """Checks tags, and searches for the key that a wrong one was made with."""

    keys: Keys
    covered: dict[int, bytes] = field(default_factory=dict)  # by address of a SUMMARY: digest of the copies it is sealed with
    candidates: Iterable[int] = ()  # numbers whose keys somebody may have who takes the vault
    _steps: list[tuple[bool, bool, int]] = field(default_factory=list)  # what explained a misfit before
    _trials: int = 0
    _in_vain: int = 0

    def fits(self, record: Record) -> bool:
        """Whether the record's tag was made with the key of its number."""
        return 0 < record.number <= HIGHEST and self._tag(record.number, record.written + self._copies(record)) == record.tag

    def misfits(self, records: Iterable[Record], progress: Callable[[int], None] | None = None) -> list[Misfit]:
        """All that do not fit, in order of number. `progress` is given the count of records checked, now and then."""
        wrong = []
        for count, record in enumerate(sorted(records, key=lambda record: record.number), 1):
            if not self.fits(record):
                wrong.append(record)
            if progress and count % 1024 == 0:
                progress(count)
        others = [record.number for record in wrong if record.number <= HIGHEST][:64]
        return [self._explain(record, others) for record in wrong]

    def _explain(self, record: Record, others: list[int]) -> Misfit:
        for step in self._steps:
            found = self._try(record, *step)
            if found:
                return found
        if self._in_vain < _MOST_IN_VAIN and self._trials < _MOST_TRIALS:
            for step in self._ideas(record, others):
                found = self._try(record, *step)
                if found:
                    self._remember(step, found)
                    return found
            self._in_vain += 1
        return Misfit(record, 0, record.number)

    def _remember(self, step: tuple[bool, bool, int], found: Misfit) -> None:
        """The next record may be off by as much, or be sealed with the same key."""
        self._steps[:0] = [step] if step[0] else [step, (False, False, found.key)]
        del self._steps[6:]

    def _ideas(self, record: Record, others: list[int]) -> Iterable[tuple[bool, bool, int]]:
        """(renumbered, relative to the record's number, which number) to try, the likeliest first."""
        yield from ((True, True, step) for step in _NEAR)
        yield from ((True, False, number) for number in others if number != record.number)
        for number in self.candidates:
            yield False, True, number - record.number

    def _try(self, record: Record, renumbered: bool, relative: bool, which: int) -> Misfit | None:
        number = record.number + which if relative else which
        if not 0 < number <= HIGHEST:
            return None
        self._trials += 1
        written = record.written
        if renumbered:
            written = written[:5] + number.to_bytes(4, "little") + written[9:]
        if self._tag(number, written + self._copies(record)) != record.tag:
            return None
        return Misfit(record, number, number if renumbered else record.number)

    def _copies(self, record: Record) -> bytes:
        return self.covered.get(record.address, b"")

    def _tag(self, number: int, written: bytes) -> bytes:
        return hmac.digest(self.keys[number], written, "sha256")[:TAG_BYTES]
