"""The glass. It knows pixels only; its text is read back from them by comparing with the font."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

COLUMNS, ROWS, CELL = 30, 10, 16
FONT = Path(__file__).parents[2] / "firmware" / "tables" / "unifont-subset.hex"


@cache
def font() -> tuple[dict[bytes, str], dict[bytes, str]]:
    """(narrow, wide): glyph bytes to character."""
    narrow: dict[bytes, str] = {bytes(16): " "}
    wide: dict[bytes, str] = {}
    for line in FONT.read_text().splitlines():
        code, _, bits = line.partition(":")
        glyph = bytes.fromhex(bits)
        if any(glyph):  # a wide blank is read as two narrow ones
            (narrow if len(glyph) == 16 else wide).setdefault(glyph, chr(int(code, 16)))
    return narrow, wide


class Screen:
    """240 x 160 pixels, 8 to a byte, leftmost in the highest bit."""

    def __init__(self) -> None:
        self.pixels = bytearray(COLUMNS * ROWS * CELL)
        self.drawn = 0
        self._text: str | None = None

    def show(self, row: int, data: bytes) -> None:
        """Draw pixel rows from `row` on."""
        start = row * COLUMNS
        if start + len(data) > len(self.pixels):
            raise ValueError(f"{len(data)} bytes from pixel row {row}: outside the glass")
        self.pixels[start : start + len(data)] = data
        self.drawn += 1
        self._text = None

    def clear(self) -> None:
        """Power is off."""
        self.pixels[:] = bytes(len(self.pixels))
        self._text = None

    @property
    def text(self) -> str:
        """Ten lines, as a person would read them; '\u25a1' where no glyph of the font fits."""
        if self._text is None:
            rows = range(0, len(self.pixels), CELL * COLUMNS)
            self._text = "\n".join(_read(bytes(self.pixels[at : at + CELL * COLUMNS])) for at in rows)
        return self._text


@lru_cache(maxsize=4096)
def _read(row: bytes) -> str:
    """The text of one row of cells."""
    narrow, wide = font()
    out, column = "", 0
    while column < COLUMNS:
        both, one = _cells(row, column, 2), _cells(row, column, 1)
        character = (wide.get(both) or wide.get(_inverse(both))) if len(both) == 2 * CELL else None
        if character:
            out += character
            column += 2
        else:
            out += narrow.get(one) or narrow.get(_inverse(one)) or "\u25a1"
            column += 1
    return out.rstrip()


def _cells(row: bytes, column: int, count: int) -> bytes:
    count = min(count, COLUMNS - column)
    return b"".join(row[at : at + count] for at in range(column, len(row), COLUMNS))


def _inverse(glyph: bytes) -> bytes:
    return bytes(byte ^ 0xFF for byte in glyph)
