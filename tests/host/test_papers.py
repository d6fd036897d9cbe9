"""Papers as PDF, and tables of every record: whose they are, when and by what they were made, and that nothing is missing or said
in the wrong language."""

from __future__ import annotations

import csv
import io
import json
import re
import struct
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import pytest
from pypdf import PdfReader

from host_tools.yuanluctl.evidence import open_case
from host_tools.yuanluctl.evidence_paper import evidence_page
from host_tools.yuanluctl.export import as_csv
from host_tools.yuanluctl.journal.layout import LAYOUTS, Geometry
from host_tools.yuanluctl.journal.ledger import every_record
from host_tools.yuanluctl.journal.rows import rows
from host_tools.yuanluctl.page import as_pdf
from host_tools.yuanluctl.paper import Block, Both, Frame, Heading, Pair, Text, whose
from host_tools.yuanluctl.status import State, read_state
from tests.conftest import ROOT
from tests.host.journal_writer import TERMINAL, Writer
from tests.host.kept_chips import keep, run
from tests.host.test_evidence import DAY, described, found_done, parked, technician
from tests.host.test_journal_verify import trade
from yuanlu.wire import service as wire

CHIP = Geometry(4096, 16, 8)
MADE = datetime(2026, 11, 28, 12, 50, 42, tzinfo=timezone.utc)


def state_of(writer: Writer) -> State:
    return read_state(bytes(writer.chip), CHIP)


def pages(pdf: bytes | Path) -> list[str]:
    """The words of each page."""
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf) if isinstance(pdf, bytes) else pdf).pages]


@pytest.fixture
def chip(tmp_path: Path) -> Path:
    """A day of trade; a refund that a technician found done, one of the acquirer's, and one with many answers."""
    writer = trade(Writer(), 12)
    sale, number = parked(writer)
    technician(writer, wire.DONE, number)
    found_done(writer, sale, number, by=254)
    (tmp_path / "found").write_text(str(number))
    (tmp_path / "plain").write_text(str(writer.refund(writer.sale(90_00))))
    sale, number = parked(writer)
    for send in range(30):
        writer.append(3, sale, struct.pack("<BHBB", 1, 2 + send, 1, 0), number)
        writer.append(4, sale, struct.pack("<BB2s12s6sII", 1, 8, b"", b"", b"", DAY, 101600 + send), number)
    (tmp_path / "long").write_text(str(number))
    (tmp_path / "chip").write_bytes(writer.chip)
    return tmp_path


def evidence_of(folder: Path, name: str, *more: object) -> tuple[str, list[str]]:
    """(its number, the words of each page of its evidence)."""
    number = (folder / name).read_text()
    done = run("report", "evidence", number, "-t", f"image:{folder / 'chip'}", "-o", folder / f"{name}.pdf", *more)
    assert done.exit_code == 0, done.output
    return number, pages(folder / f"{name}.pdf")


# Whose paper it is


def test_a_plain_refund_is_one_page_and_each_page_of_a_long_one_says_whose_it_is(chip: Path) -> None:
    """Control: a paper without pages of a frame (another number's) does not say it."""
    for name in ("plain", "found"):
        number, (only,) = evidence_of(chip, name, "--terminal", TERMINAL)
        assert f"No. {number}" in only and "1/1" in only
    number, several = evidence_of(chip, "long", "--terminal", TERMINAL)
    assert len(several) > 1
    for at, page in enumerate(several, 1):
        assert f"Terminal {TERMINAL}" in " ".join(page.split()) and f"No. {number}" in page and f"{at}/{len(several)}" in page
        assert re.search(r"made \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC by yuanluctl \d", page)
        assert f"No. {int(number) + 1}" not in page


def test_an_image_tells_check_digits_where_nobody_names_the_terminal(chip: Path) -> None:
    _, (page,) = evidence_of(chip, "plain")
    check = json.loads(run("status", "-t", f"image:{chip / 'chip'}", "--json").stdout)["terminal"]
    assert f"Check digits of the terminal {check}" in " ".join(page.split()) and TERMINAL not in page
    for verb in (("report", "operators"), ("journal", "export", "pdf"), ("report", "sheet", (chip / "plain").read_text())):
        assert run(*verb, "-t", f"image:{chip / 'chip'}", "-o", chip / "x.pdf").exit_code == 0
        assert all(check in page for page in pages(chip / "x.pdf"))


