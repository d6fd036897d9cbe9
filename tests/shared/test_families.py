"""Sales with their refunds against a model in a dict: thousands of chance steps, many wraps of the ring, many lives."""

from parts import Card, NorFlash, Random, Terminal, stay
from raises import raises
from yuanlu.errors import Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, Draft

stay("yuanlu.store.history", "yuanlu.wire.messages", "yuanlu.crypto.dukpt", "yuanlu.store.opening")

OPEN = 6  # as many transactions stand open at a time, so that the ring never fills with them
VERDICTS = (s.DONE, s.DONE, s.DONE, s.DECLINED, s.SILENT, s.LATER, s.PERSON, s.RENEW)
AFTER = {
    s.DONE: s.IS_DONE,
    s.DECLINED: s.IS_DECLINED,
    s.SILENT: s.IS_UNKNOWN,
    s.LATER: s.IS_WAITING,
    s.PERSON: s.IS_PARKED,
    s.RENEW: s.IS_QUEUED,
    s.REVERSED: s.IS_REVERSED,
}
FREES = (s.IS_DECLINED, s.IS_WITHDRAWN, s.IS_REVERSED)
SETTLED = (s.IS_DONE,) + FREES


class Model:
    """What a careful clerk would write down."""

    def __init__(self):
        self.states = {}
        self.amounts = {}
        self.originals = {}
        self.messages = {}
        self.sales = []  # done ones that the journal may still hold, oldest first

    def spent(self, sale):
        """Fen of that sale's refunds that are not definitively not done."""
        total = 0
        for number in self.states:
            counts = self.states[number] not in FREES
            if self.originals[number] == sale != number and counts:
                total += self.amounts[number]
        return total

    def open(self):
        """Numbers of what is not settled, oldest first."""
        return sorted([number for number in self.states if self.states[number] not in SETTLED])

    def forget(self, sale):
        """A sale that left the ring or never was one, with its refunds."""
        for number in [number for number in self.states if self.originals[number] == sale]:
            for table in (self.states, self.amounts, self.originals, self.messages):
                del table[number]


