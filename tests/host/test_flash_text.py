"""`flash dump` and `flash load`: the same image again, byte for byte; a text that is wrong is refused by its line."""

from __future__ import annotations

import difflib
import random
from pathlib import Path

import pytest

from host_tools.yuanluctl import flash_image, flash_text
from host_tools.yuanluctl.journal.layout import Geometry
from host_tools.yuanluctl.journal.reader import find_geometry
from tests.host.journal_writer import Writer
from tests.host.test_journal_cli import run
from tests.host.test_journal_verify import TORN, trade

CHIPS = [(8, 4096, 1), (4, 4096, 16), (8, 4096, 32), (3, 65536, 256), (6, 16384, 8)]
LARGEST = 1 << 20
HEAD = ("yuanlu flash dump 1", "sector-size 4096", "unit 16", "sectors 3")
TEXT = (*HEAD, "sector 0", "0x10  0011", "sector 1", "sector 2", "end")


def journal(chip: tuple[int, int, int] = (8, 4096, 16)) -> bytes:
    """A torn write at its end."""
    writer = trade(Writer(*chip), 120)
    writer.cut(TORN)
    return bytes(writer.chip)


def again(image: bytes, geometry: Geometry) -> bytes:
    """The image, as text and back."""
    return flash_text.load(flash_text.dump(image, geometry), LARGEST)


@pytest.mark.parametrize("chip", CHIPS)
def test_a_journal_comes_back_byte_for_byte(chip: tuple[int, int, int]) -> None:
    image = journal(chip)
    assert again(image, find_geometry(image)) == image


def test_any_image_comes_back_byte_for_byte() -> None:
    """Noise, noise strewn into a journal, blanks, zeros, bytes at the edges of sectors and lines."""
    geometry, chance = Geometry(4096, 16, 8), random.Random(7)
    images = [chance.randbytes(32768), b"\xff" * 32768, bytes(32768), b"YL" * 16384]
    for _ in range(30):
        image = bytearray(chance.choice((journal(), b"\xff" * 32768)))
        for _ in range(12):
            at = min(chance.randrange(9) * 4096 + chance.randrange(-40, 40), 32700) % 32768
            noise = chance.randbytes(chance.randrange(1, 90))[: 32768 - at]
            image[at : at + len(noise)] = noise
        images.append(bytes(image))
    for one in images:
        assert again(one, geometry) == one


def test_a_dump_is_readable_and_blank_places_have_no_line() -> None:
    image = bytes(trade(Writer(), 300).chip)
    lines = list(flash_text.dump(image, find_geometry(image)))
    assert lines[:4] == ["yuanlu flash dump 1", "sector-size 4096", "unit 16", "sectors 8"] and lines[-1] == "end"
    assert any(line.startswith("sector 0  # sequence ") for line in lines) and any(line.startswith("# SALE ") for line in lines)
    assert any(line.startswith("# copy of ") for line in lines)
    assert any(line.startswith("0x001000  594c4a31 01040000 ") for line in lines)
    assert list(flash_text.dump(b"\xff" * 12288, Geometry(4096, 16, 3)))[4:-1] == [f"sector {n}  # blank" for n in range(3)]


def test_one_bit_is_a_difference_of_one_line_of_bytes() -> None:
    image = journal()
    geometry = find_geometry(image)
    hurt = flash_image.flip(image, 0x1044, 3)
    one, other = (list(flash_text.dump(chip, geometry)) for chip in (image, hurt))
    changed = [line for line in difflib.ndiff(one, other) if line[:1] in "+-" and line[2:4] == "0x"]
    assert len(changed) == 2 and all(line.startswith("0x00104", 2) or line.startswith("0x00102", 2) for line in changed)


def test_a_text_may_be_edited_by_hand() -> None:
    image = flash_text.load([*TEXT[:5], "# a remark", "", "  0x10 00 11  # here", *TEXT[6:]], LARGEST)
    assert image == b"\xff" * 16 + b"\x00\x11" + b"\xff" * (3 * 4096 - 18) == flash_text.load(TEXT, LARGEST)


WRONG = [
    (1, "yuanlu flash dump 2", "is not `yuanlu flash dump 1`"),
    (2, "sector-size", "`sector-size` and a number"),
    (2, "sector-size 5000", "a sector has one of"),  # told where the geometry is complete
    (3, "unit 3", "a unit has one of"),
    (4, "sectors 2", "3 sectors or more"),
    (4, "sectors 999999", "at most 1048576 bytes"),
    (4, "sectors ٣", "`sectors` and a number"),
    (5, "sector 1", "`sector 0` is due"),
    (5, "", "`sector 0` is due"),
    (6, "0x10 001", "two hex digits each"),
    (6, "0x10 00 1", "two hex digits each"),
    (6, "0x10", "two hex digits each"),
    (6, "0x10 0g", "two hex digits each"),
    (6, "16 00", "no address like"),
    (6, "0x1000 00", "go past 0x1000"),
    (6, "0xfff 0000", "go past 0x1000"),
    (7, "0x11 00", "lies before 0x12"),
    (7, "sector 2", "stands where `sector 1` is due"),
    (8, "end", "ends behind sector 1 of 3"),
    (8, "sector 2\n0x20 00", "lies before 0x2000"),
    (9, "sector 3", "stands where `end` is due"),
    (9, "", "`end` is missing"),
    (9, "end\nend", "more stands behind"),
]


@pytest.mark.parametrize(("line", "instead", "says"), WRONG)
def test_a_wrong_line_is_named(line: int, instead: str, says: str) -> None:
    flash_text.load(TEXT, LARGEST)  # the control
    text = "\n".join([*TEXT[: line - 1], instead, *TEXT[line:]])
    with pytest.raises(flash_text.TextError, match=says) as found:
        flash_text.load(text.splitlines(), LARGEST)
    told = int(str(found.value).split()[1].rstrip(":"))
    assert line <= told <= max(line + 1, 4)


def test_no_cut_text_is_taken_for_a_whole_one() -> None:
    image = journal()
    lines = list(flash_text.dump(image, find_geometry(image)))
    for length in range(0, len(lines), 7):
        with pytest.raises(flash_text.TextError):
            flash_text.load(lines[:length], LARGEST)


def test_dump_and_load_on_the_command_line(tmp_path: Path) -> None:
    image = journal()
    (tmp_path / "chip").write_bytes(image)
    text = run(tmp_path, "flash dump {folder}/chip").stdout
    (tmp_path / "text").write_text(text)
    assert run(tmp_path, "flash load {folder}/text {folder}/again").exit_code == 0
    assert (tmp_path / "again").read_bytes() == image
    (tmp_path / "text").write_text(text.replace("sectors 8", "sectors x"))
    done = run(tmp_path, "flash load {folder}/text {folder}/bad")
    assert done.exit_code == 2 and f"{tmp_path}/text: line 4: `sectors` and a number" in done.stderr
    assert not (tmp_path / "bad").exists()
    assert run(tmp_path, "flash load {folder}/chip {folder}/bad").exit_code == 2  # an image is no text
    assert run(tmp_path, "flash load {folder}/again {folder}/nothing/out").exit_code == 2
