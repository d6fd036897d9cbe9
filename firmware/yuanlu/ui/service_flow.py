"""A technician asks to come in over the line: who, and what he could do. A supervisor agrees; where nobody logs in, anybody."""

from yuanlu.compat import const, leave, visit
from yuanlu.errors import Cancelled, Refused
from yuanlu.ui.menu import enter

_WORDS = "diag pull queue resolve handover config keyload firmware wipe".split()  # bit by bit, as wire.service has them

_WIPE = const(8)
_LOOK_MS = const(1000)
_RIGHTS = const(5)  # on one page, with who he is and the question


async def run(till):
    """The door is told yes or no; a wrong PIN asks again."""
    door = till.door
    ticket = door.ticket
    able = [("line.able", ("able." + word,)) for bit, word in enumerate(_WORDS) if ticket.allowed >> bit & 1]
    try:
        for first in range(0, len(able), _RIGHTS):
            await _confirm(till, [("service.who", ticket.technician)] + able[first : first + _RIGHTS])
        if ticket.allowed >> _WIPE & 1:
            await _confirm(till, _erases(till))
        if till.config.login:
            await _supervisor(till)
        agreed = True
    except Cancelled:
        agreed = False
    if door is not till.door or door.ticket is not ticket or not door.asks():  # another one asks by now: on a page of his own
        await till.dialogs.notice("service.title", ["service.late"])
        return
    door.agree(agreed)
    till.log("technician {}: {}".format(ticket.technician, "let in" if agreed else "refused"))


async def _confirm(till, lines):
    """Keys that were meant for the page before do not agree: there is a second to look at this one."""
    till.dialogs.show("service.title", lines)
    await till.board.clock.sleep_ms(_LOOK_MS)
    await till.dialogs.confirm("service.title", lines + ["service.ask"])


def _erases(till):
    """What is lost for good, if he does what he may."""
    return [("erase.who", till.config.terminal), ("erase.what", till.journal.log.newest[0]), "erase.after"]


async def _supervisor(till):
    try:
        _, row = await enter(till, "yuanlu.ui.pin_page", "service.title", "approval.id")
        if row.role != visit("yuanlu.store.operators").SUPERVISOR or row.initial:
            raise Refused("refused.no_supervisor")
    finally:
        leave("yuanlu.ui.pin_page", "yuanlu.store.operators")
