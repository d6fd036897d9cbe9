"""`yuanluctl flash`: draw an image of a terminal's chip, write it as text and back, or damage a copy of it on purpose."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import rich_click as click
from rich.console import Console
from rich.text import Text

from host_tools.yuanluctl import flash_image, flash_text
from host_tools.yuanluctl.cli_image import EXIT_USAGE, LARGEST_IMAGE, end, image_argument, read_file, read_image
from host_tools.yuanluctl.cli_target import Voice, spoken

LARGEST_TEXT = 4 * LARGEST_IMAGE  # bytes
COLOURS = ("bright_black", "cyan", "green", "blue", "magenta", "yellow", "bold red")
LEGEND = ("free", "copy", "record", "SUMMARY", "header", "unsettled", "unreadable")


@click.group()
def flash() -> None:
    """Look at an image of a terminal's flash chip, turn it into text and back, or damage a copy of it for a lesson or a test."""


@flash.command()
@image_argument
@spoken()
def draw(voice: Voice, image: Path, sector_size: int, unit: int) -> None:
    """Draw the chip, a line a sector: its sequence, erases, fill, and what stands where.

    Exit codes: 0 drawn, 2 wrong use or unreadable file.
    """
    content, geometry = read_image(image, sector_size, unit)
    drawn = flash_image.draw(content, geometry)
    if voice.as_json:
        voice.answer({"geometry": geometry._asdict(), "sectors": [_told(row) for row in drawn]}, [])
        return
    console = Console(highlight=False)
    console.print(f"{'sector':>6} {'sequence':>8} {'erases':>6} {'fill':>5}  state")
    for row in drawn:
        fill = row.fill * 100 // geometry.sector_size
        head = f"{row.index:6} {row.sequence or '':>8} {row.erases or '':>6} {fill:4}%  {row.state:9} "
        cells = [(flash_image.SIGNS[cell], COLOURS[cell]) for cell in row.cells]
        console.print(Text.assemble(head, *cells), soft_wrap=True)
    signs = zip(flash_image.SIGNS, LEGEND, COLOURS, strict=True)
    console.print(Text.assemble(*((f"{sign} {name}   ", colour) for sign, name, colour in signs)))


@flash.command()
@image_argument
@spoken()
def dump(voice: Voice, image: Path, sector_size: int, unit: int) -> None:
    """Write the image as text to stdout: geometry, each sector, the bytes of each record. Blank bytes have no line.

    Two of these texts can be compared line by line, and `load` makes the same image of one again.

    Exit codes: 0 written, 2 wrong use or unreadable file.
    """
    content, geometry = read_image(image, sector_size, unit)
    lines = flash_text.dump(content, geometry)
    if voice.as_json:
        voice.answer({"geometry": geometry._asdict(), "lines": list(lines)}, [])
        return
    for line in lines:
        click.echo(line)


@flash.command()
@click.argument("text", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@spoken(writes=True)
def load(voice: Voice, text: Path, out: Path) -> None:
    """Write to OUT the image of which TEXT is the dump; it may have been edited.

    Exit codes: 0 written, 2 wrong use, unreadable file, or a line that is wrong: it is named, and nothing is written;
    8 OUT is there already and holds another journal.
    """
    content = read_file(text, LARGEST_TEXT, "the text of a chip")
    try:
        image = flash_text.load(content.decode("ascii", "replace").splitlines(), LARGEST_IMAGE)
    except flash_text.TextError as problem:
        end(EXIT_USAGE, f"{text}: {problem}")
    voice.write(out, image)
    voice.answer({"file": str(out), "bytes": len(image), "dry_run": voice.dry_run}, [])


@flash.command()
@image_argument
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--flip", metavar="ADDRESS:BIT", help="Turn one bit over.")
@click.option("--erase", type=int, metavar="SECTOR", help="Make a sector blank.")
@click.option("--cut", metavar="ADDRESS", help="Make everything from here to the sector's end blank.")
@click.option("--swap", type=(int, int), metavar="RECORD RECORD", help="Put two records into each other's place.")
@click.option("--drop", type=int, metavar="RECORD", help="Take a record out, what follows it moves up.")
@spoken(writes=True)
def damage(
    voice: Voice,
    image: Path,
    out: Path,
    sector_size: int,
    unit: int,
    flip: str | None,
    erase: int | None,
    cut: str | None,
    swap: tuple[int, int] | None,
    drop: int | None,
) -> None:
    """Write IMAGE to OUT with one damage. Addresses from the start of the image, like 0x1040 or 4160.

    Exit codes: 0 written, 2 wrong use or unreadable file, 8 OUT is there already and holds another journal.
    """
    if sum(option is not None for option in (flip, erase, cut, swap, drop)) != 1:
        end(EXIT_USAGE, "name one of --flip, --erase, --cut, --swap, --drop")
    if out.exists() and out.samefile(image):
        end(EXIT_USAGE, f"{out} is the image itself, which may be evidence: name another file for the damaged one")
    content, geometry = read_image(image, sector_size, unit)
    try:
        if flip is not None:
            address, colon, bit = flip.partition(":")
            if not colon:
                end(EXIT_USAGE, f"--flip {flip} names no bit: an address and a bit from 0 to 7, like --flip {flip or 0}:3")
            content = flash_image.flip(content, _number(address), _number(bit))
        elif erase is not None:
            content = flash_image.erase(content, geometry, erase)
        elif cut is not None:
            content = flash_image.cut(content, geometry, _number(cut))
        elif swap is not None:
            content = flash_image.swap(content, geometry, *swap)
        elif drop is not None:
            content = flash_image.drop(content, geometry, drop)
    except flash_image.DamageError as problem:
        end(EXIT_USAGE, f"{image}: {problem}")
    voice.write(out, content)
    voice.answer({"file": str(out), "bytes": len(content), "dry_run": voice.dry_run}, [])


def _told(row: flash_image.Row) -> dict[str, object]:
    """For programs; the cells as they are drawn."""
    return {**asdict(row), "cells": "".join(flash_image.SIGNS[cell] for cell in row.cells)}


def _number(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        end(EXIT_USAGE, f"{text or 'nothing'} is no number like 0x1040 or 4160")
