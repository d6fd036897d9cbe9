"""Who works here now? Nothing else can be reached before."""

from yuanlu.compat import leave
from yuanlu.refund.rules import days
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
    today, _, trusted = till.board.clock.date()
    age = days(today) - days(row.date) if trusted and row.date else 0
    if operators.must_change(row, age, till.config.pin_days):
        await enter(till, "yuanlu.ui.new_pin_page", operators, row)
    return row.id
