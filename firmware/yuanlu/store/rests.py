"""What went back of sales: for a list of them, and where a rest was put off to another day, since the day's takings allowed a
wallet's refund in part only. And what is to be taken anew.

That a refund is such a part is a bit of its reason, so in its INTENT and in its REFUND, which goes on as long as its sale does. A
visiting module of every day: in one piece, and with names that others have too, since each new one costs memory for ever.
"""

from yuanlu.compat import const
from yuanlu.errors import Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import IS_PART, Transaction
from yuanlu.store import history

_ENDED = const(11)  # a NOTE that says why the rest is not wanted any more
_ANEW = const(12)  # store.progress.MONEY


def put(draft, amount):
    """The draft becomes one of that part, with its rest put off."""
    draft.amount = amount
    draft.reason |= IS_PART


def parts(journal):
    """(the refund of a part, fen that are left) of each sale whose rest was put off, oldest first. It is over when nothing is
    left, or by a NOTE. Where the journal cannot tell what went back it stays, with the most that may be left, for a person.
    """
    found, ended = [part for part in journal.live if part.reason & IS_PART], []
    for record in history.records(journal.log, None):
        if record.type == s.NOTE and record.body().kind == _ENDED:
            ended.append((record.original, record.transaction))
        elif record.type == s.REFUND and record.original >= journal.log.lowest and record.body().reason & IS_PART:
            found.append(Transaction(record.transaction, record.original))
            found[-1].apply(record)
    newest = {}
    for part in sorted(found, key=lambda part: part.number):
        if not any(original == part.original and part.number <= number for original, number in ended):
            newest[part.original] = part
    rests = [(part, _left(journal, part)) for part in newest.values()]
    return sorted([rest for rest in rests if rest[1] > 0], key=lambda rest: rest[0].number)


def anew(journal, void):
    """Yuan, as bytes, that are to be taken once this void is done, where that was said; else b""."""
    found = b""
    for record in history.records(journal.log, None):
        if record.type == s.NOTE and record.transaction == void.number and record.body().kind == _ANEW:
            found = record.body().text
    return found


def _left(journal, part):
    """Fen that are left of its sale; 0 when the sale has left the journal."""
    sale = journal.sale(part.original)
    if sale is None:
        return 0
    try:
        return sale.amount - journal.spent(sale.number)
    except Refused:
        return sale.amount - part.amount


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
