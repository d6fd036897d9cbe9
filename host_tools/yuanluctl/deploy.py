"""Puts the firmware on a bare MicroPython board, over its REPL: for boards that are being brought up (docs/bundles.md).

The image goes into the ROM partition, where the board's MicroPython has one, else into a file that the start loads into memory.
It is compared by its SHA-256 there; main.py, which starts it, comes last. So a cable may come out anywhere: what was there is
whole, or nothing starts, and the next run goes on.
"""

from __future__ import annotations

import ast
import binascii
import contextlib
import errno
import hashlib
import io
import os
import stat
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from host_tools.yuanluctl.image import FIRMWARE
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.relay import open_line, port_trouble

# By board: what its MicroPython calls itself. `emulator` is a MicroPython of this computer, for trying.
PLATFORMS = {"rp2": "rp2", "esp32": "esp32", "stm32": "pyboard", "emulator": "linux"}
IMAGE, MAIN = "firmware.romfs", "main.py"
LEAST_PYTHON = (1, 25)
HEAP = 128 << 10  # bytes that the firmware takes besides an image in memory
BYTECODE = 6
PIECE = 2048
SECONDS = 10  # for an answer
ROM_SECONDS = 600  # for a whole partition

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


class _Late(TransportError):
    """The board may still be saying something, but nothing of what it was asked for."""


class Board:
    """The REPL at a port, once `open` was entered. timeout: seconds for each answer. Trouble: no such port, none that is serial,
    silent, a program that cannot be stopped, or the cable came out."""

    def __init__(self, port: str, timeout: float = SECONDS) -> None:
        if not Path(port).exists():
            raise port_trouble(port, OSError(errno.ENOENT, ""))
        if os.name == "posix" and not stat.S_ISCHR(Path(port).stat().st_mode):
            raise _not_serial(port)
        self.port, self.timeout = port, timeout
        self._transport: Any = None
        self._until = self._heard = 0.0

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Stop what runs there and ask. Trouble."""
        try:
            self._transport = SerialTransport(self.port, timeout=self.timeout)
        except (TransportError, OSError) as problem:
            raise _why_not_open(self.port) from problem
        try:
            self._watch(self._transport.serial)
            with self._told("silent"):
                self._transport.enter_raw_repl(soft_reset=False, timeout_overall=self.timeout)
            self.run(_ASK)
            yield
        finally:
            with contextlib.suppress(TransportError, OSError), self._in_time():
                self._transport.exit_raw_repl()
            with contextlib.suppress(OSError):
                self._transport.close()

    def run(self, code: str) -> None:
        """Have that done; Trouble."""
        with self._told("line_lost"):
            self._exec(code)

    def ask(self, expression: str) -> Any:
        """What a literal comes of; Trouble."""
        with self._told("line_lost"):
            return ast.literal_eval(self._exec(f"print(repr({expression}))").strip().decode())

    def _exec(self, code: str) -> bytes:
        said, failed = self._transport.exec_raw(code, timeout=self.timeout)
        if failed:
            raise TransportExecError(said, failed.decode())
        return bytes(said)

    def _watch(self, line: Any) -> None:
        """mpremote waits for as long as anything at all comes: its line gives up in time."""
        line.write_timeout = self.timeout

        def in_time(act: Callable[..., Any]) -> Callable[..., Any]:
            def acted(*given: Any) -> Any:
                if time.monotonic() >= self._until:
                    raise _Late("no answer")
                got = act(*given)
                if isinstance(got, bytes) and got:
                    self._heard = time.monotonic()
                return got

            return acted

        for name in ("inWaiting", "read", "write"):
            setattr(line, name, in_time(getattr(line, name)))

    @contextlib.contextmanager
    def _in_time(self) -> Iterator[None]:
        self._until = time.monotonic() + self.timeout
        with contextlib.redirect_stdout(io.StringIO()):  # mpremote prints what it did not understand
            yield

    @contextlib.contextmanager
    def _told(self, name: str) -> Iterator[None]:
        try:
            with self._in_time():
                yield
        except TransportExecError as problem:
            lines = problem.error_output.strip().split("\n")
            raise Trouble("board_failed", self.port, lines[-1]) from problem
        except _Late as problem:
            raise Trouble("board_runs" if time.monotonic() - self._heard < 1 else name, self.port, problem) from problem
        except (TransportError, OSError, ValueError, SyntaxError, struct.error) as problem:
            raise Trouble(name, self.port, problem) from problem


def _why_not_open(port: str) -> Trouble:
    """mpremote does not tell."""
    try:
        open_line(port).close()
    except OSError as problem:
        return _not_serial(port) if problem.errno is None else port_trouble(port, problem)
    return port_trouble(port, OSError(errno.EBUSY, ""))  # it was, until now


def _not_serial(port: str) -> Trouble:
    name = port or "''"
    return Trouble("no_port", name, f"{name} is no serial device")


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
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=ROM_SECONDS)
        except subprocess.TimeoutExpired as problem:
            raise Trouble("silent", target.port) from problem
    if done.returncode:
        raise Trouble("board_failed", target.port, (done.stdout + done.stderr).strip().split("\n")[-1])
