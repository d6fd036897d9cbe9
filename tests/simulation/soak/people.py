"""People behind the counter: called when a transaction needs one, they look into the acquirer's books, as from a statement, days
later, and settle what they find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from soak.book import code_of
from soak.terminal import Life, Terminal
from yuanlu.errors import Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, Transaction

if TYPE_CHECKING:
    from soak.world import World

PATIENCE_MS = 60_000  # nobody looks before: a statement comes days later, when nothing is on its way any more
_OPERATOR = 7
# Under session keys: said of a repeat, it leaves the first one open (docs/wire.md, section 5).
_SEAL_REFUSED = ("code A0", "code 99")


class Call(NamedTuple):
    """A transaction has come to need a person. `spent`: everything that could be tried was."""

    when: datetime
    at_ms: int
    cause: str
    spent: bool


class People:
    """`calls`: by number on the wire, the newest; `causes` counts why refunds came to them; `released`: what was held once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.causes: Counter[str] = Counter()
        self.calls: dict[str, Call] = {}
        self.released: list[str] = []

    def called(self, terminal: Terminal, transaction: Transaction, record: Any, live: Transaction) -> None:
        """By a record that says so; live: as the forwarder has it. Wrong when nothing was sent, or a query or a repeat could have
        told more."""
        number, world, code = terminal.name_of(transaction), self.world, code_of(record)
        spent = max(transaction.tries, live.failures + 1) >= terminal.config.budget
        spent = spent or live.asked >= len(terminal.config.wallet_asks)
        last = terminal.book.codes.get(transaction.number, "")
        cause = f"budget {last}".strip() if spent else f"code {code}" if code else "silence"
        if record.type == s.ALARM:
            cause, spent = "other amount", True
        self.calls[number] = Call(world.date, world.now_ms, cause, spent)
        world.note(terminal, f"{number} needs a person: {cause}", b"")
        if transaction.kind != KIND_REFUND:
            return
        self.causes[cause] += 1
        met = list(terminal.met.get(number, {}))
        # Power that goes between the SENDING record and the first byte leaves it open to the next life whether a byte left.
        if record.type != s.ALARM and number not in terminal.left and "power" not in met:
            world.wrong("person", f"{number}: nothing was sent, and it is with a person; it met {met}")
        elif cause == "silence" and self._could_be_told():
            world.wrong("person", f"{number}: an answer was lost, and it is with a person; it met {met}")

    def _could_be_told(self) -> bool:
        return self.world.plan.query or self.world.plan.kind == "a"

    def judge(self) -> None:
        """Wrong where a refund was with a person though it was booked, or accepted by its wallet, before."""
        for entry in self.world.acquirer.ledger.entries if self._could_be_told() else ():
            call = self.calls.get(entry.number)
            if entry.kind != "refund" or call is None or call.cause in _SEAL_REFUSED:
                continue
            if not call.spent and entry.when <= call.when:
                self.world.wrong("person", f"{entry.number}: booked or accepted, then with a person for {call.cause}")

    def act(self, terminal: Terminal, life: Life) -> None:
        """Settle what has been open for long enough, as the books say. What holds the queue is mended first; what is held again
        after that is settled like everything else."""
        old = [t for t in life.journal.live if s.may_be_decided(t.state) and self._is_over(terminal, t)]
        mended = [t for t in old if t.state == s.IS_HELD and terminal.name_of(t) not in self.released]
        if mended:
            self.released += [terminal.name_of(t) for t in mended]
            self._decide(life, lambda: life.desk.release(_OPERATOR, b"mended"))
        for transaction in old:
            if transaction not in mended:
                self._settle(terminal, life, transaction)

    def _is_over(self, terminal: Terminal, transaction: Transaction) -> bool:
        """Nothing of it can be on its way any more."""
        sent_at = terminal.book.sent_at.get(transaction.number)
        return sent_at is not None and self.world.now_ms - sent_at >= PATIENCE_MS

    def _settle(self, terminal: Terminal, life: Life, transaction: Transaction) -> None:
        """Where nothing is booked, every second refund is tried anew."""
        desk, number = life.desk, terminal.name_of(transaction)
        booked = self.world.times(number) > 0
        anew = not booked and transaction.kind == KIND_REFUND and transaction.number % 2
        if anew and s.may_be_tried_anew(transaction.state):
            self._decide(life, lambda: desk.again(transaction, _OPERATOR, b"not on statement"))
        else:
            self._decide(life, lambda: desk.resolve(transaction, booked, _OPERATOR, b"statement", self.world.fen(number)))

    def _decide(self, life: Life, decide: Callable[[], None]) -> None:
        try:
            decide()
        except Refused as error:
            self.world.count_refusal(error.reason)
        life.forwarder.wake()
