"""The emulated board: its ports, each a thin front of a part at the other end of the pipe. Time is one of the parts."""

import gc
from os import getenv
from struct import pack, unpack_from

from yuanlu.boards import pipe_emulator as p
from yuanlu.boards.lines_emulator import Inbox, Network, SerialPort
from yuanlu.boards.virtual_time import Clock, drive
from yuanlu.compat import const, run
from yuanlu.errors import Refused

_KEYS_AHEAD = const(32)
_LOGGED = const(8)  # lines that stay for a technician
_COLLECT_EVERY = const(8192)  # bytes allocated: a heap that is let run full scatters what stays over all of it


class Flash:
    """NOR: `unit` bytes a program, `sectors` of `sector_size`. Its regions, one behind the other: journal, training,
    settings, slots of firmware."""

    def __init__(self, pipe, region=0):
        self.pipe = pipe
        found = unpack_from("<HIHHHH", pipe.ask(p.GEOMETRY), 0)
        self.unit, self.sector_size = found[:2]
        self.first = sum(found[2 : 2 + region]) * self.sector_size
        self.sectors = found[2 + region]

    def read_into(self, address, buffer):
        buffer[:] = self.pipe.ask(p.FLASH_READ, pack("<IH", self.first + address, len(buffer)))

    def program(self, address, data):
        self.pipe.ask(p.FLASH_PROGRAM, pack("<I", self.first + address), data)

    def erase(self, sector):
        self.pipe.ask(p.FLASH_ERASE, pack("<I", self.first + sector * self.sector_size))


class Vault:
    """Places of bytes that power cuts spare or tear, and randomness."""

    def __init__(self, pipe):
        self.pipe = pipe

    def load(self, place):
        """What was stored there; b"" when nothing was."""
        return bytes(self.pipe.ask(p.VAULT_READ, bytes((place,))))

    def store(self, place, data):
        self.pipe.ask(p.VAULT_WRITE, bytes((place,)), data)

    def random(self, count):
        return bytes(self.pipe.ask(p.RANDOM, bytes((count,))))

    def draw(self, largest):
        """A random int of 0 to `largest` (below 2^24)."""
        return int.from_bytes(self.random(3), "little") * (largest + 1) >> 24


class Display:
    columns = const(30)
    rows = const(10)

    def __init__(self, pipe):
        self.pipe = pipe

    def show(self, row, data):
        self.pipe.ask(p.DISPLAY, bytes((row,)), data)


class Keypad:
    def __init__(self):
        self.inbox = Inbox()

    def post(self, key):
        """A key from elsewhere: CARD, REFRESH. A person cannot type faster than this many."""
        items = self.inbox.items
        if len(items) < _KEYS_AHEAD and not (key == "REFRESH" and key in items):
            self.inbox.put(key)

    def clear(self):
        """Forget what a person has pressed."""
        items = self.inbox.items
        items[:] = [key for key in items if key in ("REFRESH", "SERVICE")]

    async def key(self):
        return await self.inbox.get()


class Card:
    """road: 0 a card, 1 a wallet's code; number: first 6 and last 4 digits; fingerprint: keyed, 8 bytes; block: encrypted by
    the reader for the acquirer."""

    def __init__(self, data):
        self.road = data[0]
        self.number = bytes(data[1:11])
        self.fingerprint = bytes(data[11:19])
        self.block = bytes(data[19:])


class Reader:
    def __init__(self):
        self.waiting = False
        self.presented = None

    def arm(self):
        """Forget what was presented before; from now on a card counts."""
        self.waiting = True
        self.presented = None

    def present(self, card):
        """The hardware saw a card."""
        self.waiting, self.presented = False, card

    def card(self):
        """The card presented since `arm`, once; or None."""
        card, self.presented = self.presented, None
        return card


class Scanner(Reader):
    """Reads QR codes. A board without one has None in its place."""

    def text(self):
        """What was scanned since `arm`, once; or None."""
        return self.card()


