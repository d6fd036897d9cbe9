"""What the verbs on images of the journal's chip share: the file, its geometry, clear ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import rich_click as click

from host_tools.yuanluctl.journal.layout import Geometry
from host_tools.yuanluctl.journal.reader import GeometryError, find_geometry

EXIT_FINDINGS, EXIT_USAGE = 1, 2
LARGEST_IMAGE = 512 << 20


def image_argument(verb: Callable[..., Any]) -> Callable[..., Any]:
    """IMAGE and, where the headers do not tell it, the chip's geometry."""
    verb = click.option("--unit", type=int, default=0, metavar="N", help="Bytes of a write unit, if no header tells it.")(verb)
    verb = click.option(
        "--sector-size", type=int, default=0, metavar="N", help="Bytes of a sector, if the headers do not tell it."
    )(verb)
    return click.argument("image", type=click.Path(path_type=Path))(verb)


def read_image(path: Path, sector_size: int, unit: int) -> tuple[bytes, Geometry]:
    """The file's bytes and the chip's geometry; ends the program with 2 if it is not an image."""
    try:
        if path.stat().st_size > LARGEST_IMAGE:
            end(EXIT_USAGE, f"{path} has over {LARGEST_IMAGE >> 20} MiB: no image of a terminal's chip")
        image = path.read_bytes()
        return image, find_geometry(image, sector_size, unit)
    except OSError as problem:
        end(EXIT_USAGE, f"{path}: {problem.strerror or problem}")
    except GeometryError as problem:
        end(EXIT_USAGE, f"{path}: {problem}")


def read_key(path: Path) -> bytes:
    """The 32 bytes that a key file of 64 hex digits says; ends the program with 2."""
    try:
        text = path.read_text("ascii").strip()
    except OSError as problem:
        end(EXIT_USAGE, f"--key {path}: {problem.strerror or problem}")
    except UnicodeDecodeError:
        text = ""
    if len(text) != 64 or set(text) - set("0123456789abcdefABCDEF"):
        end(EXIT_USAGE, f"--key {path}: a key file holds 64 hex digits and nothing else")
    return bytes.fromhex(text)


def print_json(content: dict[str, Any]) -> None:
    """One object on stdout."""
    click.echo(json.dumps(content))


def end(code: int, problem: str = "") -> NoReturn:
    """End the program; a problem goes to stderr."""
    if problem:
        click.echo(f"yuanluctl: {problem}", err=True)
    raise SystemExit(code)