def test_the_settings_of_a_kept_terminal_name_it_and_its_merchant(tmp_path: Path) -> None:
    """Control: settings of another terminal do not."""
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kept-", dir=ROOT / "build") as folder:
        kept = keep(Path(folder), "cash-refund-counts")
        target = ("-t", f"emu:{kept.name}")
        answer = json.loads(run("report", "sheet", "t000002", *target, "-o", tmp_path / "s.pdf", "--json").stdout)
        assert (answer["terminal"], answer["merchant"]) == ("YL000001", "898310059990001")
        (page,) = pages(tmp_path / "s.pdf")
        assert "YL000001" in page and "898310059990001" in page and answer["code"].startswith("YL000001-")
        (kept / "chip.img").write_bytes(trade(Writer(), 3).chip)
        told = json.loads(run("report", "operators", *target, "--json").stdout)
    assert told["terminal"] is None and len(told["terminal_check"]) == 8


def test_a_paper_that_is_made_at_the_same_moment_is_the_same(chip: Path) -> None:
    """Control: a second later it is another."""
    state = read_state((chip / "chip").read_bytes(), CHIP)
    page = evidence_page(open_case(state.ledger, (chip / "plain").read_text(), state.report, TERMINAL))
    frames = [Frame(whose(TERMINAL, ""), "7", moment, "0.1.0") for moment in (MADE, MADE, MADE.replace(second=43))]
    first, again, later = (as_pdf(page, frame) for frame in frames)
    assert first == again != later
    told = PdfReader(io.BytesIO(first)).metadata
    assert told and told.title == "退款证据 / Evidence of a refund" and told.creation_date == MADE


# What it says, and in which language


LATIN = "RRN PIN yuanluctl YL".split()


def test_chinese_lines_of_a_paper_hold_no_english(chip: Path) -> None:
    """On the screen and on paper, of a whole journal and of one with a finding. Control: the English lines do."""
    whole = (chip / "chip").read_bytes()
    damaged = bytearray(whole)
    damaged[300] ^= 1
    number = (chip / "found").read_text()
    for image in (whole, bytes(damaged)):
        (chip / "chip").write_bytes(image)
        for verb in (("report", "evidence", number), ("report", "sheet", number), ("report", "operators")):
            shown = run(*verb, "-t", f"image:{chip / 'chip'}", "--lang", "zh").stdout
            assert foreign(shown) == set(), shown
        english = run("report", "evidence", number, "-t", f"image:{chip / 'chip'}", "--lang", "en").stdout
        assert {"evidence", "technician"} <= {word.lower() for word in foreign(english)}


def foreign(text: str) -> set[str]:
    return set(re.findall("[A-Za-z]{3,}", re.sub(r"\b[0-9a-f]{8,16}\b|\b\d+:[0-9a-f]{16}\b", "", text))) - set(LATIN)


def test_the_verdict_is_told_in_both_languages(chip: Path) -> None:
    for name in ("evidence", "operators", "export"):
        verb = {"evidence": ("report", "evidence", (chip / "plain").read_text()), "operators": ("report", "operators")}
        words = verb.get(name, ("journal", "export", "pdf"))
        assert run(*words, "-t", f"image:{chip / 'chip'}", "-o", chip / "v.pdf").exit_code == 0
        said = " ".join(pages(chip / "v.pdf")[0].split())
        assert "校验结论：结构完整，封签未核对（没有密钥）；末尾没有锚定" in said, said
        assert "Verdict: structure consistent, seals not checked (no key), end not anchored" in said


def test_kinds_and_states_of_a_journal_as_pdf_are_in_both_languages(chip: Path) -> None:
    """Of several pages, each with the heads of the table."""
    writer = trade(Writer(), 80)
    found_done(writer, *parked(writer), by=8)
    (chip / "chip").write_bytes(writer.chip)
    assert run("journal", "export", "pdf", "-t", f"image:{chip / 'chip'}", "-o", chip / "all.pdf").exit_code == 0
    told = pages(chip / "all.pdf")
    said = " ".join(" ".join(told).split())
    assert "消费 / sale" in said and "成功 / done" in said and "经核对：成功 / done, found by a person" in said
    assert len(told) > 1 and all("Amount (yuan)" in page for page in told) and "resolved_done" not in said


def test_the_report_of_operators_has_title_terminal_days_and_verdict_and_breaks_no_word(chip: Path) -> None:
    """Of so many persons that they do not stand in one table."""
    writer = Writer()
    for operator in range(1, 14):
        sale, number = parked(writer, operator=operator)
        found_done(writer, sale, number, by=operator + 100)
    (chip / "many").write_bytes(writer.chip)
    done = run("report", "operators", "-t", f"image:{chip / 'many'}", "-o", chip / "op.pdf", "--from", "2026-11-01")
    assert done.exit_code == 0
    lines = "\n".join(pages(chip / "op.pdf")).splitlines()
    for said in ("操作员报表 / What each person did", "2026-11-01 至 2026-11-22 / 2026-11-01 to 2026-11-22"):
        assert any(said in line for line in lines), said
    words = " ".join(lines).split()
    for label in ("approved", "refunded", "original", "operator", "anew"):
        assert label in words, label
    assert {str(number) for number in [*range(1, 14), *range(101, 114)]} <= set(words)
    nobody = run("report", "operators", "-t", f"image:{chip / 'many'}", "--from", "2027-01-01", "-o", chip / "no.pdf")
    assert nobody.exit_code == 0 and "Nobody did anything" in nobody.stdout and "Nobody did anything" in pages(chip / "no.pdf")[0]


