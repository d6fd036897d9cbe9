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
from host_tools.yuanluctl.live import PortLine
from host_tools.yuanluctl.service import Session, issue
from host_tools.yuanluctl.targets import parse
from parts import Card
from yuanlu.refund import state as s
from yuanlu.refund.transaction import refund_number
from yuanlu.service.door import SERVICE_KEY, Door
from yuanlu.store.fence import PLACES
from yuanlu.wire import serial
from yuanlu.wire import service as wire

KEY = bytes(range(32, 64))
PASSPHRASE = "for tests alone"


class Served:
    """A terminal on a TCP port; somebody at its keypad always agrees."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.door: Door | None = None  # it outlives the cable
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
        deframer = serial.Deframer()
        if self.door is None or self.door.till is not self.life:
            self.door = Door(self.life)
        door = self.door
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


def test_a_lost_receipt_is_given_again_though_another_handover_came(bench: Bench):
    told = bench.run("export", "--spare", SPARE, "-o", bench.path("q.ylh"), at=bench.old)
    other = b"YL000003" + (told["epoch"] + 1).to_bytes(4, "little")
    bench.run("import", bench.path("q.ylh"), "-o", bench.path("lost"), at=bench.spare)
    bench.pair.spare.command(wire.DECLINE, other)
    bench.run("import", bench.path("q.ylh"), "-o", bench.path("taken"), at=bench.spare)
    assert Path(bench.path("taken")).read_bytes() == Path(bench.path("lost")).read_bytes()
    assert bench.run("finish", bench.path("taken"), at=bench.old)["standing"] == "finished"


def test_control_what_was_never_taken_has_no_receipt(bench: Bench):
    told = bench.run("export", "--spare", SPARE, "-o", bench.path("q.ylh"), at=bench.old)
    bench.pair.spare.command(wire.DECLINE, OLD.encode() + (told["epoch"] + 1).to_bytes(4, "little"))
    refused = bench.run("import", bench.path("q.ylh"), "-o", bench.path("taken"), at=bench.spare, code=8)
    assert refused["error"]["code"] == "refused" and not Path(bench.path("taken")).exists()


def test_two_terminals_files_come_in_either_order(bench: Bench):
    told = bench.run("export", "--spare", SPARE, "-o", bench.path("q.ylh"), at=bench.old)
    bench.pair.spare.command(wire.DECLINE, b"YL000003" + (told["epoch"] + 1000).to_bytes(4, "little"))
    bench.run("import", bench.path("q.ylh"), "-o", bench.path("taken"), at=bench.spare)
    assert bench.run("finish", bench.path("taken"), at=bench.old)["standing"] == "finished"


def test_an_export_goes_on_where_a_clock_was_once_ahead(bench: Bench):
    """Above every epoch that the terminal knows, up to the last one there is."""
    export = ("export", "--spare", SPARE, "-o")
    ahead = str(handover.LAST_EPOCH - 1)
    bench.run(*export, bench.path("1"), "--epoch", ahead, at=bench.old)
    bench.run("abort", "--lost-spare", "--yes", at=bench.old)
    assert bench.run("plan", bench.spare.target, at=bench.old)["epoch"] == handover.LAST_EPOCH
    assert bench.run(*export, bench.path("2"), at=bench.old)["epoch"] == handover.LAST_EPOCH
    bench.run("abort", "--lost-spare", "--yes", at=bench.old)
    assert not bench.run("plan", bench.spare.target, at=bench.old, code=1)["possible"]
    assert bench.run(*export, bench.path("3"), at=bench.old, code=8)["error"]["code"] == "refused"


def test_a_file_for_another_installation_of_the_spare_says_so(bench: Bench):
    """Nothing changes; control: for the one of now it is taken."""
    q, taken = bench.path("q.ylh"), bench.path("taken")
    assert bench.run("plan", bench.spare.target, at=bench.old)["export_to"] == f"{SPARE}/1"
    told = bench.run("export", "--spare", f"{SPARE}/2", "-o", q, at=bench.old)
    assert told["install"] == 2
    for words in (("import", q, "-o", taken), ("import", q, "-o", taken, "--dry-run"), ("decline", q, "-o", taken)):
        error = bench.run(*words, at=bench.spare, code=2)["error"]
        assert error["code"] == "other_installation" and "export for the installation of now" in error["hint"], error
    assert bench.run("abort", "--lost-spare", "--yes", at=bench.old)["standing"] == "back"
    again = bench.path("again.ylh")
    bench.run("export", "--spare", SPARE, "-o", again, "--epoch", str(told["epoch"] + 1), at=bench.old)
    bench.run("import", again, "-o", taken, at=bench.spare)
    for spare in (f"{SPARE}/0", f"{SPARE}/x", f"{SPARE}/65536", "YL/2"):
        bench.run("export", "--spare", spare, "-o", q, at=bench.old, code=2)


def test_a_handover_that_is_called_off(bench: Bench):
    bench.run("export", "--spare", SPARE, "-o", bench.path("q.ylh"), at=bench.old)
    assert bench.run("abort", bench.path("q.ylh"), at=bench.old, code=2)["error"]["code"] == "receipt"
    bench.run("decline", bench.path("q.ylh"), "-o", bench.path("no"), at=bench.spare)
    assert bench.run("finish", bench.path("no"), at=bench.old, code=2)["error"]["code"] == "receipt"
    assert bench.run("abort", bench.path("no"), at=bench.old)["standing"] == "back"
    assert len(bench.pair.old.sendable()) == 2
    assert bench.run("import", bench.path("q.ylh"), "-o", bench.path("x"), at=bench.spare, code=8)["error"]["code"] == "refused"


def test_a_warrant_stands_in_for_the_authority_and_only_its_own(bench: Bench):
    other = handover.warrant_text(handover.warrant(bytes(32), handover.Names(OLD, SPARE, 1, 9)))
    error = bench.run("export", "--warrant", other, "-o", bench.path("x"), at=bench.old, code=8)["error"]
    assert "handover_warrant" in error["message"] and not bench.pair.old.journal.shut
    word = bench.run("warrant", str(bench.key_file), OLD, SPARE, "--epoch", "9")["warrant"]
    told = bench.run("export", "--warrant", word, "-o", bench.path("q.ylh"), at=bench.old)
    assert (told["spare"], told["epoch"]) == (SPARE, 9)


def test_where_the_spare_is_lost_the_authority_says_so(bench: Bench):
    bench.run("export", "--spare", SPARE, "-o", bench.path("q.ylh"), at=bench.old)
    assert bench.run("abort", "--lost-spare", "--yes", at=bench.old)["standing"] == "back"
    assert len(bench.pair.old.sendable()) == 2


def lose_fence(bench: Bench) -> None:
    """Both places of the old one's fence rot, and power comes back."""
    for place in PLACES:
        bench.pair.old.vault.places[place] = b"rotten"
    bench.old.life = bench.pair.old = Life(bench.pair.flashes[0], OLD)


