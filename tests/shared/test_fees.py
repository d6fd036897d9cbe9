"""What the merchant paid for a sale, and what of it comes back."""

import json

from parts import SETTINGS, settings
from raises import raises
from yuanlu.config import Config
from yuanlu.errors import BadConfig
from yuanlu.refund import fees
from yuanlu.refund.transaction import ROAD_CARD, ROAD_WALLET, Transaction


def a_sale(amount, road=ROAD_CARD, date=20261122):
    """As the journal has it."""
    sale = Transaction(1, 1)
    sale.amount, sale.road, sale.date = amount, road, date
    return sale


def test_each_product_by_its_rate_and_its_cap():
    """0.60 % of a credit card without a cap, 0.55 % and 0.50 % of a debit card up to 20 yuan, 0.38 % of a wallet."""
    for name, amount, paid in (
        ("credit", 100_00, 60),
        ("credit", 999_999_99, 6000_00),
        ("debit", 100_00, 55),
        ("debit", 3636_00, 20_00),
        ("debit", 3635_00, 19_99),
        ("debit", 999_999_99, 20_00),
        ("debit_sign", 4000_00, 20_00),
        ("debit_sign", 100_00, 50),
        ("wallet", 100_00, 38),
        ("wallet", 1, 0),
        ("credit", 83, 0),
        ("credit", 84, 1),
    ):
        found = fees.row(settings(), name, 20261122)
        assert found and fees.fee(amount, found[0], found[1]) == paid, (name, amount)


def test_a_promotion_holds_on_its_days_and_no_others():
    """The last row that holds counts."""
    config = settings(fees="wallet 38 0; wallet 20 0 20261101 20261130; debit 55 2000")
    for date, rate in ((20261031, 38), (20261101, 20), (20261130, 20), (20261201, 38)):
        assert fees.row(config, "wallet", date) == (rate, 0), date
    assert fees.row(config, "credit", 20261122) is None


def test_a_card_is_taken_for_what_the_setting_says():
    """First 6 digits do not tell; a wallet is a wallet."""
    for name in ("credit", "debit", "debit_sign"):
        assert fees.product(settings(fee_card=name), a_sale(1)) == name
        assert fees.product(settings(fee_card=name), a_sale(1, ROAD_WALLET)) == "wallet"


def test_all_of_the_fee_is_back_when_all_is_refunded_and_never_more():
    """In any parts."""
    for parts in ((100_00,), (33_33, 33_33, 33_34), (1, 99_99), (99_99, 1)):
        before = back = 0
        for part in parts:
            back += fees.returned(61, 100_00, before, part)
            before += part
            assert back <= 61
        assert back == 61, parts


def test_nothing_comes_back_where_the_acquirer_keeps_it():
    """By default it does; control: with the other setting half the fee comes with half the refund."""
    assert fees.effect(settings(), a_sale(100_00), 0, 50_00) == ("credit", 60, 60, 0)
    assert fees.effect(settings(fee_returned=1), a_sale(100_00), 0, 50_00) == ("credit", 60, 60, 30)
    assert fees.effect(settings(fees="wallet 38 0"), a_sale(100_00), 0, 50_00) is None


def test_a_table_that_cannot_be_read_is_refused():
    """The message shows the row that is wrong."""
    for wrong in ("credit", "credit 60", "gold 60 0", "credit 0.6 0", "credit 60 0 20260101", "credit 10001 0", "credit 60 0;"):
        with raises(BadConfig):
            Config(json.dumps(dict(SETTINGS, fees=wrong)))
    with raises(BadConfig):
        Config(json.dumps(dict(SETTINGS, fee_card="gold")))
    with raises(BadConfig):
        Config(json.dumps(dict(SETTINGS, hotline_merchant="call me")))
