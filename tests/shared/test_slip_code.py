"""The code on a slip: that its checks are those of the standard, that it comes back whole, that no slip of the hand passes."""

from parts import octets
from raises import raises
from yuanlu.errors import Refused
from yuanlu.refund import slip_code

SEAL = (13, octets("ff 01 23 45 67 89 ab cd"))
TERMINAL = "YL000001"
TYPED = slip_code.typed(TERMINAL, 12, 45, 100_00)
SCANNED = slip_code.encode(TERMINAL, 12, 45, 100_00, SEAL)


def refused(text, terminal=TERMINAL):
    """The reason for which that code is turned away, or None."""
    try:
        slip_code.read(text, terminal)
    except Refused as error:
        return error.reason
    return None


def test_checks_as_published():
    """794 gives 44 (ISO/IEC 7064); an IBAN is the same check over its letters as numbers: GB82 and DE89 of the registry."""
    assert slip_code.check("794") == "44"
    assert slip_code.check("32142829123456987654321611") == "82"
    assert slip_code.check("3704004405320130001314") == "89"


def test_what_is_written_is_read():
    """Typed and scanned, the smallest and the largest; blanks of the slip count nothing. T-030."""
    for number, trace, amount in ((12, 45, 100_00), (0, 0, 0), (99_999_999, 999_999, 99_999_999)):
        typed = slip_code.typed(TERMINAL, number, trace, amount)
        scanned = slip_code.encode(TERMINAL, number, trace, amount, SEAL)
        assert (len(typed), len(scanned)) == (slip_code.TYPED, slip_code.SCANNED)
        assert slip_code.read(typed, TERMINAL) == slip_code.read(scanned, TERMINAL) == (number, trace, amount)
    assert slip_code.read(" ".join([TYPED[at : at + 4] for at in range(0, 24, 4)]), TERMINAL) == (12, 45, 100_00)


def test_the_layout_that_an_authority_reads():
    """Fixed places; the seal's tag as one decimal number of 64 bits."""
    assert SCANNED[:8] == TERMINAL and SCANNED[8:32] == TYPED and TYPED[:22] == "0000001200004500010000"
    assert SCANNED[32:40] == "00000013" and int(SCANNED[40:60]) == 0xFF0123456789ABCD


def changed(code, at):
    """The code with each other digit there."""
    for digit in "0123456789":
        if digit != code[at]:
            yield code[:at] + digit + code[at + 1 :]


def swapped(code):
    """The code with any two different characters in each other's place."""
    for one in range(len(code)):
        for other in range(one + 1, len(code)):
            if code[one] != code[other]:
                yield code[:one] + code[other] + code[one + 1 : other] + code[one] + code[other + 1 :]


def test_one_wrong_or_two_swapped_characters_are_found():
    """Of what is typed and of what is scanned, wherever they stand. T-129."""
    count = 0
    for code in (TYPED, SCANNED):
        for at in range(len(code)):
            for wrong in changed(code, at):
                assert refused(wrong), wrong
                count += 1
        for wrong in swapped(code):
            assert refused(wrong), wrong
            count += 1
    assert count > 1500


def test_a_sum_of_digits_would_not_have_found_them():
    """The control: a weaker check, the sum modulo 97, lets every swap pass."""
    for wrong in swapped(TYPED[:22]):
        assert sum([int(char) for char in wrong]) % 97 == sum([int(char) for char in TYPED[:22]]) % 97


def test_another_terminals_slip_is_told_apart():
    """Scanned it is named; typed its check is another."""
    assert refused(SCANNED, "YL000002") == "refused.code_terminal"
    assert refused(TYPED, "YL000002") == "refused.code_check"
    with raises(Refused) as caught:
        slip_code.read(SCANNED, "YL000002")
    assert caught.value.details == (TERMINAL,)


def test_anything_else_is_no_code():
    """Whatever a QR code may say."""
    for text in ("", "https://example.test", "1" * 23, "1" * 25, TERMINAL + "-000001-000045-20261122"):
        assert refused(text) == "refused.code_form", text
    for text in ("x" * 24, "x" * 62, "\u4e00" * 24, "\u0661" * 24, SCANNED[:-1] + "x", "\u4e00" * 8 + SCANNED[8:]):
        assert refused(text) == "refused.code_check", text
