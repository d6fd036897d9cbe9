"""Small honest stand-ins for a board's parts. They run on both runtimes, on virtual time.

On CPython the own loop counts its time by itself; on MicroPython asyncio is given one as the emulator's boards do it, so that
half a minute of silence costs nothing and a wait that nobody ends fails at once.
"""

import json
import sys

from raises import raises
from yuanlu import record as r
from yuanlu.boards.virtual_time import drive
from yuanlu.compat import TimeoutError, create_task, sleep_ms, visit, wait_for_ms
from yuanlu.config import Config
from yuanlu.crypto.aes import ecb
from yuanlu.crypto.cmac import cmac
from yuanlu.crypto.dukpt import Keys, loaded
from yuanlu.crypto.seal import Seal, provisioned
from yuanlu.desk import Desk
from yuanlu.errors import NotSent
from yuanlu.forwarder import Forwarder
from yuanlu.link.channel import Channel
from yuanlu.refund import state as s
from yuanlu.refund.codes import APPROVALS, Codes
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, Draft
from yuanlu.store import history
from yuanlu.store.journal import Journal
from yuanlu.tables import Tables
from yuanlu.ui.words import Words
from yuanlu.wire import iso8583
from yuanlu.wire.messages import Answer

try:
    from yuanlu.loop import loop
except ImportError:  # MicroPython: no loop of our own is built in

    class loop:
        """The time, as CPython's loop has it."""

        now = 0

    def _idle(ms):
        if ms < 0:
            raise RuntimeError("deadlock: every task waits and no timer is armed")
        loop.now += ms

    drive(_idle, lambda: loop.now)

INITIAL_KEY = bytes(range(0x10))
KEY_ID = b"test-key"
APPROVED = Answer(b"00", 0, b"112210150700", b"A1B2C3", 1122, 101500)
SETTINGS = {
    "terminal": "YL000001",
    "merchant": "YUANLU000000001",
    "tpdu": "6000030000",
    "header": "603100000000",
    "host": "acquirer.test",
    "shop": "Shop",
    "repeat": "replays",
    "epoch": 1,
    "port": 8583,
    "answer_ms": 30_000,
    "base_ms": 1000,
    "cap_ms": 60_000,
    "budget": 6,
    "open_limit": 8,
    "query": 0,
    "ask_ms": 60_000,
    "old_batches": 1,
    "date_only": 0,
    "offline_count": 32,
    "offline_amount": 99_999_999,
    "wallet_accepts": 1,
    "wallet_days": 365,
    "wallet_parts": 50,
    "wallet_gap_s": 60,
    "wallet_asks": "60 300 600 1200 1800",
    "wallet_no": "14 51 54 61 62 65",
}


def stay(*names):
    """Visits of these modules that do not end: for a file that plays thousands of lives, where each visit would read the module
    anew from a file and collect. The other files leave and come again as a device does."""
    for name in names:
        visit(name)


def walk(counter, initial_key=INITIAL_KEY, key_id=KEY_ID):
    """The transaction key of a counter as a host finds it: one derivation for each one-bit, from the left."""
    key, prefix = initial_key, 0
    for at in range(31, -1, -1):
        if counter >> at & 1:
            prefix |= 1 << at
            key = _derived(key, 0x8000, key_id, prefix)
    return key


def _derived(key, usage, key_id, counter):
    return ecb(key, b"\1\1" + usage.to_bytes(2, "big") + b"\0\2\0\x80" + key_id[4:] + counter.to_bytes(4, "big"))


def keys_at(counter):
    """The Keys of that counter as the host has them."""
    keys = [_derived(walk(counter), usage, KEY_ID, counter) for usage in (0x2000, 0x2001, 0x3000)]
    return Keys(KEY_ID + counter.to_bytes(4, "big"), *keys)


def keys_of(request):
    """The host's Keys for a request, by the KSN that it names."""
    private = iso8583.decode(request[13:])[1][57]
    at = 2 + private[1] if private[0] == 1 else 0
    assert bytes(private[at : at + 10]) == b"\2\x0c" + KEY_ID, "no KSN of this terminal"
    return keys_at(int.from_bytes(private[at + 10 : at + 14], "big"))


