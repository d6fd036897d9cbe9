"""Why is it given back? And, where there is one, the number of the case it belongs to: a platform's, or the acquirer's."""

from yuanlu.compat import const

# The journal keeps the index: new ones stand at the end.
REASONS = (
    "reason.returned",
    "reason.wrong_amount",
    "reason.not_delivered",
    "reason.other",
    "reason.quality",
    "reason.price",
    "reason.twice",
    "reason.merchant",
)
_ORDER = (0, 4, 5, 2, 6, 1, 7, 3)  # on the page
_LONGEST = const(20)


async def run(till):
    """(index of the reason that the clerk picks, digits of the case number or '')."""
    case = ""
    while True:
        items = [REASONS[index] for index in _ORDER] + ["reason.case_none"]
        choice = await till.dialogs.choose("refund.reason", items, [("reason.case", case)] if case else (), "hint.reason")
        if choice < len(_ORDER):
            return _ORDER[choice], case
        case = await _case(till.dialogs, case)


async def _case(dialogs, digits):
    """Digits until ENTER; none takes the number away."""
    while True:
        dialogs.show("refund.case", ["refund.case_type", ("line.detail", digits + "_")], "hint.amount")
        key = await dialogs.key()
        if key in ("ENTER", "CANCEL"):
            return digits
        if key == "CLEAR":
            digits = digits[:-1]
        elif len(key) == 1 and key.isdigit() and len(digits) < _LONGEST:
            digits += key
