"""A ring of flash sectors that holds records, oldest first. Write-once units: nothing is ever programmed twice.

Sectors are used in ring order. With n sectors, the newest n - 2 by sequence hold the journal; older ones are free. That a
sector is free is therefore never remembered, it is read from the headers.

Mounting only reads. What was open at a power cut is never appended to: the first write of a new life seals it by moving to
a fresh sector, and writes its last record there again, since a cut may have left it marginally programmed. A newest sector
that holds nothing but copies was being filled by a compaction: it is dropped, its originals still stand.
"""

from array import array

from yuanlu import record as r
from yuanlu.compat import const
from yuanlu.errors import StoreDamaged, StoreFull
from yuanlu.store import header

_ERASED = const(0xFF)


class Log:
    """Records on a Flash port. `tag(number, bytes)` is the sealer; `terminal` 4 bytes as an int."""

    def __init__(self, flash, terminal, tag):
        if flash.sectors < 4:
            raise StoreDamaged("flash: {} sectors, at least 4 are needed".format(flash.sectors))
        self.flash = flash
        self.terminal = terminal
        self.tag = tag
        self.record = r.Record(bytearray(r.size(r.LARGEST_PAYLOAD, flash.unit)))
        self._readback = bytearray(64)
        self._sequences = array("I", bytes(4 * flash.sectors))
        self._erases = array("I", bytes(4 * flash.sectors))
        self._counters = (0, 0, 0)
        self.sequence = 0
        self.head = flash.sectors - 1
        self.tail = 0  # first free byte of the head sector
        self.number = 1  # of the next record
        self.newest = (0, bytes(8))  # number and tag of the newest record
        self.sealed = True  # False: the head was open when power went; nothing may be appended to it
        self.quiet = False  # True while an answer is awaited: some chips stop interrupts for an erase
        self.stuck = False  # a compaction could not be finished: nothing more is written in this life
        self._opened = 0  # sectors opened since the last record that is no copy; with a third the first spare's work is lost
        self._last_address = 0

    # ---- reading

    def mount(self, apply):
        """Read the headers and every record; `apply(record)` is called oldest first. Reads only."""
        for sector in range(self.flash.sectors):
            self._read_header(sector)
        self._find_head()
        for record in self.records():
            if not record.copy or record.number >= self.number:
                self._note(record)
            apply(record)
        self.sealed = self.sequence == 0

    def _find_head(self):
        """The newest sector; one that holds no record but copies is dropped, what it copied still stands."""
        while max(self._sequences):
            self.sequence = max(self._sequences)
            self.head = self._sector(self.sequence) or 0
            if self._committed(self.head):
                return
            self._sequences[self.head] = 0
            # Should nothing be left, the ring begins with this sector: its header must not stay beside a new one like it.
            self.head = (self.head - 1) % self.flash.sectors
        self.sequence = 0

    def _sector(self, sequence):
        """The sector with that sequence, or None."""
        for sector in range(self.flash.sectors):
            if sequence and self._sequences[sector] == sequence:
                return sector
        return None

    def _committed(self, sector):
        return any(not record.copy for record in self.in_sector(sector))

    def _read_header(self, sector):
        """Note the sector's sequence, 0 when it has no valid header, and the counters it saw."""
        view = self.record.view[: header.LENGTH]
        self.flash.read_into(sector * self.flash.sector_size, view)
        found = header.decode(view, self.flash.unit)
        if found is None:
            self._sequences[sector] = 0
            return
        self._sequences[sector], self._erases[sector], first = found[:3]
        self.number = max(self.number, first)
        self._counters = tuple([max(pair) for pair in zip(self._counters, found[3:])])

    def high_water(self):
        """(trace, batch, boot): the largest that any sector header has seen."""
        return self._counters

    def records(self):
        """Every record, oldest sector first, in the one reused Record. Decode before you go on."""
        lowest = max(1, self.sequence - self.flash.sectors + 3)
        for sequence in range(lowest, self.sequence + 1):
            sector = self._sector(sequence)
            if sector is not None:
                yield from self.in_sector(sector)

    def in_sector(self, sector):
        """The records of one sector, in the one reused Record."""
        start = sector * self.flash.sector_size
        address = start + header.size(self.flash.unit)
        end = start + self.flash.sector_size
        while address + r.OVERHEAD + 8 <= end:
            record = self.read(address, end)
            if record is not None:
                size = r.size(record.length, self.flash.unit)
                yield record
                address += size
                continue
            if self._blank():
                return
            # Torn by a cut, or damaged since: look for the next record, unit by unit.
            address += self.flash.unit

    def _blank(self):
        return all(byte == _ERASED for byte in self.record.view[: r.HEAD])

    def read(self, address, end=None):
        """The Record at `address`, or None when no whole record begins there."""
        record = self.record
        if end is None:
            end = (address // self.flash.sector_size + 1) * self.flash.sector_size
        self.flash.read_into(address, record.view[: r.HEAD])
        if not record.head_is_plausible() or address + r.OVERHEAD + record.length > end:
            return None
        rest = record.view[r.HEAD : r.OVERHEAD + record.length]
        self.flash.read_into(address + r.HEAD, rest)
        if not record.check():
            return None
        record.address = address
        return record

    # ---- writing

    def append(self, record_type, payload):
        """Write one record, read it back, return its number."""
        size = r.size(len(payload), self.flash.unit)
        if not self.sealed or self.room() < size:
            raise StoreFull("append without make_room")
        number = self.number
        self.record.fill(record_type, number, self.terminal, payload, self.tag)
        self._write(size)
        self._opened = 0
        self._note(self.record)
        return number

    def room(self):
        """Bytes left in the head sector."""
        return self.flash.sector_size - self.tail if self.sequence else 0

    def make_room(self, size, kept, counters):
        """See to it that `size` bytes can be appended without an erase.

        kept(sector) gives the addresses of what a compaction of that sector must carry; counters: (trace, batch, boot) for
        the header. Returns True when this was the first write of this life.
        """
        if self.stuck:
            raise StoreFull("journal: a compaction could not be finished")
        first = not self.sealed
        if first:
            self._seal(kept, counters)
        while self.room() < size:
            self._advance(kept, counters)
        return first

    def _seal(self, kept, counters):
        last = self._last_address
        self._advance(kept, counters)
        self.sealed = True
        if last and self.read(last) is not None and self.room() >= r.size(self.record.length, self.flash.unit):
            self._copy()

    def _advance(self, kept, counters):
        """Open the next sector and carry what must stay from the one that leaves the window by that. What does not fit goes
        on in the second spare, which pushes one more sector out: it is carried too."""
        if self.quiet:
            raise StoreFull("an erase while an answer is awaited")
        self.stuck = True  # until all that must stay is carried: nothing may push the window on before
        addresses = self._open_next(kept, counters)
        while addresses:
            if self.read(addresses[0]) is None:
                raise StoreDamaged("journal: the record at {} can no longer be read".format(addresses[0]))
            if self.room() >= r.size(self.record.length, self.flash.unit):
                self._copy()
                addresses.pop(0)
                continue
            addresses += self._open_next(kept, counters)
        self.stuck = False

    def _open_next(self, kept, counters):
        """Erase the next sector of the ring and write its header; what must be carried from the sector that leaves the window."""
        if self._opened == 2:
            raise StoreFull("journal: what must stay fits no two sectors")
        leaving = self._sector(max(0, self.sequence + 1 - (self.flash.sectors - 2)))
        addresses = [] if leaving is None else kept(leaving)
        sector = (self.head + 1) % self.flash.sectors
        self.flash.erase(sector)
        self._sequences[sector] = self.sequence + 1
        self._erases[sector] += 1
        self._write_header(sector, counters)
        self.head, self.sequence = sector, self.sequence + 1
        self._opened += 1
        self.tail = header.size(self.flash.unit)
        return addresses

    def _write_header(self, sector, counters):
        data = header.encode(self.flash.unit, self.sequence + 1, self._erases[sector], self.number, counters)
        self.flash.program(sector * self.flash.sector_size, data)

    def _copy(self):
        """Append the record in the buffer once more, as a copy with its number and tag."""
        self.record.mark_copy()
        self._write(r.size(self.record.length, self.flash.unit))

    def _write(self, size):
        record = self.record
        used = r.OVERHEAD + record.length
        for at in range(used, size):
            record.buffer[at] = _ERASED
        address = self.head * self.flash.sector_size + self.tail
        self.tail += size
        self.flash.program(address, record.view[:size])
        self._verify(address, used)
        record.address = address

    def _verify(self, address, size):
        chunk = memoryview(self._readback)
        for at in range(0, size, len(chunk)):
            part = chunk[: min(len(chunk), size - at)]
            self.flash.read_into(address + at, part)
            if part != self.record.view[at : at + len(part)]:
                raise StoreDamaged("flash: sector {} did not keep what was written".format(self.head))

    def _note(self, record):
        self.newest = (record.number, record.tag())
        self.number = max(self.number, record.number + 1)
        self._last_address = record.address
