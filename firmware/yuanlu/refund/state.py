"""The states of a transaction and the one fold over its records. Nothing else decides a state.

INTENT                   -> queued        the bytes are durable, not one of them has left
SENDING                  -> sending       bytes may have left (a reversal: stays reversing)
RESULT silent            -> unknown       no conclusive answer; what comes next is the profile's matter
RESULT ask               -> asking        the acquirer is asked what became of it
RESULT accepted          -> accepted      a wallet took it: it is asked until the money has gone back
RESULT later             -> waiting       the acquirer said: not now, or not booked: nothing was
RESULT renew             -> queued        refused unseen (another batch is open): a new attempt is needed
RESULT hold              -> held          the acquirer does not know this shop or terminal: the queue waits for a person
RESULT person            -> parked        only a person can find out
SALE, REFUND             -> done          complete in themselves: a sale, a refund or void; by a person's word: resolved done
RESULT declined          -> declined
RESULT reversed          -> reversed      the acquirer confirmed that it does not stand
ATTEMPT again            -> queued        a new attempt: the earlier one is definitely not done, or was never sent
ATTEMPT reversal         -> reversing     of a sale or void whose answer never came
WITHDRAWN                -> withdrawn     only while it was never sent
DECISION not done        -> resolved not done
DECISION another         -> queued        a person takes it on himself that a new attempt is made
DECISION release         -> waiting       what held the queue is mended: it goes again, a refund as a new attempt
SEAL                     -> as before     under session keys: field 64 of the bytes that go next (docs/wire.md section 5)
ALARM                    -> parked        money moved otherwise than was believed: complete in itself, from any state
HANDOVER                 -> queued        brought from another terminal, which had not sent it (docs/handover.md)
HANDOVER sent            -> parked        the same, which may have sent it
"""

from yuanlu.compat import const
from yuanlu.errors import StoreDamaged

# Record types (journal-wide; the journal's format page lists them).
SALE = const(1)
INTENT = const(2)
SENDING = const(3)
RESULT = const(4)
ATTEMPT = const(5)
DECISION = const(6)
WITHDRAWN = const(7)
APPROVAL = const(8)
PIN_TRY = const(9)
PRINTED = const(10)
ANCHOR = const(11)
HANDOVER = const(12)
SUMMARY = const(13)
BOOT = const(14)
CONFIG = const(15)
REFUND = const(16)
BATCH = const(17)
ALARM = const(18)
SEAL = const(19)
NOTE = const(20)
TECHNICIAN = const(21)

FIRST = (INTENT, REFUND, HANDOVER)  # a transaction may begin with it
# What a terminal may not write that has handed its business over: no bytes leave without one of them.
MONEY = (SALE, INTENT, SENDING, RESULT, ATTEMPT, DECISION, WITHDRAWN, REFUND, ALARM, SEAL)

# What an ATTEMPT is.
AGAIN = const(1)
REVERSAL = const(2)

# What a DECISION is.
NOT_DONE = const(1)
ANOTHER = const(2)
RELEASE = const(3)  # of no transaction: it ends a hold
HELD = const(4)  # of no transaction: nothing but queries and reversals goes until it is released

# Verdicts: what a RESULT says of one send. The first seven are the classes of the code table, in its order.
DONE = const(1)
DECLINED = const(2)
LATER = const(3)
UNSURE = const(4)
HOLD = const(5)
PERSON = const(6)
RENEW = const(7)
SILENT = const(8)
ASK = const(9)
REVERSED = const(10)
ACCEPTED = const(11)
OTHERWISE = const(12)  # an approval that contradicts what was known: written as an ALARM

# States. A number is written to flash (PRINTED), so it never changes its meaning.
IS_NEW = const(0)
IS_QUEUED = const(1)
IS_SENDING = const(2)
IS_UNKNOWN = const(3)
IS_REVERSING = const(4)
IS_ASKING = const(5)
IS_ACCEPTED = const(6)
IS_WAITING = const(7)
IS_HELD = const(8)
IS_PARKED = const(9)
IS_DONE = const(10)
IS_DECLINED = const(11)
IS_REVERSED = const(12)
IS_WITHDRAWN = const(13)
IS_RESOLVED_DONE = const(14)
IS_RESOLVED_NOT_DONE = const(15)

STATE_NAMES = (
    "new queued sending unknown reversing asking accepted waiting held parked"
    " done declined reversed withdrawn resolved_done resolved_not_done"
).split()

