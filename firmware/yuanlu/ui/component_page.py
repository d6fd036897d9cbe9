"""One component of a transport key, typed by one person: 16 groups of 7 digits, since there are no letters here. A visiting step.

Five digits for two bytes, big-endian, and two that check them: ISO 7064 MOD 97-10 over the number of the group and the five, so
a digit that is wrong, two that changed places and a group in another's place are told at once.
"""

from yuanlu.compat import const
from yuanlu.crypto.transport import check_value
from yuanlu.errors import Cancelled
from yuanlu.refund.slip_code import check
from yuanlu.ui.pin_page import ask_digits

TITLE = "transport.title"
GROUPS = const(16)
_DIGITS = const(7)


async def run(till, person):
    """Its 32 bytes, once the person has found the check value right. Raises Cancelled."""
    keys = ("ENTER", "CLEAR", "CANCEL")
    while True:
        component = await _typed(till, person)
        lines = [("transport.person", person), ("transport.check", check_value(component)), "transport.compare"]
        key = await till.dialogs.read(TITLE, lines, "hint.doubt", keys)
        if key == "CANCEL":
            raise Cancelled
        if key == "ENTER":
            return component


async def _typed(till, person):
    component, complaint = b"", []
    while len(component) < 2 * GROUPS:
        number = len(component) // 2 + 1
        above = complaint + [("transport.person", person), ("transport.group", number, GROUPS)]
        found = group(number, await ask_digits(till, TITLE, "transport.type", _DIGITS, above=above))
        complaint = ["transport.wrong"] if found is None else []
        component += found or b""
    return component


def group(number, digits):
    """The two bytes of the group of that number, 1 to 16; None for digits that are none."""
    value = int(digits[:5])
    if len(digits) != _DIGITS or value > 0xFFFF or check("{:02d}{}".format(number, digits[:5])) != digits[5:]:
        return None
    return value.to_bytes(2, "big")
