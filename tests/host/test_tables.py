"""tables.bin as the firmware reads it, and what the packer refuses."""

import shutil
from pathlib import Path

import pytest

from emulator.acquirer.codes import REFUSING
from host_tools.yuanluctl import codes_page, tables
from yuanlu.tables import Tables, word_key
from yuanlu.ui.words import Words

WORDS = "id,zh,en\nmenu.refund,退货,Refund\nrefused.limit,最多 ¥{},At most ¥{}\n"
CODES = """code,first,repeat,zh,en,advice_zh,advice_en
00,done,done,成功,Approved,,
05,declined,person,不予承兑,Declined,请联系,Call
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Small data files that pack, with the real font."""
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "words.csv").write_text(WORDS, "utf-8")
    (tmp_path / "codes.csv").write_text(CODES, "utf-8")
    (tmp_path / tables.EXTRA).write_text("# 元\n零壹\n", "utf-8")
    shutil.copy(tables.FOLDER / tables.SUBSET, tmp_path)
    add_glyphs(tmp_path, WORDS + CODES + "零壹")
    return tmp_path


def add_glyphs(folder: Path, text: str) -> None:
    """Draw the characters that the real subset has no use for as empty boxes."""
    known = tables.read_glyphs(folder / tables.SUBSET)
    with (folder / tables.SUBSET).open("a") as subset:
        for code in sorted(set(map(ord, text)) - set(known) - {0x0A}):
            subset.write(f"{code:04X}:{'FF' * tables.WIDE_BYTES}\n")


def found(data: bytes, section: int, key: int) -> bytes | None:
    """What the firmware's own reader finds."""
    value = Tables(memoryview(data)).section(section).find(key)
    return None if value is None else bytes(value)


def test_the_firmware_finds_words_codes_and_glyphs(folder: Path):
    data = tables.pack(folder)
    for name, zh, en in (("menu.refund", "退货", "Refund"), ("code.05", "不予承兑", "Declined"), ("advice.05", "请联系", "Call")):
        assert Words(Tables(memoryview(data)))(name) == zh
        assert found(data, tables.WORDS_ENGLISH, word_key(name)) == en.encode()
    assert found(data, tables.WORDS_ENGLISH, word_key("advice.00")) is None
    assert found(data, tables.CODES, ord("0") << 8 | ord("5")) == bytes([2, 6])
    assert found(data, tables.CODES, ord("9") << 8 | ord("9")) is None


def test_glyphs_are_wide_or_narrow(folder: Path):
    data = tables.pack(folder)
    assert found(data, tables.GLYPHS_NARROW, ord("A")) == bytes.fromhex("0000000018242442427E424242420000")
    assert found(data, tables.GLYPHS_WIDE, ord("A")) is None
    wide = found(data, tables.GLYPHS_WIDE, ord("退"))
    assert wide is not None and len(wide) == tables.WIDE_BYTES
    assert found(data, tables.GLYPHS_NARROW, ord("退")) is None
    assert all(found(data, tables.GLYPHS_NARROW, code) for code in tables.ASCII)


def test_the_products_own_tables_pack():
    """In both languages; a Chinese text is the places of its glyphs."""
    words = Words(Tables(memoryview(tables.pack())))
    for language in ("zh", "en"):
        for word in tables.read_words():
            text = getattr(word, language)
            assert "{" in text or words(word.id) == text
        words.switch()


def test_the_page_of_codes_is_made_from_the_table():
    """Another class of one code, as a control, is another page."""
    codes = tables.read_codes()
    assert codes_page.PAGE.read_text("utf-8") == codes_page.page(codes), "run: make codes"
    assert codes_page.page([codes[0]._replace(repeat="person"), *codes[1:]]) != codes_page.page(codes)
    assert not [code for code in codes if "|" in "".join(code)], "a cell would end there"


def test_the_simulated_acquirer_refuses_with_every_code_of_digits_that_refuses():
    """By amount: approvals are given as such, and 68 is booked without an answer."""
    digits = [code for code in tables.read_codes() if code.code.isdigit()]
    assert sorted(REFUSING) == [code.code for code in digits if code.first != "done" and code.code not in ("10", "68")]


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("words/words.csv", WORDS + "menu.void,撤㊙,Void\n", r"menu.void: no glyph for .* \(U\+3299\); run: make font"),
        ("words/words.csv", WORDS + "menu.void,撤\U0001f4b0,Void\n", "menu.void: .* past U\\+FFFF"),
        ("words/words.csv", WORDS + "menu.refund,退,Again\n", "menu.refund stands twice"),
        ("words/words.csv", WORDS + "menu.void,,Void\n", "menu.void needs a text in both languages"),
        ("words/words.csv", WORDS + "menu.void,{},Void\n", "menu.void: zh and en do not have the same places"),
        ("words/words.csv", WORDS + "menu.void,{,{\n", "menu.void: .*'{'"),
        ("words/words.csv", WORDS + "menu.void,退\n", "row 4: 2 columns, 3 are wanted"),
        ("words/words.csv", "id,en,zh\n", "the first line must be id,zh,en"),
        ("codes.csv", CODES + "5,done,done,成,A,,\n", "'5' is not two ASCII characters"),
        ("codes.csv", CODES + "06,maybe,done,成,A,,\n", "06: 'maybe' is none of done, declined"),
        ("codes.csv", CODES + "06,declined,done,成,A,请,Do\n", "06: 'done' to a repeat"),
        ("codes.csv", CODES + "06,person,declined,成,A,请,Do\n", "06: 'declined' to a repeat"),
        ("codes.csv", CODES + "06,later,later,成,A,请,Do\n", "06: 'later' to a repeat"),
        ("codes.csv", CODES + "06,person,person,成,A,,\n", "advice.06 needs a text"),
        (tables.EXTRA, "㊙\n", r"extra-characters.txt: no glyph for"),
    ],
)
def test_what_the_packer_refuses(folder: Path, file: str, text: str, complaint: str):
    (folder / file).write_text(text, "utf-8")
    with pytest.raises(tables.TablesError, match=complaint):
        tables.pack(folder)


def test_two_words_with_one_key_are_named(folder: Path):
    names = [f"word.{number:x}" for number in range(1 << 16 | 1)]  # one more than there are keys
    keys: dict[int, str] = {}
    pair = next((keys[word_key(name)], name) for name in names if keys.setdefault(word_key(name), name) != name)
    (folder / "words" / "words.csv").write_text(WORDS + "".join(f"{name},退,R\n" for name in pair), "utf-8")
    with pytest.raises(tables.TablesError, match=f"words {pair[0]} and {pair[1]} have the same key"):
        tables.pack(folder)


def test_the_font_is_cut_from_the_source_that_the_license_names(folder: Path, tmp_path: Path):
    source = tmp_path / "unifont.hex"
    source.write_text((folder / tables.SUBSET).read_text() + f"4E00:{'00' * tables.WIDE_BYTES}\n")
    (folder / tables.LICENSE).write_text("sha256: 00")
    with pytest.raises(tables.TablesError, match=f"another Unifont than {tables.LICENSE} names"):
        tables.cut_font(source, folder)
