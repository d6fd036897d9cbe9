"""yuanluctl on images and emulated terminals: one grammar of targets, one object on stdout, codes that programs may rely on."""

from __future__ import annotations

import base64
import csv
import io
import json
import random
import re
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterable
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import click
import pytest
import zxingcpp
from click.testing import CliRunner, Result
from PIL import Image
from pypdf import PdfReader
from serial.tools import list_ports

from host_tools.yuanluctl import outcome
from host_tools.yuanluctl.cli import yuanluctl
from host_tools.yuanluctl.cli_target import Voice
from host_tools.yuanluctl.export import as_paper
from host_tools.yuanluctl.journal.card_numbers import masked
from host_tools.yuanluctl.journal.layout import Geometry, Record
from host_tools.yuanluctl.journal.ledger import every_record, fold
from host_tools.yuanluctl.journal.reader import read_journal
from host_tools.yuanluctl.outcome import TROUBLES, Trouble
from host_tools.yuanluctl.page import as_pdf
from host_tools.yuanluctl.paper import frame, whose
from host_tools.yuanluctl.phrases import in_chinese
from host_tools.yuanluctl.refusal import Refusal
from host_tools.yuanluctl.status import checks, read_state
from host_tools.yuanluctl.targets import Target, parse
from host_tools.yuanluctl.verbs import PLACES
from host_tools.yuanluctl.words import LANGUAGES, say, words
from tests.host.hostile_terminal import HostileTerminal
from tests.host.journal_writer import EPOCH, ROOT, TERMINAL, Writer
from tests.host.test_journal_of_firmware import Hands
from tests.host.test_journal_verify import trade

PAGE = Path(__file__).parents[2] / "docs" / "technician.md"
SOURCES = Path(outcome.__file__).parent
ROOT_FOLDER = SOURCES.parents[1]
RESULT, ATTEMPT, NOTE, ALARM, REFUND = 4, 5, 20, 18, 16
DAY = 20261122


def run(*words: object, lang: str = "C") -> Result:
    """The command line, run in this process."""
    return CliRunner().invoke(yuanluctl, [str(word) for word in words], env={"LANG": lang, "LC_ALL": "", "COLUMNS": "200"})


def found_by_a_person(writer: Writer) -> bytes:
    """A description of what was resolved as done: the evidence stands in the places of RRN and approval code."""
    described = bytearray(writer.described(2, 500))
    described[21] |= 128
    return bytes(described)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """chip: a sale; a refund that was answered 'later', sent anew and is not known; a note with a card number typed into it; a
    refund that a person found done, with a card number as evidence."""
    writer = trade(Writer(), 12)
    sale = writer.sale(150_00)
    other = writer.sale(90_00)
    found = writer.refund(other, settle=False)
    writer.append(REFUND, other, found_by_a_person(writer) + b"411111111111" + b"1112\0\0", found)
    owed = writer.refund(sale, settle=False)
    writer.append(RESULT, sale, struct.pack("<BB2s12s6sII", 1, 3, b"91", b"", b"", DAY, 101501), owed)
    writer.append(ATTEMPT, sale, struct.pack("<BBII", 1, 2, 7, 4711) + bytes(40), owed)
    writer.append(3, sale, struct.pack("<BHBB", 2, 1, 1, 0), owed)
    writer.append(RESULT, sale, struct.pack("<BB2s12s6sII", 2, 8, b"", b"", b"", DAY, 101509), owed)
    writer.append(NOTE, sale, struct.pack("<BBII24s", 1, 2, DAY, 101600, b"6222021234567890123"), owed)
    (tmp_path / "chip").write_bytes(writer.chip)
    (tmp_path / "key").write_text(ROOT.hex())
    (tmp_path / "owed").write_text(str(owed))
    return tmp_path


# Targets


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("image:dump.bin", Target("image", "dump.bin")),
        ("image:C:\\dumps\\a b.bin", Target("image", "C:\\dumps\\a b.bin")),
        ("emu:kept", Target("emu", "kept")),
        ("emu:8642", Target("emu", "8642")),
        ("socket://192.0.2.7:4000", Target("socket", "192.0.2.7:4000")),
        ("rfc2217://[2001:db8::7]:4000", Target("rfc2217", "[2001:db8::7]:4000")),
        ("/dev/ttyUSB0", Target("serial", "/dev/ttyUSB0")),
        ("COM5", Target("serial", "COM5")),
    ],
)
def test_the_grammar_of_targets(text: str, target: Target) -> None:
    assert parse(text) == target and str(target) == text


@pytest.mark.parametrize(
    "text",
    ["", "image:", "emu:", "emu:../x", "emu:a/b", "socket://", "socket://a", "socket://a:0", "socket://a:99999", "tty", "COM0"],
)
def test_what_is_no_target_is_refused_with_the_grammar(text: str) -> None:
    with pytest.raises(Trouble, match="target"):
        parse(text)
    done = run("status", "--target", text, "--json")
    error = json.loads(done.stderr)["error"]
    assert (done.exit_code, done.stdout, error["code"]) == (2, "", "target") and "image:FILE" in error["hint"]


@pytest.mark.parametrize("target", ["/dev/ttyUSB0", "socket://127.0.0.1:1", "rfc2217://127.0.0.1:1"])
def test_a_line_that_is_not_there_says_so(target: str) -> None:
    """With a terminal on it: test_live.py."""
    done = run("status", "-t", target)
    assert done.exit_code == 3 and target in done.stderr and "yuanluctl list" in done.stderr


