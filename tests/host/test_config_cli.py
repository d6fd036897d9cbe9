"""`yuanluctl config`, `authority sign` and `firmware`: the verbs around what is signed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from emulator.shop import SETTINGS, Shop
from host_tools.yuanluctl import bundles, firmware, settings
from host_tools.yuanluctl.cli import yuanluctl
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.words import say
from tests.conftest import ROOT
from tests.host.hostile_terminal import HostileTerminal
from yuanlu.bundle import FIRMWARE, Bundle
from yuanlu.store.header import FORMAT

PASSPHRASE = "four words under snow"
UNSIGNED = bundles.Bundle(bundles.FIRMWARE, "emulator", firmware.number_of("9.0.0"), 0, "-", (("firmware.romfs", b"x"),))


def run(*words: object, passphrase: str = PASSPHRASE) -> Result:
    """The command line, run in this process."""
    environment = {"LANG": "C", "LC_ALL": "", "COLUMNS": "200", "YUANLU_PASSPHRASE": passphrase}
    return CliRunner().invoke(yuanluctl, [str(word) for word in words], env=environment)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """key: an authority; public: its public key; settings.json."""
    monkeypatch.chdir(tmp_path)
    assert run("authority", "new", "key").exit_code == 0
    (tmp_path / "public").write_text(run("authority", "public-key", "key").stdout)
    write(tmp_path / "settings.json")
    return tmp_path


def write(path: Path, **changes: Any) -> None:
    """Settings of the emulator, with changes."""
    path.write_text(json.dumps({**SETTINGS, **changes}), "utf-8")


def sign(source: str, out: str, *more: str) -> Result:
    """By Lin."""
    return run("authority", "sign", "key", source, "-o", out, "--by", "Lin", "--date", "2026-11-27", *more)


def test_settings_are_signed_shown_and_verified(folder: Path) -> None:
    """T-040: JSON and text; the same key and day give the same bytes."""
    assert sign("settings.json", "one.ylb").exit_code == 0
    sign("settings.json", "again.ylb")
    assert (folder / "one.ylb").read_bytes() == (folder / "again.ylb").read_bytes()
    verified = run("authority", "verify", "one.ylb", "--key", "public", "--json")
    told = json.loads(verified.stdout)
    assert (verified.exit_code, told["signature"], told["version"], told["by"], told["date"]) == (0, "good", 1, "Lin", 20261127)
    shown = run("config", "get", "one.ylb", "--key", "public", "--json")
    assert json.loads(shown.stdout)["settings"] == SETTINGS
    assert "签名正确" in run("config", "get", "one.ylb", "--key", "public", "--lang", "zh").stdout


def test_the_next_version_follows_what_the_terminal_has(folder: Path) -> None:
    sign("settings.json", "one.ylb")
    write(folder / "new.json", limit_operator=10_000)
    assert sign("new.json", "two.ylb", "--after", "one.ylb").exit_code == 0
    one, two = (bundles.read((folder / f"{name}.ylb").read_bytes()) for name in ("one", "two"))
    assert (two.version, two.previous) == (2, one.digest)
    told = run("config", "diff", "one.ylb", "two.ylb", "--json")
    assert told.exit_code == 1
    assert json.loads(told.stdout)["changes"] == [{"name": "limit_operator", "before": 30_000, "after": 10_000}]
    assert run("config", "diff", "one.ylb", "settings.json").exit_code == 0
    write(folder / "other.json", terminal="YL000002")
    other = sign("other.json", "x.ylb", "--after", "one.ylb")
    assert other.exit_code == 2 and not (folder / "x.ylb").exists()
    assert "other.json: it is for terminal YL000002" in other.stderr and "YL000001 (one.ylb)" in other.stderr
    unsigned = sign("new.json", "x.ylb", "--after", "settings.json")
    assert unsigned.exit_code == 2 and "settings.json" in unsigned.stderr and "not signed" in unsigned.stderr


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"shop": "林"}, "'shop': no glyph for '林' (U+6797)"),
        ({"notices": "20261231 😀"}, "'notices': no glyph"),
        ({"port": 0}, "'port'"),
        ({"fields": "3 4 35"}, "'fields' demands 35"),
        ({"fields": "2"}, "'fields' demands 2"),
        ({"fields": "52"}, "'fields' demands 52"),
    ],
)
def test_what_a_terminal_would_refuse_or_could_not_show_is_not_signed(folder: Path, changes: dict[str, Any], told: str) -> None:
    """Control: without the change it is (test_settings_are_signed_shown_and_verified)."""
    write(folder / "bad.json", **changes)
    checked = run("config", "validate", "bad.json", "--json")
    assert checked.exit_code == 1 and told in " ".join(json.loads(checked.stdout)["problems"])
    refused = sign("bad.json", "bad.ylb", "--json")
    assert refused.exit_code == 2 and json.loads(refused.stderr)["error"]["code"] == "refused_settings"
    assert not (folder / "bad.ylb").exists()


@pytest.mark.parametrize("words", [("authority", "settings.json"), ("firmware", "plain.ylb")], ids=lambda words: words[0])
def test_a_name_that_a_terminal_cannot_show_or_hold_does_not_sign(folder: Path, words: tuple[str, str]) -> None:
    """Settings and firmware alike. Control: a name that it can show does."""
    (folder / "plain.ylb").write_bytes(UNSIGNED.to_bytes())
    verb, source = words
    for by, why in (
        ("林", "no glyph for '林' (U+6797)"),
        ("L\n", "no glyph"),
        ("\x1b[2J", "no glyph"),
        ("\udcff", "no glyph"),
        ("", "1 to 24 bytes"),
        ("L" * 25, "1 to 24 bytes"),
    ):
        done = run(verb, "sign", "key", source, "-o", "x.ylb", "--by", by)
        assert done.exit_code == 2 and why in done.stderr and isinstance(done.exception, SystemExit), done.output
        assert not (folder / "x.ylb").exists()
    assert run(verb, "sign", "key", source, "-o", "x.ylb", "--by", "模拟器").exit_code == 0


def test_a_setting_that_stands_twice_is_none(folder: Path) -> None:
    """Whoever reads the first value has seen another limit than the one that would be signed. Control: once, it signs."""
    text = json.dumps(SETTINGS)
    (folder / "twice.json").write_text(text[:-1] + ', "limit_operator": 99999999}')
    for done in (run("config", "validate", "twice.json"), sign("twice.json", "x.ylb")):
        assert done.exit_code == 2 and "'limit_operator' stands twice" in done.stderr
    assert not (folder / "x.ylb").exists()
    (folder / "editor.json").write_bytes(b"\xef\xbb\xbf\r\n" + text.replace(", ", ",\r\n").encode())
    assert sign("editor.json", "x.ylb").exit_code == 0


def test_hostile_texts_end_in_one_line_and_move_no_screen(folder: Path) -> None:
    """Control: a name with an escape sequence is shown, without it."""
    for name in ("\\ud800", "\\u001b[31mred"):
        (folder / "hostile.json").write_text(json.dumps(SETTINGS)[:-1] + f', "{name}": 1}}')
        for verb in (("validate", "hostile.json"), ("get", "hostile.json"), ("diff", "settings.json", "hostile.json")):
            for more in ((), ("--json",)):
                done = CliRunner().invoke(yuanluctl, ["config", *verb, *more], env={"LANG": "C"}, color=True)
                assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
                assert "\x1b" not in done.output
                assert done.exit_code == 2 if "ud800" in name else "[31mred" in done.output


def test_good_settings_are_valid(folder: Path) -> None:
    assert run("config", "validate", "settings.json").exit_code == 0


def test_control_another_key_a_changed_byte_and_an_unsigned_file_are_told(folder: Path) -> None:
    sign("settings.json", "one.ylb")
    run("authority", "new", "other")
    (folder / "public2").write_text(run("authority", "public-key", "other").stdout)
    assert run("authority", "verify", "one.ylb", "--key", "public2").exit_code == 1
    assert run("config", "get", "one.ylb", "--key", "public2").exit_code == 1
    assert run("config", "get", "settings.json", "--key", "public").exit_code == 1
    content = bytearray((folder / "one.ylb").read_bytes())
    content[-3] ^= 1
    (folder / "hurt.ylb").write_bytes(content)
    for verb in (["authority", "verify", "hurt.ylb", "--key", "public"], ["config", "get", "hurt.ylb"]):
        assert run(*verb).exit_code == 2
    content[-3] ^= 1
    content[24] ^= 2  # the version
    (folder / "hurt.ylb").write_bytes(content)
    assert run("authority", "verify", "hurt.ylb", "--key", "public").exit_code == 1
    (folder / "nokey").write_text("no key")
    assert run("authority", "verify", "one.ylb", "--key", "nokey").exit_code == 2
    words = ("authority", "sign", "key", "settings.json", "-o", "x", "--by", "Lin", "--json")
    wrong = run(*words, passphrase="four words under rain")
    assert wrong.exit_code == 2 and json.loads(wrong.stderr)["error"]["code"] == "key_file"


def test_an_emulated_terminals_settings_are_read_off_its_flash(folder: Path) -> None:
    """And checked with the key that it was provisioned with."""
    shop = Shop(real=False)
    shop.keep(folder)
    shop.close()
    shown = run("config", "get", "image:settings.img", "--key", "settings.key", "--json")
    told = json.loads(shown.stdout)
    assert (shown.exit_code, told["signature"], told["target"], told["by"]) == (0, "good", "YL000001", "模拟器")
    assert told["settings"] == shop.settings
    (folder / "blank").write_bytes(b"\xff" * 4096)
    for source in ("image:blank", "blank", "socket://h"):
        assert run("config", "get", source).exit_code == 2, source
    for source in ("emu:none", "missing", "image:missing", "socket://127.0.0.1:1"):
        assert run("config", "get", source).exit_code == (2 if source == "missing" else 3), source


def test_the_schema_has_every_setting_and_its_bounds() -> None:
    schema = json.loads(run("config", "schema").stdout)
    assert set(SETTINGS) <= set(schema["properties"]) and set(schema["required"]) <= set(SETTINGS)
    for name in ("port", "budget", "limit_operator"):
        field = schema["properties"][name]
        for value, wrong in ((field["minimum"], False), (field["minimum"] - 1, True), (field["maximum"] + 1, True)):
            found = [problem for problem in settings.problems({**SETTINGS, name: value}) if f"'{name}'" in problem]
            assert bool(found) is wrong, (name, value)


def test_a_bundle_says_whether_it_is_signed_by_whom_and_when(folder: Path) -> None:
    """`info` and `verify`, to a person and to a program. Control: what nobody signed says so, and another key is told."""
    (folder / "plain.ylb").write_bytes(UNSIGNED.to_bytes())
    run("firmware", "sign", "key", "plain.ylb", "-o", "new.ylb", "--by", "Lin", "--date", "2026-11-27")
    (folder / "strange").write_text(bundles.public_key(bytes(32)).hex())
    for words, standing, code in (
        (("info", "plain.ylb"), "none", 0),
        (("info", "new.ylb"), "unchecked", 0),
        (("info", "new.ylb", "--key", "public"), "good", 0),
        (("info", "new.ylb", "--key", "strange"), "wrong", 1),
        (("info", "plain.ylb", "--key", "public"), "none", 1),
        (("verify", "new.ylb", "--key", "public"), "good", 0),
        (("verify", "new.ylb", "--key", "strange"), "wrong", 1),
        (("verify", "plain.ylb", "--key", "public"), "none", 1),
    ):
        done, shown = run("firmware", *words, "--json"), run("firmware", *words, "--lang", "en").stdout
        assert (done.exit_code, json.loads(done.stdout)["signature"]) == (code, standing), words
        assert say("en", f"signature.{standing}") in shown.splitlines()
        assert ("names Lin as its signer, on 2026-11-27" in shown) == ("new.ylb" in words), shown
    assert run("firmware", "info", "-t", "socket://127.0.0.1:1", "--key", "public").exit_code == 2


def test_what_is_not_signed_is_not_brought_and_the_hint_names_the_verb_that_signs(folder: Path) -> None:
    """Control: signed, it comes as far as the terminal, which is none."""
    (folder / "plain.ylb").write_bytes(UNSIGNED.to_bytes())
    run("firmware", "sign", "key", "plain.ylb", "-o", "new.ylb", "--by", "Lin")
    terminal = HostileTerminal(lambda command, given: b"", bytes(32))
    try:
        for file, code in (("plain.ylb", "unsigned"), ("new.ylb", "no_pass")):
            done = run("firmware", "push", file, "-t", terminal.target, "--yes", "--json", "--timeout", "1")
            error = json.loads(done.stderr)["error"]
            assert error["code"] == code and ("firmware sign KEY_FILE FILE" in error["hint"]) == (code == "unsigned"), error
    finally:
        terminal.close()


def test_where_the_version_stands_is_where_the_hint_says(folder: Path) -> None:
    """Of firmware whose version another one has. Control: that file's version is the one that is built."""
    hint = Trouble("same_version", "x", "0.1.0").hint("en")
    [place] = re.findall(r"in (\S+),", hint)
    [version] = re.findall(r'^VERSION = "(.*)"', (ROOT / place).read_text("utf-8"), re.MULTILINE)
    assert run("firmware", "build", "-o", "plain.ylb").exit_code == 0
    assert json.loads(run("firmware", "info", "plain.ylb", "--json").stdout)["version"] == version
    assert place in (ROOT / "docs" / "bundles.md").read_text("utf-8")


