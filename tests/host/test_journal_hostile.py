"""Images made to keep the verifier busy: it ends, and what it takes grows with the image alone.

At 8 MiB they took from 16 s to more than a minute, since some of it grew with the square of the size and some was done again for
each geometry that an image may have. "gaps and disorder" took 21 s for 256 KiB then, and 0.25 s since.
"""

from __future__ import annotations

import itertools
import random
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from zlib import crc32

import pytest

from host_tools.yuanluctl import flash_image, flash_text
from host_tools.yuanluctl.journal.reader import find_geometry
from host_tools.yuanluctl.journal.verify import verify
from tests.host.journal_writer import BOOT, EPOCH, ROOT, SUMMARY, TERMINAL
from tests.host.test_journal_cli import run

SIZE = 1 << 19
SECONDS = 6  # of the processor, each; under 4 were seen, making the image included


def header(sequence: int) -> bytes:
    body = struct.pack("<4sBBHIII", b"YLJ1", 1, 0, 0, sequence, 1, 1)
    return body + struct.pack("<I", crc32(body))


def record(number: int, kind: int = BOOT, magic: bytes = b"YL") -> bytes:
    """The shortest there is, with a right CRC and a tag that fits nothing."""
    body = struct.pack("<2sHBII", magic, 8, kind, number, crc32(TERMINAL.encode())) + bytes(16)
    return body + struct.pack("<I", crc32(body))


def chip(pieces: Iterator[bytes], sector_size: int = 4096, size: int = SIZE) -> bytes:
    """Good headers, and as many of the pieces in each sector as fit."""
    image = b""
    for index in range(size // sector_size):
        sector = bytearray(header(index + 1))
        while len(sector) + 700 < sector_size:
            sector += next(pieces)
        image += bytes(sector).ljust(sector_size, b"\xff")
    return image


def numbers(highest: int) -> Iterator[int]:
    chance = random.Random(1)
    return iter(lambda: chance.randrange(1, highest), 0)


IMAGES: dict[str, Callable[[], bytes]] = {
    "magics of the longest record": lambda: chip(itertools.repeat(b"YL\x80\x02" * 150)),
    "the same in large sectors": lambda: chip(itertools.repeat(b"YL\x80\x02" * 150), 131072),
    "one number again and again": lambda: chip(itertools.repeat(record(7))),
    "numbers in disorder": lambda: chip(map(record, numbers(1 << 20))),
    "a gap behind every record": lambda: chip((record(n) + b"\0" for n in itertools.count(1, 2)), 131072),
    "gaps and disorder": lambda: chip((record(n) + b"\0" for n in numbers(1 << 20)), 131072),
    "SUMMARY records only": lambda: chip(record(n, SUMMARY) for n in itertools.count(1, 2)),
    "SUMMARY records in disorder": lambda: chip((record(n, SUMMARY) for n in numbers(1 << 20)), 131072),
    "copies and no copies": lambda: chip(record(n, magic=b"yl" if n & 1 else b"YL") for n in numbers(1000)),
}


@pytest.mark.parametrize("name", IMAGES)
def test_a_hostile_image_takes_seconds(name: str) -> None:
    image = IMAGES[name]()
    began = time.process_time()
    report = verify(image, None, ROOT, TERMINAL, EPOCH)
    took = time.process_time() - began
    assert report.findings and took < SECONDS, f"{took:.1f} s"


@pytest.mark.parametrize("name", IMAGES)
def test_a_hostile_image_can_be_drawn_and_dumped(name: str) -> None:
    image = IMAGES[name]()
    began = time.process_time()
    geometry = find_geometry(image)
    assert len(flash_image.draw(image, geometry)) == geometry.sectors
    assert flash_text.load(flash_text.dump(image, geometry), SIZE) == image
    assert time.process_time() - began < SECONDS


def test_many_findings_are_counted_and_not_all_printed(tmp_path: Path) -> None:
    (tmp_path / "chip").write_bytes(chip(itertools.repeat(record(7)), size=1 << 16))
    text = run(tmp_path, "journal verify {folder}/chip").stdout
    assert "more findings: --json lists them all" in text and len(text.splitlines()) < 300
