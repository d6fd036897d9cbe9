"""`yuanluctl handover` with two terminals on two lines: the firmware's own door, journal and desk behind TCP ports."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from handing import OLD, SPARE, Life, Pair
from host_tools.yuanluctl import authority, handover
from host_tools.yuanluctl.cli import yuanluctl
from parts import Card
from yuanlu.refund import state as s
from yuanlu.refund.transaction import refund_number
from yuanlu.service.door import SERVICE_KEY, Door
from yuanlu.wire import serial

KEY = bytes(range(32, 64))
PASSPHRASE = "for tests alone"


class Served:
    """A terminal on a TCP port; somebody at its keypad always agrees."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.server = socket.create_server(("127.0.0.1", 0))
        self.target = f"socket://127.0.0.1:{self.server.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                line, _ = self.server.accept()
            except OSError:
                return
            with line:
                self._serve(line)

    def _serve(self, line: socket.socket) -> None:
        deframer, door = serial.Deframer(), Door(self.life)
        while data := line.recv(4096):
            for frame in deframer.feed(data):
                told = door.take(frame)
                if door.asks():
                    door.agree(True)
                if told:
                    line.sendall(serial.frame(serial.SERVICE, told[0], frame.session, frame.sequence, told[1]))


class Bench:
    """Both on their lines, and a laptop with a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.pair = folder, Pair()
        for life, name in ((self.pair.old, OLD), (self.pair.spare, SPARE)):
            life.vault.places[SERVICE_KEY] = authority.service_key(KEY, name)
        self.old, self.spare = Served(self.pair.old), Served(self.pair.spare)
        self.key_file = folder / "authority.key"
        self.key_file.write_bytes(authority.new(PASSPHRASE, KEY))

    def run(self, *words: str, at: Served | None = None, code: int = 0, **more: str) -> Any:
        """What a verb prints as JSON, or its error."""
        environment = {"YUANLU_PASSPHRASE": PASSPHRASE, "YUANLU_AUTHORITY": str(self.key_file), "LANG": "C.UTF-8", **more}
        where = ["-t", at.target] if at else []
        result = CliRunner().invoke(yuanluctl, ["handover", *words, *where, "--json"], env=environment)
        assert result.exit_code == code, (words, result.exit_code, result.output, result.exception)
        lines = [line for line in result.output.strip().split("\n") if '"event"' not in line]
        return json.loads(lines[-1])

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def close(self) -> None:
        self.old.server.close()
        self.spare.server.close()


@pytest.fixture
def bench(tmp_path: Path):
    somebody = Bench(tmp_path)
    yield somebody
    somebody.close()


def test_a_handover_from_plan_to_finish(bench: Bench):
    """T-078."""
    plan = bench.run("plan", bench.spare.target, at=bench.old)
    assert plan["possible"] and len(plan["waiting"]) == 3 and plan["old"]["standing"] == "own"
    told = bench.run("export", "--spare", SPARE, "-o", bench.path("q.ylh"), at=bench.old)
    assert told["blocks"] == 1 + 6 and told["old"] == OLD  # two sales, what was given back, three open ones
    assert bench.pair.old.sendable() == [] and bench.pair.spare.sendable() == []
    assert not bench.run("plan", bench.spare.target, at=bench.old, code=1)["possible"]
    again = bench.run("export", "--spare", SPARE, "-o", bench.path("again.ylh"), at=bench.old)
    assert again["epoch"] == told["epoch"], "an export that broke off goes on"
    content = Path(bench.path("q.ylh")).read_bytes()
    assert content == Path(bench.path("again.ylh")).read_bytes() and Card().number not in content
    bench.run("import", bench.path("q.ylh"), "-o", bench.path("taken"), at=bench.spare)
    bench.run("import", bench.path("q.ylh"), "-o", bench.path("taken2"), at=bench.spare)
    assert bench.run("finish", bench.path("taken"), at=bench.old)["standing"] == "finished"
    brought = [t for t in bench.pair.spare.journal.live if t.origin]
    assert sorted(t.state for t in brought) == [s.IS_QUEUED, s.IS_QUEUED, s.IS_PARKED]
    names = [refund_number(bench.pair.old.config, t.number) for t in bench.pair.old.journal.live]
    assert sorted(refund_number(bench.pair.spare.config, t.called) for t in brought) == sorted(names)
    assert len(bench.pair.spare.sendable()) == 2 and bench.pair.both_may_send() == []
    assert bench.run("decline", bench.path("q.ylh"), "-o", bench.path("no"), at=bench.spare, code=8)["error"]["code"] == "refused"


def test_a_handover_that_is_called_off(bench: Bench):
    bench.run("export", "--spare", SPARE, "-o", bench.path("q.ylh"), at=bench.old)
    assert bench.run("abort", bench.path("q.ylh"), at=bench.old, code=2)["error"]["code"] == "receipt"
    bench.run("decline", bench.path("q.ylh"), "-o", bench.path("no"), at=bench.spare)
    assert bench.run("finish", bench.path("no"), at=bench.old, code=2)["error"]["code"] == "receipt"
    assert bench.run("abort", bench.path("no"), at=bench.old)["standing"] == "back"
    assert len(bench.pair.old.sendable()) == 2
    assert bench.run("import", bench.path("q.ylh"), "-o", bench.path("x"), at=bench.spare, code=8)["error"]["code"] == "refused"


def test_a_warrant_stands_in_for_the_authority_and_only_its_own(bench: Bench):
    other = handover.warrant_text(handover.warrant(bytes(32), handover.Names(OLD, SPARE, 9)))
    error = bench.run("export", "--warrant", other, "-o", bench.path("x"), at=bench.old, code=8)["error"]
    assert "handover_warrant" in error["message"] and not bench.pair.old.journal.shut
    word = bench.run("warrant", str(bench.key_file), OLD, SPARE, "--epoch", "9", "--passphrase", PASSPHRASE)["warrant"]
    told = bench.run("export", "--warrant", word, "-o", bench.path("q.ylh"), at=bench.old)
    assert (told["spare"], told["epoch"]) == (SPARE, 9)


def test_where_the_spare_is_lost_the_authority_says_so(bench: Bench):
    bench.run("export", "--spare", SPARE, "-o", bench.path("q.ylh"), at=bench.old)
    assert bench.run("abort", "--lost-spare", at=bench.old)["standing"] == "back"
    assert len(bench.pair.old.sendable()) == 2


@pytest.mark.parametrize(
    ("words", "code", "name"),
    [
        (["import", "no.ylh", "-o", "x"], 3, "no_image"),
        (["import", "bad.ylh", "-o", "x"], 2, "capsule"),
        (["import", "cut.ylh", "-o", "x"], 2, "capsule"),
        (["finish", "bad.ylh"], 2, "receipt"),
        (["export", "--warrant", "YLW1.abc", "-o", "x"], 2, "warrant"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_gets_one_clear_error(bench: Bench, words: list[str], code: int, name: str):
    capsule = handover.Capsule(handover.Names(OLD, SPARE, 1), [b"1", b"22"]).to_bytes()
    (bench.folder / "bad.ylh").write_bytes(b"\xff\0nothing")
    (bench.folder / "cut.ylh").write_bytes(capsule[:-1])
    words = [bench.path(word) if word.endswith(".ylh") or word == "x" else word for word in words]
    before = bytes(bench.pair.old.flash.data)
    assert bench.run(*words, at=bench.old, code=code)["error"]["code"] == name
    assert bench.pair.old.journal.shut is False and before != b""


def test_a_dry_run_changes_nothing(bench: Bench):
    environment = {"YUANLU_PASSPHRASE": PASSPHRASE, "YUANLU_AUTHORITY": str(bench.key_file), "LANG": "C.UTF-8"}
    words = ["handover", "export", "--spare", SPARE, "-o", bench.path("q.ylh"), "-t", bench.old.target, "--dry-run"]
    result = CliRunner().invoke(yuanluctl, words, env=environment)
    assert result.exit_code == 0 and "stop sending" in result.output, result.output
    assert not bench.pair.old.journal.shut and not (bench.folder / "q.ylh").exists()
