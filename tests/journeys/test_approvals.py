"""What somebody else agreed to by telephone is that one thing: at the keypad of the shipped firmware."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emulator.clerk import Clerk
from emulator.shop import Shop
from host_tools.yuanluctl import image
from tests.conftest import FIRMWARE, ROOT

pytestmark = pytest.mark.micropython
EVIDENCE = "1 2 3 4 5 6 ENTER ENTER"


@contextmanager
def a_shop(firmware: Path = FIRMWARE) -> Iterator[Clerk]:
    """The clerk of a terminal where people log in; a supervisor has, and has left."""
    shop = Shop(real=False, firmware=firmware, kind="c", login=1)
    try:
        shop.terminal.power_on()
        clerk = Clerk(shop)
        clerk.log_in(8)
        clerk.log_out()
        yield clerk
        assert not [line for line in shop.terminal.log if "failed" in line or "stopped" in line], shop.terminal.log
    finally:
        shop.close()


def number_for(clerk: Clerk, decision: str, before: str = "") -> str:
    """From the page of a refund: the eight digits for a decision on it. The page that asks for the code stands there then."""
    clerk.press("ENTER")
    clerk.pick(decision)
    clerk.press(f"{before} {EVIDENCE}".strip())
    clerk.see("需要授权")
    clerk.press("2")
    clerk.see("请致电授权方")
    shown = re.search(r"号码 (\d{4} \d{4})", clerk.terminal.screen.text.replace("\n", " "))
    assert shown is not None
    return shown[1]


def park_a_refund(clerk: Clerk) -> None:
    clerk.log_in(1)
    clerk.start_sale(10_000)
    clerk.take_slip("交易成功")
    clerk.back_to_menu()
    clerk.shop.acquirer.set_mood("loses", 1)
    clerk.start_refund(4000)
    clerk.take_slip("请勿重复退款")
    clerk.back_to_menu()
    clerk.press("3 1")


def test_a_code_for_one_decision_serves_for_no_other() -> None:
    """The authority agreed that a refund was done; with its code it is not sent again."""
    with a_shop() as clerk:
        park_a_refund(clerk)
        done = number_for(clerk, "认定已退成", "ENTER")
        code = clerk.ask_authority(4000)
        clerk.press("CANCEL")
        assert number_for(clerk, "再发一次") != done
        clerk.see("事项：再发一次（新流水）")
        clerk.press(" ".join(code) + " ENTER")
        clerk.see("授权码不对")
        clerk.press("ENTER CANCEL")
        clerk.settle()
        assert [row["times"] for row in clerk.shop.acquirer.ledger.money("refund").values()] == [1]
        clerk.press("CANCEL 3 1")
        number_for(clerk, "再发一次")  # as a control: with a code of its own it goes
        clerk.telephone(4000)
        clerk.see("已记录")


def test_control_where_one_number_stands_for_all_decisions_that_is_seen(tmp_path: Path) -> None:
    with a_shop(image.build(tmp_path / "firmware", ROOT / "tests/broken/one-number-for-all")) as clerk:
        park_a_refund(clerk)
        done = number_for(clerk, "认定已退成", "ENTER")
        clerk.press("CANCEL")
        assert number_for(clerk, "再发一次") == done
