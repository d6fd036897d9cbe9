"""What the verbs on a terminal share: --target and its companions, one object on stdout, progress and troubles on stderr."""

from __future__ import annotations

import functools
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import rich_click as click

from host_tools.yuanluctl import asking, completing
from host_tools.yuanluctl.journal.layout import HEADER_MAGIC, Geometry
from host_tools.yuanluctl.journal.reader import GeometryError, find_geometry
from host_tools.yuanluctl.json_text import json_text
from host_tools.yuanluctl.keeping import keep
from host_tools.yuanluctl.outcome import INTERRUPTED, Trouble
from host_tools.yuanluctl.output_lost import tell
from host_tools.yuanluctl.targets import (
    LARGEST_IMAGE,
    LINES,
    Target,
    Terminal,
    await_terminal,
    open_terminal,
    parse,
    read_regular,
)
from host_tools.yuanluctl.words import LANGUAGES, language_of, say

if TYPE_CHECKING:
    from host_tools.yuanluctl.live import LiveTerminal

Verb = Callable[..., Any]
PAUSE_SECONDS = 0.2
PROGRESS_SECONDS = 0.25  # between two lines of progress

_HANDOVER = (b"YLH1", b"yuanlu handover ")
_WRITTEN = {"out", "output", "bundle"}  # options that name a file to be written
_KEY_FILE = b'"sealed"'  # an authority's, or of a transport key


class Voice:
    """How this call speaks: its language, and whether to a person or to a program."""

    def __init__(self, language: str, as_json: bool, dry_run: bool) -> None:
        self.language, self.as_json, self.dry_run = language, as_json, dry_run

    def say(self, name: str, *values: object) -> str:
        """The words of an id."""
        return say(self.language, name, *values)

    def answer(self, content: dict[str, Any], lines: Iterable[str]) -> None:
        """One object for a program, lines for a person; on stdout."""
        if self.as_json:
            click.echo(json_text(content))
            return
        for line in lines:
            click.echo(printable(line))

    def secret(self, name: str, *values: object, twice: bool = False) -> str:
        """What a person types unseen; Trouble where nobody can."""
        return asking.secret(self.language, name, *values, twice=twice)

    def agreed(self, name: str, *values: object) -> bool:
        """What a person says to a question; Trouble where nobody can."""
        return asking.agreed(self.language, name, *values)

    def chat(self, name: str, *values: object) -> None:
        """A sentence on stderr; not for programs."""
        if not self.as_json:
            tell(printable(self.say(name, *values)))

    def still_waiting(self, left: int) -> None:
        """Nobody at the keypad has agreed yet: why that may be, and for how long at most; on stderr."""
        if self.as_json:
            tell(json.dumps({"event": "waiting", "for": "consent", "most": left}))
        else:
            self.chat("live.still", left)

    def would(self, target: str, looked: bool) -> None:
        """What --dry-run comes to where a terminal would be asked to do something. looked: whether it said how things stand."""
        self.chat("queue.would", target)
        if not looked:
            self.chat("queue.unseen")
        self.answer({"target": target, "dry_run": True, "looked": looked}, [])

    def fail(self, trouble: Trouble) -> NoReturn:
        """End with a trouble, told on stderr."""
        if self.as_json:
            tell(json_text(trouble.as_json(self.language)))
        else:
            tell(printable(f"yuanluctl: {trouble.text(self.language)}") + f"\n  -> {trouble.hint(self.language)}")
        raise SystemExit(trouble.exit)

    @contextmanager
    def progress(self, job: str, total: int) -> Iterator[Callable[[int], None]]:
        """How much of a job is done: a bar on a terminal, with --json a line of NDJSON now and then; on stderr."""
        if self.as_json:
            yield _ndjson(job, total)
        elif asking.is_a_screen(sys.stderr):
            from rich.console import Console  # loaded where it is used, so that --help is quick
            from rich.progress import Progress

            with Progress(console=Console(stderr=True), transient=True) as bar:
                task = bar.add_task(self.say(f"job.{job}"), total=total)
                yield lambda done: bar.update(task, completed=done)
        else:
            yield lambda done: None

    def check(self, path: Path) -> None:
        """Trouble where no file can be written there: to be asked before what cannot be taken back."""
        if not path.name or path.is_dir():
            raise Trouble("file", path or ".", "no name of a file")
        if path.exists() and not path.is_file():
            raise Trouble("file", path, "a device or a pipe")  # as root its name would be taken by a file
        if not os.access(path.parent, os.W_OK):
            raise Trouble("file", path, "its folder is missing or cannot be written to")

    def holds(self, path: Path, anything: bool = False) -> bytes:
        """What stands in that file and may not be lost: `anything`, or an image of a journal, a key file, a capsule, a receipt;
        else nothing. Trouble."""
        if not path.is_file() or not path.stat().st_size:
            return b""
        there = read_regular(path, LARGEST_IMAGE, "file", str(path))
        return there if anything or HEADER_MAGIC in there or _KEY_FILE in there or there.startswith(_HANDOVER) else b""

    def write(self, path: Path, content: bytes, keep_journal: bool = False) -> None:
        """Write a whole file, unless --dry-run; Trouble. No image of a journal, no key file, no capsule and no
        receipt of a handover is overwritten with anything else; with `keep_journal` nothing is."""
        self.check(path)
        if self.holds(path, keep_journal) not in (b"", content):
            raise Trouble("holds_records", path)
        if self.dry_run:
            self.chat("would_write", len(content), path)
            return
        try:
            keep(path.resolve(), content)  # a link goes on leading there
        except OSError as problem:
            raise Trouble("file", path, problem.strerror or problem) from problem
        self.chat("written", len(content), path)


