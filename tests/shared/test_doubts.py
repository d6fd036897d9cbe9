"""When the amount of a sale looks mistyped, and when it does not."""

from parts import Card, Terminal, settings
from yuanlu.refund import doubts
from yuanlu.refund.transaction import Transaction

NOW = (20261122, 101507, 1)


def sold(*amounts, date=20261122, time=100000):
    """Sales of these fen, newest first."""
    found = []
    for amount in amounts:
        sale = Transaction(1, 1)
        sale.amount, sale.date, sale.time, sale.trace, sale.fingerprint = amount, date, time, 7, Card().fingerprint
        found.append(sale)
    return found


def said(amount, sales=(), **changes):
    """The words of what is doubted of it."""
    return [text[0] for text in doubts.of_amount(settings(**changes), amount, sales, NOW[0])]


USUAL = sold(30_00, 25_00, 120_00, 40_00, 35_00)


def test_ten_and_a_hundred_times_the_usual():
    """And what was meant. The median is 35.00. troubles: T-109"""
    config = settings()
    assert doubts.of_amount(config, 350_50, USUAL, 20261121) == [
        ("doubt.times", 10, "35.00"),
        ("doubt.instead", "35.05"),
    ]
    assert ("doubt.instead", "29.90") in doubts.of_amount(config, 2990_00, USUAL, 20261121)


def test_control_an_amount_as_any_other_is_not_doubted():
    """Nor one with few sales to compare with, nor where the rule is off, nor a small one."""
    assert said(120_00, USUAL) == [] and said(279_00, USUAL) == []
    assert said(3500_00, USUAL[:4]) == ["doubt.largest"]
    assert said(350_50, USUAL, doubt_times=0, doubt_largest=0) == []
    assert said(99_00, sold(1_00, 1_00, 1_00, 1_00, 1_00)) == []


def test_far_beyond_the_largest_of_the_day():
    """More than three times it, once the day has had three; yesterday's do not count."""
    assert said(360_01, USUAL[:3]) == ["doubt.largest"]
    assert said(360_00, USUAL[:3]) == [] and said(360_01, USUAL[:2]) == []
    assert said(360_01, sold(120_00, 30_00, 20_00, date=20261121)) == []


def test_repeated_digits():
    """The same digit four times and more, zeros at the end aside, or three digits and more twice over."""
    for amount in (888_88, 1111_00, 2222_22, 250_250, 1234_1234, 100_100):
        assert said(amount) == ["doubt.digits"], amount
    for amount in (888_00, 1000_00, 8880_00, 121_213, 1234_56, 100_00, 200_20):
        assert said(amount) == [], amount
    assert said(888_88, doubt_digits=0) == [] and said(888_88, doubt_digits=6) == []
    assert said(88_88) == [] and said(88_88, doubt_from=1) == ["doubt.digits"]


def test_the_same_card_and_amount_within_minutes():
    """Any other card, amount or time is not doubted."""
    config, card = settings(), Card()
    assert doubts.of_card(config, 20_00, card, sold(5_00, 20_00, time=101300), NOW) == [("doubt.card", 7, 2)]
    for sales in (sold(20_01, time=101300), sold(20_00, time=101000), sold(20_00, date=20261121, time=101300)):
        assert doubts.of_card(config, 20_00, card, sales, NOW) == []
    card.fingerprint = bytes(8)
    assert doubts.of_card(config, 20_00, card, sold(20_00, time=101300), NOW) == []
    assert doubts.of_card(settings(doubt_minutes=0), 20_00, Card(), sold(20_00, time=101507), NOW) == []


def test_what_the_journal_tells_is_enough():
    """Day, time, fingerprint and amount stand in its SALE records."""
    till = Terminal()
    till.sell(20_00)
    sales = till.journal.sales(doubts.RECENT, make=doubts.sold)
    assert doubts.of_card(till.config, 20_00, Card(), sales, till.clock.date())[0][0] == "doubt.card"
