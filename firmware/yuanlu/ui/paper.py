"""Text to the bytes of a 58 mm ESC/POS printer, and out. A visiting module.

The printer draws the letters with its own font, in 32 columns of 12 dots: ASCII as it is, Chinese as GB 18030 of two bytes (from
tables.bin), the sign of the yuan by the printer's Chinese set, where it stands in place of the dollar. A QR code goes as a
picture (GS v 0), doubled by the printer, so that it takes a quarter of the room here.
"""

from yuanlu.compat import leave, visit
from yuanlu.tables import GB18030

_START = b"\x1b@\x1bR\x0f\x1c&"  # fresh; characters of China; two bytes are one Han character
_CENTRE, _LEFT = b"\x1ba\x01", b"\x1ba\x00"
_FEED = b"\x1bd\x04"  # lines, up to the tear bar
_DOUBLE = 3


def put(till, name, *given):
    """Print what the visiting module `name` renders: `render` gives the text, `code` what its QR code says, "" for none.
    Refused when it does not come out."""
    try:
        sheet = visit(name)
        text, code = sheet.render(till, *given), sheet.code(till, *given)
    finally:
        leave(name)
    # In pieces: as one they would ask for more in a row than a heap in use may have.
    pieces, section = [_START], till.tables.section(GB18030)
    for row in text.split("\n")[:-1]:
        pieces.append(encoded(section, row + "\n"))
    till.printer.print(*pieces, *(picture(code) if code else ()), _FEED)


def lines(section, text):
    """The bytes that print a text, whatever was printed before."""
    return _START + encoded(section, text)


def encoded(section, text):
    """The bytes of a text; '?' for a character that the tables do not have."""
    out = bytearray()
    for char in text:
        if char == "\u00a5":
            out += b"$"
        elif char == "$":
            out += b"?"
        elif ord(char) < 0x7F:
            out.append(ord(char) if char >= " " or char == "\n" else 63)
        else:
            out += section.find(ord(char)) or b"?" * (2 if ord(char) > 0x2000 else 1)
    return out


def picture(code):
    """A QR code in the middle of the paper, in pieces; none where the heap has no room: the slip has its text in letters."""
    try:
        stride, lines, bits = visit("yuanlu.ui.qr").encode(code.encode()).raster(2)
    except MemoryError:
        return ()
    finally:
        leave("yuanlu.ui.qr")
    return _CENTRE + b"\x1dv0" + bytes((_DOUBLE, stride, 0, lines & 255, lines >> 8)), bits, _LEFT
