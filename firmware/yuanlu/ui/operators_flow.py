"""Operators: today's report, log out, change one's PIN; for a supervisor: list, add, give a new PIN, unlock, delete."""

from yuanlu.compat import leave, visit
from yuanlu.errors import Refused
from yuanlu.store.operators import OPERATOR, SUPERVISOR, pin_length
from yuanlu.ui.menu import enter
from yuanlu.ui.pin_page import ask_digits, ask_twice, table

_OWN = ("menu.report", "operators.log_out", "operators.own_pin")
_ALL = _OWN + ("operators.list", "operators.add", "operators.reset", "operators.unlock", "operators.remove")


async def run(till):
    """Where nobody has to log in there is today's report alone."""
    if not till.operator:
        await enter(till, "yuanlu.ui.report_flow")
        return
    try:
        await _offer(till)
    finally:
        for name in ("yuanlu.ui.pin_page", "yuanlu.store.operators"):
            leave(name)


async def _offer(till):
    me = table(till).find(till.operator)
    items = _ALL if me and me.role == SUPERVISOR else _OWN
    choice = items[await till.dialogs.choose("menu.operators", items)]
    if choice == "menu.report":
        await enter(till, "yuanlu.ui.report_flow")
    elif choice == "operators.log_out":
        till.operator = 0
    elif choice == "operators.own_pin":
        operators, row = await enter(till, "yuanlu.ui.pin_page", choice)
        await enter(till, "yuanlu.ui.new_pin_page", operators, row)
        await till.dialogs.notice(choice, ["operators.changed"])
    elif choice == "operators.list":
        await till.dialogs.notice(choice, _lines(table(till)))
    elif choice == "operators.add":
        await _add(till)
    elif choice == "operators.remove":
        await _remove(till)
    else:
        await _mend(till, choice)


def _lines(operators):
    lines = []
    for row in operators.all():
        state = "locked" if operators.is_locked(row) else "initial" if row.initial else "well"
        lines.append(
            (
                "operators.line",
                row.id,
                ("role.supervisor" if row.role == SUPERVISOR else "role.operator",),
                ("operators." + state,),
            )
        )
    return lines


async def _add(till):
    """A new row with a first PIN, which he has to change when he logs in."""
    title = "operators.add"
    role = SUPERVISOR if await till.dialogs.choose(title, ["role.operator", "role.supervisor"]) else OPERATOR
    number = int(await ask_digits(till, title, "pin.id", 3, hidden=False))
    known = visit("yuanlu.store.shift").has_worked(till.journal, number)
    leave("yuanlu.store.shift")
    if known:
        raise Refused("refused.id_used")
    person = int(await ask_digits(till, title, "operators.person", 2, hidden=False))
    await _agreed(till, title, role, number, person)
    pin = await ask_twice(till, title, ("pin.first", pin_length(role)), pin_length(role))
    table(till).add(number, role, person, pin)
    await till.dialogs.notice(title, [("operators.added", number), "operators.must_change"])


async def _mend(till, choice):
    """Give a new first PIN, or unlock: another one than oneself."""
    operators = table(till)
    row = await _one_of(till, choice, [row for row in operators.all() if row.id != till.operator])
    if choice == "operators.unlock":
        operators.unlock(row)
    else:
        await _agreed(till, choice, row.role, row.id, row.person)
        length = pin_length(row.role)
        operators.set_pin(row, await ask_twice(till, choice, ("pin.first", length), length), initial=1)
    await till.dialogs.notice(choice, ["operators.changed"])


async def _agreed(till, title, role, number, person):
    if role == SUPERVISOR:
        try:
            await visit("yuanlu.ui.approval").add(till, title, number, person)
        finally:
            leave("yuanlu.ui.approval")


async def _remove(till):
    """Himself too, but never the last supervisor. What he did stays in the journal under his number."""
    title, operators = "operators.remove", table(till)
    row = await _one_of(till, title, operators.all())
    await till.dialogs.confirm(title, [("operators.one", row.id), "operators.history_stays"])
    operators.remove(row)
    await till.dialogs.notice(title, ["operators.changed"])
    if row.id == till.operator:
        till.operator = 0


async def _one_of(till, title, rows):
    return rows[await till.dialogs.choose(title, [("operators.one", row.id) for row in rows])]
