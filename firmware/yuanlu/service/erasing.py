"""A terminal goes out of use: whether it may, and the mark. A visiting module, made as service.commands is.

Nothing is erased here. The terminal starts anew, and every start from then on does the erasing (store.erasure).
"""

from struct import unpack

from yuanlu.compat import const, create_task
from yuanlu.errors import Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import BROUGHT
from yuanlu.store import fence as f
from yuanlu.store import history
from yuanlu.store.erasure import Erasure
from yuanlu.store.slots import Slots
from yuanlu.wire import service

_ANSWERED_MS = const(500)


def do(door, command, given):
    """The bytes that answer it."""
    return service.action_of(_DO, command, given)(door, given) or b""


def _erase(door, given):
    """u32 number, 8 bytes tag: the newest record that the technician has. Refused: all is as before."""
    till = door.till
    number, tag = unpack("<I8s", given)
    _refuse_unsettled(till)
    _refuse_by_journal(till.journal, number, tag)
    slots = Slots(till.board.firmware(), till.board.vault)
    if slots.trial and not slots.tried:
        raise Refused("refused.on_trial")  # it would start now, and may not know of the mark
    door.note(door.ticket, service.ERASE, number)
    till.journal.shut = "refused.handed_over"
    config, (newest, sealed) = till.config, till.journal.log.newest
    names = (config.terminal.encode(), config.epoch, newest, sealed, till.board.clock.date()[0], door.ticket.technician)
    Erasure(till.board.vault).begin(*names)
    create_task(_restart_soon(till.board))


def _refuse_unsettled(till):
    """Refused while anything is open (L5), or nobody knows whose it is (L9). What a spare has taken is no longer open here."""
    journal, fence = till.journal, f.Fence(till.board.vault)
    if journal.log.quiet or any(t.state == s.IS_SENDING for t in journal.live):
        raise Refused("refused.exchange")
    if fence.standing in (f.GIVEN, f.TAKING) or fence.lost:
        raise Refused("refused.erase_handover")
    if journal.live and fence.standing != f.FINISHED:
        raise Refused("refused.erase_open", len(journal.live))


def _refuse_by_journal(journal, number, tag):
    """Refused while the open batch has anything that the acquirer was given no total of, and for a head that is not this
    journal's, or not its newest but for who came in since."""
    is_shown, is_newer, in_batch = False, False, False
    for record in history.newest_first(journal.log, None):
        if record.type in (s.SALE, s.REFUND):
            body = record.body()
            in_batch = in_batch or (body.batch == journal.counters.batch and not body.quality & BROUGHT)
        if record.number == number and record.tag() == tag:
            is_shown = True
        if record.number > number:  # a copy may be all that is read of the last one before a cut
            is_newer = is_newer or not _is_of_a_visit(record)
    if journal.log.damaged:
        raise Refused("refused.journal_damaged")
    if in_batch:
        raise Refused("refused.erase_batch")
    if is_newer or not is_shown:
        raise Refused("refused.erase_newer")


def _is_of_a_visit(record):
    """It tells of nothing but that power came, or that a technician came in, for this."""
    visits = service.BYE, service.ERASE
    return record.type in (s.BOOT, s.SUMMARY) or (record.type == s.TECHNICIAN and record.body().command in visits)


async def _restart_soon(board):
    """Once the answer is out."""
    await board.clock.sleep_ms(_ANSWERED_MS)
    board.restart()


# Each with the fewest and the most bytes that it takes.
_DO = {service.ERASE: (_erase, 12, 12)}
