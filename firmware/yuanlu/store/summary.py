"""What a SUMMARY carries after its fixed fields: the filter of the sector before it, the retired sectors, the addresses of every
record that the unsettled transactions rest on.

    filter | u16 each retired sector | u32 each address
"""

from array import array
from binascii import crc32
from struct import pack, unpack_from

from yuanlu.compat import const
from yuanlu.refund import state as s

ORIGINAL = 1 << 28  # in an address: the SALE of an unsettled refund, kept for its cap
_LARGEST_FILTER = const(256)


class Filter:
    """Says of a sector "surely not" or "perhaps". One bit a key; it lies in `bits`."""

    def __init__(self, sector_size):
        self.bits = bytearray(filter_length(sector_size))

    def clear(self):
        for at in range(len(self.bits)):
            self.bits[at] = 0

    def add(self, record):
        """Every key by which that record may be looked for."""
        if not record.transaction:
            return
        self._set(key(b"o", record.original))
        if record.type in (s.SALE, s.REFUND):
            body = record.body()
            for known in (key(b"t", body.trace), key(b"d", body.date), b"r" + body.rrn, b"c" + body.card[6:10]):
                self._set(known)

    def _set(self, known):
        at = crc32(known) % (8 * len(self.bits))
        self.bits[at >> 3] |= 1 << (at & 7)


def key(letter, number):
    """The key of a number: b"o" original, b"t" trace, b"d" date."""
    return letter + pack("<I", number)


def filter_length(sector_size):
    """Bytes of the filter of one sector."""
    return min(_LARGEST_FILTER, sector_size * 3 // 256)


def may_hold(bits, known):
    """False: no record with that key is in the filter's sector."""
    at = crc32(known) % (8 * len(bits))
    return bool(bits[at >> 3] & (1 << (at & 7)))


def tail(bits, retired, addresses):
    """The bytes after the fixed fields."""
    return bytes(bits) + bytes(array("H", retired)) + bytes(array("I", addresses))


def read(record, sector_size):
    """The body of the record when it is a SUMMARY that can be one; None for any other: who makes a CRC can write anything."""
    if record.type != s.SUMMARY:
        return None
    body = record.body()
    addresses = record.tail_length() - filter_length(sector_size) - 2 * body.retired
    fits = addresses >= 0 and not addresses % 4 and body.used <= sector_size and body.before < sector_size
    return body if fits else None


def split(data, sector_size, retired):
    """(filter, retired sectors, addresses) of a tail with that many retired sectors."""
    at = filter_length(sector_size)
    after = at + 2 * retired
    count = max(0, len(data) - after) // 4
    addresses = [unpack_from("<I", data, after + 4 * place)[0] for place in range(count)]
    return data[:at], [unpack_from("<H", data, at + 2 * place)[0] for place in range(retired)], addresses


def room_for_addresses(sector_size, largest_tail, retired):
    """How many addresses a SUMMARY can carry."""
    return (largest_tail - filter_length(sector_size) - 2 * retired) // 4
