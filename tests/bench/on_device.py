"""What `make bench` measures on MicroPython: `micropython on_device.py MEASURE [ARGUMENT...]` prints its figures as JSON.

The journal and VfsLfs2 work on the same simulated chip. Model time is what its erases and programs take (ERASE_MS, PAGE_MS for
each page of 256 bytes that a program touches); reads are counted in bytes. docs/performance.md says what each figure means.
"""

import gc
import json
import sys
from time import ticks_diff, ticks_us

from chips import Bare, Blocks, Meter
from parts import Terminal, Vault, every_record
from yuanlu import record as r
from yuanlu.crypto.hmac import hmac_sha256
from yuanlu.crypto.seal import Seal
from yuanlu.refund import state as s
from yuanlu.store.journal import Journal
from yuanlu.store.log import Log

RECORDS = 1000
TRANSACTIONS = 334
PAYLOAD = 120


class NothingOpen:
    """The business of a log whose transactions are all settled: nothing to carry."""

    def __init__(self):
        self.counters = self
        self.boot = 1

    def standing(self):
        return 0, 1, 0, False

    def addresses(self):
        return []

    def moved(self, moves):
        pass


def put(log, record_type, payload):
    """One record, in a new sector when this one is full."""
    if log.room() < r.size(len(payload), log.flash.unit):
        log.open_next(NothingOpen())
    log.append(record_type, payload)


def intent():
    """A payload of 120 bytes: what follows the fixed fields is the message."""
    return r.encode(s.INTENT, (1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 0, b"", b""), bytes(PAYLOAD - r.payload_length(s.INTENT)))


# ---- cost on flash


def appends(sectors, unit, idle=""):
    """1 000 records, one after the other; idle: "ahead" lets the log erase ahead between two of them."""
    chip = Meter(sectors, unit)
    log, payload, each = Log(chip, 1, Seal(chip.vault)), intent(), []
    for _ in range(RECORDS):
        before = chip.ms, chip.bytes_read
        put(log, s.INTENT, payload)
        each.append((chip.ms - before[0], chip.bytes_read - before[1]))
        if idle:
            log.erase_ahead()
    return {"counts": chip.counts(), "each": each}


def lives(sectors, unit, done=""):
    """334 transactions: INTENT, SENDING, and RESULT, or with `done` the REFUND that is complete in itself."""
    chip = Meter(sectors, unit)
    log = Log(chip, 1, Seal(chip.vault))
    last = s.REFUND if done else s.RESULT
    rows = (s.INTENT, intent()), (s.SENDING, bytes(r.payload_length(s.SENDING))), (last, bytes(r.payload_length(last)))
    for _ in range(TRANSACTIONS):
        for record_type, payload in rows:
            put(log, record_type, payload)
    return {"counts": chip.counts(), "payloads": [len(payload) for _, payload in rows]}


def _littlefs(sectors, unit):
    from vfs import VfsLfs2, mount

    chip = Meter(sectors, unit)
    blocks = Blocks(chip)
    VfsLfs2.mkfs(blocks, readsize=unit, progsize=unit, lookahead=32)
    mount(VfsLfs2(blocks, readsize=unit, progsize=unit, lookahead=32, mtime=False), "/bench")
    chip.zero()
    return chip


def littlefs_appends(sectors, unit):
    """One file that stays open, each record written and flushed."""
    chip, each = _littlefs(sectors, unit), []
    with open("/bench/journal", "wb") as file:
        for number in range(RECORDS):
            before = chip.ms, chip.bytes_read
            file.write(_content(number, PAYLOAD))
            file.flush()
            each.append((chip.ms - before[0], chip.bytes_read - before[1]))
        counts = chip.counts()
    return {"counts": counts, "each": each}


def littlefs_lives(sectors, unit, *sizes):
    """One small file for each transaction, written whole when it begins, is sent and has its result; sizes: bytes in the file."""
    chip = _littlefs(sectors, unit)
    for number in range(TRANSACTIONS):
        for size in sizes:
            with open(f"/bench/{number}", "wb") as file:
                file.write(_content(number + size, size))
    return {"counts": chip.counts()}


def _content(seed, size):
    return bytes([(seed * 7 + at) & 0xFF for at in range(size)])


