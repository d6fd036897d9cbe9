"""Puts the firmware on a bare MicroPython board, over its REPL: for boards that are being brought up (docs/bundles.md).

The image goes into the ROM partition, where the board's MicroPython has one, else into a file that the start loads into memory.
It is compared by its SHA-256 there; main.py, which starts it, comes last. So a cable may come out anywhere: what was there is
whole, or nothing starts, and the next run goes on.
"""

from __future__ import annotations

import binascii
import contextlib
import errno
import hashlib
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from host_tools.yuanluctl.image import FIRMWARE
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.relay import port_advice

# By board: what its MicroPython calls itself. `emulator` is a MicroPython of this computer, for trying.
PLATFORMS = {"rp2": "rp2", "esp32": "esp32", "stm32": "pyboard", "emulator": "linux"}
IMAGE, MAIN = "firmware.romfs", "main.py"
LEAST_PYTHON = (1, 25)
HEAP = 128 << 10  # bytes that the firmware takes besides an image in memory
BYTECODE = 6
PIECE = 2048
SECONDS = 10

_FROM_FILE = 'import vfs\n\nvfs.mount(vfs.VfsRom(memoryview(open("{}", "rb").read())), "/rom")\n'
_START = 'import sys\n\nsys.path.insert(0, "/rom")\n'
_ASK = """
import binascii, gc, hashlib, os, sys
import vfs
def _sum(name):
    total, found = hashlib.sha256(), 0
    try:
        file = open(name, "rb")
    except OSError:
        return 0, ""
    while True:
        data = file.read(1024)
        if not data:
            break
        total.update(data)
        found += len(data)
    file.close()
    return found, str(binascii.hexlify(total.digest()), "ascii")
def _rom():
    if not hasattr(vfs, "rom_ioctl") or vfs.rom_ioctl(1) < 1:
        return None
    device = vfs.rom_ioctl(2, 0)
    return None if isinstance(device, int) and device < 0 else memoryview(device)
def _rom_sum(count):
    return str(binascii.hexlify(hashlib.sha256(_rom()[:count]).digest()), "ascii")
gc.collect()
"""
_WHO = (
    '(sys.platform, sys.implementation[1][:2], getattr(sys.implementation, "_mpy", 0) & 255, gc.mem_free(), len(_rom() or b""))'
)


class Board:
    """The REPL at a port, once `open` was entered. Trouble: no such port, silent, or the cable came out."""

    def __init__(self, port: str) -> None:
        if not Path(port).exists():
            raise Trouble("no_port", port, port_advice(port, OSError(errno.ENOENT, "")))
        self.port = port
        self._transport: Any = None

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Stop what runs there and ask. Trouble."""
        try:
            self._transport = SerialTransport(self.port, timeout=SECONDS)
        except (TransportError, OSError) as problem:
            raise Trouble("port", self.port, port_advice(self.port, OSError(errno.EBUSY, ""))) from problem
        try:
            with contextlib.redirect_stdout(sys.stderr), self._told("silent"):
                self._transport.enter_raw_repl(soft_reset=False, timeout_overall=SECONDS)
            self.run(_ASK)
            yield
        finally:
            with contextlib.suppress(TransportError, OSError):
                self._transport.exit_raw_repl()
            with contextlib.suppress(OSError):
                self._transport.close()

    def run(self, code: str) -> None:
        """Have that done; Trouble."""
        with self._told("line_lost"):
            self._transport.exec(code)

    def ask(self, expression: str) -> Any:
        """What a literal comes of; Trouble."""
        with self._told("line_lost"):
            return self._transport.eval(expression)

    @contextlib.contextmanager
    def _told(self, name: str) -> Iterator[None]:
        try:
            yield
        except TransportExecError as problem:
            lines = problem.error_output.strip().split("\n")
            raise Trouble("board_failed", self.port, lines[-1]) from problem
        except (TransportError, OSError, ValueError, SyntaxError, struct.error) as problem:
            raise Trouble(name, self.port, problem) from problem


def deploy(target: Board, board: str, image: bytes, progress: Callable[[int, int], None] = lambda done, total: None) -> str:
    """`rom` or `file`: where the image is now, and starts from; Trouble."""
    with target.open():
        where = _place(target, board, len(image))
        if where == "file":
            _bring(target, IMAGE, image, progress)
        elif not _is_in_rom(target, image):
            target.run(f"try:\n os.remove({MAIN!r})\nexcept OSError:\n pass")
    if where == "rom":
        _write_rom(target, image)
    with target.open():
        if where == "rom" and not _is_in_rom(target, image):
            raise Trouble("board_failed", target.port, "SHA-256")
        start = (_FROM_FILE.format(IMAGE) if where == "file" else "") + _START
        _bring(target, MAIN, start.encode() + (FIRMWARE / MAIN).read_bytes(), lambda done, total: None)
    return where


def _place(target: Board, board: str, size: int) -> str:
    platform, python, bytecode, memory, rom = target.ask(_WHO)
    if platform != PLATFORMS[board] or tuple(python) < LEAST_PYTHON or bytecode != BYTECODE:
        raise Trouble("other_board", target.port, f"{platform} {'.'.join(map(str, python))}", board)
    if rom >= size:
        return "rom"
    if memory < size + HEAP:
        raise Trouble("no_rom", target.port, size, rom, memory)
    return "file"


def _bring(target: Board, name: str, content: bytes, progress: Callable[[int, int], None]) -> None:
    """Make that file there hold these bytes: on from what an earlier run has left, under its name once it is whole."""
    whole, part = (len(content), hashlib.sha256(content).hexdigest()), f"{name}.part"
    if target.ask(f"_sum({name!r})") == whole:
        return
    here, digest = target.ask(f"_sum({part!r})")
    if not here or here > len(content) or hashlib.sha256(content[:here]).hexdigest() != digest:
        target.run(f"open({part!r}, 'wb').close()")
        here = 0
    for at in range(here, len(content), PIECE):
        data = binascii.b2a_base64(content[at : at + PIECE], newline=False)
        target.run(f"_f = open({part!r}, 'ab')\n_f.write(binascii.a2b_base64({data!r}))\n_f.close()")
        progress(min(at + PIECE, len(content)), len(content))
    if target.ask(f"_sum({part!r})") != whole:
        target.run(f"os.remove({part!r})")
        raise Trouble("board_failed", target.port, "SHA-256")
    target.run(f"try:\n os.rename({part!r}, {name!r})\nexcept OSError:\n os.remove({name!r})\n os.rename({part!r}, {name!r})")


def _is_in_rom(target: Board, image: bytes) -> bool:
    return bool(target.ask(f"_rom_sum({len(image)})") == hashlib.sha256(image).hexdigest())


def _write_rom(target: Board, image: bytes) -> None:
    """By mpremote's own command, which knows how each port's partition is written."""
    with target.open():
        if _is_in_rom(target, image):
            return
    with tempfile.NamedTemporaryFile(suffix=".romfs") as file:
        file.write(image)
        file.flush()
        command = [sys.executable, "-m", "mpremote", "connect", target.port, "resume", "romfs", "deploy", file.name]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Trouble("board_failed", target.port, (done.stdout + done.stderr).strip().split("\n")[-1])
