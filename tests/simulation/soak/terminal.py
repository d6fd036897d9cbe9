"""A terminal without its screen: the firmware put together as app.py does it, over a chip and a vault that outlast its lives."""

from __future__ import annotations

import json
import random
from binascii import crc32
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from emulator import acquirer as acquirers
from emulator.shop import SETTINGS, WITHOUT_QUERIES
from parts import TABLES, Clock
from soak.book import Book, Chip, TearingVault, arrow_of
from soak.forger import Forger
from soak.laptop import Laptop, SerialPort
from soak.lines import GOOD, NUMBER, Fault, Network
from soak.plan import ANSWER_MS, ASK_MS
from yuanlu.app import _guard
from yuanlu.config import Config
from yuanlu.crypto.dukpt import loaded
from yuanlu.crypto.seal import Seal, provisioned
from yuanlu.crypto.session_sealing import TMK_PLACE
from yuanlu.desk import Desk
from yuanlu.errors import Refused, StoreDamaged
from yuanlu.forwarder import Forwarder
from yuanlu.link.acquirer import NetworkRoad
from yuanlu.link.channel import Channel
from yuanlu.link.serial_line import SerialLine
from yuanlu.loop import create_task
from yuanlu.refund.codes import Codes
from yuanlu.refund.transaction import Transaction
from yuanlu.store.journal import Journal
from yuanlu.wire.messages import refund_number

if TYPE_CHECKING:
    from soak.world import World

CODES = Codes(TABLES)
WALLET_ASKS = "10 30 60 120 300"


class DatedClock(Clock):
    """The Clock port: the world's time, and a date that may be wrong."""

    def __init__(self, world: World) -> None:
        self.world, self.days_off, self.quality = world, 0, 1

    def date(self) -> tuple[int, int, int]:
        """(yyyymmdd, hhmmss, quality)"""
        now = self.world.date + timedelta(days=self.days_off)
        return int(now.strftime("%Y%m%d")), int(now.strftime("%H%M%S")), self.quality


class Terminal:
    """`life` is None while it has no power; `met` tells for each number on the wire what befell it."""

    def __init__(self, world: World, number: int, sectors: int, unit: int) -> None:
        self.world, self.number = world, number
        self.name = f"YL{number + 1:06d}"
        self.config = Config(self._settings())
        self.book = Book(self._parked, lambda text: world.wrong("journal", f"{self.name}: {text}"))
        self.chip = Chip(sectors, unit, self.book, world.digest.update)
        chance = random.Random(f"vault {world.plan.seed} {number}")
        self.vault = TearingVault(self.chip, self._keys(chance), chance)
        self.clock = DatedClock(world)
        self.network_is_up, self.has_paper = True, True
        self.laptop: Laptop | None = None
        self.faults: deque[Fault] = deque()
        self.older_answer = b""
        self.forgers: deque[Forger] = deque()  # of its next sign-ons
        self.keys_seen: list[str] = []  # field 62 of answers to its sign-ons, oldest first
        self.asks_sign_on = False  # the next answer's header does
        self.offline_sales = 0
        self.met: dict[str, dict[str, None]] = {}
        self.left: dict[str, None] = {}  # numbers of which bytes may have left
        self.lives = 0
        self.cut_again: tuple[int, int] | None = None
        self.life: Life | None = None
        self.power_on()

    def _settings(self) -> str:
        plan, merchant = self.world.plan, self.world.merchant
        chosen = {"terminal": self.name, "merchant": merchant, "repeat": plan.repeat, "query": int(plan.query)}
        chosen |= {"old_batches": int(plan.repeat in ("replays", "duplicate")), "offline_count": 32, "offline_amount": 99_999_999}
        chosen |= {"wallet_gap_s": 1, "wallet_asks": WALLET_ASKS}
        chosen |= {"mac": plan.mac, **({} if plan.mac == "dukpt" else WITHOUT_QUERIES)}
        return json.dumps({**SETTINGS, **chosen, "answer_ms": ANSWER_MS, "ask_ms": ASK_MS, "open_limit": 32})

    def _keys(self, chance: random.Random) -> dict[int, bytes]:
        key_id = acquirers.key_id_of(self.world.merchant, self.name)
        initial = acquirers.initial_key(self.world.base_key, key_id)
        own = {2: provisioned(chance.randbytes(32), chance.randbytes(16)), 4: loaded(initial, key_id)}
        return own if self.world.plan.mac == "dukpt" else {**own, TMK_PLACE: self.world.master_key}

    # ---- power

    def power_on(self) -> None:
        """A new life over what is on the chip."""
        if self.life is None:
            self.chip.power_on()
            self.vault.tear = None
            self.chip.cut, self.cut_again = self.cut_again, None
            self.lives += 1
            self.life = Life(self)

    def power_off(self) -> None:
        """All that the terminal was doing is gone; the acquirer hears nothing of it."""
        life = self.life
        if life is not None:
            self.meets_all("power")
            self.world.note(self, "power is off", b"")
            self.chip.dark, self.life = True, None
            life.end()

    # ---- what befalls it

    def next_fault(self) -> Fault:
        """For the connection that is opened now."""
        return self.faults.popleft() if self.faults else GOOD

    def meets(self, number: str, what: str) -> None:
        """It befell the transaction with that number."""
        if number:
            self.met.setdefault(number, {})[what] = None

    def leaves(self, data: bytes) -> None:
        """The terminal hands bytes to a line, which may lose them."""
        found = NUMBER.search(data)
        if found:
            self.left[found[0].decode()] = None

    def meets_all(self, what: str) -> None:
        """It befell everything that stands open."""
        for transaction in self.life.journal.live if self.life else ():
            self.meets(self.name_of(transaction), what)

    def name_of(self, transaction: Transaction) -> str:
        """Its number on the wire."""
        return refund_number(self.config, transaction.number)

    def plug_network(self, is_up: bool) -> None:
        """The cable; its end is seen at once."""
        self.network_is_up = is_up
        if self.life:
            self.life.network.changed.set()

    def _parked(self, transaction: Transaction, record: Any) -> None:
        live = self.life.journal.find_live(transaction.number) if self.life else None
        self.world.people.called(self, transaction, record, live or transaction)


