"""A live terminal on a serial line, as a target of the verbs: docs/technician.md says how to reach one."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import serial

from host_tools.yuanluctl import authority
from host_tools.yuanluctl.journal.card_numbers import masked
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.pull import Pull
from host_tools.yuanluctl.relay import open_line, port_trouble
from host_tools.yuanluctl.rights import NotLetIn
from host_tools.yuanluctl.service import Pass, Session, issue, read_pass
from host_tools.yuanluctl.targets import Target, read_regular
from yuanlu.errors import BadMessage
from yuanlu.wire import service as wire

KEY_FILE_LARGEST = 4096
_AT_ONCE_SECONDS = 3.0  # in which a port server hangs up on who comes second
_WORDS_SECONDS = 0.5
_UNANSWERED = "does not seem to support RFC2217"  # pyserial's words
_FLAG, _LONGEST_SAID = b"\x7e", 80  # every frame of a terminal's begins with the one; bytes of a port server's own words


class Credentials(NamedTuple):
    """Where a ticket comes from: its text, or the authority's key file with its passphrase (`ask` asks for one)."""

    ticket: str = ""
    key_file: Path | None = None
    technician: int = 1
    ask: Callable[[], str] = str

    def issue(self, hello: wire.Hello, allowed: int) -> Pass:
        """A pass for that HELLO; Trouble."""
        if self.ticket:
            return read_pass(self.ticket)
        service_key = authority.service_key(self.open_key(), hello.terminal.decode("ascii", "replace"))
        return issue(service_key, hello, self.technician, allowed)

    def open_key(self, missing: str = "no_pass") -> bytes:
        """The authority's 32 bytes; Trouble, `missing` where it is not here."""
        if self.key_file is None:
            raise Trouble(missing)
        content = read_regular(self.key_file, KEY_FILE_LARGEST, "file", str(self.key_file))
        try:
            return authority.open_key(content, self.ask())
        except authority.BadKeyFile as problem:
            raise Trouble("key_file", self.key_file, problem) from problem


class PortLine:
    """A serial port, or one behind socket:// or rfc2217://; see service.Line."""

    def __init__(self, target: Target) -> None:
        self.name = str(target)
        self._heard, self._since = b"", self.now()
        try:
            self.port: serial.Serial = open_line(self.name)
        except OSError as problem:
            if self.name.startswith("rfc2217://") and problem.errno in (errno.EPIPE, errno.ECONNRESET):
                raise Trouble("taken", self.name, "") from problem  # it hung up while we said what we want
            if _UNANSWERED in str(problem):
                raise Trouble("unanswered", self.name) from problem
            raise port_trouble(self.name, problem) from problem

    def write(self, data: bytes) -> None:
        """Send; Trouble when the port is gone."""
        try:
            self.port.write(data)
        except serial.SerialTimeoutException:
            pass  # nobody reads at the other end: what matters is sent again
        except OSError as problem:
            raise self._lost(problem) from problem

    def read(self, seconds: float) -> bytes:
        """What has come, at the latest after so many seconds; Trouble when the port is gone."""
        try:
            self.port.timeout = seconds
            data = self._read(1)
            return data + self._read(self.port.in_waiting) if data else b""
        except OSError as problem:
            raise self._lost(problem) from problem

    def _read(self, count: int) -> bytes:
        data: bytes = self.port.read(count)
        self._heard = (self._heard + data)[:_LONGEST_SAID]
        return data

    def _lost(self, problem: OSError) -> Trouble:
        """A port server serves one: it hangs up on the next at once, before a terminal has said anything."""
        if "://" not in self.name or _FLAG in self._heard or self.now() - self._since > _AT_ONCE_SECONDS:
            return Trouble("line_lost", self.name, problem.strerror or problem)
        said = _words_of(self.name) if self.name.startswith("socket://") else ""
        return Trouble("taken", self.name, f" ({said})" if said else "")

    def now(self) -> float:
        """Seconds of this computer."""
        return time.monotonic()

    def close(self) -> None:
        """Let the port go."""
        self.port.close()


def _words_of(name: str) -> str:
    """What a port server tells who comes second. pyserial throws away what is said first, so it is asked once more, silently."""
    where, heard = urlsplit(name), b""
    with suppress(OSError), socket.create_connection((where.hostname or "", where.port or 0), _WORDS_SECONDS) as line:
        while len(heard) < _LONGEST_SAID and (data := line.recv(_LONGEST_SAID)):
            heard += data
    text = " ".join(heard[:_LONGEST_SAID].decode("ascii", "replace").split())
    return "" if _FLAG in heard else "".join(character for character in text if character.isprintable())


