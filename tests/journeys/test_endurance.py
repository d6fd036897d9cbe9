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


PROBE = """
_report = Board._report_heap


def _report_with_modules(self):
    import sys

    self.log("modules " + " ".join(sorted(sys.modules)))
    _report(self)


Board._report_heap = _report_with_modules
"""


@pytest.mark.micropython
def test_a_flow_takes_with_it_what_it_has_brought(tmp_path: Path) -> None:
    """Nothing that a flow imports stays at the menu, by which way it was ever left; control: it is seen while the flow stands."""
    probe = tmp_path / "probe" / "yuanlu" / "boards" / "emulator.py"
    probe.parent.mkdir(parents=True)
    probe.write_text(PROBE)
    clerk = Clerk(Shop(real=False, firmware=image.build(tmp_path / "firmware", tmp_path / "probe")))

    def modules() -> set[str]:
        clerk.terminal.measure_heap()
        return set([line for line in clerk.terminal.log if line.startswith("modules ")][-1].split())

    clerk.terminal.power_on()
    clerk.see("原路退款终端", "网")
    clerk.start_sale(100_000)
    clerk.see("消费成功")
    clerk.back_to_menu()
    before = modules()
    for keys in ("7 8", "2 CLEAR 3 1", "2 CLEAR 6 3 9 9 9 9 ENTER", "7 9 1 5 0 0 ENTER", "7 0 ENTER", "7 2 1 5 7", "7 6", "7 7"):
        clerk.press(keys)
        assert modules() - before, f"control: {keys}"
        for _ in range(6):
            if "原路退款终端" not in clerk.terminal.screen.text:
                clerk.press("ENTER" if "退出练习？" in clerk.terminal.screen.text else "CANCEL")
        clerk.see("原路退款终端")
        assert modules() == before, keys
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
