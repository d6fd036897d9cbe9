"""A text grid of 8x16 cells, a Han character takes two side by side. Only changed rows are sent.

One row is drawn at a time, in a buffer of its size: the display keeps what it was shown. The buffer holds rows of pixels, 8 to a
byte, leftmost in the highest bit. A cell is one byte wide, so a glyph is drawn by copying its bytes: no pixel arithmetic.
"""

from yuanlu.tables import GLYPHS_NARROW, GLYPHS_WIDE

CELL = 16
_CLOSING = "\uff0c\u3002\uff1b\uff1a\uff01\uff1f\uff09\u3001"  # punctuation that never begins a line


def width(text):
    """Columns that `text` takes."""
    return sum(2 if ord(char) > 0x2000 else 1 for char in text)


def cut(text, columns):
    """As much of `text` as fits."""
    while width(text) > columns:
        text = text[:-1]
    return text


def wrap(text, columns):
    """Lines of at most `columns`. Chinese breaks anywhere, English at blanks."""
    lines, line = [], ""
    for word in _words(text):
        if line and width(line) + width(word) - (word[-1] == " ") > columns:
            lines.append(line.rstrip())
            line = ""
        line += word
    return lines + [line.rstrip()]


def _words(text):
    """Pieces that stay whole: a Han character with the punctuation behind it, an English word with its blank."""
    word = ""
    for char in text:
        if word and char not in _CLOSING and (width(char) == 2 or width(word[-1]) == 2 or word[-1] == " "):
            yield word
            word = ""
        word += char
    if word:
        yield word


class Grid:
    """Given a Display port (`columns`, `rows` in cells, `show(first pixel row, bytes)`, a byte for 8 pixels) and the Tables."""

    def __init__(self, display, tables):
        self.display = display
        self.columns = display.columns
        self.rows = display.rows
        self.buffer = bytearray(self.columns * CELL)
        self.wide = tables.section(GLYPHS_WIDE)
        self.narrow = tables.section(GLYPHS_NARROW)
        self.drawn = [None] * self.rows

    def row(self, row, text, inverse=False):
        """Draw one row of the grid; what does not fit is cut off."""
        if self.drawn[row] == (text, inverse):
            return
        self.drawn[row] = (text, inverse)
        flip = 0xFF if inverse else 0
        column, stride = 0, self.columns
        for char in cut(text, stride):
            column = self._glyph(column, char, flip)
        rest = bytes((flip,)) * (stride - column)
        for at in range(column, stride * CELL, stride):
            self.buffer[at : at + len(rest)] = rest
        self.display.show(row * CELL, self.buffer)

    def _glyph(self, column, char, flip):
        """Draw it; the column after it."""
        wide = width(char) == 2
        glyphs, missing = (self.wide, 0xFF1F) if wide else (self.narrow, 63)
        glyph = glyphs.find(ord(char)) or glyphs.find(missing)  # a hole would not be seen
        buffer, stride, at = self.buffer, self.columns, column
        if wide:
            for line in range(0, 2 * CELL, 2):
                buffer[at] = glyph[line] ^ flip
                buffer[at + 1] = glyph[line + 1] ^ flip
                at += stride
            return column + 2
        for line in range(CELL):
            buffer[at] = glyph[line] ^ flip
            at += stride
        return column + 1