def printable(text: str) -> str:
    """Without what this computer's terminal would obey, whoever wrote it into a file."""
    return "".join(character if character.isprintable() or character in "\n\t" else "?" for character in text)


class Chip(NamedTuple):
    """A terminal's journal chip as it was read."""

    terminal: Terminal
    image: bytes
    geometry: Geometry


def _ndjson(job: str, total: int) -> Callable[[int], None]:
    last = time.monotonic() - PROGRESS_SECONDS

    def told(done: int) -> None:
        nonlocal last
        if done < total and time.monotonic() - last < PROGRESS_SECONDS:
            return
        last = time.monotonic()
        tell(json.dumps({"event": "progress", "job": job, "done": done, "total": total}))

    return told


def spoken(writes: bool = False) -> Callable[[Verb], Verb]:
    """--json and --lang, and --dry-run for a verb that writes files or changes a terminal: it is given a `voice`, and its
    Troubles are told."""

    def decorate(verb: Verb) -> Verb:
        @functools.wraps(verb)
        def run(as_json: bool, lang: str | None, dry_run: bool = False, **given: Any) -> Any:
            environment = os.environ.get("LC_ALL") or os.environ.get("LANG", "")
            voice = Voice(lang or language_of(environment), as_json, dry_run)
            try:
                for name in _WRITTEN & given.keys():
                    if given[name] is not None:
                        voice.check(given[name])  # before anybody is asked for anything
                return verb(voice=voice, **given)
            except Trouble as trouble:
                voice.fail(trouble)
            except KeyboardInterrupt:
                raise SystemExit(INTERRUPTED) from None

        if writes:
            run = click.option("--dry-run", is_flag=True, help="Change nothing, write no file; say what would be done.")(run)
        run = click.option("--lang", type=click.Choice(LANGUAGES), envvar="YUANLU_LANG", help="Else as LANG says.")(run)
        return click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, errors on stderr.")(run)

    return decorate


class Seconds(click.FloatRange):
    """A number of seconds; nan, which no range keeps out, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As click does, and wrong use for what nothing can be compared with."""
        seconds = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail("nan is no number of seconds", param, ctx)
        return seconds


def day(_context: object, _option: object, value: str | None) -> int:
    """yyyymmdd of an option like 2026-11-22; 0 where it was not given."""
    from host_tools.yuanluctl.status import day_of  # loaded where it is used, so that verbs that need no day start quickly

    if not value:
        return 0
    digits = value.replace("-", "")
    if len(digits) != 8 or not digits.isascii() or not digits.isdigit() or day_of(int(digits)) is None:
        raise click.BadParameter(f"{value} is no day like 2026-11-22")
    return int(digits)


_SECONDS = Seconds(0, 86400)
_WHERE: list[Callable[[Verb], Verb]] = [
    click.option(
        "-t",
        "--target",
        required=True,
        envvar="YUANLU_TARGET",
        metavar="TARGET",
        shell_complete=completing.targets,
        help="A serial port, socket:, image: or emu:.",
    ),
    click.option("--ticket", envvar="YUANLU_TICKET", default="", metavar="TEXT", help="A ticket of the authority."),
    click.option(
        "--authority",
        "authority_file",
        type=click.Path(path_type=Path),
        envvar="YUANLU_AUTHORITY",
        metavar="FILE",
        help="Its key file, where it is here; the passphrase is asked for.",
    ),
    click.option(
        "--technician", type=click.IntRange(1, (1 << 32) - 1), default=1, envvar="YUANLU_TECHNICIAN", metavar="N", help="Who."
    ),
    click.option("--timeout", type=_SECONDS, default=5, show_default=True, metavar="S", help="For each answer."),
    click.option("--wait", type=_SECONDS, default=0, metavar="S", help="Try for so long until it is there."),
]
_CHIP: list[Callable[[Verb], Verb]] = [
    click.option("--sector-size", type=int, default=0, metavar="N", help="Bytes of a sector, if the headers do not tell it."),
    click.option("--unit", type=int, default=0, metavar="N", help="Bytes of a write unit, if no header tells it."),
]