def test_a_moment_that_is_none_is_told_with_one_that_is() -> None:
    """Control: the one of the example comes as far as the line, which is not there."""
    words_of = ("time", "sync", "-t", "socket://127.0.0.1:1", "--at")
    refused = run(*words_of, "2300")
    assert refused.exit_code == 2 and "2300 is no date and time like 2026-11-28T23:00:00" in refused.stderr
    assert run(*words_of, "2026-11-28T23:00:00").exit_code == 3


def test_what_a_terminal_refuses_of_a_bundle_does_not_say_bundle_twice() -> None:
    """Control: a refusal whose words the terminal has keeps them, and what nobody knows its reason."""
    told = Refusal("emu:1", "refused.bundle bundle: it ends early").text("en")
    assert told == "emu:1: the terminal refuses (bundle): The terminal did not take the file (it ends early)"
    assert (
        Refusal("emu:1", "refused.bundle settings: the flash did not keep them")
        .text("en")
        .endswith("(settings: the flash did not keep them)")
    )
    assert Refusal("emu:1", "refused.nothing_known").text("en") == "emu:1: the terminal refuses (nothing_known)"


@pytest.mark.parametrize("verb", ["verify", "show"])
def test_the_target_of_the_shell_serves_every_verb_for_images(folder: Path, verb: str) -> None:
    """What is named goes before it. Control: without either it is wrong use."""

    def told(*given: object, target: str = "") -> Result:
        return CliRunner().invoke(yuanluctl, ["journal", verb, *map(str, given)], env={"LANG": "C", "YUANLU_TARGET": target})

    named = told(folder / "chip").stdout
    assert len(named) > 100 and told(target=f"image:{folder / 'chip'}").stdout == named
    assert told(folder / "chip", target="image:none").stdout == named
    assert told("-t", f"image:{folder / 'chip'}", target="image:none").stdout == named
    assert "No such file" in told(target="image:none").stderr
    assert told().exit_code == 2 and "IMAGE or a --target" in told().stderr
    assert told(folder / "chip", "-t", f"image:{folder / 'chip'}").exit_code == 2


@pytest.mark.parametrize(
    "words_of",
    [
        "report reconcile none -t image:CHIP",
        "config get none",
        "firmware info none",
        "authority verify none --key none",
        "wipe --yes --journal none -t LINE",
        "handover import none -o out -t LINE",
    ],
)
def test_a_file_that_nothing_waits_for_is_told_as_missing(folder: Path, words_of: str) -> None:
    """Control: an image is waited for, and has a code of its own."""
    stranger = HostileTerminal(lambda command, given: None)
    try:
        places = {"CHIP": str(folder / "chip"), "LINE": stranger.target, "none": str(folder / "none"), "out": str(folder / "out")}
        given = [places.get(word, word.replace("CHIP", places["CHIP"])) for word in words_of.split()]
        done = run(*given, "--json")
    finally:
        stranger.close()
    error = json.loads(done.stderr)["error"]
    assert (done.exit_code, error["code"], error["retryable"]) == (2, "no_file", False) and "--wait" not in error["hint"]
    error = json.loads(run("status", "-t", f"image:{folder / 'none'}", "--json").stderr)["error"]
    assert (error["code"], error["retryable"]) == ("no_image", True) and "--wait" in error["hint"]


def test_an_image_is_waited_for(tmp_path: Path) -> None:
    image = bytes(trade(Writer(), 3).chip)
    assert run("status", "-t", f"image:{tmp_path / 'late'}").exit_code == 3
    timer = threading.Timer(0.3, lambda: (tmp_path / "late").write_bytes(image))
    timer.start()
    assert run("status", "-t", f"image:{tmp_path / 'late'}", "--wait", 10).exit_code == 0
    timer.join()


def test_a_running_emulator_is_asked_and_one_that_is_silent_is_not_waited_for() -> None:
    image = bytes(trade(Writer(), 3).chip)

    class Page(BaseHTTPRequestHandler):
        slow = 0.0

        def do_GET(self) -> None:
            time.sleep(self.slow)
            self.send_response(200 if self.path == "/chip.img" else 404)
            self.end_headers()
            self.wfile.write(image)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, args=(0.05,)).start()
    try:
        port = server.server_address[1]
        answer = json.loads(run("status", "-t", f"emu:{port}", "--json").stdout)
        assert answer["page"] == f"http://127.0.0.1:{port}/" and answer["waiting"] == []
        Page.slow = 0.4
        assert run("status", "-t", f"emu:{port}", "--timeout", 0.1).exit_code == 5
    finally:
        server.shutdown()
        server.server_close()
    assert run("status", "-t", f"emu:{port}").exit_code == 3


# What a journal says


@pytest.mark.parametrize("seed", [1, 2])
def test_the_ledger_says_what_the_terminal_itself_believes(seed: int) -> None:
    """Made from the format's page, compared with the firmware's own fold over lives that are cut anywhere."""
    hands = Hands((6, 4096, 16), seed)
    try:
        for life in range(4):
            if life:
                flash = hands.terminal.flash
                flash.cut = (flash.operations + hands.chance.randrange(4, 40), "nothing")
            if hands.power_on():
                hands.work(3)
            hands.power_off()
            records = every_record(read_journal(hands.image(), hands.geometry))
            ours, blind = believed(records), believed(one for one in records if one.type not in (RESULT, REFUND))
            theirs = {(row["trace"], row["kind"]): (row["state"], row["amount"]) for row in hands.shop.terminal_ledger()}
            shared = ours.keys() & theirs.keys()
            assert shared and {key: ours[key] for key in shared} == {key: theirs[key] for key in shared}
            assert {key for key, row in theirs.items() if row[0] == "unknown"} <= shared
        kinds = {kind for _, kind in shared}
        assert len(kinds) > 1, "sales and refunds or voids"
        assert any(blind.get(key) != theirs[key] for key in shared)  # the control: answers are needed to say so
    finally:
        hands.shop.close()


