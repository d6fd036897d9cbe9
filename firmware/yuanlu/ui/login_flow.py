"""Who works here now? Nothing else can be reached before."""

from yuanlu.compat import leave
from yuanlu.ui.menu import enter


async def run(till):
    """Sets `till.operator`. Raises Cancelled and Refused: nobody is logged in then."""
    try:
        till.operator = await _who(till)
    finally:
        for name in ("yuanlu.ui.pin_page", "yuanlu.store.operators"):
            leave(name)


async def _who(till):
    operators, row = await enter(till, "yuanlu.ui.pin_page", "login.title")
    left = operators.logins_left(row, till.config)
    if left and await till.dialogs.choose("login.title", ["operators.own_pin", "pin.later"], [("pin.term", left)]):
        operators.log_in_once_more(row)
    elif left is not None:
        await enter(till, "yuanlu.ui.new_pin_page", operators, row, ["pin.given" if row.initial else "pin.term_over"])
    return row.id
