"""The emulated board as the firmware sees it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from emulator import protocol as p
from emulator.child import InProcess
from emulator.shop import Shop
from emulator.terminal import Terminal
from yuanlu import loop


@contextmanager
def running_board() -> Iterator[Any]:
    """The board of a terminal that has started."""
    children: list[InProcess] = []

    def child(terminal: Terminal) -> InProcess:
        children.append(InProcess(terminal))
        return children[-1]

    shop = Shop(real=False, child=child)
    try:
        shop.terminal.power_on()
        shop.world.run(100)
        yield children[0].board
    finally:
        shop.close()


def test_a_presented_card_wakes_by_the_key_that_the_dialogs_know() -> None:
    with running_board() as board:
        board.take(p.event(p.CARD, bytes(60)))
        assert board.keypad.inbox.items == [], "no dialog asked for a card"
        board.reader.arm()
        board.take(p.event(p.CARD, bytes(60)))
        assert board.keypad.inbox.items == ["CARD"]


def test_a_scanned_text_counts_only_after_the_question() -> None:
    with running_board() as board:
        board.take(p.event(p.SCAN, b"early"))
        assert board.keypad.inbox.items == [] and board.scanner.text() is None
        board.scanner.arm()
        board.take(p.event(p.SCAN, "二维码".encode()))
        assert board.keypad.inbox.items == ["REFRESH"]
        assert (board.scanner.text(), board.scanner.text()) == ("二维码", None)


def test_a_life_in_this_process_gives_the_loop_back() -> None:
    before = loop.loop
    shop = Shop(real=False, child=InProcess)
    shop.terminal.power_on()
    shop.world.run(100)
    assert loop.loop is not before
    shop.close()
    assert loop.loop is before
