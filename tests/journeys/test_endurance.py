"""A shop's busy day in one life: nothing is left behind, nothing runs out. (`make bench` finds the smallest heap for one.)"""

from pathlib import Path

import pytest

from emulator.clerk import Clerk
from emulator.shop import Shop
from host_tools.yuanluctl import image

BROKEN = Path(__file__).parents[1] / "broken"
PAIRS = 60


@pytest.mark.micropython
def test_a_day_of_sales_and_refunds_runs_in_one_life() -> None:
    """Sale and refund, one after the other; no task dies and the money agrees."""
    clerk = Clerk(Shop(real=False))
    clerk.terminal.power_on()
    clerk.see("原路退款终端", "网")
    for _ in range(PAIRS):
        clerk.start_sale(100_000)
        clerk.see("消费成功")
        clerk.back_to_menu()
        clerk.start_refund(100)
        clerk.see("退货成功")
        clerk.back_to_menu()
    told, wrong = list(clerk.terminal.log), clerk.shop.count_money()
    clerk.shop.close()
    assert told == ["yuanlu 0.1.0 ready, 0 open"] and wrong == []


def test_settings_that_need_session_keys_are_refused_by_the_base_image() -> None:
    """The screen says what is missing; control: the image that carries them starts."""
    clerk = Clerk(Shop(real=False, mac="sm4"))
    whole = clerk.terminal.rom
    clerk.terminal.rom = clerk.terminal.firmware.with_suffix(".romfs")
    clerk.terminal.power_on()
    clerk.see("'mac'", "sm4", "without session keys")
    clerk.terminal.power_off()
    clerk.terminal.rom = whole
    clerk.terminal.power_on()
    clerk.see("原路退款终端", "网")
    clerk.shop.close()


def test_a_flow_that_dies_is_said_on_the_screen(tmp_path: Path) -> None:
    """The clerk is told, and the terminal goes on."""
    clerk = Clerk(Shop(real=False, firmware=image.build(tmp_path, BROKEN / "dying-flow")))
    clerk.terminal.power_on()
    clerk.see("原路退款终端", "网")
    clerk.press("4")
    clerk.see("程序出错", "未了结清单")
    clerk.press("ENTER")
    clerk.see("原路退款终端")
    clerk.start_sale(100)
    clerk.see("消费成功")
    clerk.shop.close()
