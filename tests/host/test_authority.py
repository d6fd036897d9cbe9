"""The authority's key file, and its code by telephone, which a terminal's own code must agree with."""

import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from emulator.parts import vault
from host_tools.yuanluctl import authority as keys
from host_tools.yuanluctl import bundles, carried, transport_keys
from host_tools.yuanluctl.cli import yuanluctl
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.tables import read_words
from tests.conftest import ROOT
from tests.host.at_a_terminal import typed
from tests.host.test_json import verbs
from tests.host.test_technician import foreign
from yuanlu.store import operators
from yuanlu.wire.service import CAPABILITIES

PASSPHRASE = "four words under snow"
REFUND = ["--terminal", "YL000001", "--number", "1234 5678", "--amount", "150.00"]


def run(*arguments: str, passphrase: str = PASSPHRASE) -> tuple[int, str, str]:
    """Exit code, stdout, stderr of `yuanluctl authority`."""
    result = CliRunner().invoke(yuanluctl, ["authority", *arguments], env={"YUANLU_PASSPHRASE": passphrase, "LANG": "C"})
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    """A new key under PASSPHRASE."""
    path = tmp_path / "authority.key"
    assert run("new", str(path))[0] == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return str(path)


def test_the_code_is_what_the_terminal_expects_and_binds_number_and_amount(key_file: str) -> None:
    """T-122. Three programs that share no code: the authority, the emulator, the firmware."""
    code, said, _ = run("approve", key_file, *REFUND)
    assert (code, len(said.strip())) == (0, 8)
    key = bytes.fromhex(run("terminal-key", key_file, "--terminal", "YL000001")[1])
    assert said.strip() == operators.code_of(key, "YL000001", "12345678", 15_000, "refund")
    assert said.strip() == vault.telephone_code(key, "YL000001", "12345678", 15_000)
    for at, other in ((1, "YL000002"), (3, "12345679"), (5, "150.01")):
        changed = [*REFUND[:at], other, *REFUND[at + 1 :]]
        assert run("approve", key_file, *changed)[1] != said
    for purpose in keys.PURPOSES:
        other = run("approve", key_file, *REFUND, "--for", purpose)[1].strip()
        assert other == operators.code_of(key, "YL000001", "12345678", 15_000, purpose)
        assert (other == said.strip()) == (purpose == "refund")
    root = keys.open_key(Path(key_file).read_bytes(), PASSPHRASE)
    assert key == vault.authority_key(root, "YL000001")


def test_the_authority_is_told_where_money_may_go_twice(key_file: str) -> None:
    assert "150.00 may go back a second time" in run("approve", key_file, *REFUND, "--for", "again")[2]
    assert run("approve", key_file, *REFUND, "--for", "done")[2] == ""


def test_purposes_are_called_as_on_the_screen() -> None:
    words = {word.id: (word.zh, word.en) for word in read_words()}
    for purpose, called in keys.PURPOSES.items():
        found = [words[f"{group}.{purpose}"] for group in ("kind", "decide", "operators") if f"{group}.{purpose}" in words]
        assert found[0] == called


def test_control_another_passphrase_or_a_changed_file_opens_nothing(key_file: str, tmp_path: Path) -> None:
    assert "passphrase is another one" in run("approve", key_file, *REFUND, passphrase="four words under rain")[2]
    content = json.loads(Path(key_file).read_text())
    for name in ("salt", "nonce", "sealed"):
        changed = {**content, name: f"{int(content[name][:2], 16) ^ 1:02x}{content[name][2:]}"}
        path = tmp_path / name
        path.write_text(json.dumps(changed))
        code, said, told = run("approve", str(path), *REFUND)
        assert (code, said) == (2, "")
        assert "passphrase is another one, or the file was changed" in told


def test_the_key_does_not_stand_in_its_file(key_file: str) -> None:
    content = Path(key_file).read_bytes()
    assert keys.open_key(content, PASSPHRASE).hex().encode() not in content


def test_a_key_file_is_never_overwritten(key_file: str) -> None:
    before = Path(key_file).read_bytes()
    assert run("new", key_file)[0] == 2
    assert Path(key_file).read_bytes() == before


