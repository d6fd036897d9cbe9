"""The journal of this terminal: the transactions that its records tell of, and what they add up to.

In RAM stand only the transactions that are not settled (`live`); everything else is read from flash when it is asked for.
What waits, what is unknown and what a person must look at is this same list looked at, never a second store.
"""

from yuanlu import record as r
from yuanlu.compat import const
from yuanlu.errors import StoreDamaged
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_SALE, Transaction
from yuanlu.store.counters import Counters
from yuanlu.store.log import Log

# SENDING, RESULT or SALE, and one more INTENT of a clerk who works on while an answer is awaited.
_EXCHANGE_ROOM = 1024
_IS_INTENT = const(1)
_IS_SALE = const(2)
_MARKS = {s.INTENT: _IS_INTENT, s.SALE: _IS_SALE}


class Journal:
    """Given a Flash port, the terminal's 4-byte hash and a sealer `tag(number, bytes)`."""

    def __init__(self, flash, terminal, tag):
        self.log = Log(flash, terminal, tag)
        self.counters = Counters()
        self.live = []
        self.owed = []  # settled, but no slip says so yet
        self.trouble = []  # records that contradict the ones before them: reported, never guessed over

    def mount(self):
        """Read everything. Writes nothing, so that a boot loop wears nothing out."""
        self.log.mount(self._apply)
        self.counters.begin_life(*self.log.high_water())

    def _apply(self, record):
        if record.type == s.BOOT:
            self.counters.boot = max(self.counters.boot, record.body().boot)
        if record.transaction == 0:
            return
        if record.type in (s.INTENT, s.ATTEMPT):
            body = record.body()
            old = record.copy or (record.type == s.ATTEMPT and body.kind == s.REVERSAL)
            self.counters.attempted(body.batch, body.trace, old)
        transaction = self.find_live(record.transaction) or self._owed(record)
        if transaction is None:
            if record.type != s.INTENT:
                return
            transaction = Transaction(record.transaction, record.original)
            self.live.append(transaction)
        self._fold(transaction, record)

    def _fold(self, transaction, record):
        try:
            transaction.apply(record)
        except StoreDamaged as error:
            self.trouble.append((record.number, str(error)))
            return
        if s.is_final(transaction.state):
            if transaction in self.live:
                self.live.remove(transaction)
            if transaction in self.owed:
                self.owed.remove(transaction)
            if transaction.printed != transaction.state:
                self.owed = self.owed[-7:] + [transaction]

    def _owed(self, record):
        for transaction in self.owed:
            if transaction.number == record.transaction:
                return transaction
        return None

    # ---- writing

    def make_room(self, size=_EXCHANGE_ROOM):
        """May erase: call it before SENDING, never while an answer is awaited."""
        if self.log.make_room(size + r.size(12, self.log.flash.unit), self._kept, self.counters.values()):
            self._append(s.BOOT, (0, 0, self.counters.boot))

    def append(self, record_type, values, tail=b""):
        """One durable record, folded into its transaction. `values`: the record's fields in order."""
        payload = r.encode(record_type, values, tail)
        self.make_room(r.size(len(payload), self.log.flash.unit))
        return self._append(record_type, values, payload)

    def _append(self, record_type, values, payload=None):
        number = self.log.append(record_type, r.encode(record_type, values) if payload is None else payload)
        self._apply(self.log.record)
        return number

    @property
    def next_number(self):
        """The record number the next append will have, once room was made for it."""
        return self.log.number

    def _kept(self, victim):
        """What a compaction of sector `victim` must carry, as a function of the record.

        - what is open: its message, and its newest SENDING and what came after it;
        - the sale of something that is open: its cap is counted from it;
        - a settled refund or void whose sale stays in the ring: the cap needs it too;
        - what settled a transaction whose INTENT stays in the ring: without it the INTENT would come back to life.
        """
        elsewhere = {}  # of each number that the victim names: which of its INTENT and SALE stand in another sector
        for record in self.log.in_sector(victim):
            elsewhere[record.transaction] = elsewhere[record.original] = 0
        start = victim * self.log.flash.sector_size
        end = start + self.log.flash.sector_size
        for record in self.log.records():
            if record.transaction in elsewhere and not start <= record.address < end:
                elsewhere[record.transaction] |= (
                    _IS_INTENT if record.type == s.INTENT else _IS_SALE if record.type == s.SALE else 0
                )

        def keep(record):
            if record.transaction == 0:
                return False
            transaction = self.find_live(record.transaction)
            if transaction is not None:
                return transaction.needs(record.number, record.type)
            has_intent = elsewhere[record.transaction] & _IS_INTENT
            needed = self._is_live_family(record.original)
            if record.transaction == record.original:
                return has_intent if record.type != s.SALE else needed or has_intent
            needed = needed or elsewhere[record.original] & _IS_SALE
            return needed if record.type == s.INTENT else needed or has_intent

        return keep

    def _is_live_family(self, original):
        return any(transaction.original == original for transaction in self.live)

    # ---- asking

    def find_live(self, number):
        """The unsettled transaction with that number, or None."""
        for transaction in self.live:
            if transaction.number == number:
                return transaction
        return None

    def transaction(self, number):
        """The transaction with that number as flash tells it, or None."""
        found = None
        for record in self.log.records():
            if record.transaction == number:
                if found is None:
                    found = Transaction(number, record.original)
                found.apply(record)
        return None if found is None or found.state == s.IS_NEW else found

    def sale(self, number):
        """The sale with that number when it is done, or None."""
        sale = self.transaction(number)
        if sale is None or sale.kind != KIND_SALE or sale.state != s.IS_DONE:
            return None
        return sale

    def spent(self, original):
        """Fen of all refunds of that sale that are not definitively not done (L3)."""
        refunds = []
        for record in self.log.records():
            if record.original != original or record.transaction == original:
                continue
            for refund in refunds:
                if refund.number == record.transaction:
                    break
            else:
                refund = Transaction(record.transaction, original)
                refunds.append(refund)
            refund.apply(record)
        return sum(0 if s.frees_cap(refund.state) else refund.amount for refund in refunds)

    def recent_sales(self, limit):
        """Numbers of the newest done sales, newest first."""
        numbers = []
        for record in self.log.records():
            if record.type == s.SALE and record.transaction not in numbers:
                numbers.append(record.transaction)
                if len(numbers) > limit:
                    numbers.pop(0)
        numbers.reverse()
        return numbers

    def last_printed(self):
        """The number of the transaction whose slip came last, or 0."""
        number, at = 0, 0
        for record in self.log.records():
            if record.type == s.PRINTED and record.number > at:
                number, at = record.transaction, record.number
        return number

    def message(self, transaction):
        """The exact bytes of its attempt, as they were recorded before anything was sent."""
        record = self.log.read(transaction.address)
        if record is None or record.type not in (s.INTENT, s.ATTEMPT) or record.transaction != transaction.number:
            self._find_message(transaction)
            record = self.log.read(transaction.address)
        return record.message()

    def _find_message(self, transaction):
        """Its record was carried elsewhere by a compaction: the newest INTENT or ATTEMPT is the one."""
        found = 0
        for record in self.log.records():
            if record.transaction == transaction.number and record.type in (s.INTENT, s.ATTEMPT) and record.number >= found:
                found, transaction.address = record.number, record.address
        if found:
            return
        raise StoreDamaged("journal: the message of transaction {} cannot be read".format(transaction.number))
