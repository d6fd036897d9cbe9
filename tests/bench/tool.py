"""The technician's tool: how quick its help is, how much of the line a pull takes, how many records it verifies in a second."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from emulator.clerk import Clerk
from emulator.lines.cable import Cable
from emulator.lines.serial import BAUD, BITS
from emulator.shop import Shop
from host_tools.yuanluctl import authority
from host_tools.yuanluctl.journal.ledger import every_record
from host_tools.yuanluctl.journal.reader import find_geometry, read_journal
from host_tools.yuanluctl.journal.verify import verify
from host_tools.yuanluctl.pull import Pull
from host_tools.yuanluctl.service import Session, issue
from yuanlu.wire import service as wire

BUDGETS = {"tool.help_vs_import": ("<=", 2.0), "tool.pull_share_of_line": (">=", 0.8)}
TRIES = 15
SALES = 100  # on the chip that is pulled and verified: its ring has come round


def help_vs_import() -> dict[str, float]:
    """The quickest of each, taken by turns: what a machine does besides only adds."""
    commands = ([sys.executable, "-c", "import click, rich"], [str(Path(sys.executable).parent / "yuanluctl"), "--help"])
    best = [min(times) for times in zip(*([_seconds(command) for command in commands] for _ in range(TRIES)), strict=True)]
    return {"tool.help_ms": 1000 * best[1], "tool.help_vs_import": best[1] / best[0]}


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def pull() -> dict[str, float]:
    """A journal full of sales over 115 200 baud, on virtual time: its bytes, those of blank pieces left out, for each byte that
    the line could have carried. Then the same image verified with its key."""
    shop = _full_shop()
    try:
        cable = Cable(shop.world, shop.terminal.serial)
        session = Session(cable)
        hello, _ = session.hello()
        terminal = hello.terminal.decode()
        key = authority.service_key(shop.authority_key, terminal)
        session.open(issue(key, hello, 1, wire.DIAG | wire.PULL), lambda: _agree(shop))
        began = shop.world.now_ms
        image = Pull(session).run()
        seconds = (shop.world.now_ms - began) / 1000
        share = {"tool.pull_share_of_line": _pulled(image) / (seconds * BAUD / BITS), "tool.pull_64k_s": seconds}
        return share | _verified(image, shop.journal_root_key, terminal, int(shop.settings["epoch"]))
    finally:
        shop.close()


def _verified(image: bytes, key: bytes, terminal: str, epoch: int) -> dict[str, float]:
    geometry = find_geometry(image)
    count = len(every_record(read_journal(image, geometry)))
    began = time.perf_counter()
    for _ in range(TRIES):
        assert verify(image, geometry, key, terminal, epoch).consistent
    return {"tool.verify_records_per_s": TRIES * count / (time.perf_counter() - began)}


def _full_shop() -> Shop:
    shop = Shop(real=False)
    shop.terminal.power_on()
    clerk = Clerk(shop)
    for sale in range(SALES):
        clerk.start_sale(1000 + 7 * sale)
        clerk.see("消费成功")
        clerk.back_to_menu()
    return shop


def _agree(shop: Shop) -> None:
    shop.world.run_until(lambda: "同意请按确认" in shop.terminal.screen.text, 5000)
    shop.terminal.press("ENTER")


def _pulled(image: bytes) -> int:
    """Bytes of the pieces that are not all blank."""
    size = wire.MOST_READ
    return sum(len(image[at : at + size]) for at in range(0, len(image), size) if image[at : at + size].strip(b"\xff"))
