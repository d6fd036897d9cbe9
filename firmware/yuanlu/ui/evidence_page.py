"""On what does a person decide? The RRN of the statement's line, or a case number, typed in. A visiting step."""

from yuanlu.errors import Cancelled
from yuanlu.refund.transaction import EVIDENCE

_LEAST = 4  # digits
_MOST_DIGITS = 12  # of an RRN; one more may be a card number, which would stand in clear on flash (L8)


async def run(till, title, above=(), least=_LEAST, most=EVIDENCE):
    """The digits as bytes. above: lines over the entry. Raises Cancelled."""
    digits, complaint = "", None
    while True:
        lines = list(above) + [("line.evidence", digits or "-"), complaint or ("evidence.enter", least, _MOST_DIGITS)]
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
    return ("evidence.card", _MOST_DIGITS) if len(digits) > _MOST_DIGITS else None