def believed(records: Iterable[Record]) -> dict[tuple[int, str], tuple[str, int]]:
    """State and amount by trace and kind."""
    return {(one.trace, one.kind): (one.state, one.amount) for one in fold(records).transactions.values() if one.kind}


def test_status_says_what_money_waits(folder: Path) -> None:
    """T-012, T-073: in both languages."""
    done = run("status", "-t", f"image:{folder / 'chip'}", "--json")
    answer = json.loads(done.stdout)
    (waiting,) = [one for one in answer["waiting"] if one["number"] == int((folder / "owed").read_text())]
    assert (waiting["state"], waiting["amount"], waiting["sends"]) == ("unknown", 500, 2) and done.stderr == ""
    assert "not known" in run("status", "-t", f"image:{folder / 'chip'}").stdout
    assert "结果待确认" in run("status", "-t", f"image:{folder / 'chip'}", lang="zh_CN.UTF-8").stdout
    assert "结果待确认" in run("status", "-t", f"image:{folder / 'chip'}", "--lang", "zh").stdout


def test_status_says_first_whether_money_is_stuck_and_its_exit_code_says_so_too(folder: Path) -> None:
    """Where a person is needed, or holds the queue. Control: what is under way needs nobody, and is exit 0."""
    target = ("-t", f"image:{folder / 'chip'}")
    under_way = run("status", *target)
    assert under_way.exit_code == 0 and under_way.stdout.splitlines()[0].endswith(" not settled, none needs a person")
    writer = trade(Writer(), 12)
    parked = writer.refund(writer.sale(150_00), settle=False)
    open_before = len(read_state(bytes(writer.chip), Geometry(4096, 16, 8)).ledger.unsettled)
    writer.append(RESULT, None, struct.pack("<BB2s12s6sII", 1, 6, b"91", b"", b"", DAY, 101501), parked)
    (folder / "chip").write_bytes(writer.chip)
    stuck = run("status", *target)
    assert stuck.exit_code == 1 and stuck.stdout.splitlines()[0].startswith(f"MONEY NEEDS A PERSON: 1 of {open_before}")
    assert run("status", *target, "--lang", "zh").stdout.splitlines()[0].startswith("有 1 笔需人工处理")
    assert run("diagnose", *target).exit_code == 1, "as diagnose has it"


# Names and codes that stay as they are in Chinese: of commands, files, standards, and what is on a keypad.
NAMES = """PIN MAC PDF CSV JSON ASCII RRN TR MiB pip install yuanlu psec keys ID ROM MicroPython USB COM PSEC REPL UTF
emu image socket rfc dev ttyUSB HOST PORT FILE OLD SPARE NAME make run keep build path lost fence spare warrant abort plan
export import finish decline handover salvage report sheet evidence reconcile operators journal verify show pull rescue scan carve
firmware info push confirm rollback authority ticket key public config validate get schema sign after queue release hold status
logs list tail explain yuanluctl timeout wait sector size unit target sheets yes from through fonts wqy microhei YUANLU FONT
PASSPHRASE board port checkout baud KEY tables support YLR YLT done not csv json KiB IMAGE dump wrap resolve init py
retry""".split()


def foreign(text: str) -> set[str]:
    """Words of two Latin letters or more that are no option and no name of the list."""
    return set(re.findall("[A-Za-z]{2,}", re.sub("--[a-z-]+", "", text))) - set(NAMES)


SPOKEN = [
    "status",
    "diagnose",
    "rescue scan",
    "rescue report",
    "report operators",
    "journal tail -n 99",
    "journal show",
    "journal verify",
]


@pytest.mark.parametrize("verb", SPOKEN)
def test_in_chinese_every_word_is_chinese(folder: Path, verb: str) -> None:
    """Evidence and what a verdict found too; the head of the journal is hex digits. Control: in English there are words."""
    image = bytearray((folder / "chip").read_bytes())
    image[60] ^= 1
    (folder / "damaged").write_bytes(image)
    for chip in ("chip", "damaged"):
        words_of = (*verb.split(), "-t", f"image:{folder / chip}", "--lang")
        told = run(*words_of, "zh")
        assert told.exit_code in (0, 1), told.output
        shown = re.sub(r"\b[0-9]+:[0-9a-f]{16}\b|\b[0-9a-f]{8}\b|\b[0-9a-f]{16}\b|0x[0-9a-f]+|=[0-9A-F]+\b", "", told.stdout)
        assert foreign(shown) == set(), shown
        assert foreign(run(*words_of, "en").stdout)


def test_no_chinese_words_of_the_tools_have_english_in_them() -> None:
    """What queue, handover and a live terminal say, too. Control: the English ones do."""
    rows = words()
    assert {name: left for name, row in rows.items() if (left := foreign(row["zh"]))} == {}
    assert all(foreign(rows[name]["en"]) for name in ("status.nothing", "queue.held", "handover.finished"))


WRONG = [
    "journal tail --lin",
    "journal tail --following",
    "jornal",
    "no_such",
    "journal",
    "journal export",
    "journal export xml -t image:x",
    "queue resolve 1 -t image:x",
    "journal tail -n 1",
    "journal tail -t",
    "journal tail -t image:x -n x",
    "journal tail -t image:x -n 100001",
    "journal tail -t image:x --wait x",
    "journal tail -t image:x --wait 100000",
    "journal tail -t image:x --follow=1",
    "journal tail -t image:x one",
    "journal tail -t image:x one two",
    "journal tail -t image:x --lang fr",
    "journal verify x --anchor 7",
    "time sync -t image:x --at 2300",
    "report operators -t image:x --from 7",
]


