"""On what does a person decide? The RRN of the statement's line, or a case number, typed in. A visiting step."""

from yuanlu.errors import Cancelled
from yuanlu.refund.transaction import EVIDENCE

_LEAST = 4  # digits


async def run(till, title, above=(), least=_LEAST, most=EVIDENCE):
    """The digits as bytes. above: lines over the entry. Raises Cancelled."""
    digits, complaint = "", None
    while True:
        lines = list(above) + [("line.evidence", digits or "-"), complaint or ("evidence.enter", least, most)]
        till.dialogs.show(title, lines, "hint.amount")
        key = await till.dialogs.key()
        if key == "CANCEL":
            raise Cancelled
        if key == "ENTER":
            complaint = complaint_of(digits, least)
            if complaint is None:
                return digits.encode()
        elif key != "REFRESH":
            complaint = None
            if key == "CLEAR":
                digits = digits[:-1]
            elif len(key) == 1 and key.isdigit() and len(digits) < most:
                digits += key


def complaint_of(digits, least=_LEAST):
    """What is wrong with them, as a text to say; None for nothing."""
    if len(digits) < least:
        return ("evidence.short", least)
    return ("evidence.card",) if is_card_number(digits) else None


def is_card_number(digits):
    """So long, and with a check digit (Luhn, ISO/IEC 7812-1 annex B): it would stand in clear on flash (L8)."""
    if len(digits) < 13 or not digits.isdigit():
        return False
    total = 0
    for at in range(len(digits)):
        value = int(digits[-1 - at]) * (1 + at % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
