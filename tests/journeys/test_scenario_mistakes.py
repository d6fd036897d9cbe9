"""Mistakes in a scenario file are told with their line, and one that does not hold with the command that replays it."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from emulator import scenario as scenarios
from emulator.__main__ import main
from emulator.child import InProcess
from emulator.clerk import Clerk
from emulator.shop import TERMINAL, Shop
from emulator.steps import VERBS, NotAsExpected

ROOT = Path(__file__).parents[2]


def wrong(steps: str) -> str:
    """A file with these steps, the first of them in line 3."""
    return f"name: x\nsteps:\n{steps}\n"


NAMED = "is not known here; there are name, steps, acquirer, settings"
TAG = "tag:yaml.org,2002:python/object/apply:os.system: tags are not known here"
SCENARIO = "expected: a scenario: name, acquirer, settings, steps"
MONEY = "expected: an amount of 0.01 to 999999.99"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (wrong("  - sell: 100.00\n  - refnd: 30.00"), "4: no step 'refnd'; there are say, press,"),
        (wrong("  - sell: lots"), "3: expected: an amount like 30.00"),
        (wrong("  - sell: 1:30"), "3: expected: an amount like 30.00"),
        (wrong("  - sell: 1_0"), "3: expected: an amount like 30.00"),
        (wrong("  - sell: 0"), f"3: {MONEY}"),
        (wrong("  - refund: 0.00"), f"3: {MONEY}"),
        (wrong("  - refund: {amount: 5.00, sale: 0}"), "3: sale: expected: a whole number of 1 to 9"),
        (wrong("  - refund: {amount: 5.00, sale: 99}"), "3: sale: expected: a whole number of 1 to 9"),
        (wrong("  - refund: {sale: 1}"), "3: 'amount' is missing; fields amount, optional sale"),
        (wrong("  - wait: 3 weeks"), "3: expected: a duration like 300ms"),
        (wrong("  - wait: 99999999999h"), "3: expected: a duration like 300ms"),
        (wrong("  - press: FOO"), "3: expected: keys with blanks between"),
        (wrong("  - press: 12"), "3: expected: keys with blanks between"),
        (wrong('  - press: ""'), "3: expected: keys with blanks between"),
        (wrong("  - cut: {at: noon}"), "3: at: expected: one of sent, flash"),
        (wrong("  - cut: {at: flash, operation: 0}"), "3: operation: expected: a whole number of 1 to"),
        (wrong("  - cut: {at: sent, operation: 3}"), "3: expected: operation and tear are of a cut at flash"),
        (wrong("  - menu: whatever"), "3: expected: no value"),
        (wrong("  - acquirer: {}"), "3: expected: one of mood, count, batch, asks, balance"),
        (wrong("  - acquirer: {count: 3}"), "3: expected: one of mood, count, batch, asks, balance"),
        (wrong("  - acquirer: {mood: normal, count: 1}"), "3: expected: normal is until changed, without a count"),
        (wrong("  - acquirer: {mood: loses, count: 0}"), "3: count: expected: a whole number of 1 to 99"),
        (wrong("  - acquirer: {batch: 99999999}"), "3: batch: expected: a whole number of 1 to 999999"),
        (wrong("  - acquirer: {batch: 2, count: 1}"), "3: expected: one of mood, count, batch, asks, balance"),
        (wrong("  - acquirer: {asks: money}"), "3: asks: expected: one of nothing, parameters, status, sign-on"),
        (wrong("  - acquirer: {balance: lots}"), "3: balance: expected: an amount like 30.00"),
        (wrong("  - acquirer: {wallet takes: 30}"), "3: wallet takes: expected: a duration like 300ms"),
        (wrong("  - acquirer: {wallet fails: 09}"), "3: wallet fails: expected: one of 01, 02"),
        (wrong("  - acquirer: {offline sale: {amount: 1.00, batch: 1}}"), "3: 'trace' is missing; fields amount, batch, trace"),
        (wrong("  - sell: {amount: 1.00, card: gold}"), "3: card: expected: one of unionpay"),
        (wrong("  - expect: {}"), "3: expected: something to hold the shop to"),
        (wrong("  - expect: {refunds: [done], sails: [done]}"), "3: 'sails' is not known here; there are sales,"),
        (wrong("  - expect: {refunds: [nonsense]}"), "3: refunds: expected: one of new, queued"),
        (wrong("  - expect: {messages: [sale approved]}"), "3: messages: expected: a list of messages and their"),
        (wrong("  - expect: {waiting: true}"), "3: waiting: expected: a whole number of 0 to 99"),
        (wrong("  - expect:\n      booked: 0\n      sales: x"), "5: sales: expected: one of new"),
        (wrong("  - expect: {booked: 1.00, booked: 0}"), "3: 'booked' stands here twice, first in line 3"),
        (wrong("  - sell: 10.00\nsteps:\n  - sell: 1"), "4: 'steps' stands here twice, first in line 2"),
        ("name: x\nacquirer: z\nsteps: []\n", "2: acquirer: expected: one of a"),
        ("name: x\ncolour: red\nsteps: []\n", f"2: 'colour' {NAMED}"),
        ("name: x\nsettings: {budget: 5, budget: 6}\n", "2: 'budget' stands here twice"),
        ("name: x\nsettings: {budget: lots}\nsteps: []\n", "2: budget: expected: 'budget' is a whole number of 1 to 200"),
        ("name: x\nsettings: {budget: -1}\nsteps: []\n", "2: budget: expected: 'budget' is a whole number of 1 to 200"),
        ("name: x\nsettings: {budget: 201}\nsteps: []\n", "2: budget: expected: 'budget' is a whole number of 1 to 200"),
        ("name: x\nsettings:\n  budget: 5\n  tpdu: zz\nsteps: []\n", "4: tpdu: expected: 'tpdu' is text of 10 characters"),
        ("name: x\nsettings: {shop: }\nsteps: []\n", "2: shop: expected: 'shop' is text"),
        ("name: x\nsettings: {query: [1]}\nsteps: []\n", "2: query: expected: 'query' is a whole number of 0 to 1"),
        ("name: x\nsettings: {terminal: 5}\nsteps: []\n", "2: terminal: expected: 'terminal' is text of 8"),
        ("name: x\nsettings: {repeat: bogus}\nsteps: []\n", "2: repeat: expected: 'repeat' is one of replays"),
        ("name: x\nsettings: {port: 99999999}\nsteps: []\n", "2: 'port' is not known here"),
        ("name: [a, b]\nsteps: []\n", "1: name: expected: a text"),
        ("name:\nsteps: []\n", "1: name: expected: a text"),
        ("name: x\nsteps: []\n", "2: steps: expected: a list of steps"),
        ("name: x\n", "1: 'steps' is missing; fields name, steps, optional acquirer, settings"),
        (wrong("  - say: hi"), "3: nothing here can fail; there are dark, expect, log in"),
        ("- a\n", f"1: {SCENARIO}"),
        ("", f"1: {SCENARIO}"),
        (wrong("  - [sell"), "4: not YAML: expected ',' or ']', but got"),
        (wrong("\t- sell: 1"), "3: not YAML: found character '\\t' that cannot start any token"),
        (wrong('  - say: !!python/object/apply:os.system ["true"]'), f"3: {TAG}"),
        (wrong("  - say: !foo bar"), "3: !foo: tags are not known here"),
        (wrong("  - wait: !!int abc"), "3: tag:yaml.org,2002:int: tags are not known here"),
        ("name: x\n[a]: b\n", "2: the name of a field is text"),
        (wrong("  - expect: {? {a: b} : c}"), "3: the name of a field is text"),
        (wrong("  - expect: {<<: 3}"), "3: '<<' is not known here"),
        (wrong("  - say: &a [*a]"), "3: *a: aliases are not known here"),
        (wrong("  - say: " + "[" * 3000), "3: nested deeper than 20"),
        (wrong('  - say: "\0"'), "3: not YAML: character 0 is not allowed"),
        ("name: x\n---\nname: y\n", "2: not YAML: but found another document"),
        (wrong("  - power: off\n  - press: 1\n  - settle: 3s"), "4: power is off: nothing can be pressed or presented"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text, "utf-8")
    assert main(["run", str(path), "--json"]) == 2
    said = capsys.readouterr()
    assert f"x.yaml:{told}" in said.err
    report = json.loads(said.out)
    assert (report["code"], report["line"]) == (2, int(told.split(":", maxsplit=1)[0]))


def test_bytes_that_are_no_text_are_told_with_their_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"name: x\nsteps:\n  - say: \xff\xfe\n")
    assert main(["run", str(path)]) == 2
    assert "x.yaml:3: not YAML: not UTF-8" in capsys.readouterr().err
    assert main(["run", str(tmp_path)]) == 2


def test_settings_that_only_the_terminal_refuses_are_a_mistake_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(wrong("  - sell: 10.00"), "utf-8")
    scenario = scenarios.load(path)
    scenario.settings["budget"] = 0
    with pytest.raises(scenarios.BadScenario, match="start: config: 'budget'"):
        scenarios.play(scenario, child=InProcess)


@pytest.mark.parametrize(
    ("step", "code"),
    [("see: never shown", 42), ("expect: {refunds: [done]}", 1), ("slip: 交易失败", 1), ("expect: {sales: []}", 1)],
)
def test_control_a_scenario_that_does_not_hold_fails_and_can_be_replayed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], step: str, code: int
) -> None:
    path = tmp_path / "with space" / "x.yaml"
    path.parent.mkdir()
    path.write_text(f"name: x\nsteps:\n  - sell: 10.00\n  - {step}\n", "utf-8")
    assert main(["run", str(path), "--seed", "7"]) == code
    told = capsys.readouterr().err
    assert f"{path}:4:" in told
    [replay] = re.findall(r"^replay: (.*)$", told, re.MULTILINE)
    again = subprocess.run(replay, shell=True, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=60)
    assert again.returncode == code, again.stderr
    assert again.stderr == told


def test_the_replay_names_the_interpreter_that_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUANLU_MICROPYTHON", "/a folder/micropython")
    words = shlex.split(scenarios.replay_command(Path("x.yaml"), 3))
    assert words == f"YUANLU_MICROPYTHON=/a folder/micropython|{sys.executable}|-m|emulator|run|x.yaml|--seed|3".split("|")


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ("  - acquirer: {mood: loses, count: 2}\n  - sell: 10.00\n  - wait: 5s", ""),
        ("  - acquirer: {mood: loses, count: 3}\n  - sell: 10.00\n  - wait: 1s", "waits for 2 more that never came"),
        ("  - sell: 10.00\n  - slip: 交易成功\n  - acquirer: {mood: silent}", "nothing met the acquirer's mood 'silent'"),
        ("  - sell: 10.00\n  - slip: 交易成功\n  - acquirer: {mood: silent}\n  - acquirer: {mood: normal}", "nothing met"),
        ("  - sell: 10.00\n  - slip: 交易成功\n  - cut: {at: sent}", "the power cut that was arranged never came"),
        ("  - sell: 10.00\n  - cut: {at: flash, operation: 9999}", "the power cut that was arranged never came"),
        ("  - acquirer: {asks: sign-on}\n  - sell: 10.00\n  - slip: 交易成功", ""),
        ("  - sell: 10.00\n  - slip: 交易成功\n  - acquirer: {asks: keys}", "nothing carried what the acquirer asks for: keys"),
        ("  - acquirer: {asks: keys}\n  - acquirer: {asks: nothing}\n  - sell: 10.00\n  - slip: 交易成功", ""),
    ],
)
def test_what_was_arranged_must_come(tmp_path: Path, steps: str, why: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(wrong(steps), "utf-8")
    report = scenarios.play(scenarios.load(path), child=InProcess)
    assert report.code == (1 if why else 0)
    assert why in report.why


def test_the_acquirer_is_told_of_wallets_offline_sales_and_batches(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    first = "{balance: 12.34, wallet takes: 5s, wallet fails: 61, batch: 7, offline sale: {amount: 5.00, batch: 3, trace: 9}}"
    steps = f"  - acquirer: {first}\n  - expect: {{batch: 7, booked: 0}}\n  - acquirer: {{balance: plenty, wallet fails: never}}"
    path.write_text(wrong(steps), "utf-8")
    shop = Shop(real=False, child=InProcess)
    wallets, clerk, told = shop.acquirer.wallets, Clerk(shop), []
    for step in scenarios.load(path).steps:
        VERBS[step.verb][1](clerk, step.value)
        told.append((wallets.balance, wallets.done_after_ms, wallets.fails))
    [uploaded] = shop.acquirer.statement(TERMINAL)
    assert (uploaded.amount, uploaded.batch, uploaded.trace, uploaded.number) == (500, "000003", "000009", "")
    assert (told[0], told[2], shop.count_money()) == ((1234, 5000, "61"), (None, 5000, None), [])
    with pytest.raises(NotAsExpected, match="batch: 8 expected, 7 found"):
        VERBS["expect"][1](clerk, {"batch": 8})
    shop.close()


def test_numbers_are_text_and_pressed_keys_are_taken_before_the_next_step(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(wrong("  - sell: 010\n  - expect: {sales: [queued], refunds: []}\n  - settle: 5s\n  - see: '10.00'"), "utf-8")
    report = scenarios.play(scenarios.load(path), child=InProcess)
    assert (report.code, [row["amount"] for row in report.terminal]) == (0, [1000]), report.why


def test_run_builds_what_is_stale(tmp_path: Path) -> None:
    """In a folder of its own: other terminals start from the usual one meanwhile."""
    path = tmp_path / "x.yaml"
    path.write_text(wrong("  - see: 原路退款终端"), "utf-8")
    rom = tmp_path / "firmware.romfs"
    rom.write_bytes(b"stale")
    assert main(["run", str(path), "--firmware", str(tmp_path / "firmware")]) == 0
    assert rom.read_bytes() == (ROOT / "build" / "firmware.romfs").read_bytes()
