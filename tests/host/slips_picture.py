"""`make slips`: draws docs/slips.png, slips as the printer makes them, dot by dot, from the bytes that the firmware sends."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "firmware"), str(ROOT / "tests/shared"), str(ROOT / "build/firmware")]

from emulator.parts import printer  # noqa: E402
from host_tools.yuanluctl.tables import FOLDER, SUBSET, read_glyphs  # noqa: E402
from printing_till import Till  # noqa: E402
from yuanlu.errors import Refused  # noqa: E402
from yuanlu.refund import state as s  # noqa: E402
from yuanlu.ui import paper  # noqa: E402

CELL, LINE = 12, 24  # dots of a narrow character; a Han character is two cells wide
FINE = 2  # pixels a dot while drawing
EDGE = 24


def draw(slip: list[str | printer.Picture], glyphs: dict[int, bytes]) -> Image.Image:
    """One slip on its paper. The letters are Unifont, three pixels a point; a real printer has a font of its own."""
    heights = [LINE if isinstance(part, str) else len(part.rows) * part.dot for part in slip]
    page = Image.new("L", ((printer.DOTS + 2 * EDGE) * FINE, (sum(heights) + 2 * EDGE) * FINE), 255)
    top = EDGE * FINE
    for part, height in zip(slip, heights, strict=True):
        if isinstance(part, str):
            left = EDGE * FINE
            for char in part:
                wide = len(glyphs.get(ord(char), b"")) == 32
                if ord(char) in glyphs:
                    page.paste(0, (left, top), _dots(glyphs[ord(char)], 2 if wide else 1, 3))
                left += CELL * FINE * (2 if wide else 1)
        else:
            bits = _dots(b"".join(part.rows), len(part.rows[0]), part.dot * FINE)
            page.paste(0, ((EDGE + part.left) * FINE, top), bits)
        top += height * FINE
    return page.resize((page.width // FINE, page.height // FINE), Image.Resampling.LANCZOS)


def _dots(bits: bytes, stride: int, scale: int) -> Image.Image:
    """A mask of what is black."""
    lines = len(bits) // stride
    small = Image.frombytes("1", (stride * 8, lines), bits).convert("L")
    return small.resize((small.width * scale, small.height * scale), Image.Resampling.NEAREST)


def slips() -> list[list[str | printer.Picture]]:
    """A refund that is done, one that waits, a reprint in English, a refusal and a request sheet."""
    till = Till(shop="原路小店", hotline_merchant="0571-88880000", hotline_acquirer="400-800-1234")
    sale = till.sell(123_450)
    done, waits = till.refund(sale, 23_450, s.DONE), till.refund(sale, 10_000)
    parked = till.refund(sale, 5_000, s.SILENT)
    parked.state = s.IS_PARKED
    found = []

    def put(name: str, given: object, language: int = 0) -> None:
        till.words.language = language
        paper.put(till, name, given)
        found.append(printer.read(till.printer.printed))

    put("yuanlu.ui.slip", done)
    put("yuanlu.ui.slip", waits)
    till.desk.printed(done)
    put("yuanlu.ui.slip", done, 1)
    put("yuanlu.ui.refusal_page", Refused("refused.over_cap", "850.00"))
    put("yuanlu.ui.request_sheet", parked)
    return found


def main() -> None:
    """Side by side, on grey."""
    glyphs = read_glyphs(FOLDER / SUBSET)
    pages = [draw(slip, glyphs) for slip in slips()]
    wall = Image.new("L", (sum(page.width + EDGE for page in pages) + EDGE, max(page.height for page in pages) + 2 * EDGE), 200)
    left = EDGE
    for page in pages:
        wall.paste(page, (left, EDGE))
        left += page.width + EDGE
    wall.quantize(16).save(ROOT / "docs/slips.png", optimize=True)


if __name__ == "__main__":
    main()
