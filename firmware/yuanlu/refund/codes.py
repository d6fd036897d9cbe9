"""What a response code means: one column for a first answer, one for the answer to a repeat after silence (L6)."""

from yuanlu.compat import const
from yuanlu.refund import state as s
from yuanlu.tables import CODES

# Those that mean more to the terminal than their class in the table.
APPROVED = const(b"00")
IN_PROGRESS = const(b"09")
NEVER_BOOKED = const(b"12")  # in the answer to a reversal
NOT_BOOKED = const(b"25")
BAD_FORMAT = const(b"30")
OTHER_BATCH = const(b"77")
DUPLICATE = const(b"94")
KEYS_DIFFER = const(b"99")
BAD_MAC = const(b"A0")
SECURITY_FAILURE = const(b"A7")
TOMORROW = const(b"YH")
BALANCE_SHORT = (b"Y5", b"51")

# The codes that approve in full, the only ones of class "done"; their answers must bring an RRN and an approval code.
# 10 approves a part and is none of them.
APPROVALS = (b"00", b"11", b"A2", b"A4", b"A5", b"A6")


class Codes:
    """The code table of tables.bin. Public source of the classes: UnionPay's response code appendix, re-read for refunds."""

    def __init__(self, tables):
        self.section = tables.section(CODES)

    def verdict(self, code, doubt, conclusive):
        """The verdict on an authenticated answer.

        doubt: an earlier send of the same bytes stayed without an answer; conclusive: the profile says that this
        acquirer answers a repeat with the answer of the first. A "no" to a repeat is otherwise not a "no". "Not now" to a
        repeat is silence: the first may be booked.
        """
        found = self.section.find(code[0] << 8 | code[1])
        if found is None:
            return s.PERSON
        verdict = found[1 if doubt else 0]
        if doubt and verdict not in (s.DONE, s.UNSURE) and not conclusive:
            return s.PERSON
        return verdict
