"""A PIN of his own choosing: typed twice, and not an easy one."""

from yuanlu.errors import Refused
from yuanlu.store.operators import pin_length
from yuanlu.ui.pin_page import ask_digits


async def run(till, operators, row, complaint=()):
    """Returns when it is durable. complaint: texts that say why. Raises Cancelled: the old one stays."""
    length = pin_length(row.role)
    while True:
        first = await ask_digits(till, "pin.new_title", ("pin.new", length), length, above=complaint)
        again = await ask_digits(till, "pin.new_title", "pin.again", length)
        if first != again:
            complaint = ["refused.pin_differs"]
            continue
        try:
            return operators.set_pin(row, first)
        except Refused as error:
            complaint = [error.reason, "advice." + error.reason]
