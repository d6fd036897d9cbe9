"""The rules before anything is recorded."""

from raises import raises
from yuanlu.errors import Refused
from yuanlu.refund import rules
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, KIND_VOID, Draft, Transaction


def a_sale(amount=10_000, batch=5):
    """A done sale; batch 5 is the open one."""
    sale = Transaction(3, 3)
    sale.amount, sale.batch = amount, batch
    return sale


def refusal(kind, amount, original=None, spent=0):
    """Reason and details, or None when the rules let it pass."""
    try:
        rules.check(Draft(kind, amount, original=3), original, spent, 5)
    except Refused as error:
        return (error.reason,) + error.details
    return None


def test_L3_never_more_than_was_paid():
    """The cap to the fen, for a first refund and after others."""
    assert refusal(KIND_REFUND, 10_000, a_sale()) is None
    assert refusal(KIND_REFUND, 10_001, a_sale()) == ("refused.over_cap", "100.00")
    assert refusal(KIND_REFUND, 1, a_sale(), 9999) is None
    assert refusal(KIND_REFUND, 2, a_sale(), 9999) == ("refused.over_cap", "0.01")
    assert refusal(KIND_REFUND, 1, a_sale(), 10_000) == ("refused.nothing_left",)
    assert refusal(KIND_REFUND, 1, a_sale(), 10_001) == ("refused.nothing_left",)


def test_L3_no_refund_without_a_done_sale_here():
    """The journal gives no original when the sale is not here or not done."""
    for kind in (KIND_REFUND, KIND_VOID):
        assert refusal(kind, 1, None) == ("refused.no_original",)


def test_L3_a_void_takes_back_a_whole_sale_of_the_open_batch():
    """Nothing given back yet, not a fen less, not of a batch that is closed."""
    assert refusal(KIND_VOID, 10_000, a_sale()) is None
    assert refusal(KIND_VOID, 9999, a_sale()) == ("refused.no_void",)
    assert refusal(KIND_VOID, 10_001, a_sale()) == ("refused.over_cap", "100.00")
    assert refusal(KIND_VOID, 9999, a_sale(), 1) == ("refused.no_void",)
    assert refusal(KIND_VOID, 10_000, a_sale(), 10_000) == ("refused.nothing_left",)
    assert refusal(KIND_VOID, 10_000, a_sale(batch=4)) == ("refused.no_void",)
    for sale, spent, amount in ((a_sale(), 0, 10_000), (a_sale(), 1, 9999), (a_sale(), 0, 9999), (a_sale(batch=4), 0, 10_000)):
        allowed = refusal(KIND_VOID, amount, sale, spent) is None
        assert rules.voidable(sale, spent, amount, 5) == allowed, "what is offered is what passes"


def test_amounts_are_positive_and_bounded():
    """For sales and refunds; a negative refund would raise the cap."""
    for kind, original in ((KIND_SALE, None), (KIND_REFUND, a_sale(200_000_000)), (KIND_VOID, a_sale(1))):
        assert refusal(kind, 0, original) == ("refused.zero",)
        assert refusal(kind, -1, original) == ("refused.zero",)
        assert refusal(kind, 1, original) is None
        assert kind == KIND_VOID or refusal(kind, 99_999_999, original) is None
        assert refusal(kind, 100_000_000, original) == ("refused.too_large", "999,999.99")


def test_L7_every_refusal_is_an_exception_with_a_reason():
    """A rule never answers by a value that somebody could forget to look at."""
    with raises(Refused) as caught:
        rules.check(Draft(KIND_REFUND, 1, original=3), None, 0, 5)
    assert caught.value.reason == "refused.no_original"
