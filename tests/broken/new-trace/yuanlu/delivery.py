# Broken on purpose: a retry goes out under a new trace, so that the acquirer cannot know it again.
from yuanlu.refund.transaction import Draft


class _Card:
    block = b""


async def _send_under_new_trace(self, transaction):
    key, request = self.journal.outgoing(transaction)
    self.desk.sending(transaction, self.channel.route)
    if transaction.sends > 1:
        draft = Draft(transaction.kind, transaction.amount, transaction.original, card=_Card)
        original = self.journal.sale(transaction.original)
        message = self.desk._message(draft, transaction.number, self.journal.counters.next_trace(), original)
        key, request = message[:16], message[16:]
    try:
        answer = await self.exchange.authentic(key, request)
    except Silence as error:
        self.note_silence(transaction, error.reason)
    else:
        self._note_answer(transaction, answer)


Delivery._send_attempt = _send_under_new_trace
