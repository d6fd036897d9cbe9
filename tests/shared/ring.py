"""A Log with the smallest Business that it can have: records are counted, and some are never settled."""

from yuanlu import record as r
from yuanlu.crypto.seal import Seal
from yuanlu.refund import state as s
from yuanlu.store import history, mount
from yuanlu.store.counters import Counters
from yuanlu.store.log import Log

NOTE = 120  # payload of the records of these tests


class Business:
    """What a Log asks of a journal: `wanted` are the numbers of records that nothing settles."""

    def __init__(self, wanted=()):
        self.counters = Counters()
        self.wanted = wanted
        self.places = {}  # number: address
        self.applied, self.trouble = 0, []

    def begin(self, trace, batch, printed):
        self.counters.seen(trace, batch)

    def report(self, what):
        self.trouble.append(what)

    def standing(self):
        return self.counters.trace, self.counters.batch, 0, bool(self.places)

    def addresses(self):
        return [(number, self.places[number], 0) for number in sorted(self.places)]

    def moved(self, moves):
        for number, address in moves:
            if number in self.places:
                self.places[number] = address

    def resume(self, record, is_original):
        self.places[record.number] = record.address

    def apply(self, record):
        if record.copy:
            self.moved([(record.number, record.address)])
            return
        self.applied += 1
        if record.number in self.wanted:
            self.places[record.number] = record.address


def opened(flash, wanted=()):
    """A mounted Log and its Business."""
    log, business = Log(flash, 1, Seal(flash.vault)), Business(wanted)
    mount.mount(log, business)
    return log, business


def put(log, business, value=0):
    """Append one WITHDRAWN with this operator; its number."""
    while not log.sealed or log.room() < r.size(NOTE, log.flash.unit):
        log.open_next(business)
    payload = bytearray(NOTE)
    payload[8] = value & 0xFF
    number = log.append(s.WITHDRAWN, payload)
    business.apply(log.record)
    return number


def values(log):
    """(number, operator) of every record of these tests, in order; one that stands twice counts once."""
    found = []
    for record in history.records(log):
        if record.type == s.WITHDRAWN:
            pair = (record.number, record.body().operator)
            if pair not in found:
                found.append(pair)
    return found


def fill(log, business, sequence):
    """Append until that sector is open and has no more room; (number, value) of all that was put."""
    told = []
    while log.sequence < sequence or log.room() >= r.size(NOTE, log.flash.unit):
        told.append((put(log, business, len(told)), len(told) & 0xFF))
    return told
