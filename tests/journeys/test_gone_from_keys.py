"""Who walks away from a transport key that is half typed, where nobody logs in: it ends by itself, and nothing has changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emulator.clerk import Clerk
from emulator.shop import Shop
from host_tools.yuanluctl import image
from tests.conftest import FIRMWARE, ROOT

pytestmark = pytest.mark.micropython
MINUTE = 60_000
TO_THE_KEYS = "7 " + "DOWN " * 10 + "ENTER"
MENU, GROUP = "原路退款终端", "第{}组，共16组"


@pytest.fixture
def clerk() -> Iterator[Clerk]:
    with a_shop(FIRMWARE) as somebody:
        yield somebody


@contextmanager
def a_shop(firmware: Path) -> Iterator[Clerk]:
    """The clerk of a terminal without logins, where five minutes are long."""
    shop = Shop(real=False, firmware=firmware, idle_minutes=5)
    try:
        shop.terminal.power_on()
        somebody = Clerk(shop)
        somebody.see(MENU)
        yield somebody
        assert not [line for line in shop.terminal.log if "failed" in line or "stopped" in line], shop.terminal.log
    finally:
        shop.close()


def wait(clerk: Clerk, minutes: int) -> str:
    """The screen after them."""
    clerk.shop.world.run(minutes * MINUTE)
    return clerk.terminal.screen.text


def test_half_a_component_goes_after_the_time_without_a_key_and_the_next_one_begins_anew(clerk: Clerk):
    slots = dict(clerk.terminal.vault.slots)
    clerk.press(TO_THE_KEYS + " ENTER 0 0 2 5 7 2 7 ENTER 0 0 2")
    assert GROUP.format(2) in wait(clerk, 4), "not before"
    clerk.press("5")
    assert GROUP.format(2) in wait(clerk, 4), "each key counts"
    assert MENU in wait(clerk, 3)
    clerk.press(TO_THE_KEYS + " ENTER")
    clerk.see("第1人的分量", GROUP.format(1))
    assert dict(clerk.terminal.vault.slots) == slots, "nothing has changed"
    clerk.press("CANCEL")
    clerk.see(MENU)


def test_control_a_terminal_that_watches_nobody_keeps_it_for_ever(tmp_path: Path):
    broken = image.build(tmp_path / "firmware", ROOT / "tests" / "broken" / "half-typed-for-ever")
    with a_shop(broken) as clerk:
        clerk.press(TO_THE_KEYS + " ENTER 0 0 2 5 7 2 7 ENTER 0 0 2")
        assert GROUP.format(2) in wait(clerk, 24 * 60)


def test_every_page_of_it_ends_and_no_other_does_then(clerk: Clerk):
    """The first page, where nothing is typed yet; then, as a control, a page of another kind that stays."""
    clerk.press(TO_THE_KEYS)
    clerk.see("两人各输入自己的分量")
    assert MENU in wait(clerk, 7)
    clerk.press(TO_THE_KEYS)
    clerk.press("CANCEL")
    clerk.see(MENU)
    clerk.press("1")
    clerk.see("消费金额")
    assert "消费金额" in wait(clerk, 30), "the watch went with the keys"
