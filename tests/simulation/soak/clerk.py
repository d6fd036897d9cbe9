"""What a clerk does at a terminal, straight at the desk: the screens ask the same of it."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

from emulator.acquirer import seal_card
from soak.terminal import Life, Terminal
from yuanlu import record as r
from yuanlu.errors import Refused, StoreFull
from yuanlu.forwarder import Errand
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, ROAD_OFFLINE, Draft, Transaction

if TYPE_CHECKING:
    from soak.world import World

_RECENT = 8
OFFLINE_TRACES = 500_000  # theirs begin after it
_PAYERS = ("6228480402564890018", "280000000000000017")  # a published test number, a made-up code


class Card:
    """What reader and scanner give."""

    fingerprint = bytes(8)

    def __init__(self, payer: str, reader_key: bytes, seed: int) -> None:
        self.number = (payer[:6] + payer[-4:]).encode()
        self.block = seal_card(payer, random.Random(seed).randbytes(12), reader_key)


class Clerk:
    """Each method is a step of the plan; what the desk refuses is counted, and nothing more."""

    def __init__(self, world: World) -> None:
        self.world = world

    def sale(self, terminal: Terminal, life: Life, amount: int, road: int) -> None:
        """a: fen; b: 0 by card, 1 by a wallet"""
        card = Card(_PAYERS[road], self.world.reader_key, self.world.now_ms)
        self._open(terminal, life, Draft(KIND_SALE, amount, card=card, road=road))

    def offline_sale(self, terminal: Terminal, life: Life, amount: int, days: int) -> None:
        """One that was made without the acquirer b days ago, at its terminal's clock, and was uploaded; its record is complete in
        itself. a: fen"""
        journal = life.journal
        if journal.is_busy(r.payload_length(s.SALE)):
            self.world.count_refusal("refused.busy")
            return
        if not journal.log.quiet:
            journal.make_room()
        when = self.world.date + timedelta(days=terminal.clock.days_off - days)
        terminal.offline_sales += 1
        batch, trace = max(1, journal.counters.batch), OFFLINE_TRACES + terminal.offline_sales
        self.world.acquirer.upload_offline_sale(terminal.name, batch, trace, amount, when)
        number, date, time = journal.log.number, int(when.strftime("%Y%m%d")), int(when.strftime("%H%M%S"))
        payer = _PAYERS[0]
        head = (number, number, KIND_SALE | ROAD_OFFLINE << 4, amount, batch, trace, date, time, terminal.clock.quality)
        journal.append(s.SALE, (*head, 0, 0, 0, (payer[:6] + payer[-4:]).encode(), bytes(8), bytes(12), bytes(6)))

    def refund(self, terminal: Terminal, life: Life, pick: int, share: int) -> Transaction | None:
        """a: which of the newest sales; b: permille of what is left of it"""
        sales = life.journal.sales(_RECENT)
        if not sales:
            self.world.count_refusal("no sale")
            return None
        sale = sales[pick % len(sales)]
        try:
            left = life.desk.left(sale)
        except Refused as error:
            self.world.count_refusal(error.reason)
            return None
        amount = max(1, left * share // 1000)
        return self._open(terminal, life, Draft(life.desk.way_back(sale, amount), amount, original=sale.number))

    def twice(self, terminal: Terminal, life: Life, pick: int, share: int) -> None:
        """Two parts of one sale at once."""
        self.refund(terminal, life, pick, min(share, 500))
        self.refund(terminal, life, pick, min(share, 500))

    def regret(self, terminal: Terminal, life: Life, pick: int, share: int) -> None:
        """A refund that is taken back before anything was sent."""
        refund = self.refund(terminal, life, pick, share)
        if refund is not None:
            self._withdraw(life, refund)

    def withdraw(self, terminal: Terminal, life: Life, pick: int, b: int) -> None:
        """Take back one that waits for a line."""
        queued = [transaction for transaction in life.journal.live if transaction.state == s.IS_QUEUED]
        if queued:
            self._withdraw(life, queued[pick % len(queued)])

    def impatient(self, terminal: Terminal, life: Life, pick: int, b: int) -> None:
        """Sees "unknown", presses "send now", and starts the same refund again."""
        waiting = [transaction for transaction in life.journal.live if transaction.kind == KIND_REFUND]
        if waiting:
            refund = waiting[pick % len(waiting)]
            if refund.state == s.IS_QUEUED and not refund.stale:  # the screen offers it for these alone
                life.forwarder.send_now(refund)
            self._open(terminal, life, Draft(KIND_REFUND, refund.amount, original=refund.original))

    def paper(self, terminal: Terminal, life: Life, a: int, b: int) -> None:
        """Paper is out, or in again; then slips of what is not settled yet are printed."""
        terminal.has_paper = not terminal.has_paper
        for transaction in life.journal.live[:3] if terminal.has_paper else ():
            life.print_slip(transaction)
        life.forwarder.changed.set()

    def echo(self, terminal: Terminal, life: Life, a: int, b: int) -> None:
        """A line test."""
        self.errand(life, "echo")

    def errand(self, life: Life, name: str) -> Errand | None:
        """What the forwarder does besides: an "echo" or "closing"; None while the screen of the one before is still up."""
        if life.forwarder.errand:
            return None
        errand = life.forwarder.errand = Errand(name)
        life.forwarder.wake()
        return errand

    def _open(self, terminal: Terminal, life: Life, draft: Draft) -> Transaction | None:
        try:
            transaction = life.desk.open(draft)
        except Refused as error:
            self.world.count_refusal(error.reason)
            return None
        except StoreFull:
            self.world.count_refusal("journal full")
            return None
        life.forwarder.wake()
        self.world.note(terminal, f"opens {terminal.name_of(transaction)}, {draft.amount} fen", b"")
        return transaction

    def _withdraw(self, life: Life, transaction: Transaction) -> None:
        try:
            life.desk.withdraw(transaction)
        except Refused as error:
            self.world.count_refusal(error.reason)