def test_a_lost_fence_opens_on_the_authoritys_word_alone(bench: Bench):
    assert bench.run("abort", "--lost-fence", at=bench.old, code=8)["error"]["code"] == "refused", "it can be read"
    bench.run("export", "--spare", SPARE, "-o", bench.path("q.ylh"), at=bench.old)
    lose_fence(bench)
    told = bench.run("abort", "--lost-fence", "--dry-run", at=bench.old)
    assert (told["standing"], told["before"], told["other"]) == ("lost", "given", SPARE) and bench.pair.old.sendable() == []
    assert not bench.run("plan", bench.spare.target, at=bench.old, code=1)["possible"]
    number = str(told["number"])
    assert bench.run("abort", "--lost-spare", "--yes", at=bench.old, code=8)["error"]["code"] == "refused"
    told_by = ["warrant", str(bench.key_file), OLD]
    forged = handover.word_text(handover.word_of_lost_fence(bytes(32), OLD, int(number), 1 << 31))
    spares = bench.run("warrant", str(bench.key_file), SPARE, "--lost-fence", number)["warrant"]
    another = bench.run(*told_by, "--lost-fence", str(int(number) + 1))["warrant"]
    for word in (forged, spares, another):
        error = bench.run("abort", "--lost-fence", "--warrant", word, at=bench.old, code=8)["error"]
        assert "handover_warrant" in error["message"] and bench.pair.old.sendable() == []
    word = bench.run(*told_by, "--lost-fence", number)["warrant"]
    assert bench.run("abort", "--lost-fence", "--warrant", word, at=bench.old)["standing"] == "back"
    assert len(bench.pair.old.sendable()) == 2
    assert bench.run("abort", "--lost-fence", "--warrant", word, at=bench.old)["standing"] == "back", "its answer was lost"
    lose_fence(bench)
    bench.run("abort", "--lost-fence", "--warrant", word, at=bench.old, code=8)
    assert bench.run("abort", "--lost-fence", "--epoch", str((1 << 32) - 1), at=bench.old)["standing"] == "back"


