"""Pages in Chinese and English as PDF: blocks of words, tables and a QR code, laid out by fpdf2 in a font of this computer's.

No font is shipped: it is subset into each file. Where it comes from stands in FONTS; YUANLU_FONT names another.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.words import both

if TYPE_CHECKING:
    from fpdf import FPDF

FONTS = (
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/Library/Fonts/Arial Unicode.ttf",
    "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
    "C:/Windows/Fonts/simhei.ttf",
    "C:/Windows/Fonts/msyh.ttc",
)
MARGIN, LINE, QR_SIDE = 15, 5.5, 32  # mm


class Heading(NamedTuple):
    """A word's id, in both languages."""

    word: str


class Text(NamedTuple):
    """A sentence by its id, and what completes it."""

    word: str
    values: tuple[object, ...] = ()


class Pair(NamedTuple):
    """What a value is called, and the value. An empty one is a line to write on."""

    word: str
    value: str


class Table(NamedTuple):
    """Ids of the columns, and the cells."""

    words: list[str]
    cells: list[list[str]]


class Code(NamedTuple):
    """A QR code, with its text beside it."""

    text: str


Block = Heading | Text | Pair | Table | Code


def as_pdf(blocks: Iterable[Block]) -> bytes:
    """The file; Trouble where this computer has no font with Chinese."""
    pdf = _page()
    for block in blocks:
        if isinstance(block, Heading):
            pdf.set_font_size(13)
            pdf.ln(2)
            pdf.multi_cell(0, LINE + 2, " / ".join(both(block.word)), new_x="LMARGIN", new_y="NEXT")
            pdf.set_font_size(9)
        elif isinstance(block, Text):
            for text in both(block.word, *block.values):
                pdf.multi_cell(0, LINE, text, align="L", new_x="LMARGIN", new_y="NEXT")
        elif isinstance(block, Pair):
            pdf.cell(70, LINE, " / ".join(both(block.word)))
            pdf.multi_cell(0, LINE, block.value or "_" * 40, align="L", new_x="LMARGIN", new_y="NEXT")
        elif isinstance(block, Table):
            _table(pdf, block)
        else:
            _code(pdf, block.text)
    return bytes(pdf.output())


def _page() -> FPDF:
    from fpdf import FPDF  # loaded where it is used: it takes as long as all the rest

    named = os.environ.get("YUANLU_FONT")
    font = next((path for path in ([named] if named else FONTS) if Path(path).is_file()), None)
    if font is None:
        raise Trouble("font", named or "/usr/share/fonts")
    pdf = FPDF(format="A4")
    pdf.set_margin(MARGIN)
    pdf.set_auto_page_break(True, MARGIN)
    try:
        pdf.add_font("han", fname=font)
    except Exception as problem:  # fontTools raises what it likes on a file that is no font
        raise Trouble("font", font) from problem
    pdf.set_font("han", size=9)
    pdf.add_page()
    return pdf


def _table(pdf: FPDF, block: Table) -> None:
    pdf.set_font_size(8)
    with pdf.table(line_height=LINE - 1, first_row_as_headings=False, text_align="LEFT") as table:
        heads = ["\n".join(both(word)) for word in block.words]
        for cells in [heads, *block.cells]:
            row = table.row()
            for cell in cells:
                row.cell(cell)
    pdf.set_font_size(9)
    pdf.ln(2)


def _code(pdf: FPDF, text: str) -> None:
    import segno

    image = io.BytesIO()
    segno.make_qr(text, error="m").save(image, kind="png", scale=6)
    if pdf.get_y() + QR_SIDE > pdf.h - MARGIN:
        pdf.add_page()
    at = pdf.get_y()
    pdf.image(image, x=MARGIN, y=at, w=QR_SIDE)
    pdf.set_xy(MARGIN + QR_SIDE + 4, at + QR_SIDE / 2)
    pdf.multi_cell(0, LINE, text, new_x="LMARGIN", new_y="NEXT")
    pdf.set_y(at + QR_SIDE + 2)
