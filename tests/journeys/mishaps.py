"""What goes wrong around a terminal while somebody works on it: acquirer, wallets, lines, paper, time and power."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from emulator.acquirer import MOODS
from emulator.parts.flash import TEARS
from emulator.shop import TERMINAL, Shop
from tests.journeys import technician

WORSE, BETTER = 1 / 9, 1 / 14  # whenever something was pressed or typed
BAD_LUCK = {"sale.card": 1 / 2, "refund.confirm": 1 / 2, "wrong.title": 1 / 2, "void.confirm": 3 / 4}  # where something is sent
SECOND, HOUR = 1000, 3_600_000
LONGEST = 5 * 24 * HOUR  # of a life: the emulator's clock on 32-bit words ends after six days (docs/emulator.md)
PATIENCE = 40 * SECOND  # so long nothing else happens: three reversals have failed then
FAILURES = ("14", "61", "06")


class Mishaps:
    """Given the Shop and the walk's chance. calm: power stays on, so that one life is long. until_answered: somebody works on at
    the keypad until he has answered a technician."""

    def __init__(self, shop: Shop, draw: Random, calm: bool, until_answered: Callable[[], None]) -> None:
        self.shop, self.terminal, self.draw, self.calm = shop, shop.terminal, draw, calm
        self.until = 0  # ms of the world
        self.kinds = {
            self._mood: 10,
            self._by_amount: 4,
            self._line: 6,
            self._serial: 2,
            self._paper: 2,
            self._wallet: 3,
            self._time: 6,
            self._batch: 1,
            self._slow: 3,
            self._asks: 1,
            lambda: technician.visit(shop, draw, until_answered): 1,
        }
        # Voids are rarer than sales and refunds, and each way in which one can end is wanted.
        self.of_a_void = {self._mood: 2, self._refuses: 4, self._keeps: 4, self._no_line: 4, self._paper: 1}
        if not calm:
            self.kinds |= {self._power: 3, self._cut: 4}
        if not shop.settings["wallet_accepts"]:  # an approval is a booking then, so wallets must be of that kind
            shop.acquirer.wallets.done_after_ms = 0
            del self.kinds[self._wallet]

    def pass_by(self, screen: str) -> None:
        """Something may happen now, or all be well again. screen: its word, for trouble that waits until something is sent."""
        if self.shop.world.now_ms < self.until:
            return
        if self.draw.random() < BAD_LUCK.get(screen, WORSE):
            kinds = self.of_a_void if screen == "void.confirm" else self.kinds
            self.draw.choices(list(kinds), list(kinds.values()))[0]()
        elif self.draw.random() < BETTER:
            self.mend()

    def mend(self) -> None:
        """Everything works."""
        acquirer, terminal = self.shop.acquirer, self.terminal
        acquirer.set_mood("normal")
        acquirer.delay_ms, acquirer.wallets.balance, acquirer.wallets.fails = 0, None, None
        terminal.paper_in, terminal.cut_when_sent = True, False
        terminal.flash.cut = terminal.vault.cut = terminal.training.cut = None
        if not terminal.network.plugged:
            terminal.plug_network(True)

    def _mood(self) -> None:
        mood = self.draw.choice((*MOODS, "by-amount", "by-amount", "silent", "loses", "less"))
        self.shop.acquirer.set_mood(mood, None if mood == "normal" or self.draw.random() < 0.5 else self.draw.randrange(1, 8))

    def _by_amount(self) -> None:
        self.shop.acquirer.set_mood("by-amount")

    def _refuses(self) -> None:
        """Whatever comes, reversals too."""
        self.shop.acquirer.set_mood("declines")

    def _keeps(self) -> None:
        """It books what comes next, its answer is lost, and it does not take it back."""
        acquirer = self.shop.acquirer
        acquirer.set_mood("loses", 1)
        self.until = self.shop.world.now_ms + PATIENCE

        def refuse() -> None:
            if acquirer.mood == "normal":
                acquirer.set_mood("declines")
            elif acquirer.mood == "loses" and self.shop.world.now_ms < self.until:
                self.shop.world.at(SECOND, refuse)

        self.shop.world.at(SECOND, refuse)

    def _no_line(self) -> None:
        self.shop.plug_serial(False)
        self.terminal.plug_network(False)

    def _line(self) -> None:
        self.terminal.plug_network(not self.terminal.network.plugged)

    def _serial(self) -> None:
        self.shop.plug_serial(not self.terminal.serial.plugged)

    def _paper(self) -> None:
        self.terminal.paper_in = not self.terminal.paper_in

    def _wallet(self) -> None:
        wallets = self.shop.acquirer.wallets
        wallets.balance = self.draw.choice((None, 0, 5000))
        wallets.fails = self.draw.choice((None, None, *FAILURES))
        wallets.done_after_ms = self.draw.choice((5, 30, 4000)) * SECOND

    def _time(self) -> None:
        """Nobody touches it for a while; who stays away is logged out. Over night it is off, or all is well: a line that is tried
        every few seconds for a day would take most of the walk."""
        waits = (10 * SECOND, 120 * SECOND, 1000 * SECOND, HOUR, 25 * HOUR, 50 * HOUR)
        wait = self.draw.choices(waits, (24, 16, 6, 2, 2, 1))[0]
        if self.calm and self.terminal.uptime_ms + wait > LONGEST:
            wait = SECOND
        if wait >= HOUR:
            self.mend() if self.calm else self.terminal.power_off()
        self.shop.world.run(wait)

    def _batch(self) -> None:
        """The acquirer has closed it by itself."""
        self.shop.acquirer.set_batch(TERMINAL, self.shop.acquirer.open_batch(TERMINAL) % 999_999 + 1)

    def _slow(self) -> None:
        self.shop.acquirer.delay_ms = self.draw.choice((0, 700, 2600))

    def _asks(self) -> None:
        self.shop.acquirer.ask_terminal(self.draw.randrange(1, 7))

    def _power(self) -> None:
        self.terminal.power_off()

    def _cut(self) -> None:
        """When the next bytes have left, or in the midst of one of the next operations of flash or vault."""
        part = self.draw.choice((None, self.terminal.flash, self.terminal.vault, self.terminal.training))
        if part is None:
            self.terminal.cut_when_sent = True
        else:
            part.cut = (part.operations + self.draw.randrange(1, 40), self.draw.choice(list(TEARS)))