def test_without_the_key_file_or_its_word_nobody_opens_it(bench: Bench):
    bench.run("export", "--spare", SPARE, "-o", bench.path("q.ylh"), at=bench.old)
    lose_fence(bench)
    line = PortLine(parse(bench.old.target))
    hello = Session(line).hello()[0]
    line.close()
    ticket = issue(authority.service_key(KEY, OLD), hello, 7, wire.ALL).text()
    error = bench.run("abort", "--lost-fence", "--ticket", ticket, at=bench.old, code=6, YUANLU_AUTHORITY="")["error"]
    assert error["code"] == "no_pass" and bench.pair.old.sendable() == []


@pytest.mark.parametrize(
    ("words", "code", "name"),
    [
        (["abort", "--lost-fence", "--warrant", "YLF1.abc"], 2, "warrant"),
        (["import", "no.ylh", "-o", "x"], 2, "no_file"),
        (["import", "bad.ylh", "-o", "x"], 2, "capsule"),
        (["import", "cut.ylh", "-o", "x"], 2, "capsule"),
        (["finish", "bad.ylh"], 2, "receipt"),
        (["export", "--warrant", "YLW1.abc", "-o", "x"], 2, "warrant"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_gets_one_clear_error(bench: Bench, words: list[str], code: int, name: str):
    capsule = handover.Capsule(handover.Names(OLD, SPARE, 1, 1), [b"1", b"22"]).to_bytes()
    (bench.folder / "bad.ylh").write_bytes(b"\xff\0nothing")
    (bench.folder / "cut.ylh").write_bytes(capsule[:-1])
    words = [bench.path(word) if word.endswith(".ylh") or word == "x" else word for word in words]
    before = bytes(bench.pair.old.flash.data)
    assert bench.run(*words, at=bench.old, code=code)["error"]["code"] == name
    assert bench.pair.old.journal.shut == "" and before != b""


def test_a_file_that_may_not_be_lost_stops_a_step_before_it_is_taken(bench: Bench):
    """Else the terminal would have given away, or taken, what no file has. Control: the same step goes on into its own file."""
    other = handover.Capsule(handover.Names("YL000077", SPARE, 1, 1), [b"1"]).to_bytes()
    (bench.folder / "other.ylh").write_bytes(other)
    export = ("export", "--spare", SPARE, "-o")
    assert bench.run(*export, bench.path("other.ylh"), at=bench.old, code=8)["error"]["code"] == "holds_records"
    assert bench.pair.old.journal.shut == "" and (bench.folder / "other.ylh").read_bytes() == other
    for _ in range(2):
        bench.run(*export, bench.path("q.ylh"), at=bench.old)
    for step in ("import", "decline"):
        assert bench.run(step, bench.path("q.ylh"), "-o", bench.path("other.ylh"), at=bench.spare, code=8)["error"]
        assert bench.pair.spare.journal.shut == "" and bench.pair.spare.sendable() == []
    for _ in range(2):
        bench.run("import", bench.path("q.ylh"), "-o", bench.path("r.txt"), at=bench.spare)


def test_that_the_spare_is_lost_is_asked_first(bench: Bench):
    """It is the one step that may give money back twice. Control: with --yes it is done."""
    bench.run("export", "--spare", SPARE, "-o", bench.path("q.ylh"), at=bench.old)
    assert bench.run("abort", "--lost-spare", at=bench.old, code=2)["error"]["code"] == "usage"
    environment = {"YUANLU_PASSPHRASE": PASSPHRASE, "YUANLU_AUTHORITY": str(bench.key_file), "LANG": "C.UTF-8"}
    asked = CliRunner().invoke(yuanluctl, ["handover", "abort", "--lost-spare", "-t", bench.old.target], env=environment)
    assert asked.exit_code == 2 and "given back twice" in asked.output and bench.pair.old.sendable() == []
    bench.run("abort", "--lost-spare", "--yes", at=bench.old)
    assert bench.pair.old.sendable() != []


def test_a_ticket_is_no_warrant(bench: Bench):
    """Nobody is asked in vain: what is missing is said first."""
    words = ("export", "--spare", SPARE, "-o", bench.path("q.ylh"), "--ticket", "YLT1.abc")
    error = bench.run(*words, at=bench.old, code=6, YUANLU_AUTHORITY="")["error"]
    assert error["code"] == "no_warrant" and "--warrant" in error["hint"]


def state_of(bench: Bench) -> tuple[object, ...]:
    """All that a step changes: both fences, and what stands in the folder."""
    lives = (bench.pair.old, bench.pair.spare)
    fences = [tuple(bytes(life.vault.places.get(place, b"")) for place in PLACES) for life in lives]
    return (*fences, sorted(path.name for path in bench.folder.iterdir()))


def test_a_dry_run_is_one_object_looks_as_the_step_does_and_changes_nothing(bench: Bench):
    """Each step twice, dry and real; where the real one is refused the dry one is, for the same reason, as its control."""

    def step(*words: str, at: Served, code: int = 0) -> Any:
        before = state_of(bench)
        dry = bench.run(*words, "--dry-run", at=at, code=code)
        assert state_of(bench) == before, words
        real = bench.run(*words, at=at, code=code)
        assert code == 0 or (dry["error"]["reason"], dry["error"]["hint"]) == (real["error"]["reason"], real["error"]["hint"])
        return dry

    q, taken = bench.path("q.ylh"), bench.path("taken")
    told = step("export", "--spare", SPARE, "--epoch", "7", "-o", q, at=bench.old)
    assert (told["would"], told["old"], told["spare"], told["epoch"]) == ("export", OLD, SPARE, 7)
    assert step("import", q, "-o", taken, at=bench.spare)["would"] == "import"
    step("decline", q, "-o", bench.path("no"), at=bench.spare, code=8)
    assert step("finish", taken, at=bench.old)["would"] == "finish"
    step("export", "--spare", SPARE, "--epoch", "8", "-o", bench.path("r.ylh"), at=bench.old, code=8)
    step("abort", "--lost-spare", "--yes", at=bench.old, code=8)


def test_a_dry_run_of_what_calls_it_off(bench: Bench):
    bench.run("export", "--spare", SPARE, "-o", bench.path("q.ylh"), at=bench.old)
    assert bench.run("abort", "--lost-spare", "--dry-run", at=bench.old)["would"] == "abort" and bench.pair.old.sendable() == []
    assert bench.run("decline", bench.path("q.ylh"), "-o", bench.path("no"), "--dry-run", at=bench.spare)["would"] == "decline"
    assert not (bench.folder / "no").exists()


def test_a_file_at_the_wrong_terminal_says_which_one_it_is_for(bench: Bench):
    """Before anybody is asked in; nothing changes. Control: at the right one each is taken."""
    q, taken, no = (bench.path(name) for name in ("q.ylh", "taken", "no"))
    bench.run("export", "--spare", SPARE, "-o", q, at=bench.old)
    names = handover.Names(OLD, SPARE, 1, 1)
    Path(no).write_bytes(handover.Receipt(handover.DECLINED, names, bytes(16)).to_bytes())
    Path(bench.path("done")).write_bytes(handover.Receipt(handover.TAKEN, names, bytes(16)).to_bytes())
    before = state_of(bench)
    for words, at, wanted, here in (
        (("import", q, "-o", taken), bench.old, SPARE, OLD),
        (("decline", q, "-o", bench.path("x")), bench.old, SPARE, OLD),
        (("finish", bench.path("done")), bench.spare, OLD, SPARE),
        (("abort", no), bench.spare, OLD, SPARE),
    ):
        error = bench.run(*words, at=at, code=2)["error"]
        assert error["code"] == "other_terminal" and "connect that terminal" in error["hint"], error
        assert f"for terminal {wanted}, the one that is connected is {here}" in error["message"]
    assert state_of(bench) == before
    bench.run("import", q, "-o", taken, at=bench.spare)
    bench.run("finish", taken, at=bench.old)


def test_a_text_of_another_kind_says_which_it_is_and_which_verb_takes_it(bench: Bench):
    word = handover.word_text(handover.word_of_lost_fence(KEY, OLD, 5, 6))
    warrant = handover.warrant_text(handover.warrant(KEY, handover.Names(OLD, SPARE, 1, 6)))
    told = (
        (("export", "--warrant", word, "-o", bench.path("x")), "is_word", "abort --lost-fence --warrant"),
        (("abort", "--lost-fence", "--warrant", warrant), "is_warrant", "handover export --warrant"),
        (("plan", bench.spare.target, "--ticket", warrant), "is_warrant", "handover export --warrant"),
        (("export", "--warrant", "YLT1.abcd", "-o", bench.path("x")), "is_ticket", "--ticket"),
        (("export", "--warrant", "YLR1.abcd", "-o", bench.path("x")), "is_request", "authority ticket"),
    )
    for words, name, verb in told:
        error = bench.run(*words, at=bench.old, code=2)["error"]
        assert error["code"] == name and verb in error["hint"], error