class Printer:
    def __init__(self, pipe):
        self.pipe = pipe

    def print(self, *pieces):
        """The whole slip as ESC/POS (see ui.paper), or Refused when no paper is in."""
        if self.pipe.ask(p.PRINT, *pieces)[0]:
            raise Refused("refused.no_paper")


class Board:
    """All ports of the emulated terminal. `standing`: of the firmware that runs, "" when it is in force (see loader)."""

    name = "emulator"  # as bundles of firmware have it

    def __init__(self, pipe, tables_path, standing=""):
        self.pipe = pipe
        self.standing = standing
        self.tables_path = tables_path
        self.logged = []
        self.clock = Clock(pipe)
        self.flash = Flash(pipe)
        self.training = Flash(pipe, 1)
        self.vault = Vault(pipe)
        self.display = Display(pipe)
        self.keypad = Keypad()
        self.reader = Reader()
        self.scanner = Scanner()
        self.printer = Printer(pipe)
        self.network = Network(pipe, self.clock)
        self.serial = SerialPort(pipe)
        drive(self.idle, self.clock.ticks_ms)

    def shelf(self):
        """The Flash that the signed settings stand on."""
        return Flash(self.pipe, 2)

    def firmware(self):
        """The Flash that firmware is brought to."""
        return Flash(self.pipe, 3)

    def restart(self):
        """Start anew, as after a power cut."""
        self.pipe.ask(p.RESTART)

    def tables(self):
        with open(self.tables_path, "rb") as file:
            try:
                return memoryview(file)  # a file in ROM is its own memory
            except TypeError:
                return memoryview(file.read())

    def log(self, text):
        self.logged = self.logged[1 - _LOGGED :] + [text]
        self.pipe.ask(p.LOG, text.encode())

    def failed(self, name, error):
        """A task died: its traceback goes to the emulator's log."""
        self.log("task {} failed: {}: {}".format(name, type(error).__name__, error))

    def idle(self, ms):
        """Wait, and hand out what happened meanwhile."""
        self.take(self.pipe.ask(p.WAIT, pack("<i", ms)))

    def take(self, events):
        """Hand out events to the parts they concern."""
        at = 0
        while at < len(events):
            kind, length = unpack_from("<BH", events, at)
            self._event(kind, events[at + 3 : at + 3 + length])
            at += 3 + length

    def _report_heap(self):
        """What is alive on the heap, and what is free, in bytes."""
        gc.collect()
        self.pipe.ask(p.HEAP, pack("<II", gc.mem_alloc(), gc.mem_free()))

    def _event(self, kind, data):
        if kind == p.KEY:
            self.keypad.post(str(data, "ascii"))
        elif kind == p.SERIAL_DATA:
            self.serial.inbox.put(data)
        elif kind == p.CABLE:
            self.network.up = bool(data[0])
            self.network.changed.set()
        elif kind == p.MEASURE:
            self._report_heap()
        elif kind == p.CARD:
            if self.reader.waiting:
                self.reader.present(Card(data))
                self.keypad.post("CARD")
        elif kind == p.SCAN:
            if self.scanner.waiting:
                self.scanner.present(str(data, "utf-8"))
                self.keypad.post("REFRESH")
        elif data[0] in self.network.streams:
            inbox = self.network.streams[data[0]].inbox
            inbox.put(b"opened" if kind == p.NET_OPENED else data[1:] if kind == p.NET_DATA else b"")


def start():
    """Called by main.py."""
    from sys import maxsize

    gc.threshold(_COLLECT_EVERY << (maxsize > 1 << 31))  # 64-bit words take twice the room
    board = Board(p.Pipe(int(getenv("YUANLU_PIPE"))), getenv("YUANLU_TABLES"), getenv("YUANLU_STANDING") or "")
    from yuanlu.app import main

    run(main(board))
