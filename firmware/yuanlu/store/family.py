"""A sale and all that is given back of it. A visiting module."""

from yuanlu.refund import state as s
from yuanlu.refund.transaction import Transaction
from yuanlu.store import history, summary


def given(journal, sale):
    """Its refunds and voids that are not definitively not done, as Transactions, in order of number."""
    found = [part for part in journal.live if part.original == sale.number != part.number]
    for record in history.records(journal.log, summary.key(b"o", sale.number)):
        if record.type == s.REFUND and record.original == sale.number:
            if not any(record.transaction == part.number for part in found):
                found.append(Transaction(record.transaction, record.original))
                found[-1].apply(record)
    return sorted(found, key=lambda part: part.number)


def sale_of(journal, number):
    """The done sale that the transaction with that number belongs to, and the transaction: (None, None) when neither is here."""
    sale = journal.sale(number)
    if sale is not None:
        return sale, sale
    part = journal.find_live(number) or journal.transaction(number)
    return (journal.sale(part.original), part) if part else (None, None)
