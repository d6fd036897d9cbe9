"""What the journal tells of a refund besides its state: notes about it, and the refunds that are done. A visiting module.

A note stands in the ring as long as its sector does and is not copied: it is a help, nothing rests on it.
"""

from yuanlu.refund import state as s
from yuanlu.refund.transaction import BROUGHT, ROAD_CASH, Transaction
from yuanlu.store import history, summary

COMPLAINT, CALL, FEEDBACK, SELF_TEST, CASE, FOUND, PEOPLE, REFUSED, KEYLOAD = 1, 2, 3, 4, 5, 6, 7, 8, 9  # kinds of a NOTE
MONEY = 12  # of a void: yuan that are to be taken in place of what was voided
TEXT = 24  # bytes of one


def note(desk, transaction, kind, operator, text=b""):
    """One durable NOTE about a transaction; None: about the terminal. Refused while an answer is awaited and room is short."""
    desk.refuse_while_busy()
    date, time, _ = desk.clock.date()
    head = (transaction.number, transaction.original) if transaction else (0, 0)
    desk.journal.append(s.NOTE, head + (kind, operator, date, time, text[:TEXT]))


def notes(log, transaction):
    """The NOTEs about that transaction, oldest first."""
    found = []
    for record in history.records(log, summary.key(b"o", transaction.original)):
        if record.type == s.NOTE and record.transaction == transaction.number:
            _take(found, record)
    return [body for _, body in sorted(found, key=lambda row: row[0])]


def _take(found, record):
    """Once each: a record that was weak at a power cut stands twice."""
    if not any(record.number == number for number, _ in found):
        found.append((record.number, record.body()))


def self_tested(log):
    """The date of the newest self-test; 0 when the ring holds none."""
    newest = 0
    for record in history.newest_first(log, None):
        if record.type == s.NOTE and record.transaction == 0:
            body = record.body()
            newest = max(newest, body.date if body.kind == SELF_TEST else 0)
    return newest


def open_since(log, batch):
    """The date of the oldest of what is done in that batch; 0 when nothing is."""
    oldest = 0
    for record in history.records(log, None):
        if record.type in (s.SALE, s.REFUND):
            body = record.body()
            if body.batch == batch and not body.quality & BROUGHT and (not oldest or body.date < oldest):
                oldest = body.date
    return oldest


def done_refunds(log, limit):
    """Refunds and voids that the acquirer has done, as Transactions, newest first, at most `limit`."""
    found = []
    for record in history.newest_first(log, None):
        if record.type != s.REFUND or any(record.transaction == other.number for other in found):
            continue
        refund = Transaction(record.transaction, record.original)
        refund.apply(record)
        if refund.road == ROAD_CASH:
            continue
        found.append(refund)
        found.sort(key=lambda other: -other.number)
        found = found[:limit]
    return found
