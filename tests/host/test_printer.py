"""The emulated printer: it reads what the terminal sends, and refuses what a real one would print as rubbish."""

from __future__ import annotations

import pytest
import zxingcpp
from PIL import Image

from emulator.parts import printer
from yuanlu.ui import paper

SLIP = b"\x1b@\x1bR\x0f\x1c&A\xcd\xcb\xbb\xf5 -$3.00\nend\n"


def black_on_white(slip: list[str | printer.Picture]) -> Image.Image:
    """The pictures of a slip, as dots."""
    picture = next(part for part in slip if isinstance(part, printer.Picture))
    stride, rows = len(picture.rows[0]), b"".join(bytes(byte ^ 0xFF for byte in row) for row in picture.rows)
    return Image.frombytes("1", (stride * 8, len(picture.rows)), rows, "raw", "1", stride).convert("L")


def test_text_comes_out_as_it_was_meant() -> None:
    assert printer.text(printer.read(SLIP + b"\x1bd\x04")) == "A退货 -¥3.00\nend\n"


@pytest.mark.parametrize(
    "wrong", [b"\x00", b"\x1bZ", SLIP + b"no end", b"\x1dv0\x03\x05\x00\x05\x00abc", b"\x1dv0\x03\x19\x00\x01\x00" + bytes(25)]
)
def test_what_is_no_slip_is_misuse(wrong: bytes) -> None:
    """Unknown commands, a line without an end, a picture that ends early or is wider than the paper."""
    with pytest.raises(printer.MisusedPrinter):
        printer.read(wrong)


def test_the_code_is_in_the_middle_and_can_be_read_off_the_paper() -> None:
    said = "YL000001-000001-000123-20261122"
    slip = printer.read(SLIP + b"".join(paper.picture(said)))
    picture = next(part for part in slip if isinstance(part, printer.Picture))
    width = len(picture.rows[0]) * 8 * picture.dot
    assert abs(2 * picture.left + width - printer.DOTS) <= 1 and width < printer.DOTS
    assert [found.text for found in zxingcpp.read_barcodes(black_on_white(slip))] == [said]
