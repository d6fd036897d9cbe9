"""A terminal with the right key that says in STATUS what no terminal of ours says: one clear trouble, never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from host_tools.yuanluctl import authority
from host_tools.yuanluctl.cli import yuanluctl
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.refusal import Refusal
from host_tools.yuanluctl.told import read_status
from tests.conftest import FIRMWARE, ROOT
from tests.host.hostile_terminal import OK, TERMINAL, HostileTerminal
from tests.host.journal_writer import Writer
from tests.host.service_line import on_the_line, queue_a_refund
from yuanlu.wire import service as wire

PASSPHRASE, SECRET = "a passphrase of a test", bytes(range(32))
ROW = [5, 700, "queued", ""]
GOOD: dict[str, Any] = {
    **dict.fromkeys(("batch", "config", "date", "places", "time", "trace", "uptime_ms"), 1),
    "held": "",
    "shut": "",
    "trouble": [],
    "waiting": [ROW],
    "late": [],
    "network": True,
    "owed": 0,
    "trusted": 1,
}
WRONG: dict[str, dict[str, Any]] = {
    "a state of a newer version": {"waiting": [[5, 700, "pondering", ""]]},
    "no state": {"waiting": [[5, 700, "", ""]]},
    "half a fen": {"waiting": [[5, 7.5, "queued", ""]]},
    "no whole number": {"waiting": [[5, True, "queued", ""]]},
    "less than nothing": {"waiting": [[5, -700, "queued", ""]]},
    "a name for a number": {"waiting": [["x", 700, "queued", ""]]},
    "no reason": {"waiting": [[5, 700, "queued", None]]},
    "a row too short": {"waiting": [[5, 700]]},
    "a row that is none": {"waiting": [5]},
    "rows that are none": {"waiting": {"5": 700}},
    "a hold that is no text": {"held": ["x"]},
    "a reason that is no text": {"shut": 7},
    "troubles that are no list": {"trouble": 7},
    "a trouble that is no text": {"trouble": [{"a": 1}]},
    "a batch that is no number": {"batch": "\x1b[2J"},
    "a date that is no number": {"date": None},
}
BYTES = {
    "nothing": b"",
    "no JSON": b"\xff" * 900,
    "an infinite amount": json.dumps(GOOD).replace("700", "1e999").encode(),
    "infinity": json.dumps(GOOD).replace("700", "Infinity").encode(),
    "not a number": json.dumps(GOOD).replace("700", "NaN").encode(),
    "an endless number": json.dumps(GOOD).replace("700", "9" * 600).encode(),
    "a list": b"[]",
    "null": b"null",
    "a deep one": b"[" * 900,
} | {
    **{name: json.dumps(GOOD | change).encode() for name, change in WRONG.items()},
    **{f"without {key}": json.dumps({k: GOOD[k] for k in GOOD if k != key}).encode() for key in ("waiting", "held", "batch")},
}


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    (tmp_path / "key").write_bytes(authority.new(PASSPHRASE, SECRET))
    return tmp_path / "key"


def ask(terminal: HostileTerminal, key_file: Path, *words: str) -> Result:
    """What a verb makes of it."""
    environment = {"YUANLU_PASSPHRASE": PASSPHRASE, "YUANLU_AUTHORITY": str(key_file), "LANG": "C", "LC_ALL": ""}
    return CliRunner().invoke(yuanluctl, [*words, "-t", terminal.target, "--timeout", "1"], env=environment)


VERBS = (
    ("status",),
    ("queue", "list"),
    ("queue", "retry", "5"),
    ("queue", "hold", "--evidence", "x"),
    ("handover", "plan", "socket://127.0.0.1:1"),
    ("time", "sync"),
)


@pytest.mark.parametrize("name", sorted(BYTES))
def test_a_status_that_is_none_is_told_as_that(name: str) -> None:
    """Control: what a terminal says is taken, also with more than is known here."""
    assert read_status("x", json.dumps({**GOOD, "more": [{}]}).encode())["waiting"] == [ROW]
    with pytest.raises(Trouble) as caught:
        read_status("x", BYTES[name])
    assert (caught.value.name, caught.value.exit) == ("protocol", 12)


@pytest.mark.parametrize("words", VERBS, ids=lambda words: "-".join(words[:2]))
@pytest.mark.parametrize("name", ["a state of a newer version", "an infinite amount", "half a fen", "without waiting"])
def test_every_verb_ends_with_one_trouble(key_file: Path, words: tuple[str, ...], name: str) -> None:
    answers = {wire.STATUS: OK + BYTES[name], wire.OWNER: OK + bytes(23)}
    terminal = HostileTerminal(lambda command, given: answers.get(command, OK), SECRET)
    try:
        done = ask(terminal, key_file, *words, "--json")
    finally:
        terminal.close()
    error = json.loads(done.stderr.splitlines()[-1])["error"]
    assert (done.exit_code, error["code"], done.stdout) == (12, "protocol", ""), done.output
    assert isinstance(done.exception, SystemExit)


NO_NUMBERS = [
    ("ping", "--timeout", "nan"),
    ("ping", "--timeout", "inf"),
    ("ping", "--wait", "NaN"),
    ("ping", "--wait", "-1"),
    ("watch", "--every", "nan"),
    ("watch", "--every", "inf"),
    ("journal", "tail", "-n", "nan"),
    ("time", "sync", "--at", "0001-01-01T00:00:00"),
    ("time", "sync", "--at", "1999-12-31T23:59:59"),
    ("time", "sync", "--at", "2100-01-01T00:00:00"),
    ("time", "sync", "--at", "9999-12-31T23:59:59"),
]


@pytest.mark.parametrize("words", NO_NUMBERS, ids=" ".join)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_no_number_and_no_date_of_a_terminal_is_wrong_use(key_file: Path, words: tuple[str, ...], language: str) -> None:
    """Before anybody is asked: there is nobody, so that the control finds no port."""
    environment = {"YUANLU_PASSPHRASE": PASSPHRASE, "YUANLU_AUTHORITY": str(key_file)}
    where = ["-t", "/dev/ttyNOT", "--json", "--lang", language]
    done = CliRunner().invoke(yuanluctl, [*words, *where], env=environment)
    assert (done.exit_code, json.loads(done.stderr)["error"]["code"]) == (2, "usage"), done.output
    right = "2099-12-31T23:59:59" if words[0] == "time" else "1"
    assert CliRunner().invoke(yuanluctl, [*words[:-1], right, *where], env=environment).exit_code == 3


def shell(key_file: Path, script: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A script that runs the tool as "$@"; it ends in time, or the test fails."""
    command = ["bash", "-c", script, "bash", sys.executable, "-m", "host_tools.yuanluctl", *words]
    environment = {**os.environ, "YUANLU_PASSPHRASE": PASSPHRASE, "YUANLU_AUTHORITY": str(key_file), "LANG": "C"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("words", ["watch --every 0.1", "watch --every 0.1 --json", "watch --every 0.1 --lang zh"])
def test_who_looks_no_longer_ends_what_is_watched(key_file: Path, words: str) -> None:
    """The screen stays as it is, so that nothing more is printed. Control: who goes on looking sees it go on."""
    terminal = HostileTerminal(lambda command, given: OK + b"a screen", SECRET)
    try:
        done = shell(key_file, '"$@" | head -1; exit ${PIPESTATUS[0]}', *words.split(), "-t", terminal.target)
        assert (done.returncode, done.stdout.count("\n")) == (2, 1) and "Traceback" not in done.stderr, done.stderr
        goes_on = shell(key_file, 'timeout -s INT 8 "$@" | cat; exit ${PIPESTATUS[0]}', *words.split(), "-t", terminal.target)
        assert goes_on.returncode in (124, 130) and terminal.asked.count(wire.SCREEN) > 2
    finally:
        terminal.close()


@pytest.mark.parametrize("more", [(), ("--json",), ("--lang", "zh")])
def test_where_stderr_is_full_the_exit_code_stays(key_file: Path, more: tuple[str, ...]) -> None:
    terminal = HostileTerminal(lambda command, given: b"\3refused.not_open", SECRET)
    try:
        words = ("-t", terminal.target, *more)
        for closed in ("2>/dev/full", "2>&-", "2>/dev/null"):
            script = f'"$@" {closed}'
            assert shell(key_file, script, "queue", "withdraw", "5", *words).returncode == 8, closed
            assert shell(key_file, script, "queue", "withdraw", "none", *words).returncode == 2, closed
            assert shell(key_file, script, "journal", "show", *words).returncode == 12, closed
    finally:
        terminal.close()


@pytest.mark.parametrize("verb", ["show", "verify"])
def test_what_takes_a_pulled_journal_says_so(verb: str) -> None:
    """Of a line, whether somebody answers there or not. Control: no such emulated terminal is told as that."""
    for target, code, name in (
        ("socket://127.0.0.1:1", 12, "pull_first"),
        ("/dev/ttyNOT", 12, "pull_first"),
        ("emu:none", 3, "no_emulator"),
    ):
        done = CliRunner().invoke(yuanluctl, ["journal", verb, "-t", target, "--json", "--lang", "en"])
        error = json.loads(done.stderr)["error"]
        assert (done.exit_code, error["exit"], error["code"]) == (code, code, name)
        assert code == 3 or "journal pull" in error["hint"]


DECISIONS = {
    ("queue", "withdraw", "5"): wire.WITHDRAW,
    ("queue", "release", "--evidence", "x"): wire.RELEASE,
    ("queue", "resolve", "5", "--as", "not-done", "--evidence", "x"): wire.NOT_DONE,
}


@pytest.mark.parametrize("words", sorted(DECISIONS), ids=lambda words: words[1])
def test_where_the_answer_is_lost_it_may_have_been_done(key_file: Path, words: tuple[str, ...]) -> None:
    """No "run it again": the terminal may have done it. Where only what waits was not told any more, it was done. Control: an
    answer that says no is no such case."""
    told: list[dict[str, Any]] = []
    for lost in (DECISIONS[words], wire.STATUS, 0):

        def plan(command: int, given: bytes, lost: int = lost) -> bytes | None:
            refused = command == DECISIONS[words] and not lost
            return None if command == lost else b"\3refused.not_open" if refused else OK

        terminal = HostileTerminal(plan, SECRET)
        try:
            done = ask(terminal, key_file, *words, "--json")
            assert terminal.asked.count(DECISIONS[words]) == 1
        finally:
            terminal.close()
        told.append({"exit": done.exit_code, **json.loads(done.stdout or done.stderr.splitlines()[-1])})
    lost_answer, lost_status, refused = told
    error = lost_answer["error"]
    assert (lost_answer["exit"], error["code"], error["retryable"]) == (5, "line_lost", False)
    assert "may have been done" in error["hint"] and "again" in error["hint"] and "queue list" in error["hint"]
    assert (lost_status["exit"], lost_status["waiting"]) == (0, None)
    assert refused["exit"] == 8 and "An earlier call may have done it" in refused["error"]["hint"]


@pytest.mark.parametrize(
    ("words", "command", "look"),
    [
        (("keys", "inject", "block"), wire.INJECT, "keys status"),
        (("firmware", "rollback"), wire.BACK, "firmware info"),
        (("wipe", "--journal", "chip", "--yes"), wire.ERASE, "a terminal that is erased says so"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_where_the_answer_is_lost_the_hint_says_where_to_look(
    key_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], command: int, look: str
) -> None:
    """At once: on a port that is gone nothing is waited for."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "block").write_text("D0112" + "A" * 107)
    writer = Writer(terminal=TERMINAL)
    writer.sale()
    (tmp_path / "chip").write_bytes(writer.chip)
    terminal = HostileTerminal(lambda asked, given: None if asked == command else OK, SECRET)
    try:
        done = ask(terminal, key_file, *words, "--json")
    finally:
        terminal.close()
    error = json.loads(done.stderr.splitlines()[-1])["error"]
    assert terminal.asked.count(command) == 1 and (done.exit_code, error["code"], error["retryable"]) == (5, "line_lost", False)
    assert "may have been done" in error["hint"] and look in error["hint"]


@pytest.mark.parametrize("reason", ["not_held", "no_trial"])
def test_what_is_over_already_may_come_of_an_earlier_call(reason: str) -> None:
    assert "An earlier call" in Refusal("x", f"refused.{reason}").hint("en")
    assert "An earlier call" not in Refusal("x", "refused.person").hint("en"), "control"


PLAIN = ("watch --once", "logs", "diagnose", "keys status", "journal tail", "firmware info")


@pytest.mark.parametrize("words", PLAIN)
@pytest.mark.parametrize(
    "answer", [b"", b"\xff" * 900, b"\x1b]0;x\x07\x9b31m", b'[["messages",1,"",1e999]]', b"[" * 900, bytes(8)]
)
def test_no_answer_is_a_traceback(key_file: Path, words: str, answer: bytes) -> None:
    terminal = HostileTerminal(lambda command, given: OK + answer, SECRET)
    try:
        done = ask(terminal, key_file, *words.split())
    finally:
        terminal.close()
    assert done.exit_code in ((0,) if words in ("watch --once", "logs") else (5, 12)), (done.exit_code, done.output)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert "\x1b" not in done.output and "\x9b" not in done.output


def test_a_terminal_of_ours_is_understood() -> None:
    with on_the_line(FIRMWARE) as technician:
        queue_a_refund(technician.shop)
        [row] = technician.come_in(wire.DIAG).status()["waiting"]
        assert row[1:3] == [1000, "queued"]


def test_L8_a_line_of_the_log_shows_no_card_number(key_file: Path) -> None:
    """Control: what stands beside it is shown."""
    terminal = HostileTerminal(lambda command, given: OK + b"1 read 4111-1111/1111 1111 ok", SECRET)
    try:
        assert ask(terminal, key_file, "logs").stdout == "1 read 411111******1111 ok\n"
    finally:
        terminal.close()


def test_a_passphrase_that_nobody_can_type_is_told_where_standard_input_is_closed(key_file: Path) -> None:
    """As where it is no terminal: the control."""
    terminal = HostileTerminal(lambda command, given: OK, SECRET)
    command = [
        sys.executable,
        "-m",
        "host_tools.yuanluctl",
        "logs",
        "--json",
        "-t",
        terminal.target,
        "--authority",
        str(key_file),
    ]
    environment = {name: value for name, value in os.environ.items() if name != "YUANLU_PASSPHRASE"}
    try:
        for closed in ("<&-", "</dev/null", "<&- 2>&1 >/dev/null"):
            done = subprocess.run(
                ["sh", "-c", f'exec "$@" {closed}', "sh", *command], cwd=ROOT, env=environment, capture_output=True, text=True
            )
            assert done.returncode == 2 and '"nobody_types"' in done.stdout + done.stderr, (closed, done.stderr)
    finally:
        terminal.close()


def test_a_key_file_that_is_not_there_is_one_trouble(key_file: Path) -> None:
    """Once a terminal answers. Control: the file that is there opens, and the terminal is asked."""
    terminal = HostileTerminal(lambda command, given: OK, SECRET)
    try:
        for path, code, exit_code in ((key_file.with_name("none"), "file", 2), (key_file, "protocol", 12)):
            done = ask(terminal, path, "status", "--json")
            assert isinstance(done.exception, SystemExit), done.exc_info
            assert (done.exit_code, json.loads(done.stderr)["error"]["code"]) == (exit_code, code)
    finally:
        terminal.close()
