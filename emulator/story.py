"""The demo: one refund's road through a pulled cable, a dead network, a pulled plug, told step by step; then the money is
counted. The same story plays with a broken firmware and must end in a discrepancy."""

from __future__ import annotations

from collections.abc import Callable

from emulator.shop import Shop

WAIT_MS = 30_000


class StoryEnded(Exception):
    """Something that the story tells of did not happen: what was waited for, and what the terminal showed."""


class Story:
    """Drives a shop by its keys and looks at its screen and paper, nothing else. `tell(text)` hears each step."""

    def __init__(self, shop: Shop, tell: Callable[[str], None]) -> None:
        self.shop, self.tell = shop, tell
        self.terminal = shop.terminal
        self.slips = 0

    # ---- a clerk's hands and eyes

    def see(self, *texts: str) -> None:
        """Wait until the screen shows all of these."""
        if not self.shop.world.run_until(lambda: all(text in self.terminal.screen.text for text in texts), WAIT_MS):
            raise StoryEnded(f"the screen never showed {' + '.join(texts)}; it shows\n{self.picture()}\n" + "\n".join(self.terminal.log))

    def press(self, keys: str) -> None:
        """Keys with blanks between."""
        for key in keys.split():
            self.terminal.press(key)

    def picture(self) -> str:
        """The screen in a frame."""
        return "\n".join(f"    | {line}" for line in self.terminal.screen.text.split("\n"))

    def show(self) -> None:
        """Tell the screen."""
        self.tell(self.picture())

    def slip(self, *texts: str) -> None:
        """Wait for one more slip that says all of these, and tell it."""
        if not self.shop.world.run_until(lambda: len(self.terminal.paper) > self.slips, WAIT_MS):
            raise StoryEnded(f"no slip came\n{self.picture()}")
        self.slips += 1
        slip = self.terminal.paper[self.slips - 1]
        if not all(text in slip for text in texts):
            raise StoryEnded(f"a slip without {' + '.join(texts)}:\n{slip}")
        self.tell("\n".join(f"        # {line}" for line in slip.rstrip().split("\n")))

    # ---- what a clerk does

    def sell(self, fen: str) -> None:
        """From the menu to the result; digits in fen."""
        self.see("原路退款终端")
        self.press("1")
        self.see("消费金额")
        self.press(" ".join(fen) + " ENTER")
        self.see("请挥卡")
        self.terminal.present("unionpay")

    def refund(self, fen: str, original: str = "1") -> None:
        """From the menu to the confirmed refund; the newest sale is `original` 1."""
        self.see("原路退款终端")
        self.press("2")
        self.see("选原交易")
        self.press(original)
        self.see("退货：原因")
        self.press("1")
        self.see("最多")
        self.press(" ".join(fen) + " ENTER")
        self.see("请确认退款")
        self.press("ENTER")

    def settle(self) -> None:
        """Wait until nothing more happens by itself."""
        moving = ("queued", "sending", "unknown", "waiting")
        ledger = self.shop.terminal_ledger
        self.shop.world.run_until(lambda: all(row["state"] not in moving for row in ledger()), WAIT_MS)
        self.shop.world.run(300)

    # ---- the road

    def play(self) -> list[str]:
        """The whole story; returns the discrepancies that were counted at the end."""
        self.tell("Power on. / 上电。")
        self.terminal.power_on()
        self.see("原路退款终端", "网")
        self.show()
        for step in (self._refund_online, self._pulled_cable, self._serial_only, self._lost_answer, self._pulled_plug):
            step()
        return self._count()

    def _refund_online(self) -> None:
        self.tell("1. Sell 100.00 with a card, refund 30.00 of it. / 消费100.00，退30.00。")
        self.sell("10000")
        self.see("消费成功")
        self.slip("交易成功")
        self.press("ENTER")
        self.refund("3000")
        self.see("退货成功")
        self.show()
        self.slip("退货成功", "-¥30.00")
        self.press("ENTER")

    def _pulled_cable(self) -> None:
        self.tell("2. Pull the network cable, refund 20.00: it waits. Plug it in: it goes. / 拔网线，退20.00：待上送；插上：自动上送。")
        self.terminal.plug_network(False)
        self.see("断")
        self.refund("2000")
        self.see("退款待上送")
        self.show()
        self.slip("待上送")
        self.press("ENTER")
        self.terminal.plug_network(True)
        self.slip("退货成功", "-¥20.00")

    def _serial_only(self) -> None:
        self.tell("3. The network is dead, only the serial line is plugged: refund 5.00 over it. / 网络断，只接串口：退5.00。")
        self.terminal.plug_network(False)
        self.shop.plug_serial(True)
        self.see("断")
        self.refund("500")
        self.slip()
        if "退货成功" not in self.terminal.paper[-1]:
            self.slip("退货成功", "-¥5.00")  # the bridge needed a moment to come up
        self.see("退")
        self.press("ENTER")
        self.shop.plug_serial(False)
        self.terminal.plug_network(True)

    def _lost_answer(self) -> None:
        self.tell("4. The acquirer books the next refund of 7.00 and its answer is lost. / 收单已记账7.00，应答丢失。")
        self.see("原路退款终端", "网")
        self.shop.acquirer.set_mood("loses", 1)
        self.refund("700")
        self.slip()
        self.show()
        self.press("ENTER")
        self.settle()

    def _pulled_plug(self) -> None:
        self.tell("5. Refund 8.00; the power plug is pulled the moment the message has left. / 退8.00，报文刚发出就断电。")
        self.see("原路退款终端")
        self.terminal.cut_when_sent = True
        self.refund("800")
        self.shop.world.run_until(lambda: not self.terminal.is_on, WAIT_MS)
        if self.terminal.is_on:
            raise StoryEnded("the message never left")
        self.tell("    (dark / 黑屏)")
        self.shop.world.run(300)
        self.terminal.power_on()
        self.see("原路退款终端")
        self.settle()
        self.show()
        while self.slips < len(self.terminal.paper):
            self.slip()

    def _count(self) -> list[str]:
        self.tell("Count the money. / 对账。")
        booked = {**self.shop.acquirer.ledger.money("sale"), **self.shop.acquirer.ledger.money("refund")}
        for row in self.shop.terminal_ledger():
            at = booked.get(row["number"], {"amount": 0, "times": 0})
            self.tell(f"    {row['number']}  {row['kind']:6}  {row['amount'] / 100:8.2f}  terminal: {row['state']:9}"
                      f"  acquirer: {at['times']} x, {at['amount'] / 100:.2f}")
        return self.shop.count_money()
