"""People behind the counter: called when a transaction needs one, they look into the acquirer's books, as from a statement, days
later, and settle what they find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from soak.book import code_of
from soak.plan import BEFORE_THE_FIRST_BYTE
from soak.terminal import Life, Terminal
from yuanlu.errors import Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, Transaction

if TYPE_CHECKING:
    from soak.world import World

PATIENCE_MS = 60_000  # nobody looks before: a statement comes days later, when nothing is on its way any more
_OPERATOR = 7


class People:
    """`causes` counts why refunds came to them, `called_at` knows when, by number on the wire."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.causes: Counter[str] = Counter()
        self.called_at: dict[str, int] = {}

    def called(self, terminal: Terminal, transaction: Transaction, record: Any, asked: int) -> None:
        """A transaction has come to need a person. Wrong, where a query or a repeat could have told, or nothing was sent."""
        number, world = terminal.name_of(transaction), self.world
        self.called_at[number] = world.now_ms
        code = code_of(record)
        spent = max(transaction.sends, transaction.attempt, asked) >= terminal.config.budget
        cause = f"budget {terminal.book.codes.get(transaction.number, '')}".strip() if spent else f"code {code}" if code else "silence"
        world.note(terminal, f"{number} needs a person: {cause}", b"")
        if transaction.kind != KIND_REFUND:
            return
        self.causes[cause] += 1
        met = list(terminal.met.get(number, {}))
        if cause == "silence" and all(fault in BEFORE_THE_FIRST_BYTE for fault in met):
            world.wrong("person", f"{number}: nothing was sent, and it is with a person; it met {met}")
        if (world.plan.query or world.plan.kind == "a") and not spent:
            if cause == "silence":
                world.wrong("person", f"{number}: an answer was lost, and it is with a person; it met {met}")
            elif world.times(number):
                world.wrong("person", f"{number}: booked, and with a person for {cause}; it met {met}")

    def act(self, terminal: Terminal, life: Life) -> None:
        """Settle what has been with a person for long enough."""
        held = [t for t in life.journal.live if t.state == s.IS_HELD]
        if held and all(self._is_over(terminal, t) for t in held):
            self._decide(terminal, life, lambda: life.desk.release(_OPERATOR, b"mended"))
        for transaction in list(life.journal.live):
            if transaction.state == s.IS_PARKED and self._is_over(terminal, transaction):
                self._settle(terminal, life, transaction)

    def _is_over(self, terminal: Terminal, transaction: Transaction) -> bool:
        return self.world.now_ms - self.called_at.get(terminal.name_of(transaction), self.world.now_ms) >= PATIENCE_MS

    def _settle(self, terminal: Terminal, life: Life, transaction: Transaction) -> None:
        """As the books say; where nothing is booked, every second refund is tried anew."""
        desk, booked = life.desk, self.world.times(terminal.name_of(transaction)) > 0
        if not booked and transaction.kind == KIND_REFUND and transaction.number % 2:
            self._decide(terminal, life, lambda: desk.again(transaction, _OPERATOR, b"not on the statement"[:18]))
        else:
            self._decide(terminal, life, lambda: desk.resolve(transaction, booked, _OPERATOR, b"statement"))

    def _decide(self, terminal: Terminal, life: Life, decide: Callable[[], None]) -> None:
        try:
            decide()
        except Refused as error:
            self.world.refused(error.reason)
        life.forwarder.wake()
