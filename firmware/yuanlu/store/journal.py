"""The journal of this terminal: the transactions that its records tell of, and what they add up to.

In RAM stand only the transactions that are not settled (`live`), with the places of the records they rest on; everything else is
read from flash when it is asked for. What waits, what is unknown and what a person must look at is this same list looked at,
never a second store.
"""

from yuanlu import record as r
from yuanlu.compat import const
from yuanlu.errors import Refused, StoreDamaged, StoreFull
from yuanlu.refund import state as s
from yuanlu.refund.transaction import Transaction
from yuanlu.store import header, history, mount, summary
from yuanlu.store.chip import BadSector
from yuanlu.store.counters import Counters
from yuanlu.store.log import EXCHANGE_ROOM, Log

_RESULT_ROOM = const(256)  # kept for the answer's record while it is awaited
_PLACES = const(7)  # records that one unsettled transaction rests on, at most: its sale's among them
_OWED = const(8)
_MESSAGE = const(400)  # payload of an INTENT with the longest message of the profile
_NOTE = const(40)  # the largest payload of a SENDING, RESULT or PRINTED


class Journal:
    """Given a Flash port, the terminal's 4-byte hash and the Seal."""

    def __init__(self, flash, terminal, seal):
        self.log = Log(flash, terminal, seal)
        self.seal = seal
        self.counters = Counters()
        self.live = []
        self.owed = []  # settled, but no slip says so yet
        self.originals = []  # places of the SALE records that refunds in `live` rest on: (number, address, original)
        self.printed = 0  # number of the transaction whose slip came last
        self.trouble = []  # what contradicts or is missing: reported, never guessed over

    def mount(self):
        """Read what is needed. Writes nothing, so that a boot loop wears nothing out."""
        mount.mount(self.log, self)
        self.live.sort(key=lambda transaction: transaction.number)
        for transaction in self.live:
            if transaction.original != transaction.number:
                self._rest_on_sale(transaction.original)

    # ---- what the log asks while it mounts and opens sectors

    def begin(self, trace, batch, printed):
        """Counters as a SUMMARY has them."""
        self.counters.seen(trace, batch)
        self.printed = printed

    def go_beyond(self, trace, boot, lost):
        """Begin a life; see Counters.begin_life."""
        self.counters.begin_life(trace, boot, lost)

    def report(self, what):
        """Something is missing or unreadable."""
        self.trouble.append(what)

    def standing(self):
        """(trace, batch, transaction printed last, whether anything is unsettled) for a SUMMARY."""
        return self.counters.trace, self.counters.batch, self.printed, bool(self.live)

    def addresses(self):
        """(number, address, mark) of every record that the unsettled transactions rest on, in order of number."""
        places = [(place[0], place[1], summary.ORIGINAL) for place in self.originals]
        for transaction in self.live:
            places += [(place[0], place[1], 0) for place in transaction.rests_on]
        room = self._room_for_addresses() - len(places)
        for transaction in reversed(self.owed):  # a slip can be had again by the list: these may stay out
            room -= len(transaction.rests_on)
            if room >= 0:
                places += [(place[0], place[1], 0) for place in transaction.rests_on]
        return sorted(places)

    def _room_for_addresses(self):
        tail = r.LARGEST_PAYLOAD - r.payload_length(s.SUMMARY)
        return summary.room_for_addresses(self.log.flash.sector_size, tail, len(self.log.retired))

    def moved(self, moves):
        """Records stand elsewhere now: (number, new address), or None for one that can no longer be read."""
        for number, address in moves:
            self.originals = _moved(self.originals, number, address)
            for transaction in self.live + self.owed:
                transaction.rests_on = _moved(transaction.rests_on, number, address)

    def resume(self, record, is_original):
        """Fold in a record that a SUMMARY names. is_original: the SALE of an unsettled refund."""
        if is_original:
            self.originals.append((record.number, record.address, record.original))
        elif record.type in (s.SALE, s.REFUND):
            self._fold(Transaction(record.transaction, record.original), record)
        else:
            self._apply(record)

    def apply(self, record):
        """Fold one new record in; a copy only moves it."""
        if record.copy:
            self.moved([(record.number, record.address)])
            return
        if record.type == s.BOOT:
            self.counters.boot = max(self.counters.boot, record.body().boot)
        elif record.type == s.PRINTED:
            self.printed = record.transaction
        elif record.type in (s.INTENT, s.ATTEMPT):
            body = record.body()
            is_reversal = record.type == s.ATTEMPT and body.kind == s.REVERSAL
            self.counters.seen(body.trace, 0 if is_reversal else body.batch)
        if record.transaction:
            self._apply(record)

    def _apply(self, record):
        transaction = self.find_live(record.transaction) or self._owed(record.transaction)
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
            self.trouble.append("record {}: {}".format(record.number, error))
            return
        if not s.is_final(transaction.state):
            return
        if transaction in self.live:
            self.live.remove(transaction)
            families = [other.original for other in self.live]
            self.originals = [place for place in self.originals if place[2] in families]
        if transaction in self.owed:
            self.owed.remove(transaction)
        if transaction.printed != transaction.state:
            self.owed = self.owed[1 - _OWED :] + [transaction]

    def _owed(self, number):
        for transaction in self.owed:
            if transaction.number == number:
                return transaction
        return None

    # ---- writing

    def make_room(self, size=EXCHANGE_ROOM):
        """May erase: call it before SENDING, never while an answer is awaited."""
        log = self.log
        first = not log.sealed
        if first:
            size += r.size(r.payload_length(s.BOOT), log.flash.unit)
        tries = 0
        while not log.sealed or log.room() < size or (size >= EXCHANGE_ROOM and self._crowded(size)):
            tries += 1
            if tries > log.window + 1:
                raise StoreFull("journal: what is unsettled leaves no room")
            log.open_next(self)
        if first:
            self._write(s.BOOT, (0, 0, self.counters.boot, log.after, log.unreadable))

    def _crowded(self, size):
        """One day all that is unsettled in a sector must fit another one, beside a SUMMARY and a repeated record."""
        size_of_sector, here = self.log.flash.sector_size, self.log.head
        open_here = sum([self._sale_size() for place in self.originals if place[1] // size_of_sector == here])
        for transaction in self.live:
            open_here += sum([place[2] for place in transaction.rests_on if place[1] // size_of_sector == here])
        return open_here and open_here + size > self._crowd_room()

    def _crowd_room(self):
        flash = self.log.flash
        return flash.sector_size - header.size(flash.unit) - 2 * r.size(r.LARGEST_PAYLOAD, flash.unit)

    def _sale_size(self):
        return r.size(r.payload_length(s.SALE), self.log.flash.unit)

    def append(self, record_type, values, tail=b""):
        """One durable record, folded into its transaction. `values`: the record's fields in order; `tail`: an INTENT's or
        ATTEMPT's message, concealed on flash."""
        self.make_room(r.size(r.payload_length(record_type, len(tail)), self.log.flash.unit))
        number = self._write(record_type, values, tail)
        if record_type == s.INTENT and values[1] != number:
            self._rest_on_sale(values[1])
        return number

    def _write(self, record_type, values, tail=b""):
        """Append where room was made; in the next sector when this one did not keep it."""
        while True:
            try:
                return self._append(record_type, values, tail)
            except BadSector as error:
                self.report(str(error))
                self.log.retire_head(self)
            if record_type == s.INTENT:  # it names itself by a number that the new sector's SUMMARY has taken
                raise Refused("refused.flash")
            if self.log.quiet:  # no sector can be opened now
                raise Refused("refused.busy")

    def _append(self, record_type, values, tail=b""):
        if tail:
            tail = self.seal.conceal(self.log.number, tail)
        number = self.log.append(record_type, r.encode(record_type, values, tail))
        self.apply(self.log.record)
        return number

    def _rest_on_sale(self, original):
        if [1 for place in self.originals if place[2] == original]:
            return
        sale = self.original(original)
        if sale is None:
            self.report("the sale {} cannot be read".format(original))
        else:
            self.originals.append((sale.rests_on[0][0], sale.rests_on[0][1], original))

    def is_busy(self, payload_length):
        """While an answer is awaited nothing may be erased, and the answer's own record must find room."""
        log = self.log
        room = log.room() if log.sealed else 0  # the first write of a life opens a sector
        return log.quiet and room < r.size(payload_length, log.flash.unit) + max(_RESULT_ROOM, log.flash.unit)

    @property
    def next_number(self):
        """The record number the next append will have, once room was made for it."""
        return self.log.number

    def refunds_left(self):
        """So many more messages may stand open: a SUMMARY must be able to name what they rest on, and there must always be a
        sector that is not too crowded for an exchange."""
        flash = self.log.flash
        named = self._room_for_addresses() // _PLACES - _OWED // 2
        one = r.size(_MESSAGE, flash.unit) + 3 * r.size(_NOTE, flash.unit) + self._sale_size()
        held = self.log.window * (self._crowd_room() - EXCHANGE_ROOM) // one
        return max(0, min(named, held) - len(self.live))

    # ---- asking

    def find_live(self, number):
        """The unsettled transaction with that number, or None."""
        for transaction in self.live:
            if transaction.number == number:
                return transaction
        return None

    def original(self, number):
        """The sale with that number when it is done, or None; what is left of it is another question."""
        return history.sale(self.log, number)

    def sale(self, number):
        """The sale with that number when it may be given back, or None: it is not done, or has left the ring with its refunds.
        Refused when it cannot be known what was given back of it."""
        if number < self.log.lowest:
            return None
        if number < self.log.unsure:
            raise Refused("refused.journal_damaged")
        return self.original(number)

    def spent(self, original):
        """Fen of all refunds and voids of that sale that are not definitively not done (L3)."""
        spent = history.given_back(self.log, original)
        if self.log.damaged:
            raise Refused("refused.journal_damaged")
        parts = [part for part in self.live if part.original == original and part.number != original]
        return spent + sum([0 if s.frees_cap(part.state) else part.amount for part in parts])

    def transaction(self, number):
        """The transaction with that number as flash tells it, or None."""
        return history.transaction(self.log, number)

    def sales(self, limit, trace=None, rrn=None, last_four=None, date=None, amount=None):
        """The newest done sales, newest first, that have all that is given. rrn and last_four as bytes."""
        known = None
        if rrn:
            known = b"r" + rrn
        elif trace is not None:
            known = summary.key(b"t", trace)
        elif last_four:
            known = b"c" + last_four
        elif date is not None:
            known = summary.key(b"d", date)

        def matches(body):
            fits = rrn is None or body.rrn == rrn
            fits = fits and (trace is None or body.trace == trace) and (date is None or body.date == date)
            return fits and (amount is None or body.amount == amount) and (last_four is None or body.card[6:10] == last_four)

        return history.sales(self.log, limit, known, matches)

    def message(self, transaction):
        """The exact bytes of its attempt, as they were recorded before anything was sent."""
        number, address = transaction.message_place()
        record = self.log.chip.read(address)
        if record is None or record.number != number:
            raise StoreDamaged("journal: the message of transaction {} cannot be read".format(transaction.number))
        return self.seal.conceal(number, record.tail())


def _moved(places, number, address):
    """What can no longer be read is left out: at its address something else will stand one day."""
    kept = [place for place in places if place[0] != number or address is not None]
    return [(number, address) + place[2:] if place[0] == number else place for place in kept]
