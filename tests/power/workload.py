"""A terminal's days at the counter, written down as a clerk with a perfect memory would, for every cut to be held against.

Firmware parts: Journal, Seal and Desk over chip.Chip, put together as a board does. The book knows what was acknowledged; a cut
may leave the step in flight done or undone, and nothing else changed.
"""

from __future__ import annotations

from typing import NamedTuple

from chip import Chip, Operation
from operations import learn
from parts import APPROVED, Card, Clock, settings
from yuanlu.crypto.seal import Seal
from yuanlu.desk import Desk
from yuanlu.errors import Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, Draft, Transaction
from yuanlu.store.journal import Journal

CONFIG = settings(open_limit=12)
CARD, CLOCK = Card(), Clock()
VERDICTS = {
    "done": s.DONE,
    "declined": s.DECLINED,
    "silent": s.SILENT,
    "renewed": s.RENEW,
    "person": s.PERSON,
    "reversed": s.REVERSED,
    "later": s.LATER,
}


class Entry(NamedTuple):
    """One transaction as it was acknowledged."""

    number: int
    original: int
    amount: int
    state: int
    message: bytes
    trace: tuple[int, int]


class Book(NamedTuple):
    """Everything that was acknowledged at one moment. `content`: what each record number stands for."""

    entries: dict[int, Entry]
    content: dict[int, bytes]
    lowest: int
    printed: int
    owed: tuple[int, ...]


class Life:
    """From power-up on. Mounting is part of it."""

    def __init__(self, chip: Chip) -> None:
        chip.power_on()
        self.chip = chip
        self.journal = Journal(chip, 1, Seal(chip.vault))
        self.journal.mount()
        self.desk = Desk(self.journal, CONFIG, chip.vault, CLOCK)

    def sell(self, amount: int) -> Transaction:
        """A sale, opened."""
        return self.desk.open(Draft(KIND_SALE, amount, card=CARD))

    def give_back(self, sale: int, amount: int) -> Transaction:
        """A refund of it, opened."""
        return self.desk.open(Draft(KIND_REFUND, amount, original=sale))

    def go_on(self, verb: str, number: int) -> None:
        """One more record of an open transaction."""
        transaction = self.journal.find_live(number)
        if verb == "sending":
            self.desk.sending(transaction, 1)
        elif verb == "withdraw":
            self.desk.withdraw(transaction)
        elif verb == "reverse":
            self.desk.reverse(transaction, b"98")
        elif verb == "again":
            self.desk.renew(transaction)
        else:
            verdict = VERDICTS[verb]
            self.desk.note(transaction, verdict, None if verdict == s.SILENT else APPROVED)

    def print(self, number: int) -> None:
        """The slip of what it is now came out."""
        known = [t for t in self.journal.live + self.journal.owed if t.number == number]
        self.desk.printed(known[0] if known else self.journal.transaction(number))


