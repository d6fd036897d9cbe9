"""The training leaves nothing behind: not a byte on a line, on the journal's flash or in the vault, wherever power goes."""

from pathlib import Path

import pytest

from emulator import protocol as p
from emulator.child import InProcess, MicroPython
from emulator.clerk import Clerk, NoPower, NotSeen
from emulator.parts.flash import TEARS
from emulator.shop import Shop
from host_tools.yuanluctl import image

BROKEN = Path(__file__).parents[1] / "broken"
LEAVES = (p.NET_OPEN, p.NET_WRITE, p.SERIAL_WRITE, p.VAULT_WRITE)


def a_shop(**options) -> Shop:
    """With one sale that is done."""
    shop = Shop(real=False, **options)
    clerk = Clerk(shop)
    shop.terminal.power_on()
    clerk.start_sale(45_00)
    clerk.take_slip("交易成功")
    clerk.back_to_menu()
    clerk.settle()
    return shop


def train(clerk: Clerk) -> None:
    """Enter it and give a sale back there."""
    clerk.pick("更多")
    clerk.pick("练习")
    clerk.press("ENTER")
    clerk.see("取消：退出练习", within_ms=2000)
    clerk.press("2 ENTER 1 ENTER ENTER")
    clerk.see("撤销成功", within_ms=2000)


def what_leaves(shop: Shop) -> list[int]:
    """Operations of a training that reach a line, the vault or the journal's flash."""
    found: list[int] = []
    size = len(shop.terminal.flash.data)

    def look(_: int, operation: int, body: bytes, __: bytes) -> None:
        real = operation in (p.FLASH_PROGRAM, p.FLASH_ERASE) and int.from_bytes(body[:4], "little") < size
        if operation in LEAVES or real:
            found.append(operation)

    shop.terminal.trace = look
    train(Clerk(shop))
    shop.world.run(60_000)
    shop.terminal.trace = None
    return found


@pytest.mark.micropython
def test_not_a_byte_leaves_it() -> None:
    """troubles: T-146"""
    shop = a_shop(child=MicroPython)
    chip, requests = bytes(shop.terminal.flash.data), len(shop.acquirer.events)
    assert what_leaves(shop) == []
    assert bytes(shop.terminal.flash.data) == chip and len(shop.acquirer.events) == requests
    assert shop.count_money() == [] and [row["kind"] for row in shop.terminal_ledger()] == ["sale"]
    shop.close()


@pytest.mark.micropython
def test_control_a_training_on_the_shops_own_desk_is_seen(tmp_path: Path) -> None:
    shop = a_shop(child=MicroPython, firmware=image.build(tmp_path / "firmware", BROKEN / "training-sends"))
    found = what_leaves(shop)
    assert {p.NET_OPEN, p.NET_WRITE, p.FLASH_PROGRAM} <= set(found)
    assert shop.terminal_ledger()[-1]["kind"] == "void"
    shop.close()


def test_every_screen_of_it_is_marked() -> None:
    """The title row says so on each screen that is drawn between entering and leaving, and each slip begins with it."""
    shop = a_shop(child=InProcess)
    clerk, titles, slips = Clerk(shop), [], len(shop.terminal.paper)
    train(clerk)
    for keys in ["ENTER", "3", "1", "ENTER", "CANCEL", "CANCEL", "CANCEL", "4", "CANCEL", "6", "ENTER", "7", "2", "CANCEL", "8"]:
        titles.append(clerk.terminal.screen.text.split("\n")[0])
        clerk.press(keys)
    assert len(set(titles)) > 5 and all("练习" in title for title in titles), titles
    assert all(slip.lstrip().startswith("*** 练习 TRAINING ***") for slip in clerk.terminal.paper[slips:])
    assert len(clerk.terminal.paper) > slips
    clerk.press("CANCEL CANCEL ENTER")
    assert "练习" not in clerk.terminal.screen.text.split("\n")[0], "control: outside there is no mark"
    shop.close()


def test_after_a_power_cut_anywhere_in_it_the_shop_is_as_before() -> None:
    """A cut at every second flash operation of the training region, torn in turn: the terminal starts at its own menu, chip and
    vault are byte for byte what they were, and the next training begins anew."""
    shop = a_shop(child=InProcess)
    clerk, terminal = Clerk(shop), shop.terminal
    chip, vault = bytes(terminal.flash.data), dict(terminal.vault.slots)
    before = terminal.training.operations
    train(clerk)
    cuts = terminal.training.operations - before
    assert cuts > 30
    terminal.power_off()
    for at in range(1, cuts + 1, 2):
        terminal.power_on()
        clerk.see("原路退款终端")
        terminal.training.cut = (terminal.training.operations + at, list(TEARS)[at % len(TEARS)])
        with pytest.raises((NotSeen, NoPower)):
            train(clerk)
        assert not terminal.is_on
        assert bytes(terminal.flash.data) == chip and terminal.vault.slots == vault
    terminal.power_on()
    clerk.see("原路退款终端", "网")
    train(clerk)
    assert shop.count_money() == []
    shop.close()
