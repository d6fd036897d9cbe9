"""A technician's session with a terminal over its service line: docs/service-protocol.md.

A `Line` is what carries the bytes. Every question is asked again until its answer comes, and the terminal does nothing twice for
that: so a cable may be pulled and plugged at any byte.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from struct import error, pack, unpack
from typing import Any, NamedTuple, Protocol

from host_tools.yuanluctl import carried
from host_tools.yuanluctl.hdlc import Deframer, Frame, frame
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.refusal import Refusal
from host_tools.yuanluctl.told import read_status
from yuanlu.errors import BadMessage
from yuanlu.wire import service as wire

CHANNEL = 2
RESEND_SECONDS = 1.0
ASK_AGAIN_SECONDS = 0.5  # whether somebody at the keypad has agreed
CONSENT_SECONDS = 180
STILL_SECONDS = 15  # between two words that nobody has agreed yet
SECONDS, COMMANDS = 900, 50_000  # of a session


class Line(Protocol):
    """Bytes to a terminal and back."""

    name: str

    def write(self, data: bytes) -> None:
        """Send; Trouble when the line is gone."""

    def read(self, seconds: float) -> bytes:
        """What has come, at the latest after so many seconds; b"" for nothing. Trouble when the line is gone."""

    def now(self) -> float:
        """Seconds, from any start."""


class Pass(NamedTuple):
    """A ticket and the keys of the session that it opens."""

    ticket: bytes
    keys: bytes

    def text(self) -> str:
        """For a person to carry."""
        return carried.written(carried.TICKET, self.ticket + self.keys)


def issue(service_key: bytes, hello: wire.Hello, technician: int, allowed: int, seconds: int = SECONDS) -> Pass:
    """What the authority gives a technician for this HELLO of a terminal. service_key: authority.service_key."""
    theirs = os.urandom(16)
    terminal = hello.terminal.decode("ascii", "replace")
    ticket = wire.issue(service_key, terminal, technician, allowed, COMMANDS, seconds, hello.nonce, theirs)
    return Pass(ticket, wire.session_keys(service_key, wire.decode_ticket(ticket)))


def request_text(hello_body: bytes) -> str:
    """A terminal's HELLO for a person to carry to the authority."""
    return carried.written(carried.REQUEST, hello_body)


def read_request(text: str) -> wire.Hello:
    """The HELLO in a request; Trouble."""
    try:
        return wire.decode_hello(carried.read(text, carried.REQUEST, "request"))
    except BadMessage as problem:
        raise Trouble("request", text[:20]) from problem


def read_pass(text: str) -> Pass:
    """The ticket in its text; Trouble."""
    content = carried.read(text, carried.TICKET, "ticket_text")
    if len(content) != wire.TICKET_SIZE + 64:
        raise Trouble("ticket_text", text[:20])
    return Pass(content[: wire.TICKET_SIZE], content[wire.TICKET_SIZE :])