@pytest.mark.parametrize("words_of", WRONG)
def test_wrong_use_is_told_in_chinese_and_to_programs(words_of: str) -> None:
    """Beside what was typed. Control: in English there are words."""
    given = words_of.split()
    typed = set(re.findall("[A-Za-z]{2,}", words_of)) | {"journal", "tail", "follow", "help", "pdf", "again", "zh", "en"}
    person, program = run(*given, lang="zh_CN.UTF-8"), run(*given[:2], "--json", *given[2:], lang="zh_CN.UTF-8")
    if words_of != "journal":  # a group alone prints its help
        assert person.exit_code == 2 and person.stdout == "" and "用法见 yuanluctl" in person.stderr
        assert foreign(person.stderr) - typed == set(), person.stderr
    error = json.loads(program.stderr)["error"]
    assert (program.exit_code, error["exit"], error["code"], program.stdout) == (2, 2, "usage", "")
    assert foreign(error["message"] + error["hint"]) - typed == set(), error
    english = run(*given[:2], "--json", "--lang=en", *given[2:])
    assert foreign(json.loads(english.stderr)["error"]["message"]) and foreign(run(*given).stderr)
    assert run(*given).stdout == "" or words_of == "journal"


def test_what_verbs_call_wrong_use_is_known_in_chinese() -> None:
    """Each sentence that the sources give to click. Control: one that nobody has written is not."""
    said = [text for path in SOURCES.glob("cli_*.py") for text in _sentences(path.read_text("utf-8"))]
    assert len(said) >= 15
    left = {text: foreign(chinese) for text in said if foreign(chinese := in_chinese(text))}
    assert left == {}
    assert foreign(in_chinese("no sentence of these tools"))


def _sentences(source: str) -> list[str]:
    found = re.findall(r'click\.(?:UsageError|BadParameter)\(f?"([^"]*)"', source)
    return [re.sub(r"\{\w+\}", "7", text) for text in found]


def test_a_wait_for_consent_is_told_to_a_person_and_to_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr: stdout is the answer's."""
    Voice("en", False, False).still_waiting(42)
    Voice("en", True, False).still_waiting(42)
    said = capsys.readouterr()
    person, program = said.err.splitlines()
    assert said.out == "" and "self-test" in person and "42 s" in person
    assert json.loads(program) == {"event": "waiting", "for": "consent", "most": 42}


def test_one_is_told_as_one() -> None:
    """Control: two are two."""
    told = {count: say("en", "status.chip", count, count, count) for count in (1, 2, 11)}
    assert told[1] == "chip erased 1 time, 1 sector retired, 1 power-up"
    assert told[2] == "chip erased 2 times, 2 sectors retired, 2 power-ups" and "11 times" in told[11]
    assert say("en", "reconcile.heading_no_day", 1, 1).startswith("statement of 1 line, ")
    ends = [say("en", "reconcile.heading_no_day", count, count).rsplit("; ")[1] for count in (1, 2)]
    assert ends == ["1 agrees", "2 agree"]
    unpaired = {
        name
        for name, row in words().items()
        if not name.startswith("phrase.")  # said elsewhere
        and re.search(r"\{\} (?:[a-z-]+ )?(records|lines|days|sectors|blocks|refunds)\b", row["en"])
    }
    assert unpaired <= {"rescue.chip", "decision.person", "trouble.far_date"}, "lines by numbers, a date"


def test_diagnose_names_what_fails_and_what_to_do(folder: Path) -> None:
    """T-037, T-041: a healthy chip, as the control, passes every check."""
    writer = Writer()
    sale = writer.sale()
    healthy = bytes(writer.chip)
    described = writer.described(2, 500) + bytes(18) + struct.pack("<I", 600)
    writer.append(ALARM, sale, described, writer.number + 1)
    (folder / "alarm").write_bytes(writer.chip)
    (folder / "healthy").write_bytes(healthy)
    fine = run("diagnose", "-t", f"image:{folder / 'healthy'}", "--json")
    assert fine.exit_code == 0 and {one["level"] for one in json.loads(fine.stdout)["checks"]} == {"pass"}
    done = run("diagnose", "-t", f"image:{folder / 'alarm'}", "--json")
    levels = {one["check"]: one for one in json.loads(done.stdout)["checks"]}
    assert done.exit_code == 1 and levels["alarm"]["level"] == "fail" and "report evidence" in levels["alarm"]["hint"]
    writer = Writer()
    writer.refund(writer.sale(), settle=False)
    (folder / "owed").write_bytes(writer.chip)
    for today, level, days in (("2026-11-23", "warn", 1), ("2026-11-26", "fail", 4), ("2020-01-01", "warn", 0)):
        done = run("diagnose", "-t", f"image:{folder / 'owed'}", "--as-of", today, "--json")
        (owed,) = [one for one in json.loads(done.stdout)["checks"] if one["check"] == "waiting"]
        assert owed["level"] == level and f"for {days} day" in owed["text"], "money is owed however still the terminal is"
        assert f"counted to {max(today, '2026-11-22')}" in owed["text"]
    worn = bytearray(healthy)
    worn[60] ^= 1
    (folder / "hurt").write_bytes(worn)
    assert "journal verify" in run("diagnose", "-t", f"image:{folder / 'hurt'}").stdout


