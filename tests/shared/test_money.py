"""Fen in words: the one way an amount is ever written."""

from yuanlu.refund.money import yuan


def test_amounts_are_written_with_two_places_and_groups_of_three():
    """Every number of digits from one to ten."""
    written = ((0, "0.00"), (1, "0.01"), (10, "0.10"), (99, "0.99"), (100, "1.00"), (12_345, "123.45"), (99_999, "999.99"))
    written += ((100_000, "1,000.00"), (1_234_567, "12,345.67"), (99_999_999, "999,999.99"), (1_234_567_890, "12,345,678.90"))
    for fen, text in written:
        assert yuan(fen) == text, (fen, yuan(fen))


def test_a_negative_amount_keeps_its_size():
    """divmod of a negative number would round the other way."""
    assert yuan(-1) == "-0.01"
    assert yuan(-123_450) == "-1,234.50"
