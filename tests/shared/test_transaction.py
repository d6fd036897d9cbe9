"""The fold over the records of one transaction."""

from parts import APPROVED, intent_of, record_of
from raises import raises
from yuanlu.errors import StoreDamaged
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, Transaction

FIELDS = "state attempt sends doubt stale code rrn approval printed copies kind amount batch trace date time last".split()


def sending(number, send, doubt=0):
    """A SENDING of transaction 7."""
    return record_of(number, s.SENDING, (7, 3, 1, send, 1, doubt))


def result(number, verdict, code=b"", rrn=b"", approval=b""):
    """A RESULT of transaction 7."""
    return record_of(number, s.RESULT, (7, 3, 1, verdict, code, rrn, approval, 20261122, 101530))


def a_life():
    """A refund that was silent once, asked to come later once, and is done and printed."""
    return [
        record_of(7, s.INTENT, intent_of(7, 3, KIND_REFUND, 4200, 2, 99), b"message"),
        sending(8, 1),
        result(9, s.SILENT),
        sending(12, 2, 1),
        result(13, s.LATER, b"91"),
        sending(20, 3, 1),
        record_of(21, s.REFUND, intent_of(7, 3, KIND_REFUND, 4200, 2, 99) + (APPROVED.rrn, APPROVED.approval)),
        record_of(22, s.PRINTED, (7, 3, s.IS_DONE, 1)),
    ]


def looks(transaction):
    """All that the fold sets."""
    return [getattr(transaction, name) for name in FIELDS]


def test_a_life_folds_to_what_happened():
    """Every field after every record."""
    refund = Transaction(7, 3)
    states = []
    for record in a_life():
        refund.apply(record)
        states.append(refund.state)
    assert states[:4] == [s.IS_QUEUED, s.IS_SENDING, s.IS_UNKNOWN, s.IS_SENDING]
    assert states[4:] == [s.IS_WAITING, s.IS_SENDING, s.IS_DONE, s.IS_DONE]
    assert (refund.kind, refund.amount, refund.batch, refund.trace) == (KIND_REFUND, 4200, 2, 99)
    assert (refund.sends, refund.doubt, refund.code) == (3, True, b"00")
    assert (refund.rrn, refund.approval) == (APPROVED.rrn, APPROVED.approval)
    assert (refund.printed, refund.copies) == (s.IS_DONE, 1)


def test_copies_of_records_change_nothing():
    """Compaction may leave a record twice; each is folded again after every step, and all of them at the end."""
    once, often = Transaction(7, 3), Transaction(7, 3)
    records = a_life()
    for count in range(len(records)):
        once.apply(records[count])
        often.apply(records[count])
        for record in records[: count + 1]:
            record.mark_copy()
            often.apply(record)
        assert looks(once) == looks(often), records[count].type
    for record in records:
        often.apply(record)
    assert looks(once) == looks(often)


def test_a_sale_is_done_by_its_one_record():
    """SALE alone tells all that a refund needs."""
    sale = Transaction(3, 3)
    sale.apply(record_of(5, s.SALE, intent_of(3, 0, KIND_SALE, 10_000, 1, 77) + (APPROVED.rrn, APPROVED.approval)))
    assert (sale.state, sale.kind, sale.amount, sale.batch, sale.trace) == (s.IS_DONE, KIND_SALE, 10_000, 1, 77)
    assert (sale.rrn, sale.approval, sale.code) == (APPROVED.rrn, APPROVED.approval, b"00")


def test_L6_doubt_begins_with_silence_and_never_ends():
    """A "no" to a repeat is not a "no": the fold remembers that there was a silence."""
    for verdict, doubt in ((s.SILENT, True), (s.LATER, False)):
        refund = Transaction(7, 3)
        for record in (a_life()[0], sending(8, 1), result(9, verdict), sending(10, 2)):
            refund.apply(record)
        assert refund.doubt == doubt, verdict
        refund.apply(result(11, s.LATER, b"91"))
        assert refund.doubt == doubt


def test_L2_a_new_attempt_begins_anew_and_the_refund_stays():
    """Refused unseen, then another trace and batch: sends and doubt are the attempt's, number and amount the refund's."""
    refund = Transaction(7, 3)
    records = [a_life()[0], sending(8, 1), result(9, s.RENEW, b"77")]
    for record in records:
        refund.apply(record)
    assert (refund.state, refund.stale, refund.sends, refund.doubt) == (s.IS_QUEUED, True, 1, False)
    again = record_of(10, s.ATTEMPT, (7, 3, s.AGAIN, 2, 3, 120), b"other bytes")
    again.address = 512
    refund.apply(again)
    assert (refund.state, refund.stale, refund.sends, refund.attempt) == (s.IS_QUEUED, False, 0, 2)
    assert (refund.batch, refund.trace, refund.message_place()) == (3, 120, (10, 512))
    assert (refund.number, refund.amount, refund.kind) == (7, 4200, KIND_REFUND)


