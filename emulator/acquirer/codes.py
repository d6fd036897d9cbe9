"""The response codes of field 39 that this acquirer gives, and the refusal that carries one."""

from __future__ import annotations

APPROVED, DECLINED = "00", "05"
UNKNOWN_MERCHANT, INVALID_TRANSACTION, INVALID_AMOUNT, INVALID_CARD = "03", "12", "13", "14"
NO_ORIGINAL, BAD_FORMAT, UNSUPPORTED, OVER_ORIGINAL = "25", "30", "40", "64"
NOT_ALLOWED = "58"
BATCH_MISMATCH, DUPLICATE, UNKNOWN_TERMINAL, BAD_MAC = "77", "94", "97", "A0"
# Of a wallet: it is still at it; the balance of the merchant is short.
IN_PROGRESS, BALANCE_SHORT = "09", "Y5"

# Every code of two digits that refuses. 10, 11 and 68 are not among them: they approve, 68 without being heard.
REFUSING = frozenset(
    "01 02 03 04 05 06 07 09 12 13 14 15 19 20 21 22 23 25 30 31 33 34 35 36 37 38 39 40 41 42 43 44 51 52 53 54 55 56 57 58 59 "
    "60 61 62 63 64 65 66 67 75 77 79 90 91 92 93 94 95 96 97 98 99".split()
)
# Nothing was decided about the attempt: the same bytes may fare better later.
UNDECIDED = frozenset({IN_PROGRESS, BATCH_MISMATCH, "90", "91", "92", "96", "98", BALANCE_SHORT})


class Refused(Exception):
    """A request that is answered with this code and moves no money."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code