class Shop:
    """A terminal and its model, and the steps that chance may take."""

    def __init__(self, seed, flash):
        self.random, self.flash, self.model = Random(seed), flash, Model()
        self.till = Terminal(flash, open_limit=32)

    def sell(self):
        """A new sale, settled at once."""
        amount = 1000 + self.random.below(9000)
        try:
            sale = self.till.desk.open(Draft(KIND_SALE, amount, card=Card()))
        except Refused as error:  # a small chip
            assert error.reason == "refused.too_many_open"
            return
        self._opened(sale, amount, sale.number)
        self._settle(sale)

    def refund(self):
        """A refund of any sale that is there: all that is left, a part, or a fen too much."""
        number = self.random.pick(self.model.sales) if self.model.sales else 0
        sale = self.till.journal.sale(number)
        if sale is None:
            return
        left = sale.amount - self.model.spent(number)
        amount = self.random.pick((left, 1 + left // 3, left + 1))
        kind = self.till.desk.way_back(sale, amount) if self.random.below(2) else KIND_REFUND
        draft = Draft(kind, amount, original=number)
        if not 0 < amount <= left:
            with raises(Refused):
                self.till.desk.open(draft)
            return
        try:
            refund = self.till.desk.open(draft)
        except Refused as error:  # a small chip, or the sale was the oldest and had to leave to make room
            gone = self.till.journal.sale(number) is None
            assert (error.reason == "refused.no_original" and gone) or error.reason == "refused.too_many_open"
            return
        self._opened(refund, amount, number)

    def _opened(self, transaction, amount, original):
        number = transaction.number
        assert number not in self.model.states
        self.model.states[number], self.model.amounts[number] = s.IS_QUEUED, amount
        self.model.originals[number] = original
        self.model.messages[number] = self.till.journal.message(transaction)

    def send(self):
        """One of what waits is sent, and something becomes of it; of what is parked nothing does."""
        for transaction in self.till.journal.live:
            if s.is_sendable(transaction.state) and self.random.below(2):
                self._settle(transaction)
                return

    def _settle(self, transaction):
        number, kind = transaction.number, transaction.kind
        assert self.till.journal.message(transaction) == self.model.messages[number]
        if transaction.stale:
            self.till.desk.renew(transaction)
        if transaction.state == s.IS_UNKNOWN and kind != KIND_REFUND:
            self.till.desk.reverse(transaction, b"98")
        self.model.messages[number] = self.till.journal.message(transaction)
        verdict = self._verdict(transaction)
        self.till.settle(transaction, verdict)
        reversing = transaction.state == s.IS_REVERSING
        self.model.states[number] = s.IS_REVERSING if reversing else AFTER[verdict]
        if kind == KIND_SALE and verdict == s.DONE:
            self.model.sales.append(number)
        elif kind == KIND_SALE and verdict in (s.DECLINED, s.REVERSED):
            self.model.forget(number)

    def _verdict(self, transaction):
        if transaction.state == s.IS_REVERSING:
            return self.random.pick((s.REVERSED, s.REVERSED, s.SILENT))
        verdict = self.random.pick(VERDICTS)
        parked = len([1 for number in self.model.states if self.model.states[number] == s.IS_PARKED])
        if (verdict == s.PERSON and parked > 2) or (verdict == s.RENEW and transaction.kind != KIND_REFUND):
            return s.DONE
        return verdict

    def withdraw(self):
        """Takes back something that was never sent."""
        for transaction in self.till.journal.live:
            if transaction.state == s.IS_QUEUED and not transaction.stale:
                self.till.desk.withdraw(transaction)
                self.model.states[transaction.number] = s.IS_WITHDRAWN
                if transaction.number == transaction.original:
                    self.model.forget(transaction.number)
                return

    def print(self):
        """A slip of anything that is there."""
        for transaction in self.till.journal.owed + self.till.journal.live:
            if self.random.below(3) == 0:
                self.till.desk.printed(transaction)
                return

    def restart(self):
        """Power went between two operations."""
        self.till = Terminal(self.flash, open_limit=32)

    def step(self):
        """One step by chance."""
        if len(self.till.journal.live) >= OPEN:
            steps = (self.send, self.send, self.withdraw, self.restart)
        else:
            steps = (self.sell,) * 4 + (self.refund,) * 5 + (self.send,) * 4 + (self.print, self.print, self.withdraw)
        self.random.pick(steps)()
        if self.random.below(30) == 0:
            self.restart()

    def check(self, numbers):
        """The journal says of these sales what the model says, and of what is open."""
        journal, model = self.till.journal, self.model
        assert all("power went while they were written" in what for what in journal.trouble), journal.trouble
        assert sorted([t.number for t in journal.live]) == model.open()
        for transaction in journal.live:
            assert transaction.state == model.states[transaction.number]
        for number in numbers:
            if journal.sale(number) is None:
                for other in model.open():
                    if model.originals[other] == number:
                        assert journal.original(number).amount == model.amounts[number], "a sale left before its refunds"
                        break
                else:
                    model.sales.remove(number)
                    model.forget(number)
            else:
                assert journal.spent(number) == model.spent(number), number


def play(seed, steps, sectors, size, unit):
    """A shop's life; returns it."""
    shop = Shop(seed, NorFlash(sectors, size, unit))
    for turn in range(steps):
        shop.step()
        some = shop.model.sales[-1:] + shop.model.sales[:2]
        shop.check(list(shop.model.sales) if turn % 25 == 0 else sorted(set(some)) if turn % 4 == 0 else ())
    shop.restart()
    shop.check(list(shop.model.sales))
    return shop


def test_L3_L5_spent_never_shrinks_while_the_sale_is_there_page_wise():
    """150 steps in units of 256 bytes, where a record takes a page."""
    shop = play(15, 150, 10, 4096, 256)
    assert shop.flash.erases > 10, shop.flash.erases


def test_L3_L5_spent_never_shrinks_while_the_sale_is_there():
    """600 steps over 6 sectors of 4 KiB in units of 16 bytes: many wraps, many lives."""
    shop = play(16, 600, 6, 4096, 16)
    assert shop.flash.erases > 40, shop.flash.erases


def test_L3_L5_spent_never_shrinks_while_the_sale_is_there_on_small_rings():
    """Four and five sectors, byte-wise and in units of 32."""
    for seed, steps, sectors, size, unit in ((52, 200, 5, 4096, 1), (17, 300, 4, 6144, 32)):
        shop = play(seed, steps, sectors, size, unit)
        assert shop.flash.erases > 2 * sectors, (unit, shop.flash.erases)
