"""Keys: what a technician sees of them, a key block from psec to the vault, and the ceremony of two people."""

import json
import re
import subprocess
import sys

import pytest
from psec import tr31 as psec

from emulator.clerk import Clerk
from host_tools.yuanluctl import authority, transport_keys
from host_tools.yuanluctl.outcome import Trouble
from tests.conftest import FIRMWARE, ROOT
from tests.host.at_a_terminal import typed as typed_at
from tests.host.service_line import Technician, on_the_line
from yuanlu.crypto import tr31
from yuanlu.errors import BadMessage
from yuanlu.wire import service as wire

KEY, KEY_ID = bytes(range(16)), bytes.fromhex("1122334455667788")
FIRST, SECOND = "01" * 32, "A5" * 32
PASSPHRASE = "two people in a room"


def standing(technician: Technician) -> dict[str, list[object]]:
    rows = json.loads(technician.come_in(wire.DIAG).command(wire.KEYS))
    return {row[0]: row[1:] for row in rows}


def inject(technician: Technician, block: str) -> str:
    """The check value, or the words of the refusal."""
    session = technician.come_in(wire.KEYLOAD)
    try:
        return session.command(wire.INJECT, block.encode()).decode()
    except Trouble as caught:
        return str(caught.about[-1])


def test_a_block_is_taken_once_and_the_terminal_goes_on_with_its_key():
    with on_the_line(FIRMWARE) as technician:
        before = standing(technician)
        assert before["transport"] == [1, transport_keys.check_value(technician.shop.transport_key), 0]
        assert before["messages"][0] == 1 and before["service"][1] == transport_keys.check_value(technician.key)
        assert technician.key.hex().upper() not in json.dumps(before)
        protection = technician.shop.transport_key
        for odd in (
            transport_keys.wrap(bytes(32), KEY, KEY_ID, 1),
            psec.wrap(protection, psec.Header("D", "B1", "A", "X", "01", "N"), KEY),
            psec.wrap(protection, _header("P0", "X", "01"), KEY),
            psec.wrap(protection, _header("B1", "B", "01"), KEY),
            psec.wrap(protection, _header("B1", "X", "c1"), KEY),
            psec.wrap(protection, _header("B1", "X", "01"), KEY + KEY),
        ):
            assert inject(technician, odd) == "key_block"
        assert standing(technician) == before
        block = transport_keys.wrap(protection, KEY, KEY_ID, 1)
        assert inject(technician, block) == transport_keys.check_value(KEY)
        assert standing(technician)["messages"] == [1, KEY_ID.hex().upper(), 1]
        assert standing(technician)["transport"][2] == 1
        assert inject(technician, block) == "key_old", "L4: its counters would come twice"
        assert inject(technician, transport_keys.wrap(protection, KEY, KEY_ID, 2)) == "key_old"
        assert inject(technician, transport_keys.wrap(protection, KEY, bytes(8), 2)) == transport_keys.check_value(KEY)
        first = bytes.fromhex(str(before["messages"][1]))
        for key_id in (KEY_ID, first, bytes(8)):
            assert inject(technician, transport_keys.wrap(protection, KEY, key_id, 3)) == "key_old", "L4: it was in force before"
        assert standing(technician)["messages"] == [1, "0" * 16, 1]


def _header(usage: str, mode: str, version: str) -> psec.Header:
    header = psec.Header("D", usage, "A", mode, version, "N")
    header.blocks["IK"] = KEY_ID.hex().upper()
    return header


def test_L4_a_cut_at_any_operation_leaves_the_old_keys_or_the_new_and_no_block_or_key_twice():
    """Control: without a cut the new one is in force, and both are met."""
    met = set()
    for cut in range(1, 60):
        with on_the_line(FIRMWARE) as technician:
            vault, protection = technician.shop.terminal.vault, technician.shop.transport_key
            first = str(standing(technician)["messages"][1])
            session = technician.come_in(wire.KEYLOAD)
            vault.cut = (vault.operations + cut, "half")
            try:
                session.command(wire.INJECT, transport_keys.wrap(protection, KEY, KEY_ID, 1).encode())
                went = not technician.shop.terminal.is_on
            except Trouble:
                went = True
            if not went:
                break
            technician.shop.terminal.power_on()
            technician.shop.world.run(1000)
            after = standing(technician)
            assert after["messages"][:2] in ([1, first], [1, KEY_ID.hex().upper()]), after
            if after["messages"][1] != first:
                assert after["transport"][2] == 1, "the version rises first"
            met.add(after["messages"][1])
            again = transport_keys.wrap(protection, KEY, bytes.fromhex(first), 9)
            assert inject(technician, again) == "key_old", "it was in force before"
    assert 10 < cut < 59 and met == {first, KEY_ID.hex().upper()}


