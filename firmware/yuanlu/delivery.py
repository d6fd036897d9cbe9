"""One try of one transaction: a road, whatever has to come first, SENDING, the bytes, RESULT. A visiting module.

While an answer is awaited a person may decide otherwise: what was awaited counts only if nothing was decided meanwhile.
"""

from yuanlu.errors import NotSent, Refused, Silence, StoreDamaged, StoreFull, Unreadable
from yuanlu.exchange import Exchange
from yuanlu.refund import state as s
from yuanlu.refund import verdicts
from yuanlu.refund.codes import OTHER_BATCH
from yuanlu.refund.transaction import KIND_REFUND, ROAD_NO_SALE
from yuanlu.store import pending


class Delivery:
    """Given the Forwarder, which makes one for each try."""

    def __init__(self, forwarder):
        self.forwarder = forwarder
        self.desk = forwarder.desk
        self.journal = forwarder.journal
        self.channel = forwarder.channel
        self.exchange = Exchange(forwarder)
        self.codes = forwarder.codes
        self.schedule = forwarder.schedule
        self.config = forwarder.config

    async def send(self, transaction):
        """Open a road and send what comes next for it: its message, a query, or the sign-on that has to come first."""
        if self._is_given_up(transaction):
            return
        try:
            await self.channel.open()
        except NotSent as error:
            self.schedule.put_off(error.reason)
            return
        before = _standing(transaction)
        try:
            if self.journal.shut:  # since it was chosen
                raise Refused(self.journal.shut)
            transaction.why = None
            if self.forwarder.sign_on_due:
                await self.exchange.sign_on()
            if s.is_asked(transaction.state):
                await self._ask(transaction)
            elif s.is_sendable(transaction.state) and await self._make_ready(transaction) and self._is_its_turn(transaction):
                await self._send_attempt(transaction)
        except Unreadable:  # nothing of it can ever be sent
            self._note(transaction, s.PERSON)
        except (Refused, StoreFull, StoreDamaged) as error:  # no key, trace or room for another message
            self._hinder(transaction, error)
        except Silence as error:  # of a query or sign-on; that of the message itself is noted where it was sent
            self.schedule.put_off()
            if before == _standing(transaction):
                self._note_no_help(transaction, error.reason)
        finally:
            self.channel.close()

    def _is_given_up(self, transaction):
        """A refund without an original goes while somebody stands before it, or not at all."""
        if transaction.road != ROAD_NO_SALE or transaction.number == self.forwarder.wanted:
            return False
        try:
            return self.desk.visiting("yuanlu.no_original", "give_up", transaction)
        except (Refused, StoreFull, StoreDamaged) as error:
            self._hinder(transaction, error)
            return True

    def _hinder(self, transaction, error):
        """The journal or the vault does not let it go on: again later."""
        transaction.failures += 1
        transaction.why = error.reason if isinstance(error, Refused) else "refused.journal"
        transaction.due = self.schedule.later(transaction.failures)

    async def _make_ready(self, transaction):
        """Whatever has to come before its bytes go: a sign-on, a new attempt, a reversal. False when they may not go."""
        if verdicts.wants_sign_on(self.config, transaction, self._batch()):
            before = _standing(transaction)
            await self.exchange.sign_on()
            if before != _standing(transaction):
                return False
        batch = self._batch()
        if verdicts.is_contradicted(transaction, batch):
            raise Silence("why.batch")
        if verdicts.needs_attempt(self.config, transaction, batch):
            self.desk.renew(transaction)
        elif transaction.state == s.IS_UNKNOWN and transaction.kind != KIND_REFUND:
            self.desk.reverse(transaction, b"98")
        instead = verdicts.instead_of_repeat(self.config, transaction, batch)
        if instead:
            self._note(transaction, instead)
        return not instead

    def _is_its_turn(self, transaction):
        """Since it was chosen, a road was opened and perhaps a sign-on sent: a person may hold the queue by now."""
        if transaction in pending.eligible(self.journal):
            return True
        transaction.why = "why.held" if self.journal.held else "why.earlier"
        return False

    async def _send_attempt(self, transaction):
        answer_key, request = self.desk.sending(transaction, self.channel.route)
        try:
            answer = await self.exchange.authentic(answer_key, request)
        except Silence as error:
            self.note_silence(transaction, error.reason)
            self.schedule.put_off()
        else:
            self.schedule.tries = 0
            self._note_answer(transaction, answer)
        finally:
            self.forwarder.sent()

    async def _ask(self, refund):
        """Ask what became of a refund. A person may have decided about it, and a new attempt may stand, before the answer is
        here: an approval is an alarm then."""
        if not verdicts.can_ask(self.config, refund):
            return self._note(refund, s.PERSON)  # it could be, when it was decided on
        before = _standing(refund)
        answer = await self.exchange.authentic(*self.desk.query(refund))
        self.schedule.tries = 0
        verdict = verdicts.of_query(self.config, refund, answer, self.codes, self._batch())
        if before != _standing(refund):
            if verdict in (s.DONE, s.OTHERWISE, s.ACCEPTED) and refund.state != s.IS_RESOLVED_DONE:
                self.desk.note(refund, s.OTHERWISE, answer)
            return None
        if verdict == s.ASK:
            return self._note_no_help(refund, "why.query")
        refund.failures = 0
        if verdict == s.ACCEPTED and refund.state == s.IS_ACCEPTED:
            refund.asked += 1
            if refund.asked < len(self.config.wallet_asks):
                refund.due = self.schedule.in_time(refund)
                return None
            verdict = s.PERSON
        return self._note(refund, verdict, answer)

    # ---- what it means

    def _note_answer(self, transaction, answer):
        if s.is_final(transaction.state):
            return  # a person has decided about a reversal meanwhile
        verdict = verdicts.of_answer(self.config, transaction, answer, self.codes, self._batch())
        # A sale or void of a batch that is not open: so would the next one be, which is made with the number known here.
        of_other_batch = answer.code == OTHER_BATCH and transaction.kind != KIND_REFUND
        if of_other_batch or verdicts.refuses_seal(self.config, answer.code):
            self.forwarder.sign_on_due = True
        if answer.amount != transaction.amount:
            transaction.why = "why.amount"
        self._note(transaction, verdict, answer)

    def note_silence(self, transaction, reason):
        """A send of it had no conclusive end."""
        if s.is_final(transaction.state):
            return
        verdict = verdicts.after_silence(self.config, transaction, self._batch())
        transaction.why = reason if verdict == s.PERSON else None
        self._note(transaction, verdict)

    def _note_no_help(self, transaction, reason):
        """No answer to a query or sign-on, or none that helps: again later, and a person in the end."""
        transaction.failures += 1
        # A wallet is asked at its times.
        shortest = self.schedule.shortest(transaction) if transaction.state == s.IS_ACCEPTED else 0
        transaction.why, transaction.due = reason, self.schedule.later(transaction.failures, shortest)
        was_sent = transaction.stale or s.is_asked(transaction.state) or transaction.state in (s.IS_UNKNOWN, s.IS_WAITING)
        if transaction.failures >= self.config.budget and was_sent:
            self._note(transaction, s.PERSON)

    def _note(self, transaction, verdict, answer=None):
        if verdict == s.RENEW and self.journal.refunds_left() <= 0:
            verdict = s.PERSON
        self.desk.note(transaction, verdict, answer)
        if s.is_sendable(transaction.state):
            transaction.due = self.schedule.later(transaction.tries, self.schedule.shortest(transaction))

    def _batch(self):
        return self.journal.counters.batch


def _standing(transaction):
    """What a decision changes."""
    return transaction.state, transaction.attempt, transaction.stale