class Life:
    """From power-up until power goes."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal, self.clock = terminal, terminal.clock
        config, vault = terminal.config, terminal.vault
        self.journal = Journal(terminal.chip, crc32(config.terminal.encode()), Seal(vault))
        self.journal.mount()
        self._see_arrows()
        self.network, self.serial = Network(terminal), SerialPort(terminal)
        self.line = SerialLine(self.serial, self.clock, vault)
        self.desk = Desk(self.journal, config, vault, self.clock, self.is_offline)
        channel = Channel([NetworkRoad(self.network, config), self.line], self.clock)
        self.forwarder = Forwarder(self.desk, channel, CODES, vault, self.clock, config)
        tasks = [
            ("forwarder", self.forwarder.run),
            ("serial line", self.line.run),
            ("network", lambda: self._watch(self.network.changed, self.network.is_up)),
            ("bridge", lambda: self._watch(self.line.appeared, lambda: True)),
            ("slips", self._tell),
        ]
        self.tasks = [create_task(_guard(self, name, start)) for name, start in tasks]

    def is_offline(self) -> bool:
        """As app.py has it."""
        return not (self.network.is_up() or self.line.is_there())

    def _see_arrows(self) -> None:
        """What a mount folds again, from what compaction has left; it can contradict itself only by a fault of the firmware."""
        self._count_trouble()
        for transaction in self.journal.live + self.journal.owed:
            again = Transaction(transaction.number, transaction.original)
            for _, address, _, _ in transaction.rests_on:
                record = self.journal.log.chip.read(address)
                try:
                    arrow = arrow_of(again.state, record)
                    again.apply(record)
                except StoreDamaged:
                    break  # the journal has told it
                self.terminal.book.arrows[arrow] += 1

    def _count_trouble(self) -> None:
        """Power cuts leave torn bytes at the end, and nothing else."""
        for trouble in self.journal.trouble:
            if "power went while they were written" not in trouble:
                self.terminal.world.wrong("journal", f"{self.terminal.name}: {trouble}")

    def failed(self, name: str, error: Exception) -> None:
        """A task died and is started again, as app.py does it. Only a lack of memory is no fault of the firmware."""
        if not isinstance(error, MemoryError):
            self.terminal.world.wrong("crashed", f"{self.terminal.name}: {name}: {type(error).__name__}: {error}")

    async def _watch(self, appeared: Any, is_up: Any) -> None:
        while True:
            await appeared.wait()
            appeared.clear()
            if is_up():
                self.forwarder.road_opened()

    async def _tell(self) -> None:
        """Slips that are owed, and the erase ahead of time."""
        while True:
            for transaction in list(self.journal.owed) if self.terminal.has_paper else ():
                if self.desk.may_note():
                    self.print_slip(transaction)
            self.journal.log.erase_ahead()
            self.forwarder.changed.clear()
            await self.forwarder.changed.wait()

    def print_slip(self, transaction: Transaction) -> None:
        """It came out whole."""
        try:
            self.desk.printed(transaction)
        except Refused:
            return  # no room just now: it stays owed

    def end(self) -> None:
        """Drop every task; what one does on its way out concerns nobody any more."""
        for task in self.tasks:
            try:
                task.coroutine.close()
            except BaseException:  # the chip is dark: whatever is tried on it says so
                pass
            task.finish(None, None)
        for stream in self.network.streams:
            stream.connection.close()
