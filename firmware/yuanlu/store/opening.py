"""A sector while it is being filled: what must not be lost with the sector that leaves is copied, then a SUMMARY is written.

Where the business finds its records changes only once that SUMMARY stands.
"""

from hashlib import sha256

from yuanlu import record as r
from yuanlu.errors import StoreFull
from yuanlu.refund import state as s
from yuanlu.store import summary
from yuanlu.store.history import choose, used


class Opening:
    """Of `sector`, which gets that sequence and has its header."""

    def __init__(self, log, sector, sequence):
        self.log, self.chip = log, log.chip
        self.tail = self.chip.first(sector)
        self.end = (sector + 1) * log.flash.sector_size
        self.leaving = log.sector(sequence - log.window)
        self.staying = [log.sector(other) for other in range(sequence - log.window + 1, sequence)]
        self.filter = summary.Filter(log.flash.sector_size)
        self.copied = sha256()  # over the copies so far: the SUMMARY is sealed together with it
        self.moves = []  # (record number, new address); None: it can no longer be read

    def carry(self, business):
        """Copy what must stay of the sector that leaves, and the last record written before a cut, which may be weak."""
        size = self.log.flash.sector_size
        # Not only of the one that leaves: one whose header cannot be read any more leaves without being missed.
        for number, address, _ in business.addresses():
            if address // size not in self.staying:
                self._copy(business, number, address)
        if self.log.last is not None and not self._has(self.log.newest[0]):
            self.log.record.take(*self.log.last)
            self._write_copy()
        if self.leaving is not None:
            self._carry_history(business)

    def _has(self, number):
        return any(number == other for other, _ in self.moves)

    def _copy(self, business, number, address):
        if self.log.record_at((number, address)) is None:
            self.log.unsure = self.log.number
            business.report("record {} cannot be read".format(number))
            self.moves.append((number, None))
        else:
            self._write_copy()

    def _carry_history(self, business):
        log, size = self.log, self.log.flash.sector_size
        tail = len(self.filter.bits) + 2 * len(log.retired) + 4 * len(business.addresses())
        room = self.end - self.tail - r.size(r.payload_length(s.SUMMARY, tail), log.flash.unit) - log.exchange_room
        if not log.sealed:
            room -= r.size(r.payload_length(s.BOOT), log.flash.unit)
        log.lowest = choose(log, self.leaving, min(room, size * 4 // 5) // log.done_size)
        for record in self.chip.records(self.leaving, used(log, log.sequence + 1 - log.window)):
            taken = record.type in (s.SALE, s.REFUND) and record.original >= log.lowest
            if taken and not self._has(record.number):
                self._write_copy()
        if self.chip.damage:
            log.unsure = log.number

    def _write_copy(self):
        record = self.log.record
        record.mark_copy()
        self._write()
        self.copied.update(record.sealed())
        self.filter.add(record)
        self.moves.append((record.number, record.address))

    def addresses(self, business):
        """Where the records that the business rests on will be once this sector counts."""
        moved, places = {}, []
        for number, address in self.moves:
            moved[number] = address
        for number, address, mark in business.addresses():
            address = moved.get(number, address)
            if address is not None:
                places.append(address | mark)
        return places

    def publish(self, payload):
        """Write the SUMMARY: from now on the sector counts."""
        log = self.log
        copied = self.copied.digest()

        def tag(number, data):
            return log.seal.tag(number, bytes(data) + copied)

        log.record.fill(s.SUMMARY, log.number, log.terminal, payload, tag)
        self.summary_at = log.offset(self.tail)
        self._write()
        log.note(log.record)

    def _write(self):
        if self.tail + r.size(self.log.record.length, self.log.flash.unit) > self.end:
            raise StoreFull("journal: what is unsettled fits no sector")
        self.tail = self.chip.write(self.tail)
