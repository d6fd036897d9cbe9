"""A fence that cannot be read is mended on the authority's word alone: docs/handover.md. A visiting module of service.handover.

The word names the number of a NOTE, which the terminal writes when it is first asked. No number comes twice (L4), and the NOTE of
the mending takes that one's place: so a word serves once, whatever the vault holds.
"""

from struct import pack, unpack

from yuanlu.compat import const
from yuanlu.crypto.cmac import equal
from yuanlu.crypto.hmac import hmac_sha256
from yuanlu.errors import Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import TECHNICIAN
from yuanlu.service.door import SERVICE_KEY
from yuanlu.service.handover import opened, record
from yuanlu.store import fence as f
from yuanlu.store import history
from yuanlu.wire import service

_LOST = const(7)  # in the answer to OWNER alone: no fence and no HANDOVER has it
_FENCE = const(10)  # kind of a NOTE
_ASKS = b"lost"
_DONE = b"mended"


def do(door, command, given, fence):
    """The bytes that answer it."""
    if command == service.MEND:
        return _mend(door, given, fence)
    return _owner(door.till)


class _Told:
    """What the journal has of it. `note`: number of the newest NOTE about a fence, 0 for none; `asks`: no word has come since."""

    def __init__(self, journal):
        self.note, self.asks, self.words = 0, False, []
        for found in history.newest_first(journal.log, None):
            if found.type == s.NOTE and found.number > self.note:
                body = found.body()
                if body.kind == _FENCE:
                    self.note, self.asks = found.number, body.text.rstrip(b"\0") == _ASKS
            elif found.type == s.HANDOVER:
                body = found.body()
                self.words.append((found.number, found.transaction, body.standing, body.other, body.epoch))
        if journal.log.damaged:
            raise Refused("refused.journal_damaged")
        self.words.sort()

    def before(self, number):
        """(standing, the other terminal): the newest word about this terminal older than that record."""
        words = [word[2:4] for word in self.words if word[0] < number and not word[1]]
        return words[-1] if words else (f.OWN, bytes(8))

    def highest(self, epoch):
        """Of the epochs that were; what a mending under this one has left when power cut it does not count."""
        return max([0] + [word[4] for word in self.words if word[0] < self.note or word[4] != epoch])


def _owner(till):
    """u8 7, u32 number that the authority's word has to name, the other terminal, u16 0, u16 install epoch, u16 standing, u32 0:
    both as the journal had them last."""
    told = _Told(till.journal)
    number = told.note if told.asks else _note(till, _ASKS)
    standing, other = told.before(number)
    return pack("<BI8sHHHI", _LOST, number, other, 0, till.config.epoch, standing, 0)


def _note(till, text):
    date, time, _ = till.board.clock.date()
    till.desk.refuse_while_busy()
    return till.journal.append(s.NOTE, (0, 0, _FENCE, TECHNICIAN, date, time, text))


def _mend(door, given, fence):
    """u32 number, u32 epoch, tag 16: the authority's word that what stands here is this terminal's to send."""
    till = door.till
    number, epoch, tag = unpack("<II16s", given)
    key, names = till.board.vault.load(SERVICE_KEY), till.config.terminal.encode() + given[:8]
    if not equal(hmac_sha256(key, b"yuanlu mend" + names)[:16], tag):
        raise Refused("refused.handover_warrant")
    told = _Told(till.journal)
    if fence.lost:
        _write(door, fence, told, number, epoch)
    elif fence.epoch == epoch:
        fence.keep()  # power may have gone between its two places
    else:
        raise Refused("refused.fence_read")
    if told.asks:
        _note(till, _DONE)
    opened(till, fence)


def _write(door, fence, told, number, epoch):
    """The record first: the epoch that it names is used up. What a spare has for good stays the spare's."""
    if not told.asks or number != told.note:
        raise Refused("refused.handover_warrant")
    if epoch <= told.highest(epoch):
        raise Refused("refused.handover_number", told.highest(epoch))
    standing, other = told.before(number)
    if standing == f.TAKING:
        raise Refused("refused.fence_taking")
    door.note(door.ticket, service.MEND, epoch)
    standing = f.FINISHED if standing == f.FINISHED else f.BACK
    fence.lost, fence.epoch, fence.other = False, epoch, other
    fence.rows, fence.lowest = {}, epoch  # what each giver had last nobody knows
    fence.key = door.till.board.vault.random(32)  # nobody has a receipt under this one
    record(door.till, fence, standing)
    fence.move(standing)