def test_what_psec_makes_the_terminal_reads_and_what_is_changed_neither_takes():
    """Keys of three lengths, optional blocks, random padding."""
    for key in (bytes(16), bytes(range(24)), bytes(range(32))):
        for blocks in ({}, {"IK": "0011223344556677"}, {"TS": "2026-11-27T10:00:00Z", "LB": "till"}):
            header = psec.Header("D", "B1", "A", "X", "07", "N")
            for name, text in blocks.items():
                header.blocks[name] = text
            block = psec.wrap(bytes(range(32)), header, key)
            assert psec.unwrap(bytes(range(32)), block)[1] == key
            found = tr31.unwrap(bytes(range(32)), block.encode())
            assert found.key == key
            assert {name.decode(): text.decode() for name, text in found.options if name != b"PB"} == blocks
    with pytest.raises(BadMessage):
        tr31.unwrap(bytes(32), block.encode())


def ceremony(tmp_path, *typed: str):
    """What it prints, and its exit code."""
    code, shown = typed_at(["keys", "ceremony", tmp_path / "key", "--lang", "en"], *typed)
    return shown, code


def test_two_people_make_a_key_that_neither_saw(tmp_path):
    output, code = ceremony(tmp_path, FIRST, FIRST, SECOND, SECOND, PASSPHRASE, PASSPHRASE)
    key = bytes.fromhex("A4" * 32)
    assert code == 0 and transport_keys.check_value(key) in output
    for part in (FIRST, SECOND):
        assert part not in output and transport_keys.check_value(bytes.fromhex(part)) in output
    content = (tmp_path / "key").read_bytes()
    assert authority.open_key(content, PASSPHRASE, transport_keys.FORMAT) == key
    with pytest.raises(authority.BadKeyFile):
        authority.open_key(content, PASSPHRASE)  # it is no authority's
    words = ["wrap", str(tmp_path / "key"), "--key-id", KEY_ID.hex(), "--version", "3", "-o", str(tmp_path / "block")]
    code, shown = typed_at(["keys", *words], KEY.hex(), YUANLU_PASSPHRASE=PASSPHRASE)
    assert code == 0 and KEY.hex() not in shown.lower()
    assert tr31.unwrap(key, (tmp_path / "block").read_bytes().strip()).key == KEY
    shown, code = ceremony(tmp_path)
    assert code == 2 and "something of that name is there already" in shown and "component" not in shown
    assert (tmp_path / "key").read_bytes() == content
    assert f"Passphrase of the transport key {tmp_path / 'key'}: " in output and "authority" not in output


@pytest.mark.parametrize("typed", [(FIRST, FIRST, FIRST, FIRST), ("00" * 32, "00" * 32, SECOND, SECOND), ("12", "12")])
def test_what_is_no_pair_of_components_makes_no_key(tmp_path, typed):
    output, code = ceremony(tmp_path, *typed)
    assert code == 2 and "Traceback" not in output and not (tmp_path / "key").exists()


