"""The journal of this terminal: the transactions that its records tell of, and what they add up to.

In RAM stand only the transactions that are not settled (`live`), with the places of their records; all else is read from flash
when asked for. What waits, is unknown or needs a person is this same list looked at, never a second store.
"""

from yuanlu import record as r
from yuanlu.compat import const, leave, visit
from yuanlu.errors import Refused, StoreDamaged, StoreFull, Unreadable
from yuanlu.refund import state as s
from yuanlu.refund.transaction import Transaction, moved, numbered
from yuanlu.store import admission, summary
from yuanlu.store.chip import BadSector
from yuanlu.store.counters import Counters
from yuanlu.store.log import Log

_ANSWER_KEY = const(16)  # bytes of it before the message


class Journal:
    """Given a Flash port, the terminal's 4-byte hash and the Seal."""

    def __init__(self, flash, terminal, seal):
        self.log = Log(flash, terminal, seal)
        self.seal = seal
        self.counters = Counters()
        self.live = []
        self.shut = ""  # or why: all is another terminal's, on its way from one, or nobody can tell: docs/handover.md
        self.owed = []  # settled, but no slip says so yet
        self.originals = []  # places of the SALE records that refunds in `live` rest on: (number, address, original)
        self.held = []  # a person holds the queue: (number, address, size, evidence) of that DECISION
        self.printed = 0  # number of the transaction whose slip came last
        self.has_session = False  # messages are sealed under session keys, which takes records besides
        self.trouble = []  # what contradicts, is missing or unreadable: reported, never guessed over
        self.report = self.trouble.append

    def mount(self):
        """Read what is needed. Writes nothing, so that a boot loop wears nothing out."""
        visit("yuanlu.store.mount").mount(self.log, self)
        leave("yuanlu.store.mount")
        self.live.sort(key=lambda transaction: transaction.number)
        for transaction in [t for t in self.live if t.original != t.number]:
            self._rest_on_sale(transaction.original)

    # ---- what the log asks

    def begin(self, trace, batch, printed):
        """Counters as a SUMMARY has them."""
        self.counters.seen(trace, batch)
        self.printed = printed

    def standing(self):
        """(trace, batch, transaction printed last, whether anything is unsettled) for a SUMMARY."""
        return self.counters.trace, self.counters.batch, self.printed, bool(self.live)

    def addresses(self):
        """(number, address, mark) of every record that the unsettled transactions rest on, in order of number."""
        places = [place[:2] + (summary.ORIGINAL,) for place in self.originals]
        for rests_on in [self.held] + [transaction.rests_on for transaction in self.live]:
            places += [place[:2] + (0,) for place in rests_on]
        for transaction in self.owed[::-1]:
            if admission.fits(self, places, transaction):
                places += [place[:2] + (0,) for place in transaction.rests_on]
            else:
                self.owed.remove(transaction)  # its records are not carried: they must not be looked for later
        return sorted(places)

    def moved(self, moves):
        """Records stand elsewhere now: (number, new address), or None for one that can no longer be read."""
        for number, address in moves:
            self.originals, self.held = [moved(places, number, address) for places in (self.originals, self.held)]
            for transaction in self.live + self.owed:
                transaction.rests_on = moved(transaction.rests_on, number, address)

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
        self.counters.fold(record)
        self.printed = record.transaction if record.type == s.PRINTED else self.printed
        self._apply(record)

    def _apply(self, record):
        if record.type == s.DECISION and not record.transaction:
            self.held = admission.hold(record)
        transaction = self.find_live(record.transaction) or numbered(self.owed, record.transaction)
        if transaction is None:
            if record.type != s.ALARM and not (record.type in s.FIRST and record.number == record.transaction):
                return
            transaction = Transaction(record.transaction, record.original)
        self._fold(transaction, record)

    def _fold(self, transaction, record):
        try:
            transaction.apply(record)
        except StoreDamaged as error:
            self.trouble.append("record {}: {}".format(record.number, error))
            return
        if transaction in self.owed:
            self.owed.remove(transaction)
        if not s.is_final(transaction.state):
            if transaction not in self.live:
                self.live.append(transaction)  # what was settled is not: an ALARM
            return
        if transaction in self.live:
            self.live.remove(transaction)
            self.originals = [place for place in self.originals if place[2] in [other.original for other in self.live]]
        if transaction.printed != transaction.state:
            self.owed = self.owed[1 - admission.OWED :] + [transaction]

    # ---- writing

    def make_room(self, size=0):
        """May erase: call it before SENDING, never while an answer is awaited. size: 0 for an exchange."""
        log, first, tries = self.log, not self.log.sealed, 0
        size = (size or log.exchange_room) + first * r.size(r.payload_length(s.BOOT), log.flash.unit)
        while not log.sealed or log.room() < size or (size >= log.exchange_room and admission.is_crowded(self, size)):
            tries += 1
            if tries > log.window + 1:
                raise StoreFull("journal: what is unsettled leaves no room")
            log.open_next(self)
        if first:
            self._write(s.BOOT, (0, 0, self.counters.boot, log.after, log.unreadable))

    def append(self, record_type, values, tail=b""):
        """One durable record, folded in. `values`: its fields in order; `tail`: answer key and message, concealed on flash."""
        self.make_room(r.size(r.payload_length(record_type, len(tail)), self.log.flash.unit))
        number = self._write(record_type, values, tail)
        if record_type in (s.INTENT, s.ALARM, s.HANDOVER) and values[1] != values[0]:
            self._rest_on_sale(values[1])
        return number

    def _write(self, record_type, values, tail=b""):
        """Append where room was made; in the next sector when this one did not keep it."""
        names_itself = values[0] == self.log.number
        while True:
            try:
                return self._append(record_type, values, tail)
            except BadSector as error:
                self.report(str(error))
                self.log.retire_head(self)
            # What names itself does so by a number that the new SUMMARY has taken; while it is quiet no sector can be opened.
            if names_itself or self.log.quiet:
                raise Refused("refused.flash" if names_itself else "refused.busy") from None

    def _append(self, record_type, values, tail=b""):
        tail = self.seal.conceal(self.log.number, tail) if tail else tail
        number = self.log.append(record_type, r.encode(record_type, values, tail), self._check)
        self.apply(self.log.record)
        return number

    def _check(self, record):
        """StoreDamaged before it is written, when no arrow of the fold allows it; Refused when it is not ours to write."""
        if self.shut and record.type in s.MONEY:
            raise Refused(self.shut)
        transaction = self.find_live(record.transaction)
        if transaction is not None:
            transaction.after(record)

    def _rest_on_sale(self, original):
        known = [place for place in self.originals if place[2] == original]
        sale = None if known else self.original(original)
        if sale is not None:
            self.originals.append((sale.rests_on[0][0], sale.rests_on[0][1], original))
        elif not known:
            self.report("the sale {} cannot be read".format(original))

    def is_busy(self, payload_length):
        """While an answer is awaited nothing may be erased, as the first write of a life does, and the answer must find room."""
        log = self.log
        return log.quiet and (not log.sealed or log.room() < r.size(payload_length, log.flash.unit) + log.done_size)

    def refunds_left(self):
        """So many more transactions may stand open."""
        return admission.refunds_left(self)

    # ---- asking

    def _history(self, what, *given, **wanted):
        try:
            return getattr(visit("yuanlu.store.history"), what)(self.log, *given, **wanted)
        finally:
            leave("yuanlu.store.history")

    def find_live(self, number):
        """The unsettled transaction with that number, or None."""
        return numbered(self.live, number)

    def original(self, number):
        """The sale with that number when it is done, or None; what is left of it is another question."""
        return self._history("sale", number)

    def sale(self, number):
        """The sale with that number when it may be given back, or None: it is not done, or has left the ring with its refunds."""
        return None if number < self.log.lowest else self.original(number)

    def spent(self, original):
        """Fen of all refunds and voids of that sale that are not definitively not done (L3). Refused when it cannot be known."""
        spent = self._history("given_back", original)
        if self.log.damaged or original < self.log.unsure:
            raise Refused("refused.journal_damaged")
        return spent + sum([max(part.amount, part.booked) for part in self._live_parts(original)])

    def _live_parts(self, original):
        return [part for part in self.live if part.original == original != part.number]

    def transaction(self, number):
        """See history."""
        return self._history("transaction", number)

    def batch(self, batch):
        """See history; `log.damaged` says whether that is all."""
        return self._history("batch", batch)

    def parts(self, original):
        """Refunds and voids of that sale that are not definitively not done, as (date, time) of each."""
        return self._history("parts", original) + [(part.date, part.time) for part in self._live_parts(original)]

    def sales(self, limit, **wanted):
        """See history."""
        return self._history("sales", limit, **wanted)

    def message(self, transaction):
        """The exact bytes of its attempt, as they were recorded before anything was sent."""
        return self.outgoing(transaction)[1]

    def outgoing(self, transaction):
        """(key of its answer's MAC, the exact bytes of its attempt), as they were recorded before anything was sent."""
        _, mac = self.newest_seal(transaction)
        record = self.log.record_at(transaction.message_place())
        tail = b"" if record is None else self.seal.conceal(record.number, record.tail())
        frame = tail[_ANSWER_KEY:]
        if len(frame) < 2 or int.from_bytes(frame[:2], "big") != len(frame) - 2:  # not there, or its key was forgotten since
            raise Unreadable("journal: the message of transaction {} cannot be read".format(transaction.number))
        return tail[:_ANSWER_KEY], frame[: len(frame) - len(mac)] + mac

    def newest_seal(self, transaction):
        """(key epoch, field 64) that its attempt was sealed with last; epoch 0 for never."""
        record = self.log.record_at(transaction.message_place((s.SEAL,)))
        return (record.body().epoch, record.body().mac) if record else (0, b"")
