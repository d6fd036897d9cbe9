"""The journal of this terminal: the transactions that its records tell of, and what they add up to.

In RAM stand only the transactions that are not settled (`live`); everything else is read from flash when it is asked for.
What waits, what is unknown and what a person must look at is this same list looked at, never a second store.
"""

from yuanlu import record as r
from yuanlu.errors import StoreDamaged
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_SALE, Transaction
from yuanlu.store import header
from yuanlu.store.counters import Counters
from yuanlu.store.log import Log

# SENDING, RESULT or SALE, and one more INTENT of a clerk who works on while an answer is awaited.
_EXCHANGE_ROOM = 1024
_MESSAGE_PAYLOAD = 400  # an INTENT with the longest message of the profile
_RESULT_ROOM = 256  # kept for the RESULT while an answer is awaited


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
        # Copies stand behind younger records; what is sent is sent in the order in which it was opened.
        self.live.sort(key=lambda transaction: transaction.number)
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
        boot = 0 if self.log.sealed else r.size(r.payload_length(s.BOOT), self.log.flash.unit)
        if self.log.make_room(size + boot, self._kept, self.counters.values()):
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

    def has_room_for(self, messages, original=0):
        """So many more messages of that sale's family may stand open. All that is open must fit the two sectors that a
        compaction may fill: each message with its sale, its newest SENDING and RESULT and its slip, and what is settled of the
        same sales; one reversal has its place kept."""
        unit = self.log.flash.unit
        message = r.size(_MESSAGE_PAYLOAD, unit)
        notes = sum([r.size(r.payload_length(kind), unit) for kind in (s.SENDING, s.RESULT, s.PRINTED)])
        needed = messages * (message + notes)
        families = [original] if original else []
        for transaction in self.live:
            needed += message + notes + (message if transaction.message_number != transaction.number else 0)
            if transaction.original not in families:
                families.append(transaction.original)
        needed += (message + notes) * sum([self._settled_parts(family) for family in families])
        needed += r.size(r.payload_length(s.SALE), unit) * len(families)
        # At the end of each sector the largest record may not have fitted any more.
        usable = 2 * (self.log.flash.sector_size - header.size(unit)) - 2 * message
        return needed <= usable

    def _settled_parts(self, original):
        return len([1 for part in self._parts(original) if s.is_final(part.state)])

    def is_busy(self, payload_length):
        """While an answer is awaited nothing may be erased, and the answer's own record must find room."""
        log = self.log
        room = log.room() if log.sealed else 0  # the first write of a life opens a sector
        return log.quiet and room < r.size(payload_length, log.flash.unit) + max(_RESULT_ROOM, log.flash.unit)

    @property
    def next_number(self):
        """The record number the next append will have, once room was made for it."""
        return self.log.number

    def _kept(self, victim):
        """Addresses of the records that a compaction of sector `victim` must carry, in the order in which to write them.

        Transactions are carried whole, wherever their records are: a fold goes by place on the chip, so an INTENT must never
        stand behind what settled it. Needed are what is open, and the sale and the settled parts of what is open: the cap is
        counted from them. A sale carried so is there for its open refunds only (`sale`).
        """
        addresses, intents = [], []
        for record in self.log.in_sector(victim):
            if record.type == s.SALE and self._is_live_family(record.original):
                addresses.append(record.address)
            elif record.type == s.INTENT:
                intents.append((record.transaction, record.original))
        for number, original in intents:
            if self.find_live(number) or (number != original and self._is_live_family(original)):
                addresses += self._whole(number)
        return addresses

    def _whole(self, number):
        """Addresses of the records that the fold of one transaction needs, in order of number, each once."""
        transaction = self.find_live(number) or self.transaction(number)
        found = []
        for record in self.log.records():
            if record.transaction == number and transaction.needs(record.number, record.type):
                if not [1 for other, _ in found if other == record.number]:
                    found.append((record.number, record.address))
        return [address for _, address in sorted(found)]

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
        """The sale with that number when it is done, or None. One that stands only as a copy has left the ring: it was kept
        for what was open of it, its settled parts may be gone."""
        sale = self.transaction(number)
        if sale is None or sale.kind != KIND_SALE or sale.state != s.IS_DONE:
            return None
        return None if sale.is_copy and not self._is_live_family(number) else sale

    def spent(self, original):
        """Fen of all refunds and voids of that sale that are not definitively not done (L3)."""
        return sum([0 if s.frees_cap(part.state) else part.amount for part in self._parts(original)])

    def _parts(self, original):
        """Its refunds and voids, folded."""
        parts = []
        for record in self.log.records():
            if record.original != original or record.transaction == original:
                continue
            for part in parts:
                if part.number == record.transaction:
                    break
            else:
                part = Transaction(record.transaction, original)
                parts.append(part)
            part.apply(record)
        return [part for part in parts if part.state != s.IS_NEW]

    def recent_sales(self, limit):
        """Numbers of the newest done sales, newest first."""
        numbers = []
        for record in self.log.records():
            if record.copy and not self._is_live_family(record.original):
                continue
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
        if record is None or record.number != transaction.message_number:
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
