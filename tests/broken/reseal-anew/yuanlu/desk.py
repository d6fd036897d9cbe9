

# Broken on purpose: a message that is sealed under another key names the journal's newest record, as if it were made only now.
_sending_what_was_recorded = Desk.sending


def _sending(self, transaction, route):
    epoch = self.journal.newest_seal(transaction)[0]
    is_anew = epoch and self.sealing.is_old(epoch)
    key, frame = _sending_what_was_recorded(self, transaction, route)
    if is_anew:
        number, tag = self.journal.log.newest
        at = frame.find(b"\3\x0c") + 2
        frame = frame[:at] + number.to_bytes(4, "big") + tag + frame[at + 12 : -8]
        frame += self.sealing.seal(frame[13:])[1]
    return key, frame


Desk.sending = _sending
