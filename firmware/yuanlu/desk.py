"""The one counter over which money decisions are made. Everything here is synchronous: nothing can come between the look
at the journal and the record that follows from it."""

from yuanlu.errors import Refused
from yuanlu.refund import rules
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND
from yuanlu.wire import messages

_ROOM_FOR_INTENT = 768


class Desk:
    """Given the Journal, the Config, the Vault port and the Clock port."""

    def __init__(self, journal, config, vault, clock):
        self.journal = journal
        self.config = config
        self.vault = vault
        self.clock = clock

    def left(self, sale):
        """Fen of that done sale which may still be refunded; Refused when nothing is."""
        left = sale.amount - self.journal.spent(sale.number)
        if left <= 0:
            raise Refused("refused.nothing_left")
        return left

    def open(self, draft):
        """Check the draft against the journal and make it durable with the exact bytes to be sent (L1, L3).

        Returns the Transaction, queued. Raises Refused; nothing was recorded then.
        """
        journal = self.journal
        original = journal.sale(draft.original) if draft.kind == KIND_REFUND else None
        spent = journal.spent(draft.original) if original else 0
        rules.check(draft, original, spent, len(journal.live), self.config)
        if journal.log.quiet and journal.log.room() < _ROOM_FOR_INTENT:
            raise Refused("refused.busy")
        journal.make_room(_ROOM_FOR_INTENT)
        number = journal.next_number
        identity = journal.counters.next_trace()
        message = self._message(draft, number, identity, original)
        self._record_intent(draft, number, identity, message)
        return journal.find_live(number)

    def _message(self, draft, number, identity, original):
        head = self.journal.log.newest
        key = self.vault.next_mac_key()
        if draft.kind == KIND_REFUND:
            return messages.refund(self.config, number, draft.amount, identity, head, original, key)
        return messages.sale(self.config, number, draft.amount, identity, head, draft.card.block, key)

    def _record_intent(self, draft, number, identity, message):
        date, time, quality = self.clock.date()
        card = draft.card
        values = (
            number,
            draft.original or number,
            draft.kind,
            draft.amount,
            identity[0],
            identity[1],
            date,
            time,
            quality,
            draft.reason,
            draft.operator,
            card.number if card else b"",
            card.fingerprint if card else b"",
        )
        self.journal.append(s.INTENT, values, message)

    def sending(self, transaction, route):
        """Durable note that bytes of this attempt are about to leave (L1). route: which road, for the journal."""
        self.journal.make_room()
        values = (transaction.number, transaction.original, 1, transaction.sends + 1, route)
        self.journal.append(s.SENDING, values)

    def note(self, transaction, verdict, answer=None):
        """Durable note of how a send ended. A sale that is done becomes one SALE record. answer: wire.messages.Answer."""
        if verdict == s.DONE and transaction.number == transaction.original:
            self._record_sale(transaction, answer)
            return
        code, rrn, approval = (answer.code, answer.rrn, answer.approval) if answer else (b"", b"", b"")
        date, time, _ = self.clock.date()
        values = (transaction.number, transaction.original, 1, verdict, code, rrn, approval, date, time)
        self.journal.append(s.RESULT, values)

    def _record_sale(self, sale, answer):
        values = (
            sale.number,
            sale.original,
            sale.kind,
            sale.amount,
            sale.batch,
            sale.trace,
            sale.date,
            sale.time,
            0,
            sale.reason,
            0,
            sale.card,
            sale.fingerprint,
            answer.rrn,
            answer.approval,
        )
        self.journal.append(s.SALE, values)

    def withdraw(self, transaction, operator=0):
        """Take back what was never sent; Refused once a byte may have left."""
        if transaction.state != s.IS_QUEUED:
            raise Refused("refused.already_sent")
        self.journal.append(s.WITHDRAWN, (transaction.number, transaction.original, operator))

    def printed(self, transaction):
        """Durable note that a slip saying this state came out whole."""
        copy = min(255, transaction.copies + 1)
        self.journal.append(s.PRINTED, (transaction.number, transaction.original, transaction.state, copy))
