"""Every flow shows the screens and slips that tests/golden has of it, in both languages, and takes the keys that the docs say."""

import csv
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emulator import scenario as scenarios
from emulator.scenario import Step
from tests.journeys import golden

FLOWS = sorted(path.stem.removesuffix("_flow") for path in (golden.ROOT / "firmware/yuanlu/ui").glob("*_flow.py"))
WORDS = golden.ROOT / "firmware" / "tables" / "words"
# At most; a full refund of the last sale has a budget of 5.
MOST_KEYS = {
    "full refund of the last sale (a void: its batch is open)": 5,
    "full refund of the last sale (its batch is closed)": 5,
    "partial refund of one of the last sales (20.00)": 9,
    "a refund that was never sent taken back": 5,
    "the acquirer asked now about a refund that is not known": 4,
}
# What a flow can say and these walks do not bring about; scenarios see most of them.
NOT_WALKED = {
    "closing": {"closing.open", "line.busy"},
    "decide": {"decide.not_sold", "decide.not_voided", "decide.sold", "decide.voided"},
    "line": {"line.busy"},
    "login": {"operators.own_pin", "pin.later", "pin.term", "pin.term_over"},
    "note": {"line.note", "put_off.why", *(f"put_off.{why}" for why in ("keeps", "otherwise", "exchanged", "mistaken"))},
    "operators": {"operators.history_stays", "refused.id_used"},
    "pending": {"line.late", "put_off.row"},
    "report": {"report.damaged", "report.no_original"},
    "reprint": {"reprint.first", "reprint.owed"},
    "self_test": {"line.busy", "refused.keys_used_up"},
    "service": {"approval.id", "refused.no_supervisor", "service.late"},
    "settings": {"config.yes", "settings.old", "settings.refused"},
    "training": {"refused.no_training"},
    "transport": set("approval.id pin.id transport.none".split())
    | {f"refused.{why}" for why in ("busy", "no_supervisor", "pin_term", "same_person")},
    "wrong": {"wrong.not_yet", "wrong.then_sell"},
}


@pytest.fixture(scope="module", params=golden.LANGUAGES)
def recorded(request: pytest.FixtureRequest) -> tuple[str, golden.Recorder]:
    """All walks in one language, on MicroPython."""
    return request.param, golden.record(request.param)


def test_screens_and_slips_are_the_golden_ones_and_keys_as_the_docs_count_them(recorded: tuple[str, golden.Recorder]) -> None:
    language, recorder = recorded
    shown = recorder.texts()
    assert sorted(shown) == FLOWS == sorted(path.stem for path in (golden.FOLDER / language).glob("*.txt"))
    for flow, text in shown.items():
        assert text == golden.path_of(flow, language).read_text("utf-8"), f"{flow}, {language}: run make golden and look at it"
    assert golden.PAGE.read_text("utf-8") == golden.page(recorder), "run make golden"
    assert {task: keys for task, (keys, _) in recorder.counts.items() if keys > MOST_KEYS.get(task, keys)} == {}
    assert set(MOST_KEYS) <= set(recorder.counts)


def words() -> dict[str, tuple[str, str]]:
    """中文 and English by name."""
    rows = [row for path in sorted(WORDS.glob("*.csv")) for row in csv.reader(path.read_text("utf-8").splitlines())]
    return {row[0]: (row[1], row[2]) for row in rows}


def seen(said: str, screens: str) -> bool:
    """The longest piece that is not filled in, or its beginning, which a row may end."""
    piece = max(re.split(r"\{[^}]*\}", said), key=len).strip()[:12].strip()
    return any(piece in re.sub(r"\n    [|:] ?", between, screens) for between in ("", " "))


@pytest.mark.parametrize("flow", FLOWS)
def test_a_flows_golden_file_shows_what_the_flow_can_say(flow: str) -> None:
    source = (golden.ROOT / "firmware/yuanlu/ui" / f"{flow}_flow.py").read_text("utf-8")
    known = words()
    own = {name for name in re.findall(r'"([a-z_]+\.[a-z_0-9.]+)"', source) if name in known}
    assert own
    for number, language in enumerate(golden.LANGUAGES):
        screens = golden.path_of(flow, language).read_text("utf-8")
        missing = {name for name in own if not seen(known[name][number], screens)}
        # A short English word may stand in another one: what no walk shows is told by the Chinese.
        assert missing == NOT_WALKED.get(flow, set()) if language == "zh" else missing <= NOT_WALKED.get(flow, set()), language


def test_control_another_word_on_a_slip_another_screen_and_one_more_key_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    steps = [
        "say: 'flow: sale'",
        "say: 'keys: sale'",
        "press: 1 5 0 0 ENTER",
        "card: visa",
        "slip: ¥5.00",
        "expect: {sales: [done]}",
    ]
    path.write_text("name: x\nsteps:\n" + "".join(f"  - {step}\n" for step in steps), "utf-8")
    scenario = scenarios.load(path)

    def walked(**changes: Any) -> tuple[str, dict[str, list[int]]]:
        recorder = golden.Recorder()
        golden.walk(replace(scenario, **changes), "zh", recorder)
        return recorder.texts()["sale"], recorder.counts

    shown, counts = walked()
    assert (shown, counts) == walked() and counts == {"sale": [5, 1]}
    assert walked(settings={"shop": "别路小店"})[0] == shown.replace("原路小店", "别路小店") != shown
    more = scenario.steps[:3] + [Step(99, "press", "DOWN")] + scenario.steps[3:]
    assert walked(steps=more)[1] == {"sale": [6, 1]}
    with pytest.raises(golden.NotWalked, match=r"x.yaml:8, zh: sales"):
        walked(steps=[*scenario.steps[:-1], replace(scenario.steps[-1], value={"sales": []})])
