"""A shop's traffic for months on one chip, and a model in plain dicts of what the terminal was told. CPython only: a ring of
1 MiB takes tens of thousands of records.

A day is 200 sales and begins with power-up. Each sale goes INTENT, SENDING, SALE, PRINTED as desk and forwarder do it; one in ten
is refunded, part of it or all, up to a week later; some are declined; a few refunds stay unsettled for a week and more.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from parts import APPROVED, Card, Clock, NorFlash, Terminal
from yuanlu.errors import Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, Draft, Transaction
from yuanlu.store import history

SALES_A_DAY = 200
FIRST_DAY = date(2026, 11, 22)
DECLINED_ONE_IN = 25
REFUND_ONE_IN = 9  # opened; one done refund for ten done sales is left after the declined and the unsettled
REFUND_AFTER_SALES = 1000  # within so many sales most refunds are asked for
LONG_OPEN = 4  # refunds that stand unsettled
LONG_SALES = 1500  # for so many sales


class Sold(NamedTuple):
    """What the shop's own paper says of one sale."""

    number: int
    amount: int
    trace: int
    rrn: bytes
    last_four: bytes
    date: int


class Standing(NamedTuple):
    """What one pass over the whole ring finds, without any filter: the control of every look-up."""

    sales: dict[int, int]  # number: fen
    refunds: dict[int, tuple[int, int]]  # number: (original, fen)


class Days(Clock):
    """The Clock port, a day for each `SALES_A_DAY`."""

    day = 0

    def date(self) -> tuple[int, int, int]:
        today = FIRST_DAY + timedelta(days=self.day)
        return today.year * 10000 + today.month * 100 + today.day, 101507, 1


class ShopFloor:
    """A Terminal, what chance does with it, and the model: `sold` and `returned` by number."""

    def __init__(self, flash: NorFlash, seed: int) -> None:
        self.flash, self.random, self.clock = flash, random.Random(seed), Days()
        self.sold: dict[int, Sold] = {}
        self.returned: dict[int, tuple[int, int]] = {}  # refunds that are done: (original, fen)
        self.done: Counter[int] = Counter()  # fen by sale
        self.open: list[tuple[int, int]] = []  # (refund left unsettled, sales made when that began)
        self.made = 0
        self.power_on()

    def power_on(self) -> None:
        """A new life on the same chip."""
        self.till = Terminal(self.flash, open_limit=32)
        self.till.clock = self.till.desk.clock = self.clock
        assert not self.till.journal.trouble, self.till.journal.trouble

    def work(self, sales: int) -> None:
        """So many more sales and what belongs to them."""
        for _ in range(sales):
            if self.made % SALES_A_DAY == 0:
                self.clock.day = self.made // SALES_A_DAY
                self.power_on()
            self.made += 1
            self.sell()
            if self.random.randrange(REFUND_ONE_IN) == 0:
                self.refund()
            self.settle_old()
            self.till.journal.log.erase_ahead()

    def sell(self) -> None:
        """One sale, now and then a declined one."""
        card = Card()
        card.number = b"622848%04d" % self.random.randrange(10_000)
        sale = self.till.desk.open(Draft(KIND_SALE, self.random.randrange(100, 100_000), card=card))
        if self.random.randrange(DECLINED_ONE_IN) == 0:
            self.finish(sale, s.DECLINED)
        else:
            self.finish(sale, s.DONE)
            self.sold[sale.number] = Sold(sale.number, sale.amount, sale.trace, sale.rrn, card.number[6:], sale.date)

    def finish(self, transaction: Transaction, verdict: int) -> None:
        """Sent, answered, printed."""
        code = b"00" if verdict == s.DONE else b"51"
        answer = APPROVED._replace(code=code, rrn=b"%012d" % transaction.trace, date=0)
        self.till.settle(transaction, verdict, answer)
        self.till.desk.printed(transaction)

    def refund(self) -> None:
        """Of one of the newest sales of which something is left: half of it, or the rest."""
        newest = list(self.sold)[-REFUND_AFTER_SALES:]
        left = 0
        while left <= 0:
            sale = self.sold[self.random.choice(newest)]
            left = sale.amount - self.given_back(sale.number)
        amount = self.random.choice((left, 1 + left // 2))
        try:
            refund = self.till.desk.open(Draft(KIND_REFUND, amount, original=sale.number))
        except Refused as error:  # a small ring: the sale has left, perhaps to make room for this very refund
            assert error.reason == "refused.no_original" and sale.number < self.till.journal.log.lowest
            return
        if len(self.open) < LONG_OPEN:
            self.till.settle(refund, s.SILENT)
            self.open.append((refund.number, self.made))
        elif self.random.randrange(DECLINED_ONE_IN) == 0:
            self.finish(refund, s.DECLINED)
        else:
            self.finish(refund, s.DONE)
            self._returned(refund)

    def _returned(self, refund: Transaction) -> None:
        self.returned[refund.number] = refund.original, refund.amount
        self.done[refund.original] += refund.amount

    def given_back(self, number: int) -> int:
        """Fen of that sale's refunds that are done or may be."""
        return self.done[number] + sum(refund.amount for refund in self.till.journal.live if refund.original == number)

    def settle_old(self) -> None:
        """The acquirer answers at last."""
        for number, since in self.open[:]:
            if self.made - since >= LONG_SALES:
                refund = self.till.journal.find_live(number)
                self.finish(refund, s.DONE)
                self._returned(refund)
                self.open.remove((number, since))


def standing(journal) -> Standing:
    """Every sale and refund of the ring that has not left."""
    found = Standing({}, {})
    for record in history.records(journal.log):
        if record.original < journal.log.lowest:
            continue
        if record.type == s.SALE:
            found.sales[record.transaction] = record.body().amount
        elif record.type == s.REFUND:
            found.refunds[record.transaction] = record.original, record.body().amount
    return found


def differences(shop: ShopFloor, found: Standing) -> Iterator[str]:
    """Where the ring and the model do not agree: every sale from `lowest` on is there with every refund, and nothing else."""
    lowest = shop.till.journal.log.lowest
    sales = {number: sold.amount for number, sold in shop.sold.items() if number >= lowest}
    refunds = {number: told for number, told in shop.returned.items() if told[0] >= lowest}
    for name, there, told in (("sale", found.sales, sales), ("refund", found.refunds, refunds)):
        for number in sorted(there.keys() | told.keys()):
            if there.get(number) != told.get(number):
                yield f"{name} {number}: the ring says {there.get(number)}, the model {told.get(number)}"
