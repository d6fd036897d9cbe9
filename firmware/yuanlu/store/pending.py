"""What the forwarder has to do: a view of the journal's live transactions."""

from yuanlu.refund import rules
from yuanlu.refund import state as s
from yuanlu.refund.codes import BAD_FORMAT
from yuanlu.refund.transaction import KIND_REFUND, ROAD_WALLET


def eligible(journal):
    """What may be sent as soon as it is due, oldest first: a later refund of one sale waits for the earlier one; while a sale or
    void has to be reversed nothing else is sent; while the queue is held only queries are."""
    if journal.shut:
        return []
    busy, found = [], []
    sendable = [t for t in journal.live if s.is_sendable(t.state) and not needs_person(journal, t)]
    reversals = [t for t in sendable if needs_reversal(t)]
    if not reversals and (journal.held or holds_queue(journal.live)):
        sendable = [t for t in sendable if s.is_asked(t.state)]
    for transaction in reversals or sendable:
        if transaction.original not in busy:
            found.append(transaction)
        busy.append(transaction.original)
    return found


def holds_queue(live):
    """The acquirer does not know this shop or terminal, or two different records break its format: what is sent next will fare no
    better."""
    malformed = [t for t in live if t.state == s.IS_PARKED and t.code == BAD_FORMAT]
    return len(malformed) > 1 or any(t.state == s.IS_HELD for t in live)


def is_behind(journal, transaction):
    """An earlier refund of the same sale waits to be sent too, and goes first."""
    return any(
        t.original == transaction.original and t.number < transaction.number and s.is_sendable(t.state) for t in journal.live
    )


def needs_person(journal, transaction):
    """Something was lost that may have settled it, or another one of its sale: what the journal holds may be an older state. To
    go on from there by itself could give back what was withdrawn and given back otherwise since."""
    return transaction.original < journal.log.unsure


def due(journal, now, diff, wanted=0):
    """The transaction to send now, or None: the one with the number that a clerk waits for, else the oldest. One without a due
    time was never scheduled: it is due.

    now: ms ticks; diff(a, b): a - b in ms, wrap-safe.
    """
    found = [t for t in eligible(journal) if t.due is None or diff(t.due, now) <= 0]
    return ([t for t in found if t.number == wanted] or found or [None])[0]


def needs_reversal(transaction):
    """A sale or void whose answer never came."""
    if transaction.state == s.IS_REVERSING:
        return True
    return transaction.state == s.IS_UNKNOWN and transaction.kind != KIND_REFUND


def wait_ms(journal, now, diff):
    """Milliseconds until something is due, or -1 when nothing waits."""
    soonest = -1
    for transaction in eligible(journal):
        left = 1 if transaction.due is None else max(1, diff(transaction.due, now))
        soonest = left if soonest < 0 else min(soonest, left)
    return soonest


def unfinished(journal):
    """Live transactions that a person should see, oldest first."""
    return list(journal.live)


def due_days(config, transaction):
    """Days in which it should be settled, by the road of its sale."""
    return config.due_days_wallet if transaction.road == ROAD_WALLET else config.due_days_card


def overdue(journal, config, today):
    """What should be settled by now and is not, oldest first. today: (date, time, quality): a clock that cannot be trusted makes
    nothing late."""
    if not today[2]:
        return []
    return [t for t in journal.live if rules.days(today[0]) - rules.days(t.date) > due_days(config, t)]
