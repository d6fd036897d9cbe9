"""What lies between a terminal and the acquirer: a network and its connections, and how they fail. A fault befalls the connection
that is opened next; what it was for is read off the request, so that a refund is known to have met it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from emulator.acquirer import Acquirer, BadMessage
from emulator.acquirer.acquirer import ECHOED
from emulator.acquirer.message import MAC_BYTES, asking, decode, encode, swap_tpdu
from soak.forger import is_sign_on, tap
from soak.plan import ANSWER_MS, LATEST_MS
from yuanlu.compat import Event, sleep_ms
from yuanlu.errors import NotSent

if TYPE_CHECKING:
    from soak.terminal import Terminal
    from soak.world import World

DELAY_MS = 15
CONNECT_MS = 700  # until a dead host is given up
NUMBER = re.compile(rb"[!-~]{8}-[0-9A-F]{4}-[0-9]{8}")
FORGED = ("05", "25", "77", "94", "12", "00")
TYPE = slice(13, 15)  # of a frame: the message type
BOOKINGS = (b"\x02\x10", b"\x02\x30")  # answers to sale, void and refund
SIGN_ON_WANTED = 3  # of the host request nibble, which no MAC covers
UNHEARD = ("request lost", "half open")
UNANSWERED = ("answer lost", "forged", "hung up")


class Fault(NamedTuple):
    """One of LINE_FAULTS, with a number of the plan that decides what it leaves open."""

    name: str
    variant: int

    @property
    def latest_ms(self) -> int:
        """When a request that is kept on its way arrives: newer ones have gone then."""
        return ANSWER_MS + self.variant % (LATEST_MS - ANSWER_MS)


GOOD = Fault("", 0)


class Connection:
    """One connection to the acquirer, from when it stands. tell: gets the bytes that come back, b"" when it ends."""

    def __init__(self, world: World, terminal: Terminal, fault: Fault, tell: Callable[[bytes], None]) -> None:
        self.world, self.terminal, self.fault, self.tell = world, terminal, fault, tell
        self.open = True
        self.replays = False
        world.connections.append(self)

    def close(self) -> None:
        """By the terminal's side, or because power went; what is on its way arrives all the same."""
        self.open = False
        if self in self.world.connections:
            self.world.connections.remove(self)

    def die(self, says_so: bool) -> None:
        """By the acquirer's side."""
        if self.open and says_so:
            self.world.at(DELAY_MS, lambda: self._come_back(b""))
        else:
            self.tell = lambda data: None

    def write(self, request: bytes) -> None:
        """One whole frame leaves."""
        found = NUMBER.search(request)
        number = found[0].decode() if found else ""
        name = self.fault.name
        if name:
            self.terminal.meets(number, name)
        self.world.note(self.terminal, f"sends {len(request)} bytes {number} {name}", request)
        if self.terminal.forgers and is_sign_on(request):
            self.terminal.forgers.popleft().answer(self, request)
            return
        if name == "forged":
            self._forge(request)
        elif name == "spoiled" and decode(request).mac:
            request = request[:-1] + bytes([request[-1] ^ 1])
        if name in UNHEARD or (name == "forged" and self.fault.variant % 2):
            return
        is_early = not self.world.plan.early and self._is_early(request)
        for delay in self._arrivals():
            self.world.on_the_way += 1
            self.world.at(delay, lambda: self._arrive(request, is_early))

    def _arrivals(self) -> list[int]:
        name, variant = self.fault
        if name == "duplicated":
            return [DELAY_MS, DELAY_MS + variant % LATEST_MS]
        if name == "delayed":
            return [variant % (ANSWER_MS - 200)]
        return [self.fault.latest_ms] if name == "overtaken" else [DELAY_MS]

    def _is_early(self, request: bytes) -> bool:
        """It names a batch that is not open yet."""
        return int(decode(request).fields[60][2:8]) > self.world.acquirer.open_batch(self.terminal.name)

    def _arrive(self, request: bytes, was_early: bool) -> None:
        self.world.on_the_way -= 1
        if was_early and not self._is_early(request):
            return  # see Plan
        if not self.world.acquirer_is_up:
            found = NUMBER.search(request)
            self.terminal.meets(found[0].decode() if found else "", "acquirer restart")
            return
        try:
            replies = self.world.acquirer.answer(request, self.world.date) or []
        except BadMessage as error:  # only a fault of the firmware could make one
            self.world.wrong("unreadable", f"the acquirer cannot read a request: {error}")
            return
        for reply in replies:
            tap(self.terminal, reply.frame)
            is_other = self.fault.name == "other amount"
            self._answer(_with_other_amount(self.world.acquirer, request, reply.frame) if is_other else reply.frame)

    def _answer(self, frame: bytes) -> None:
        name, variant = self.fault
        older = self.terminal.older_answer
        if frame[TYPE] in BOOKINGS:  # a sign-on's or a query's, which comes between two sends, fits nothing
            self.terminal.older_answer = frame
        if name in UNANSWERED:
            if name == "hung up":
                self.later(DELAY_MS, b"")
            return
        delay = self.fault.latest_ms if name == "late answer" else DELAY_MS
        if (name == "older answer" or self.replays) and older:
            self.later(delay, older)
        if self.terminal.asks_sign_on:
            self.terminal.asks_sign_on, frame = False, asking(frame, SIGN_ON_WANTED)
        if name == "garbage":
            frame = _noise(variant)
        elif name == "bad mac":
            frame = frame[:-1] + bytes([frame[-1] ^ (1 << variant % 8)])
        elif name == "no mac":
            frame = _without_mac(frame)
        self.later(delay, frame)
        if name == "answer twice":
            self.later(delay + variant % 100, frame)

    def later(self, delay: int, data: bytes) -> None:
        """Bytes for the terminal, after a while."""
        self.world.at(delay, lambda: self._come_back(data))

    def _come_back(self, data: bytes) -> None:
        if not self.open:
            return
        self.world.note(self.terminal, f"hears {len(data)} bytes", data)
        part = self.fault.variant % 100 if self.fault.name else 0
        for piece in (data[:part], data[part:]) if 0 < part < len(data) else (data,):  # TCP parts where it likes
            self.tell(piece)

    def _forge(self, request: bytes) -> None:
        """Somebody on the way who has no key."""
        asked, variant = decode(request), self.fault.variant
        fields = {number: asked.fields[number] for number in ECHOED if number in asked.fields}
        fields |= {12: "101500", 13: "1122", 37: "112210150700", 38: "A1B2C3", 39: FORGED[variant % len(FORGED)]}
        mac = bytes(MAC_BYTES) if variant % 3 else asked.mac
        seal = (lambda signed: mac) if asked.mac and variant % 4 else None
        self.later(2 * DELAY_MS, encode(swap_tpdu(asked.tpdu), asked.answer_type, fields, seal))


