"""The pages of a paper as PDF, laid out by fpdf2 in a font of this computer's.

Loading it takes as long as all the rest of a verb: it is imported where a PDF is made. No font is shipped: it is subset into each
file. Where it comes from stands in FONTS; YUANLU_FONT names another.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from fpdf import FPDF
from fpdf.fonts import FontFace

from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.paper import Block, Both, Frame, Heading, Pair, Table, Text, plain, said
from host_tools.yuanluctl.words import both

FONTS = (
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/Library/Fonts/Arial Unicode.ttf",
    "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
    "C:/Windows/Fonts/simhei.ttf",
    "C:/Windows/Fonts/msyh.ttc",
)
MARGIN, LINE, SMALL_LINE, LABEL, QR_SIDE, GAP = 15, 4.9, 3.6, 62, 32, 4  # mm
HEADED = 25  # mm that a heading takes with what follows it
USUAL, TABLE, SMALL, LARGE = 9, 7.5, 7, 13  # points


class Page(FPDF):
    """Blocks one under another; Trouble where this computer has no font with Chinese."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(format="A4")
        self.frame = frame
        self._beside = (0, 0.0)  # page and lower end of the QR code
        self.set_margin(MARGIN)
        self.set_auto_page_break(True, MARGIN + 1)
        self.set_creation_date(frame.made)
        self._take_font()
        self.add_page()

    def _take_font(self) -> None:
        named = os.environ.get("YUANLU_FONT")
        font = next((path for path in ([named] if named else FONTS) if Path(path).is_file()), None)
        if font is None:
            raise Trouble("font", named or "/usr/share/fonts")
        try:
            self.add_font("han", fname=font)
        except Exception as problem:  # fontTools raises what it likes on a file that is no font
            raise Trouble("font", font) from problem
        self.set_font("han", size=USUAL)

    def header(self) -> None:
        """Whose paper it is."""
        terminal, about = self.frame.terminal, self.frame.about
        self._edge(
            MARGIN - LINE, f"{said(terminal.word).in_one}  {plain(terminal.value)}", about and plain(said("page.about", about))
        )
        self.set_y(MARGIN + 2)

    def footer(self) -> None:
        """When and by what it was made, and which page it is."""
        made = said("page.made", f"{self.frame.made:%Y-%m-%d %H:%M:%S}", self.frame.version)
        self._edge(self.h - MARGIN, made.in_one, f"{self.page_no()}/{{nb}}")

    def _edge(self, at: float, left: str, right: str) -> None:
        margin, self.r_margin = self.r_margin, MARGIN
        self.set_font_size(SMALL)
        self.set_xy(MARGIN, at)
        self.cell(0, LINE, left)
        self.set_xy(MARGIN, at)
        self.cell(0, LINE, right, align="R")
        self.set_font_size(USUAL)
        self.r_margin = margin

    def heading(self, text: str) -> None:
        """A title in larger letters, never the last on its page."""
        if self.will_page_break(HEADED):
            self.add_page()
        self._make_room()
        self.set_font_size(LARGE)
        self.ln(1.5)
        self.multi_cell(0, LINE + 2, text, new_x="LMARGIN", new_y="NEXT")
        self.set_font_size(USUAL)

    def sentences(self, texts: Iterable[str]) -> None:
        """Each on lines of its own."""
        for text in texts:
            self._make_room()
            self.multi_cell(0, LINE, text, align="L", new_x="LMARGIN", new_y="NEXT")

    def pair(self, label: str, value: str) -> None:
        """A label, and the value or a line to write on."""
        self._make_room()
        self.cell(LABEL, LINE, label)
        self.multi_cell(0, LINE, value or "_" * 40, align="L", new_x="LMARGIN", new_y="NEXT")

    def table_of(self, heads: Sequence[str], rows: Iterable[Sequence[str]], widths: tuple[int, ...]) -> None:
        """With its heads on each page."""
        number, end = self._beside
        if self.page == number and self.get_y() < end:
            self.set_y(end)
        self._make_room()
        self.set_font_size(TABLE)
        plainly = FontFace(emphasis="")
        looks = {"line_height": SMALL_LINE, "padding": (0.6, 1, 0.6, 1), "text_align": "LEFT"}
        with self.table(headings_style=plainly, col_widths=widths, **looks) as table:
            for cells in [heads, *rows]:
                table.row(cells)
        self.set_font_size(USUAL)
        self.ln(1.5)

    def code(self, text: str) -> None:
        """A QR code at the right, and its text."""
        import segno

        image = io.BytesIO()
        segno.make_qr(text, error="m").save(image, kind="png", scale=6)
        at, left = self.get_y(), self.w - MARGIN - QR_SIDE
        self.image(image, x=left, y=at, w=QR_SIDE)
        self.set_font_size(SMALL - 1)
        self.set_xy(left - GAP, at + QR_SIDE)
        self.multi_cell(QR_SIDE + 2 * GAP, 3, text, align="C", new_x="LMARGIN", new_y="NEXT")
        self.set_font_size(USUAL)
        self._beside = self.page, self.get_y() + 1
        self.set_xy(MARGIN, at)

    def _make_room(self) -> None:
        """Lines end before the QR code while they stand beside it."""
        number, end = self._beside
        beside = self.page == number and self.get_y() < end
        self.set_right_margin(MARGIN + (QR_SIDE + GAP) * beside)


def as_pdf(blocks: Iterable[Block], pages: Frame) -> bytes:
    """The file; Trouble where this computer has no font with Chinese."""
    page = Page(pages)
    for block in blocks:
        if isinstance(block, Heading):
            page.title = page.title or said(block.word).in_one
            page.heading(said(block.word).in_one)
        elif isinstance(block, Text):
            page.sentences(block.lines)
        elif isinstance(block, Pair):
            page.pair(said(block.word).in_one, plain(block.value))
        elif isinstance(block, Table):
            heads = ["\n".join(word if isinstance(word, Both) else both(word)) for word in block.words]
            page.table_of(heads, [[plain(cell) for cell in cells] for cells in block.cells], block.widths)
        else:
            page.code(block.text)
    return bytes(page.output())
