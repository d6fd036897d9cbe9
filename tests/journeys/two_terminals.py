"""Two terminals of one merchant at one acquirer, a laptop between them, and a count of all money in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from struct import pack
from typing import Any, TypeVar

from click.testing import CliRunner

from emulator.clerk import Clerk
from emulator.lines.cable import Cable
from emulator.shop import FIRMWARE, PASSPHRASE, TERMINAL, Shop, compare
from host_tools.yuanluctl import authority, handover
from host_tools.yuanluctl.cli import yuanluctl
from host_tools.yuanluctl.handover import Capsule, Names, Receipt
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.service import Session, issue
from yuanlu.wire import service as wire

OLD, SPARE = TERMINAL, "YL000002"
NAMES = Names(OLD, SPARE, 1, 7)
RIGHTS = wire.DIAG | wire.HANDOVER
WHAT_THE_OLD_ONE_HAS = ["done", "done", "parked", "parked", "queued", "queued"]  # its refunds, the one of cash among them
T = TypeVar("T")


class Two:
    """The old one with a refund of each kind in it, its network cable out; the spare one with nothing."""

    def __init__(self, real: bool = False, firmware: Path = FIRMWARE) -> None:
        settings: dict[str, Any] = {"firmware": firmware, "cash_refunds": 1, "answer_ms": 1000}
        self.old = Shop(real, "c", **settings)
        self.spare = Shop(real, "c", beside=self.old, terminal=SPARE, **settings)
        self.world, self.shops = self.old.world, (self.old, self.spare)
        for shop in self.shops:
            shop.terminal.power_on()
        self._live()
        refunds = [row for row in self.old.terminal_ledger() if row["kind"] == "refund"]
        assert sorted(row["state"] for row in refunds) == WHAT_THE_OLD_ONE_HAS
        self.confirmed = {row["number"] for row in self.old.terminal_ledger()}

    def _live(self) -> None:
        clerk, acquirer = Clerk(self.old), self.old.acquirer
        for fen in (10_000, 5_000):
            clerk.start_sale(fen)
            clerk.see("消费成功")
            clerk.back_to_menu()
        self._refund(clerk, 1000, "退货成功")
        self._refund(clerk, 500, "现金退款已记账", way="2")
        acquirer.set_mood("silent", 1)
        self._refund(clerk, 600, "需人工核对")  # never arrived
        acquirer.set_mood("loses", 1)
        self._refund(clerk, 700, "需人工核对", sale=1)  # booked
        self.old.terminal.plug_network(False)
        self._refund(clerk, 2000, "退款待上送")  # a part
        self._refund(clerk, 4300, "退款待上送", sale=1)  # all that is left

    def _refund(self, clerk: Clerk, fen: int, seen: str, sale: int = 2, way: str = "1") -> None:
        clerk.press(f"2 {sale} {way}")
        clerk.see("退货：原因")
        clerk.press("1")
        clerk.see("最多")
        clerk.press(" ".join(str(fen)) + " ENTER")
        clerk.see("请确认")
        clerk.press("ENTER")
        clerk.see(seen)
        clerk.back_to_menu()

    # ---- the end

    def believed(self) -> list[dict[str, Any]]:
        """What both say, per number: of what the spare has, the spare's word."""
        rows = {row["number"]: row for row in self.old.terminal_ledger()}
        for row in self.spare.terminal_ledger():
            if not row["brought"]:
                original = rows.get(row["number"], row)["original"]  # the spare calls the sale by a number of its own
                rows[row["number"]] = {**row, "original": original}
        return list(rows.values())

    def count_money(self) -> list[str]:
        """Every discrepancy, in words."""
        believed = self.believed()
        lost = self.confirmed - {row["number"] for row in believed}
        return compare(believed, self.old.booked()) + [f"{number}: nobody knows it any more" for number in sorted(lost)]

    def open_on_the_spare(self) -> list[tuple[int, int, str]]:
        """(fen, times that the acquirer booked it, state) of what came and is not settled, smallest first."""
        booked = self.old.booked()
        rows = [row for row in self.spare.terminal_ledger() if not row["brought"] and row["state"] in ("queued", "parked")]
        return sorted((row["amount"], booked.get(row["number"], {"times": 0})["times"], row["state"]) for row in rows)

    def close(self) -> None:
        """Both off."""
        self.old.close()


class Killed(Exception):
    """The laptop has died."""


