"""A chip's image as text and back: readable, to be compared line by line, and to be edited by hand.

    yuanlu flash dump 1
    sector-size 4096
    unit 16
    sectors 8
    sector 0  # sequence 9, erases 2, first 417
    # header
    0x000000  594c4a31 01040000 09000000 ...
    # SUMMARY 417
    0x000020  594c...
    sector 1  # blank
    end

At most 32 bytes stand in a line, from an address in the image; a line never crosses the end of a record or of its sector. What no
line gives is FF. Behind `#` stands what is only for the reader. `end` shows that nothing is missing at the end of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from host_tools.yuanluctl.journal.layout import FEWEST_SECTORS, HEADER, SECTOR_SIZES, UNITS, Geometry, Record
from host_tools.yuanluctl.journal.reader import Sector, read_sector

TITLE = "yuanlu flash dump 1"
LINE_BYTES = 32
_GEOMETRY = ("sector-size", "unit", "sectors")
_NUMBER = re.compile(r"[0-9]{1,9}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{1,8}")
_BYTES = re.compile(r"(?:[0-9a-fA-F]{2})+")


class TextError(Exception):
    """The text is no dump of a chip: names the line, and says why."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")


def dump(image: bytes, geometry: Geometry) -> Iterator[str]:
    """The lines of the text; what is blank has none."""
    yield TITLE
    yield from (f"{name} {value}" for name, value in zip(_GEOMETRY, geometry, strict=True))
    for index in range(geometry.sectors):
        sector = read_sector(image, geometry, index)
        yield f"sector {index}  # {_state(sector)}"
        if sector.written > sector.address:
            yield from _pieces(image, sector, geometry)
    yield "end"


def _state(sector: Sector) -> str:
    header = sector.header
    if header:
        return f"sequence {header.sequence}, erases {header.erases}, first {header.first}"
    return "no header" if sector.written > sector.address else "blank"


def _pieces(image: bytes, sector: Sector, geometry: Geometry) -> Iterator[str]:
    """The lines of a sector, with what stands there above it."""
    size = geometry.padded(HEADER.size)
    yield from _lines(image, sector.address, sector.address + size, "header" if sector.header else "unreadable")
    for item in sector.items:
        if isinstance(item, Record):
            name = f"{'copy of ' if item.is_copy else ''}{item.name} {item.number}"
            yield from _lines(image, item.address, item.end, name)
        else:
            yield from _lines(image, item.address, item.end, "unreadable")
    yield from _lines(image, sector.end, sector.address + geometry.sector_size, "unreadable")


def _lines(image: bytes, start: int, end: int, what: str) -> Iterator[str]:
    named = False
    for at in range(start, end, LINE_BYTES):
        piece = image[at : min(at + LINE_BYTES, end)]
        if piece.strip(b"\xff"):
            if not named:
                yield f"# {what}"
                named = True
            yield f"{at:#08x}  {piece.hex(' ', -4)}"


def load(lines: Iterable[str], largest: int) -> bytes:
    """The image that a text is of; TextError. `largest`: bytes that it may have at most."""
    words = ((number, line.partition("#")[0].split()) for number, line in enumerate(lines, 1))
    text = ((number, found) for number, found in words if found)
    geometry = _head(text, largest)
    image = bytearray(b"\xff" * geometry.sector_size * geometry.sectors)
    number, sector, end = 0, -1, 0
    for number, found in text:
        if found == ["end"]:
            _expect(sector == geometry.sectors - 1, number, f"ends behind sector {sector} of {geometry.sectors}")
            _expect(next(text, None) is None, number, "more stands behind `end`")
            return bytes(image)
        if found[0] == "sector":
            right = f"sector {sector + 1}" if sector + 1 < geometry.sectors else "end"
            _expect(" ".join(found) == right, number, f"{' '.join(found)} stands where `{right}` is due")
            sector, end = sector + 1, (sector + 1) * geometry.sector_size
        else:
            end = _take(image, number, found, end, (sector + 1) * geometry.sector_size)
    raise TextError(number + 1, "`end` is missing: the text was cut off")


def _head(text: Iterator[tuple[int, list[str]]], largest: int) -> Geometry:
    """Title and geometry."""
    number, found = next(text, (1, []))
    _expect(" ".join(found) == TITLE, number, f"is not `{TITLE}`: no text that `flash dump` wrote")
    values = []
    for name in _GEOMETRY:
        number, found = next(text, (number + 1, []))
        right = len(found) == 2 and found[0] == name and _NUMBER.fullmatch(found[1])
        _expect(right, number, f"`{name}` and a number are due")
        values.append(int(found[1]))
    geometry = Geometry(*values)
    _expect(geometry.sector_size in SECTOR_SIZES, number, f"a sector has one of {_listed(SECTOR_SIZES)} bytes")
    _expect(geometry.unit in UNITS, number, f"a unit has one of {_listed(UNITS)} bytes")
    fits = FEWEST_SECTORS <= geometry.sectors <= largest // geometry.sector_size
    _expect(fits, number, f"a chip has {FEWEST_SECTORS} sectors or more, and at most {largest} bytes")
    return geometry


def _take(image: bytearray, number: int, found: list[str], end: int, limit: int) -> int:
    """Put the bytes of one line where they belong; where they end. `end`: of the line before, `limit`: of the sector."""
    _expect(_ADDRESS.fullmatch(found[0]), number, f"{found[0]} is no address like 0x001040")
    digits = "".join(found[1:])
    _expect(_BYTES.fullmatch(digits), number, "after the address stand bytes, two hex digits each")
    at, content = int(found[0], 16), bytes.fromhex(digits)
    _expect(limit, number, "`sector 0` is due before any bytes")
    _expect(at >= end, number, f"{at:#x} lies before {end:#x}, where this sector begins or the line before it ends")
    _expect(at + len(content) <= limit, number, f"the bytes go past {limit:#x}, the end of their sector")
    image[at : at + len(content)] = content
    return at + len(content)


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def _expect(right: object, line: int, problem: str) -> None:
    if not right:
        raise TextError(line, problem)
