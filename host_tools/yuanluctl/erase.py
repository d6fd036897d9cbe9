"""A terminal goes out of use: which journal somebody has of it, and how it is told to erase itself. docs/service-protocol.md."""

from __future__ import annotations

import time
from binascii import crc32
from collections.abc import Callable
from pathlib import Path
from struct import pack
from typing import Any, NamedTuple

from host_tools.yuanluctl.journal.layout import Record
from host_tools.yuanluctl.journal.ledger import DONE
from host_tools.yuanluctl.journal.reader import GeometryError, find_geometry
from host_tools.yuanluctl.live import LiveTerminal
from host_tools.yuanluctl.outcome import PerhapsDone, Trouble
from host_tools.yuanluctl.status import State, read_state
from host_tools.yuanluctl.targets import LARGEST_IMAGE, read_regular
from yuanlu.wire import service as wire

LOOK_SECONDS = 90.0  # a whole journal, read on a small processor
AWAY_SECONDS = 180.0  # a restart, and every sector erased
PAUSE_SECONDS = 0.5


class Head(NamedTuple):
    """The newest record of a journal."""

    number: int
    tag: bytes

    def __str__(self) -> str:
        """As verbs print it."""
        return f"{self.number}:{self.tag.hex()}"


def head_of(path: Path, terminal: str) -> Head:
    """Of the pulled journal in that file, which has to be that terminal's, and whole in its structure; Trouble."""
    state = _read(path)
    last: Record | None = state.ledger.last
    if state.report.findings:
        first = state.report.findings[0]
        raise Trouble("not_whole", path, f"{first.kind.value}: {first.text}")
    if last is None or last.terminal != crc32(terminal.encode()):
        raise Trouble("not_whole", path, f"{last.terminal:08x}" if last else "0")
    return Head(last.number, last.tag)


def _read(path: Path) -> State:
    image = read_regular(path, LARGEST_IMAGE, "no_file", str(path))
    try:
        return read_state(image, find_geometry(image))
    except GeometryError as problem:
        raise Trouble("not_whole", path, problem) from problem


def refusal(told: dict[str, Any] | None, hello: wire.Hello, path: Path, head: Head) -> str:
    """For --dry-run: the reason that the terminal would have, by its STATUS (None: nobody asked) and HELLO and by the journal in
    that file; empty where none can be seen. What a spare has taken is not open any more: there the terminal alone knows."""
    if told and told["waiting"] and told["shut"] != "refused.handed_over":
        return f"refused.erase_open {len(told['waiting'])}"
    known = _read(path).ledger.transactions.values()
    if told and any(one.batch == told["batch"] and one.state in DONE and not one.brought for one in known):
        return "refused.erase_batch"
    known_there = hello.number > head.number or (hello.number, hello.tag) == head
    return "" if known_there else "refused.erase_newer"


def is_erased(terminal: LiveTerminal) -> bool:
    """It says so itself, which nobody can prove: its keys are gone, if it is true. Trouble."""
    return terminal.hello()[0].busy == wire.ERASED


def erase(terminal: LiveTerminal, head: Head, rest: Callable[[float], None] = time.sleep) -> bool:
    """Have it erase itself, and wait until it says that it has; Trouble when it refuses, or is not heard of in time.

    Whether it has proved that it agreed: from then on no power cut brings it back. Where that answer was lost there is only what
    anybody on the line can say.
    """
    session = terminal.open(wire.DIAG | wire.WIPE)
    session.timeout = max(session.timeout, LOOK_SECONDS)
    lost: Trouble | None = None
    try:
        session.command(wire.ERASE, pack("<I8s", *head))
    except Trouble as trouble:
        if not trouble.retryable:
            raise
        lost = trouble  # it may have begun before its answer was out
    terminal.forget()
    until = terminal.line.now() + AWAY_SECONDS
    while True:
        rest(PAUSE_SECONDS)
        try:
            if is_erased(terminal):
                return lost is None
            if lost or terminal.line.now() >= until:
                raise lost or Trouble("silent", terminal.name)
        except Trouble as trouble:
            if trouble.name == "line_lost":  # nothing is heard on that port any more
                raise PerhapsDone(trouble, "hint.perhaps_erased") from trouble
            if trouble is lost or not trouble.retryable or terminal.line.now() >= until:
                raise