class Fraying(Cable):
    """A cable that is pulled when the answer to the n-th frame comes, which is lost; or the laptop dies then."""

    def __init__(self, shop: Shop, at: int = 0, kills: bool = False) -> None:
        super().__init__(shop.world, shop.terminal.serial)
        self.at, self.kills, self.frames = at, kills, 0

    def write(self, data: bytes) -> None:
        self.frames += 1
        super().write(data)

    def read(self, seconds: float) -> bytes:
        data = super().read(seconds)
        if not data or self.frames != self.at:
            return data
        self.line.plugged = False
        if self.kills:
            raise Killed
        return b""


class Laptop:
    """Does the steps of docs/handover.md by what `yuanluctl handover` is made of; what a step brought is a file, and stays.

    A step that breaks off is begun again: `fray` says how a cable breaks, once.
    """

    def __init__(self, two: Two) -> None:
        self.two = two
        self.capsule: Capsule | None = None
        self.receipt: Receipt | None = None
        self.names = NAMES
        self.fray: dict[str, Any] = {}
        self.frames = 0  # that the last step sent

    @contextmanager
    def at(self, shop: Shop, rights: int = RIGHTS) -> Iterator[Session]:
        """A session with that terminal; somebody at its keypad agrees."""
        cable, self.fray = Fraying(shop, **self.fray), {}
        session = Session(cable)
        try:
            hello, _ = session.hello()
            session.open(issue(authority.service_key(shop.authority_key, shop.id), hello, 7, rights), lambda: self._agree(shop))
            yield session
            self.frames = cable.frames
            session.close()
        finally:
            shop.terminal.serial.plugged = False

    def _agree(self, shop: Shop) -> None:
        shop.world.run_until(lambda: "同意请按确认" in shop.terminal.screen.text, 5000)
        shop.terminal.press("ENTER")
        shop.world.run(200)

    def export(self) -> None:
        with self.at(self.two.old) as session:
            given = handover.warrant(self.two.old.authority_key, self.names)
            self.capsule = handover.export(session, self.names, given, told)

    def salvage(self, folder: Path) -> None:
        """In the place of `export`, from what the old one's chips say."""
        self.two.old.keep(folder)
        (folder / "authority.key").write_bytes(authority.new(PASSPHRASE, self.two.old.authority_key))
        words = ["handover", "salvage", folder / "authority.key", "-t", f"image:{folder / 'chip.img'}"]
        words += ["--settings", f"image:{folder / 'settings.img'}", "--anchor", (folder / "anchor").read_text().strip()]
        words += ["--spare", SPARE, "--epoch", self.names.epoch, "-o", folder / "open.ylh"]
        done = CliRunner().invoke(yuanluctl, [str(word) for word in words], env={"YUANLU_PASSPHRASE": PASSPHRASE})
        assert done.exit_code == 0, done.output
        self.capsule = handover.read_capsule(folder / "open.ylh")

    def bring(self) -> None:
        assert self.capsule
        with self.at(self.two.spare) as session:
            self.receipt = handover.bring(session, self.capsule, told)

    def finish(self) -> None:
        assert self.receipt
        with self.at(self.two.old) as session:
            session.command(wire.FINISH, self.receipt.proof)
            assert handover.owner(session)["standing"] == "finished"

    def until_done(self, step: Callable[[], None]) -> int:
        """Begin it again until it succeeds, power on where it went and both with a network in between; how often it broke off."""
        for broke_off in range(4):
            try:
                step()
                return broke_off
            except (Trouble, Killed):
                for shop in self.two.shops:
                    shop.terminal.power_on()
                    shop.terminal.plug_network(True)
                self.two.world.run(20_000)
        raise AssertionError(f"{step.__name__} never succeeded")

    def decide(self) -> None:
        """A person who has asked the acquirer decides all that is parked on the spare: done, or once more."""
        booked, spare = self.two.old.booked(), self.two.spare
        with self.at(spare, wire.DIAG | wire.RESOLVE) as session:
            rows = {row["number"]: row for row in spare.terminal_ledger()}
            for number, called in self._parked(session, rows):
                fen = booked.get(called, {"amount": 0})["amount"]
                command = pack("<II", number, fen) if fen else pack("<I", number)
                session.command(wire.DONE if fen else wire.AGAIN, command + b"BANK 7")

    def _parked(self, session: Session, rows: dict[str, Any]) -> list[tuple[int, str]]:
        """(the spare's number, the number for life)."""
        waiting = [(number, fen) for number, fen, state, _ in session.status()["waiting"] if state == "parked"]
        parked = {row["amount"]: name for name, row in rows.items() if row["state"] == "parked"}  # no two of one amount
        assert sorted(parked) == sorted(fen for _, fen in waiting)
        return [(number, parked[fen]) for number, fen in waiting]


@contextmanager
def told(_: str, __: int) -> Iterator[Callable[[int], None]]:
    """Nobody looks at the progress."""
    yield lambda done: None
