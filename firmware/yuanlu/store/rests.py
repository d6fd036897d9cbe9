"""Rests of refunds that were put off to another day: a wallet's refund that the day's takings allowed in part only.

That a refund is such a part is a bit of its reason, so in its INTENT and in its REFUND, which goes on as long as its sale does. A
visiting module; every menu asks it, so its names are those of others.
"""

from yuanlu.compat import const
from yuanlu.errors import Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import Transaction
from yuanlu.store import history

_PUT_OFF = const(0x80)  # in a reason
_ENDED = const(11)  # a NOTE that says why the rest is not wanted any more


def put(draft, amount):
    """The draft becomes one of that part, with its rest put off."""
    draft.amount = amount
    draft.reason |= _PUT_OFF


def parts(journal):
    """(the refund of a part, fen that are left) of each sale whose rest was put off, oldest first. It is over when nothing is
    left, or by a NOTE. Where the journal cannot tell what went back it stays, with the most that may be left, for a person.
    """
    found, ended = [part for part in journal.live if part.reason & _PUT_OFF], []
    for record in history.records(journal.log, None):
        if record.type == s.NOTE and record.body().kind == _ENDED:
            ended.append((record.original, record.transaction))
        elif record.type == s.REFUND and record.original >= journal.log.lowest and record.body().reason & _PUT_OFF:
            found.append(Transaction(record.transaction, record.original))
            found[-1].apply(record)
    newest = {}
    for part in sorted(found, key=lambda part: part.number):
        if not any(original == part.original and part.number <= number for original, number in ended):
            newest[part.original] = part
    rests = [(part, _left(journal, part)) for part in newest.values()]
    return sorted([rest for rest in rests if rest[1] > 0], key=lambda rest: rest[0].number)


def _left(journal, part):
    """Fen that are left of its sale; 0 when the sale has left the journal."""
    sale = journal.sale(part.original)
    if sale is None:
        return 0
    try:
        return sale.amount - journal.spent(sale.number)
    except Refused:
        return sale.amount - part.amount
