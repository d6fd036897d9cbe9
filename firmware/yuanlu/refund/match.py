"""How well does a sale fit what somebody remembers of it? Pure; a visiting module.

What is told is a list in the order of FIELDS, None for what nobody knows: fen, yyyymmdd, hhmm, the last four digits of the card
(bytes), trace, the digits of the approval code (text), the fingerprint of the card (bytes).
"""

from yuanlu.compat import const
from yuanlu.refund.rules import seconds

FIELDS = ("amount", "date", "time", "last_four", "trace", "approval", "card")
AMOUNT, DATE, TIME, LAST_FOUR, TRACE, APPROVAL, CARD = range(7)
LEAST = const(2)  # so much has to be told, and to fit
_NEAR_S = const(900)  # a customer's time of day is about right


def known(told):
    """How much is told."""
    return len(told) - told.count(None)


def compare(told, sale):
    """For each of FIELDS None (not told), or whether it fits. sale: a Transaction, or the body of its SALE record."""
    near = told[TIME] is not None and abs(seconds(told[TIME] * 100) - seconds(sale.time)) <= _NEAR_S
    code = "".join([chr(byte) for byte in sale.approval if 48 <= byte <= 57])
    have = (sale.amount, sale.date, told[TIME] if near else None, sale.card[6:10], sale.trace, code, sale.fingerprint)
    return [None if want is None else want == found for want, found in zip(told, have)]


def score(told, sale):
    """How much of what is told fits."""
    return compare(told, sale).count(True)


def proves(told, sale):
    """The card is here, and it is the sale's: no evidence is as good."""
    return told[CARD] is not None and told[CARD] == sale.fingerprint
