"""The ONE task that sends, and that notes SENDING and RESULT.

It looks at the journal's pending transactions, takes the first that is due, opens a road, notes SENDING, sends the recorded
bytes, notes RESULT. After a power cut it finds the same pending records: there is no second path.
"""

from yuanlu.compat import Event, leave, visit
from yuanlu.errors import NotSent, Refused, Silence, StoreDamaged, StoreFull
from yuanlu.exchange import Errand, Exchange
from yuanlu.refund import state as s
from yuanlu.refund import verdicts
from yuanlu.refund.transaction import KIND_REFUND
from yuanlu.schedule import Schedule
from yuanlu.store import pending

_SOON_MS = 8000


class Forwarder:
    """Given the Desk, the Channel, the Codes, the Vault and Clock ports and the Config.

    `changed` is set whenever a transaction has a new state or a new hindrance.
    """

    def __init__(self, desk, channel, code_table, vault, clock, config):
        self.desk = desk
        self.journal = desk.journal
        self.channel = channel
        self.exchange = Exchange(desk, channel, config)
        self.codes = code_table
        self.schedule = Schedule(self.journal, clock, vault, config)
        self.clock = clock
        self.config = config
        self.changed, self.woken = Event(), Event()
        self.wanted = 0  # number of the transaction that a clerk stands and waits for: it goes first
        self.errand = None  # what a person asks for besides

    async def run(self):
        """Send for ever. Wakes on new work, on a road that opens, and when a wait is over."""
        self.recover()
        self.schedule.all()
        while True:
            self.recover()
            if self.errand:
                await self._run_errand(self.errand)
            now = self.clock.ticks_ms()
            transaction = pending.due(self.journal, now, self.clock.diff_ms, self.wanted)
            if transaction is not None:
                await self.send(transaction)
                continue
            await self.clock.wait(self.woken, pending.wait_ms(self.journal, now, self.clock.diff_ms))
            self.woken.clear()

    def recover(self):
        """Between two sends: one that has no end, since power went or its end could not be written, is silence."""
        for transaction in list(self.journal.live):
            if transaction.state == s.IS_SENDING:
                self._note_silence(transaction, "why.power")
            if pending.needs_person(self.journal, transaction):
                transaction.why = "refused.journal_damaged"

    # ---- for the screens

    def wake(self):
        """There is new work."""
        self.woken.set()

    def send_now(self, transaction):
        """A person asks for a try at once."""
        transaction.due = None
        self.woken.set()

    def road_opened(self):
        """A cable came in: what waits goes after a short random while."""
        self.schedule.all()
        self.woken.set()

    async def outcome(self, transaction, ms):
        """Wait until this transaction is settled, needs a person, cannot be sent now or not soon, at most `ms`. Only waits."""

        def told():
            if s.is_final(transaction.state) or transaction.state in (s.IS_PARKED, s.IS_HELD) or transaction.why:
                return True
            due = transaction.due
            return due is not None and self.clock.diff_ms(due, self.clock.ticks_ms()) > _SOON_MS

        self.wanted = transaction.number
        if pending.is_behind(self.journal, transaction):
            transaction.why = "why.earlier"
        try:
            await self._until(told, ms)
        finally:
            self.wanted = 0

    async def run_errand(self, name, ms):
        """Have an "echo" sent, or the batch closed ("closing"). The text of what came of it, or the Refused that says why nothing
        did; None when it is still under way. Refused while another one is."""
        if self.errand:
            raise Refused("refused.busy")
        errand = self.errand = Errand(name)
        self.woken.set()
        await self._until(lambda: errand.told, ms)
        return errand.told

    async def _until(self, reached, ms):
        deadline = self.clock.deadline(ms)
        while not reached():
            left = self.clock.diff_ms(deadline, self.clock.ticks_ms())
            self.changed.clear()
            if left <= 0 or not await self.clock.wait(self.changed, left):
                break

    # ---- one try of one transaction

    async def send(self, transaction):
        """Open a road, SENDING, the bytes, RESULT; or the query or sign-on that has to come first."""
        try:
            await self.channel.open()
        except NotSent as error:
            self.schedule.put_off(error.reason)
            self.changed.set()
            return
        try:
            transaction.why = None
            if self.exchange.sign_on_due:
                await self.exchange.sign_on()
            if not s.is_sendable(transaction.state):
                return  # withdrawn or resolved meanwhile
            if s.is_asked(transaction.state):
                await self._ask(transaction)
            elif await self._may_send(transaction):
                await self._send_attempt(transaction)
        except (Refused, StoreFull, StoreDamaged) as error:  # no key, trace or room for another message, or its bytes are gone
            transaction.failures += 1
            transaction.why = error.reason if isinstance(error, Refused) else "refused.journal"
            transaction.due = self.schedule.later(transaction.failures)
        except Silence as error:  # of a query or sign-on; that of the message itself is noted where it was sent
            self._note_no_help(transaction, error.reason)
        finally:
            self.channel.close()
            self.changed.set()

    async def _may_send(self, transaction):
        """Whatever has to come before its bytes go: a sign-on, a new attempt, a reversal; False when a person has to find out."""
        repeats = transaction.state == s.IS_WAITING and verdicts.knows_repeat(self.config, transaction, self._batch())
        if transaction.stale or (repeats and verdicts.needs_open_batch(self.config)):
            await self.exchange.sign_on()
            if not s.is_sendable(transaction.state):
                return False  # withdrawn or resolved meanwhile
        if verdicts.is_contradicted(transaction, self._batch()):
            raise Silence("why.batch")
        if verdicts.needs_attempt(self.config, transaction, self._batch()):
            self.desk.renew(transaction)
        if transaction.state == s.IS_UNKNOWN and transaction.kind != KIND_REFUND:
            self.desk.reverse(transaction, b"98")
        if transaction.state == s.IS_UNKNOWN and verdicts.can_ask(self.config, transaction):
            self._note(transaction, s.ASK)
            return False
        if transaction.state == s.IS_UNKNOWN and verdicts.needs_open_batch(self.config):
            await self.exchange.sign_on()  # is its batch still open? A repeat in a closed one would be booked again
        if transaction.state == s.IS_UNKNOWN and not verdicts.knows_repeat(self.config, transaction, self._batch()):
            self._note(transaction, s.PERSON)
            return False
        return s.is_sendable(transaction.state)

    async def _send_attempt(self, transaction):
        answer_key, request = self.desk.sending(transaction, self.channel.route)
        try:
            answer = await self.exchange.authentic(answer_key, request)
        except Silence as error:
            self._note_silence(transaction, error.reason)
            self.schedule.put_off()
        else:
            self.schedule.tries = 0
            self._note_answer(transaction, answer)

    # ---- what it means

    def _note_answer(self, transaction, answer):
        verdict = verdicts.of_answer(self.config, transaction, answer, self.codes, self._batch())
        if verdicts.refuses_seal(self.config, answer.code):
            self.exchange.sign_on_due = True
        if answer.amount != transaction.amount:
            transaction.why = "why.amount"
        self._note(transaction, verdict, answer)

    def _note_silence(self, transaction, reason):
        verdict = verdicts.after_silence(self.config, transaction, self._batch())
        transaction.why = reason if verdict == s.PERSON else None
        self._note(transaction, verdict)

    def _note_no_help(self, transaction, reason):
        """No answer to a query or sign-on, or none that helps: again later, and a person in the end."""
        transaction.failures += 1
        transaction.why, transaction.due = reason, self.schedule.later(transaction.failures)
        self.schedule.put_off()
        was_sent = s.is_asked(transaction.state) or transaction.state == s.IS_UNKNOWN or transaction.stale
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

    async def _ask(self, refund):
        """Ask what became of a refund. A person may have decided about it, and a new attempt may stand, before the answer is
        here: an approval is an alarm then."""
        asked = refund.state, refund.attempt, refund.stale
        answer = await self.exchange.authentic(*self.desk.query(refund))
        self.schedule.tries = refund.failures = 0
        verdict = verdicts.of_query(self.config, refund, answer, self._batch())
        if asked != (refund.state, refund.attempt, refund.stale):
            if verdict == s.DONE and refund.state != s.IS_RESOLVED_DONE:
                self.desk.note(refund, s.OTHERWISE, answer)
            return
        if verdict == s.ACCEPTED and refund.state == s.IS_ACCEPTED:
            refund.asked += 1
            verdict = s.PERSON if refund.asked >= len(self.config.wallet_asks) else verdict
        if verdict == s.ACCEPTED and refund.state == s.IS_ACCEPTED:
            refund.due = self.clock.deadline(self.schedule.shortest(refund))
        else:
            self._note(refund, verdict, answer)

    async def _run_errand(self, errand):
        told = "line.busy"
        try:
            if errand.name == "echo":
                await self.channel.open()
                await self.exchange.echo()
                told = "line.works"
            else:
                told = await visit("yuanlu.closing").close_batch(self)
        except Refused as error:
            told = error
        except (NotSent, Silence) as error:
            told = error.reason
        except (StoreFull, StoreDamaged):
            told = "refused.journal"
        finally:
            self.channel.close()
            leave("yuanlu.closing")
            errand.told, self.errand = told, None
            self.changed.set()