def checks_of(image: Path) -> dict[str, dict[str, str]]:
    done = run("diagnose", "-t", f"image:{image}", "--as-of", "2026-11-22", "--json")
    return {one["check"]: one for one in json.loads(done.stdout)["checks"]}


def test_what_a_hurt_journal_lacks_is_not_told_as_settled(folder: Path) -> None:
    """Control: the whole one says that money is owed; hurt, it cannot tell."""
    writer = Writer()
    writer.refund(writer.sale(), settle=False)
    (folder / "whole").write_bytes(writer.chip)
    assert run("status", "-t", f"image:{folder / 'whole'}").stdout.startswith("1 not settled")
    hurt = bytearray(writer.chip)
    hurt[:32] = bytes(32)  # the header of the only sector
    (folder / "hurt").write_bytes(hurt)
    chip = ("--sector-size", 4096, "--unit", 16)
    for name, is_whole in (("whole", True), ("hurt", False)):
        done = run("status", "-t", f"image:{folder / name}", *chip)
        told = json.loads(run("status", "-t", f"image:{folder / name}", *chip, "--json").stdout)
        assert told["consistent"] is is_whole and ("cannot be told" not in done.stdout) is is_whole
        assert "No money is waiting" not in done.stdout and done.exit_code == (not is_whole)


def test_what_was_handed_over_is_not_told_as_waiting_here(folder: Path) -> None:
    """Somebody would mend the line for it, or pay it in cash."""
    writer = Writer()
    writer.refund(writer.sale(), settle=False)
    (folder / "own").write_bytes(writer.chip)
    writer.hand_over(3)
    (folder / "given").write_bytes(writer.chip)
    assert "goes by itself" in checks_of(folder / "own")["waiting"]["hint"], "control"
    given = checks_of(folder / "given")["waiting"]
    assert "YL000002 sees to it" in given["text"] and "goes by itself" not in given["hint"]
    assert run("status", "-t", f"image:{folder / 'given'}").stdout.startswith("what is not settled here was handed over: YL0")


def test_a_queue_that_a_person_holds_does_not_go_by_itself(folder: Path) -> None:
    writer = Writer()
    sale = writer.sale()
    writer.hold()
    writer.refund(sale, settle=False)
    (folder / "held").write_bytes(writer.chip)
    found = checks_of(folder / "held")["waiting"]
    assert found["level"] == "fail" and "case 1" in found["text"] and "queue release" in found["hint"]


def test_a_bundle_is_the_same_each_time_and_written_only_when_it_is_meant(folder: Path) -> None:
    """T-041."""
    target = ("-t", f"image:{folder / 'chip'}")
    assert run("diagnose", *target, "--as-of", "2026-11-22", "--bundle", folder / "a.zip", "--dry-run").exit_code == 0
    assert not (folder / "a.zip").exists()
    files = []
    for name in ("a.zip", "b.zip"):
        assert run("diagnose", *target, "--as-of", "2026-11-22", "--bundle", folder / name).exit_code == 0
        with zipfile.ZipFile(folder / name) as archive:
            files.append({one: archive.read(one) for one in archive.namelist()})
    about = [json.loads(one.pop("about.json")) for one in files]
    assert files[0] == files[1] and sorted(files[0]) == ["checks.json", "records.csv", "status.json", "verify.json"]
    assert about[0]["target"] == f"image:{folder / 'chip'}" and about[0]["yuanluctl"] and about[0]["made"].endswith("+00:00")


def test_tail_and_export(folder: Path) -> None:
    """What is exported is every record, once, and no formula for a spreadsheet."""
    target = ("-t", f"image:{folder / 'chip'}")
    newest = json.loads(run("journal", "tail", *target, "-n", 2, "--json").stdout)["records"]
    assert [one["type"] for one in newest] == ["RESULT", "NOTE"]
    assert len(run("journal", "tail", *target, "-n", 2).stdout.splitlines()) == 2
    table = list(csv.DictReader(io.StringIO(run("journal", "export", "csv", *target).stdout.lstrip("\ufeff"))))
    listed = json.loads(run("journal", "export", "json", *target).stdout)["records"]
    assert [row["number"] for row in table] == [str(one["number"]) for one in listed] and table[-1]["text"].startswith("622202*")
    told = json.loads(run("journal", "export", "pdf", *target, "-o", folder / "out.pdf", "--json").stdout)
    assert told["bytes"] == (folder / "out.pdf").stat().st_size
    assert "结果" not in told["verdict"] and "4711" not in text_of(folder / "out.pdf")[:40]
    assert run("journal", "export", "pdf", *target).exit_code == 2
    assert run("journal", "verify", *target).stdout == run("journal", "verify", folder / "chip").stdout
    assert run("journal", "verify", folder / "chip", *target).exit_code == 2


# Papers


def text_of(pdf: Path) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(pdf).pages)


def code_in(pdf: Path) -> str:
    """What the QR code on the page says, read by a decoder that knows nothing of this code."""
    images = [Image.open(io.BytesIO(image.data)) for page in PdfReader(pdf).pages for image in page.images]
    (code,) = zxingcpp.read_barcodes(images[0].convert("L"))
    return code.text