def test_a_heading_is_never_the_last_on_its_page() -> None:
    """Wherever the break comes. Control: a break comes between many lines."""
    frame = Frame(whose(TERMINAL, ""), "", MADE, "0.1.0")
    for count in (48, 50, 52):
        lines = [Pair("paper.number", f"line {at}") for at in range(count)]
        said = Text("paper.verdict", (Both("甲", "alpha"),))
        blocks: list[Block] = [*lines, Heading("evidence.seal"), said, Pair("paper.amount", "last")]
        told = pages(as_pdf(blocks, frame))
        seal = next(at for at, page in enumerate(told) if "The seal" in page)
        assert "alpha" in told[seal] and "甲" in told[seal] and "last" in told[seal]
    assert len(told) == 2


# Every record, with all it has


def test_a_table_has_every_field_of_every_type_of_record() -> None:
    """Each type that the format knows. Control: a field that is left out would be missing from its row."""
    writer = Writer()
    sale = writer.sale(150_00)
    for kind, (structure, names) in sorted(LAYOUTS.items()):
        rest = bytes(range(1, structure.size + 1)) if "card" not in names else described(500, 3)
        writer.append(kind, sale, rest.ljust(structure.size, b"1"), writer.number + 1)
    found_done(writer, sale, writer.number + 1, by=8)
    records = every_record(state_of(writer).journal)
    listed, table = list(rows(records)), list(csv.DictReader(io.StringIO(as_csv(records).decode("utf-8-sig"))))
    assert {record.type for record in records} >= set(LAYOUTS)
    for row, line in zip(listed, table, strict=True):
        kept = {name: str(value).lstrip("'") for name, value in row.items()}
        assert {name: line[name].lstrip("'") for name in row} == kept
    technicians = [line for line in table if line["type"] == "TECHNICIAN"]
    assert technicians and all(
        line["technician"] and line["allowed"] and line["command"] and line["about"] for line in technicians
    )
    (settings,) = [line for line in table if line["type"] == "CONFIG"]
    assert len(settings["digest"]) == 64 and settings["version"]
    hidden = {"message", "fingerprint", "mac"}
    for _, names in LAYOUTS.values():
        assert set(names) - hidden <= set(table[0]), names


def test_what_a_person_found_done_is_evidence_in_every_table(chip: Path) -> None:
    """For whoever reads a file. Control: an acquirer's answer stands under rrn."""
    found, plain, target = (chip / "found").read_text(), (chip / "plain").read_text(), ("-t", f"image:{chip / 'chip'}")
    as_json = json.loads(run("journal", "export", "json", *target).stdout)["records"]
    table = list(csv.DictReader(io.StringIO(run("journal", "export", "csv", *target).stdout.lstrip("\ufeff"))))
    shown = [
        row for row in json.loads(run("journal", "show", *target, "--json").stdout)["records"] if row.get("type") == "REFUND"
    ]
    for listed in (as_json, table, [{**row, **row["fields"]} for row in shown]):
        (one,) = [row for row in listed if row["type"] == "REFUND" and str(row["transaction"]) == found]
        (other,) = [row for row in listed if row["type"] == "REFUND" and str(row["transaction"]) == plain]
        assert one["evidence"] == "112818034067" and str(one["decider"]) == "254"
        assert not one.get("rrn") and not one.get("approval") and not one.get("operator")
        assert other["rrn"] and str(other["operator"]) == "2" and not other.get("evidence") and not other.get("decider")


def test_a_pdf_without_a_file_says_what_to_do_before_anything_is_read() -> None:
    """Control: with one, what is wrong is the target."""
    for words, code in (((), "usage"), (("-o", "x.pdf"), "no_image")):
        done = run("journal", "export", "pdf", "-t", "image:none", "--json", *words)
        error = json.loads(done.stderr)["error"]
        assert error["code"] == code and done.stdout == ""
        assert ("a PDF needs a file: -o FILE" in error["message"]) == (code == "usage")
    assert run("journal", "export", "pdf", "-o", "x.pdf", "-t", "image:none").exit_code == 3
    assert "用 -o 指定" in run("journal", "export", "pdf", "-t", "image:none", "--lang", "zh").stderr


def test_a_csv_beside_json_says_so_too(chip: Path) -> None:
    done = run("journal", "export", "csv", "-t", f"image:{chip / 'chip'}", "--json")
    assert done.exit_code == 2 and "-o FILE" in json.loads(done.stderr)["error"]["message"]