def test_L6_a_reversal_is_in_doubt_until_it_is_answered():
    """Whether the sale was booked is not known; the reversal has the sale's own batch and trace."""
    sale = Transaction(7, 7)
    sale.apply(record_of(7, s.INTENT, intent_of(7, 0, KIND_SALE, 4200, 2, 99), b"message"))
    for record in (sending(8, 1), result(9, s.SILENT), record_of(10, s.ATTEMPT, (7, 7, s.REVERSAL, 2, 2, 99), b"reversal")):
        sale.apply(record)
    assert (sale.state, sale.doubt, sale.sends, sale.batch, sale.trace) == (s.IS_REVERSING, True, 0, 2, 99)
    for record in (sending(11, 1), result(12, s.SILENT), sending(13, 2), result(14, s.REVERSED, b"00")):
        sale.apply(record)
    assert (sale.state, sale.sends) == (s.IS_REVERSED, 2)


def test_a_record_without_an_arrow_raises_and_changes_nothing():
    """The journal reports it as trouble; what was known stays known."""
    refund = Transaction(7, 3)
    refund.apply(a_life()[0])
    before = looks(refund)
    with raises(StoreDamaged):
        refund.apply(result(9, s.DECLINED, b"51"))
    assert looks(refund) == before


def test_L2_the_message_stands_where_the_intent_does():
    """There the exact bytes are read from."""
    refund = Transaction(7, 3)
    first, second = a_life()[:2]
    first.address, second.address = 4096, 5000
    refund.apply(first)
    refund.apply(second)
    assert refund.message_place() == (7, 4096)


def chains(state, length):
    """Every row of at most so many verdicts on one send that the fold allows, without an end."""
    rows = [[]]
    for verdict in range(s.DONE, s.OTHERWISE + 1) if length else ():
        try:
            after = s.next_state(state, s.RESULT, verdict)
        except StoreDamaged:
            continue
        if not s.is_final(after):
            rows += [[verdict] + row for row in chains(after, length - 1)]
    return rows


def test_however_a_send_was_judged_what_is_kept_of_it_folds_to_the_same():
    """Not now, asked, not booked, ...: a restart after a compaction said "no such arrow", and knew the last but one alone."""
    found = chains(s.IS_SENDING, 4)
    assert [s.LATER, s.ASK, s.LATER] in found
    for verdicts in found:
        life = a_life()[:2] + [result(9 + place, verdict, b"%02d" % verdict) for place, verdict in enumerate(verdicts)]
        whole, again = Transaction(7, 3), Transaction(7, 3)
        for record in life:
            whole.apply(record)
        kept = [place[0] for place in whole.rests_on]
        for record in life:
            if record.number in kept:
                again.apply(record)
        assert looks(again) == looks(whole) and len(kept) <= 4, verdicts


def test_what_a_transaction_rests_on_folds_to_the_same():
    """After every record of a life: the few that are kept tell what all of them told."""
    lives = (
        a_life(),
        a_life()[:2] + [result(9, s.ASK), result(10, s.ASK), result(11, s.LATER, b"91")],
        a_life()[:2] + [result(9, s.SILENT), result(10, s.PERSON)],
        a_life()[:2] + [result(9, s.RENEW), record_of(10, s.ATTEMPT, (7, 3, s.AGAIN, 2, 3, 120), b"other")],
        a_life()[:1] + [record_of(8, s.WITHDRAWN, (7, 3, 0)), record_of(9, s.PRINTED, (7, 3, s.IS_WITHDRAWN, 1))],
    )
    for life in lives:
        whole = Transaction(7, 3)
        for count in range(len(life)):
            whole.apply(life[count])
            kept = [place[0] for place in whole.rests_on]
            again = Transaction(7, 3)
            for record in life[: count + 1]:
                if record.number in kept:
                    again.apply(record)
            if whole.state == s.IS_DONE:  # how it came to that is told by records that may have left
                again.attempt, again.sends, again.doubt = whole.attempt, whole.sends, whole.doubt
            assert looks(again) == looks(whole), (count, kept)
            assert len(kept) <= 6 and kept == sorted(kept)
