"""The firmware as one signed file: the ROM image that a terminal runs from, and what a terminal asks before it takes it."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from host_tools.yuanluctl import bundles, image
from host_tools.yuanluctl.bundles import BadBundle, Bundle
from host_tools.yuanluctl.outcome import Trouble
from yuanlu import VERSION, record

FILE = "firmware.romfs"
JOURNAL_FORMAT = 1
UNSIGNED = "-"
BOARDS = image.FIRMWARE / "yuanlu" / "boards"


def number_of(version: str) -> int:
    """1.2.3 as one number that rises with it; BadBundle."""
    parts = re.fullmatch(r"(\d{1,3})\.(\d{1,3})\.(\d{1,5})", version)
    major, minor, patch = (int(part) for part in parts.groups()) if parts else (256, 0, 0)
    if major > 255 or minor > 255 or patch > 0xFFFF:
        raise BadBundle(f"{version!r} is no version like 1.2.3")
    return major << 24 | minor << 16 | patch


def dotted(version: int) -> str:
    """And back."""
    return f"{version >> 24}.{version >> 16 & 255}.{version & 0xFFFF}"


def build(board: str, least: str = "0.0.0", session_keys: bool = False) -> Bundle:
    """Not signed yet; the same sources give the same bytes. least: older firmware is not taken afterwards. BadBundle, Trouble."""
    if not (BOARDS / f"{board}.py").exists():
        raise Trouble("no_board", board, BOARDS)
    with tempfile.TemporaryDirectory() as folder:
        out = image.build(Path(folder) / "firmware", board=board)
        content = image.rom(out, session_keys).read_bytes()
    types = sum(1 << record_type for record_type in record.FORMS)
    files = ((FILE, content),)
    return Bundle(
        bundles.FIRMWARE, board, number_of(VERSION), 0, UNSIGNED, files, b"\0" * 32, number_of(least), JOURNAL_FORMAT, types
    )


def read(content: bytes) -> Bundle:
    """A firmware bundle; BadBundle."""
    bundle = bundles.read(content)
    if bundle.kind != bundles.FIRMWARE:
        raise BadBundle("settings, no firmware")
    return bundle


def told(bundle: Bundle) -> dict[str, Any]:
    """What its manifest says."""
    return {
        "version": dotted(bundle.version),
        "board": bundle.target,
        "least": dotted(bundle.least),
        "journal": bundle.journal,
        "records": [bit for bit in range(64) if bundle.types >> bit & 1],
        "by": bundle.by,
        "date": bundle.date,
        "digest": bundle.digest.hex(),
        "files": [{"path": path, "bytes": len(body)} for path, body in bundle.files],
    }
