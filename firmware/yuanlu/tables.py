"""Reads tables.bin: words, glyphs and response codes in one packed file, looked up in place without a copy.

    file     b"YLT1" | u8 sections | sections x (u8 id, u32 offset, u32 length)
    section  u16 n | u16 width (0: variable) | n x u16 sorted key | n x width bytes, or (n + 1) x u16 offset + bytes

A text in Chinese is ASCII and, for any other character, two bytes, high one first: 0x8000 and its place among the wide glyphs,
or 0xC000 and its place among the narrow ones. English is UTF-8. All else is little-endian. A word's key is crc32(id) & 0xFFFF
(the build refuses collisions), a glyph's its code point; GB18030 has the two bytes of each such character that has any, as a
printer takes it.
"""

from binascii import crc32

from yuanlu.compat import const
from yuanlu.errors import StoreDamaged

WORDS_CHINESE = const(1)
WORDS_ENGLISH = const(2)
GLYPHS_WIDE = const(3)
GLYPHS_NARROW = const(4)
CODES = const(5)
GB18030 = const(6)


class Section:
    """A sorted table: u16 key to bytes."""

    def __init__(self, data, start):
        self.data = data
        self.count = data[start] | data[start + 1] << 8
        self.width = data[start + 2] | data[start + 3] << 8
        self.keys = start + 4
        self.values = self.keys + 2 * self.count

    def find(self, key):
        """The bytes under `key`, as a slice of the table, or None."""
        low, high = 0, self.count
        while low < high:
            middle = (low + high) >> 1
            here = self.key(middle)
            if here == key:
                return self._value(middle)
            if here < key:
                low = middle + 1
            else:
                high = middle
        return None

    def key(self, index):
        """The key in that place."""
        at = self.keys + 2 * index
        return self.data[at] | self.data[at + 1] << 8

    def _value(self, index):
        if self.width:
            start = self.values + index * self.width
            return self.data[start : start + self.width]
        blob = self.values + 2 * (self.count + 1)
        return self.data[blob + self._offset(index) : blob + self._offset(index + 1)]

    def _offset(self, index):
        at = self.values + 2 * index
        return self.data[at] | self.data[at + 1] << 8


class Tables:
    """The sections of one tables.bin. `data` is a memoryview of the whole file."""

    def __init__(self, data):
        if bytes(data[:4]) != b"YLT1":
            raise StoreDamaged("tables.bin: does not begin with YLT1; build the firmware again")
        self.data = data

    def section(self, wanted):
        """The section with that id; StoreDamaged when the file has none."""
        data = self.data
        for index in range(data[4]):
            at = 5 + 9 * index
            if data[at] == wanted:
                return Section(data, int.from_bytes(data[at + 1 : at + 5], "little"))
        raise StoreDamaged("tables.bin: no section {}; build the firmware again".format(wanted))


def word_key(name):
    """The key of a word id."""
    return crc32(name.encode()) & 0xFFFF
