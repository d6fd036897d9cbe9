"""What the verbs on images of the journal's chip share: the file, its geometry, clear ends."""

from __future__ import annotations

import functools
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import rich_click as click
from click.core import ParameterSource

from host_tools.yuanluctl.cli_target import Voice
from host_tools.yuanluctl.completing import targets
from host_tools.yuanluctl.journal.layout import Geometry
from host_tools.yuanluctl.journal.reader import GeometryError, NoHeaderError, find_geometry
from host_tools.yuanluctl.json_text import json_text
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.output_lost import tell
from host_tools.yuanluctl.phrases import in_chinese
from host_tools.yuanluctl.targets import LARGEST_IMAGE, LINES, Terminal, open_terminal, parse
from host_tools.yuanluctl.words import LANGUAGES, language_of

EXIT_FINDINGS, EXIT_USAGE = 1, 2
ANSWER_SECONDS = 5  # that a running emulator may take
LONGEST_KEY = 4096  # bytes of a key file, blank ones too


def image_or_target(verb: Callable[..., Any]) -> Callable[..., Any]:
    """IMAGE, or the same chip by --target; and, where the headers do not tell it, the chip's geometry."""

    @functools.wraps(verb)
    def run(image: Path | None, target: str | None, lang: str | None, **given: Any) -> Any:
        language = lang or language_of(os.environ.get("LC_ALL") or os.environ.get("LANG", ""))
        if image is not None and _is_of_the_shell("target"):
            target = None  # what is named goes before it
        if (image is None) == (target is None):
            end(EXIT_USAGE, "name either an IMAGE or a --target")
        if image is not None:
            return verb(image=image, language=language, **given)
        try:
            where = parse(str(target))
            if where.kind in LINES:
                raise Trouble("pull_first", where)
            return verb(image=open_terminal(where, ANSWER_SECONDS), language=language, **given)
        except Trouble as trouble:
            Voice(language, bool(given.get("as_json")), False).fail(trouble)

    help_text = "image:FILE, emu:NAME or emu:PORT, in place of IMAGE."
    named = click.option("-t", "--target", envvar="YUANLU_TARGET", metavar="TARGET", shell_complete=targets, help=help_text)
    spoken = click.option("--lang", type=click.Choice(LANGUAGES), envvar="YUANLU_LANG", help="Else as LANG says.")
    return click.argument("image", type=click.Path(path_type=Path), required=False)(named(spoken(_geometry(run))))


def _is_of_the_shell(option: str) -> bool:
    """It comes from a variable of the environment, nobody has typed it here."""
    call = click.get_current_context(silent=True)
    return call is not None and call.get_parameter_source(option) is ParameterSource.ENVIRONMENT


def image_argument(verb: Callable[..., Any]) -> Callable[..., Any]:
    """IMAGE and, where the headers do not tell it, the chip's geometry."""
    return click.argument("image", type=click.Path(path_type=Path))(_geometry(verb))


def _geometry(verb: Callable[..., Any]) -> Callable[..., Any]:
    verb = click.option("--unit", type=int, default=0, metavar="N", help="Bytes of a write unit, if no header tells it.")(verb)
    return click.option(
        "--sector-size", type=int, default=0, metavar="N", help="Bytes of a sector, if the headers do not tell it."
    )(verb)


def read_image(path: Path | Terminal, sector_size: int, unit: int) -> tuple[bytes, Geometry]:
    """The file's bytes and the chip's geometry; ends the program with 2 if it is not an image."""
    image = read_bytes(path)
    geometry = told_geometry(path, image, sector_size, unit)
    assert geometry is not None
    return image, geometry


def read_bytes(path: Path | Terminal) -> bytes:
    """The bytes of an image; ends the program with 2, or as a target's trouble does."""
    if not isinstance(path, Path):
        return path.journal()
    image = read_file(path, LARGEST_IMAGE, "an image of a terminal's chip")
    if not image:
        end(EXIT_USAGE, f"{path}: the file is empty: no image of a terminal's chip. Was the reading of the chip cut short?")
    return image


def told_geometry(path: Path | Terminal, image: bytes, sector_size: int, unit: int, or_none: bool = False) -> Geometry | None:
    """The chip's geometry; None where no header tells it and that is allowed. Else ends the program with 2."""
    try:
        return find_geometry(image, sector_size, unit)
    except NoHeaderError as problem:
        if or_none:
            return None
        end(EXIT_USAGE, f"{path}: {problem}")
    except GeometryError as problem:
        end(EXIT_USAGE, f"{path}: {problem}")


def read_file(path: Path, largest: int, what: str) -> bytes:
    """A regular file of at most so many bytes; ends the program with 2. A device or a pipe may have no end, or never begin."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            kind = "directory" if stat.S_ISDIR(found.st_mode) else "pipe" if stat.S_ISFIFO(found.st_mode) else "device"
            end(EXIT_USAGE, f"{path} is a {kind}: name a file that holds {what}")
        with path.open("rb") as file:
            content = file.read(largest + 1)  # no more, whatever the size said
    except OSError as problem:
        end(EXIT_USAGE, f"{path}: {problem.strerror or problem}")
    if len(content) > largest:
        end(EXIT_USAGE, f"{path} has over {largest} bytes: too many for {what}")
    return content


def read_key(path: Path) -> bytes:
    """The 32 bytes that a key file of 64 hex digits says; ends the program with 2."""
    text = read_file(path, LONGEST_KEY, "a key file of 64 hex digits").decode("ascii", "replace").strip()
    if len(text) != 64 or set(text) - set("0123456789abcdefABCDEF"):
        end(EXIT_USAGE, f"--key {path}: a key file holds 64 hex digits and nothing else")
    return bytes.fromhex(text)


def print_json(content: dict[str, Any]) -> None:
    """One object on stdout."""
    click.echo(json.dumps(content))


def end(code: int, problem: str = "") -> NoReturn:
    """End the program; a problem goes to stderr, as one object for a program that asked for --json."""
    call = click.get_current_context(silent=True)
    if problem and call and "lang" in call.params:
        asked = call.params["lang"] or language_of(os.environ.get("LC_ALL") or os.environ.get("LANG", ""))
        problem = in_chinese(problem) if asked == "zh" else problem
    if problem and call and call.params.get("as_json"):
        error = {"code": "usage", "exit": code, "message": problem, "hint": "", "retryable": False}
        tell(json_text({"error": error}))
    elif problem:
        tell(f"yuanluctl: {problem}")
    raise SystemExit(code)
