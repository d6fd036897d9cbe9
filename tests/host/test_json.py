"""Every verb speaks to programs: one object on stdout, and one on stderr for what cannot be done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from host_tools.yuanluctl import json_text as json_of
from host_tools.yuanluctl.cli import yuanluctl
from host_tools.yuanluctl.cli_target import Voice
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.service import request_text
from tests.host.journal_writer import TERMINAL, Writer
from tests.host.test_journal_verify import trade
from yuanlu.wire import service as wire

PASSPHRASE = "a passphrase of a test"
WITHOUT = {"completion": "what it prints is for a shell"}


def verbs(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every verb of the tree by its words."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command)
    for each in command.list_commands(context):
        found = command.get_command(context, each)
        assert found is not None
        yield from verbs(found, f"{name} {each}".strip())


def test_every_verb_takes_json() -> None:
    """Control: a verb without it is named."""
    found = dict(verbs(yuanluctl))
    assert len(found) > 60, "the tree was walked"

    def silent(of: dict[str, click.Command]) -> set[str]:
        return {name for name, verb in of.items() if "--json" not in [text for option in verb.params for text in option.opts]}

    assert silent(found) == set(WITHOUT)
    assert silent({**found, "control": click.Command("control")}) == {*WITHOUT, "control"}


def run(*words: object) -> Result:
    """In this process, for a program."""
    environment = {"LANG": "C", "LC_ALL": "", "YUANLU_PASSPHRASE": PASSPHRASE}
    return CliRunner().invoke(yuanluctl, [*map(str, words), "--json"], env=environment)


def told(*words: object) -> dict[str, Any]:
    """The one object that a verb prints."""
    done = run(*words)
    assert done.exit_code == 0 and done.stderr == "", done.output
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A key of an authority, and a chip."""
    assert told("authority", "new", tmp_path / "key") == {"file": str(tmp_path / "key")}
    (tmp_path / "chip").write_bytes(trade(Writer(), 12).chip)
    return tmp_path


def test_the_verbs_of_an_authority_answer_with_one_object(folder: Path) -> None:
    key, of = folder / "key", ("--terminal", TERMINAL)
    code = told("authority", "approve", key, *of, "--number", "12345678", "--amount", "7.00")
    assert (code["amount"], code["terminal"]) == (700, TERMINAL) and code["code"].isdigit()
    for verb in ("service-key", "terminal-key"):
        assert len(bytes.fromhex(told("authority", verb, key, *of)["key"])) == 32
    for verb in ("public-key", "journal-key"):
        assert len(bytes.fromhex(told("authority", verb, key)["key"])) == 32
    hello = wire.encode_hello(TERMINAL, 1, "0.1.0", 7, bytes(8), bytes(16), False)
    ticket = told("authority", "ticket", key, request_text(hello), "--allow", "pull,diag", "--technician", 7)
    assert ticket["ticket"].startswith("YLT1.") and ticket["allow"] == ["diag", "pull"] and ticket["terminal"] == TERMINAL


def test_the_verbs_on_a_chip_answer_with_one_object(folder: Path) -> None:
    chip = folder / "chip"
    drawn = told("flash", "draw", chip)
    assert len(drawn["sectors"]) == drawn["geometry"]["sectors"] and drawn["sectors"][0]["cells"]
    (folder / "text").write_text("\n".join(told("flash", "dump", chip)["lines"]))
    assert told("flash", "load", folder / "text", folder / "again")["bytes"] == chip.stat().st_size
    assert (folder / "again").read_bytes() == chip.read_bytes()
    would = told("flash", "damage", chip, folder / "hurt", "--flip", "60:1", "--dry-run")
    assert would["dry_run"] is True and not (folder / "hurt").exists()
    assert told("flash", "damage", chip, folder / "hurt", "--flip", "60:1")["dry_run"] is False
    assert told("config", "schema")["properties"]
    assert "51" in told("explain", "--list")["codes"]


@pytest.mark.parametrize(
    "words",
    [
        "authority new key",
        "authority approve key --terminal YL000001 --number 1 --amount 7.00",
        "authority service-key none --terminal YL000001",
        "authority terminal-key key --terminal short",
        "authority public-key none",
        "authority journal-key none",
        "authority ticket key YLR1.x --allow diag --technician 1",
        "authority verify none --key none",
        "flash draw none",
        "flash dump none",
        "flash load none out",
        "flash damage chip out",
        "flash damage chip key --flip 60:1",
        "firmware info none",
        "firmware verify none --key none",
        "firmware sign key none -o out --by Lin",
        "explain no_such_thing",
    ],
)
def test_what_cannot_be_done_is_one_object_too(folder: Path, words: str) -> None:
    there = [str(folder / word) if word in ("key", "chip", "none", "out") else word for word in words.split()]
    done = run(*there)
    error = json.loads(done.stderr)["error"]
    assert done.exit_code == error["exit"] != 0 and done.stdout == "" and error["message"]


def test_no_character_that_a_screen_obeys_is_printed_raw(capsys: pytest.CaptureFixture[str]) -> None:
    """C0, DEL, C1 (U+009B begins a sequence), what turns a line round, half a surrogate: the object and Chinese stay."""
    unseen = [chr(code) for code in (*range(32), 127, *range(128, 160), 0xAD, 0x200B, 0x202E, 0x2066, 0x2028, 0xFEFF, 0xE0041)]
    content = {"text": "退款\N{FULLWIDTH COMMA}é" + "".join(unseen), "\x9b31m": [1]}
    Voice("zh", True, False).answer(content, [])
    with pytest.raises(SystemExit):
        Voice("zh", True, False).fail(Trouble("file", "".join(unseen), "退款"))
    said = capsys.readouterr()
    for printed in (said.out, said.err):
        assert "退款" in printed and all(letter.isprintable() for letter in printed.rstrip("\n")), ascii(printed)
    assert json.loads(said.out) == content
    assert json.loads(json_of.json_text("\ud800")) == "\ud800" and json_of.json_text("\ud800").isascii()
    assert not json.dumps(content, ensure_ascii=False).isprintable(), "control"


def test_json_that_is_printed_is_written_in_one_place() -> None:
    """What is signed (bundles) has a form of its own."""
    tool = Path(json_of.__file__).parent
    raw = {path.name for path in tool.rglob("*.py") if "ensure_ascii=False" in path.read_text("utf-8")}
    assert raw == {"json_text.py", "bundles.py"}
