"""A sector's header: one program right after a completed erase, and the proof that the erase was completed.

4 "YLJ1" | u8 format | u8 log2 unit | u16 flags | u32 sequence | u32 erases | u32 first record number
| u32 trace high-water | u32 batch | u32 boot | u32 crc32        padded with FF to the unit, little-endian
"""

from binascii import crc32
from struct import pack_into, unpack_from

from yuanlu.compat import const
from yuanlu.errors import StoreDamaged

LENGTH = const(36)
_FORMAT = const(1)


def size(unit):
    """Bytes that a header takes on flash."""
    return -(-LENGTH // unit) * unit


def encode(unit, sequence, erases, first, counters):
    """The header's bytes. counters: (trace, batch, boot)."""
    header = bytearray(b"\xff" * size(unit))
    log2 = 0
    while 1 << log2 < unit:
        log2 += 1
    pack_into("<4sBBHIII", header, 0, b"YLJ1", _FORMAT, log2, 0, sequence, erases, first)
    pack_into("<III", header, 20, *counters)
    pack_into("<I", header, 32, crc32(memoryview(header)[:32]))
    return header


def decode(view, unit):
    """(sequence, erases, first record number, trace, batch, boot), or None when no whole header is there.

    StoreDamaged when it is whole and of another format or unit: another firmware wrote this journal.
    """
    if bytes(view[:4]) != b"YLJ1" or crc32(view[:32]) != unpack_from("<I", view, 32)[0]:
        return None
    if view[4] != _FORMAT or 1 << view[5] != unit:
        raise StoreDamaged("journal: format {} unit {} is not this firmware's".format(view[4], 1 << view[5]))
    return unpack_from("<IIIIII", view, 8)
