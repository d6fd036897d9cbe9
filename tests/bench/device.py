"""Programs of this folder that run on MicroPython, on 64-bit or 32-bit words."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SHARED = ROOT / "tests" / "shared"


def interpreter(bits: int) -> str:
    """The MicroPython of the environment, or the one with 32-bit words."""
    if bits == 32:
        return os.environ.get("YUANLU_MICROPYTHON_32", str(ROOT / "build" / "micropython32" / "micropython"))
    return str(Path(sys.executable).with_name("micropython"))


def measured(program: str, *arguments: object, bits: int = 64, heap: str = "16M") -> Any:
    """What the program prints, as JSON, when it is called with these arguments."""
    path = f".frozen:{ROOT / 'build' / 'firmware'}:{SHARED}"
    command = [interpreter(bits), "-X", f"heapsize={heap}", str(HERE / program), *map(str, arguments)]
    done = subprocess.run(command, env={**os.environ, "MICROPYPATH": path}, capture_output=True, text=True, timeout=300)
    if done.returncode:
        sys.exit(f"bench: {' '.join(map(str, (program, *arguments)))} failed:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def modules() -> dict[str, float]:
    """Bytes of heap that each module holds which a waiting terminal has in memory, and the tables of names apart."""
    program, rom = HERE / "modules_on_device.py", ROOT / "build" / "firmware.romfs"
    command = [interpreter(32), "-X", "heapsize=512K", str(program), str(ROOT / "emulator"), str(rom)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    found = re.findall(r"module (\S+) (-?\d+)\n.*n_qstr=(\d+), n_str_data_bytes=(\d+), n_total_bytes=(\d+)", done.stdout)
    figures: dict[str, float] = {}
    tables = 0
    for name, count, _, text, total in found:
        grown, tables = int(total) - int(text) - tables, int(total) - int(text)
        figures[f"device.heap_of.{name.removeprefix('yuanlu.')}"] = int(count) - grown
    return dict(sorted(figures.items(), key=lambda item: -item[1])) | {"device.heap_of.names": tables}
