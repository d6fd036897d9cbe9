"""Refunds that name no sale, at the acquirer simulator: booked, declined, repeated, counted when the batch is closed."""

import pytest

from tests.wire import acquirer_frames as by_hand
from tests.wire.acquirer_frames import details, end, settlement, totals, unreferenced, unreferenced_fields, upload
from tests.wire.acquirers import an_acquirer, an_acquirer_with_a_sale, code_of

NUMBER = "YL000001-0001-00000012"


def test_it_is_booked_to_the_card_that_was_read_and_takes_nothing_from_any_sale():
    acquirer = an_acquirer_with_a_sale()
    assert code_of(acquirer, unreferenced()) == "00"
    sale, entry = acquirer.ledger.entries
    assert (entry.kind, entry.origin, entry.original_rrn, entry.card) == ("refund", "none", "", sale.card)
    assert acquirer.ledger.money() == {NUMBER: {"amount": 500, "times": 1}}
    assert acquirer.ledger.refunded(sale.rrn) == 0


def test_a_merchant_who_may_not_is_answered_58_and_nothing_is_booked():
    acquirer = an_acquirer()
    acquirer.allow_without_original(False)
    assert code_of(acquirer, unreferenced()) == "58"
    assert acquirer.ledger.entries == []


def test_a_wallets_code_or_a_block_of_another_reader_is_no_card():
    acquirer = an_acquirer()
    codes = [
        code_of(acquirer, unreferenced(trace=trace, payer=payer)) for trace, payer in ((12, by_hand.WALLET), (13, bytes(47)))
    ]
    assert codes == ["14", "14"]
    assert acquirer.ledger.entries == []


@pytest.mark.parametrize(("kind", "again", "times"), [("a", "00", 1), ("b", "94", 1), ("c", "00", 2), ("d", "00", 1)])
def test_a_repeat_is_what_it_is_for_any_refund(kind: str, again: str, times: int):
    acquirer = an_acquirer(kind)
    assert [code_of(acquirer, unreferenced()), code_of(acquirer, unreferenced())] == ["00", again]
    assert acquirer.ledger.money()[NUMBER]["times"] == times


@pytest.mark.parametrize("field", [22, 63])
def test_a_field_that_is_missing_is_a_wrong_format(field: int):
    fields = unreferenced_fields()
    del fields[field]
    assert code_of(an_acquirer(), by_hand.frame_of("0220", fields)) == "30"


@pytest.mark.parametrize(("kind", "alarms"), [("28", 0), ("25", 2)])
def test_it_is_a_detail_of_its_own_kind(kind: str, alarms: int):
    """Under another kind it is a claim of the terminal, and the acquirer's own is left out."""
    acquirer = an_acquirer()
    code_of(acquirer, unreferenced())
    assert code_of(acquirer, settlement(totals())) == "00"  # they do not agree, so details are wanted
    assert code_of(acquirer, upload(details((kind, 12, 500)))) == "00"
    assert code_of(acquirer, end("202", 1)) == "00"
    assert len(acquirer.ledger.alarms) == alarms
