"""Packs every word, response code and glyph of the firmware into one file, tables.bin, that the device reads in place.

    file     b"YLT1" | u8 sections | sections x (u8 id, u32 offset from the start of the file, u32 length)
    section  u16 n | u16 width (0: variable) | n x u16 sorted key | n x width bytes, or (n + 1) x u16 offset + bytes

A text in Chinese is ASCII and, for any other character, two bytes, high one first: 0x8000 and its place among the wide glyphs,
or 0xC000 and its place among the narrow ones; that is a third shorter than UTF-8, in which English is. All else is little-endian:
keys: a word's crc32(id) & 0xFFFF, a glyph's code point, a code's two characters as one number. The last has what a printer
takes for each character of the font: two bytes of GB 18030.
"""

import csv
import hashlib
import string
import struct
import sys
from binascii import crc32
from pathlib import Path
from typing import NamedTuple

SHIPPED = Path(__file__).with_name("terminal_tables")  # words and codes alone: setup.py puts them there in a wheel
FOLDER = SHIPPED if SHIPPED.is_dir() else Path(__file__).parents[2] / "firmware" / "tables"
UNIFONT = Path("/usr/share/unifont/unifont.hex")
SUBSET = "unifont-subset.hex"
LICENSE = "UNIFONT-LICENSE.txt"
EXTRA = "extra-characters.txt"

WORDS_CHINESE, WORDS_ENGLISH, GLYPHS_WIDE, GLYPHS_NARROW, CODES, GB18030 = range(1, 7)
CLASSES = ("done", "declined", "later", "unknown", "hold", "person", "renew")  # numbered from 1
AFTER_SILENCE = {"later": "unknown", "unknown": "unknown", "done": "done", "declined": "declined"}  # to a repeat, or person (L6)
WIDE_BYTES, NARROW_BYTES = 32, 16
ASCII = range(0x20, 0x7F)


class TablesError(Exception):
    """The data files contradict each other or the font: says where, and what to do."""


class Word(NamedTuple):
    """One text in both languages; `{}` stands for what the firmware fills in."""

    id: str
    zh: str
    en: str


class Code(NamedTuple):
    """What a response code means as the answer to a first attempt, and to a repeat after silence."""

    code: str
    first: str
    repeat: str
    zh: str
    en: str
    advice_zh: str
    advice_en: str


def read_codes(folder: Path = FOLDER) -> list[Code]:
    """The rows of codes.csv; raises TablesError."""
    codes = [Code(*row) for row in _rows(folder / "codes.csv", Code._fields)]
    for code in codes:
        if len(code.code) != 2 or not code.code.isascii():
            raise TablesError(f"codes.csv: {code.code!r} is not two ASCII characters")
        for verdict in (code.first, code.repeat):
            if verdict not in CLASSES:
                raise TablesError(f"codes.csv: {code.code}: {verdict!r} is none of {', '.join(CLASSES)}")
        if code.repeat not in ("person", AFTER_SILENCE.get(code.first)):
            wanted = "done or declined as at first, unknown where it was later or unknown, or person"
            raise TablesError(f"codes.csv: {code.code}: {code.repeat!r} to a repeat: {wanted}")
    return codes


def read_words(folder: Path = FOLDER) -> list[Word]:
    """The rows of the files in words/, and `code.XX` and `advice.XX` of each row of codes.csv; raises TablesError.

    Only a code that means done may go without advice.
    """
    files = sorted((folder / "words").glob("*.csv"))
    words = [Word(*row) for file in files for row in _rows(file, Word._fields)]
    for code in read_codes(folder):
        words.append(Word(f"code.{code.code}", code.zh, code.en))
        if code.advice_zh or code.advice_en or code.first != "done":
            words.append(Word(f"advice.{code.code}", code.advice_zh, code.advice_en))
    reasons = " ".join(refusals(words))
    if reasons:
        words.append(Word("explain.reasons", reasons, reasons))
    _check_words(words)
    return words


def refusals(words: list[Word]) -> list[str]:
    """The reasons for which a terminal says no by itself: what has both `refused.x` and `advice.refused.x`."""
    ids = {word.id for word in words}
    return sorted(word.id[8:] for word in words if word.id.startswith("refused.") and f"advice.{word.id}" in ids)


def pack(folder: Path = FOLDER) -> bytes:
    """The whole tables.bin; raises TablesError."""
    words = read_words(folder)
    glyphs = read_glyphs(folder / SUBSET)
    for character, where in characters(words, folder).items():
        if ord(character) not in glyphs:
            raise TablesError(f"{where}: no glyph for {character!r} (U+{ord(character):04X}); run: make font")
    classes = {
        ord(row.code[0]) << 8 | ord(row.code[1]): bytes(CLASSES.index(verdict) + 1 for verdict in (row.first, row.repeat))
        for row in read_codes(folder)
    }
    places = _glyph_places(glyphs)
    sections = {
        WORDS_CHINESE: _section({_key(word.id): _by_place(word.zh, places) for word in words}),
        WORDS_ENGLISH: _section({_key(word.id): word.en.encode() for word in words}),
        GLYPHS_WIDE: _section({c: g for c, g in glyphs.items() if len(g) == WIDE_BYTES}, WIDE_BYTES),
        GLYPHS_NARROW: _section({c: g for c, g in glyphs.items() if len(g) == NARROW_BYTES}, NARROW_BYTES),
        CODES: _section(classes, 2),
        GB18030: _section({c: g for c in glyphs if len(g := chr(c).encode("gb18030")) == 2}, 2),
    }
    return _file(sections)


