"""A walk by chance in short; `make walk` makes the long one, which also has to come to nearly every screen."""

import ast
from pathlib import Path

import pytest

from host_tools.yuanluctl import image
from tests.journeys import titles
from tests.journeys.reachable import states_of
from tests.journeys.slips import contradictions
from tests.journeys.walk import Figures, visit_shop

BROKEN = Path(__file__).parents[1] / "broken"
PRESSES, SHOPS, SEED = 5000, 3, 5
SHARE = 0.7  # of the screens in so few


def told(figures: Figures) -> str:
    return "\n".join(figures.wrong)


@pytest.mark.words_32
def test_pressing_by_chance_nothing_crashes_gets_lost_or_grows() -> None:
    figures = Figures(SEED)
    for number in range(SHOPS):
        figures.add(visit_shop(PRESSES // SHOPS, SEED, number))
    print(f"{figures.presses} presses, {figures.lives} lives, {figures.refunds} refunds, {figures.share():.0%} of the screens")
    print(f"never seen: {figures.missing()}; no refund was ever {figures.missing_states()}")
    assert not figures.wrong, told(figures)
    assert figures.presses >= PRESSES - SHOPS and figures.lives > SHOPS and figures.refunds > 20
    assert figures.share() >= SHARE, figures.missing()


@pytest.mark.words_32
@pytest.mark.parametrize(
    ("broken", "presses", "found"),
    [
        ("leaking-alerts", 300, "memory has grown"),
        ("forget", 600, "the terminal says declined, the acquirer booked"),
        ("dying-flow", 700, "failed"),
    ],
)
def test_control_a_walk_finds_what_is_broken(tmp_path: Path, broken: str, presses: int, found: str) -> None:
    figures = visit_shop(presses, SEED, 0, firmware=image.build(tmp_path / "firmware", BROKEN / broken))
    assert found in told(figures)


# ---- which screens there are


def test_screens_are_told_from_the_source() -> None:
    """Through a parameter, a constant, a list of names, a function's return, and states; what is chosen in a list is none."""
    names = {name for screen in titles.screens() for name in screen.ids}
    assert {"menu.title", "find.rrn", "operators.unlock", "fail.clock", "title.refund.renewing", "note.case"} <= names
    assert not {"operators.log_out", "find.look", "progress.wait", "title.sale.held", *titles.NEVER} & names


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("消费金额               网 待3", "sale.amount"),
        ("Sale: amount        NET W3", "sale.amount"),
        ("练习                    练习", "training.title"),
        ("Refunds today by operat NET W3", "menu.report"),
        ("57                        网", "line.text"),
        ("Sale not completed       OFF", "title.sale.reversed"),
    ],
)
def test_a_screen_is_known_by_its_first_line(line: str, name: str) -> None:
    screen = titles.of(line)
    assert screen is not None and name in screen.ids


@pytest.mark.parametrize("line", ["消费未成功               网", "Something else           NET", ""])
def test_control_what_two_screens_say_or_none_is_no_screen(line: str) -> None:
    assert titles.of(line) is None


def test_a_new_screen_is_missing_until_it_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flow that shows a title of its own, which no walk has come to."""
    source = titles.Source()
    source._index("extra_flow", ast.parse("async def run(till):\n    await till.dialogs.notice('sheet.done', [])\n"))
    assert "sheet.done" in source.titles() and "sheet.done" not in titles.Source().titles()


def test_states_are_those_that_the_rules_can_bring_about() -> None:
    assert "held" in states_of("refund") and "reversing" not in states_of("refund")
    assert "reversed" in states_of("sale") and not {"held", "waiting", "accepted"} & set(states_of("sale"))


# ---- slips


def test_a_slip_that_contradicts_the_journal_is_told() -> None:
    paper = "编号 YL000001-0001-00000007\n退货未成功，没有退\n款"
    row = {"number": "YL000001-0001-00000007", "kind": "refund", "state": "declined"}
    assert list(contradictions([paper], [row])) == []
    assert list(contradictions([paper], [{**row, "state": "done"}])) == [
        f"{row['number']}: a slip says declined, the journal done"
    ]
    assert list(contradictions([paper], [])) == [f"{row['number']}: there is a slip, and the journal does not know it"]
