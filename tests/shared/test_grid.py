"""Text on the grid: how wide it is, where it breaks, and what is drawn."""

from parts import TABLES, Display, Random
from yuanlu.tables import GLYPHS_NARROW, GLYPHS_WIDE
from yuanlu.ui.grid import CELL, Grid, cut, width, wrap

TEXTS = (
    "",
    "a",
    "已发出，没有收到应答。会用同一流水自动再问，请勿重复退款。",
    "Not one byte was sent. It goes by itself when the line is back; pay no cash.",
    "应答码 51：余额不足 ¥1,234.50 (Insufficient funds)",
)


def test_a_han_character_takes_two_columns():
    """Latin letters, digits and the yuan sign one."""
    assert (width(""), width("abc 1.0"), width("¥"), width("退款"), width("退1款"), width("，。：（）")) == (0, 7, 1, 4, 5, 10)


def test_what_is_cut_fits_and_is_the_beginning():
    """A wide character is never halved."""
    assert (cut("退款", 3), cut("退款", 1), cut("a退", 2), cut("abc", 3), cut("abc", 0)) == ("退", "", "a", "abc", "")
    for text in TEXTS:
        for columns in range(40):
            piece = cut(text, columns)
            assert width(piece) <= columns and text.startswith(piece)
            assert piece == text or width(text[: len(piece) + 1]) > columns, "as much as fits"


def test_wrapped_lines_fit_and_lose_nothing():
    """Joined they are the text, but for the blanks at which it was broken."""
    for text in TEXTS:
        for columns in range(20, 41):
            lines = wrap(text, columns)
            assert "".join(lines).replace(" ", "") == text.replace(" ", "")
            for line in lines:
                assert width(line.rstrip(" ")) <= columns, (columns, line)


def test_english_breaks_at_blanks_and_chinese_keeps_its_punctuation():
    """A word stays whole; no line begins with a closing mark."""
    for text in TEXTS:
        for columns in range(20, 41):
            for line in wrap(text, columns)[1:]:
                assert line[0] not in "，。；：！？）、", (columns, line)
    assert [line.rstrip(" ") for line in wrap("one two three", 7)] == ["one two", "three"]
    assert wrap("一二三，四", 6) == ["一二", "三，四"]


def test_what_has_no_glyph_is_drawn_as_a_question_mark():
    """Wide and narrow; a hole in a sentence would not be seen. What has one, as a control, is drawn otherwise."""
    display = Display()
    grid = Grid(display, TABLES)
    for unknown, drawn, known in (("\u9f98", "\uff1f", "退"), ("\u00ff", "?", "a")):
        pictures = []
        for text in (unknown, drawn, known):
            grid.row(0, text + " ")
            pictures.append(bytes(display.shown[-1][1]))
        assert pictures[0] == pictures[1] != pictures[2]


def test_a_row_is_drawn_from_the_glyphs():
    """Pixel for pixel: a wide and a narrow glyph side by side, and blanks to the end."""
    display = Display()
    Grid(display, TABLES).row(0, "退a")
    row, pixels = display.shown[-1]
    assert (row, len(pixels)) == (0, display.columns * CELL)
    wide, narrow = TABLES.section(GLYPHS_WIDE).find(ord("退")), TABLES.section(GLYPHS_NARROW).find(ord("a"))
    for line in range(CELL):
        start = line * display.columns
        assert pixels[start : start + 2] == bytes(wide[2 * line : 2 * line + 2])
        assert pixels[start + 2] == narrow[line]
        assert not any(pixels[start + 3 : start + display.columns])


def test_inverse_is_every_pixel_turned():
    """The title row and what is chosen."""
    display = Display()
    grid = Grid(display, TABLES)
    grid.row(3, "退款 1")
    grid.row(3, "退款 1", True)
    plain, turned = display.shown[-2][1], display.shown[-1][1]
    assert display.shown[-1][0] == 3 * CELL
    assert turned == bytes([byte ^ 0xFF for byte in plain])


def test_only_changed_rows_are_sent():
    """The same row again costs nothing on the bus."""
    display = Display()
    grid = Grid(display, TABLES)
    for text, inverse in (("a", False), ("a", False), ("a", True), ("a", True), ("b", True)):
        grid.row(1, text, inverse)
    assert display.count == 3


def test_text_past_the_edge_is_cut_and_an_unknown_character_is_blank():
    """Nothing is drawn over the next row; nothing raises."""
    random = Random(7)
    for _ in range(20):
        display = Display()
        grid = Grid(display, TABLES)
        text = "".join([chr(random.pick((0x20 + random.below(95), 0x4E00 + random.below(20_000)))) for _ in range(40)])
        grid.row(0, text)
        assert not any(grid.buffer[display.columns * CELL :])
