"""A terminal's journal over its line: every sector of the chip, then once more those that changed meanwhile; and on from where an
earlier pull broke off. What that one left is not believed: of each sector of it the terminal tells the digest."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from host_tools.yuanluctl.keeping import append, keep
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.service import Session
from yuanlu.wire.service import MOST_READ

LARGEST = 64 << 20  # bytes of a chip
_MOST_DIGEST = 1 << 17  # bytes of one DIGEST (docs/service-protocol.md)
_ROUNDS = 20  # a terminal that writes faster than it is read is no payment terminal


class Pull:
    """`image` is what was read. kept: a file that grows sector by sector for the next try, None for none; progress(done, total)
    in bytes; known: the image as this program read it before; resumed(right, wrong): sectors of `kept` that the terminal has,
    and those that it has otherwise, which are read again."""

    def __init__(
        self,
        session: Session,
        kept: Path | None = None,
        progress: Callable[[int, int], None] = lambda done, total: None,
        known: bytes = b"",
        resumed: Callable[[int, int], None] = lambda right, wrong: None,
    ) -> None:
        self.session, self.kept, self.progress, self.known, self.resumed = session, kept, progress, known, resumed
        unit, self.sectors, self.size = session.geometry()
        if not (0 < unit <= 256 and self.size > 0 and 0 < self.sectors * self.size <= LARGEST):
            raise Trouble("protocol", session.line.name, "geometry")
        self.image = bytearray(b"\xff" * self.sectors * self.size)

    def run(self) -> bytes:
        """The whole image, as the chip was at one moment; Trouble, after which another Pull goes on with `kept`."""
        newest = self.session.hello()[0].number
        if len(self.known) == len(self.image):
            self.image[:] = self.known
            self._mend(self.sectors)
        else:
            self._fetch_all()
        for _ in range(_ROUNDS):
            now = self.session.hello()[0].number
            if now == newest:
                return bytes(self.image)
            newest = now
            self._mend(self.sectors)
        raise Trouble("restless", self.session.line.name)

    def _fetch_all(self) -> None:
        """Every sector: what an earlier try has left where the terminal has the same, else read."""
        content = _read(self.kept, len(self.image)) if self.kept and self.kept.is_file() else b""
        done = len(content) // self.size
        self.image[: done * self.size] = content[: done * self.size]
        if done:
            wrong = self._mend(done)
            self.resumed(done - wrong, wrong)
        if self.kept:
            _kept(keep, self.kept, bytes(self.image[: done * self.size]))
        for sector in range(done, self.sectors):
            self._fetch(sector)
            if self.kept:
                _kept(append, self.kept, self._sector(sector))

    def _mend(self, count: int) -> int:
        """Read those of the first `count` sectors that the terminal has otherwise; how many."""
        wrong = self._wrong(0, count)
        for sector in wrong:
            self._fetch(sector)
        return len(wrong)

    def _wrong(self, begin: int, end: int) -> list[int]:
        """Those from `begin` to before `end`, of which one is at least: by halves, since few are."""
        start, stop = begin * self.size, end * self.size
        if end - begin == 1 or stop - start <= _MOST_DIGEST:
            if self.session.digest(start, stop - start) == sha256(self.image[start:stop]).digest():
                self.progress(stop, len(self.image))
                return []
            if end - begin == 1:
                return [begin]
        middle = (begin + end) // 2
        return self._wrong(begin, middle) + self._wrong(middle, end)

    def _fetch(self, sector: int) -> None:
        start = sector * self.size
        for at in range(start, start + self.size, MOST_READ):
            length = min(MOST_READ, start + self.size - at)
            self.image[at : at + length] = self.session.read(at, length)
            self.progress(at + length, len(self.image))

    def _sector(self, sector: int) -> bytes:
        return bytes(self.image[sector * self.size : (sector + 1) * self.size])


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as problem:
        raise Trouble("file", path, problem.strerror or problem) from problem


def _kept(write: Callable[[Path, bytes], None], path: Path, content: bytes) -> None:
    try:
        write(path, content)
    except OSError as problem:
        raise Trouble("file", path, problem.strerror or problem) from problem
