"""The ONE task that sends.

It looks at the journal's pending transactions and delivers the first that is due. After a power cut it finds the same pending
records: there is no second path.
"""

from yuanlu.compat import Event, leave, visit
from yuanlu.errors import NotSent, Refused, Silence, StoreDamaged, StoreFull
from yuanlu.refund import state as s
from yuanlu.schedule import Schedule
from yuanlu.store import pending

_SOON_MS = 8000


class Errand:
    """What a person asks for besides sending: "echo", the test of a "line", "closing" a batch; `told`: what came of it, or
    None."""

    def __init__(self, name):
        self.name, self.told = name, None


class Forwarder:
    """Given the Desk, the Channel, the Codes, the Vault and Clock ports and the Config.

    `changed` is set whenever a transaction has a new state or a new hindrance. `asks`: the last request of the host
    that is for the technician, 0 for none; `sign_on_due`: a sign-on should go before the next message.
    """

    def __init__(self, desk, channel, code_table, vault, clock, config):
        self.desk = desk
        self.journal = desk.journal
        self.channel = channel
        self.codes = code_table
        self.asks = 0
        self.sign_on_due = desk.sealing.has_session  # what key the acquirer has by now nobody knows
        self.schedule = Schedule(self.journal, clock, vault, config)
        self.clock = clock
        self.config = config
        self.changed, self.woken = Event(), Event()
        self.wanted = 0  # number of the transaction that a clerk stands and waits for: it goes first
        self.errand = None  # what a person asks for besides
        self.sent()  # for all that is known

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
                visit("yuanlu.delivery").Delivery(self).note_silence(transaction, "why.power")
                leave("yuanlu.delivery")
            if pending.needs_person(self.journal, transaction):
                transaction.why = "refused.journal_damaged"
            if self.journal.shut:
                transaction.why = self.journal.shut

    # ---- for the screens

    def wake(self):
        """There is new work."""
        self.woken.set()

    def send_now(self, transaction):
        """A person asks for a try at once. A query keeps its time: sooner it would prove nothing."""
        if not s.is_asked(transaction.state):
            transaction.due = None
        transaction.why = None  # of the last try, and who waits for this one would take it for its outcome
        self.woken.set()

    def road_opened(self):
        """A cable came in: what waits goes after a short random while."""
        self.schedule.all()
        self.woken.set()

    def sent(self):
        """Bytes of a transaction have left just now."""
        self._gone_at = self.clock.deadline(self.config.ask_ms)

    def lingering_ms(self):
        """How long something that was sent may be on its way still: no longer than the profile says."""
        left = self.clock.diff_ms(self._gone_at, self.clock.ticks_ms())
        return left if 0 < left <= self.config.ask_ms else 0  # more: the clock's ticks went round since

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
        elif self.journal.held and transaction not in pending.eligible(self.journal):
            transaction.why = "why.held"
        try:
            await self._until(told, ms)
        finally:
            self.wanted = 0

    async def run_errand(self, name, ms):
        """Have an "echo" sent, the "line" tested, or the batch closed ("closing"). What came of it: a text, of the test what
        line_test says, or the Refused that says why nothing did; None when it is still under way. Refused while another one
        is."""
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

    async def send(self, transaction):
        """One try of one transaction."""
        try:
            await visit("yuanlu.delivery").Delivery(self).send(transaction)
        finally:
            leave("yuanlu.delivery")
            self.changed.set()

    async def _run_errand(self, errand):
        told = "line.busy"
        exchange = visit("yuanlu.exchange")
        try:
            if errand.name == "echo":
                await self.channel.open()
                await exchange.Exchange(self).echo()
                told = "line.works"
            elif errand.name == "line":
                told = await visit("yuanlu.line_test").test(self)
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
            leave("yuanlu.closing", "yuanlu.line_test", "yuanlu.exchange")
            errand.told, self.errand = told, None
            self.changed.set()
