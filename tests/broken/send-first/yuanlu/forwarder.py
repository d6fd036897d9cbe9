

# Broken on purpose: the bytes leave before the record that says so is durable.
async def _send_first(self, transaction):
    await self.channel.open()
    request = self.journal.message(transaction)
    await self.channel.stream.write(request)
    self.desk.sending(transaction, self.channel.route)
    try:
        answer = await self.channel.exchange(b"", self._reader(request), self.config.answer_ms)
    except Silence as error:
        self._note_silence(transaction, error.reason)
    else:
        self._note_answer(transaction, answer)
    self.channel.close()
    self._tell()


Forwarder.send = _send_first
