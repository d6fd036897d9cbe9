"""`yuanluctl journal` and `yuanluctl flash` as a person and a program call them."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from host_tools.yuanluctl.cli import yuanluctl
from tests.host.journal_writer import ROOT, Writer
from tests.host.test_journal_verify import TORN, trade

KEY = "--key {folder}/key --terminal 10000001 --epoch 3"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """chip (clean, torn at its end), bad (a bit flipped), key, broken keys."""
    writer = trade(Writer(), 60)
    writer.cut(TORN)
    (tmp_path / "chip").write_bytes(writer.chip)
    (tmp_path / "anchor").write_text(f"{writer.number}:{writer.tags[writer.number].hex()}")
    (tmp_path / "key").write_text(ROOT.hex().upper() + "\n")
    (tmp_path / "short").write_text("00" * 31)
    (tmp_path / "binary").write_bytes(bytes(range(128, 160)))
    (tmp_path / "blank").write_bytes(b"\xff" * 32768)
    assert run(tmp_path, "flash damage {folder}/chip {folder}/bad --flip 0x1040:3").exit_code == 0
    return tmp_path


def run(folder: Path, line: str) -> Result:
    """The command line, run in this process."""
    words = [word.replace("{folder}", str(folder)) for word in line.split()]
    return CliRunner().invoke(yuanluctl, words, env={"COLUMNS": "200"})


def test_verify_for_people(folder: Path) -> None:
    done = run(folder, "journal verify {folder}/chip " + KEY)
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "consistent, end not anchored")
    assert "a power cut tore" in done.stdout
    anchor = (folder / "anchor").read_text()
    done = run(folder, f"journal verify {{folder}}/chip --anchor {anchor}")
    number = anchor.split(":")[0]
    assert done.stdout.splitlines()[-1] == f"structure consistent, seals not checked (no key), end anchored by record {number}"
    done = run(folder, "journal verify {folder}/bad " + KEY)
    assert done.exit_code == 1
    assert "damage" in done.stdout and "One bit is wrong (bit 3 of 0x1040)" in done.stdout


def test_verify_for_programs(folder: Path) -> None:
    clean = run(folder, "journal verify {folder}/chip --json " + KEY)
    assert clean.exit_code == 0
    report = json.loads(clean.stdout)
    assert report["consistent"] and report["seals_checked"] and report["anchored"] is None and len(report["torn"]) == 1
    beyond = int((folder / "anchor").read_text().split(":")[0]) + 3
    bad = run(folder, f"journal verify {{folder}}/bad --json --anchor {beyond}:0011223344556677")
    assert bad.exit_code == 1
    report = json.loads(bad.stdout)
    assert [finding["kind"] for finding in report["findings"]] == ["damage", "tail cut or rollback"]
    assert report["anchors"] == [{"number": beyond, "result": "beyond the end"}]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("journal verify {folder}/nothing", "No such file"),
        ("journal verify {folder}", "is a directory"),
        ("journal verify {folder}/key", "no sector header"),
        ("journal verify {folder}/chip --sector-size 5000", "sectors of 5000"),
        ("journal verify {folder}/chip --unit 3", "a unit is one of"),
        ("journal verify {folder}/chip --key {folder}/key", "needs --terminal and --epoch"),
        ("journal verify {folder}/chip --terminal 1 --epoch 1 --key {folder}/short", "64 hex digits"),
        ("journal verify {folder}/chip --terminal 1 --epoch 1 --key {folder}/binary", "64 hex digits"),
        ("journal verify {folder}/chip --terminal 1 --epoch 1 --key {folder}/nothing", "No such file"),
        ("journal verify {folder}/chip --terminal é --epoch 1", "ASCII"),
        ("journal verify {folder}/chip --anchor 5", "16 hex digits"),
        ("journal verify {folder}/chip --anchor 5:00112233445566zz", "16 hex digits"),
        ("journal verify {folder}/chip --anchor ٣:0011223344556677", "16 hex digits"),
        ("journal show {folder}/blank", "no sector header"),
        ("flash draw {folder}/nothing", "No such file"),
        ("flash damage {folder}/chip {folder}/out", "name one of"),
        ("flash damage {folder}/chip {folder}/chip --flip 5:3", "may be evidence"),
        ("journal verify {folder}/chip --sectors 33", "not the whole chip"),
        ("flash damage {folder}/chip {folder}/out --drop 1 --cut 7", "name one of"),
        ("flash damage {folder}/chip {folder}/out --drop 99999", "no record 99999"),
        ("flash damage {folder}/chip {folder}/out --flip 5", "names no bit: an address and a bit from 0 to 7, like --flip 5:3"),
        ("flash damage {folder}/chip {folder}/out --flip 5:", "is no number"),
        ("flash damage {folder}/chip {folder}/out --swap 20 20", "record 20 cannot change places with itself"),
        ("journal verify {folder}/chip --unit 256", "sector headers say 16; leave --unit away"),
        ("flash damage {folder}/chip {folder}/out --flip 5:8", "no bit 8"),
        ("flash damage {folder}/chip {folder}/out --erase 8", "no sector 8"),
        ("flash damage {folder}/chip {folder}/nothing/out --erase 1", "its folder is missing"),
    ],
)
def test_wrong_use_ends_with_2_and_says_why(folder: Path, line: str, word: str) -> None:
    done = run(folder, line)
    assert (done.exit_code, done.stdout) == (2, "")
    assert word in done.stderr
    assert not (folder / "out").exists()


VERBS = [
    *("journal verify {image}", "journal show {image}", "flash draw {image}", "flash dump {image}"),
    *("flash damage {image} {folder}/out --erase 1", "flash load {image} {folder}/out"),
]


@pytest.mark.parametrize("verb", VERBS)
def test_what_is_no_file_of_a_chip_is_refused_at_once(folder: Path, verb: str) -> None:
    """A device has no end, a pipe may never begin, and what is too long is not read."""
    os.mkfifo(folder / "pipe")
    (folder / "empty").touch()
    with (folder / "long").open("wb") as long:
        long.truncate(257 << 20)  # takes no place on the disk
    refused = {"/dev/zero": "is a device", f"{folder}/pipe": "is a pipe", f"{folder}": "is a directory"}
    refused |= {f"{folder}/empty": "empty" if "load" not in verb else "line 1: is not", f"{folder}/long": "too many for"}
    for image, word in refused.items():
        began = time.monotonic()
        done = run(folder, verb.replace("{image}", image))
        assert (done.exit_code, done.stdout) == (2, ""), image
        assert word in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
        assert time.monotonic() - began < 5
    assert not (folder / "out").exists()


def test_a_key_file_that_has_no_end_is_refused(folder: Path) -> None:
    done = run(folder, "journal verify {folder}/chip --terminal 1 --epoch 1 --key /dev/zero")
    assert done.exit_code == 2 and "is a device" in done.stderr


def test_a_wiped_chip_is_a_finding(folder: Path) -> None:
    """With an anchor it is known what is gone; a file that is no chip stays wrong use."""
    anchor = (folder / "anchor").read_text()
    done = run(folder, f"journal verify {{folder}}/blank --anchor {anchor} " + KEY)
    assert done.exit_code == 1 and "wiped" in done.stdout and anchor.split(":")[0] in done.stdout
    report = json.loads(run(folder, f"journal verify {{folder}}/blank --json --anchor {anchor}").stdout)
    assert [finding["kind"] for finding in report["findings"]] == ["wiped"] and report["geometry"] is None
    done = run(folder, "journal verify {folder}/blank")
    assert done.exit_code == 1 and "the chip is new, or all of it was erased" in done.stdout
    assert run(folder, f"journal verify {{folder}}/key --anchor {anchor}").exit_code == 2
    assert run(folder, f"journal verify {{folder}}/chip --anchor {anchor}").exit_code == 0, "the control"


def test_show_lists_what_is_readable(folder: Path) -> None:
    rows = json.loads(run(folder, "journal show {folder}/bad --json").stdout)["records"]
    sale = next(row for row in rows if row["type"] == "SALE")
    assert sale["amount"] == 1000 and sale["fields"]["card"] == "6222021234" and sale["transaction"] == sale["number"]
    assert sum(row["type"] == "unreadable" for row in rows) == 2  # the flipped one and the torn end
    text = run(folder, "journal show {folder}/bad").stdout
    assert len(text.splitlines()) == len(rows) + 1 and "INTENT" in text


def test_show_prints_no_control_characters(folder: Path) -> None:
    writer = Writer()
    writer.append(1, None, writer.described(1, 5)[:-18] + b"\x1b]0;xy\x07[1mAAAAAAAA" + b"\x1b[31m[red]\x9b2" + b"[bold]")
    (folder / "chip").write_bytes(writer.chip)
    text = run(folder, "journal show {folder}/chip").stdout
    assert "[bold]" in text and all(character.isprintable() for character in text.replace("\n", ""))


@pytest.mark.parametrize("damage", ["--erase 1", "--cut 0x1100", "--swap 20 22", "--drop 30"])
def test_damage_is_found_by_verify(folder: Path, damage: str) -> None:
    assert run(folder, "flash damage {folder}/chip {folder}/out " + damage).exit_code == 0
    assert run(folder, "journal verify {folder}/chip").exit_code == 0, "the control"
    assert run(folder, "journal verify {folder}/out").exit_code == 1


def test_draw_shows_each_sector(folder: Path) -> None:
    lines = run(folder, "flash draw {folder}/bad").stdout.splitlines()
    assert len(lines) == 1 + 8 + 1
    first, second, last = lines[1], lines[2], lines[8]
    assert "window" in first and "HSS" in first and "!" not in first
    assert "!" in second and "blank" in last and lines[9].startswith(". free")
