"""The ONE task that sends, and that notes SENDING and RESULT.

It looks at the journal's pending transactions, takes the first that is due, opens a road, notes SENDING, sends the recorded
bytes, notes RESULT. After a power cut it finds the same pending records: there is no second path.
"""

from yuanlu.compat import Event
from yuanlu.errors import BadMessage, NotSent, Silence
from yuanlu.refund import retry
from yuanlu.refund import state as s
from yuanlu.store import pending
from yuanlu.wire import messages


class Forwarder:
    """Given the Desk, the Channel, the Codes, the Vault and Clock ports and the Config.

    `changed` is set whenever a transaction has a new state or a new hindrance.
    """

    def __init__(self, desk, channel, codes, vault, clock, config):
        self.desk = desk
        self.journal = desk.journal
        self.channel = channel
        self.codes = codes
        self.vault = vault
        self.clock = clock
        self.config = config
        self.changed = Event()
        self.woken = Event()
        self.tries = 0  # roads that could not be opened, in a row

    async def run(self):
        """Send for ever. Wakes on new work, on a road that opens, and when a wait is over."""
        self.recover()
        while True:
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
            if s.is_sendable(transaction.state):
                transaction.due = self._first_try()

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
        for transaction in self.journal.live:
            if s.is_sendable(transaction.state):
                transaction.due = self._first_try()
        self.woken.set()

    async def outcome(self, transaction, ms):
        """Wait until this transaction is settled, needs a person or cannot be sent now, at most `ms`. Only waits."""
        deadline = self.clock.deadline(ms)
        while not s.is_final(transaction.state) and transaction.state != s.IS_PARKED and not transaction.why:
            left = self.clock.diff_ms(deadline, self.clock.ticks_ms())
            self.changed.clear()
            if left <= 0 or not await self.clock.wait(self.changed, left):
                break

    async def send(self, transaction):
        """One try of one transaction: open a road, SENDING, the bytes, RESULT."""
        try:
            await self.channel.open()
        except NotSent as error:
            self._put_off(transaction, error.reason)
            return
        try:
            self.tries = 0
            if not s.is_sendable(transaction.state):
                return  # withdrawn while the road was being opened
            request = self.journal.message(transaction)
            self.desk.sending(transaction, self.channel.route)
            transaction.why = None
            await self._exchange(transaction, request)
        finally:
            self.channel.close()
            self._tell()

    async def _exchange(self, transaction, request):
        self.journal.log.quiet = True
        try:
            answer = await self.channel.exchange(request, self._reader(request), self.config.answer_ms)
        except Silence as error:
            self._note_silence(transaction, error.reason)
        else:
            self._note_answer(transaction, answer)
        finally:
            self.journal.log.quiet = False

    def _reader(self, request):
        key = self.vault.response_key()

        def read(frame):
            """The Answer, or None when the frame is not ours or not authentic: it is passed over (L6)."""
            try:
                return messages.read_answer(frame, request, key)
            except BadMessage:
                return None

        return read

    def _note_answer(self, transaction, answer):
        verdict = self.codes.verdict(answer.code, transaction.doubt, self.config.repeat == "replays")
        if answer.amount != transaction.amount:
            verdict, transaction.why = s.PERSON, "why.amount"
        elif verdict == s.UNSURE:
            verdict = retry.after_silence(self.config.repeat, transaction.sends, self.config.budget)
        elif verdict == s.LATER and transaction.sends >= self.config.budget:
            verdict = s.PERSON
        self.desk.note(transaction, verdict, answer)
        self._schedule(transaction)

    def _note_silence(self, transaction, reason):
        verdict = retry.after_silence(self.config.repeat, transaction.sends, self.config.budget)
        self.desk.note(transaction, verdict)
        transaction.why = reason if verdict == s.PERSON else None
        self._schedule(transaction)

    def _schedule(self, transaction):
        if s.is_sendable(transaction.state):
            transaction.due = self._later(transaction.sends)

    def _put_off(self, transaction, reason):
        """No road: everything that waits shares the same wait, since it would meet the same dead line."""
        self.tries += 1
        transaction.why = reason
        due = self._later(self.tries)
        for other in self.journal.live:
            if s.is_sendable(other.state):
                other.due = due
        self._tell()

    def _first_try(self):
        """Anywhere within the cap: thousands of terminals get their power or their line back in the same second."""
        return self.clock.deadline(self.vault.draw(self.config.cap_ms))

    def _later(self, tries):
        wait = retry.delay_ms(tries, self.config.base_ms, self.config.cap_ms, self.vault.draw)
        return self.clock.deadline(wait)

    def _tell(self):
        self.changed.set()
