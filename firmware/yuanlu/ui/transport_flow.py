"""A transport key of two people: each types a component that the other does not see. Nothing changes before both are in.

Where people log in the first is a supervisor, the second somebody else; both sign with their PINs. What they typed is shown as
stars, and is nowhere but in memory until the key is in the vault. Who goes away for idle_minutes leaves nothing half typed.
"""

from yuanlu.compat import const, create_task, leave, visit
from yuanlu.errors import Refused
from yuanlu.ui.menu import enter

_TITLE = "transport.title"
_MINUTE_MS = const(60_000)
_STEPS = ("yuanlu.ui.component_page", "yuanlu.crypto.transport", "yuanlu.ui.pin_page", "yuanlu.store.operators")


async def run(till):
    """Raises Cancelled, all is as before then; Refused."""
    watch = None if till.config.login else create_task(_end_when_idle(till))  # who logs in is logged out, by app
    try:
        await _ceremony(till, visit("yuanlu.crypto.transport"))
    finally:
        if watch:
            watch.cancel()
        leave(*_STEPS)


async def _end_when_idle(till):
    """Cancel whatever page of it stands open, when nobody has pressed a key for so long."""
    dialogs, quiet, seen = till.dialogs, 0, till.dialogs.pressed
    while quiet < till.config.idle_minutes:
        await till.board.clock.sleep_ms(_MINUTE_MS)
        quiet, seen = (quiet + 1 if dialogs.pressed == seen else 0), dialogs.pressed
    dialogs.left = True
    till.board.keypad.post("REFRESH")


async def _ceremony(till, transport):
    vault, config = till.board.vault, till.config
    transport.refuse(vault)
    now = transport.standing(vault)
    lines = [("transport.now", transport.check(now[1])) if now else "transport.none", "transport.what", "transport.others"]
    await till.dialogs.confirm(_TITLE, lines)
    first = await _person(till, None) if config.login else None
    one = await enter(till, "yuanlu.ui.component_page", 1)
    await till.dialogs.confirm(_TITLE, ["transport.next"])
    second = await _person(till, first) if config.login else None
    key = transport.join(one, await enter(till, "yuanlu.ui.component_page", 2))
    check = transport.check(key)
    lines = [("transport.makes", check), "transport.replace"]
    await till.dialogs.confirm(_TITLE, lines)
    while not till.desk.may_note():  # an answer is awaited; what was typed is not asked for again
        await till.dialogs.confirm(_TITLE, lines + ["refused.busy"])
    transport.replace(vault, key, lambda: _note(till, first, second, check))
    till.log("transport key {}".format(check))
    await till.dialogs.notice(_TITLE, [("transport.now", check), "transport.done"])


async def _person(till, other):
    """His row, by his PIN: a supervisor's; after him (`other`) anybody else's. Refused for the same human being."""
    operators, row = await enter(till, "yuanlu.ui.pin_page", _TITLE, "pin.id" if other else "approval.id")
    if row.initial or (other is None and row.role != visit("yuanlu.store.operators").SUPERVISOR):
        raise Refused("refused.no_supervisor")
    if operators.logins_left(row, till.config) == 0:
        raise Refused("refused.pin_term")
    if other and row.person == other.person:
        raise Refused("refused.same_person")
    return row


def _note(till, first, second, check):
    """What comes in, and of whom, before it counts."""
    progress = visit("yuanlu.store.progress")
    try:
        who = (first.id, second.id) if first else (0, 0)
        progress.note(till.desk, None, progress.KEYLOAD, who[0], "transport {} {}".format(check, who[1]).encode())
    finally:
        leave("yuanlu.store.progress")
