"""The million for the technician's channel: hostile frames at the terminal's door, and hostile answers for the laptop."""

from __future__ import annotations

import json
import random
from typing import Any

import hostile_service  # type: ignore[import-not-found]  # of tests/shared
from host_tools.yuanluctl.hdlc import Deframer, frame
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.service import CHANNEL, Session, issue
from yuanlu.wire import service as wire

KEY = bytes(range(32))
LIVES = 500  # frames at one door; then another one


NUMBERS = ("batch", "config", "date", "places", "time", "trace", "uptime_ms")
STATUS = json.dumps({**dict.fromkeys(NUMBERS, 1), "held": "", "trouble": [], "waiting": [[1, 100, "queued", ""]]}).encode()


class Laptop:
    """What a laptop hears on one line: answers of a terminal, half of them mutated, a quarter under a right MAC. It takes them
    for what they say, or ends with a Trouble; nothing else. See service.Line."""

    name = "hostile"

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.tried = self.believed = 0
        self.expected = wire.HELLO
        self.time, self.given = 0.0, b""
        self.hello = wire.decode_hello(wire.encode_hello("YL000001", 1, "0.1.0", 9, bytes(8), bytes(range(16)), 0))
        self.passed = issue(KEY, self.hello, 7, wire.ALL)
        self.sequence = 0

    def write(self, data: bytes) -> None:
        """The laptop asks."""
        asked = Deframer().feed(data)[0]
        self.expected = {wire.ASK: wire.HELLO, wire.TICKET: wire.OPENED, wire.COMMAND: wire.ANSWER}[asked.kind]

    def now(self) -> float:
        """Seconds; each read takes some."""
        return self.time

    def read(self, seconds: float) -> bytes:
        """One hostile frame."""
        self.time += 0.3
        self.tried += 1
        self.given = self._frame()
        return self.given

    def _frame(self) -> bytes:
        draw = self.draw
        number = int.from_bytes(self.hello.nonce[:4], "big")
        content = draw.choice((b"", b"refused.busy", b"{}", b"[1]", draw.randbytes(20), STATUS))
        plain = bytes((draw.choice((0, 0, 0, 1, 2, 3, 9)),)) + content
        bodies = {
            wire.HELLO: wire.encode_hello("YL000001", 1, "0.1.0", 9, bytes(8), self.hello.nonce, 0),
            wire.OPENED: wire.proof(self.passed.keys, b"T", self.passed.ticket),
            wire.ANSWER: wire.seal(self.passed.keys, b"T", self.sequence, plain),
            wire.NO: bytes((draw.randrange(9),)),
            wire.WAIT: b"",
        }
        kind = self.expected if draw.random() < 0.6 else draw.choice(list(bodies))
        body = bytearray(bodies[kind])
        if draw.random() < 0.5 and body:
            body[draw.randrange(len(body))] ^= 1 << draw.randrange(8)
            body = body[: draw.randrange(len(body) + 1)] if draw.random() < 0.2 else body
        session = draw.choice((0, number)) if kind == wire.HELLO else number
        line = bytearray(frame(CHANNEL, kind, session, draw.randrange(256), bytes(body)))
        if draw.random() < 0.2:
            line[draw.randrange(len(line))] ^= 1 << draw.randrange(8)
        return bytes(line)

    def once(self) -> None:
        """A whole session, as far as it comes."""
        session = Session(self, timeout=2)
        try:
            session.hello()
            session.open(self.passed)
            for ask in (lambda: session.command(wire.PING, b"x"), session.geometry, lambda: session.read(0, 16), session.status):
                self.sequence = session._sequence + 1
                told: Any = ask()
                assert isinstance(told, dict | tuple | bytes), told
                self.believed += 1
        except Trouble:
            pass


def play(work: tuple[str, int, int]) -> tuple[str, int, int, str]:
    """(target, seed, frames): what became of them, as (target, frames, believed, what was found)."""
    target, seed, frames = work
    if target == "laptop":
        laptop = Laptop(seed)
        try:
            while laptop.tried < frames:
                laptop.once()
        except Exception as error:
            return target, laptop.tried, laptop.believed, f"laptop: {error!r} of {laptop.given.hex()}"
        return target, laptop.tried, laptop.believed, ""
    tried = believed = 0
    for number in range(-(-frames // LIVES)):
        attack = hostile_service.Attack(seed * 1000 + number, hostile_service.READS if number % 2 else wire.ALL)
        try:
            attack.run(min(LIVES, frames - tried))
        except AssertionError as error:
            return target, tried + attack.tried, believed, str(error)
        tried, believed = tried + attack.tried, believed + attack.carried_out
    return target, tried, believed, ""
