"""A sector's header: one program right after a completed erase, and the proof that the erase was completed.

4 "YLJ1" | u8 format | u8 log2 unit | u16 flags | u32 sequence | u32 erases | u32 number of the first record that is no copy
| u32 crc32        padded with FF to the unit, little-endian
"""

from binascii import crc32
from struct import pack_into, unpack_from

from yuanlu.compat import const
from yuanlu.errors import StoreDamaged

LENGTH = const(24)
FORMAT = const(1)


def size(unit):
    """Bytes that a header takes on flash."""
    return -(-LENGTH // unit) * unit


def encode(buffer, unit, sequence, erases, first):
    """Lay the header into `buffer`; the view of it that is to be programmed."""
    view = memoryview(buffer)[: size(unit)]
    log2 = 0
    while 1 << log2 < unit:
        log2 += 1
    pack_into("<4sBBHIII", view, 0, b"YLJ1", FORMAT, log2, 0, sequence, erases, first)
    pack_into("<I", view, 20, crc32(view[:20]))
    for at in range(LENGTH, len(view)):
        view[at] = 0xFF
    return view


def decode(view, unit):
    """(sequence, erases, first record number), or None when no whole header is there.

    StoreDamaged when it is whole and of another format or unit: another firmware wrote this journal.
    """
    if bytes(view[:4]) != b"YLJ1" or crc32(view[:20]) != unpack_from("<I", view, 20)[0]:
        return None
    if view[4] != FORMAT or 1 << view[5] != unit:
        raise StoreDamaged("journal: format {} unit {} is not this firmware's".format(view[4], 1 << view[5]))
    return unpack_from("<III", view, 8)
