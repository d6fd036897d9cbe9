"""What the journal's verbs say in Chinese: names of records and fields, and each sentence of a verification."""

from __future__ import annotations

import ast
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from host_tools.yuanluctl.journal import authorship
from host_tools.yuanluctl.journal.layout import LAYOUTS, NAMES, Geometry
from host_tools.yuanluctl.journal.report import Anchor, Finding
from host_tools.yuanluctl.journal.verify import verify
from host_tools.yuanluctl.phrases import in_chinese
from host_tools.yuanluctl.words import words
from tests.host.journal_writer import EPOCH, ROOT, TERMINAL, Writer
from tests.host.test_journal_verify import trade
from tests.host.test_technician import foreign, run

SAYING = Path(authorship.__file__).parent
# Sentences that the sources put together, in each of their forms; and the parts that they are made of.
WHOLE = [
    "Copy of record 7 of another terminal (CRC-32 of its id 0011aabb) stands here.",
    "Records 7 to 9 of another terminal (CRC-32 of its id 0011aabb) stand here.",
    "SUMMARY 7: its seal does not fit it together with the copies before it: it was edited, or one of them was edited, taken "
    "away or put in.",
    *(
        f"{run}: sealed with the key of {span} instead of {whose} own: {done} by somebody who has a later key."
        for run, span, whose in (("Record 7", "record 9", "its"), ("Records 7 to 8", "records 9 to 10", "their"))
        for done in ("the journal was cut there and continued", "rewritten later")
    ),
    "SUMMARY 7: `lowest` falls from 9 to 8.",
    "SUMMARY 7: `unsure` falls from 9 to 8.",
    "SUMMARY 7: the address 0x20 is marked as a SALE, but leads to REFUND 9.",
    "Record 7 is another one than was seen outside: the journal was put back, then grew.",
    "Record 7 is another one than was seen outside: the journal was put back, then grew, or it was edited (no key to tell).",
    "Record 9 had been seen outside, but the journal ends at 7: records 8 to 9 were cut off, their sectors are blank.",
    "Record 9 had been seen outside, but the journal ends at 7: older records stand where the newer ones must have stood: the "
    "whole chip was put back.",
    "Record 9 had been seen outside, but the journal ends at 7: its newest records were cut off, or the whole chip was put back; "
    "the chip does not tell which.",
    "No sector carries sequence 4: erased, or its header is unreadable.",
    "No sector carries sequence 4, 5 ...: erased, or its header is unreadable (records 3 to 9; record 12).",
    "One bit is wrong (bit 3 of 0x20): with it put right, record 7 and its seal is whole.",
    "One bit is wrong (bit 3 of 0x20): with it put right, record 7 is whole.",
    "Padding behind the sector header is not blank: worn flash, or a clumsy hand.",
    "96 bytes are unreadable; records 3 to 9 stood there: worn flash, or a hand that does not know the CRC.",
]
PARTS = (
    "another terminal (",
    "sealed with the key of 7 instead of 7 own",
    "7 of 77 here.",
    "SUMMARY 7: its seal does not fit",
    "them was edited,",
    "7: 7: ",
    "Copy of r",
    "`7` falls",
    "Record 7 is another one than was seen",
    "Record 7 had been seen outside, but the journal ends at 7: ",
    "No sector carries sequence 7: erased, or its header is unreadable7.",
    ", or it was edited",
    "7 were cut off,",
    "older records stand",
    "its newest records were cut off,",
    " and its seal",
)


def sentences(source: str) -> Iterator[str]:
    """Those of a module that are no docstrings, 7 in each gap."""
    tree = ast.parse(source)
    passed = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    passed |= {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node) if part is not node
    }
    for node in ast.walk(tree):
        if id(node) in passed:
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.value


def shown(text: str) -> str:
    """Without addresses and hex digits."""
    return " ".join(word for word in text.split() if "0x" not in word and "0011aabb" not in word)


def test_each_sentence_of_a_verification_is_known_in_chinese() -> None:
    """Control: one that nobody has written is not."""
    said = [
        text for name in ("authorship", "content", "ends", "order") for text in sentences((SAYING / f"{name}.py").read_text())
    ]
    alone = [text for text in said if not text.startswith(PARTS)]
    assert len(alone) > 35 and len(said) - len(alone) <= len(PARTS) + 2
    assert {text: left for text in [*alone, *WHOLE] if (left := foreign(shown(in_chinese(text))))} == {}
    assert foreign(in_chinese("Record 7 has a sentence that nobody translated."))


def test_every_record_and_field_has_a_chinese_name() -> None:
    """Control: the English ones are those that programs have."""
    names = [f"record.{name}" for name in NAMES.values()] + [f"field.{name}" for _, fields in LAYOUTS.values() for name in fields]
    assert [name for name in names if name not in words() or foreign(words()[name]["zh"])] == []
    assert all(words()[name]["en"] == name.split(".")[1] for name in names)


def test_findings_of_any_damage_are_told_in_chinese() -> None:
    """Real ones of many kinds, with the key and without."""
    chance = random.Random(5)
    writer = trade(Writer(6, 4096, 16), 150)
    anchors = [Anchor(9, bytes(8)), Anchor(writer.number + 40, bytes(8))]
    found: list[Finding] = []
    for case in range(40):
        image = bytearray(writer.chip)
        at, size = chance.randrange(len(image) - 5000), chance.choice([1, 60, 4096])
        other = chance.choice([at, chance.randrange(len(image) - 5000)])
        image[at : at + size] = chance.choice([b"\xff" * size, bytes(size), bytes(image[other : other + size])])
        key, terminal, epoch = (ROOT, TERMINAL, EPOCH) if case % 2 else (None, None, None)
        report = verify(bytes(image), Geometry(4096, 16, 6), key, terminal, epoch, anchors)
        found += report.findings
        assert foreign(" ".join(map(in_chinese, report.anchors.values()))) == set()
    assert len({finding.kind for finding in found}) >= 3
    assert {text.text: left for text in found if (left := foreign(shown(in_chinese(text.text))))} == {}


@pytest.mark.parametrize(
    "words_of", ["verify NONE", "verify", "verify FOLDER", "verify CHIP --unit 5", "verify CHIP --sectors 99", "show TEXT"]
)
def test_what_is_no_image_is_told_in_chinese(tmp_path: Path, words_of: str) -> None:
    """Control: in English there are words, and for programs there is an object."""
    (tmp_path / "CHIP").write_bytes(trade(Writer(), 3).chip)
    (tmp_path / "TEXT").write_bytes(b"no chip" * 4096)
    given = [str(tmp_path / ("." if word == "FOLDER" else word)) if word.isupper() else word for word in words_of.split()]
    told = run("journal", *given, "--lang", "zh")
    assert told.exit_code == 2 and told.stdout == "" and "--lang" not in told.stderr
    assert foreign(told.stderr.replace(str(tmp_path), "")) - {"TEXT", "CHIP", "NONE"} == set(), told.stderr
    assert foreign(run("journal", *given).stderr.replace(str(tmp_path), ""))
    assert json.loads(run("journal", *given, "--json").stderr)["error"]["exit"] == 2
