"""Fen in words: the one way an amount is ever written."""

from parts import Card, Terminal
from yuanlu.refund import state as s
from yuanlu.refund.money import yuan
from yuanlu.refund.transaction import KIND_SALE, ROAD_WALLET, Draft


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


def test_what_went_back_and_what_is_left_make_what_was_paid():
    """To the fen, of code payments whose parts no float would add up. T-130."""
    assert 0.1 + 0.2 != 0.3  # the control: so it would go with numbers of yuan
    till = Terminal(wallet_gap_s=0)
    for paid, parts in ((30, (10, 20)), (19_99, (1, 6_66, 6_67, 1)), (100_00, (33_33, 33_33, 33_33))):
        sale = till.settle(till.desk.open(Draft(KIND_SALE, paid, card=Card(), road=ROAD_WALLET)), s.DONE)
        given = 0
        for part in parts:
            assert till.desk.left(sale) == paid - given
            till.refund(sale, part, s.DONE)
            given += part
            assert till.journal.spent(sale.number) == given and isinstance(given, int)
        left = till.desk.left(sale) if given < paid else 0
        assert given + left == paid and yuan(given + left) == yuan(sale.amount)
