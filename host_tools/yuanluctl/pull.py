"""A terminal's journal over its line: every sector of the chip, then once more those that changed meanwhile; and on from where an
earlier pull broke off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from host_tools.yuanluctl.keeping import append, keep
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.service import Session
from yuanlu.wire.service import MOST_READ

LARGEST = 64 << 20  # bytes of a chip
_HEAD = 24  # bytes of a sector's header (docs/journal-format.md)
_ROUNDS = 20  # a terminal that writes faster than it is read is no payment terminal
_FLOOR = 4  # bytes before the sectors in `kept`: the newest sequence when the first try began


class Pull:
    """`image` is what was read. kept: a file that grows sector by sector for the next try, None for none; progress(done, total)
    in bytes; known: the image as it was read before."""

    def __init__(
        self,
        session: Session,
        kept: Path | None = None,
        progress: Callable[[int, int], None] = lambda done, total: None,
        known: bytes = b"",
    ) -> None:
        self.session, self.kept, self.progress, self.known = session, kept, progress, known
        unit, self.sectors, self.size = session.geometry()
        if not (0 < unit <= 256 and self.size >= _HEAD and 0 < self.sectors * self.size <= LARGEST):
            raise Trouble("protocol", session.line.name, "geometry")
        self.image = bytearray(b"\xff" * self.sectors * self.size)

    def run(self) -> bytes:
        """The whole image, as the chip was at one moment; Trouble, after which another Pull goes on with `kept`."""
        newest = self.session.hello()[0].number
        done, floor = self._begin()
        settled = done == 0
        for sector in range(done, self.sectors):
            self._fetch(sector)
            if self.kept:
                _kept(append, self.kept, self._sector(sector))
        for _ in range(_ROUNDS):
            now = self.session.hello()[0].number
            if settled and now == newest:
                return bytes(self.image)
            newest, settled = now, True
            floor = self._fetch_changed(floor)
        raise Trouble("restless", self.session.line.name)

    def _begin(self) -> tuple[int, int]:
        """(sectors that an earlier try has left, the newest sequence when that one began)."""
        if len(self.known) == len(self.image):
            self.image[:] = self.known
            return self.sectors, max(_sequence(self._sector(sector)[:_HEAD]) for sector in range(self.sectors))
        content = self.kept.read_bytes() if self.kept and self.kept.is_file() else b""
        done = min(max(0, len(content) - _FLOOR) // self.size, self.sectors)
        floor = int.from_bytes(content[:_FLOOR], "little") if done else max(map(_sequence, self._heads()))
        self.image[: done * self.size] = content[_FLOOR : _FLOOR + done * self.size]
        if self.kept:
            begun = floor.to_bytes(_FLOOR, "little") + self.image[: done * self.size]
            _kept(keep, self.kept, begun)
        return done, floor

    def _fetch(self, sector: int) -> None:
        start = sector * self.size
        for at in range(start, start + self.size, MOST_READ):
            length = min(MOST_READ, start + self.size - at)
            self.image[at : at + length] = self.session.read(at, length)
            self.progress(at + length, len(self.image))

    def _fetch_changed(self, floor: int) -> int:
        """Read the sectors that begin otherwise than they did, and those that may have grown; the newest sequence now."""
        heads = self._heads()
        for sector, head in enumerate(heads):
            if head != self._sector(sector)[:_HEAD] or _sequence(head) >= floor:
                self._fetch(sector)
        return max(map(_sequence, heads))

    def _heads(self) -> list[bytes]:
        return [self.session.read(sector * self.size, _HEAD) for sector in range(self.sectors)]

    def _sector(self, sector: int) -> bytes:
        return bytes(self.image[sector * self.size : (sector + 1) * self.size])


def _kept(write: Callable[[Path, bytes], None], path: Path, content: bytes) -> None:
    try:
        write(path, content)
    except OSError as problem:
        raise Trouble("file", path, problem.strerror or problem) from problem


def _sequence(head: bytes) -> int:
    """By which sectors are ordered, 0 where none has begun."""
    return int.from_bytes(head[8:12], "little") if head[:4] == b"YLJ1" else 0