class Workload:
    """Plays steps and keeps the book; afterwards `tape` has each operation and `books` the book before each step."""

    def __init__(self, chip: Chip) -> None:
        self.chip = chip
        self.names: dict[str, int] = {}
        self.entries: dict[int, Entry] = {}
        self.content: dict[int, bytes] = {}
        self.life = Life(chip)
        self.books: list[Book] = []
        self.reached: dict[str, int] = {}

    def play(self, steps: list[list[str]], record: bool) -> None:
        """Do them all; record: keep every operation for tearing."""
        chip = self.chip
        tape: list[Operation] = []
        chip.tape = tape
        for step in steps:
            chip.step = len(self.books)
            if record:
                self.books.append(self.book())
            self._step(*step)
            self._learn(tape, chip.step if record else -1)
            if not record:
                tape.clear()
        self.books.append(self.book())
        chip.tape = None
        self.tape = tape

    def _learn(self, tape: list[Operation], step: int) -> None:
        """What the step wrote is acknowledged now."""
        for operation in tape:
            if operation.step == step or step < 0:
                learn(self.content, operation)
        for transaction in self.life.journal.live:
            self._note(transaction)

    def book(self) -> Book:
        """This moment."""
        journal = self.life.journal
        owed = tuple(transaction.number for transaction in journal.owed)
        lowest = journal.log.lowest
        self.entries = {n: e for n, e in self.entries.items() if e.original >= lowest or not s.is_final(e.state)}
        return Book(dict(self.entries), dict(self.content), lowest, journal.printed, owed)

    def _note(self, transaction: Transaction) -> None:
        final = s.is_final(transaction.state)
        message = b"" if final else bytes(self.life.journal.message(transaction))
        identity = transaction.batch, transaction.trace
        entry = Entry(transaction.number, transaction.original, transaction.amount, transaction.state, message, identity)
        self.entries[transaction.number] = entry

    def _count(self, what: str) -> None:
        self.reached[what] = self.reached.get(what, 0) + 1

    def _step(self, verb: str, name: str = "", other: str = "", amount: str = "0") -> None:
        life = self.life
        if verb == "restart":
            self.life = Life(self.chip)
        elif verb == "ahead":
            life.journal.log.erase_ahead()
            self._count("erase ahead")
        elif verb == "wear":  # the sector in use stops taking programs
            self.chip.stuck |= {life.journal.log.head}
        elif verb == "sale":
            self._open(name, lambda: life.sell(int(other)))
        elif verb == "refund" and other in self.names:
            self._open(name, lambda: life.give_back(self.names[other], int(amount)))
        elif verb == "print" and name in self.names:
            life.print(self.names[name])
        elif name in self.names:  # not so when a full chip refused to open it
            self._go_on(verb, self.names[name])

    def _open(self, name: str, opening) -> None:
        retired = len(self.life.journal.log.retired)
        for _ in range(2):
            try:
                opened = opening()
            except Refused as error:
                self._count("full" if error.reason == "refused.too_many_open" else error.reason)
                if error.reason == "refused.flash":
                    continue
                break
            self.names[name] = opened.number
            self._note(opened)
            break
        if len(self.life.journal.log.retired) > retired:
            self._count("retired")

    def _go_on(self, verb: str, number: int) -> None:
        transaction = self.life.journal.find_live(number)
        if transaction is None:
            raise AssertionError(f"{verb} of {number}, which is not open")
        self.life.go_on(verb, number)
        self._note(transaction)


# ---- the days


def day(turn: int) -> list[list[str]]:
    """Every kind of record; the silent refund stays open and is settled two days later."""
    d, old = str(turn), str(turn - 2)
    text = f"""
        sale S{d} 100000, sending S{d}, done S{d}, print S{d}, refund R{d} S{d} 10, sending R{d}, silent R{d},
        refund W{d} S{d} 20, withdraw W{d}, refund D{d} S{d} 40, sending D{d}, done D{d}, restart,
        refund N{d} S{d} 80, sending N{d}, renewed N{d}, again N{d}, print D{d},
        sale L{d} 500, sending L{d}, silent L{d}, reverse L{d}, ahead, restart,
        sending L{d}, reversed L{d}, sending N{d}, declined N{d}
    """
    if turn > 2:
        text += f", sending R{old}, done R{old}"
    return parse(text)


def parse(text: str) -> list[list[str]]:
    """Steps from words."""
    return [step.split() for step in text.split(",") if step.strip()]


def filling() -> list[list[str]]:
    """Refunds that stay open until the terminal takes no more, and the way out of that: one is settled."""
    text = "sale F 50000, sending F, done F, " + ", ".join(f"refund F{n} F {n + 1}" for n in range(14))
    return parse(text + ", sending F0, done F0, restart, sending F1, silent F1")


def wearing() -> list[list[str]]:
    """The sector in use stops keeping what is written, and that before an INTENT."""
    return parse("wear, sale V 900, sending V, done V, restart, sale V2 100")


def crowd(count: int, sales: int = 0) -> list[list[str]]:
    """Many sales without a break, so that sectors close by themselves and history leaves."""
    return parse(", ".join(f"sale C{sales + n} {100 + n}, sending C{sales + n}, done C{sales + n}" for n in range(count)))