def _live(voice: Voice, target: Target, timeout: float, wait: float, **credentials: Any) -> LiveTerminal:
    """A terminal on a line, once it is there; Trouble."""
    from host_tools.yuanluctl.live import Credentials, LiveTerminal  # loaded where it is used, so that --help is quick
    from host_tools.yuanluctl.rights import of_this_call

    @functools.cache
    def ask() -> str:
        given = os.environ.get("YUANLU_PASSPHRASE")
        return given if given is not None else voice.secret("live.passphrase")

    until = time.monotonic() + wait
    while True:
        terminal = None
        try:
            terminal = LiveTerminal(target, timeout, Credentials(**credentials, ask=ask), lambda: voice.chat("live.consent"))
            terminal.still, terminal.takes = voice.still_waiting, of_this_call()
            if wait:
                terminal.hello()  # the port of an adapter is there while nobody answers on it
            return terminal
        except Trouble as trouble:
            if terminal:
                terminal.close()
            if not trouble.retryable or time.monotonic() >= until:
                raise
        time.sleep(PAUSE_SECONDS)


def on_a_line(writes: bool = False) -> Callable[[Verb], Verb]:
    """--target and what belongs to it, for verbs that take a live terminal: the verb is given a `terminal` and a `voice`."""

    def decorate(verb: Verb) -> Verb:
        @functools.wraps(verb)
        def run(
            voice: Voice,
            target: str,
            timeout: float,
            wait: float,
            ticket: str,
            authority_file: Path | None,
            technician: int,
            **given: Any,
        ) -> Any:
            where = parse(target)
            if where.kind not in LINES:
                raise Trouble("image_only", where)
            terminal = _live(voice, where, timeout, wait, ticket=ticket, key_file=authority_file, technician=technician)
            try:
                return verb(terminal=terminal, voice=voice, **given)
            finally:
                terminal.close()

        return _with_options(spoken(writes)(run), _WHERE)

    return decorate


Reach = Callable[[Target], AbstractContextManager["LiveTerminal"]]


def reaching(writes: bool = False) -> Callable[[Verb], Verb]:
    """The same without --target, for verbs that are told otherwise where they work: the verb is given `reach`, which opens a live
    terminal, and a `voice`."""

    def decorate(verb: Verb) -> Verb:
        @functools.wraps(verb)
        def run(
            voice: Voice,
            timeout: float,
            wait: float,
            ticket: str,
            authority_file: Path | None,
            technician: int,
            **given: Any,
        ) -> Any:
            @contextmanager
            def reach(where: Target) -> Iterator[LiveTerminal]:
                terminal = _live(voice, where, timeout, wait, ticket=ticket, key_file=authority_file, technician=technician)
                try:
                    yield terminal
                finally:
                    terminal.close()

            return verb(reach=reach, voice=voice, **given)

        return _with_options(spoken(writes)(run), _WHERE[1:])

    return decorate


def _with_options(verb: Verb, options: list[Callable[[Verb], Verb]]) -> Verb:
    for option in reversed(options):
        verb = option(verb)
    return verb


def on_a_terminal(
    writes: bool = False, raw: bool = False, live: Callable[[LiveTerminal, Voice], None] | None = None
) -> Callable[[Verb], Verb]:
    """--target and what belongs to it: the verb is given a `chip` and a `voice`. `raw`: the verb finds the geometry; `live`: what
    is done instead on a line."""

    def decorate(verb: Verb) -> Verb:
        @functools.wraps(verb)
        def run(
            voice: Voice,
            target: str,
            timeout: float,
            wait: float,
            ticket: str,
            authority_file: Path | None,
            technician: int,
            sector_size: int,
            unit: int,
            **given: Any,
        ) -> Any:
            where = parse(target)
            if where.kind not in LINES:
                return on(open_terminal(where, timeout), voice, wait, sector_size, unit, **given)
            terminal = _live(voice, where, timeout, wait, ticket=ticket, key_file=authority_file, technician=technician)
            try:
                return live(terminal, voice) if live else on(terminal, voice, 0, sector_size, unit, **given)
            finally:
                terminal.close()

        def on(chip_of: Terminal, voice: Voice, wait: float, sector_size: int, unit: int, **given: Any) -> Any:
            image = await_terminal(chip_of, wait, lambda: time.sleep(PAUSE_SECONDS), time.monotonic)
            if raw:
                return verb(terminal=chip_of, image=image, sector_size=sector_size, unit=unit, voice=voice, **given)
            try:
                chip = Chip(chip_of, image, find_geometry(image, sector_size, unit))
            except GeometryError as problem:
                if not image.strip(b"\xff"):
                    raise Trouble("blank", chip_of.name) from problem
                raise Trouble("image", chip_of.name, problem) from problem
            return verb(chip=chip, voice=voice, **given)

        return _with_options(spoken(writes)(run), _WHERE + _CHIP)

    return decorate