# How far an operation gets when power goes during it: nothing, one byte, half, all but one byte, all but the answer.
REACHES = (
    lambda size: 0,
    lambda size: min(1, size),
    lambda size: size // 2,
    lambda size: size - 1,
    lambda size: size,
)


def reaches(operation):
    """The reaches to try at an operation: all of them on CPython; on MicroPython, which is slower, one, another each time."""
    return range(len(REACHES)) if sys.implementation.name == "cpython" else (operation % len(REACHES),)


def cut_everywhere(flash, vault, least, work):
    """Do `work(flash, vault)` again and again from what is there now, with a cut at each of its operations, `least` of them or
    more; (operation, reach) each time that power is back."""
    before, places, start = flash.snapshot(), dict(vault.places), flash.operations
    work(flash, vault)
    count = flash.operations - start
    assert count >= least, count
    for operation in range(1, count + 1):
        for reach in reaches(operation):
            flash.restore(before)
            vault.places = dict(places)
            flash.cut = (operation, reach)
            with raises(PowerCut):
                work(flash, vault)
            flash.power_on()
            yield operation, reach


def settings(**changes):
    """The Config of a terminal, with changes. Thousands of lives ask for the same one: it is read once."""
    values = dict(SETTINGS)
    values.update(changes)
    text = json.dumps(values)
    if text not in _read:
        _read[text] = Config(text)
    return _read[text]


_read = {}


def beside(name):
    """The path of a file of the repository, found by this one's."""
    return __file__[: __file__.rindex("/")] + "/../../" + name


def _find_tables():
    """The tables.bin of the built firmware; it lies in a folder of the path, or in the build beside it."""
    for folder in sys.path:
        for name in (folder + "/tables.bin", folder + "/../build/firmware/tables.bin"):
            try:
                with open(name, "rb") as file:
                    return Tables(memoryview(file.read()))
            except OSError:
                pass
    raise OSError("no tables.bin on the path")


TABLES = _find_tables()


def octets(text):
    """Bytes from hex digits; blanks part what belongs together."""
    return bytes.fromhex(text.replace(" ", "").replace("\n", ""))


class Random:
    """The same draws on both runtimes: a linear congruential generator (Numerical Recipes, 32 bits)."""

    def __init__(self, seed):
        self.state = seed

    def below(self, count):
        self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self.state >> 8) % count

    def pick(self, items):
        return items[self.below(len(items))]


_ONES = b"\xff" * 64


class PowerCut(BaseException):
    """Power went; nothing the firmware does catches it."""


class MisusedFlash(Exception):
    """What a real chip punishes: a unit programmed twice, or a sector used whose erase did not end."""


