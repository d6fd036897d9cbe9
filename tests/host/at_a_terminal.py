"""A command line run where a person sits: on a pty of its own, with what he types."""

from __future__ import annotations

import os
import pty
import select
import sys
import time
from collections.abc import Sequence

from tests.conftest import ROOT

_SECONDS = 60  # for a question to come, or the end


def typed(words: Sequence[object], *lines: str, **environment: str) -> tuple[int, str]:
    """(exit code, all that the screen showed) of yuanluctl; a line is typed after each question, which ends with ': '."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        command = [sys.executable, "-m", "host_tools.yuanluctl", *map(str, words)]
        os.execve(sys.executable, command, {**os.environ, "LANG": "C.UTF-8", "TERM": "dumb", **environment})
    waiting, shown, seen = list(lines), b"", 0
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        if not select.select([terminal], [], [], 0.2)[0]:
            if waiting and shown[seen:].rstrip(b" ").endswith(b":"):
                seen = len(shown)
                os.write(terminal, waiting.pop(0).encode() + b"\n")
            continue
        try:
            data = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            data = b""
        if not data:
            break
        shown += data
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode("utf-8", "replace").replace("\r\n", "\n")
