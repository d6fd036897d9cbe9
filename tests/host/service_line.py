"""A technician on the line of an emulated terminal, on virtual time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emulator.clerk import Clerk
from emulator.lines.cable import Cable
from emulator.shop import Shop
from host_tools.yuanluctl import authority
from host_tools.yuanluctl.service import Session, issue
from yuanlu.wire import service as wire

ASKED_MS = 1200  # a page that asks stands this long before a key counts there


class Technician:
    """Somebody with the shop's authority at hand, and the cable in the terminal."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.cable = Cable(shop.world, shop.terminal.serial)
        self.session = Session(self.cable)
        self.key = authority.service_key(shop.authority_key, str(shop.settings["terminal"]))
        self.answers_at_keypad = ["ENTER"]

    def come_in(self, allowed: int, technician: int = 7) -> Session:
        """Open a session; the clerk presses `answers_at_keypad` when asked."""
        hello, _ = self.session.hello()
        self.session.open(issue(self.key, hello, technician, allowed), self._clerk)
        return self.session

    def _clerk(self) -> None:
        self.shop.world.run(ASKED_MS)
        for key in self.answers_at_keypad:
            self.shop.terminal.press(key)
            self.shop.world.run(ASKED_MS)


@contextmanager
def on_the_line(firmware: Path, **settings: Any) -> Iterator[Technician]:
    """A shop that is open, and a technician in it."""
    shop = Shop(real=False, firmware=firmware, **settings)
    try:
        shop.terminal.power_on()
        shop.world.run(1000)
        yield Technician(shop)
        assert not [line for line in shop.terminal.log if "failed" in line or "stopped" in line], shop.terminal.log
    finally:
        shop.close()


def queue_a_refund(shop: Shop) -> None:
    """Of a sale that is done, while the network cable is out."""
    clerk = Clerk(shop)
    clerk.start_sale(12_300)
    clerk.see("消费成功")
    clerk.back_to_menu()
    shop.terminal.plug_network(False)
    clerk.start_refund(1000)
    clerk.back_to_menu()
    assert [row["state"] for row in shop.terminal_ledger()] == ["done", "queued"]


EVERY_COMMAND = {number: bit for number, bit in wire.COMMANDS.items() if bit}
