"""`firmware deploy` against the REPL of a real MicroPython on a pty, with a cable that comes out."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from emulator.child import interpreter
from host_tools.yuanluctl import deploy
from host_tools.yuanluctl.cli import yuanluctl
from host_tools.yuanluctl.outcome import Trouble
from tests.conftest import FIRMWARE, ROOT
from yuanlu import VERSION


class Repl:
    """A bare MicroPython whose file system is `folder`. heap_kb: of its memory."""

    def __init__(self, folder: Path, heap_kb: int = 2048) -> None:
        self.folder = folder
        self.ours, theirs = pty.openpty()
        tty.setraw(theirs)
        command = [*interpreter(), "-X", f"heapsize={heap_kb}K"]
        self.process = subprocess.Popen(command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)
        self._wait_for_prompt()

    def _wait_for_prompt(self) -> None:
        """What is typed before it has set up its terminal is lost."""
        said = b""
        while not said.endswith(b">>> "):
            said += os.read(self.ours, 4096)

    def close(self) -> None:
        """Power goes."""
        self.process.kill()
        self.process.wait()
        os.close(self.ours)


class Cable:
    """From the laptop's port to that REPL; it comes out when so many bytes have gone to the board."""

    def __init__(self, repl: Repl, most: int = 1 << 30) -> None:
        self.repl, self.left = repl, most
        self.ours, self.laptop = pty.openpty()
        tty.setraw(self.laptop)
        self.port = os.ttyname(self.laptop)
        self.thread = threading.Thread(target=self._carry)
        self.thread.start()

    def _carry(self) -> None:
        while self.left > 0:
            ready, _, _ = select.select([self.ours, self.repl.ours], [], [], 0.1)
            if self.repl.ours in ready:
                os.write(self.ours, os.read(self.repl.ours, 4096))
            if self.ours in ready:
                data = os.read(self.ours, 4096)[: self.left]
                os.write(self.repl.ours, data)
                self.left -= len(data)
        os.close(self.laptop)
        os.close(self.ours)

    def close(self) -> None:
        """It is taken out."""
        self.left = 0
        self.thread.join()


@pytest.fixture
def repl(tmp_path: Path) -> Iterator[Repl]:
    repl = Repl(tmp_path)
    yield repl
    repl.close()


def plugged(repl: Repl, image: bytes, most: int = 1 << 30, board: str = "emulator") -> str:
    """Deploy over a new cable."""
    cable = Cable(repl, most)
    try:
        return deploy.deploy(deploy.Board(cable.port), board, image)
    finally:
        cable.close()


