"""What a response code means: both columns of the built table, in both profiles."""

from parts import TABLES
from yuanlu.refund import state as s
from yuanlu.refund.codes import Codes

CODES = Codes(TABLES)
CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

# Code: verdict on a first answer, verdict on the answer to a repeat after silence when the profile calls it conclusive.
TABLE = {
    b"00": (s.DONE, s.DONE),
    b"03": (s.HOLD, s.PERSON),
    b"05": (s.DECLINED, s.DECLINED),
    b"06": (s.PERSON, s.PERSON),
    b"09": (s.UNSURE, s.PERSON),
    b"25": (s.DECLINED, s.PERSON),
    b"30": (s.PERSON, s.PERSON),
    b"51": (s.DECLINED, s.PERSON),
    b"61": (s.DECLINED, s.PERSON),
    b"64": (s.DECLINED, s.PERSON),
    b"68": (s.UNSURE, s.PERSON),
    b"77": (s.RENEW, s.PERSON),
    b"91": (s.LATER, s.PERSON),
    b"94": (s.PERSON, s.PERSON),
    b"96": (s.UNSURE, s.PERSON),
    b"97": (s.HOLD, s.PERSON),
    b"98": (s.UNSURE, s.PERSON),
    b"A0": (s.PERSON, s.PERSON),
}


def every_code():
    """All two characters of digits and capitals."""
    for first in CHARACTERS:
        for second in CHARACTERS:
            yield (first + second).encode()


def test_the_first_answer_is_judged_by_the_first_column():
    """Whatever the profile says of repeats."""
    for code in TABLE:
        assert CODES.verdict(code, False, True) == TABLE[code][0], code
        assert CODES.verdict(code, False, False) == TABLE[code][0], code


def test_L6_the_answer_to_a_repeat_is_judged_by_the_second_column():
    """With an acquirer that answers a repeat with the answer of the first."""
    for code in TABLE:
        assert CODES.verdict(code, True, True) == TABLE[code][1], code


def test_L6_a_no_to_a_repeat_is_not_a_no_unless_the_profile_calls_it_conclusive():
    """Of all codes there are, only 00 ends an attempt in doubt."""
    for code in every_code():
        verdict = CODES.verdict(code, True, False)
        assert verdict == (s.DONE if code == b"00" else s.PERSON), code


def test_a_code_that_nobody_knows_goes_to_a_person():
    """In every column and profile."""
    for code in (b"Q7", b"ZZ", b"  ", b"0 ", b"\x7e\x7e"):
        for doubt in (False, True):
            for conclusive in (False, True):
                assert CODES.verdict(code, doubt, conclusive) == s.PERSON, code


def test_L6_only_00_is_done():
    """No other code of the table may pay."""
    for code in every_code():
        for doubt in (False, True):
            assert (CODES.verdict(code, doubt, True) == s.DONE) == (code == b"00"), code


def test_L6_a_repeat_is_never_judged_milder_than_a_first_answer():
    """What was no "no" at first is none after a silence; "later" and "renew" after a silence are for a person."""
    for code in every_code():
        first, repeat = CODES.verdict(code, False, True), CODES.verdict(code, True, True)
        assert repeat in (first, s.PERSON) and repeat in (s.DONE, s.DECLINED, s.PERSON), code