def test_firmware_is_built_signed_and_verified(folder: Path) -> None:
    """T-040: the same sources give the same bytes, and the terminal's own reader takes them."""
    assert run("firmware", "build", "-o", "plain.ylb").exit_code == 0
    run("firmware", "build", "-o", "again.ylb")
    assert (folder / "plain.ylb").read_bytes() == (folder / "again.ylb").read_bytes()
    signed = run("firmware", "sign", "key", "plain.ylb", "-o", "new.ylb", "--by", "Lin", "--date", "2026-11-27")
    assert signed.exit_code == 0
    content = (folder / "new.ylb").read_bytes()
    read = Bundle(content, FIRMWARE)
    read.check(bytes.fromhex((folder / "public").read_text()))
    start = len(content) - read.length
    assert read.is_whole(lambda at, count: content[start + at : start + at + count])
    assert (read.terminal, read.version, read.journal) == ("emulator", firmware.number_of("0.1.0"), FORMAT)
    told = json.loads(run("firmware", "info", "new.ylb", "--json").stdout)
    assert told["files"] == [{"path": "firmware.romfs", "bytes": read.length}] and told["by"] == "Lin"
    for installed, code in (("0.0.9", 0), ("0.1.0", 1), ("0.2.0", 1)):
        assert run("firmware", "verify", "new.ylb", "--key", "public", "--installed", installed).exit_code == code
    assert run("firmware", "verify", "plain.ylb", "--key", "public").exit_code == 1
    (folder / "hurt.ylb").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    for verb in (["info", "hurt.ylb"], ["verify", "hurt.ylb", "--key", "public"], ["info", "key"]):
        assert run("firmware", *verb).exit_code == 2
    assert run("firmware", "build", "-o", "x.ylb", "--board", "none").stderr.count("none: no drivers") == 1
