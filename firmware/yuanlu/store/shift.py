"""How much each operator gave back, in a shift (the open batch) and on a day: counted from the journal. A visiting module.

What may have been done counts; what is definitively not done does not.
"""

from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_SALE
from yuanlu.store import history

_BY_SOMEBODY = (s.INTENT, s.SALE, s.REFUND, s.ALARM, s.DECISION, s.WITHDRAWN, s.APPROVAL, s.NOTE)


def given(journal, people, batch, date):
    """[refunds, fen in that batch, refunds, fen on that day, yyyymmdd] of these operators together; None when part of the journal
    cannot be read."""
    counted = [0, 0, 0, 0]
    for _, operator, opened, day, amount in _given(journal, history.records(journal.log, None)):
        for at, counts in ((0, opened == batch), (2, day == date)):
            if counts and operator in people:
                counted[at] += 1
                counted[at + 1] += amount
    return None if journal.log.damaged else counted


def given_on(journal, date):
    """(operator, refunds, fen) of each on that day, yyyymmdd, by operator."""
    totals = []
    for _, operator, _, day, amount in _given(journal, history.records(journal.log, None)):
        if day == date:
            place = [at for at in range(len(totals)) if totals[at][0] == operator]
            if place:
                _, count, fen = totals[place[0]]
                totals[place[0]] = (operator, count + 1, fen + amount)
            else:
                totals.append((operator, 1, amount))
    return sorted(totals)


def has_worked(journal, operator):
    """The journal holds something that he did, approved or wrote down."""
    for record in history.records(journal.log, None):
        if record.type in _BY_SOMEBODY:
            body = record.body()
            if operator in (getattr(body, "operator", 0), getattr(body, "approver", 0)):
                return True
    return False


def _given(journal, records):
    """(number, operator, batch, date, fen) of each refund and void, each once."""
    found = []
    for record in records:
        if record.type == s.REFUND and not any(record.transaction == part[0] for part in found):
            body = record.body()
            found.append((record.transaction, body.operator, body.batch, body.date, body.amount))
    for part in journal.live:
        if part.kind != KIND_SALE and not any(part.number == other[0] for other in found):
            found.append((part.number, part.operator, part.batch, part.date, part.amount))
    return found