def test_evidence_has_the_refund_its_sale_every_attempt_and_the_verdict(folder: Path) -> None:
    """T-007, T-008, T-009: on paper, with what was sent and answered; found again by the code on the paper, or by its trace."""
    owed = (folder / "owed").read_text()
    known = ("--terminal", TERMINAL, "--key", folder / "key", "--epoch", EPOCH)
    done = run("report", "evidence", owed, "-t", f"image:{folder / 'chip'}", "-o", folder / "e.pdf", *known)
    assert done.exit_code == 0, done.output
    page = text_of(folder / "e.pdf")
    for said in (
        "退款证据",
        "Every attempt",
        "000007/004711",
        "重做 / anew",
        "91",
        "150.00",
        "Every record's seal was checked",
        "投诉",
    ):
        assert said in page, said
    assert "Do not refund again" in page and "622202******1234" in page
    assert re.fullmatch(TERMINAL + r"-000007-\d{6}-20261122", code_in(folder / "e.pdf"))
    by_code = run("report", "evidence", code_in(folder / "e.pdf"), "-t", f"image:{folder / 'chip'}", "--json")
    answer = json.loads(by_code.stdout)
    assert str(answer["refund"]["number"]) == owed and answer["seals_checked"] is False
    assert [attempt["sends"] for attempt in answer["attempts"]] == [1, 1]
    by_trace = run("report", "evidence", "t004711", "-t", f"image:{folder / 'chip'}", "--json")
    assert json.loads(by_trace.stdout)["refund"] == answer["refund"]
    assert run("report", "evidence", "99999", "-t", f"image:{folder / 'chip'}").exit_code == 2


def test_evidence_of_a_journal_that_was_changed_says_so(folder: Path) -> None:
    """T-001, T-017, T-034. The control: one bit of another record, and the paper carries the finding."""
    image = bytearray((folder / "chip").read_bytes())
    image[300] ^= 1
    (folder / "chip").write_bytes(image)
    done = run("report", "evidence", (folder / "owed").read_text(), "-t", f"image:{folder / 'chip'}", "-o", folder / "e.pdf")
    assert done.exit_code == 1 and "damage" in text_of(folder / "e.pdf")


def test_the_request_sheet_leaves_lines_to_write_on(folder: Path) -> None:
    """T-016, T-076, T-091."""
    owed = (folder / "owed").read_text()
    sheet = ("report", "sheet", owed, "-t", f"image:{folder / 'chip'}", "-o", folder / "s.pdf", "--merchant", "898000000000001")
    assert run(*sheet).exit_code == 0
    page = text_of(folder / "s.pdf")
    assert "退款申请表" in page and "Stamp of the shop ____" in page and "-5.00" in page and "898000000000001" in page
    assert "622202******1234" in page


def test_operators(folder: Path) -> None:
    """T-136; from a day after all, as the control, nobody did anything."""
    answer = json.loads(run("report", "operators", "-t", f"image:{folder / 'chip'}", "--json").stdout)
    (two,) = answer["operators"]
    assert two["operator"] == 2 and two["open"] >= 1 and two["open_amount"] >= 500
    none = run("report", "operators", "-t", f"image:{folder / 'chip'}", "--from", "2027-01-01", "--json")
    assert json.loads(none.stdout)["operators"] == []
    assert run("report", "operators", "-t", f"image:{folder / 'chip'}", "--from", "yesterday").exit_code == 2


def test_a_computer_without_chinese_is_told_which_package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for font in (folder / "none.ttf", folder / "key"):
        monkeypatch.setenv("YUANLU_FONT", str(font))
        done = run("journal", "export", "pdf", "-t", f"image:{folder / 'chip'}", "-o", folder / "x.pdf")
        assert done.exit_code == 2 and "fonts-wqy-microhei" in done.stderr and not (folder / "x.pdf").exists()


# No card number, no key in anything that comes out (L8)


def encodings(secret: bytes) -> list[bytes]:
    """As it stands, in hex, base64, packed digits, with spaces, UTF-16."""
    text = secret.decode("latin-1")
    forms = [
        secret,
        secret.hex().encode(),
        secret.hex().upper().encode(),
        base64.b64encode(secret)[:-4],
        text.encode("utf-16-le"),
    ]
    if text.isdigit():
        forms.append(bytes.fromhex(text if len(text) % 2 == 0 else text + "f"))
        forms.append(" ".join(text[at : at + 4] for at in range(0, len(text), 4)).encode())
    return forms


def outputs(folder: Path, image: Path) -> dict[str, bytes]:
    """Everything that the verbs write of an image, PDFs as their text."""
    target = ("-t", f"image:{image}")
    known = ("--terminal", TERMINAL, "--key", folder / "key", "--epoch", EPOCH)
    owed = (folder / "owed").read_text()
    verbs: list[tuple[object, ...]] = [
        ("status",),
        ("diagnose", "--bundle", folder / "o.zip"),
        ("journal", "tail", "-n", "100"),
        ("journal", "export", "csv", "-o", folder / "o.csv"),
        ("journal", "export", "json", "-o", folder / "o.json"),
        ("journal", "export", "pdf", "-o", folder / "o1.pdf"),
        ("report", "evidence", owed, "-o", folder / "o2.pdf", *known),
        ("report", "sheet", owed, "-o", folder / "o3.pdf"),
        (
            "report",
            "operators",
        ),
        ("rescue", "scan"),
        ("rescue", "report"),
    ]
    found = {}
    for verb in verbs:
        for json_too in ((), ("--json",)):
            if json_too and "-o" in verb:
                verb = verb[: verb.index("-o")]  # what goes to a file was written once
            if json_too and verb[:2] == ("journal", "export"):
                continue
            done = run(*verb, *target, *json_too)
            assert done.exit_code in (0, 1), done.output
            found[f"{' '.join(map(str, verb[:3]))} {json_too}"] = done.output.encode()
    found["show"] = run("journal", "show", *target).output.encode() + run("journal", "show", *target, "--json").output.encode()
    with zipfile.ZipFile(folder / "o.zip") as archive:
        found |= {name: archive.read(name) for name in archive.namelist()}
    found |= {name: (folder / name).read_bytes() for name in ("o.csv", "o.json")}
    return found | {path.name: text_of(path).encode() for path in folder.glob("o?.pdf")}


