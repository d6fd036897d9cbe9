"""One exchange with the acquirer at a time: what is sent, what counts as its answer, and what the acquirer asks besides.

A frame that is not ours or not authentic decides nothing (L6). It may make us sign on: that moves no money.
"""

from yuanlu.errors import BadMessage, Silence
from yuanlu.wire import messages

APPROVED = b"00"
_SIGN_ON_CODES = (b"77", b"99", b"A0", b"A7")  # an answer that nothing proves, with one of these: perhaps our batch is closed


class Errand:
    """What a person asks for besides sending: "echo", the test of a "line", "closing" a batch; `told`: what came of it, or
    None."""

    def __init__(self, name):
        self.name, self.told = name, None


class Exchange:
    """Given the Desk, the Channel and the Config. `asks`: the last request of the host that is for the technician, 0 for none;
    `sign_on_due`: a sign-on should go before the next message."""

    def __init__(self, desk, channel, config):
        self.desk = desk
        self.journal = desk.journal
        self.channel = channel
        self.config = config
        self.asks = 0
        self.sign_on_due = desk.sealing.has_session  # what key the acquirer has by now nobody knows

    async def authentic(self, answer_key, request, read=messages.read_answer):
        """What `read` makes of the authentic answer to `request`, or Silence."""
        return await self._quietly(request, lambda frame: read(frame, request, answer_key, self.desk.sealing))

    async def sign_on(self):
        """Learn which batch is open, and the session key; Silence when that was not told, Refused for a key that is none: what
        hangs on it must not go then. The pair of batch and trace stays unique: traces go on rising whatever the batch."""
        counters = self.journal.counters
        code, batch, keys = await self._plain(messages.sign_on(self.config, counters.batch, self._any_trace()))
        if code != APPROVED or not batch:
            raise Silence("why.sign_on")
        try:
            self.desk.sealing.learn(keys)
        except BadMessage:
            raise Silence("why.sign_on") from None
        counters.batch = batch
        self.sign_on_due = False

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
            self.sign_on_due = True
        elif asked:
            self.asks = asked

    def _suspect(self, frame, request):
        try:
            code = messages.read_plain_answer(frame, request)[0]
        except BadMessage:
            return
        self.sign_on_due = self.sign_on_due or code in _SIGN_ON_CODES
