"""The demo: one refund's road through a pulled cable, a dead network, a pulled plug, told step by step; then the money is
counted. The same story plays with a broken firmware and must end in a discrepancy."""

from __future__ import annotations

from collections.abc import Callable

from emulator.clerk import WAIT_MS, Clerk, NotSeen
from emulator.shop import Shop


class Story:
    """Has a clerk walk the road. `tell(text)` hears each step."""

    def __init__(self, shop: Shop, tell: Callable[[str], None]) -> None:
        self.shop, self.tell = shop, tell
        self.terminal = shop.terminal
        self.clerk = Clerk(shop)

    def _show(self) -> None:
        self.tell(self.clerk.picture())

    def _slip(self, *texts: str) -> None:
        slip = self.clerk.take_slip(*texts)
        self.tell("\n".join(f"        # {line}" for line in slip.rstrip().split("\n")))

    def play(self) -> list[str]:
        """The whole story; returns the discrepancies that were counted at the end."""
        self.tell("Power on. / 上电。")
        self.terminal.power_on()
        self.clerk.see("原路退款终端", "网")
        self._show()
        for step in (self._refund_online, self._pulled_cable, self._serial_only, self._lost_answer, self._pulled_plug):
            step()
        return self._count()

    def _refund_online(self) -> None:
        self.tell("1. Sell 100.00 with a card, refund 30.00 of it. / 消费100.00，退30.00。")
        self.clerk.start_sale(10000)
        self.clerk.see("消费成功")
        self._slip("交易成功")
        self.clerk.press("ENTER")
        self.clerk.start_refund(3000)
        self.clerk.see("退货成功")
        self._show()
        self._slip("退货成功", "-¥30.00")
        self.clerk.press("ENTER")

    def _pulled_cable(self) -> None:
        self.tell(
            "2. Pull the network cable, refund 20.00: it waits. Plug it in: it goes. / 拔网线，退20.00：待上送；插上：自动上送。"
        )
        self.terminal.plug_network(False)
        self.clerk.see("断")
        self.clerk.start_refund(2000)
        self.clerk.see("退款待上送")
        self._show()
        self._slip("待上送")
        self.clerk.press("ENTER")
        self.terminal.plug_network(True)
        self._slip("退货成功", "-¥20.00")

    def _serial_only(self) -> None:
        self.tell("3. The network is dead, only the serial line is plugged: refund 5.00 over it. / 网络断，只接串口：退5.00。")
        self.terminal.plug_network(False)
        self.shop.plug_serial(True)
        self.clerk.see("断")
        self.clerk.start_refund(500)
        self._slip()
        if "退货成功" not in self.terminal.paper[-1]:
            self._slip("退货成功", "-¥5.00")  # the bridge needed a moment to come up
        self.clerk.see("退")
        self.clerk.press("ENTER")
        self.shop.plug_serial(False)
        self.terminal.plug_network(True)

    def _lost_answer(self) -> None:
        self.tell("4. The acquirer books the next refund of 7.00 and its answer is lost. / 收单方已记账7.00，应答丢失。")
        self.clerk.see("原路退款终端", "网")
        self.shop.acquirer.set_mood("loses", 1)
        self.clerk.start_refund(700)
        self._slip()
        self._show()
        self.clerk.press("ENTER")
        self.clerk.settle()

    def _pulled_plug(self) -> None:
        self.tell("5. Refund 8.00; the power plug is pulled the moment the message has left. / 退8.00，报文刚发出就断电。")
        self.clerk.see("原路退款终端")
        self.terminal.cut_when_sent = True
        self.clerk.start_refund(800)
        self.shop.world.run_until(lambda: not self.terminal.is_on, WAIT_MS)
        if self.terminal.is_on:
            raise NotSeen("the message never left")
        self.tell("    (dark / 黑屏)")
        self.shop.world.run(300)
        self.terminal.power_on()
        self.clerk.see("原路退款终端")
        self.clerk.settle()
        self._show()
        while self.clerk.slips < len(self.terminal.paper):
            self._slip()

    def _count(self) -> list[str]:
        self.tell("Count the money. / 对账。")
        booked = self.shop.booked()
        for row in self.shop.terminal_ledger():
            at = booked.get(row["number"], {"amount": 0, "times": 0})
            self.tell(
                f"    {row['number']}  {row['kind']:6}  {row['amount'] / 100:8.2f}  terminal: {row['state']:9}"
                f"  acquirer: {at['times']} x, {at['amount'] / 100:.2f}"
            )
        return self.shop.count_money()
