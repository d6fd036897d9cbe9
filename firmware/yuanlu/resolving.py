"""What a person decides about a transaction, on evidence: a statement's line, a case number. A visiting module of the Desk.

evidence: at most 18 bytes, of them at most 12 digits; operator: id of who says so. Each decision is one durable record.
Refused while the transaction is on its way.
"""

from yuanlu.compat import const
from yuanlu.errors import Refused
from yuanlu.refund import state as s
from yuanlu.refund.money import yuan
from yuanlu.refund.transaction import BROUGHT, EVIDENCE, KIND_SALE, RESOLVED, ROAD_NO_SALE, TECHNICIAN
from yuanlu.store import pending

_MOST_DIGITS = const(12)  # of an RRN; the shortest card numbers have one more


def resolve(desk, transaction, done, operator, evidence, amount=0):
    """It was done, or not done, which frees its amount. amount: fen that were booked, where the evidence says so; after an alarm
    the worse of what is known counts else."""
    _check(desk, transaction, evidence)
    if done:
        if not amount:
            known = (transaction.amount, transaction.booked or transaction.amount)
            amount = min(known) if transaction.kind == KIND_SALE else max(known)
        elif amount > most(desk, transaction):
            raise Refused("refused.over_cap", yuan(most(desk, transaction)))
        # Its only attempt was another terminal's: it is of no batch here.
        marks = RESOLVED | (BROUGHT if transaction.brought and transaction.attempt == 1 else 0)
        values = desk.whole(transaction, transaction.date, operator, marks, evidence, amount)
        desk.journal.append(s.SALE if transaction.kind == KIND_SALE else s.REFUND, values)
    else:
        _decide(desk, transaction, s.NOT_DONE, operator, evidence)


def most(desk, transaction):
    """Fen that a person may say were booked: what counts of it already, and what is left of its sale (L3)."""
    counted = max(transaction.amount, transaction.booked)
    sale = desk.journal.original(transaction.original)
    if sale is None or sale.number == transaction.number:
        return counted
    try:
        return max(counted, sale.amount - desk.journal.spent(sale.number) + counted)
    except Refused:  # what was given back cannot be read
        return counted


def again(desk, refund, operator, evidence):
    """A person takes it on himself that the earlier attempts were not booked: a new one is made when its turn comes (L2)."""
    _check(desk, refund, evidence)
    # What came without its sale has nothing that a message could name, and would wait for ever.
    if not refund.anew or not (refund.road == ROAD_NO_SALE or desk.journal.original(refund.original)):
        raise Refused("refused.no_new_attempt")
    _decide(desk, refund, s.ANOTHER, operator, evidence)


def release(desk, operator, evidence):
    """What was held goes again: a refund as a new attempt, since the same bytes may meet the same refusal for ever."""
    for transaction in [t for t in desk.journal.live if t.state == s.IS_HELD]:
        _check(desk, transaction, evidence)
        _decide(desk, transaction, s.RELEASE, operator, evidence)
    _check_digits(evidence)
    if desk.journal.held and operator == TECHNICIAN:  # what a technician holds no supervisor lets go
        desk.refuse_while_busy()
        desk.journal.append(s.DECISION, (0, 0, s.RELEASE, operator, evidence))


def hold(desk, operator, evidence):
    """Nothing but queries and reversals goes until it is released, whatever power does."""
    _check_digits(evidence)
    desk.refuse_while_busy()
    desk.journal.append(s.DECISION, (0, 0, s.HELD, operator, evidence))


def _check(desk, transaction, evidence):
    lost = pending.needs_person(desk.journal, transaction) and transaction.state != s.IS_SENDING
    if not (lost or s.may_be_decided(transaction.state)):
        raise Refused("refused.on_its_way")
    if not 0 < len(evidence) <= EVIDENCE:
        raise Refused("refused.evidence", EVIDENCE)
    _check_digits(evidence)
    desk.refuse_while_busy()


def _check_digits(evidence):
    """More digits than an RRN's, whatever stands between them, may be a card's, and would stand in clear on flash, on slips and
    in reports (L8): whether the check digit is right does not matter, since people mistype."""
    digits = [at for at in range(len(evidence)) if 0x30 <= evidence[at] < 0x3A]
    if len(digits) > _MOST_DIGITS:
        raise Refused("refused.evidence_card", digits[0] + 1)


def _decide(desk, transaction, decision, operator, evidence):
    desk.journal.append(s.DECISION, (transaction.number, transaction.original, decision, operator, evidence))
