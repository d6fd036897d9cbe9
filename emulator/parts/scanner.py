"""The scanner for QR codes: the text of one, or what it sees on a slip of the printer."""

from __future__ import annotations

from emulator.parts.printer import Picture

LONGEST = 512  # characters of one scan
_QUIET = 4  # modules of white around it, as ISO/IEC 18004 wants them
_DOT = 4  # dots a module


def text_of(slip: list[str | Picture]) -> str:
    """What the QR code of that slip says; ValueError when it has none that can be read.

    Read by ZXing, which is among the development tools: imported here, so that nothing else of the emulator needs them.
    """
    try:
        import zxingcpp
        from PIL import Image
    except ImportError as error:
        raise ValueError("reading a QR code needs zxing-cpp and pillow, which `make setup` brings") from error
    for part in slip:
        if isinstance(part, Picture):
            width = 8 * len(part.rows[0])
            image = Image.new("L", (width + 2 * _QUIET, len(part.rows) + 2 * _QUIET), 255)
            for row, bits in enumerate(part.rows):
                for column in range(width):
                    if bits[column >> 3] << (column & 7) & 0x80:
                        image.putpixel((column + _QUIET, row + _QUIET), 0)
            found = zxingcpp.read_barcodes(image.resize((image.width * _DOT, image.height * _DOT), Image.Resampling.NEAREST))
            if found:
                return str(found[0].text)
    raise ValueError("no code on that slip")