_SENDABLE = (IS_QUEUED, IS_UNKNOWN, IS_REVERSING, IS_ASKING, IS_ACCEPTED, IS_WAITING)
_ASKED = (IS_ASKING, IS_ACCEPTED)
_DECIDABLE = (IS_UNKNOWN, IS_ASKING, IS_ACCEPTED, IS_WAITING, IS_HELD, IS_PARKED)
_AFTER_RESULT = {
    DECLINED: IS_DECLINED,
    LATER: IS_WAITING,
    RENEW: IS_QUEUED,
    PERSON: IS_PARKED,
    HOLD: IS_HELD,
    SILENT: IS_UNKNOWN,
    ASK: IS_ASKING,
    ACCEPTED: IS_ACCEPTED,
}
_AFTER_REVERSAL = {REVERSED: IS_REVERSED, SILENT: IS_REVERSING, PERSON: IS_PARKED}


def next_state(state, record_type, verdict=0):
    """The state after one more record; StoreDamaged when no such arrow exists. `verdict`: a RESULT's, an ATTEMPT's or DECISION's
    kind; of a SALE or REFUND, whether it stands there by a person's word; of a HANDOVER, whether it may have been sent."""
    after = None
    if record_type == INTENT and state == IS_NEW:
        after = IS_QUEUED
    elif record_type == HANDOVER and state == IS_NEW:
        after = IS_PARKED if verdict else IS_QUEUED
    elif record_type in (SALE, REFUND) and not is_final(state):
        after = IS_RESOLVED_DONE if verdict else IS_DONE
    elif record_type == SENDING and state in _SENDABLE and state not in _ASKED:
        after = IS_REVERSING if state == IS_REVERSING else IS_SENDING
    elif record_type == RESULT:
        after = _after_result(state, verdict)
    elif record_type == ATTEMPT:
        after = _after_attempt(state, verdict)
    elif record_type == DECISION:
        after = _after_decision(state, verdict)
    elif record_type == WITHDRAWN and state == IS_QUEUED:
        after = IS_WITHDRAWN
    elif record_type == ALARM:
        after = IS_PARKED
    elif record_type in (PRINTED, APPROVAL, NOTE) or (record_type == SEAL and is_sendable(state) and not is_asked(state)):
        after = state
    if after is None:
        raise StoreDamaged("record type {} verdict {} after state {}".format(record_type, verdict, STATE_NAMES[state]))
    return after


def _after_result(state, verdict):
    if state == IS_REVERSING:
        return _AFTER_REVERSAL.get(verdict)
    if state == IS_SENDING or state in _ASKED:
        return _AFTER_RESULT.get(verdict)
    # A repeat or new attempt that was safe when it was decided on is not any more: other settings, another batch.
    allowed = (PERSON,) if state == IS_QUEUED else (PERSON, ASK) if state in (IS_UNKNOWN, IS_WAITING) else ()
    return _AFTER_RESULT[verdict] if verdict in allowed else None


def _after_attempt(state, kind):
    if kind == AGAIN:
        return IS_QUEUED if state in (IS_QUEUED, IS_WAITING) else None
    # From queued: compaction has left out the sends that came before it.
    return IS_REVERSING if kind == REVERSAL and state in (IS_UNKNOWN, IS_QUEUED) else None


def _after_decision(state, decision):
    # From queued, or of a reversal: compaction has left out what came before it.
    if decision == NOT_DONE and (may_be_decided(state) or state in (IS_QUEUED, IS_REVERSING)):
        return IS_RESOLVED_NOT_DONE
    if decision == ANOTHER and (may_be_tried_anew(state) or state == IS_QUEUED):
        return IS_QUEUED
    return IS_WAITING if decision == RELEASE and state in (IS_HELD, IS_QUEUED) else None


def is_final(state):
    """Nothing more will happen by itself or by a person's decision."""
    return state >= IS_DONE


def is_sendable(state):
    """The forwarder may send it, or send it again."""
    return state in _SENDABLE


def is_asked(state):
    """The next thing sent for it is a query."""
    return state in _ASKED


def may_be_decided(state):
    """A person may decide about it: bytes have left, and nothing of it is under way."""
    return state in _DECIDABLE


def may_be_tried_anew(state):
    """A person may take it on himself that no attempt so far was booked, and another one is made."""
    return state in (IS_UNKNOWN, IS_ASKING, IS_PARKED)


def frees_cap(state):
    """Definitively not done: its amount no longer counts against the original (L3)."""
    return state in (IS_DECLINED, IS_REVERSED, IS_WITHDRAWN, IS_RESOLVED_NOT_DONE)
