"""A chip with damaged headers gives back every whole record, and what is given back verifies."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from click.testing import CliRunner, Result

from host_tools.yuanluctl.cli import yuanluctl
from host_tools.yuanluctl.journal.layout import HEADER, Geometry
from host_tools.yuanluctl.rescue import carve, scan
from tests.host.journal_writer import TERMINAL, Writer
from tests.host.test_journal_of_firmware import Hands
from tests.host.test_journal_of_firmware import check as check_firmware
from tests.host.test_journal_verify import TORN, check, trade

CHIPS = [(8, 4096, 16), (8, 4096, 1), (4, 16384, 4), (16, 4096, 32), (3, 65536, 256)]


def worn(writer: Writer, sectors: list[int] | None = None) -> bytes:
    """The chip without the headers of these sectors; of all."""
    image = bytearray(writer.chip)
    for index in range(writer.sectors) if sectors is None else sectors:
        at = index * writer.sector_size
        image[at : at + HEADER.size] = bytes(HEADER.size)
    return bytes(image)


def run(*words: object) -> Result:
    """The command line, run in this process."""
    return CliRunner().invoke(yuanluctl, [str(word) for word in words], env={"LANG": "C", "COLUMNS": "200"})


@pytest.mark.parametrize("chip", CHIPS)
def test_headers_are_made_anew_bit_by_bit(chip: tuple[int, int, int]) -> None:
    writer = trade(Writer(*chip), 120)
    writer.refund(writer.sale(), settle=False)
    for lost in ([0], [1, 2], list(range(writer.sectors - 1))):
        image = worn(writer, lost)
        found = scan(image)
        assert found.geometry == Geometry(writer.sector_size, writer.unit, writer.sectors)
        assert {record.number for record in found.records} >= {record.number for record in writer.in_window()}
        result = carve(image, found.geometry)
        assert check(result.image, (writer.number, writer.tags[writer.number])).findings == []


@pytest.mark.parametrize("chip", CHIPS)
def test_without_a_single_header(chip: tuple[int, int, int]) -> None:
    writer = trade(Writer(*chip), 200)
    writer.refund(writer.sale(), settle=False)
    writer.cut(TORN)
    image = worn(writer)
    found = scan(image)
    assert found.headers == 0 and found.geometry == Geometry(writer.sector_size, writer.unit, writer.sectors)
    result = carve(image, found.geometry)
    report = check(result.image, (writer.number, writer.tags[writer.number]))
    assert report.findings == []
    assert report.records == len(writer.in_window())


@pytest.mark.parametrize("chip", [(3, 65536, 16), (6, 4096, 16)])
def test_what_the_firmware_wrote_is_given_back(chip: tuple[int, int, int]) -> None:
    """A young ring over three lives, without a single header; with the root key it verifies as before."""
    hands = Hands(chip, 20)
    try:
        for _ in range(3):
            hands.power_on()
            hands.work(1)
            hands.power_off()
        image = bytearray(hands.image())
        for index in range(chip[0]):
            image[index * chip[1] : index * chip[1] + HEADER.size] = bytes(HEADER.size)
        found = scan(bytes(image))
        assert found.geometry == hands.geometry
        assert hands.check().findings == check_firmware(hands, carve(bytes(image), found.geometry).image).findings == []
    finally:
        hands.shop.close()


def test_a_record_that_is_not_whole_is_not_given_back() -> None:
    """The control: a flipped bit inside a record stays a finding, and its number is not among those found."""
    writer = trade(Writer(), 60)
    gone = writer.in_window()[-5]
    image = bytearray(worn(writer, [0, 1]))
    image[gone.address + 20] ^= 4
    found = scan(bytes(image))
    assert gone.number not in {record.number for record in found.originals}
    assert found.geometry is not None
    assert check(carve(bytes(image), found.geometry).image).findings != []


def test_the_verbs(tmp_path: Path) -> None:
    """T-070: scan, carve and report as a technician calls them."""
    writer = trade(Writer(), 60)
    owed = writer.refund(writer.sale(), settle=False)
    (tmp_path / "dead").write_bytes(worn(writer))
    target = ("-t", f"image:{tmp_path / 'dead'}")
    found = run("rescue", "scan", *target)
    assert found.exit_code == 0 and "whole sector headers: 0" in found.stdout and "8 sectors of 4096" in found.stdout
    assert run("status", *target).exit_code == 2
    out = tmp_path / "saved"
    tried = run("rescue", "carve", *target, "-o", out, "--dry-run")
    assert tried.exit_code == 0 and not out.exists() and "nothing written" in tried.stderr
    assert run("rescue", "carve", *target, "-o", out).exit_code == 0
    assert run("rescue", "carve", *target, "-o", out).exit_code == 0  # the same again
    assert "structure consistent" in run("journal", "verify", out).stdout
    report = run("rescue", "report", *target, "--json")
    assert report.exit_code == 1
    assert [one["number"] for one in json.loads(report.stdout)["waiting"]] == [owed]
    assert "Do not send again" in run("rescue", "report", *target).stdout
    progress = [json.loads(line) for line in report.stderr.splitlines()]
    assert progress[-1] == {"event": "progress", "job": "scan", "done": 32768, "total": 32768}


def test_a_chip_is_dumped_as_it_is(tmp_path: Path) -> None:
    """Damaged bytes too, and what stands there already is not overwritten. Control: a file with no record is told as that."""
    writer = Writer(6, 4096, 16)
    trade(writer, 100)
    image = worn(writer)
    (tmp_path / "chip").write_bytes(image)
    target = ("-t", f"image:{tmp_path / 'chip'}", "--json")
    dry = run("rescue", "dump", *target, "-o", tmp_path / "dump", "--dry-run")
    assert dry.exit_code == 0 and not (tmp_path / "dump").exists()
    done = run("rescue", "dump", *target, "-o", tmp_path / "dump")
    told = json.loads(done.stdout)
    assert (done.exit_code, (tmp_path / "dump").read_bytes()) == (0, image) and told["records"] > 100
    assert told["sha256"] == hashlib.sha256(image).hexdigest()
    (tmp_path / "chip").write_bytes(bytes(8192))
    assert run("rescue", "dump", *target, "-o", tmp_path / "other").exit_code == 1
    assert run("rescue", "dump", *target, "-o", tmp_path / "dump").exit_code == 8
    assert (tmp_path / "dump").read_bytes() == image


def test_money_of_every_terminal_in_an_image_is_reported(tmp_path: Path) -> None:
    """Each counts its records from 1. Control: what stands twice alike, a chip that was read twice, counts once."""
    writers = [trade(Writer(), 60), trade(Writer(terminal="OTHER001"), 60)]
    owed = [writer.refund(writer.sale(amount), settle=False) for writer, amount in zip(writers, (200_00, 300_00), strict=True)]
    one, two = (bytes(writer.chip) for writer in writers)
    report = _report(tmp_path, one + two)
    assert {(waiting["number"], waiting["terminal"]) for waiting in report["waiting"]} == {
        (number, f"{crc32(name):08x}") for number, name in zip(owed, (TERMINAL.encode(), b"OTHER001"), strict=True)
    }
    assert not report["twice"]
    again = _report(tmp_path, one + one)
    assert [waiting["number"] for waiting in again["waiting"]] == owed[:1] and not again["twice"]


def test_two_lives_of_one_terminal_in_an_image_are_told(tmp_path: Path) -> None:
    """Under one number there is only room for one of them."""
    writer, later = trade(Writer(), 70), trade(Writer(), 59)
    owed = later.refund(later.sale(300_00), settle=False)
    twice = {one["number"] for one in _report(tmp_path, bytes(writer.chip) + bytes(later.chip))["twice"]}
    assert owed in twice
    assert "twice with different content" in run("rescue", "report", "-t", f"image:{tmp_path / 'glued'}").stdout


def _report(folder: Path, image: bytes) -> Any:
    (folder / "glued").write_bytes(image)
    done = run("rescue", "report", "-t", f"image:{folder / 'glued'}", "--json")
    assert done.exit_code == 1
    return json.loads(done.stdout)


def rescued(folder: Path, image: bytes, *words: object) -> tuple[Result, dict[str, Any]]:
    """What `rescue report` says to a person, and to a program."""
    (folder / "chip").write_bytes(image)
    target = ("rescue", "report", "-t", f"image:{folder / 'chip'}", *words)
    return run(*target), json.loads(run(*target, "--json").stdout)


@pytest.mark.parametrize("chip", CHIPS)
def test_no_money_is_waiting_is_said_of_a_whole_journal_alone(tmp_path: Path, chip: tuple[int, int, int]) -> None:
    """Control: without one header and after power cuts, young and gone around, the same records are a whole journal still."""
    for trades in (40, 400):
        writer = trade(Writer(*chip), trades)
        writer.cut(TORN)
        trade(writer, 20)
        for image in (bytes(writer.chip), worn(writer)):
            told, found = rescued(tmp_path, image)
            assert (found["whole"], found["gaps"], found["lost_before"]) == (True, [], {})
            settled = found["waiting"] == []
            assert ("No money is waiting" in told.stdout) == settled and told.exit_code == (0 if settled else 1)
            assert "CANNOT TELL" not in told.stdout


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_lost_may_hold_money(tmp_path: Path, language: str) -> None:
    """T-070: the records of an owed refund in the middle; a chip whose first sector is gone, alone or with all headers."""
    writer = trade(Writer(), 12)
    owed = writer.refund(writer.sale(150_00), settle=False)
    last = writer.number
    trade(writer, 12)
    image = bytearray(writer.chip)
    for record in writer.in_window():
        if owed <= record.number <= last:
            image[record.address : record.address + record.size] = bytes(record.size)
    lost = (
        ("CANNOT TELL", f"records {owed} to {last} are lost")
        if language == "en"
        else ("说不准", f"编号 {owed} 至 {last} 的记录丢失")
    )
    nothing = {"en": "No money is waiting", "zh": "没有未了结的款项"}[language]
    told, found = rescued(tmp_path, bytes(image), "--lang", language)
    assert told.exit_code == 1 and nothing not in told.stdout and all(text in told.stdout for text in lost)
    assert (found["whole"], found["gaps"], found["lost_before"]) == (False, [[owed, last]], {})
    writer = Writer()
    owed = writer.refund(writer.sale(150_00), settle=False)
    while writer.number < 150:
        trade(writer, 5)
    second = min(record.number for record in writer.in_window() if record.address >= writer.sector_size)
    for headers in (False, True):
        image = bytearray(worn(writer) if headers else writer.chip)
        image[: writer.sector_size] = b"\xff" * writer.sector_size
        told, found = rescued(tmp_path, bytes(image), "--lang", language)
        assert told.exit_code == 1 and lost[0] in told.stdout and nothing not in told.stdout
        assert list(found["lost_before"].values()) == [second] and str(second) in told.stdout


def test_a_file_that_may_hold_the_only_copy_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "dead").write_bytes(worn(trade(Writer(), 20)))
    (tmp_path / "other").write_bytes(bytes(trade(Writer(), 30).chip))
    refused = run("rescue", "carve", "-t", f"image:{tmp_path / 'dead'}", "-o", tmp_path / "other", "--json")
    assert refused.exit_code == 8 and refused.stdout == ""
    error = json.loads(refused.stderr.splitlines()[-1])["error"]
    assert (error["code"], error["exit"], error["retryable"]) == ("holds_records", 8, False)
    assert (tmp_path / "other").read_bytes() == bytes(trade(Writer(), 30).chip)
    over = run("journal", "export", "csv", "-t", f"image:{tmp_path / 'other'}", "-o", tmp_path / "other")
    assert over.exit_code == 8 and (tmp_path / "other").read_bytes() == bytes(trade(Writer(), 30).chip)


def test_hostile_images_end_in_one_line(tmp_path: Path) -> None:
    chance = random.Random(7)
    good = worn(trade(Writer(), 40))
    cases = [b"", b"\xff" * 40_000, bytes(3), b"YL\x08\x00" * 20_000, good[:9000], good[100:], b"\0" + good]
    for _ in range(10):
        image = bytearray(good)
        for _ in range(chance.randrange(1, 400)):
            image[chance.randrange(len(image))] = chance.randrange(256)
        cases.append(bytes(image))
    for case in cases:
        (tmp_path / "case").write_bytes(case)
        for verb in ("scan", "report", "carve"):
            more = ["-o", tmp_path / "out", "--dry-run"] if verb == "carve" else []
            done = run("rescue", verb, "-t", f"image:{tmp_path / 'case'}", *more)
            assert done.exit_code in (0, 1, 2), (done.output, done.exception)
            assert "Traceback" not in done.output and (done.exit_code != 2 or len(done.stderr.splitlines()) == 2)


@pytest.mark.parametrize(("option", "example"), [("--unit", "like --unit 16"), ("--sector-size", "like --sector-size 4096")])
def test_a_size_that_no_chip_has_is_told_with_those_that_it_may_have(tmp_path: Path, option: str, example: str) -> None:
    """Control: the one of the example does it."""
    (tmp_path / "chip").write_bytes(trade(Writer(), 12).chip)
    words = ("rescue", "carve", "-t", f"image:{tmp_path / 'chip'}", "-o", tmp_path / "out", option)
    refused = run(*words, 3)
    assert refused.exit_code == 2 and f"{option} 3: " in refused.stderr and example in refused.stderr
    assert not (tmp_path / "out").exists()
    assert run(*words, example.removeprefix(f"like {option} ")).exit_code == 0
