"""A ring of flash sectors that holds records, oldest first; docs/journal-format.md is its format.

Mounting only reads. What was open at a power cut is never appended to: the first write of a new life opens a fresh sector. A
sector is opened in five steps: the vault's key moves on, the sector is erased, its header written, what must not be lost with the
sector that leaves the window is copied, a SUMMARY is written. Until that stands the sector before it is the newest, and all that
was copied still stands where it was. So a cut at any of the steps loses nothing, and only one sector leaves at a time.

The log knows records, not money: which of them must stay it asks the `business`, the Journal.
"""

from array import array

from yuanlu import record as r
from yuanlu.compat import const, leave, visit
from yuanlu.errors import StoreDamaged, StoreFull
from yuanlu.refund import state as s
from yuanlu.store import summary
from yuanlu.store.chip import BadSector, Chip

MESSAGE = const(400)  # payload of an INTENT with the longest message of the profile
NOTE = const(40)  # the largest payload of a SENDING, RESULT or PRINTED


class Log:
    """Records on a Flash port. `terminal`: 4 bytes as an int; `seal`: crypto.seal.Seal, or what does as it does."""

    def __init__(self, flash, terminal, seal):
        least = 3 if flash.sector_size >= 65536 else 4
        if flash.sectors < least:
            raise StoreDamaged("flash: {} sectors, at least {} are needed".format(flash.sectors, least))
        self.flash = flash
        self.terminal = terminal
        self.seal = seal
        self.chip = Chip(flash)
        self.record = self.chip.record
        self.filter = summary.Filter(flash.sector_size)
        self.done_size = r.size(r.payload_length(s.SALE), flash.unit)
        # SENDING, the answer's record, and an INTENT of a clerk who works on meanwhile.
        self.exchange_room = r.size(NOTE, flash.unit) + self.done_size + r.size(MESSAGE, flash.unit)
        self.window = flash.sectors - 2 - flash.sectors // 16
        self.sequences = array("I", bytes(4 * flash.sectors))
        self.retired = []
        self.sequence = 0
        self.head = flash.sectors - 1
        self.tail = 0  # where the next record goes
        self.summary_at = 0  # where the newest sector's SUMMARY begins, from its start
        self.number = 1  # of the next record
        self.newest = (0, bytes(8))  # number and tag of the newest record
        self.lowest = self.unsure = 0
        self.sealed = True  # False: the newest sector was open when power went; nothing may be appended to it
        self.quiet = False  # True while an answer is awaited: some chips stop interrupts for an erase
        self.erased = None  # a sector erased ahead of its use
        self.after = self.unreadable = 0  # for BOOT: the last number read at power-up, and the torn bytes behind it
        self.damaged = False  # the last look-up met something that it could not read
        self.last = None  # (address, bytes) of the newest record, until the first write of this life has repeated it

    # ---- where things are

    def sector(self, sequence):
        """The sector with that sequence, or None."""
        if sequence <= 0:
            return None
        likely = (self.head - (self.sequence - sequence)) % self.flash.sectors
        if self.sequences[likely] == sequence:
            return likely
        for sector in range(self.flash.sectors):
            if self.sequences[sector] == sequence:
                return sector
        return None

    def oldest(self):
        """The lowest sequence of the window."""
        return max(1, self.sequence - self.window + 1)

    def record_at(self, place):
        """The record with that (number, address), or None; number 0 for none at all. The last one before a cut may be weak and
        read otherwise now: it is taken as the mount has read it."""
        if self.last is not None and place[1] == self.last[0]:
            record = self.record
            record.take(self.last[0], self.last[1])
        else:
            record = self.chip.read(place[1]) if place[0] else None
        return record if record is not None and record.number == place[0] else None

    def offset(self, address):
        """From the start of its sector."""
        return address % self.flash.sector_size

    def room(self):
        """Bytes left in the newest sector."""
        return (self.head + 1) * self.flash.sector_size - self.tail if self.sequence and self.head not in self.retired else 0

    def used(self):
        """Bytes of the newest sector, from its start to the end of its last record; without a record that may be weak, since
        it is repeated in the next sector."""
        end = self.tail if self.last is None else self.last[0]
        return end - self.head * self.flash.sector_size if self.sequence else 0

    # ---- writing

    def append(self, record_type, payload, check=None):
        """Write one record, read it back, return its number. Room was made before. check(record): may raise, nothing is written
        then."""
        size = r.size(len(payload), self.flash.unit)
        if not self.sealed or self.room() < size:
            raise StoreFull("append without make_room")
        self.record.fill(record_type, self.number, self.terminal, payload, self.seal.tag)
        if check:
            check(self.record)
        self.tail = self.chip.write(self.tail)
        self.filter.add(self.record)
        self.note(self.record)
        return self.newest[0]

    def note(self, record):
        """It is the newest record now."""
        self.newest = (record.number, record.tag())
        self.number = max(self.number, record.number + 1)

    def retire_head(self, business):
        """The newest sector did not keep a record: nothing more is written there. Another one is opened, if not now, then before
        the next record."""
        self._retire(self.head)
        if not self.quiet:
            self.open_next(business)

    def _retire(self, sector):
        self.retired.append(sector)
        self.erased = None

    def open_next(self, business):
        """Open the next sector of the ring."""
        if self.quiet:
            raise StoreFull("an erase while an answer is awaited")
        while not self.is_worn_out():
            sector = self._next_free()
            try:
                return self._open(visit("yuanlu.store.opening"), sector, business)
            except BadSector:
                self._retire(sector)
            finally:
                leave("yuanlu.store.opening")
        raise StoreDamaged("flash: {} sectors are worn out; the chip must be replaced".format(len(self.retired)))

    def is_worn_out(self):
        """The window and one sector to open no longer fit the sectors that are left."""
        return len(self.retired) > 1 + self.flash.sectors // 16

    def erase_ahead(self):
        """In idle time: erase the sector that is opened next, so that opening it takes no erase."""
        if self.sealed and not self.quiet and self.erased is None and not self.is_worn_out():
            sector = self._next_free()
            try:
                self._erase(sector)
            except BadSector:
                self._retire(sector)

    def _next_free(self):
        sector = (self.head + 1) % self.flash.sectors
        while sector in self.retired:
            sector = (sector + 1) % self.flash.sectors
        return sector

    def _erase(self, sector):
        """Erase it; its header then says how often it was."""
        found = self.chip.header(sector)
        self._erases = (found[1] if found else self.sequence // self.flash.sectors) + 1
        self.sequences[sector] = 0
        self.chip.erase(sector)
        self.erased = sector

    def _open(self, opening, sector, business):
        trace, batch, printed, pending = business.standing()
        sequence = self.sequence + 1
        # What the vault was not told to stand may be weak, and gone at the next look: it is not told now either.
        stands = min(self.sequence, self.seal.sequence)
        self.seal.advance(self.number, stands, trace, business.counters.boot, not pending)
        if self.erased != sector:
            self._erase(sector)
        self.erased = None
        self.chip.write_header(sector, sequence, self._erases, self.number)
        opening = opening.Opening(self, sector, sequence)
        opening.carry(business)
        fixed = (0, self.lowest, self.unsure, self.used(), self.summary_at, trace, batch, printed, len(self.retired))
        tail = summary.tail(self.filter.bits, self.retired, opening.addresses(business))
        opening.publish(r.encode(s.SUMMARY, fixed, tail))
        self.sequences[sector] = sequence
        self.head, self.sequence, self.tail, self.summary_at = sector, sequence, opening.tail, opening.summary_at
        self.filter = opening.filter
        self.sealed, self.last = True, None
        self.seal.stands(sequence)
        business.moved(opening.moves)
