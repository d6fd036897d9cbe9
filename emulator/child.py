"""What runs the firmware: real MicroPython in a process of its own, or, for mass runs, the same source on CPython in this one.

Both take the same requests in the same order; that both give the same trace is a standing test.
"""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from emulator import protocol as p
from emulator.parts.flash import MisusedFlash, PowerCut
from emulator.parts.printer import MisusedPrinter

if TYPE_CHECKING:
    from emulator.terminal import Terminal

HEAP_KB = 544  # 64-bit words take twice the room, and an image that was brought, nearly 300 KB, lies in the heap there
START, START_BROUGHT = (Path(__file__).with_name(name) for name in ("start_rom.py", "start_brought.py"))
_HUNG_SECONDS = 20
# The packaged MicroPython is an extension of this Python. The image is mapped before it starts: in its heap, every collection
# would look through all of it.
_MAP = "import mmap, os, sys; rom = mmap.mmap(os.open(sys.argv[-1], os.O_RDONLY), 0, mmap.MAP_PRIVATE, mmap.PROT_READ); "
_UNIX = "import sys; sys.path.append(sys.argv.pop(1)); from micropython_unix import main; sys.exit(main())"


class CannotStart(Exception):
    """No interpreter or no firmware: says which, and what brings it."""


class ChildEnded(Exception):
    """The firmware ended or hangs: says which."""


class Child(Protocol):
    """A running firmware. `step` lets it come to its next request, which is answered by Terminal.answer."""

    def step(self) -> None: ...
    def resume(self, events: bytes) -> None: ...
    def kill(self) -> str: ...


def interpreter(mapping: bool = False) -> list[str]:
    """The command that starts MicroPython: YUANLU_MICROPYTHON, or the one that is installed with this Python. Its own script
    looks for all packages first, which takes three times as long. mapping: the last argument is a file that start_rom.py uses."""
    named = os.environ.get("YUANLU_MICROPYTHON")
    if named:
        return shlex.split(named)
    packages = Path(sysconfig.get_path("platlib"))
    if not (packages / "micropython_unix.py").exists():
        raise CannotStart(f"no MicroPython in {packages}; run 'make setup', or set YUANLU_MICROPYTHON=/path/to/micropython")
    return [sys.executable, "-I", "-S", "-c", mapping * _MAP + _UNIX, str(packages)]


class MicroPython:
    """The shipped files on real MicroPython, killed as a power cut kills."""

    def __init__(self, terminal: Terminal) -> None:
        rom = terminal.rom
        if not rom.exists():
            raise CannotStart(f"no firmware at {rom}; run 'make build'")
        self.terminal = terminal
        self.pipe, theirs = socket.socketpair()
        self.pipe.settimeout(_HUNG_SECONDS)
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "YUANLU_PIPE": str(theirs.fileno()),
            "YUANLU_TABLES": "/rom/tables.bin",
        }
        start = [str(START_BROUGHT), f"{terminal.firmware}.loader"] if terminal.was_updated else [str(START)]
        command = [*interpreter(mapping=True), "-X", f"heapsize={terminal.heap_kb}K", *start, str(rom.resolve())]
        try:
            self.process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            self.pipe.close()
            raise CannotStart(f"{command[0]}: {error.strerror}") from error
        finally:
            theirs.close()

    def step(self) -> None:
        """Read one request and answer it, unless it is a wait."""
        try:
            operation, length = p.REQUEST.unpack(self._receive(p.REQUEST.size))
            answer = self.terminal.answer(operation, self._receive(length))
            if answer is not None:
                self._send(answer)
        except TimeoutError as error:
            raise ChildEnded(f"the firmware did nothing for {_HUNG_SECONDS} s") from error
        except (ConnectionError, EOFError) as error:
            raise ChildEnded("the firmware ended") from error

    def resume(self, events: bytes) -> None:
        """Answer the wait."""
        try:
            self._send(events)
        except ConnectionError:
            pass  # it died waiting; the next step notices

    def _send(self, answer: bytes) -> None:
        self.pipe.sendall(p.ANSWER.pack(self.terminal.uptime_ms, len(answer)) + answer)

    def _receive(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self.pipe.recv(count - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def kill(self) -> str:
        """Gone at once; what it had printed."""
        self.process.kill()
        self.pipe.close()
        return self.process.communicate()[0].decode(errors="replace")


class InProcess:
    """The firmware's source on CPython, in this process, on its own small loop: several hundred lives a second."""

    def __init__(self, terminal: Terminal) -> None:
        from yuanlu import app, loop
        from yuanlu.boards import emulator as board

        self.terminal = terminal
        self.module, self.loop, self.before = loop, loop.Loop(), loop.loop
        self.now = 0
        self.dead = False
        self.events = b""
        self._enter()
        self.board = board.Board(self, str(terminal.firmware / "tables.bin"))
        self.loop.idle = self._idle
        self.task = loop.create_task(app.main(self.board))

    def ask(self, operation: int, *parts: bytes) -> bytearray:
        """The firmware's pipe: a call instead of a socket."""
        if self.dead:
            raise PowerCut
        body = b"".join(bytes(part) for part in parts)
        try:
            answer = self.terminal.answer(operation, body)
        except (PowerCut, MisusedFlash, MisusedPrinter):
            self.dead = True
            raise
        self.now = self.terminal.uptime_ms
        assert answer is not None, "WAIT is this child's own matter"
        return bytearray(answer)

    def _idle(self, ms: int) -> None:
        self.terminal.answer(p.WAIT, ms.to_bytes(4, "little", signed=True))

    def _enter(self) -> None:
        self.module.loop = self.loop  # whose tasks run now

    def step(self) -> None:
        """One turn of its loop."""
        self._enter()
        self.loop.turn()
        if self.task.finished:
            raise ChildEnded(f"the firmware ended: {self.task.error!r}")

    def resume(self, events: bytes) -> None:
        """The wait is over."""
        self._enter()
        self.loop.now = self.now = self.terminal.uptime_ms
        self.board.take(events)

    def kill(self) -> str:
        """Drop it; nothing of it runs again."""
        self.dead = True
        self._enter()
        self.loop.drop()
        self.module.loop = self.before
        return ""
