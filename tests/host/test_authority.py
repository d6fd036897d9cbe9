"""The authority's key file, and its code by telephone, which a terminal's own code must agree with."""

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from emulator.parts import vault
from host_tools.yuanluctl import authority as keys
from host_tools.yuanluctl import carried
from host_tools.yuanluctl.cli import yuanluctl
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.tables import read_words
from tests.host.at_a_terminal import typed
from yuanlu.store import operators

PASSPHRASE = "four words under snow"
REFUND = ["--terminal", "YL000001", "--number", "1234 5678", "--amount", "150.00"]


def run(*arguments: str, passphrase: str = PASSPHRASE) -> tuple[int, str, str]:
    """Exit code, stdout, stderr of `yuanluctl authority`."""
    result = CliRunner().invoke(yuanluctl, ["authority", *arguments, "--passphrase", passphrase])
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
