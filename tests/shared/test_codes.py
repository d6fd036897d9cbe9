"""What a response code means: both columns of the built table, in every profile."""

from parts import APPROVED, TABLES, settings
from yuanlu.refund import state as s
from yuanlu.refund.codes import APPROVALS, Codes
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, KIND_VOID, Transaction
from yuanlu.refund.verdicts import of_answer
from yuanlu.settings import REPEATS
from yuanlu.tables import CODES as CODES_SECTION
from yuanlu.tables import Tables
from yuanlu.wire.messages import Answer

CODES = Codes(TABLES)
CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CONCLUSIVE = ("replays", "open_batch")

# The appendix of response codes of UnionPay's terminal specification as published, and the refund codes of a wallet acquirer.
PUBLISHED = (
    "00 01 02 03 04 05 06 07 09 10 11 12 13 14 15 19 20 21 22 23 25 30 31 33 34 35 36 37 38 39 40 41 42 43 44 51 52 53 54 55"
    " 56 57 58 59 60 61 62 63 64 65 66 67 68 75 77 79 90 91 92 93 94 95 96 97 98 99 A0 A1 A2 A3 A4 A5 A6 A7"
    " Y3 Y5 Y6 YG YH YK YU ZE"
).split()

# The class of a first answer, code by code. All that is not here is declined.
FIRST = {
    s.DONE: "00 11 A2 A4 A5 A6",
    s.LATER: "90 91 92 Y5 YH YU",
    s.UNSURE: "09 20 68 96 98",
    s.HOLD: "03 97 A7",
    s.PERSON: "06 10 30 79 94 95 99 A0 YG",
    s.RENEW: "77",
}
# Declined as the answer to a repeat too, where the profile calls that conclusive: what an issuer says of the card itself. Neither
# an earlier booking nor the clock, a right or a limit brings these about.
DECLINED_AGAIN = "01 02 05 14 15 31 39 42 44 52 53 56 57".split()
# What a repeat may be told because the first one was booked: nothing is left, the limit is reached, the batch has moved on.
MADE_BY_THE_FIRST = (b"64", b"25", b"61", b"65", b"77", b"91")


def first_class(code):
    """Of the list above."""
    for verdict in FIRST:
        if code in FIRST[verdict].split():
            return verdict
    return s.DECLINED


def repeat_class(code):
    """Of the list above."""
    if code in FIRST[s.DONE].split():
        return s.DONE
    if first_class(code) in (s.LATER, s.UNSURE):
        return s.UNSURE
    return s.DECLINED if code in DECLINED_AGAIN else s.PERSON


def every_code():
    """All two characters of digits and capitals."""
    for first in CHARACTERS:
        for second in CHARACTERS:
            yield (first + second).encode()


def on_repeat(code, kind, repeat, query, codes):
    """The verdict on this answer to a repeat after silence."""
    transaction = Transaction(7, 3)
    transaction.kind, transaction.amount, transaction.batch = kind, 500, 1
    transaction.sends, transaction.state, transaction.doubt = 2, s.IS_SENDING, True
    answer = Answer(code, 500, APPROVED.rrn, APPROVED.approval, 1122, 101500)
    return of_answer(settings(repeat=repeat, query=query, budget=6), transaction, answer, codes, 1)


def misjudged(codes):
    """What is judged otherwise than this: 64 25 61 65 77 to a repeat are for a person, or for a query where there is one, with
    every kind and profile; 91 is as silence; beside them 05, which is a no where repeats are replayed, and only there."""
    wrong = []
    for kind in (KIND_SALE, KIND_VOID, KIND_REFUND):
        for repeat in REPEATS:
            for query in (0, 1):
                find_out = s.ASK if query and kind == KIND_REFUND else s.PERSON
                silent = s.SILENT if kind != KIND_REFUND or (repeat != "nothing" and not query) else find_out
                for code in MADE_BY_THE_FIRST:
                    if on_repeat(code, kind, repeat, query, codes) != (silent if code == b"91" else find_out):
                        wrong.append((code, kind, repeat, query))
                no = s.DECLINED if repeat in CONCLUSIVE else find_out
                if on_repeat(b"05", kind, repeat, query, codes) != no:
                    wrong.append((b"05", kind, repeat, query))
    return wrong


def test_every_published_code_is_there_and_no_other():
    """None is left to "other answer"."""
    known = [code.decode() for code in every_code() if CODES.section.find(code[0] << 8 | code[1]) is not None]
    assert known == PUBLISHED, [code for code in known + PUBLISHED if (code in known) != (code in PUBLISHED)]
    assert CODES.section.count == len(PUBLISHED)


def test_the_first_answer_is_judged_by_the_first_column():
    """Whatever the profile says of repeats."""
    for code in PUBLISHED:
        for conclusive in (False, True):
            assert CODES.verdict(code.encode(), False, conclusive) == first_class(code), code


def test_L6_the_answer_to_a_repeat_is_judged_by_the_second_column():
    """With an acquirer that answers a repeat with the answer of the first."""
    for code in PUBLISHED:
        assert CODES.verdict(code.encode(), True, True) == repeat_class(code), code


def test_L6_a_no_to_a_repeat_is_not_a_no_unless_the_profile_calls_it_conclusive():
    """Of all codes there are, only an approval ends an attempt in doubt."""
    for code in every_code():
        unsure = repeat_class(code.decode()) == s.UNSURE
        verdict = CODES.verdict(code, True, False)
        assert verdict == (s.DONE if code in APPROVALS else s.UNSURE if unsure else s.PERSON), code


def test_L6_what_the_first_one_may_have_brought_about_frees_no_cap():
    """64 25 61 65 77 91 to a repeat, for each kind and profile."""
    assert misjudged(CODES) == []


def test_a_table_that_takes_64_to_a_repeat_for_a_no_is_found_out():
    """The control of the law above: one byte of the table is another, and a refund that stands would free its cap."""
    data = bytearray(TABLES.data)
    tables = Tables(memoryview(data))
    tables.section(CODES_SECTION).find(ord("6") << 8 | ord("4"))[1] = s.DECLINED
    found = misjudged(Codes(tables))
    assert len(found) == 3 * len(CONCLUSIVE) * 2 and all(code == b"64" for code, _, _, _ in found), found


def test_a_code_that_nobody_knows_goes_to_a_person():
    """In every column and profile."""
    for code in (b"Q7", b"ZZ", b"  ", b"0 ", b"\x7e\x7e"):
        for doubt in (False, True):
            for conclusive in (False, True):
                assert CODES.verdict(code, doubt, conclusive) == s.PERSON, code


def test_L6_only_an_approval_in_full_is_done():
    """No other code of the table may pay; 10 approves a part."""
    assert b"10" not in APPROVALS
    for code in every_code():
        for doubt in (False, True):
            assert (CODES.verdict(code, doubt, True) == s.DONE) == (code in APPROVALS), code


def test_L6_a_repeat_is_never_judged_milder_than_a_first_answer():
    """What was no "no" at first is none after a silence; "later" after a silence is silence, "renew" is for a person."""
    for code in every_code():
        first, repeat = CODES.verdict(code, False, True), CODES.verdict(code, True, True)
        if first in (s.LATER, s.UNSURE):
            assert repeat == s.UNSURE, code
        else:
            assert repeat in (first, s.PERSON) and repeat in (s.DONE, s.DECLINED, s.PERSON), code
