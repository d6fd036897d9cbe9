"""The serial bridge: carries acquirer frames between a terminal's line and a TCP connection (docs/wire.md, section 3).

`Bridge` decides and touches nothing: events and the time go in, actions come out. It never asks to send a frame to the acquirer
twice, however late a repeat comes within the last 64 sessions. All times are in milliseconds, from any start.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from host_tools.yuanluctl.hdlc import Deframer, Frame, frame

ACQUIRER = 1
HERE, OPEN, OPENED, FAILED, DATA, ACK, CLOSED = range(1, 8)
HERE_MS, RESEND_MS, IDLE_MS = 2000, 500, 120_000
MOST_RESENDS = 5
SHORTEST, LONGEST = 20, 1024
MOST_WAITING = 16  # answers for the terminal; an acquirer that sends more at once is not talking to a payment terminal
MOST_REMEMBERED = 64  # ended sessions
LONGEST_REASON = 200  # characters


@dataclass(frozen=True)
class WriteSerial:
    """Put these bytes on the serial line."""

    data: bytes


@dataclass(frozen=True)
class Connect:
    """Connect to the acquirer; what then happens to this connection is reported with its number."""

    connection: int


@dataclass(frozen=True)
class SendUpstream:
    """Send these bytes to the acquirer, on the latest connection."""

    data: bytes


@dataclass(frozen=True)
class CloseUpstream:
    """Close the latest connection or give up the attempt to make it; comes exactly once for every Connect."""


@dataclass(frozen=True)
class Log:
    """Something a person may want to read, without message contents; `event` is one word for programs."""

    event: str
    text: str
    session: int = 0


Action = WriteSerial | Connect | SendUpstream | CloseUpstream | Log


@dataclass
class _Session:
    number: int
    connection: int
    touched: int  # when the terminal or the acquirer last gave a sign
    connected: bool = False
    gone: str = ""  # why there is no acquirer any more; answers may still be on their way to the terminal
    taken: int = 0  # DATA from the terminal
    inbound: bytearray = field(default_factory=bytearray)
    answers: deque[bytes] = field(default_factory=deque)  # the first is in flight while resend_due is set
    delivered: int = 0
    resends: int = 0
    resend_due: int | None = None


class Bridge:
    """One terminal on one line; every input returns what to do now, in this order. Give `tick` the time at `next_due`."""

    def __init__(self, now: int) -> None:
        self._deframer = Deframer()
        self.dropped = self._deframer.dropped  # frames of the line, by reason
        self._session: _Session | None = None
        self._connections = 0
        self._here_due = now
        self._ended: dict[int, WriteSerial] = {}  # what an ended session is told; the oldest is forgotten first
        self._handlers = {OPEN: self._on_open, DATA: self._on_data, ACK: self._on_ack, CLOSED: self._on_closed}

    def next_due(self) -> int:
        """Return when `tick` has something to do, if nothing else happens before."""
        session = self._session
        if session is None:
            return self._here_due
        idle = session.touched + IDLE_MS
        return idle if session.resend_due is None else min(idle, session.resend_due)

    def tick(self, now: int) -> list[Action]:
        """Do what is due: HERE, an answer again, or the end of a session that has gone quiet."""
        session = self._session
        if session is None:
            if now < self._here_due:
                return []
            self._here_due = now + HERE_MS
            return [_write(HERE, 0)]
        if now >= session.touched + IDLE_MS:
            return self._end(now, session, CLOSED, f"nothing happened for {IDLE_MS // 1000} s")
        if session.resend_due is None or now < session.resend_due:
            return []
        if session.resends == MOST_RESENDS:
            return self._end(now, session, CLOSED, "the terminal does not acknowledge the answer")
        session.resends += 1
        session.resend_due = now + RESEND_MS
        return [_write(DATA, session.number, session.delivered, session.answers[0])]

    def serial_received(self, now: int, data: bytes) -> list[Action]:
        """Take bytes from the line, in any pieces, with any damage."""
        actions: list[Action] = []
        for received in self._deframer.feed(data):
            # The technician's channel is not served here, and no session is ever 0.
            if received.channel == ACQUIRER and received.session and received.kind in self._handlers:
                actions += self._handlers[received.kind](now, received)
        return actions

    def upstream_connected(self, now: int, connection: int) -> list[Action]:
        """The connection asked for has been made."""
        session = self._on_connection(connection)
        if session is None or session.connected:
            return []
        session.connected = True
        return [_write(OPENED, session.number), Log("opened", "the acquirer is connected", session.number)]

    def upstream_failed(self, now: int, connection: int, reason: str) -> list[Action]:
        """The connection asked for cannot be made; ignored once it has been made."""
        session = self._on_connection(connection)
        if session is None or session.connected:
            return []
        return self._end(now, session, FAILED, reason)

    def upstream_received(self, now: int, connection: int, data: bytes) -> list[Action]:
        """Take bytes from the acquirer, in any pieces; a frame length outside 20 to 1024 closes the connection."""
        session = self._on_connection(connection)
        if session is None or not session.connected:
            return []
        session.touched = now
        session.inbound += data
        while len(session.inbound) >= 2:
            length = int.from_bytes(session.inbound[:2], "big")
            if not SHORTEST <= length <= LONGEST or len(session.answers) == MOST_WAITING:
                return self._lose_upstream(now, session, "the acquirer sends what is no answer")
            if len(session.inbound) < 2 + length:
                break
            session.answers.append(bytes(session.inbound[: 2 + length]))
            del session.inbound[: 2 + length]
        return self._go_on(now, session)

    def upstream_closed(self, now: int, connection: int) -> list[Action]:
        """The acquirer, or the way to it, has closed the connection."""
        session = self._on_connection(connection)
        return [] if session is None else self._lose_upstream(now, session, "the acquirer has closed the connection")

    def stop(self, now: int) -> list[Action]:
        """End what is open; for a bridge that is switched off on purpose."""
        return [] if self._session is None else self._end(now, self._session, CLOSED, "the bridge stops")

    def _on_open(self, now: int, received: Frame) -> list[Action]:
        if received.session in self._ended:
            # A late repeat. To connect again would let repeats of this session's DATA out a second time.
            return [self._ended[received.session]]
        session = self._session
        if session is not None and session.number == received.session:
            session.touched = now
            return [_write(OPENED, session.number)] if session.connected and not session.gone else []
        actions = self._end(now, session, CLOSED, "the terminal has begun another session", tell=False) if session else []
        self._connections += 1
        self._session = _Session(received.session, self._connections, now)
        return [*actions, Log("connecting", "the terminal asks for the acquirer", received.session), Connect(self._connections)]

    def _on_data(self, now: int, received: Frame) -> list[Action]:
        session = self._session
        if session is None or session.number != received.session:
            return [_write(CLOSED, received.session)]
        session.touched = now
        behind = (session.taken - received.sequence) & 0xFF
        if 0 < behind <= min(session.taken, 128):
            return [_write(ACK, session.number, received.sequence)]
        if behind or not session.connected or session.gone or not _is_whole(received.body):
            return [Log("ignored", f"DATA {received.sequence} is not the next whole frame or finds no acquirer", session.number)]
        session.taken += 1
        return [
            SendUpstream(received.body),
            _write(ACK, session.number, received.sequence),
            Log("sent", f"{len(received.body)} bytes to the acquirer", session.number),
        ]

    def _on_ack(self, now: int, received: Frame) -> list[Action]:
        session = self._session
        if session is None or session.resend_due is None:
            return []
        if (received.session, received.sequence) != (session.number, session.delivered):
            return []
        session.touched, session.resend_due = now, None
        session.delivered = (session.delivered + 1) & 0xFF
        done = Log("delivered", f"{len(session.answers.popleft())} bytes to the terminal", session.number)
        return [done, *self._go_on(now, session)]

    def _on_closed(self, now: int, received: Frame) -> list[Action]:
        session = self._session
        if session is None or session.number != received.session:
            return []
        return self._end(now, session, CLOSED, "the terminal has closed the session", tell=False)

    def _on_connection(self, connection: int) -> _Session | None:
        """Return the session if it still has this connection; what an older one brings is too late."""
        session = self._session
        return session if session is not None and session.connection == connection and not session.gone else None

    def _go_on(self, now: int, session: _Session) -> list[Action]:
        """Put the next answer on the line; end a session that has neither answers nor an acquirer left."""
        if session.resend_due is None and session.answers:
            session.resends, session.resend_due = 0, now + RESEND_MS
            return [_write(DATA, session.number, session.delivered, session.answers[0])]
        if session.resend_due is None and session.gone:
            return self._end(now, session, CLOSED, session.gone)
        return []

    def _lose_upstream(self, now: int, session: _Session, reason: str) -> list[Action]:
        """Keep the session until the answers that did arrive are delivered: CLOSED before them would make them silence."""
        if not session.connected:
            return self._end(now, session, FAILED, reason)
        session.gone = reason
        return [CloseUpstream(), *self._go_on(now, session)]

    def _end(self, now: int, session: _Session, kind: int, reason: str, tell: bool = True) -> list[Action]:
        self._session, self._here_due = None, now + HERE_MS
        body = reason[:LONGEST_REASON].encode("utf-8", "replace") if kind == FAILED else b""
        last_word = self._ended[session.number] = _write(kind, session.number, 0, body)
        if len(self._ended) > MOST_REMEMBERED:
            del self._ended[next(iter(self._ended))]
        actions: list[Action] = [] if session.gone else [CloseUpstream()]
        actions += [last_word] if tell else []
        return [*actions, Log("failed" if kind == FAILED else "closed", reason, session.number)]


def _write(kind: int, session: int, sequence: int = 0, body: bytes = b"") -> WriteSerial:
    return WriteSerial(frame(ACQUIRER, kind, session, sequence, body))


def _is_whole(body: bytes) -> bool:
    length = int.from_bytes(body[:2], "big")
    return SHORTEST <= length <= LONGEST and len(body) == 2 + length
