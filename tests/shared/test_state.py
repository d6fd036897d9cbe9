"""The one fold: every arrow that there is, and no other."""

from raises import raises
from yuanlu.errors import StoreDamaged
from yuanlu.refund import state as s

STATES = range(len(s.STATE_NAMES))
TYPES = range(20)
VERDICTS = range(14)
OPEN = "new queued sending unknown reversing asking accepted waiting held parked".split()
FINAL = "done declined reversed withdrawn resolved_done resolved_not_done".split()
FREES = "declined reversed withdrawn resolved_not_done".split()
SENDABLE = (s.IS_QUEUED, s.IS_UNKNOWN, s.IS_REVERSING, s.IS_ASKING, s.IS_ACCEPTED, s.IS_WAITING)
DECIDABLE = (s.IS_UNKNOWN, s.IS_ASKING, s.IS_ACCEPTED, s.IS_WAITING, s.IS_HELD, s.IS_PARKED)

ARROWS = {
    (s.IS_NEW, s.INTENT): s.IS_QUEUED,
    (s.IS_QUEUED, s.SENDING): s.IS_SENDING,
    (s.IS_UNKNOWN, s.SENDING): s.IS_SENDING,
    (s.IS_WAITING, s.SENDING): s.IS_SENDING,
    (s.IS_REVERSING, s.SENDING): s.IS_REVERSING,
    (s.IS_QUEUED, s.WITHDRAWN): s.IS_WITHDRAWN,
}
ATTEMPTS = {
    (s.IS_UNKNOWN, s.REVERSAL): s.IS_REVERSING,
    (s.IS_QUEUED, s.REVERSAL): s.IS_REVERSING,
    (s.IS_QUEUED, s.AGAIN): s.IS_QUEUED,
    (s.IS_WAITING, s.AGAIN): s.IS_QUEUED,
}
ENDS = {
    s.DECLINED: s.IS_DECLINED,
    s.LATER: s.IS_WAITING,
    s.RENEW: s.IS_QUEUED,
    s.HOLD: s.IS_HELD,
    s.PERSON: s.IS_PARKED,
    s.SILENT: s.IS_UNKNOWN,
    s.ASK: s.IS_ASKING,
    s.ACCEPTED: s.IS_ACCEPTED,
}
DECISIONS = {
    s.NOT_DONE: (s.IS_RESOLVED_NOT_DONE, DECIDABLE),
    s.ANOTHER: (s.IS_QUEUED, (s.IS_UNKNOWN, s.IS_ASKING, s.IS_PARKED)),
    s.RELEASE: (s.IS_WAITING, (s.IS_HELD,)),
}
ENDS_OF_REVERSAL = {s.REVERSED: s.IS_REVERSED, s.SILENT: s.IS_REVERSING, s.PERSON: s.IS_PARKED}


def expected(state, record_type, verdict):
    """The next state as the drawing at the top of state.py has it, or None."""
    if record_type in (s.PRINTED, s.APPROVAL):
        return state
    if record_type == s.RESULT:
        if state == s.IS_REVERSING:
            return ENDS_OF_REVERSAL.get(verdict)
        if state in (s.IS_UNKNOWN, s.IS_WAITING):
            return {s.PERSON: s.IS_PARKED, s.ASK: s.IS_ASKING}.get(verdict)
        if state == s.IS_QUEUED:
            return {s.PERSON: s.IS_PARKED}.get(verdict)
        return ENDS.get(verdict) if state in (s.IS_SENDING, s.IS_ASKING, s.IS_ACCEPTED) else None
    if record_type == s.HANDOVER and state == s.IS_NEW:
        return s.IS_PARKED if verdict else s.IS_QUEUED
    if record_type in (s.SALE, s.REFUND) and s.STATE_NAMES[state] in OPEN:
        return s.IS_RESOLVED_DONE if verdict else s.IS_DONE
    if record_type == s.ALARM:
        return s.IS_PARKED
    if record_type == s.SEAL:
        return state if state in SENDABLE and state not in (s.IS_ASKING, s.IS_ACCEPTED) else None
    if record_type == s.DECISION:
        after, before = DECISIONS.get(verdict, (None, ()))
        left_out = state == s.IS_QUEUED or (verdict == s.NOT_DONE and state == s.IS_REVERSING)
        return after if state in before or left_out else None
    if record_type == s.ATTEMPT:
        return ATTEMPTS.get((state, verdict))
    return ARROWS.get((state, record_type))


