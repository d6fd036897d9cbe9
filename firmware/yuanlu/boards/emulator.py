"""The emulated board. Every part is at the other end of one blocking pipe; time is one of the parts.

    request  u8 operation | u32 length | bytes          answer  u32 now (ms) | u32 length | bytes

The wait of an idle terminal is the request WAIT(i32 ms): its answer brings what happened, as events u8 kind | u16 length
| bytes. All little-endian. docs/emulator.md lists the operations.
"""

from os import getenv
from struct import pack, unpack_from

from yuanlu.boards.virtual_time import drive
from yuanlu.compat import Event, TimeoutError, const, run, sleep_ms, wait_for_ms
from yuanlu.errors import NotSent, Refused

WAIT = const(1)
FLASH_READ = const(2)
FLASH_PROGRAM = const(3)
FLASH_ERASE = const(4)
VAULT_READ = const(5)
DISPLAY = const(7)
PRINT = const(8)
NET_OPEN = const(10)
NET_WRITE = const(11)
NET_CLOSE = const(12)
SERIAL_WRITE = const(13)
RANDOM = const(14)
DATE = const(15)
CONFIG = const(16)
LOG = const(17)
GEOMETRY = const(18)

KEY = const(1)
CARD = const(2)
CABLE = const(3)
NET_OPENED = const(4)
NET_FAILED = const(5)
NET_DATA = const(6)
NET_CLOSED = const(7)
SERIAL_DATA = const(8)

_REQUEST_KEY = const(0)
_ANSWER_KEY = const(1)
_CONNECT_MS = const(10_000)
_KEYS_AHEAD = const(32)


class Pipe:
    """Requests to the emulator, one at a time. `now` is the time of the last answer."""

    def __init__(self, descriptor):
        self.stream = open(descriptor, "r+b", buffering=0)
        self.head = bytearray(8)
        self.now = 0

    def ask(self, operation, *parts):
        """Send and return the answer's bytes."""
        stream = self.stream
        stream.write(pack("<BI", operation, sum([len(part) for part in parts])))
        for part in parts:
            stream.write(part)
        self._read(self.head)
        self.now, length = unpack_from("<II", self.head, 0)
        answer = bytearray(length)
        self._read(answer)
        return answer

    def _read(self, buffer):
        if len(buffer) and self.stream.readinto(buffer) != len(buffer):
            raise SystemExit  # the emulator is gone


class Flash:
    """NOR: `unit` bytes a program, `sectors` of `sector_size`."""

    def __init__(self, pipe):
        self.pipe = pipe
        self.unit, self.sectors, self.sector_size = unpack_from("<HHI", pipe.ask(GEOMETRY), 0)

    def read_into(self, address, buffer):
        buffer[:] = self.pipe.ask(FLASH_READ, pack("<IH", address, len(buffer)))

    def program(self, address, data):
        self.pipe.ask(FLASH_PROGRAM, pack("<I", address), data)

    def erase(self, sector):
        self.pipe.ask(FLASH_ERASE, pack("<I", sector * self.sector_size))


class Vault:
    """Keys and randomness. Until DUKPT is in place: one fixed test key each way."""

    def __init__(self, pipe):
        self.pipe = pipe

    def next_mac_key(self):
        return bytes(self.pipe.ask(VAULT_READ, bytes((_REQUEST_KEY,))))

    def response_key(self):
        return bytes(self.pipe.ask(VAULT_READ, bytes((_ANSWER_KEY,))))

    def random(self, count):
        return bytes(self.pipe.ask(RANDOM, bytes((count,))))

    def draw(self, largest):
        """A random int of 0 to `largest` (below 2^24)."""
        return int.from_bytes(self.random(3), "little") * (largest + 1) >> 24


class Clock:
    """Milliseconds since power-up, and the date with its quality (1: trusted)."""

    def __init__(self, pipe):
        self.pipe = pipe

    def ticks_ms(self):
        return self.pipe.now

    def deadline(self, ms):
        return self.pipe.now + ms

    def diff_ms(self, later, earlier):
        return later - earlier

    def date(self):
        """(yyyymmdd, hhmmss, quality)"""
        return unpack_from("<IIB", self.pipe.ask(DATE), 0)

    async def sleep_ms(self, ms):
        await sleep_ms(ms)

    async def wait(self, event, ms):
        """True once `event` is set, False after `ms` (negative: no limit)."""
        if ms < 0:
            return await event.wait()
        try:
            return await wait_for_ms(event.wait(), ms)
        except TimeoutError:
            return False


class Inbox:
    """What an event source brought, in order."""

    def __init__(self):
        self.items = []
        self.filled = Event()

    def put(self, item):
        self.items.append(item)
        self.filled.set()

    async def get(self):
        while not self.items:
            self.filled.clear()
            await self.filled.wait()
        return self.items.pop(0)


class Display:
    columns = const(30)
    rows = const(10)

    def __init__(self, pipe):
        self.pipe = pipe

    def show(self, row, data):
        self.pipe.ask(DISPLAY, bytes((row,)), data)