def leaks(found: dict[str, bytes], secrets: list[bytes]) -> list[str]:
    return [name for name, content in found.items() for secret in secrets for form in encodings(secret) if form in content]


def test_L8_no_output_holds_a_card_number_or_a_key(folder: Path) -> None:
    """T-044, T-147: planted in a note and in bytes that no record explains; in the output, as the control, they are found."""
    card = b"6222021234567890123"
    assert card in (folder / "chip").read_bytes()  # planted: somebody typed it into a note
    image = bytearray((folder / "chip").read_bytes())
    free = image.rindex(b"\xff" * 4000) + 2000
    image[free : free + len(card)] = card  # and where no record explains it
    (folder / "planted").write_bytes(image)
    found = outputs(folder, folder / "planted")
    assert leaks(found, [card, ROOT]) == []
    in_two = b"411111111111"  # and the last four in the approval code's place
    assert in_two in image and leaks(found, [in_two]) == []
    assert any(b"411111******" in content for content in found.values()), "its first six are shown"
    assert leaks(found | {"control": b"x" + ROOT.hex().encode()}, [card, ROOT]) == ["control"]
    assert leaks(found | {"control": b"6222 0212 3456 7890 123"}, [card, ROOT]) == ["control"]


def test_L8_long_numbers_are_masked_however_they_are_written() -> None:
    assert masked("6222021234567890123") == "622202*********0123"
    assert masked("a 6222 0212-3456 7890 b") == "a 622202******7890 b"
    assert masked("RRN 112218034065") == "RRN 112218034065"


# What somebody made up


def test_no_records_make_a_verb_fail(tmp_path: Path) -> None:
    """Whole records with payloads that chance makes: each verb ends by itself, with a code of the page."""
    chance = random.Random(11)
    (tmp_path / "st.csv").write_text("trace,amount,date\n1,5.00,20261122\n")
    for case in range(12):
        writer = Writer()
        sale = writer.sale()
        for _ in range(30):
            kind = chance.choice([*range(1, 11), 12, *range(14, 22), 99])
            rest = chance.choice([chance.randbytes, lambda size: b"\xff" * size, bytes])(chance.randrange(90))
            writer.append(kind, chance.choice([sale, None, 1 << 31]), rest, chance.choice([0, sale, 1 << 31, writer.number]))
        (tmp_path / "chip").write_bytes(writer.chip)
        target = ("-t", f"image:{tmp_path / 'chip'}")
        for verb in ("status", "diagnose", "journal tail -n 99", "journal export csv", f"report evidence {sale}"):
            ended_by_itself(run(*verb.split(), *target, *(["--json"] if case % 2 and "csv" not in verb else [])))
        for verb in (
            "report operators",
            f"report sheet {sale}",
            f"report reconcile {tmp_path / 'st.csv'} --through 2199-12-31",
            "rescue report",
        ):
            ended_by_itself(run(*verb.split(), *target, "--json"))
        state = read_state(bytes(writer.chip), Geometry(4096, 16, 8))
        blocks = as_paper(state.ledger, whose("", state.ledger.check), state.report)
        assert blocks and (case or as_pdf(blocks, frame(whose("", ""))).startswith(b"%PDF"))


def ended_by_itself(done: Result) -> None:
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    assert done.exit_code in (0, 1, 2), done.output


# The page