def test_every_arrow_is_allowed_and_every_other_raises():
    """16 states, 20 record types, 14 verdicts."""
    for state in STATES:
        for record_type in TYPES:
            for verdict in VERDICTS:
                wanted = expected(state, record_type, verdict)
                if wanted is None:
                    with raises(StoreDamaged):
                        s.next_state(state, record_type, verdict)
                else:
                    assert s.next_state(state, record_type, verdict) == wanted, (state, record_type, verdict)


def test_L6_silence_is_unknown_and_never_declined():
    """A send without an answer says nothing about the money."""
    for verdict, state in ((s.SILENT, s.IS_UNKNOWN), (s.ASK, s.IS_ASKING)):
        assert s.next_state(s.IS_SENDING, s.RESULT, verdict) == state
        assert not s.is_final(state) and not s.frees_cap(state)
    for verdict in ENDS:
        if verdict != s.DECLINED:
            assert s.next_state(s.IS_SENDING, s.RESULT, verdict) != s.IS_DECLINED


def test_L6_a_reversal_ends_only_when_it_was_confirmed():
    """Its silence leaves it reversing; no verdict on it makes the sale done or declined."""
    assert s.next_state(s.IS_REVERSING, s.RESULT, s.SILENT) == s.IS_REVERSING
    for verdict in VERDICTS:
        if verdict not in ENDS_OF_REVERSAL:
            with raises(StoreDamaged):
                s.next_state(s.IS_REVERSING, s.RESULT, verdict)


def test_L6_unsure_is_no_verdict_that_may_be_recorded():
    """The code table's word for 'in progress' has to become silent or person first."""
    with raises(StoreDamaged):
        s.next_state(s.IS_SENDING, s.RESULT, s.UNSURE)


def test_only_what_was_never_sent_is_withdrawn():
    """Every state but queued refuses."""
    for state in STATES:
        if state != s.IS_QUEUED:
            with raises(StoreDamaged):
                s.next_state(state, s.WITHDRAWN)


def test_L2_what_is_settled_is_never_sent_again():
    """No arrow but an alarm's leads out of a final state, and the forwarder may not pick it."""
    for state in STATES:
        final = s.STATE_NAMES[state] in FINAL
        assert s.is_final(state) == final
        assert s.is_sendable(state) == (state in SENDABLE)
        for record_type in (s.INTENT, s.SENDING, s.RESULT, s.SALE, s.REFUND, s.ATTEMPT, s.WITHDRAWN, s.DECISION) if final else ():
            for verdict in VERDICTS:
                with raises(StoreDamaged):
                    s.next_state(state, record_type, verdict)


def test_L6_a_person_decides_only_about_what_was_sent_and_is_not_on_its_way():
    """Not about what is queued, being sent or being reversed."""
    for state in STATES:
        assert s.may_be_decided(state) == (state in DECIDABLE)


def test_L3_only_definitively_not_done_frees_the_cap():
    """All others count against the original."""
    for state in STATES:
        assert s.frees_cap(state) == (s.STATE_NAMES[state] in FREES)


def test_the_numbers_of_the_states_stay_what_is_in_flash():
    """PRINTED writes them: a renumbering would change the meaning of old journals."""
    assert list(s.STATE_NAMES) == OPEN + FINAL
    assert (s.IS_QUEUED, s.IS_UNKNOWN, s.IS_PARKED, s.IS_DONE, s.IS_WITHDRAWN, s.IS_RESOLVED_NOT_DONE) == (1, 3, 9, 10, 13, 15)
    verdicts = (s.DONE, s.DECLINED, s.LATER, s.UNSURE, s.HOLD, s.PERSON, s.RENEW, s.SILENT, s.ASK, s.REVERSED)
    assert verdicts + (s.ACCEPTED, s.OTHERWISE) == tuple(range(1, 13))
    types = (s.SALE, s.INTENT, s.SENDING, s.RESULT, s.ATTEMPT, s.DECISION, s.WITHDRAWN, s.APPROVAL)
    types += (s.PIN_TRY, s.PRINTED, s.ANCHOR, s.HANDOVER, s.SUMMARY, s.BOOT, s.CONFIG, s.REFUND, s.BATCH, s.ALARM)
    assert types == tuple(range(1, 19))
