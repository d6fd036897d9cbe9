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


def spent(journal, sales):
    """Fen of each of these done sales that is given back or on its way, in their order, for a list: one look at the sectors since
    the oldest of them was made. What cannot be read is left out: `Journal.spent` decides."""
    numbers, counted, sector, least = [sale.number for sale in sales], [], None, 0
    sums = [
        sum([max(part.amount, part.booked) for part in journal.live if part.original == number != part.number])
        for number in numbers
    ]
    for record in history.newest_first(journal.log, None):
        here = record.address // journal.log.flash.sector_size
        if here != sector:
            if sector is not None and least < min(numbers):
                break  # a refund is newer than its sale
            sector, least = here, journal.log.number
        least = least if record.copy else min(least, record.number)
        if record.type == s.REFUND and record.original in numbers and record.transaction not in counted:
            counted.append(record.transaction)
            sums[numbers.index(record.original)] += record.body().amount
    return sums


def sale_of(journal, number):
    """The done sale that the transaction with that number belongs to, and the transaction: (None, None) when neither is here."""
    sale = journal.sale(number)
    if sale is not None:
        return sale, sale
    part = journal.find_live(number) or journal.transaction(number)
    return (journal.sale(part.original), part) if part else (None, None)
