"""A cash refund: the shop gave money back from its till, and here it is counted, so that the card is never given back what the
customer has in hand (L3). A visiting module of the Desk.

Nothing is sent: one REFUND record says it all, names itself, and has no batch and no trace, so that no closing counts it.
"""

from yuanlu import VERSION
from yuanlu import record as r
from yuanlu.errors import Refused
from yuanlu.refund import rules
from yuanlu.refund import state as s
from yuanlu.refund.transaction import numbered

_NO_ANSWER = bytes(18)  # neither RRN nor approval code
_APPROVAL = 64  # bytes that are kept for it


def record(desk, draft):
    """Check the draft as any refund of its sale and make it durable, in one step; the Transaction, done. Raises Refused; nothing
    was recorded then."""
    journal, config = desk.journal, desk.config
    if not config.cash_refunds:
        raise Refused("refused.cash_off")
    _check_agreed(desk, draft)
    desk.refuse_while_busy(r.payload_length(s.REFUND) + _APPROVAL)
    if not journal.log.quiet:
        journal.make_room()  # first: the oldest sale may leave by that
    sale = journal.sale(draft.original)
    rules.check(draft, sale, journal.spent(draft.original) if sale else 0, journal.counters.batch)
    rules.check_allowed(config, VERSION)
    number, (date, time, quality) = journal.log.number, desk.clock.date()
    head = (number, sale.number, draft.kind | draft.road << 4, draft.amount, 0, 0, date, time, quality)
    by = (draft.reason, draft.operator, draft.approver, b"", b"", _NO_ANSWER[:12], _NO_ANSWER[12:])
    journal.append(s.REFUND, head + by)
    found = numbered(journal.owed, number)
    if draft.approval:
        desk.note_approval(draft, number)
    return found


def _check_agreed(desk, draft):
    """Another person, where people log in: no acquirer will ever contradict what stands here."""
    if draft.approval and desk.clock.diff_ms(draft.approval[3], desk.clock.ticks_ms()) < 0:
        raise Refused("refused.approval_late")
    if desk.config.login and not (draft.approval and draft.approver):
        raise Refused("refused.cash_alone")
    if desk.config.login and draft.approver == draft.operator:
        raise Refused("refused.same_person")
