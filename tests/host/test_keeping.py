"""What the verbs write is on the disk before they say so, and what they cannot print is told."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from host_tools.yuanluctl import keeping
from tests.conftest import ROOT
from tests.host.journal_writer import Writer
from tests.host.test_journal_verify import trade

SOURCES = ROOT / "host_tools" / "yuanluctl"
COMMAND = [sys.executable, "-m", "host_tools.yuanluctl"]
# What writes a file; image and the makers of pages and tables are the build's, which can be run again.
WRITES = re.compile(r'write_bytes|write_text|os\.open|os\.replace|\.open\("[wax]|fdopen')
OF_THE_BUILD = {"image.py", "codes_page.py", "tables.py"}


def calls(run: Callable[[], object]) -> list[str]:
    """The system calls about files that it makes, in order."""
    seen: list[str] = []

    def note(_: Any, event: str, about: Any) -> None:
        if event == "c_call" and about.__name__ in ("fsync", "replace", "rename", "link", "unlink"):
            seen.append(about.__name__)

    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(None)
    return seen


def test_a_file_is_on_the_disk_before_its_name_and_its_name_before_it_is_said(tmp_path: Path) -> None:
    """Control: what pathlib writes is synced by nobody."""
    path = tmp_path / "file"
    for content in (b"one", b"two"):
        assert calls(partial(keeping.keep, path, content)) == ["fsync", "replace", "fsync"]
        assert path.read_bytes() == content
    assert calls(lambda: keeping.keep(tmp_path / "key", b"secret", new=True)) == ["fsync", "link", "unlink", "fsync"]
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert calls(lambda: keeping.append(path, b"three")) == ["fsync"] and path.read_bytes() == b"twothree"
    assert calls(lambda: path.write_bytes(b"four")) == []
    with pytest.raises(FileExistsError):
        keeping.keep(tmp_path / "key", b"another", new=True)
    assert (tmp_path / "key").read_bytes() == b"secret"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "key"]


def test_no_verb_writes_a_file_by_itself() -> None:
    """Control: keeping.py does."""
    found = {path.name for path in SOURCES.rglob("*.py") if WRITES.search(path.read_text("utf-8"))}
    assert found - OF_THE_BUILD == {"keeping.py", "output_lost.py"}, "output_lost opens the null device"


@pytest.fixture
def chip(tmp_path: Path) -> Path:
    (tmp_path / "chip").write_bytes(trade(Writer(), 12).chip)
    return tmp_path / "chip"


VERBS = [
    ["status"],
    ["diagnose"],
    ["journal", "tail"],
    ["journal", "show"],
    ["report", "operators"],
    ["--help"],
    ["explain", "51"],
]


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_output_that_goes_nowhere_is_one_clear_error(chip: Path, verb: list[str]) -> None:
    """To a full disk and to a pipe whose reader has gone. Control: to a file it is exit 0 or 1, and nothing on stderr."""
    where = [] if verb[0] in ("--help", "explain") else ["-t", f"image:{chip}"]
    command = [*COMMAND, *verb, *where]
    with (chip.parent / "out").open("wb") as out:
        good = subprocess.run(command, cwd=ROOT, stdout=out, stderr=subprocess.PIPE, text=True)
    assert good.returncode in (0, 1) and good.stderr == "" and (chip.parent / "out").stat().st_size
    reader, writer = os.pipe()
    os.close(reader)
    for nowhere, why in ((os.open("/dev/full", os.O_WRONLY), "No space left"), (writer, "Broken pipe")):
        done = subprocess.run(command, cwd=ROOT, stdout=nowhere, stderr=subprocess.PIPE, text=True)
        os.close(nowhere)
        assert done.returncode == 2, done.stderr
        assert re.fullmatch(f"yuanluctl: standard output: {why}.*\n  -> Where it goes .*\n", done.stderr), done.stderr


def test_with_json_it_is_one_object(chip: Path) -> None:
    with open("/dev/full", "wb") as full:
        words = ["status", "-t", f"image:{chip}", "--json"]
        done = subprocess.run([*COMMAND, *words], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2 and json.loads(done.stderr)["error"]["code"] == "output"


def test_a_device_is_no_file_to_write_to(chip: Path, tmp_path: Path) -> None:
    """Its name would be taken by a file. Control: a file beside it is written."""
    os.mkfifo(tmp_path / "pipe")
    for out, code in (("pipe", 2), ("file", 0)):
        words = ["journal", "export", "csv", "-t", f"image:{chip}", "-o", str(tmp_path / out)]
        done = subprocess.run([*COMMAND, *words], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
    assert (tmp_path / "pipe").is_fifo() and (tmp_path / "file").stat().st_size