@pytest.mark.parametrize(
    ("at", "wrong", "told"),
    [(1, "YL1", "8 characters"), (3, "1234567", "8 digits"), (5, "150", "amount like"), (5, "-1.00", "amount like")],
)
def test_wrong_use_is_told(key_file: str, at: int, wrong: str, told: str) -> None:
    code, said, why = run("approve", key_file, *REFUND[:at], wrong, *REFUND[at + 1 :])
    assert (code, said) == (2, "")
    assert told in why


def test_the_passphrase_is_asked_for_last(key_file: str, tmp_path: Path) -> None:
    """Not before the file and what is wanted were looked at; with both right, as a control, it is asked for, and serves."""
    wrong = ([str(tmp_path / "nofile.key"), *REFUND], [key_file, *REFUND[:-1], "150"])
    for arguments in wrong:
        code, shown = typed(["authority", "approve", *arguments], PASSPHRASE)
        assert code == 2 and "Passphrase" not in shown
    code, shown = typed(["authority", "approve", key_file, *REFUND], PASSPHRASE)
    assert code == 0 and "Passphrase" in shown and PASSPHRASE not in shown
    assert shown.split()[-1] == run("approve", key_file, *REFUND)[1].strip()


@pytest.mark.parametrize("words", [("approve", *REFUND), ("public-key",), ("new",)])
def test_where_nobody_can_type_the_passphrase_the_exit_code_says_so(
    key_file: str, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """Neither an Abort nor exit 1, which stands for findings. Control: with the passphrase given it serves."""
    at = str(tmp_path / "new") if words == ("new",) else key_file
    done = CliRunner().invoke(yuanluctl, ["authority", words[0], at, *words[1:]])
    assert (done.exit_code, done.stdout) == (2, "") and "standard input is no terminal" in done.stderr
    assert run(words[0], at, *words[1:])[0] == 0


def test_a_short_passphrase_and_no_key_file_are_told(tmp_path: Path) -> None:
    path = tmp_path / "other"
    assert "at least 12" in run("new", str(path), passphrase="short")[2]
    assert not path.exists()
    for content in ("", "{}", "[1]", '{"format": "x", "salt": "", "nonce": "", "sealed": ""}'):
        path.write_text(content)
        assert run("approve", str(path), *REFUND)[0] == 2


def test_one_wrong_character_in_what_people_carry_is_told_before_anything_is_asked() -> None:
    """The last 32 bytes of a ticket are keys that no proof covers. Control: as it was written it is read."""
    text = carried.written(carried.TICKET, bytes(range(120)))
    assert carried.read(text, carried.TICKET, "ticket_text") == bytes(range(120))
    for at in range(len(carried.TICKET), len(text)):
        wrong = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        with pytest.raises(Trouble, match="ticket_text"):
            carried.read(wrong, carried.TICKET, "ticket_text")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "file"),
        (".", "file"),
        ("..", "file"),
        ("folder", "name_taken"),
        ("nowhere/key", "file"),
        ("k" * 300, "file"),
        ("a-link-to-nothing", "name_taken"),
    ],
)
@pytest.mark.parametrize("verb", ["authority new", "keys ceremony"])
def test_a_name_that_can_be_no_key_file_is_told_before_anybody_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, name: str, why: str
) -> None:
    """Control: a name that can be one gets as far as the question, which nobody answers here. Neither leaves anything behind."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "a-link-to-nothing").symlink_to("nothing")
    for given, code in ((name, why), ("good", "nobody_types")):
        done = CliRunner().invoke(yuanluctl, [*verb.split(), given, "--json"], env={"LANG": "C", "YUANLU_PASSPHRASE": ""})
        assert isinstance(done.exception, SystemExit) and done.stdout == "", done.exc_info
        error = json.loads(done.stderr)["error"]
        assert (error["code"], done.exit_code) == (code, 2) and error["hint"], error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-link-to-nothing", "folder"]


OPENS = [
    ["authority", "approve", "KEY", *REFUND],
    ["authority", "public-key", "KEY"],
    ["authority", "journal-key", "KEY"],
    ["authority", "service-key", "KEY", "--terminal", "YL000001"],
    ["authority", "terminal-key", "KEY", "--terminal", "YL000001"],
    ["firmware", "sign", "KEY", "plain.ylb", "-o", "out", "--by", "Lin"],
    ["handover", "warrant", "KEY", "YL000001", "YL000002"],
    ["keys", "wrap", "KEY", "--key-id", "1122334455667788", "--version", "1", "-o", "out"],
]


@pytest.mark.parametrize("words", OPENS, ids=lambda words: " ".join(words[:2]))
def test_every_verb_says_the_same_of_a_key_file_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """In Chinese too. Control: the right file serves; but `keys wrap` then asks for the key, which nobody types here."""
    monkeypatch.chdir(tmp_path)
    plain = bundles.Bundle(bundles.FIRMWARE, "emulator", 1, 0, "-", (("firmware.romfs", b"x"),))
    (tmp_path / "plain.ylb").write_bytes(plain.to_bytes())
    form, other = keys.FORMAT, transport_keys.FORMAT
    if words[0] == "keys":
        form, other = other, form
    (tmp_path / "good").write_bytes(keys.new(PASSPHRASE, form=form))
    (tmp_path / "other").write_bytes(keys.new(PASSPHRASE, form=other))
    (tmp_path / "another").write_bytes(keys.new("four words under rain", form=form))
    (tmp_path / "text").write_text("no key")
    (tmp_path / "empty").touch()
    (tmp_path / "long").write_bytes(b" " * 5000)

    def tried(name: str, *more: str) -> tuple[int, str, str]:
        given = [name if word == "KEY" else word for word in words]
        done = CliRunner().invoke(yuanluctl, [*given, *more], env={"LANG": "C", "YUANLU_PASSPHRASE": PASSPHRASE})
        return done.exit_code, done.stdout, done.stderr

    for name in ("missing", ".", "/dev/null", "text", "empty", "long", "other", "another"):
        code, said, told = tried(name, "--json")
        error = json.loads(told)["error"]
        assert (code, said, error["code"], error["exit"]) == (2, "", "key_file", 2) and "passphrase" in error["hint"], name
        assert foreign(tried(name, "--lang", "zh")[2].replace(name, "")) == set()
    code, _, told = tried("good", "--json")
    assert json.loads(told)["error"]["code"] == "nobody_types" if words[0] == "keys" else code == 0, told


def test_no_verb_takes_a_secret_on_its_command_line() -> None:
    """It would stand in `ps` and in the shell's history. Control: the walk finds an option that many have."""
    found = {text for _, verb in verbs(yuanluctl) for option in verb.params for text in option.opts}
    assert "--technician" in found and not [text for text in found if "pass" in text or "secret" in text]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["approve", "KEY", *REFUND[:5], "150"], "usage"),
        (["approve", "KEY", *REFUND[:3], "1234", *REFUND[4:]], "usage"),
        (["service-key", "KEY", "--terminal", "YL1"], "usage"),
        (["ticket", "KEY", "YLR1.x", "--allow", "diagg", "--technician", "7"], "usage"),
        (["ticket", "KEY", "YLR1.x", "--allow", "diag", "--technician", "7"], "request"),
    ],
    ids=lambda value: " ".join(value[:1]) if isinstance(value, list) else value,
)
def test_wrong_use_has_a_code_and_a_hint(key_file: str, words: list[str], code: str) -> None:
    """In Chinese too, beside what was typed."""
    given = ["authority", *(key_file if word == "KEY" else word for word in words)]
    command = [sys.executable, "-m", "host_tools.yuanluctl", *given, "--json", "--lang"]
    for language in ("en", "zh"):
        done = subprocess.run([*command, language], cwd=ROOT, capture_output=True, text=True)
        error = json.loads(done.stderr)["error"]
        assert (done.returncode, done.stdout, error["code"]) == (2, "", code) and error["hint"], error
    known = re.findall("[a-z]{2,}", " ".join([*words, *CAPABILITIES]).lower())
    assert {word.lower() for word in foreign(error["message"] + error["hint"])} <= set(known), error
