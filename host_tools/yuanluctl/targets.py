"""One grammar for what a verb works on: --target image:FILE, emu:NAME, and the lines of a live terminal.

image:FILE              an image of a terminal's chip; verbs that only read
emu:NAME                a chip that the emulator kept in build/NAME (`--keep build/NAME`)
emu:PORT                the terminal of an emulator that is running, by the port of its page
socket://HOST:PORT      a terminal's line on TCP
rfc2217://HOST:PORT     a terminal's line on a port server
/dev/ttyUSB0, COM5      a terminal on a serial line of this computer; live.LiveTerminal serves these three
"""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from host_tools.yuanluctl.outcome import Trouble

LARGEST_IMAGE = 64 << 20  # bytes
ROOT = Path(__file__).parents[2]
LINES = ("serial", "socket", "rfc2217")


class Target(NamedTuple):
    """`kind` is image, emu, serial, socket or rfc2217; `place` the file, name, device or HOST:PORT."""

    kind: str
    place: str

    def __str__(self) -> str:
        """As it is typed."""
        return (
            self.place if self.kind == "serial" else f"{self.kind}{':' if self.kind in ('image', 'emu') else '://'}{self.place}"
        )


class Terminal(Protocol):
    """What a verb that only reads asks of a terminal, alive or as an image."""

    name: str

    def journal(self) -> bytes:
        """The bytes of the journal's chip; Trouble."""

    def status(self) -> dict[str, Any]:
        """What only a live terminal knows, empty for an image; Trouble."""

    def logs(self) -> list[str]:
        """The last lines of its log, none for an image; Trouble."""


def parse(text: str) -> Target:
    """A target as it was typed; Trouble."""
    kind, found, place = text.partition(":")
    if found and kind in ("image", "emu"):
        named = place if kind == "image" else re.fullmatch(r"[\w.-]*\w", place)
        if not named or "\0" in place:
            raise Trouble("target", text)
        return Target(kind, place)
    if text.startswith(("socket://", "rfc2217://")):
        try:
            parts = urlsplit(text)
            whole = bool(parts.hostname and parts.port) and not parts.path and not parts.username
        except ValueError:
            whole = False
        if not whole:
            raise Trouble("target", text)
        return Target(kind, text.split("://")[1])
    if re.fullmatch(r"(/dev/[\w./-]+|COM[1-9]\d{0,2})", text, re.IGNORECASE):
        return Target("serial", text)
    raise Trouble("target", text)


def open_terminal(target: Target, timeout: float) -> Terminal:
    """An image, or an emulated terminal; `timeout` in seconds for each question. Trouble."""
    if target.kind == "image":
        return ImageFile(str(target), Path(target.place), missing="no_image")
    if target.place.isdigit():
        return Emulated(str(target), int(target.place), timeout)
    return ImageFile(str(target), ROOT / "build" / target.place / "chip.img", missing="no_emulator")


class ImageFile:
    """A file with the bytes of a chip."""

    def __init__(self, name: str, path: Path, missing: str) -> None:
        self.name, self._path, self._missing = name, path, missing

    def __str__(self) -> str:
        """As it was asked for."""
        return self.name

    def journal(self) -> bytes:
        """A device or a pipe may have no end, or never begin: regular files only."""
        return read_regular(self._path, LARGEST_IMAGE, self._missing, self.name)

    def status(self) -> dict[str, Any]:
        """A file knows no more than its bytes."""
        return {}

    def logs(self) -> list[str]:
        """No file of a chip has any."""
        return []


class Emulated:
    """The terminal of a running emulator."""

    def __init__(self, name: str, port: int, timeout: float) -> None:
        self.name, self._port, self._timeout = name, port, timeout

    def __str__(self) -> str:
        """As it was asked for."""
        return self.name

    def journal(self) -> bytes:
        """The journal's chip."""
        return self.image("chip.img")

    def image(self, name: str) -> bytes:
        """Asked of the emulator, not of its terminal, which goes on with its work."""
        import urllib.request  # loaded where it is used: it brings TLS with it

        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # it is on this machine
        try:
            with opener.open(f"http://127.0.0.1:{self._port}/{name}", timeout=self._timeout) as answer:
                content: bytes = answer.read(LARGEST_IMAGE + 1)
        except TimeoutError as problem:
            raise Trouble("silent", self.name) from problem
        except (OSError, ValueError) as problem:
            silent = isinstance(getattr(problem, "reason", None), TimeoutError)
            raise Trouble("silent" if silent else "no_emulator", self.name) from problem
        if len(content) > LARGEST_IMAGE:
            raise Trouble("file", self.name, f"> {LARGEST_IMAGE} bytes")
        return content

    def status(self) -> dict[str, Any]:
        """Its page shows the rest."""
        return {"page": f"http://127.0.0.1:{self._port}/"}

    def logs(self) -> list[str]:
        """They stand on its page."""
        return []


def read_settings_image(target: Target, timeout: float = 5) -> bytes:
    """An image of the flash that an image or emulated terminal keeps its settings on; Trouble."""
    if target.kind == "image":
        return read_regular(Path(target.place), LARGEST_IMAGE, "no_image", str(target))
    if target.place.isdigit():
        return Emulated(str(target), int(target.place), timeout).image("settings.img")
    return read_regular(ROOT / "build" / target.place / "settings.img", LARGEST_IMAGE, "no_emulator", str(target))


def read_regular(path: Path, largest: int, missing: str, name: str) -> bytes:
    """A regular file of 1 to `largest` bytes; Trouble, of the name `missing` where there is none."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise Trouble("file", name, "directory" if stat.S_ISDIR(mode) else "no regular file")
        with path.open("rb") as file:
            content = file.read(largest + 1)
    except FileNotFoundError as problem:
        raise Trouble(missing, name, problem.strerror) from problem
    except (OSError, ValueError) as problem:
        raise Trouble("file", name, getattr(problem, "strerror", None) or problem) from problem
    if not content or len(content) > largest:
        raise Trouble("file", name, f"> {largest} bytes" if content else "0 bytes")
    return content


def await_terminal(terminal: Terminal, seconds: float, pause: Callable[[], None], now: Callable[[], float]) -> bytes:
    """Its journal, asked for again until so many seconds have passed; the last Trouble."""
    until = now() + seconds
    while True:
        try:
            return terminal.journal()
        except Trouble as trouble:
            if not trouble.retryable or now() >= until:
                raise
        pause()
