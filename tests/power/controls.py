"""What shows that the harness can see: littlefs must pass it, and a part or a firmware that is known to be wrong must not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
BROKEN = ROOT / "tests/broken"
LITTLEFS = Path(__file__).with_name("littlefs_cuts.py")
FIRMWARES = ("no-seal", "summary-before-copies", "number-again")
NAMES = ("littlefs", "littlefs-cached", *FIRMWARES)
SECONDS = 900


class Outcome(NamedTuple):
    """What a control did under cuts."""

    cuts: int
    failed: int
    as_expected: bool
    example: str

    def __str__(self) -> str:
        return (
            f"{self.cuts} cuts, {self.failed} failed, {'as expected' if self.as_expected else 'NOT as expected'}; {self.example}"
        )


def run(name: str, short: bool = False) -> Outcome:
    """Play the control of that name."""
    if name in FIRMWARES:
        return _firmware(name)
    return _littlefs("nor", 2 if short else 16) if name == "littlefs" else _littlefs("cached", 2)


def _littlefs(kind: str, seeds: int) -> Outcome:
    micropython = Path(sys.executable).with_name("micropython")
    command = [str(micropython), "-X", "heapsize=128M", str(LITTLEFS), kind, str(seeds)]
    figures = _json_of(command, dict(os.environ))
    wrong = figures["failed"]
    good = figures["cuts"] > 500 and (wrong == 0 if kind == "nor" else wrong > 0)
    return Outcome(figures["cuts"], wrong, good, "; ".join(figures["examples"]))


def _json_of(command: list[str], environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: status {done.returncode}: {done.stdout[-500:]}{done.stderr[-1500:]}")
    return json.loads(done.stdout.splitlines()[-1])


def overlaid(name: str) -> Path:
    """The firmware's source with tests/broken/`name` appended, as host_tools.yuanluctl.image does it, as a folder to import."""
    folder = ROOT / "build/broken" / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "firmware/yuanlu", folder / "yuanlu", ignore=shutil.ignore_patterns("__pycache__"))
    for path in sorted((BROKEN / name).rglob("*.py")):
        target = folder / path.relative_to(BROKEN / name)
        target.write_bytes(target.read_bytes() + b"\n" + path.read_bytes())
    return folder


def _firmware(name: str) -> Outcome:
    folders = [overlaid(name), ROOT, ROOT / "firmware", ROOT / "tests/shared", ROOT / "tests/power"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders)), "PYTHONDONTWRITEBYTECODE": "1"}
    figures = _json_of([sys.executable, __file__], environment)
    assert figures["source"].startswith(str(folders[0])), figures["source"]
    return Outcome(figures["raw"], figures["failed"], figures["failed"] > 0, figures["example"])


def main() -> None:
    """In a process of its own: a few cuts of the firmware that stands first on the path."""
    from explore import Explorer, Geometry
    from yuanlu.store import journal

    result = Explorer(Geometry(4, 4096, 16), every=4, second_every=5).run()
    figures = {
        "raw": result.raw,
        "failed": sum(result.failed.values()),
        "example": (result.examples or ["none"])[0][:300],
        "source": journal.__file__,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
