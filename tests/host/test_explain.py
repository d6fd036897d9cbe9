"""`yuanluctl explain` says what the terminal says: both are made from the same tables."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from host_tools.yuanluctl import tables
from host_tools.yuanluctl.cli import yuanluctl
from host_tools.yuanluctl.explain import explain as look_up
from host_tools.yuanluctl.explain import known
from tests.host.test_technician import foreign

FIRMWARE = Path(__file__).parents[2] / "firmware"


def run(*words: str) -> tuple[int, str]:
    """(exit code, all output), in English where --lang says nothing else."""
    done = CliRunner().invoke(yuanluctl, ["explain", *words], env={"LC_ALL": "C.UTF-8", "YUANLU_LANG": None})
    return done.exit_code, done.output


def test_L7_every_code_and_name_is_explained_with_what_to_do() -> None:
    """T-023, T-022. Only what is done needs no advice."""
    for name in known():
        code, text = run(name, "--json")
        found = json.loads(text)
        assert code == 0 and found["name"] == name and found["also"] == []
        for language in ("zh", "en"):
            assert found["what"][language].strip(".:： "), name
            assert found["advice"][language] or found["first"] == "done", name
        assert found["first"] is found["repeat"] is None if "." in name else found["first"] and found["repeat"], name


def test_it_says_what_the_tables_say() -> None:
    [row] = [row for row in tables.read_codes() if row.code == "91"]
    code, text = run("91")
    assert code == 0
    assert all(part in text for part in (row.en, row.advice_en, "First answer: not booked now", "After a repeat: not known"))
    code, text = run("91", "--lang", "zh")
    assert code == 0
    assert all(part in text for part in (row.zh, row.advice_zh, "首次应答：暂未入账", "重发后的应答：结果不明"))
    assert run("a0", "--json") == run("A0", "--json"), "small letters will do"
    assert run("no_paper") == run("refused.no_paper")


def test_in_chinese_no_name_is_told_in_english() -> None:
    """But the name itself. Control: in English there are words."""
    for name in known():
        told = run(name, "--lang", "zh")[1].removeprefix(name)
        assert foreign(told.replace("MicroPython", "").replace("DHCP", "")) == set(), told
        assert foreign(run(name)[1].removeprefix(name)), name


def test_what_the_tools_print_as_a_code_is_known() -> None:
    """A trouble of theirs, and `why` as `queue list --json` has it. Where a refusal and a trouble have one name, both are."""
    assert "nobody in the shop has agreed" in run("no_consent")[1] and "press ENTER" in run("no_consent")[1]
    assert run("why.no_answer") == run("no_answer") and "no answer in time" in run("why.no_answer")[1]
    found = json.loads(run("busy", "--json")[1])
    assert (found["name"], found["also"]) == ("refused.busy", ["trouble.busy"])
    assert "trouble.busy" in run("busy")[1] and "trouble.busy" not in run("refused.busy")[1]
    in_firmware = {name for path in FIRMWARE.rglob("*.py") for name in re.findall(r"""["'](why\.\w+)["']""", path.read_text())}
    assert len(in_firmware) > 15 and in_firmware <= set(known())


def test_what_a_code_means_is_true_of_a_sale_and_a_void_too() -> None:
    """They never go again by themselves: they are reversed. Those of a wallet (Y) are met by refunds alone. Control: what is
    declined means the same for all, and says nothing of kinds."""
    for row in tables.read_codes():
        [found] = look_up(row.code)
        if row.first in ("later", "renew", "unknown"):
            assert "reversed" in found.means[1] and "冲正" in found.means[0], row.code
        if row.first in ("later", "renew") and not row.code.startswith("Y"):
            assert "reversed" in found.advice[1] and "冲正" in found.advice[0], row.code
    assert "sale" not in look_up("05")[0].means[1]


@pytest.mark.parametrize("words", [("zz",), ("refused.nothing",), (), ("",)])
def test_control_what_nobody_knows_is_refused(words: tuple[str, ...]) -> None:
    assert run(*words)[0] == 2


def test_the_terminal_gets_every_refusal_by_name() -> None:
    """The list is written into tables.bin by the build; without its advice, as a control, one is left out."""
    words = tables.read_words()
    [listed] = [word for word in words if word.id == "explain.reasons"]
    assert listed.zh.split() == tables.refusals(words)
    assert "no_paper" in listed.zh.split()
    assert "no_paper" not in tables.refusals([word for word in words if word.id != "advice.refused.no_paper"])
    assert {f"refused.{reason}" for reason in listed.zh.split()} <= {word.id for word in words}


def test_every_refusal_of_the_firmware_has_its_advice() -> None:
    """L7: a reason without a next step would be in no list. `refused.title` is none."""
    words = {word.id for word in tables.read_words()}
    assert {name for name in words if name.startswith("refused.") and f"advice.{name}" not in words} == {"refused.title"}
