"""A clerk's hands and eyes on a shop: keys, card, cables, screen and paper. Nothing else of the terminal is touched."""

from __future__ import annotations

import re

from emulator.parts import vault
from emulator.shop import Shop
from host_tools.yuanluctl.authority import PURPOSES

WAIT_MS = 30_000
KEYS_AT_ONCE = 16  # a terminal that is busy keeps twice as many
LONGEST_LIST = 10  # lines that have a digit
MOVING = ("queued", "sending", "unknown", "reversing", "asking", "accepted", "waiting")

# What can be typed off a slip: the code at its end, RRN, digits of the approval code, the last 8 digits of its number.
READ_OFF = {
    "code": r"^ *((?:[0-9]{4} ){5}[0-9]{4})$",
    "rrn": r"^(?:参考号|RRN) +([0-9]{12})$",
    "approval": r"^(?:授权码|Approval) +([0-9A-Z]{6})$",
    "number": r"^(?:编号|No\.) .*-([0-9]{8})$",
}


class NotSeen(Exception):
    """What was waited for did not come: what it was, and what the terminal shows instead."""


class WrongSlip(Exception):
    """A slip came that says something else."""


class NoPower(Exception):
    """Nobody can press keys or present a card while power is off."""


class Clerk:
    """Works by the screen: every step waits until the terminal asks for it."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.terminal = shop.terminal
        self.slips = 0  # taken so far
        self.mood_since = 0  # requests the acquirer had got when its mood was last changed
        self.alarms_expected = 0

    def see(self, *texts: str, within_ms: int = WAIT_MS) -> None:
        """Wait until the screen shows all of these."""
        if not self.shop.world.run_until(lambda: all(text in self.terminal.screen.text for text in texts), within_ms):
            log = "\n".join(self.terminal.log)
            raise NotSeen(f"the screen never showed {' + '.join(texts)}; it shows\n{self.picture()}\n{log}")

    def press(self, keys: str) -> None:
        """Keys with blanks between; returns when the terminal has taken them all. NoPower."""
        self._check_power()
        for count, key in enumerate(keys.split(), 1):
            self.terminal.press(key)
            if count % KEYS_AT_ONCE == 0:
                self.wait_for_terminal()
        self.wait_for_terminal()

    def present(self, card: str) -> None:
        """A card of the tray; returns when the terminal has taken it. NoPower."""
        self._check_power()
        self.terminal.present(card)
        self.wait_for_terminal()

    def scan(self, what: str) -> None:
        """A text, or 'slip 1': the first slip that came out. NoPower; NotSeen when its code cannot be read."""
        self._check_power()
        slip = re.fullmatch(r"slip ([0-9]+)", what)
        try:
            self.terminal.scan_slip(int(slip[1]) - 1) if slip else self.terminal.scan(what)
        except ValueError as error:
            raise NotSeen(f"nothing to scan: {error}") from None
        self.wait_for_terminal()

    def type_off(self, what: str) -> None:
        """'rrn 1': type the digits of the RRN that the first slip says, and ENTER. See READ_OFF. NotSeen when it says none."""
        name, number = what.split()
        paper = self.terminal.paper[int(number) - 1]
        found = re.search(READ_OFF[name], paper, re.MULTILINE)
        if found is None:
            raise NotSeen(f"no {name} to type on\n{paper}")
        self.press(" ".join(re.sub("[^0-9]", "", found[1])) + " ENTER")

    def _check_power(self) -> None:
        if not self.terminal.is_on:
            raise NoPower("power is off: nothing can be pressed or presented")

    def wait_for_terminal(self) -> None:
        """Until it has done all that it can with what happened so far, and waits for more."""
        if not self.shop.world.run_until(lambda: self.terminal.is_idle, WAIT_MS):
            raise NotSeen("the terminal does not come to an end with its keys")

    def picture(self) -> str:
        """The screen, framed at its left."""
        return "\n".join(f"    | {line}" for line in self.terminal.screen.text.split("\n"))

    def take_slip(self, *texts: str, within_ms: int = WAIT_MS) -> str:
        """Wait for one more slip; it must say all of these."""
        if not self.shop.world.run_until(lambda: len(self.terminal.paper) > self.slips, within_ms):
            raise NotSeen(f"no slip came; the screen shows\n{self.picture()}")
        self.slips += 1
        slip = self.terminal.paper[self.slips - 1]
        if not all(text in slip for text in texts):
            raise WrongSlip(f"a slip without {' + '.join(texts)}:\n{slip}")
        return slip

    def start_sale(self, fen: int, card: str = "unionpay") -> None:
        """From the menu to the presented card; what is doubted is confirmed. NoPower."""
        self._check_power()
        self.see("原路退款终端")
        self.press("1")
        self.see("消费金额")
        self.press(" ".join(str(fen)) + " ENTER")
        self._stand_by_amount()
        self.see("请挥卡")
        self.present(card)
        self._stand_by_amount()

    def _stand_by_amount(self) -> None:
        if "金额请核对" in self.terminal.screen.text:
            self.press("ENTER")

    def start_refund(self, fen: int, sale: int = 1) -> None:
        """From the menu to the confirmed refund; the newest sale is 1. NoPower."""
        self._check_power()
        self.see("原路退款终端")
        self.press("2")
        self.see("选原交易")
        self.press(str(sale))
        self.see("退货：原因")
        self.press("1")
        self.see("最多")
        self.press(" ".join(str(fen)) + " ENTER")
        self.see("请确认")
        self.press("ENTER")

    def pick(self, words: str) -> None:
        """Press the digit of the line that says so, which may stand below the screen."""
        self.wait_for_terminal()
        for _ in range(LONGEST_LIST):
            if words not in self.terminal.screen.text and re.search("^[0-9] ", self.terminal.screen.text, re.MULTILINE):
                self.press("DOWN")
        self.see(words)
        match = re.search(rf"^([0-9]) .*{re.escape(words)}", self.terminal.screen.text, re.MULTILINE)
        if match is None:
            raise NotSeen(f"no digit picks {words}; the screen shows\n{self.picture()}")
        self.press(match[1])

    def log_out(self) -> None:
        """From the menu to the next login."""
        self.see("原路退款终端")
        for words in ("更多", "操作员", "退出登录"):
            self.pick(words)
        self.see("操作员登录")

    def sign(self, number: int) -> None:
        """Type an id of the staff and its PIN."""
        self.press(" ".join(str(number)) + " ENTER " + " ".join(self.shop.pins[number]) + " ENTER")

    def new_pin(self, number: int) -> None:
        """Choose another PIN for that id, and type it twice."""
        pin = " ".join(self.shop.choose_pin(number)) + " ENTER"
        self.see("新密码")
        self.press(pin)
        self.see("再输入一次")
        self.press(pin)

    def log_in(self, number: int) -> None:
        """The first time: with the PIN that was given out, and one of his own choosing."""
        self.see("操作员登录")
        self.sign(number)
        self.new_pin(number)
        self.see("原路退款终端")

    def telephone(self, fen: int) -> None:
        """Type the code that the authority says."""
        self.press(" ".join(self.ask_authority(fen)) + " ENTER")

    def ask_authority(self, fen: int) -> str:
        """Its code, for the eight digits and the purpose on the screen and the amount that it is told."""
        self.see("请致电授权方")
        match = re.search(r"号码 (\d{4}) (\d{4}) .*事项：(\S+)", self.terminal.screen.text.replace("\n", " "))
        if match is None:
            raise NotSeen(f"no number to say; the screen shows\n{self.picture()}")
        key = vault.authority_key(self.shop.authority_key, self.shop.id)
        purpose = next(name for name, (words, _) in PURPOSES.items() if words == match[3])
        return vault.telephone_code(key, self.shop.id, match[1] + match[2], fen, purpose)

    def back_to_menu(self) -> None:
        """Acknowledge what is shown until the menu is there."""
        self.see("确认键返回")
        self.press("ENTER")
        self.see("原路退款终端")

    def settle(self, within_ms: int = WAIT_MS) -> None:
        """Wait until nothing more happens by itself."""
        self.wait_for_terminal()
        world, ledger = self.shop.world, self.shop.terminal_ledger
        if not world.run_until(lambda: all(row["state"] not in MOVING for row in ledger()), within_ms):
            states = ", ".join(f"{row['number']} {row['state']}" for row in ledger())
            raise NotSeen(f"not everything came to an end: {states}")
        world.run(300)  # the last slip