def test_components_are_shown_to_a_screen_and_never_to_a_log(tmp_path):
    """With --sheets and standard error in a file nothing is asked and nothing shown; control: on a screen they are."""
    words = [sys.executable, "-m", "host_tools.yuanluctl", "keys", "ceremony", str(tmp_path / "key"), "--sheets"]
    done = subprocess.run(words, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 2 and not re.search("[0-9]{7}", done.stderr) and not (tmp_path / "key").exists()
    assert done.stderr.startswith("yuanluctl: --sheets: standard error is no terminal") and done.stdout == ""
    lines = (FIRST, FIRST, "", SECOND, SECOND, "", PASSPHRASE, PASSPHRASE)
    code, shown = typed_at(["keys", "ceremony", tmp_path / "key", "--sheets", "--lang", "en"], *lines)
    assert code == 0 and all(group in shown for group in transport_keys.groups(bytes.fromhex(FIRST))) and FIRST not in shown


def test_a_secret_that_nobody_can_type_is_one_clear_error(tmp_path):
    """Standard input is no terminal: exit 2, one object with --json; the secret on a pipe, as a control, is not taken either."""
    words = [sys.executable, "-m", "host_tools.yuanluctl", "keys", "ceremony", str(tmp_path / "key"), "--json"]
    for given in ("", f"{FIRST}\n" * 8):
        done = subprocess.run(words, cwd=ROOT, input=given, capture_output=True, text=True)
        error = json.loads(done.stderr)["error"]
        assert (done.returncode, done.stdout, error["code"], error["exit"]) == (2, "", "nobody_types", 2), done.stderr
    assert not (tmp_path / "key").exists()


# ---- typed at the keypad


def type_components(technician: Technician, *parts: bytes) -> None:
    """From the menu until all is typed, as two people do it where nobody logs in. One ENTER more puts the key in."""
    clerk = Clerk(technician.shop)
    clerk.see("原路退款终端")
    clerk.press("7 " + "DOWN " * 10 + "ENTER ENTER")
    for person, part in enumerate(parts, 1):
        clerk.see(f"第{person}人的分量")
        for group in transport_keys.groups(part):
            clerk.press(" ".join(group) + " ENTER")
        clerk.see(f"校验值 {transport_keys.check_value(part)}")
        clerk.press("ENTER ENTER" if person == 1 else "ENTER")


def test_what_two_people_type_is_the_key_of_their_ceremony_and_L4_its_version_goes_on(tmp_path):
    """From the sheets to a sale's key: the old transport key opens nothing any more, a used version nothing under the new one."""
    output, code = ceremony(tmp_path, FIRST, FIRST, SECOND, SECOND, PASSPHRASE, PASSPHRASE)
    key = authority.open_key((tmp_path / "key").read_bytes(), PASSPHRASE, transport_keys.FORMAT)
    with on_the_line(FIRMWARE) as technician:
        old = technician.shop.transport_key
        assert inject(technician, transport_keys.wrap(old, KEY, KEY_ID, 5)) == transport_keys.check_value(KEY)
        before = standing(technician)
        type_components(technician, bytes.fromhex(FIRST), bytes.fromhex(SECOND))
        assert standing(technician) == before, "until both agree nothing has changed"
        Clerk(technician.shop).press("ENTER")
        Clerk(technician.shop).back_to_menu()
        assert standing(technician)["transport"] == [1, transport_keys.check_value(key), 5]
        assert inject(technician, transport_keys.wrap(old, KEY, bytes(8), 6)) == "key_block"
        assert inject(technician, transport_keys.wrap(key, KEY, bytes(8), 5)) == "key_old"
        assert inject(technician, transport_keys.wrap(key, KEY, bytes(8), 6)) == transport_keys.check_value(KEY)
        type_components(technician, bytes.fromhex(FIRST), bytes.fromhex(FIRST))
        assert "两份分量相同或为零" in technician.shop.terminal.screen.text
        Clerk(technician.shop).back_to_menu()
        assert standing(technician)["transport"] == [1, transport_keys.check_value(key), 6], "nothing has changed"
    assert code == 0 and transport_keys.check_value(key) in output


def test_power_that_goes_at_any_operation_of_the_vault_leaves_one_key_or_the_other():
    """Control: both are met, and without a cut the new one is there."""
    first, second = bytes.fromhex(FIRST), bytes.fromhex(SECOND)
    new = transport_keys.check_value(transport_keys.joined(first, second))
    met = []
    for cut in range(1, 25):
        with on_the_line(FIRMWARE) as technician:
            terminal, clerk = technician.shop.terminal, Clerk(technician.shop)
            old = transport_keys.check_value(technician.shop.transport_key)
            type_components(technician, first, second)
            terminal.vault.cut = (terminal.vault.operations + cut, "half")
            terminal.press("ENTER")
            technician.shop.world.run(1000)
            went, terminal.vault.cut = not terminal.is_on, None
            if went:
                terminal.power_on()
                technician.shop.world.run(1000)
            clerk.press("ENTER")
            found = standing(technician)["transport"]
            assert found in ([1, old, 0], [1, new, 0]), (cut, found)
            met.append(found[1])
            if not went:
                break
    assert old in met and met[-1] == new and 3 < len(met) < 24
