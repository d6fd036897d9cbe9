"""A slip's code, scanned or typed. A visiting step."""

from yuanlu.compat import leave, visit
from yuanlu.errors import Cancelled, Refused
from yuanlu.refund.money import yuan
from yuanlu.refund.transaction import KIND_REFUND
from yuanlu.ui.menu import enter

_DIGITS = 24  # slip_code.TYPED


async def run(till):
    """The sale that the slip is of, or whose refund it is of. What is wrong with the code is told, and it can be mended. Raises
    Cancelled."""
    text = ""
    while True:
        text = await _code(till, text if text.isdigit() and len(text) <= _DIGITS else "")
        try:
            return _sale(till, text)
        except Refused as error:
            await enter(till, "yuanlu.ui.refusal_page", error)


def _sale(till, text):
    try:
        number, trace, amount = visit("yuanlu.refund.slip_code").read(text, till.config.terminal)
    finally:
        leave("yuanlu.refund.slip_code")
    try:
        sale, found = visit("yuanlu.store.family").sale_of(till.journal, number)
    finally:
        leave("yuanlu.store.family")
    if sale is None:
        raise Refused("refused.not_found", ("found.code_told", number))
    # A refund that was sent anew has another trace than its first slips.
    if found.amount != amount or (found.trace != trace and found.kind != KIND_REFUND):
        raise Refused("refused.code_differs", yuan(found.amount), yuan(amount))
    return sale


async def _code(till, digits):
    """What is scanned, or 24 digits by fours, of which some may be there. A board without a scanner has None there."""
    scanner = till.board.scanner
    if scanner:
        scanner.arm()
    while True:
        shown = " ".join([digits[at : at + 4] for at in range(0, len(digits) or 1, 4)])
        lines = ["find.slip_type", ("line.detail", shown + "_"), ("find.digits_left", _DIGITS - len(digits))]
        till.dialogs.show("find.slip", (["find.slip_scan"] if scanner else []) + lines, "hint.amount")
        key = await till.dialogs.key()
        text = scanner.text() if scanner else None
        if text is not None:
            return text
        if key == "CANCEL":
            raise Cancelled
        if key == "ENTER" and digits:
            return digits
        if key == "CLEAR":
            digits = digits[:-1]
        elif len(key) == 1 and key.isdigit() and len(digits) < _DIGITS:
            digits += key
