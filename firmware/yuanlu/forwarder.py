"""The ONE task that sends, and that notes SENDING and RESULT.

It looks at the journal's pending transactions, takes the first that is due, opens a road, notes SENDING, sends the recorded
bytes, notes RESULT. After a power cut it finds the same pending records: there is no second path.
"""

from yuanlu.compat import Event
from yuanlu.errors import BadMessage, NotSent, Refused, Silence, StoreFull
from yuanlu.refund import retry, verdicts
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND
from yuanlu.store import pending
from yuanlu.wire import messages

APPROVED = b"00"
_SOON_MS = 8000


class Forwarder:
    """Given the Desk, the Channel, the Codes, the Vault and Clock ports and the Config.

    `changed` is set whenever a transaction has a new state or a new hindrance.
    """

    def __init__(self, desk, channel, code_table, vault, clock, config):
        self.desk = desk
        self.journal = desk.journal
        self.channel = channel
        self.codes = code_table
        self.vault = vault
        self.clock = clock
        self.config = config
        self.changed = Event()
        self.woken = Event()
        self.tries = 0  # roads that could not be opened, in a row
        self.line_check = None  # a person asks for a line test: "asked", then the word id of what came of it

    async def run(self):
        """Send for ever. Wakes on new work, on a road that opens, and when a wait is over."""
        self.recover()
        while True:
            if self.line_check == "asked":
                await self._echo()
            now = self.clock.ticks_ms()
            transaction = pending.due(self.journal, now, self.clock.diff_ms)
            if transaction is not None:
                await self.send(transaction)
                continue
            await self.clock.wait(self.woken, pending.wait_ms(self.journal, now, self.clock.diff_ms))
            self.woken.clear()

    def recover(self):
        """After power-up: a send without an end is silence; everything waits a random while before it goes (herds)."""
        for transaction in list(self.journal.live):
            if transaction.state == s.IS_SENDING:
                self._note_silence(transaction, "why.power")
            if pending.needs_person(self.journal, transaction):
                transaction.why = "refused.journal_damaged"
        self._schedule_all()

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
        self.tries = 0
        self._schedule_all()
        self.woken.set()

    async def outcome(self, transaction, ms):
        """Wait until this transaction is settled, needs a person, cannot be sent now or not soon, at most `ms`. Only waits."""

        def told():
            if s.is_final(transaction.state) or transaction.state == s.IS_PARKED or transaction.why:
                return True
            due = transaction.due
            return due is not None and self.clock.diff_ms(due, self.clock.ticks_ms()) > _SOON_MS

        await self._until(told, ms)

    async def check_line(self, ms):
        """Have an echo sent; the word id of what came of it."""
        self.line_check = "asked"
        self.woken.set()
        await self._until(lambda: self.line_check != "asked", ms)
        return self.line_check

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
            self._put_off(error.reason)
            return
        try:
            self.tries = 0
            if not s.is_sendable(transaction.state):
                return  # withdrawn while the road was being opened
            transaction.why = None
            if transaction.state == s.IS_ASKING:
                await self._ask(transaction)
                return
            if transaction.stale:
                await self._sign_on()
                self.desk.renew(transaction)
            if transaction.state == s.IS_UNKNOWN and transaction.kind != KIND_REFUND:
                self.desk.reverse(transaction, b"98")
            if transaction.state == s.IS_UNKNOWN and self.config.repeat == "open_batch" and not self.config.query:
                await self._sign_on()  # is its batch still open? A repeat in a closed one would be booked again
            if transaction.state == s.IS_UNKNOWN and not verdicts.may_repeat(self.config, transaction, self._batch()):
                self._note(transaction, s.PERSON)
                return
            await self._send_attempt(transaction)
        except (Refused, StoreFull) as error:  # no key, trace or room is left for another message
            transaction.asked += 1
            transaction.why = error.reason if isinstance(error, Refused) else "refused.journal"
            transaction.due = self._later(transaction.asked)
        except Silence as error:  # of a query or sign-on; that of the message itself is noted where it was sent
            transaction.asked += 1
            transaction.why, transaction.due = error.reason, self._later(transaction.asked)
            if transaction.asked >= self.config.budget and transaction.state in (s.IS_ASKING, s.IS_UNKNOWN):
                self._note(transaction, s.PERSON)
        finally:
            self.channel.close()
            self.changed.set()

    async def _send_attempt(self, transaction):
        answer_key, request = self.journal.outgoing(transaction)
        self.desk.sending(transaction, self.channel.route)
        try:
            answer = await self._exchange(answer_key, request)
        except Silence as error:
            self._note_silence(transaction, error.reason)
        else:
            self._note_answer(transaction, answer)

    async def _exchange(self, answer_key, request):
        """The authentic Answer to `request`, or Silence."""
        return await self._quietly(request, lambda frame: messages.read_answer(frame, request, answer_key))

    async def _quietly(self, request, read):
        """One exchange, during which nothing may be erased. A frame that is not ours or not authentic is passed over (L6)."""

        def read_or_pass(frame):
            try:
                return read(frame)
            except BadMessage:
                return None

        self.journal.log.quiet = True
        try:
            return await self.channel.exchange(request, read_or_pass, self.config.answer_ms)
        finally:
            self.journal.log.quiet = False

    # ---- what it means

    def _note_answer(self, transaction, answer):
        if answer.amount != transaction.amount:
            transaction.why = "why.amount"
        verdict = verdicts.of_answer(self.config, transaction, answer, self.codes, self._batch())
        if verdict == s.RENEW and self.journal.refunds_left() <= 0:
            verdict = s.PERSON
        self._note(transaction, verdict, answer)

    def _note_silence(self, transaction, reason):
        verdict = verdicts.after_silence(self.config, transaction, self._batch())
        transaction.why = reason if verdict == s.PERSON else None
        self._note(transaction, verdict)

    def _note(self, transaction, verdict, answer=None):
        self.desk.note(transaction, verdict, answer)
        if s.is_sendable(transaction.state):
            transaction.due = self._later(transaction.sends, self._shortest(transaction))

    def _batch(self):
        return self.journal.counters.batch

    # ---- query, sign-on, echo

    async def _ask(self, refund):
        """Ask what became of a refund."""
        answer = await self._exchange(*self.desk.query(refund))
        self._note(refund, verdicts.of_query(self.config, refund, answer), answer)

    async def _sign_on(self):
        """Learn which batch is open. The pair of batch and trace stays unique: traces go on rising whatever the batch."""
        counters = self.journal.counters
        request = messages.sign_on(self.config, counters.batch, max(1, counters.trace))
        code, batch = await self._quietly(request, lambda frame: messages.read_plain_answer(frame, request))
        if code == APPROVED and batch:
            counters.batch = batch

    async def _echo(self):
        try:
            await self.channel.open()
            counters = self.journal.counters
            request = messages.echo(self.config, counters.batch, max(1, counters.trace))
            await self._quietly(request, lambda frame: messages.read_plain_answer(frame, request))
            self.line_check = "line.works"
        except (NotSent, Silence) as error:
            self.line_check = error.reason
        finally:
            self.channel.close()
            self.changed.set()

    # ---- when

    def _schedule_all(self):
        for transaction in self.journal.live:
            if s.is_sendable(transaction.state):
                # Anywhere within the cap: thousands of terminals get their power or their line back in the same second.
                transaction.due = self.clock.deadline(self._shortest(transaction) + self.vault.draw(self.config.cap_ms))

    def _shortest(self, transaction):
        """A query makes sense only once the message cannot arrive any more."""
        return self.config.ask_ms if transaction.state == s.IS_ASKING else 0

    def _put_off(self, reason):
        """No road: everything that waits shares the same wait, since it would meet the same dead line."""
        self.tries += 1
        due = self._later(self.tries)
        for transaction in self.journal.live:
            if s.is_sendable(transaction.state):
                transaction.why = reason
                if transaction.due is None or self.clock.diff_ms(due, transaction.due) > 0:
                    transaction.due = due  # never sooner than it was: a query has to wait for its time
        self.changed.set()

    def _later(self, tries, shortest=0):
        wait = retry.delay_ms(tries, self.config.base_ms, self.config.cap_ms, self.vault.draw)
        return self.clock.deadline(shortest + wait)
