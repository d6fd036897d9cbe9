"""A PIN of his own choosing: typed twice, and not an easy one."""

from yuanlu.errors import Refused
from yuanlu.store.operators import pin_length
from yuanlu.ui.pin_page import ask_twice


async def run(till, operators, row, complaint=()):
    """Returns when it is durable. complaint: texts that say why. Raises Cancelled: the old one stays."""
    length = pin_length(row.role)
    while True:
        pin = await ask_twice(till, "pin.new_title", ("pin.new", length), length, complaint)
        try:
            return operators.set_pin(row, pin)
        except Refused as error:
            complaint = [error.reason, "advice." + error.reason]
