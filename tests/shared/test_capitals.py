"""Amounts in capitals, against a table; and read back by a reader that shares nothing with the writer."""

from parts import Random
from raises import raises
from yuanlu.refund.capitals import capitals

# The first ten stand in 支付结算办法, annex 1, or follow its examples by one digit.
TABLE = (
    (140950, "壹仟肆佰零玖元伍角"),
    (600714, "陆仟零柒元壹角肆分"),
    (168032, "壹仟陆佰捌拾元零叁角贰分"),
    (10700053, "壹拾万柒仟元零伍角叁分"),
    (1640902, "壹万陆仟肆佰零玖元零贰分"),
    (32504, "叁佰贰拾伍元零肆分"),
    (140900, "壹仟肆佰零玖元整"),
    (600700, "陆仟零柒元整"),
    (168002, "壹仟陆佰捌拾元零贰分"),
    (10700000, "壹拾万柒仟元整"),
    (0, "零元整"),
    (1, "壹分"),
    (9, "玖分"),
    (10, "壹角"),
    (11, "壹角壹分"),
    (99, "玖角玖分"),
    (100, "壹元整"),
    (101, "壹元零壹分"),
    (110, "壹元壹角"),
    (999, "玖元玖角玖分"),
    (1000, "壹拾元整"),
    (1001, "壹拾元零壹分"),
    (1010, "壹拾元零壹角"),
    (1100, "壹拾壹元整"),
    (2000, "贰拾元整"),
    (2305, "贰拾叁元零伍分"),
    (10000, "壹佰元整"),
    (10100, "壹佰零壹元整"),
    (11000, "壹佰壹拾元整"),
    (12345, "壹佰贰拾叁元肆角伍分"),
    (100000, "壹仟元整"),
    (100100, "壹仟零壹元整"),
    (101000, "壹仟零壹拾元整"),
    (110000, "壹仟壹佰元整"),
    (110101, "壹仟壹佰零壹元零壹分"),
    (1000000, "壹万元整"),
    (1000001, "壹万元零壹分"),
    (1000100, "壹万零壹元整"),
    (1001000, "壹万零壹拾元整"),
    (1010000, "壹万零壹佰元整"),
    (1100000, "壹万壹仟元整"),
    (1100100, "壹万壹仟零壹元整"),
    (1234567, "壹万贰仟叁佰肆拾伍元陆角柒分"),
    (10000000, "壹拾万元整"),
    (10000100, "壹拾万零壹元整"),
    (10010000, "壹拾万零壹佰元整"),
    (20304050, "贰拾万叁仟零肆拾元零伍角"),
    (50005005, "伍拾万零伍拾元零伍分"),
    (80808080, "捌拾万捌仟零捌拾元零捌角"),
    (99999999, "玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
    (100000000, "壹佰万元整"),
    (9999999999, "玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
)
UNITS = {"分": 1, "角": 10, "元": 100, "拾": 10, "佰": 100, "仟": 1000}
FIGURES = "零壹贰叁肆伍陆柒捌玖"


def read(text):
    """Fen of an amount in capitals: figures and units, left to right."""
    fen = section = figure = 0
    for char in text:
        if char in FIGURES:
            figure = FIGURES.index(char)
        elif char in "拾佰仟":
            section, figure = section + figure * UNITS[char], 0
        elif char == "万":
            fen, section, figure = (section + figure) * 1_000_000, 0, 0
        elif char == "元":
            fen, section, figure = fen + (section + figure) * 100, 0, 0
        elif char in "角分":
            fen, figure = fen + figure * UNITS[char], 0
        elif char != "整":
            raise ValueError(char)
    return fen


def test_there_and_back_by_the_table():
    """troubles: T-011"""
    assert len(TABLE) >= 40
    for fen, text in TABLE:
        assert capitals(fen) == "人民币" + text, fen
        assert read(text) == fen, text


def test_no_two_amounts_look_alike():
    """A thousand amounts that a terminal can move, with many zeros, are read back as what they were."""
    draw = Random(1)
    for _ in range(1000):
        digits = "".join(["0" if draw.below(2) else str(draw.below(10)) for _ in range(8)])
        text = capitals(int(digits))[3:]
        assert read(text) == int(digits), text
        assert "零零" not in text, text


def test_what_has_no_capitals_is_refused():
    for fen in (-1, 10_000_000_000):
        with raises(ValueError):
            capitals(fen)
