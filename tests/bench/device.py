"""Programs of this folder that run on MicroPython, on 64-bit or 32-bit words."""

from __future__ import annotations

import json
import os
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
