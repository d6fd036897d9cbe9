"""A 58 mm printer that takes ESC/POS: what a slip says, and what it looks like in dots.

Known are the commands that a slip of this terminal needs; any other is a mistake of the firmware, that a real printer would
print as rubbish: MisusedPrinter.
"""

from __future__ import annotations

from typing import NamedTuple

DOTS = 384
CHINA = 15  # ESC R: the sign of the yuan stands where the dollar was


class MisusedPrinter(BaseException):
    """Bytes that are no text and no known command: says which, and where."""


class Picture(NamedTuple):
    """A raster: `left` dots from the edge, `dot` dots a bit each way; rows of bytes, the left bit highest, 1 is black."""

    left: int
    dot: int
    rows: list[bytes]


def read(data: bytes) -> list[str | Picture]:
    """A slip's lines and pictures from top to bottom; raises MisusedPrinter."""
    found: list[str | Picture] = []
    line, at, chinese, country, centred = bytearray(), 0, False, 0, False

    def end_line() -> None:
        text = line.decode("gb18030" if chinese else "ascii", errors="replace")
        found.append(text.replace("$", "¥") if country == CHINA else text)
        line.clear()

    while at < len(data):
        command, step = data[at : at + 2], 1
        if data[at] == 0x0A:
            end_line()
        elif command == b"\x1b@":
            chinese, country, centred, step = False, 0, False, 2
        elif command == b"\x1c&":
            chinese, step = True, 2
        elif command == b"\x1bR":
            country, step = data[at + 2], 3
        elif command == b"\x1ba":
            centred, step = data[at + 2] == 1, 3
        elif command == b"\x1bd":
            found.extend([""] * data[at + 2])
            step = 3
        elif data[at : at + 3] == b"\x1dv0":
            picture, step = _picture(data[at:], centred)
            found.append(picture)
        elif data[at] >= 0x20:
            line.append(data[at])
        else:
            raise MisusedPrinter(f"byte {at}: {data[at : at + 4].hex()} is no command that is known")
        at += step
    if line:
        raise MisusedPrinter("the last line does not end")
    return found


def _picture(data: bytes, centred: bool) -> tuple[Picture, int]:
    """The picture at the beginning of `data`, and the bytes that it takes."""
    dot = 2 if data[3] & 3 else 1
    stride, lines = int.from_bytes(data[4:6], "little"), int.from_bytes(data[6:8], "little")
    end = 8 + stride * lines
    if len(data) < end or stride * 8 * dot > DOTS:
        raise MisusedPrinter(f"a picture of {stride} bytes by {lines} does not fit, or ends early")
    left = (DOTS - stride * 8 * dot) // 2 if centred else 0
    return Picture(left, dot, [data[at : at + stride] for at in range(8, end, stride)]), end


def text(slip: list[str | Picture]) -> str:
    """What it says, without the paper that is fed at its end."""
    return "\n".join(part for part in slip if isinstance(part, str)).rstrip("\n") + "\n"
