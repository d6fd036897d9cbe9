"""The road to the acquirer over the serial line and the bridge on its other end. docs/wire.md section 3.

Each connect is a session of its own. OPEN is answered before anything is sent, so a dead bridge or a dead acquirer behind a
live bridge is NotSent; from the first DATA on, whatever goes wrong is Silence.
"""

from yuanlu.compat import Event, const
from yuanlu.errors import NotSent, Silence
from yuanlu.wire import serial

_RESEND_MS = const(500)
_SENDS = const(6)  # once and five times again
_OPEN_TRIES = const(3)
_ALIVE_MS = const(7000)  # a bridge says HERE every 2 s
_UPSTREAM_MS = const(6000)  # the bridge gives up on the acquirer after 5 s


class SerialLine:
    """Given the Serial port (`write(data)`, `async read() -> bytes`), the Clock and Vault ports."""

    def __init__(self, port, clock, vault):
        self.port = port
        self.clock = clock
        self.vault = vault
        self.service = lambda frame: None  # takes the frames of the technician's channel
        self.deframer = serial.Deframer()
        self.session = 0
        self.appeared = Event()  # a bridge shows itself after none was there
        self._seen = None  # when the last word from a bridge came, ms ticks
        self.arrived = Event()
        self.opened = None  # None: no word yet, True: OPENED, False: FAILED
        self.acked = -1
        self.expected = 0
        self.received = []
        self.closed = False

    async def run(self):
        """Take in what the line brings, for ever."""
        while True:
            for frame in self.deframer.feed(await self.port.read()):
                if frame.channel == serial.ACQUIRER:
                    self._take(frame)
                elif frame.channel == serial.SERVICE:
                    self.service(frame)

    def _take(self, frame):
        if not self.is_there():
            self.appeared.set()
        self._seen = self.clock.ticks_ms()
        if frame.kind == serial.HERE:
            return
        if frame.session != self.session or self.session == 0:
            return
        if frame.kind in (serial.OPENED, serial.FAILED):
            self.opened = frame.kind == serial.OPENED
        elif frame.kind == serial.ACK:
            self.acked = frame.sequence
        elif frame.kind == serial.CLOSED:
            self.closed = True
        elif frame.kind == serial.DATA:
            self._write(serial.ACK, frame.sequence)
            if frame.sequence == self.expected:
                self.expected = (self.expected + 1) & 0xFF
                self.received.append(frame.body)
        self.arrived.set()

    def is_there(self):
        """A bridge was heard not long ago."""
        return self._seen is not None and self.clock.diff_ms(self.clock.ticks_ms(), self._seen) < _ALIVE_MS

    def _write(self, kind, sequence, body=b""):
        self.port.write(serial.frame(serial.ACQUIRER, kind, self.session, sequence, body))

    async def _until(self, done, ms):
        """Wait until `done()` or `ms` are over; tells which."""
        deadline = self.clock.deadline(ms)
        while not done():
            left = self.clock.diff_ms(deadline, self.clock.ticks_ms())
            self.arrived.clear()
            if left <= 0 or not await self.clock.wait(self.arrived, left):
                return done()
        return True

    async def connect(self):
        """A Stream over a new session, or NotSent."""
        self.session = int.from_bytes(self.vault.random(4), "big") or 1
        self.opened, self.acked, self.expected, self.closed = None, -1, 0, False
        self.received.clear()
        for attempt in range(_OPEN_TRIES + _UPSTREAM_MS // _RESEND_MS):
            if attempt >= _OPEN_TRIES and not self.is_there():
                break  # nobody is on the line; a bridge that shows itself may still be connecting
            self._write(serial.OPEN, 0)
            if await self._until(lambda: self.opened is not None or self.closed, _RESEND_MS):
                break
        if self.opened:
            return SerialStream(self)
        self.session = 0
        raise NotSent("why.no_bridge" if self.opened is None else "why.bridge_no_acquirer")


class SerialStream:
    """One session of the line, as a Stream."""

    def __init__(self, line):
        self.line = line
        self.sequence = 0

    async def write(self, data):
        """Send one frame and see it acknowledged; Silence when it is not."""
        line, sequence = self.line, self.sequence
        self.sequence = (sequence + 1) & 0xFF
        for _ in range(_SENDS):
            line._write(serial.DATA, sequence, data)
            if await line._until(lambda: line.acked == sequence or line.closed, _RESEND_MS):
                break
        if line.acked != sequence:
            raise Silence("why.line_closed" if line.closed else "why.no_answer")

    async def read(self, ms):
        """The next bytes, b"" when the session is closed, None when time ran out."""
        line = self.line
        if not await line._until(lambda: line.received or line.closed, ms):
            return None
        return line.received.pop(0) if line.received else b""

    def close(self):
        """End the session."""
        if not self.line.closed:
            self.line._write(serial.CLOSED, 0)
        self.line.session = 0