def starts(folder: Path) -> str:
    """What the file system's main.py would start: board and version."""
    start = (folder / "main.py").read_text().split("from this_board")[0]
    code = f"{start}\nimport yuanlu, this_board\nprint(this_board.NAME, yuanlu.VERSION)"
    done = subprocess.run(
        [*interpreter(), "-X", "heapsize=2M", "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_built_firmware_arrives_whole_and_a_second_run_brings_nothing(repl: Repl) -> None:
    image = FIRMWARE.with_suffix(".romfs").read_bytes()
    assert plugged(repl, image) == "file"
    assert (repl.folder / deploy.IMAGE).read_bytes() == image
    assert starts(repl.folder) == f"emulator {VERSION}"
    cable = Cable(repl)
    deploy.deploy(deploy.Board(cable.port), "emulator", image)
    assert (1 << 30) - cable.left < 6000, "questions alone"
    cable.close()


def test_a_cable_that_comes_out_leaves_the_old_firmware_or_none_and_the_next_run_goes_on(repl: Repl) -> None:
    old, new = bytes(range(256)) * 40, bytes(reversed(range(256))) * 120
    plugged(repl, old)
    before, cut = (repl.folder / "main.py").read_bytes(), 0
    for most in (5, 900, 4000, 12_000, 25_000):
        with pytest.raises(Trouble) as caught:
            plugged(repl, new, most)
        assert caught.value.name in ("line_lost", "silent")
        assert (repl.folder / deploy.IMAGE).read_bytes() == old and (repl.folder / "main.py").read_bytes() == before
        part = repl.folder / f"{deploy.IMAGE}.part"
        here = part.stat().st_size if part.exists() else 0
        assert here >= cut and new.startswith(part.read_bytes() if here else b"")
        cut = here
    assert cut > 20_000
    cable = Cable(repl)
    deploy.deploy(deploy.Board(cable.port), "emulator", new)
    assert (1 << 30) - cable.left < 20_000, "not all of it again"
    cable.close()
    assert (repl.folder / deploy.IMAGE).read_bytes() == new and not list(repl.folder.glob("*.part"))


def test_control_a_part_of_something_else_is_begun_anew_and_a_changed_file_is_noticed(repl: Repl) -> None:
    image = bytes(range(256)) * 20
    (repl.folder / f"{deploy.IMAGE}.part").write_bytes(b"\1" + image[1:2000])
    plugged(repl, image)
    (repl.folder / deploy.IMAGE).write_bytes(image[:-1] + b"\0")
    plugged(repl, image)
    assert (repl.folder / deploy.IMAGE).read_bytes() == image


def test_another_board_no_room_and_nobody_are_told_apart(repl: Repl, tmp_path: Path) -> None:
    def trouble(most: int = 1 << 30, board: str = "emulator", image: bytes = b"x") -> str:
        with pytest.raises(Trouble) as caught:
            plugged(repl, image, most, board)
        return caught.value.name

    assert trouble(board="rp2") == "other_board"
    assert trouble(image=bytes(4 << 20)) == "no_rom"
    assert list(repl.folder.iterdir()) == []
    run = CliRunner().invoke(yuanluctl, ["firmware", "deploy", "--board", "emulator", "--port", "/dev/ttyNOT"])
    assert run.exit_code == 3, run.output
    run = CliRunner().invoke(yuanluctl, ["firmware", "deploy", "--board", "rp2", "--port", "/dev/null"])
    assert run.exit_code == 2 and "rp2: no drivers for it" in run.stderr
    run = CliRunner().invoke(
        yuanluctl, ["firmware", "deploy", "--board", "emulator", "--port", "/dev/null", "--dry-run", "--json"]
    )
    assert run.exit_code == 0 and json.loads(run.stdout)["bytes"] > 100_000


FLOOD = b"import time\r\nwhile True:\r\n    print('busy'); time.sleep(0.01)\r\n\r\n\r\n"
SLEEP = b"import time; time.sleep(99)\r\n"


@pytest.mark.parametrize(
    ("program", "code"), [(b"", ""), (FLOOD, "board_runs"), (SLEEP, "silent")], ids=["idle", "prints", "sleeps"]
)
def test_a_board_that_does_not_stop_is_one_trouble_and_stderr_is_for_programs(repl: Repl, program: bytes, code: str) -> None:
    """A pty in raw mode makes no interrupt of Ctrl-C: the program goes on as one that ignores it. Something is said before the
    answer is waited for. Control: an idle board gets its firmware."""
    os.write(repl.ours, program)
    said, until = b"", time.monotonic() + 10
    while program and said.count(b"busy" if program == FLOOD else b"sleep") < 3 - 2 * (program == SLEEP):
        assert time.monotonic() < until and select.select([repl.ours], [], [], 10)[0], said
        said += os.read(repl.ours, 4096)
    cable = Cable(repl)
    words = ["firmware", "deploy", "--board", "emulator", "--port", cable.port, "--json"]
    words += ["--timeout", "2"] if program else []
    command = [sys.executable, "-m", "host_tools.yuanluctl", *words]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    finally:
        cable.close()
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert (told[0]["event"], told[0]["for"]) == ("waiting", "board")
    assert done.returncode == (5 if code else 0), done.stderr
    if code:
        assert told[-1]["error"]["code"] == code and done.stdout == "" and list(repl.folder.iterdir()) == []


def test_a_port_that_cannot_be_opened_is_told_as_what_it_is(repl: Repl, tmp_path: Path) -> None:
    """Control: the same port, free and permitted, is open."""

    def trouble(port: str) -> tuple[str, int, str]:
        with pytest.raises(Trouble) as caught, deploy.Board(port, 1).open():
            pass
        return caught.value.name, caught.value.exit, caught.value.text("en")

    (tmp_path / "file").touch()
    for port in ("", str(tmp_path), str(tmp_path / "file"), "/dev/null"):
        name, code, text = trouble(port)
        assert (name, code) == ("no_port", 3) and f"{port or repr(port)} is no serial device" in text
    assert trouble("/dev/ttyNOT")[:2] == ("no_port", 3)
    (tmp_path / "file").unlink()
    cable = Cable(repl)
    line = os.open(cable.port, os.O_RDWR | os.O_NOCTTY)
    try:
        fcntl.flock(line, fcntl.LOCK_EX)
        name, code, text = trouble(cable.port)
        assert (name, code) == ("port", 4) and "is busy" in text
        fcntl.flock(line, fcntl.LOCK_UN)
        os.chmod(cable.port, 0)
        before = os.geteuid()
        os.seteuid(before or 65534)  # root needs no permission
        try:
            name, code, text = trouble(cable.port)
        finally:
            os.seteuid(before)
        assert (name, code) == ("port", 4) and "no permission" in text
        os.chmod(cable.port, 0o600)
        with deploy.Board(cable.port, 5).open():
            pass
    finally:
        os.close(line)
        cable.close()