class Keypad:
    def __init__(self):
        self.inbox = Inbox()

    def post(self, key):
        """A key from elsewhere: CARD, REFRESH. A person cannot type faster than this many."""
        items = self.inbox.items
        if len(items) < _KEYS_AHEAD and not (key == "REFRESH" and key in items):
            self.inbox.put(key)

    async def key(self):
        return await self.inbox.get()


class Card:
    """number: first 6 and last 4 digits; fingerprint: keyed, 8 bytes; block: encrypted by the reader for the acquirer."""

    def __init__(self, data):
        self.number = bytes(data[:10])
        self.fingerprint = bytes(data[10:18])
        self.block = bytes(data[18:])


class Reader:
    def __init__(self):
        self.waiting = False
        self.presented = None

    def arm(self):
        """Forget what was presented before; from now on a card counts."""
        self.waiting, self.presented = True, None

    def card(self):
        """The card presented since `arm`, once; or None."""
        card, self.presented = self.presented, None
        return card


class Printer:
    def __init__(self, pipe):
        self.pipe = pipe

    def print(self, text):
        """The whole slip, or Refused when no paper is in."""
        if self.pipe.ask(PRINT, text.encode())[0]:
            raise Refused("refused.no_paper")


class Stream:
    """One TCP connection."""

    def __init__(self, network, handle):
        self.network = network
        self.handle = handle
        self.inbox = Inbox()

    async def write(self, data):
        self.network.pipe.ask(NET_WRITE, bytes((self.handle,)), data)

    async def read(self, ms):
        inbox = self.inbox
        if not inbox.items:
            inbox.filled.clear()
            if not await self.network.clock.wait(inbox.filled, ms):
                return None
        return inbox.items.pop(0)

    def close(self):
        self.network.streams.pop(self.handle, None)
        self.network.pipe.ask(NET_CLOSE, bytes((self.handle,)))


class Network:
    def __init__(self, pipe, clock):
        self.pipe = pipe
        self.clock = clock
        self.up = False
        self.changed = Event()
        self.streams = {}
        self.handle = 0

    def is_up(self):
        return self.up

    async def connect(self, host, port, tls):
        """A Stream, or NotSent."""
        self.handle = self.handle % 255 + 1
        stream = self.streams[self.handle] = Stream(self, self.handle)
        self.pipe.ask(NET_OPEN, pack("<BH", self.handle, port), host.encode())
        if await stream.read(_CONNECT_MS) != b"opened":
            stream.close()
            raise NotSent("why.no_connection")
        return stream


class SerialPort:
    def __init__(self, pipe):
        self.pipe = pipe
        self.inbox = Inbox()

    def write(self, data):
        self.pipe.ask(SERIAL_WRITE, data)

    async def read(self):
        return await self.inbox.get()


class Board:
    """All ports of the emulated terminal."""

    def __init__(self, pipe, tables_path):
        self.pipe = pipe
        self.tables_path = tables_path
        self.clock = Clock(pipe)
        self.flash = Flash(pipe)
        self.vault = Vault(pipe)
        self.display = Display(pipe)
        self.keypad = Keypad()
        self.reader = Reader()
        self.printer = Printer(pipe)
        self.network = Network(pipe, self.clock)
        self.serial = SerialPort(pipe)
        drive(self.idle, self.clock.ticks_ms)

    def config(self):
        return str(self.pipe.ask(CONFIG), "utf-8")

    def tables(self):
        with open(self.tables_path, "rb") as file:
            return memoryview(file.read())

    def log(self, text):
        self.pipe.ask(LOG, text.encode())

    def failed(self, name, error):
        """A task died: its traceback goes to the emulator's log."""
        self.log("task {} failed: {}: {}".format(name, type(error).__name__, error))

    def idle(self, ms):
        """Wait, and hand out what happened meanwhile."""
        self.take(self.pipe.ask(WAIT, pack("<i", ms)))

    def take(self, events):
        """Hand out events to the parts they concern."""
        at = 0
        while at < len(events):
            kind, length = unpack_from("<BH", events, at)
            self._event(kind, events[at + 3 : at + 3 + length])
            at += 3 + length

    def _event(self, kind, data):
        if kind == KEY:
            self.keypad.post(str(data, "ascii"))
        elif kind == SERIAL_DATA:
            self.serial.inbox.put(data)
        elif kind == CABLE:
            self.network.up = bool(data[0])
            self.network.changed.set()
        elif kind == CARD:
            if self.reader.waiting:
                self.reader.waiting, self.reader.presented = False, Card(data)
                self.keypad.post("CARD")
        elif data[0] in self.network.streams:
            inbox = self.network.streams[data[0]].inbox
            inbox.put(b"opened" if kind == NET_OPENED else data[1:] if kind == NET_DATA else b"")


def start():
    """Called by main.py."""
    from yuanlu.app import main

    run(main(Board(Pipe(int(getenv("YUANLU_PIPE"))), getenv("YUANLU_TABLES"))))
