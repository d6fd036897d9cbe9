"""One component of a transport key, typed by one person: 16 groups of 7 digits, since there are no letters here. A visiting step.

Five digits for two bytes, big-endian, and two that check them: ISO 7064 MOD 97-10 over the number of the group and the five, so
a digit that is wrong, two that changed places and a group in another's place are told at once.
"""

from yuanlu.compat import const
from yuanlu.crypto import transport
from yuanlu.errors import Cancelled
from yuanlu.refund import slip_code
from yuanlu.ui.pin_page import ask_digits

_TITLE = "transport.title"
GROUPS = const(16)
_DIGITS = const(7)


async def run(till, person):
    """Its 32 bytes, once the person has found the check value right. Raises Cancelled."""
    keys = ("ENTER", "CLEAR", "CANCEL")
    while True:
        component = await _typed(till, person)
        lines = [("transport.person", person), ("transport.check", transport.check(component)), "transport.compare"]
        key = await till.dialogs.read(_TITLE, lines, "hint.doubt", keys)
        if key == "CANCEL":
            raise Cancelled
        if key == "ENTER":
            return component


async def _typed(till, person):
    component, complaint = b"", []
    while len(component) < 2 * GROUPS:
        number = len(component) // 2 + 1
        above = complaint + [("transport.person", person), ("transport.group", number, GROUPS)]
        found = group(number, await ask_digits(till, _TITLE, "transport.type", _DIGITS, above=above))
        complaint = ["transport.wrong"] if found is None else []
        component += found or b""
    return component


def group(number, digits):
    """The two bytes of the group of that number, 1 to 16; None for digits that are none."""
    value = int(digits[:5])
    if len(digits) != _DIGITS or value > 0xFFFF or slip_code.check(str(100 + number)[1:] + digits[:5]) != digits[5:]:
        return None
    return value.to_bytes(2, "big")