def exchanges(sectors, unit):
    """Whole sales and refunds through the desk, each with its slip, by fives, on a ring that has wrapped."""
    chip, rounds, told = Meter(sectors, unit), 40, {"sale": [0] * 6, "refund": [0] * 6}
    till = Terminal(chip, open_limit=32)

    def counted(kind, work):
        chip.zero()
        done = work()
        till.desk.printed(done)
        till.journal.log.erase_ahead()
        told[kind] = [a + b / (5 * rounds) for a, b in zip(told[kind], chip.counts())]
        return done

    while chip.erased < 2 * sectors:
        till.desk.printed(till.sell())
        till.journal.log.erase_ahead()
    for _ in range(rounds):
        for sale in [counted("sale", till.sell) for _ in range(5)]:
            counted("refund", lambda sale=sale: till.refund(sale, 100, s.DONE))
    return told


# ---- a full ring, made beforehand


def _ring(path, sectors, unit):
    """A Meter over the chip and vault that lie in a file."""
    chip = Meter(sectors, unit)
    with open(path, "rb") as file:
        file.readinto(chip.data)
        for place in (2, 3):
            chip.vault.places[place] = file.read(72)
    return chip


def mounting(path, sectors, unit):
    """Power-up: bytes read, microseconds of the interpreter, heap bytes held afterwards."""
    chip = _ring(path, sectors, unit)
    Journal(chip, _terminal(), Seal(chip.vault)).mount()  # once before: names are interned, modules are there
    gc.collect()
    before = gc.mem_alloc()
    chip.zero()
    began = ticks_us()
    journal = Journal(chip, _terminal(), Seal(chip.vault))
    journal.mount()
    took, read = ticks_diff(ticks_us(), began), chip.bytes_read
    gc.collect()
    held = gc.mem_alloc() - before
    return {"read": read, "us": took, "held": held, "live": len(journal.live), "trouble": journal.trouble}


def _terminal():
    return 1


def look_ups(path, sectors, unit, asked):
    """Each question, asked of a full ring: bytes read, microseconds, how much was found. asked: a file of questions."""
    chip, figures = _ring(path, sectors, unit), {}
    journal = Terminal(chip, open_limit=32).journal

    def last_20(sale):
        return len(journal.sales(20))

    def by_trace(sale):
        return _finds(sale, journal.sales(20, trace=sale["trace"]))

    def by_rrn(sale):
        return _finds(sale, journal.sales(20, rrn=sale["rrn"].encode()))

    def by_day_and_amount(sale):
        return _finds(sale, journal.sales(20, date=sale["date"], amount=sale["amount"]))

    def by_last_four(sale):
        return _finds(sale, journal.sales(20, last_four=sale["last_four"].encode()))

    def what_is_left(sale):
        return sale["amount"] - journal.spent(sale["number"]) == sale["left"]

    def full_scan(sale):
        return sum([1 for record in every_record(journal) if record.type == s.SALE and record.transaction == sale["number"]])

    with open(asked) as file:
        sales = json.load(file)
    for ask in (last_20, by_trace, by_rrn, by_day_and_amount, by_last_four, what_is_left, full_scan):
        chip.zero()
        gc.collect()
        began = ticks_us()
        missed = [sale["number"] for sale in sales if not ask(sale)]
        took = ticks_diff(ticks_us(), began)
        figures[ask.__name__] = {"read": chip.bytes_read / len(sales), "us": took / len(sales), "missed": missed}
    return figures


def _finds(sale, found):
    return any(other.number == sale["number"] for other in found)


# ---- time of the processor


def seal_and_append(unit):
    """Microseconds of one HMAC of 64 bytes, of one record made, sealed, written and read back, and of opening a sector: the
    least of 200 rounds. Nothing is collected meanwhile, and the first round after a collection, which looks for free memory
    from the start of the heap, is never the least."""
    log, payload = Log(Bare(8, unit), 1, Seal(Vault())), intent()
    key, message = bytes(range(32)), bytes(64)
    best = {"hmac": 1e9, "append": 1e9, "opening": 1e9}

    def least(name, work, count):
        began = ticks_us()
        for _ in range(count):
            work()
        best[name] = min(best[name], ticks_diff(ticks_us(), began) / count)

    for turn in range(200):
        if turn % 5 == 0:
            gc.collect()
        least("opening", lambda: log.open_next(NothingOpen()), 1)
        count = log.room() // r.size(PAYLOAD, unit)
        least("hmac", lambda: hmac_sha256(key, message), count)
        least("append", lambda: log.append(s.INTENT, payload), count)
    return best


def main(measure, *arguments):
    """Call it; numbers among the arguments are numbers."""
    print(json.dumps(globals()[measure](*[int(text) if text.isdigit() else text for text in arguments])))


main(*sys.argv[1:])
