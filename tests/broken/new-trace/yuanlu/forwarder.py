

# Broken on purpose: a retry goes out under a new trace, so that the acquirer cannot know it again.
from yuanlu.refund.transaction import Draft

_send_recorded_bytes = Forwarder._exchange


async def _send_under_new_trace(self, transaction, request):
    if transaction.sends > 1:
        draft = Draft(transaction.kind, transaction.amount, transaction.original)
        identity = self.journal.counters.next_trace()
        original = self.journal.sale(transaction.original)
        request = self.desk._message(draft, transaction.number, identity, original)
    await _send_recorded_bytes(self, transaction, request)


Forwarder._exchange = _send_under_new_trace