CARD = re.search(r"^## Field card\n.*?^```sh\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_the_field_card_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """T-094, T-115: six commands, each ended as the card says, and each file written."""
    writer = trade(Writer(), 3)
    sale = writer.sale(150_00)
    writer.trace = 16
    writer.refund(sale, settle=False)
    (tmp_path / "chip.img").write_bytes(writer.chip)
    (tmp_path / "statement.csv").write_text(
        "终端号,流水号,交易日期,金额,交易类型\n10000001,000017,2026-11-22,-5.00,退货\n", "utf-8"
    )
    monkeypatch.chdir(tmp_path)
    assert CARD is not None
    lines = CARD[1].splitlines()
    assert len(lines) == 6
    for line in lines:
        command, _, said = line.partition("#")
        done = run(*command.split()[1:])
        ends = re.search(r"exit (\d+)", said)
        assert done.exit_code == (int(ends[1]) if ends else 0), (line, done.output)
        assert done.stdout
        for name in re.findall(r"(?:-o|--bundle) (\S+)", command):
            assert (tmp_path / name).stat().st_size > 1000


def test_help_lists_the_verbs_without_loading_one() -> None:
    """Each with the first sentence of its own help."""
    context = click.Context(yuanluctl)
    for name, (_, sentence) in PLACES.items():
        verb = yuanluctl.get_command(context, name)
        assert verb is not None and verb.help is not None
        assert " ".join(verb.help.split()).startswith(sentence.rstrip("."))
    code = "import sys, host_tools.yuanluctl.cli as c; c.yuanluctl(['--help'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=SOURCES.parents[1], check=True)
    assert "diagnose" in done.stdout and "evidence of a refund" in done.stdout.lower()
    assert [
        name for name in done.stdout.split() if name.startswith(("host_tools.yuanluctl.cli_", "cryptography", "rich.progress"))
    ] == []


@pytest.mark.parametrize("words_of", ["queue", "wipe", "time sync", "report", "journal verify", "diagnose", "explain"])
def test_help_of_a_verb_loads_nothing_that_reaches_a_terminal(words_of: str) -> None:
    """Control: a verb on a line does."""
    heavy = {"serial", "host_tools.yuanluctl.live"}
    code = (
        "import sys, host_tools.yuanluctl.cli as c\n"
        "try: c.yuanluctl(sys.argv[1:])\n"
        f"except SystemExit: print(*(set(sys.modules) & {heavy}), file=sys.stderr)"
    )

    def loaded(*given: str) -> str:
        done = subprocess.run([sys.executable, "-c", code, *given], capture_output=True, text=True, cwd=SOURCES.parents[1])
        return done.stderr.splitlines()[-1]

    assert loaded(*words_of.split(), "--help") == ""
    assert set(loaded("ping", "-t", "socket://127.0.0.1:1").split()) == heavy


def test_shells_complete_it() -> None:
    for shell in ("zsh", "fish"):
        assert "_YUANLUCTL_COMPLETE" in run("completion", shell).stdout
    asked = {"_YUANLUCTL_COMPLETE": "zsh_complete", "COMP_WORDS": "yuanluctl res", "COMP_CWORD": "1"}
    assert "rescue" in CliRunner().invoke(yuanluctl, [], env=asked, prog_name="yuanluctl").stdout


def completed(line: str, folder: Path) -> list[str]:
    """What bash offers behind that line, by the protocol of click and by the function that `completion bash` prints."""
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    code = f"import sys; sys.path.insert(0, {str(SOURCES.parents[1])!r}); from host_tools.yuanluctl.cli import main; main()"
    (folder / "yuanluctl").write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}" "$@"\n')
    (folder / "yuanluctl").chmod(0o755)
    script = f"""{run("completion", "bash").stdout}
COMP_LINE='{line}' COMP_POINT={len(line)}
_yuanluctl_completion ./yuanluctl
printf '%s\\n' "${{COMPREPLY[@]}}" """
    done = subprocess.run(["bash", "-c", script], cwd=folder, env={"PATH": path}, capture_output=True, text=True, check=False)
    assert done.stderr == "", done.stderr
    return done.stdout.split()


def test_shells_offer_the_targets_that_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the protocol, with the ports of this computer, if it has any. Control: what is not there is not offered."""
    (tmp_path / "chips").mkdir()
    (tmp_path / "chips" / "one.img").write_bytes(b"x")
    (tmp_path / "a b").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    (ROOT_FOLDER / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kept-", dir=ROOT_FOLDER / "build") as kept:
        (Path(kept) / "chip.img").write_bytes(b"x")
        (Path(kept) / "journal.key").write_bytes(b"x")
        _offers_targets(f"emu:{Path(kept).name}", [port.device for port in list_ports.comports()])


def _offers_targets(kept: str, ports: list[str]) -> None:

    def offered(words_of: str, typed: str = "") -> list[str]:
        asked = {
            "_YUANLUCTL_COMPLETE": "bash_complete",
            "COMP_WORDS": f"yuanluctl {words_of} {typed}",
            "COMP_CWORD": str(1 + len(words_of.split())),
        }
        lines = CliRunner().invoke(yuanluctl, [], env=asked, prog_name="yuanluctl").stdout.splitlines()
        return [line.removeprefix("plain,") for line in lines if line]

    for verb in ("status -t", "journal verify -t", "firmware info -t", "list", "queue list --target", "config get"):
        here = offered(verb)
        assert (
            here[: len(ports)] == sorted(ports) and {kept, "image:"} <= set(here) and ("file," in here) == ("config" in verb)
        ), verb
    assert offered("status -t", kept[:-1]) == [kept] and offered("status -t", f"{kept}x") == []
    assert "emu:firmware" not in offered("status -t", "emu:"), "it has no chip"
    assert offered("status -t", "image:") == ["image:chips/"]
    assert offered("status -t", "image:chips/o") == ["image:chips/one.img"]
    assert offered("status -t", "/dev/none") == []


def test_bash_itself_completes_what_stands_behind_a_colon(tmp_path: Path) -> None:
    """It splits words there. Control: a verb is completed as ever."""
    (tmp_path / "chips").mkdir()
    (tmp_path / "chips" / "one.img").write_bytes(b"x")
    assert completed("./yuanluctl status -t image:ch", tmp_path) == ["chips/"]
    assert completed("./yuanluctl status -t image:chips/", tmp_path) == ["chips/one.img"]
    assert "image:" in completed("./yuanluctl status -t ", tmp_path)
    assert completed("./yuanluctl resc", tmp_path) == ["rescue"]


def test_exit_codes_and_troubles_stand_on_the_page() -> None:
    page = PAGE.read_text("utf-8")
    rows = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    assert rows == {value for name, value in vars(outcome).items() if name.isupper() and isinstance(value, int)}
    _, _, codes = page.partition("| code | when |")
    named = [row.split(" | ")[0] for row in codes.splitlines() if row.startswith("| `")]
    assert set(re.findall(r"`(\w+)`", " ".join(named))) == set(TROUBLES)


def test_every_word_is_there_in_both_languages_and_with_the_same_gaps() -> None:
    known = words()
    assert all(row[language] for row in known.values() for language in LANGUAGES)
    assert [name for name, row in known.items() if row["zh"].count("{}") != row["en"].count("{}")] == []
    assert {f"{kind}.{name}" for name in TROUBLES for kind in ("trouble", "hint")} <= known.keys()
    for check in checks(read_state(bytes(trade(Writer(), 3).chip), Geometry(4096, 16, 8)), date(2026, 11, 22)):
        assert f"check.{check.name}.pass" in known and f"check.{check.name}.hint" in known
