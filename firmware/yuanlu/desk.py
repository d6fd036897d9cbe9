"""The one counter over which money decisions are made. Everything here is synchronous: nothing can come between the look
at the journal and the record that follows from it."""

from yuanlu import VERSION
from yuanlu.compat import const, leave, visit
from yuanlu.crypto import sealing
from yuanlu.errors import Refused, StoreFull
from yuanlu.refund import rules
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, KIND_VOID, ROAD_NO_SALE, ROAD_WALLET, Draft
from yuanlu.store.log import MESSAGE

_ROOM_FOR_NOTE = const(64)


class Desk:
    """Given the Journal, the Config, the Vault port and the Clock port. is_offline(): no road to the acquirer is open. BadConfig
    when what is open was made under other settings."""

    def __init__(self, journal, config, vault, clock, is_offline=lambda: False):
        self.journal = journal
        self.is_offline = is_offline
        self.config = config
        self.vault = vault
        self.sealing = sealing(config.mac, vault)
        journal.has_session = self.sealing.has_session
        self.clock = clock
        visit("yuanlu.continuity").check(journal, config, vault)
        leave("yuanlu.continuity")

    # ---- for the clerk

    def left(self, sale):
        """Fen of that done sale which may still be given back; Refused when nothing is."""
        left = sale.amount - self.journal.spent(sale.number)
        if left <= 0:
            raise Refused("refused.nothing_left")
        return left

    def way_back(self, sale, amount):
        """KIND_VOID or KIND_REFUND: how that much of the sale goes back today."""
        spent = self.journal.spent(sale.number)
        return KIND_VOID if rules.voidable(sale, spent, amount, self.journal.counters.batch) else KIND_REFUND

    def refunds_left(self):  # so many more may be taken now
        return min(self.places(), rules.may_wait(self.config, self.is_offline()) - len(self.never_sent()))

    def places(self):
        """So many more transactions may stand open."""
        return 0 if self.journal.shut else min(self.config.open_limit - len(self.journal.live), self.journal.refunds_left())

    def never_sent(self):
        return [t for t in self.journal.live if t.kind != KIND_SALE and t.state == s.IS_QUEUED and not t.stale]

    def check_places(self):
        """Refused when no more transaction may stand open."""
        if self.places() <= 0:
            raise Refused(self.journal.shut or "refused.too_many_open", len(self.journal.live))

    def open(self, draft):
        """Check the draft against the journal and make it durable with the exact bytes to be sent (L1, L3).

        Returns the Transaction, queued. Raises Refused; nothing was recorded then.
        """
        journal = self.journal
        self.refuse_while_busy(MESSAGE + (_ROOM_FOR_NOTE if draft.approval else 0))
        if draft.approval and self.clock.diff_ms(draft.approval[3], self.clock.ticks_ms()) < 0:
            raise Refused("refused.approval_late")
        if not journal.log.quiet:
            journal.make_room()  # first: the oldest sale may leave by that
        original = None if draft.kind == KIND_SALE else journal.sale(draft.original)
        spent = journal.spent(draft.original) if original else 0
        rules.check(draft, original, spent, journal.counters.batch)
        if draft.kind != KIND_SALE:
            self._check_refund(draft, original, spent)
        self.check_places()
        number, identity = journal.log.number, journal.counters.next_trace()
        message = self._message(draft, number, identity, original)
        self._record_intent(draft, number, original.road if original else draft.road, identity, message)
        if draft.approval:
            self.note_approval(draft, number)
        return journal.find_live(number)

    def note_approval(self, draft, number):
        """Behind the INTENT, which names the approver: what keeps it from being written never keeps the refund."""
        try:
            self.journal.append(s.APPROVAL, (number, draft.original, draft.approver) + draft.approval[:3])
        except (Refused, StoreFull) as error:
            self.journal.report("approval of {}: {}".format(number, error))

    def _check_refund(self, draft, sale, spent):
        rules.check_offline(self.config, draft, len(self.never_sent()), self.is_offline())
        if draft.kind == KIND_VOID:
            return
        rules.check_allowed(self.config, VERSION)
        rules.check_share(self.config, draft, sale, spent)
        if draft.road == ROAD_NO_SALE:
            self.visiting("yuanlu.no_original", "check", draft)
        elif sale.road == ROAD_WALLET:
            rules.check_wallet(self.config, sale.date, self.journal.parts(sale.number), self.clock.date())

    def withdraw(self, transaction, operator=0):
        """Take back what was never sent; Refused once a byte may have left."""
        if not transaction.never_sent:
            raise Refused("refused.already_sent")
        self.refuse_while_busy()
        self.journal.append(s.WITHDRAWN, (transaction.number, transaction.original, operator))

    def printed(self, transaction):
        """Durable note that a slip saying this state came out whole. Ask `may_note` before you print."""
        self.refuse_while_busy()
        told = transaction.state, min(255, transaction.copies + 1)
        self.journal.append(s.PRINTED, (transaction.number, transaction.original) + told)

    def may_note(self):
        """False while an answer is awaited and the journal has no room to spare: try again in a minute."""
        return not self.journal.is_busy(_ROOM_FOR_NOTE)

    def refuse_while_busy(self, payload_length=_ROOM_FOR_NOTE):
        """Refused while an answer is awaited and such a record would find no room."""
        if self.journal.is_busy(payload_length):
            raise Refused("refused.busy")

    def resolve(self, transaction, done, operator, evidence, amount=0):
        """A person knows what became of it; all that he decides: see resolving."""
        self.visiting("yuanlu.resolving", "resolve", transaction, done, operator, evidence, amount)

    def again(self, refund, operator, evidence):
        """A person wants another attempt."""
        self.visiting("yuanlu.resolving", "again", refund, operator, evidence)

    def release(self, operator, evidence):
        """What held the queue is mended."""
        self.visiting("yuanlu.resolving", "release", operator, evidence)

    def visiting(self, name, what, *given):
        """What that function of a visiting module makes of it."""
        try:
            return getattr(visit(name), what)(self, *given)
        finally:
            leave(name)

    # ---- for the forwarder

    def sending(self, transaction, route):
        """Durable note that bytes of this attempt are about to leave (L1). route: which road, for the journal.

        Returns (key of the answer's MAC, these bytes): what was recorded (L2); under session keys with a durable seal of now.
        """
        journal, head = self.journal, (transaction.number, transaction.original, transaction.attempt)
        if self.sealing.is_old(journal.newest_seal(transaction)[0]):
            journal.append(s.SEAL, head + self.sealing.seal(self.frame("covered", journal.message(transaction))))  # type: ignore
        outgoing = journal.outgoing(transaction)
        journal.make_room()
        journal.append(s.SENDING, head + (transaction.sends + 1, route, transaction.doubt))
        return outgoing

    def note(self, transaction, verdict, answer=None):
        """Durable note of how a send ended. What is done becomes one record, complete in itself, and so does an approval that
        contradicts what is known. answer: wire.messages.Answer."""
        if verdict in (s.DONE, s.OTHERWISE):
            record_type = s.SALE if transaction.kind == KIND_SALE else s.REFUND
            date = rules.booked_on(transaction.date, answer.date)
            values = self.whole(transaction, date, transaction.operator, 0, answer.rrn + answer.approval, transaction.amount)
            if verdict == s.DONE:
                self.journal.append(record_type, values)
            else:
                self.journal.append(s.ALARM, values + (answer.amount,))
            transaction.code = answer.code  # for the screen: an approval other than 00 has advice. The record has no code
            return
        code, rrn, approval = (answer.code, answer.rrn, answer.approval) if answer else (b"", b"", b"")
        date, time, _ = self.clock.date()
        head = (transaction.number, transaction.original, transaction.attempt, verdict)
        self.journal.append(s.RESULT, head + (code, rrn, approval, date, time))

    def batch_closed(self, closed, agreed):
        """Durable: the next batch is open. What was never sent gets a new attempt in it when its turn comes."""
        self.journal.make_room()
        self.journal.append(s.BATCH, (0, 0, closed, closed % 999_999 + 1, agreed))

    def renew(self, refund):
        """A new attempt of a refund whose earlier one was refused unseen, never sent, or given up by a person: new trace, open
        batch, new bytes (L2)."""
        self.journal.make_room()
        original = self.journal.original(refund.original)
        if not original and refund.road != ROAD_NO_SALE:
            raise Refused("refused.journal_damaged")
        new = Draft(KIND_REFUND, refund.amount) if original else self.visiting("yuanlu.no_original", "anew", refund)
        identity = self.journal.counters.next_trace()
        message = self._message(new, refund.called, identity, original)
        self._record_attempt(refund, s.AGAIN, identity, message)

    def reverse(self, transaction, reason):
        """The reversal of a sale or void whose answer never came, with its exact bytes (L1). reason: F39, b"98"."""
        self.journal.make_room()
        keys = self.sealing.next_keys()
        message = keys.answer + self.frame("reversal", self.config, transaction, reason, self.journal.log.newest, keys)
        self._record_attempt(transaction, s.REVERSAL, (transaction.batch, transaction.trace), message)

    def query(self, refund):
        """(key of the answer's MAC, the bytes that ask what became of a refund). They move no money and are not recorded."""
        keys = self.sealing.next_keys()
        return keys.answer, self.frame("query", self.config, refund, self.journal.log.newest, self.vault.random(8), keys)

    # ---- records

    def _message(self, draft, number, identity, original):
        """Answer key and request, as they are recorded."""
        keys = self.sealing.next_keys()
        return keys.answer + self.frame("request", self.config, draft, number, identity, self.journal.log.newest, original, keys)

    def frame(self, form, *given):
        """What that function of wire.messages makes of it."""
        try:
            return getattr(visit("yuanlu.wire.messages"), form)(*given)
        finally:
            leave("yuanlu.wire.messages")

    def _record_intent(self, draft, number, road, identity, message):
        date, time, quality = self.clock.date()
        card = (draft.card.number, draft.card.fingerprint) if draft.card else (b"", b"")
        head = (number, draft.original or number, draft.kind | road << 4, draft.amount) + identity + (date, time, quality)
        values = head + (draft.reason, draft.operator, draft.approver) + card
        self.journal.append(s.INTENT, values, message)

    def _record_attempt(self, transaction, kind, identity, message):
        self.journal.append(
            s.ATTEMPT, (transaction.number, transaction.original, kind, transaction.attempt + 1) + identity, message
        )

    def whole(self, transaction, date, operator, resolved, rrn_and_approval, amount):
        """Fields of a SALE, REFUND or ALARM. date: on which the acquirer booked it; operator: who did it, or who resolved it."""
        return (
            transaction.number,
            transaction.original,
            transaction.kind | transaction.road << 4,
            amount,
            transaction.batch,
            transaction.trace,
            date,
            transaction.time,
            transaction.quality | resolved,
            transaction.reason,
            operator,
            transaction.approver,
            transaction.card,
            transaction.fingerprint,
            rrn_and_approval[:12],
            rrn_and_approval[12:],
        )