class NorFlash:
    """Erase sets a sector to ones, program clears bits, once per unit. Power can go during the operation `cut` names.

    cut: (number of operations from now on, reach of REACHES).
    """

    def __init__(self, sectors=6, sector_size=4096, unit=16):
        self.sectors, self.sector_size, self.unit = sectors, sector_size, unit
        self.data = bytearray(sectors * sector_size)
        self._to_ones(0, len(self.data))
        self.usable = [True] * sectors
        self.used = bytearray(sectors * sector_size // unit)
        self.operations = self.erases = 0
        self.cut = None
        self.dark = False
        self.vault = Vault()  # of the terminal that this chip is in

    def power_on(self):
        """Power is back; no cut is planned."""
        self.dark, self.cut = False, None

    def snapshot(self):
        """Chip and vault as they are, for `restore`."""
        return bytes(self.data), bytes(self.used), list(self.usable), dict(self.vault.places), self.vault.count

    def restore(self, image):
        """Back to a snapshot, with power."""
        self.data[:], self.used[:], self.usable = image[0], image[1], list(image[2])
        self.vault.places, self.vault.count = dict(image[3]), image[4]
        self.power_on()

    def read_into(self, address, buffer):
        if self.dark:
            raise PowerCut
        if not 0 <= address <= address + len(buffer) <= len(self.data):
            raise MisusedFlash("read of {} bytes at {}".format(len(buffer), address))
        buffer[:] = self.data[address : address + len(buffer)]

    def program(self, address, data):
        first, last = address // self.unit, (address + len(data)) // self.unit
        if address % self.unit or len(data) % self.unit or not self.usable[address // self.sector_size]:
            raise MisusedFlash("program of {} bytes at {}".format(len(data), address))
        if address // self.sector_size != (address + len(data) - 1) // self.sector_size:
            raise MisusedFlash("program over the end of a sector, at {}".format(address))
        if any(self.used[first:last]):
            raise MisusedFlash("second program of a unit, at {}".format(address))
        reach = self._reach(len(data))
        if self.data[address : address + reach] == b"\xff" * reach:
            self.data[address : address + reach] = data[:reach]
        else:  # a worn place: bits can be cleared, not set
            for at in range(reach):
                self.data[address + at] &= data[at]
        for unit in range(first, first + -(-reach // self.unit)):
            self.used[unit] = 1
        self._end()

    def erase(self, sector):
        start, size = sector * self.sector_size, self.sector_size
        reach = self._reach(size)
        self._to_ones(start, reach)
        self.usable[sector] = reach == size
        if reach == size:
            for unit in range(start // self.unit, (start + size) // self.unit):
                self.used[unit] = 0
        self.erases += 1
        self._end()

    def _to_ones(self, start, size):
        for at in range(start, start + size, len(_ONES)):
            part = min(len(_ONES), start + size - at)
            self.data[at : at + part] = _ONES[:part]

    def _reach(self, size):
        if self.dark:
            raise PowerCut
        self.operations += 1
        if self.cut is not None:
            count, reach = self.cut
            self.cut = (count - 1, reach)
            if count == 1:
                self.dark = True
                return REACHES[reach](size)
        return size

    def _end(self):
        if self.dark:
            raise PowerCut


class Clock:
    """The Clock port on virtual time; the date, `now`, stands still."""

    now: object = (20261122, 101507, 1)

    def ticks_ms(self):
        return loop.now

    def deadline(self, ms):
        return loop.now + ms

    def diff_ms(self, later, earlier):
        return later - earlier

    def date(self):
        return self.now

    async def sleep_ms(self, ms):
        await sleep_ms(ms)

    async def wait(self, event, ms):
        if ms < 0:
            return await event.wait()
        try:
            return await wait_for_ms(event.wait(), ms)
        except TimeoutError:
            return False


PROVISIONED = {2: provisioned(bytes(range(32)), bytes(16)), 4: loaded(INITIAL_KEY, KEY_ID)}


class Vault:
    """Provisioned with test keys; every draw is the largest, so that a wait is never luck."""

    def __init__(self):
        self.count = 0
        self.places = dict(PROVISIONED)

    def load(self, place):
        return self.places.get(place, b"")

    def store(self, place, data):
        self.places[place] = bytes(data)

    def random(self, count):
        self.count += 1
        return self.count.to_bytes(count, "big")

    def draw(self, largest):
        return largest


class Card:
    """What a reader gives: first 6 and last 4, a fingerprint, an encrypted block."""

    def __init__(self):
        self.road = 0
        self.number = b"6228484890"
        self.fingerprint = bytes(range(8))
        self.block = bytes(range(0x80, 0x80 + 47))


class Display:
    """The smallest screen; keeps the last rows it was shown, and how many there were."""

    columns = 30
    rows = 10

    def __init__(self):
        self.shown = []
        self.count = 0

    def show(self, row, data):
        self.shown = self.shown[-1:] + [(row, bytes(data))]
        self.count += 1


class Road:
    """A road that does what its script says, connection after connection.

    A str in the script is NotSent for that reason. A list is what comes back once something was written: bytes, None for
    time that runs out, b"" for a line that closes, or a function that makes the bytes from the request.
    """

    def __init__(self, *script):
        self.script = list(script)
        self.sent = []
        self.connects = self.open = 0
        self.before_connect = lambda: None

    async def connect(self):
        self.connects += 1
        self.before_connect()
        turn = self.script.pop(0) if self.script else "why.no_connection"
        if isinstance(turn, str):
            raise NotSent(turn)
        self.open += 1
        return Stream(self, list(turn))


class Stream:
    """One connection of a Road."""

    def __init__(self, road, chunks):
        self.road = road
        self.chunks = chunks

    async def write(self, data):
        self.road.sent.append(bytes(data))

    async def read(self, ms):
        chunk = self.chunks.pop(0) if self.chunks else None
        if chunk is None:
            await sleep_ms(ms)
        return chunk(self.road.sent[-1]) if callable(chunk) else chunk

    def close(self):
        self.road.open -= 1


def answer_to(request, code=b"00", key=None, **changes):
    """The frame of an acquirer's answer; `key`: another one than the request's KSN calls for; `changes`: f4="000000000001" puts
    another value into a field, None leaves it out."""
    message_type, asked = iso8583.decode(request[13:])
    fields = {number: asked[number] for number in (3, 4, 11, 25, 41, 42, 48, 49, 60) if number in asked}
    fields[12], fields[13], fields[39] = "101500", "1122", code
    if code in APPROVALS and message_type in ("0200", "0220", "0600"):
        fields[37], fields[38] = APPROVED.rrn, APPROVED.approval
    for name in changes:
        fields[int(name[1:])] = changes[name]
    rows = [(number, fields[number]) for number in sorted(fields) if fields[number] is not None]
    answer_type = "{:04d}".format(int(message_type) + 10)
    if 64 in asked:
        body = iso8583.encode(answer_type, rows + [(64, bytes(8))])[:-8]
        body += cmac(key or keys_of(request).answer, request[-8:] + body)[:8]
    else:  # sign-on and echo
        body = iso8583.encode(answer_type, rows)
    content = request[2:3] + request[5:7] + request[3:5] + request[7:13] + body
    return len(content).to_bytes(2, "big") + content


def answering(code=b"00", **changes):
    """For the script of a Road: that answer to whatever was asked."""
    return lambda request: answer_to(request, code, **changes)


def no_seal(number, data):
    """The sealer of a journal that is not sealed."""
    return bytes(8)


def record_of(number, record_type, values, tail=b""):
    """One Record in a buffer of its own."""
    record = r.Record(bytearray(r.LARGEST))
    record.fill(record_type, number, 1, r.encode(record_type, values, tail), no_seal)
    return record


def intent_of(number, original=0, kind=KIND_SALE, amount=10_000, batch=1, trace=0):
    """The values of an INTENT; without `original` it is a sale's."""
    return (
        number,
        original or number,
        kind,
        amount,
        batch,
        trace or number,
        20261122,
        101507,
        1,
        0,
        0,
        0,
        b"6228484890",
        bytes(8),
    )


def mounted(flash):
    """A Journal over that chip, as after power-up."""
    journal = Journal(flash, 1, Seal(flash.vault))
    journal.mount()
    return journal


def every_record(journal):
    """All that the window holds, oldest sector first, in the one Record."""
    return history.records(journal.log)


def numbers_of(transactions):
    """Their numbers, in their order."""
    return [transaction.number for transaction in transactions]


def types_in(journal):
    """How many records of each type stand in the journal, by type."""
    count = [0] * 20
    for record in every_record(journal):
        if not record.copy:
            count[record.type] += 1
    return count


class Terminal:
    """Journal, desk and forwarder over a chip and roads, as app.py puts them together. A new one is a new life."""

    def __init__(self, flash=None, roads=(), **changes):
        self.flash = flash or NorFlash()
        self.config = settings(**changes)
        self.clock, self.vault = Clock(), self.flash.vault
        self.words = Words(TABLES)
        self.journal = mounted(self.flash)
        self.desk = Desk(self.journal, self.config, self.vault, self.clock)
        self.channel = Channel(list(roads), self.clock)
        codes = Codes(TABLES)
        self.forwarder = Forwarder(self.desk, self.channel, codes, self.vault, self.clock, self.config)

    def sell(self, amount=10_000, ending=s.DONE):
        """A sale that went all its way."""
        return self.settle(self.desk.open(Draft(KIND_SALE, amount, card=Card())), ending)

    def refund(self, sale, amount, ending=None):
        """A refund; queued without an `ending`."""
        refund = self.desk.open(Draft(KIND_REFUND, amount, original=sale.number))
        return refund if ending is None else self.settle(refund, ending)

    def settle(self, transaction, verdict, answer=APPROVED):
        """Send and answer by hand."""
        self.desk.sending(transaction, 1)
        self.desk.note(transaction, verdict, None if verdict == s.SILENT else answer)
        return transaction


class running:
    """`with running(forwarder.run):` beside the test; the task ends with the block."""

    def __init__(self, start):
        self.task = create_task(start())

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        error = getattr(self.task, "error", None)  # on MicroPython the loop has printed it
        if error is not None and kind is None:
            raise error
        self.task.cancel()
