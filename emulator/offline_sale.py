"""What a terminal's sale application leaves in the journal of a sale that it made without the acquirer. The refund module makes
none itself; the journal's own source writes it here, on CPython."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.parts import reader

if TYPE_CHECKING:
    from emulator.terminal import Terminal


def sell(terminal: Terminal, amount: int, batch: int, trace: int) -> None:
    """So many fen, today. ValueError with power on, or where the journal takes no record."""
    from yuanlu import loop
    from yuanlu.app import Till
    from yuanlu.boards.emulator import Board
    from yuanlu.errors import YuanluError
    from yuanlu.refund.state import SALE
    from yuanlu.refund.transaction import KIND_SALE, ROAD_OFFLINE

    if terminal.is_on:
        raise ValueError("its sale application runs while the refund module does not: power off first")
    before, loop.loop = loop.loop, loop.Loop()
    try:
        till = Till(Board(_Parts(terminal), str(terminal.firmware / "tables.bin")))
        till.start()
        card = reader.present(reader.TRAY["unionpay"], terminal.reader_key, terminal.world.draw)[1:19]
        journal: Any = till.journal
        number, when = journal.log.number, till.board.clock.date()
        head = (number, number, KIND_SALE | ROAD_OFFLINE << 4, amount, batch, trace, *when)
        journal.append(SALE, (*head, 0, 0, 0, card[:10], card[10:], bytes(12), bytes(6)))
    except YuanluError as error:
        raise ValueError(str(error)) from error
    finally:
        loop.loop = before


class _Parts:
    """The pipe to the terminal's parts, as a call."""

    now = 0

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    def ask(self, operation: int, *parts: bytes) -> bytearray:
        return bytearray(self.terminal.answer(operation, b"".join(bytes(part) for part in parts)) or b"")
