# Broken on purpose: what waits for a line goes to a person after a few roads that did not open, as if its budget were spent.
_send = Delivery.send


async def _send_or_park(self, transaction):
    await _send(self, transaction)
    if self.schedule.tries > 3 and transaction.state == s.IS_QUEUED and transaction.why == "why.no_connection":
        transaction.failures = self.config.budget
        self._note(transaction, s.PERSON)


Delivery.send = _send_or_park