class Session:
    """One technician on one line. `timeout`: seconds in which an answer must come, repeats included."""

    def __init__(self, line: Line, timeout: float = 5.0) -> None:
        self.line, self.timeout = line, timeout
        self._deframer = Deframer()
        self._frames: list[Frame] = []
        self._pass: Pass | None = None
        self._number = self._sequence = 0

    def hello(self) -> tuple[wire.Hello, bytes]:
        """Who is there: the HELLO, and its bytes. Trouble when nobody answers."""
        answer = self._ask(wire.ASK, b"", (wire.HELLO,), 0)
        try:
            return wire.decode_hello(answer.body), answer.body
        except BadMessage as problem:
            raise Trouble("protocol", self.line.name, problem) from problem

    def open(
        self, issued: Pass, waiting: Callable[[], None] = lambda: None, still: Callable[[int], None] = lambda left: None
    ) -> None:
        """Come in; `waiting` is called once somebody at the keypad has to agree, `still` with the seconds that are left now and
        then while he does not: the terminal asks him only when what is on its screen has ended. Trouble."""
        try:
            self._number = int.from_bytes(wire.decode_ticket(issued.ticket).nonce[:4], "big")
        except BadMessage as problem:
            raise Trouble("ticket_text", problem) from problem
        body = issued.ticket + wire.proof(issued.keys, b"L", issued.ticket)
        until = self.line.now() + CONSENT_SECONDS
        told = False
        tell = self.line.now() + STILL_SECONDS
        while True:
            try:
                answer = self._ask(wire.TICKET, body, (wire.OPENED, wire.WAIT, wire.NO), self._number)
            except Trouble as trouble:
                if told and trouble.name == "silent" and self.line.now() >= until:  # the terminal has given up as well
                    raise Trouble("no_consent", self.line.name) from trouble
                raise
            if answer.kind == wire.NO:
                raise Trouble(_NO.get(answer.body[0] if answer.body else 0, "protocol"), self.line.name, "NO")
            if answer.kind == wire.OPENED:
                break
            if self.line.now() >= until:
                raise Trouble("no_consent", self.line.name)
            if not told:
                waiting()
                told = True
            if self.line.now() >= tell:
                still(round(until - self.line.now()))
                tell += STILL_SECONDS
            self._rest(ASK_AGAIN_SECONDS)
        if answer.body != wire.proof(issued.keys, b"T", issued.ticket):
            raise Trouble("impostor", self.line.name)
        self._pass, self._sequence = issued, 0

    def close(self) -> None:
        """Say goodbye; nothing depends on it."""
        if self._pass is not None:
            try:
                self.command(wire.BYE)
            except Trouble:
                pass
            self._pass = None

    def command(self, command: int, given: bytes = b"") -> bytes:
        """Have something done; what it answers. Trouble."""
        assert self._pass is not None
        self._sequence += 1
        body = wire.seal(self._pass.keys, b"L", self._sequence, bytes((command,)) + given)
        answer = self._ask(wire.COMMAND, body, (wire.ANSWER, wire.NO), self._number, self._is_answer)
        if answer.kind == wire.NO:
            self._pass = None
            raise Trouble("session_over", self.line.name)
        plain = wire.unseal(self._pass.keys, b"T", self._sequence, answer.body)
        if plain[0] == wire.OK:
            return plain[1:]
        if plain[0] == wire.NOT_ALLOWED:
            raise Trouble("not_allowed", self.line.name)
        if plain[0] == wire.REFUSED:
            reason = plain[1:].decode("ascii", "replace")
            if reason == "refused.busy":
                raise Trouble("busy", self.line.name)
            raise Refusal(self.line.name, _shown(reason))
        raise Trouble("protocol", self.line.name, f"command {command}")

    def _is_answer(self, answer: Frame) -> bool:
        """Not of an earlier command, and not somebody else's."""
        if answer.kind == wire.NO:
            return True
        assert self._pass is not None
        try:
            return bool(wire.unseal(self._pass.keys, b"T", self._sequence, answer.body))
        except BadMessage:
            return False

    # ---- what the commands mean

    def status(self) -> dict[str, Any]:
        """What the terminal says of itself; Trouble."""
        return read_status(self.line.name, self.command(wire.STATUS))

    def geometry(self) -> tuple[int, int, int]:
        """(unit, sectors, bytes of a sector) of its journal's chip; Trouble."""
        try:
            unit, sectors, size = unpack("<HHI", self.command(wire.GEOMETRY))
        except error as problem:
            raise Trouble("protocol", self.line.name, "geometry") from problem
        return unit, sectors, size

    def read(self, address: int, length: int) -> bytes:
        """Bytes of that chip, at most 1024; Trouble."""
        content = self.command(wire.READ, pack("<IH", address, length)) or b"\xff" * length
        if len(content) != length:
            raise Trouble("protocol", self.line.name, "read")
        return content

    def digest(self, address: int, length: int) -> bytes:
        """SHA-256 of bytes of that chip, at most 131072; b"" of a terminal that does not know the command. Trouble."""
        try:
            return self.command(wire.DIGEST, pack("<II", address, length))
        except Trouble as trouble:
            if trouble.name != "protocol":
                raise
            return b""

    # ---- frames

    def _ask(
        self, kind: int, body: bytes, wanted: tuple[int, ...], number: int, fits: Callable[[Frame], bool] = lambda answer: True
    ) -> Frame:
        """The first fitting answer to a frame that is sent until it comes."""
        data = frame(CHANNEL, kind, number, self._sequence & 0xFF, body)
        until = self.line.now() + self.timeout
        while True:
            self.line.write(data)
            again = min(until, self.line.now() + RESEND_SECONDS)
            while (left := again - self.line.now()) > 0:
                for answer in self._receive(left):
                    if answer.kind in wanted and answer.session == number and fits(answer):
                        return answer
            if self.line.now() >= until:
                raise Trouble("silent", self.line.name)

    def _receive(self, seconds: float) -> list[Frame]:
        return [found for found in self._deframer.feed(self.line.read(seconds)) if found.channel == CHANNEL]

    def _rest(self, seconds: float) -> None:
        until = self.line.now() + seconds
        while (left := until - self.line.now()) > 0:
            self._receive(left)


def _shown(text: str) -> str:
    """Nothing that a terminal of this computer would obey."""
    return "".join(character if character.isprintable() else "?" for character in text)


_NO = {
    wire.NO_TICKET: "no_ticket",
    wire.NO_CONSENT: "no_consent",
    wire.NO_SESSION: "session_over",
    wire.NO_ROOM: "busy",
    wire.SHUT: "shut",
    wire.OUT_OF_USE: "out_of_use",
}
