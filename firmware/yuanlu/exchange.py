"""One exchange with the acquirer at a time: what is sent, what counts as its answer, and what the acquirer asks besides.

A visiting module, as wire.messages is: in memory while something is sent.

A frame that is not ours or not authentic decides nothing (L6). It may make us sign on: that moves no money.
"""

from yuanlu.errors import BadMessage, Silence
from yuanlu.refund import codes as c
from yuanlu.wire import messages

# An answer that nothing proves, with one of these: perhaps our batch is closed.
_SIGN_ON_CODES = (c.OTHER_BATCH, c.KEYS_DIFFER, c.BAD_MAC, c.SECURITY_FAILURE)


class Exchange:
    """Given the Forwarder, which keeps what the host asked for from one exchange to the next: this one comes and goes."""

    def __init__(self, forwarder):
        self.forwarder = forwarder
        self.desk = forwarder.desk
        self.journal = forwarder.journal
        self.channel = forwarder.channel
        self.config = forwarder.config

    async def authentic(self, answer_key, request, read=messages.read_answer):
        """What `read` makes of the authentic answer to `request`, or Silence."""
        return await self._quietly(request, lambda frame: read(frame, request, answer_key, self.desk.sealing))

    async def sign_on(self):
        """Learn which batch is open, and the session key; Silence when that was not told, Refused for a key that is none: what
        hangs on it must not go then. The pair of batch and trace stays unique: traces go on rising whatever the batch."""
        counters = self.journal.counters
        code, batch, keys = await self._plain(messages.sign_on(self.config, counters.batch, self._any_trace()))
        if code != c.APPROVED or not batch:
            raise Silence("why.sign_on")
        try:
            self.desk.sealing.learn(keys)
        except BadMessage:
            raise Silence("why.sign_on") from None
        counters.batch = batch
        self.forwarder.sign_on_due = False

    async def echo(self):
        """Is anybody there? Silence when not."""
        counters = self.journal.counters
        await self._plain(messages.echo(self.config, counters.batch, self._any_trace()))

    def _any_trace(self):
        """Not one of a transaction's: a number that the answer to no earlier one of these has, since no MAC tells them apart."""
        return 1 + self.desk.vault.draw(999_998)

    async def _plain(self, request):
        return await self._quietly(request, lambda frame: messages.read_plain_answer(frame, request))

    async def _quietly(self, request, read):
        """One exchange, during which nothing may be erased."""

        def read_or_pass(frame):
            try:
                answer = read(frame)
                self._hear(messages.asks_for(frame))
                return answer
            except BadMessage:
                self._suspect(frame, request)
                return None

        self.journal.log.quiet = True
        try:
            return await self.channel.exchange(request, read_or_pass, self.config.answer_ms)
        finally:
            self.journal.log.quiet = False

    def _hear(self, asked):
        if asked == messages.SIGN_ON_WANTED:
            self.forwarder.sign_on_due = True
        elif asked:
            self.forwarder.asks = asked

    def _suspect(self, frame, request):
        try:
            code = messages.read_plain_answer(frame, request)[0]
        except BadMessage:
            return
        self.forwarder.sign_on_due = self.forwarder.sign_on_due or code in _SIGN_ON_CODES