def told_by(hello: wire.Hello) -> dict[str, Any]:
    """Who is there: no right is needed for it, and it is not proved."""
    return {
        "terminal": hello.terminal.decode("ascii", "replace"),
        "firmware": hello.firmware.rstrip(b"\0").decode("ascii", "replace"),
        "boot": hello.boot,
        "head": f"{hello.number}:{hello.tag.hex()}",
        "busy": hello.busy == 1,
        "out_of_use": hello.busy == wire.ERASED,
    }


class LiveTerminal:
    """See targets.Terminal. A session is opened when something is asked that takes one, with no more rights than that takes."""

    def __init__(self, target: Target, timeout: float, credentials: Credentials, waiting: Callable[[], None]) -> None:
        self.name = str(target)
        self.progress: Callable[[int, int], None] = lambda done, total: None
        self.kept: Path | None = None  # where a pull that breaks off leaves what it has
        self._part: Path | None = None
        self.resumed: Callable[[int, int], None] = lambda right, wrong: None  # see Pull
        self.still: Callable[[int], None] = lambda left: None  # see Session.open
        self.takes = 0  # the rights that the verb will have asked for in the end: a ticket has all of them
        self.timeout, self.credentials, self.waiting = timeout, credentials, waiting
        self.line = PortLine(target)
        self.session = Session(self.line, timeout)
        self._allowed = 0
        self._image, self._head = b"", (0, b"")  # as pulled before, and the newest record then

    def __str__(self) -> str:
        """As it was asked for."""
        return self.name

    def hello(self) -> tuple[wire.Hello, bytes]:
        """Who is there, asked without any right."""
        return self.session.hello()

    def open(self, allowed: int) -> Session:
        """The session with these rights at least; Trouble."""
        if allowed & ~self._allowed:
            self.session.close()
            hello, _ = self.session.hello()
            if hello.busy == wire.ERASED:
                raise Trouble("out_of_use", self.name)
            issued, self._allowed = self._pass_for(hello, allowed)
            try:
                self.session.open(issued, self.waiting, self.still)
            except Trouble as trouble:
                self._allowed = 0
                raise NotLetIn("no_ticket", self.name, self.takes | allowed) if trouble.name == "no_ticket" else trouble from None
        return self.session

    def _pass_for(self, hello: wire.Hello, allowed: int) -> tuple[Pass, int]:
        """A pass and what it allows; Trouble, before a ticket is used up, where it lacks a right that the verb takes."""
        try:
            issued = self.credentials.issue(hello, allowed)
            has: int = wire.decode_ticket(issued.ticket).allowed
        except BadMessage as problem:
            raise Trouble("ticket_text", problem) from problem
        except Trouble as trouble:
            raise NotLetIn("no_pass", self.name, self.takes | allowed) if trouble.name == "no_pass" else trouble from None
        if self.credentials.ticket and (self.takes | allowed) & ~has:
            raise NotLetIn("not_allowed", self.name, self.takes | allowed)
        return issued, has

    def forget(self) -> None:
        """The terminal starts anew: no session is open any more."""
        self.session, self._allowed = Session(self.line, self.timeout), 0

    def journal(self) -> bytes:
        """Pulled over the line."""
        hello, _ = self.session.hello()
        head = hello.number, hello.tag
        if self._image and head == self._head:
            return self._image
        kept = self.kept and self.kept.with_name(f"{self.kept.name}.{hello.terminal.decode('ascii', 'replace')}.part")
        self._image = Pull(self.open(wire.DIAG | wire.PULL), kept, self.progress, self._image, self.resumed).run()
        self._head = head
        self._part = kept
        return self._image

    def is_kept(self) -> None:
        """What was pulled stands elsewhere now: what it was kept in on the way may go."""
        if self._part:
            self._part.unlink(missing_ok=True)

    def status(self) -> dict[str, Any]:
        """Who it is, and what it says of itself now."""
        session = self.open(wire.DIAG)
        return told_by(session.hello()[0]) | session.status()

    def glance(self, allowed: int) -> dict[str, Any] | None:
        """For --dry-run: what STATUS says, asked with the authority's key for no more than a look. None where there is a ticket:
        that serves once, so it is only read. Trouble where neither would let in a verb that takes these rights."""
        if not self.credentials.ticket:
            return self.status()
        hello, _ = self.session.hello()
        if hello.busy == wire.ERASED:
            raise Trouble("out_of_use", self.name)
        ticket = wire.decode_ticket(self._pass_for(hello, allowed)[0].ticket)
        if (ticket.terminal, ticket.nonce) != (hello.terminal, hello.nonce):
            raise NotLetIn("no_ticket", self.name, self.takes | allowed)
        return None

    def logs(self) -> list[str]:
        """The last lines of its log since power came."""
        text = self.open(wire.DIAG).command(wire.LOGS).decode("utf-8", "replace")
        return [masked("".join(character for character in line if character.isprintable())) for line in text.split("\n")]

    def close(self) -> None:
        """Say goodbye and let the port go."""
        self.session.close()
        self.line.close()
