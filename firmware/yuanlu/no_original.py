"""A refund without an original: money to the card that was read, for no sale that is known here. A visiting module of the Desk.

Nothing caps it but a person and the settings: L3 counts what goes back of a sale, and there is none. So it is off unless the
settings switch it on, another person always agrees, and it goes now or not at all.
"""

from yuanlu.errors import Refused
from yuanlu.refund import state as s
from yuanlu.refund.money import yuan
from yuanlu.refund.transaction import KIND_REFUND, ROAD_NO_SALE, ROAD_WALLET, Draft
from yuanlu.store import history, summary


class Payee:
    """What is left of the card that was read: the reader's block."""

    def __init__(self, block):
        self.block = block


def check_now(desk):
    """Raise Refused unless one more could be made now, whatever its amount."""
    config, today = desk.config, desk.clock.date()
    if not config.no_original:
        raise Refused("refused.no_original_off")
    if not today[2]:
        raise Refused("refused.clock")
    given = given_on(desk, today[0])
    if desk.journal.log.damaged:
        raise Refused("refused.journal_damaged")
    if given >= config.no_original_count:
        raise Refused("refused.no_original_count", config.no_original_count)
    if desk.is_offline() or desk.journal.held or any(other.state == s.IS_HELD for other in desk.journal.live):
        raise Refused("refused.no_original_now")


def check(desk, draft):
    """Raise Refused unless this one may be opened."""
    check_now(desk)
    if draft.card is None or draft.card.road == ROAD_WALLET:
        raise Refused("refused.no_original_card")
    if draft.amount > desk.config.no_original_amount:
        raise Refused("refused.no_original_amount", yuan(desk.config.no_original_amount))
    if not draft.approval or not draft.approver:
        raise Refused("refused.no_original_alone")
    if draft.approver == draft.operator:
        raise Refused("refused.same_person")


def given_on(desk, date):
    """How many of that day, yyyymmdd, are not definitively not done; `log.damaged` says whether that is all."""
    journal = desk.journal
    found = [part.number for part in journal.live if part.road == ROAD_NO_SALE and part.date == date]
    for record in history.records(journal.log, summary.key(b"d", date)):
        if record.type == s.REFUND and record.transaction not in found:
            body = record.body()
            if body.kind >> 4 == ROAD_NO_SALE and body.date == date:
                found.append(record.transaction)
    return len(found)


def anew(desk, refund):
    """The draft of another attempt. The reader's block is that of the earlier one; Unreadable when it is gone."""
    payee = Payee(desk.frame("payer_block", desk.journal.message(refund)))
    return Draft(KIND_REFUND, refund.amount, card=payee, road=ROAD_NO_SALE)


def give_up(desk, refund):
    """True when it could not go at once: nobody stands before it any more, so it is taken back."""
    if refund.road != ROAD_NO_SALE or not refund.never_sent:
        return False
    desk.withdraw(refund)
    return True