def _noise(variant: int) -> bytes:
    """Bytes that are no frame: by turns with a length that fits and with none."""
    noise = random.Random(variant).randbytes(30 + variant % 40)
    return len(noise).to_bytes(2, "big") + noise if variant % 2 else b"\xff" + noise


def _with_other_amount(acquirer: Acquirer, request: bytes, frame: bytes) -> bytes:
    """An approval of one fen more, sealed by the acquirer itself."""
    asked, answer = decode(request), decode(frame)
    if answer.fields.get(39) != "00" or 4 not in answer.fields or 37 not in answer.fields:
        return frame
    fields = {**answer.fields, 4: f"{int(answer.fields[4]) + 1:012d}"}
    del fields[64]
    return encode(answer.tpdu, answer.type, fields, lambda signed: acquirer._keys.answer_mac(asked, signed))


def _without_mac(frame: bytes) -> bytes:
    answer = decode(frame)
    fields = {number: value for number, value in answer.fields.items() if number != 64}
    return encode(answer.tpdu, answer.type, fields, None)


class Network:
    """The Network port of one life of a terminal."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal, self.world = terminal, terminal.world
        self.changed = Event()
        self.streams: list[Stream] = []

    def is_up(self) -> bool:
        """Is the cable in?"""
        return self.terminal.network_is_up

    async def connect(self, host: str, port: int, tls: bool) -> Stream:
        """A Stream, or NotSent."""
        fault = self.terminal.next_fault()
        fails = fault.name == "no connection" or not self.world.acquirer_is_up
        await sleep_ms(CONNECT_MS if fails else DELAY_MS)
        if fails or not self.is_up() or not self.world.acquirer_is_up:
            self.terminal.meets_all(fault.name or "acquirer restart")
            raise NotSent("why.no_connection")
        stream = Stream(self.world, self.terminal, fault)
        self.streams.append(stream)
        return stream


class Stream:
    """The terminal's end of one connection."""

    def __init__(self, world: World, terminal: Terminal, fault: Fault) -> None:
        self.received: list[bytes] = []
        self.arrived = Event()
        self.clock, self.fault = terminal.clock, fault
        self.connection = Connection(world, terminal, fault, self._take)

    def _take(self, data: bytes) -> None:
        self.received.append(data)
        self.arrived.set()

    async def write(self, data: bytes) -> None:
        """Send; it does not wait."""
        self.connection.terminal.leaves(data)
        if self.fault.name == "memory" and self.fault.variant % 2:
            self.connection.terminal.meets_all("memory")
            raise MemoryError
        self.connection.write(bytes(data))

    async def read(self, ms: int) -> bytes | None:
        """What came, b"" when the connection has ended, None when nothing came in time."""
        if self.fault.name == "memory":
            raise MemoryError
        if not self.received:
            self.arrived.clear()
            if not await self.clock.wait(self.arrived, ms):
                return None
        return self.received.pop(0)

    def close(self) -> None:
        """Hang up."""
        self.connection.close()
