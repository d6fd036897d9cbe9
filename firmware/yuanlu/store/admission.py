"""How much may stand open at a time, so that there is always room to end it: new work is refused long before the chip is full.

All that is unsettled in one sector must fit another one, together with a SUMMARY and a record that is repeated; and each SUMMARY
must be able to name every record that the unsettled transactions rest on.
"""

from yuanlu import record as r
from yuanlu.compat import const
from yuanlu.refund import state as s
from yuanlu.store import header, summary
from yuanlu.store.log import MESSAGE, NOTE

OWED = const(8)  # settled transactions whose slip is remembered
_PLACES = const(7)  # records that one unsettled transaction rests on, at most: its sale's among them; a SEAL besides


def refunds_left(journal):
    """So many more transactions may stand open."""
    log, unit = journal.log, journal.log.flash.unit
    named = room_for_places(log) // (_PLACES + journal.has_session) - OWED // 2
    one = r.size(MESSAGE, unit) + (3 + journal.has_session) * r.size(NOTE, unit) + log.done_size
    held = log.window * (_usable(log.flash) - log.exchange_room) // one
    return max(0, min(named, held) - len(journal.live))


def room_for_places(log):
    """How many records a SUMMARY can name."""
    tail = r.LARGEST_PAYLOAD - r.payload_length(s.SUMMARY)
    return summary.room_for_addresses(log.flash.sector_size, tail, len(log.retired))


def fits(journal, places, owed):
    """A slip that is owed may be named too: it takes no room from what is unsettled. It can be had by the reprint key else."""
    log = journal.log
    taken = sum([place[2] for transaction in journal.live for place in transaction.rests_on])
    taken += log.done_size * len(journal.originals) + sum([place[2] for place in journal.held])
    known = {place[0] for place in places}
    taken += sum([place[2] for other in journal.owed for place in other.rests_on if other is owed or place[0] in known])
    return len(places) + len(owed.rests_on) <= room_for_places(log) and taken <= _usable(log.flash) - log.exchange_room


def is_crowded(journal, size):
    """With `size` more bytes, what is unsettled in the newest sector might one day not fit another one."""
    flash, here = journal.log.flash, journal.log.head
    unsettled = sum([journal.log.done_size for place in journal.originals if place[1] // flash.sector_size == here])
    unsettled += sum([place[2] for place in journal.held if place[1] // flash.sector_size == here])
    for transaction in journal.live:
        unsettled += sum([place[2] for place in transaction.rests_on if place[1] // flash.sector_size == here])
    return unsettled and unsettled + size > _usable(flash)


def hold(record):
    """What a DECISION of no transaction makes of the hold, for Journal.held."""
    body = record.body()
    return [(record.number, record.address, record.size, body.evidence)] if body.decision == s.HELD else []


def _usable(flash):
    return flash.sector_size - header.size(flash.unit) - 2 * r.size(r.LARGEST_PAYLOAD, flash.unit)