def _glyph_places(glyphs: dict[int, bytes]) -> dict[int, int]:
    """Of each character, which of the wide or of the narrow glyphs it has, and which of the two."""
    places: dict[int, int] = {}
    for mark, width in ((0x8000, WIDE_BYTES), (0xC000, NARROW_BYTES)):
        places |= {code: mark | place for place, code in enumerate(sorted(c for c, g in glyphs.items() if len(g) == width))}
    return places


def _by_place(text: str, places: dict[int, int]) -> bytes:
    """A text as the Chinese section has it."""
    return b"".join(c.encode() if c.isascii() else places[ord(c)].to_bytes(2, "big") for c in text)


def characters(words: list[Word], folder: Path) -> dict[str, str]:
    """Every character that needs a glyph, with the first place that uses it; raises TablesError past U+FFFF."""
    used = {chr(code): "ASCII" for code in ASCII}
    for word in words:
        for character in word.zh + word.en:
            used.setdefault(character, word.id)
    for line in (folder / EXTRA).read_text("utf-8").splitlines():
        if not line.startswith("#"):
            for character in line:
                used.setdefault(character, EXTRA)
    used.pop("\n", None)
    for character, where in used.items():
        if ord(character) > 0xFFFF:
            raise TablesError(f"{where}: {character!r} is past U+FFFF, where the table's keys end; choose another character")
    return used


def read_glyphs(path: Path) -> dict[int, bytes]:
    """Code point to bitmap, row by row, leftmost pixel in the highest bit: 32 bytes for 16x16, 16 for 8x16."""
    glyphs = {}
    for line in path.read_text("ascii").splitlines():
        code, _, bitmap = line.partition(":")
        glyphs[int(code, 16)] = bytes.fromhex(bitmap)
    return glyphs


def cut_font(source: Path = UNIFONT, folder: Path = FOLDER) -> int:
    """Write the subset of Unifont that the words need and return its number of glyphs; raises TablesError."""
    if not source.exists():
        raise TablesError(f"{source} is missing; run: sudo apt-get install unifont")
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    if digest not in (folder / LICENSE).read_text("utf-8"):
        raise TablesError(f"{source} has sha256 {digest}: another Unifont than {LICENSE} names; name it there")
    available = read_glyphs(source)
    used = characters(read_words(folder), folder)
    for character, where in used.items():
        if ord(character) not in available:
            raise TablesError(f"{where}: Unifont has no glyph for {character!r} (U+{ord(character):04X})")
    lines = [f"{code:04X}:{available[code].hex().upper()}\n" for code in sorted(map(ord, used))]
    (folder / SUBSET).write_text("".join(lines), "ascii")
    return len(lines)


def _rows(path: Path, columns: tuple[str, ...]) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file)) or [[]]
    if tuple(header) != columns:
        raise TablesError(f"{path.name}: the first line must be {','.join(columns)}")
    for number, row in enumerate(rows, 2):
        if len(row) != len(columns):
            raise TablesError(f"{path.name}: row {number}: {len(row)} columns, {len(columns)} are wanted")
    return rows


def _check_words(words: list[Word]) -> None:
    ids: set[str] = set()
    keys: dict[int, str] = {}
    for word in words:
        if word.id in ids:
            raise TablesError(f"word {word.id} stands twice")
        ids.add(word.id)
        other = keys.setdefault(_key(word.id), word.id)
        if other != word.id:
            raise TablesError(f"words {other} and {word.id} have the same key {_key(word.id):04X}; rename one of them")
        if not word.zh or not word.en:
            raise TablesError(f"word {word.id} needs a text in both languages")
        if _places(word.id, word.zh) != _places(word.id, word.en):
            raise TablesError(f"word {word.id}: zh and en do not have the same places {{}}")


def _places(name: str, text: str) -> list[str]:
    """The fields that str.format fills, in the order of their names."""
    try:
        return sorted(field for _, field, _, _ in string.Formatter().parse(text) if field is not None)
    except ValueError as error:
        raise TablesError(f"word {name}: {error}: {text!r}") from error


def _key(name: str) -> int:
    return crc32(name.encode()) & 0xFFFF


def _section(rows: dict[int, bytes], width: int = 0) -> bytes:
    keys = sorted(rows)
    values = [rows[key] for key in keys]
    head = struct.pack(f"<HH{len(keys)}H", len(keys), width, *keys)
    if width:
        return head + b"".join(values)
    offsets = [0]
    for value in values:
        offsets.append(offsets[-1] + len(value))
    if offsets[-1] > 0xFFFF:
        raise TablesError(f"tables.bin: {offsets[-1]} bytes of text in one language, 65535 fit; shorten some")
    return head + struct.pack(f"<{len(offsets)}H", *offsets) + b"".join(values)


def _file(sections: dict[int, bytes]) -> bytes:
    offset = 5 + 9 * len(sections)
    head = b"YLT1" + bytes([len(sections)])
    for name, body in sections.items():
        head += struct.pack("<BII", name, offset, len(body))
        offset += len(body)
    return head + b"".join(sections.values())


if __name__ == "__main__":
    try:
        print(f"{FOLDER / SUBSET}: {cut_font()} glyphs")
    except TablesError as error:
        sys.exit(f"make font: {error}")
