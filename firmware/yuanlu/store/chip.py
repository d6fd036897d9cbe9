"""Sectors of records on a Flash port: reading them with what is unreadable counted, and writing with a read-back."""

from yuanlu import record as r
from yuanlu.compat import const
from yuanlu.errors import YuanluError
from yuanlu.store import header

_FIRST = const(112)  # bytes that are read of a record before its length is known: all of it for most, since a read has its cost
_AT_ONCE = const(256)
_ONES = b"\xff" * _AT_ONCE


class BadSector(YuanluError):
    """The sector did not keep what was written, or does not erase."""


class Chip:
    """One Record, reused from record to record, stands for what was read or is to be written."""

    def __init__(self, flash):
        self.flash = flash
        self.record = r.Record(bytearray(r.size(r.LARGEST, flash.unit)))
        self._chunk = memoryview(bytearray(64))
        self.end = 0  # after `records`: where the last record ends
        self.damage = 0  # after `records`: bytes that should be records and are not

    def first(self, sector):
        """Where the records of a sector begin."""
        return sector * self.flash.sector_size + header.size(self.flash.unit)

    def header(self, sector):
        """(sequence, erases, first record number), or None."""
        view = self.record.view[: header.LENGTH]
        self.flash.read_into(sector * self.flash.sector_size, view)
        return header.decode(view, self.flash.unit)

    def read(self, address, end=None):
        """The Record at `address`, or None when no whole record begins there."""
        record = self.record
        if end is None:
            end = (address // self.flash.sector_size + 1) * self.flash.sector_size
        first = min(_FIRST, end - address)
        self.flash.read_into(address, record.view[:first])
        if not record.head_is_plausible() or address + r.OVERHEAD + record.length > end:
            return None
        whole = r.OVERHEAD + record.length
        if whole > first:
            self.flash.read_into(address + first, record.view[first:whole])
        if not record.is_whole():
            return None
        record.address, record.size = address, r.size(record.length, self.flash.unit)
        return record

    def records(self, sector, used=0):
        """The records of one sector, in the one Record. used: of a closed sector; 0: it ends where all the rest is blank."""
        address = self.end = self.first(sector)
        end = sector * self.flash.sector_size + (used or self.flash.sector_size)
        covered, looked = address, bool(used)
        while address + r.SHORTEST <= end:
            record = self.read(address, end)
            if record is None:
                if not looked and self._blank_head():
                    looked, end = True, address + self._not_blank(address)
                # Torn by a cut, or damaged since: look for the next record, unit by unit.
                address += self.flash.unit
                continue
            address += record.size
            covered += record.size
            self.end = address
            yield record
        self.damage = (end if used else self.end) - covered

    def _blank_head(self):
        return self.record.view[: r.HEAD] == _ONES[: r.HEAD]

    def unreadable(self, sector):
        """Bytes from `end` to the last one in the sector that is not blank: what a cut has left there."""
        return self._not_blank(self.end) if self.end < (sector + 1) * self.flash.sector_size else 0

    def _not_blank(self, start):
        """Bytes from `start` to the last one in its sector that is not blank."""
        stop = (start // self.flash.sector_size + 1) * self.flash.sector_size
        last = at = start
        while at < stop:
            chunk = self.record.view[: min(_AT_ONCE, stop - at)]
            self.flash.read_into(at, chunk)
            ones = _ONES if len(chunk) == _AT_ONCE else _ONES[: len(chunk)]
            if chunk != ones:
                last = at + len(bytes(chunk).rstrip(b"\xff"))
            at += len(chunk)
        return last - start

    def write(self, address):
        """Program the Record and read it back; BadSector when it did not stay. Returns where it ends."""
        record = self.record
        record.address, record.size = address, r.size(record.length, self.flash.unit)
        for at in range(r.OVERHEAD + record.length, record.size):
            record.buffer[at] = 0xFF
        self._program(address, record.view[: record.size])
        return address + record.size

    def write_header(self, sector, sequence, erases, first):
        """Make an erased sector the one with that sequence."""
        view = header.encode(self.record.buffer, self.flash.unit, sequence, erases, first)
        self._program(sector * self.flash.sector_size, view)

    def _program(self, address, view):
        try:
            self.flash.program(address, view)
        except OSError as error:
            raise BadSector("flash: program at {} failed".format(address)) from error
        for at in range(0, len(view), 64):
            part = view[at : at + 64]
            chunk = self._chunk[: len(part)]
            self.flash.read_into(address + at, chunk)
            if chunk != part:
                raise BadSector("flash: {} did not keep what was written".format(address))

    def erase(self, sector):
        """Erase and see that it is blank; BadSector when it is not."""
        try:
            self.flash.erase(sector)
        except OSError as error:
            raise BadSector("flash: sector {} does not erase".format(sector)) from error
        start, view = sector * self.flash.sector_size, self.record.view[:_AT_ONCE]
        for at in range(start, start + self.flash.sector_size, _AT_ONCE):
            self.flash.read_into(at, view)
            if view != _ONES:
                raise BadSector("flash: sector {} is not blank after its erase".format(sector))
