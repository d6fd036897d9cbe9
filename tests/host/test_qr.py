"""QR codes that the terminal draws, read by a decoder that knows nothing of it (ZXing)."""

from __future__ import annotations

import random

import pytest
import zxingcpp
from PIL import Image

from yuanlu.ui import qr

# Bytes that each version holds at L and at M: ISO/IEC 18004, table 7.
CAPACITY = {"L": (17, 32, 53, 78, 106, 134), "M": (14, 26, 42, 62, 84, 106)}


def picture(code: qr.Code, scale: int = 4) -> Image.Image:
    """What the printer makes of the raster."""
    stride, side, bits = code.raster(scale)
    return Image.frombytes("1", (side, side), bytes(byte ^ 0xFF for byte in bits), "raw", "1", stride).convert("L")


def read(image: Image.Image) -> list[bytes]:
    """What the decoder finds."""
    return [found.bytes for found in zxingcpp.read_barcodes(image)]


@pytest.mark.parametrize("level", ["L", "M"])
def test_every_version_is_read_back_full_and_with_a_byte_too_many_for_the_one_before(level: str) -> None:
    draw = random.Random(1)
    for version, room in enumerate(CAPACITY[level], 1):
        for length in {1 if version == 1 else CAPACITY[level][version - 2] + 1, room}:
            data = bytes(draw.choice(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-:/abcxyz") for _ in range(length))
            code = qr.encode(data, level)
            assert code.size == 17 + 4 * version, (level, length)
            assert read(picture(code)) == [data], (level, version)


def test_what_is_too_long_is_refused() -> None:
    for level, rooms in CAPACITY.items():
        with pytest.raises(ValueError, match="too many"):
            qr.encode(bytes(rooms[-1] + 1), level)


def test_correction_bears_what_it_should_and_no_more() -> None:
    """Control: a code whose modules are spoilt past what level M corrects is not read, one with a few is."""
    few, many = qr.encode(b"YL000001-000001-000123-20261122"), qr.encode(b"YL000001-000001-000123-20261122")
    for code, step in ((few, 61), (many, 3)):
        for at in range(0, len(code.cells), step):
            if not code.cells[at] & 2:
                code.cells[at] ^= 1
    assert read(picture(few)) == [b"YL000001-000001-000123-20261122"]
    assert read(picture(many)) == []


def test_the_generator_polynomial_of_the_standard() -> None:
    """ISO/IEC 18004 annex A for 7 codewords: exponents 87 229 146 149 238 102 21."""
    powers = [1]
    for _ in range(254):
        powers.append(qr._times(powers[-1], 2))
    assert [powers.index(value) for value in qr._divisor(7)] == [87, 229, 146, 149, 238, 102, 21]
