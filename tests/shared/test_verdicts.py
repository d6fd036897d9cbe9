"""What an answer, or its absence, means: every profile, every column."""

from parts import APPROVED, TABLES, settings
from yuanlu.refund import state as s
from yuanlu.refund.codes import APPROVALS, Codes
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, KIND_VOID, ROAD_WALLET, Transaction
from yuanlu.refund.verdicts import after_silence, instead_of_repeat, of_answer, of_query
from yuanlu.settings import REPEATS
from yuanlu.store.pending import holds_queue
from yuanlu.wire.messages import Answer

CODES = Codes(TABLES)
MONEY = (KIND_SALE, KIND_VOID, KIND_REFUND)


def sent(kind, sends=1, state=s.IS_SENDING, doubt=False):
    """A transaction of 5.00 in batch 1."""
    transaction = Transaction(7, 3)
    transaction.kind, transaction.amount, transaction.batch = kind, 500, 1
    transaction.sends, transaction.state, transaction.doubt = sends, state, doubt
    return transaction


def on_code(code, repeat, kind=KIND_REFUND, doubt=False, sends=1, query=0, amount=500, state=s.IS_SENDING):
    """The verdict on an answer with this code."""
    config = settings(repeat=repeat, query=query, budget=6)
    return of_answer(config, sent(kind, sends, state, doubt), answered(code, amount), CODES, 1)


def answered(code, amount):
    """An authentic answer."""
    return Answer(code, amount, APPROVED.rrn, APPROVED.approval, 1122, 101500)


def on_silence(kind, repeat, sends=1, query=0, batch=1, state=s.IS_SENDING):
    """What silence means for a transaction of batch 1; `batch` is the open one."""
    return after_silence(settings(repeat=repeat, query=query, budget=6), sent(kind, sends, state), batch)


def test_L6_silence_is_never_a_no():
    """Every kind, profile, number of sends and batch: silent, ask or person; nothing else."""
    for kind in MONEY:
        for repeat in REPEATS:
            for query in (0, 1):
                for sends in range(1, 9):
                    for batch in (1, 2):
                        for state in (s.IS_SENDING, s.IS_REVERSING):
                            assert on_silence(kind, repeat, sends, query, batch, state) in (s.SILENT, s.ASK, s.PERSON)


def test_L2_a_refund_goes_again_only_where_a_repeat_is_known():
    """The same bytes to an acquirer that books them again would pay twice."""
    for repeat in ("replays", "duplicate"):
        for batch in (1, 2):
            assert on_silence(KIND_REFUND, repeat, 1, 0, batch) == s.SILENT
    assert on_silence(KIND_REFUND, "open_batch") == s.SILENT
    assert on_silence(KIND_REFUND, "open_batch", batch=2) == s.PERSON
    assert on_silence(KIND_REFUND, "nothing") == s.PERSON


def test_L2_a_profile_that_is_not_known_is_not_trusted_with_a_repeat():
    """Whatever its name looks like."""
    config = settings(budget=199)
    config.repeat = "replays_often"
    assert after_silence(config, sent(KIND_REFUND), 1) == s.PERSON


def test_where_the_acquirer_can_be_asked_it_is_asked():
    """Before anything goes again, whatever it does with repeats."""
    for repeat in REPEATS:
        assert on_silence(KIND_REFUND, repeat, query=1) == s.ASK


def test_the_budget_of_a_refund_ends_with_a_person():
    """Sends are counted in the journal; so a restart does not begin them anew. Where it can be asked, it is asked first: the last
    send may have been booked like any other, and only "not booked" then goes to a person."""
    assert [on_silence(KIND_REFUND, "replays", sends) for sends in (5, 6, 7)] == [s.SILENT, s.PERSON, s.PERSON]
    assert [on_silence(KIND_REFUND, "replays", sends, query=1) for sends in (5, 6, 7)] == [s.ASK] * 3


def test_a_sale_or_void_is_reversed_after_silence():
    """At once, and the reversal three times before a person is asked."""
    for kind in (KIND_SALE, KIND_VOID):
        for repeat in REPEATS:
            assert on_silence(kind, repeat, 1) == s.SILENT
            tries = [on_silence(kind, repeat, sends, state=s.IS_REVERSING) for sends in (1, 2, 3, 4)]
            assert tries == [s.SILENT, s.SILENT, s.PERSON, s.PERSON]


def test_L6_an_amount_that_differs_is_for_a_person():
    """Whatever the code says, for every kind and profile; an approval of another amount is an alarm."""
    for kind in MONEY:
        for repeat in REPEATS:
            for code in (b"00", b"05", b"91", b"96", b"77"):
                for amount in (499, 501, 0, 50_000):
                    assert on_code(code, repeat, kind, amount=amount) == (s.OTHERWISE if code == b"00" else s.PERSON)


def test_L6_a_no_to_a_repeat_is_a_no_only_where_the_answer_is_a_replay():
    """05 after a silence: the answer of the first where the profile replays; else it may only mean "known already"."""
    for repeat, verdict in (("replays", s.DECLINED), ("open_batch", s.DECLINED), ("duplicate", s.PERSON), ("nothing", s.PERSON)):
        assert on_code(b"05", repeat, doubt=True) == verdict
        assert on_code(b"05", repeat, doubt=False) == s.DECLINED
        assert on_code(b"00", repeat, doubt=True) == s.DONE


def test_L6_in_doubt_the_acquirer_is_asked_where_it_can_be():
    """Instead of a person, and only for a refund."""
    assert on_code(b"94", "duplicate", doubt=True, query=1) == s.ASK
    assert on_code(b"05", "duplicate", doubt=True, query=1) == s.ASK
    assert on_code(b"06", "duplicate", doubt=False, query=1) == s.PERSON
    for repeat in REPEATS:  # a line may bring a first send twice
        assert on_code(b"94", repeat, doubt=False, query=1) == s.ASK
        assert on_code(b"94", repeat, doubt=False, query=0) == s.PERSON
    assert on_code(b"94", "duplicate", doubt=True, query=1, sends=6) == s.ASK
    assert on_code(b"94", "duplicate", doubt=True, query=0, sends=6) == s.PERSON


def test_in_progress_is_silence():
    """As after_silence has it, for every profile."""
    for repeat in REPEATS:
        for kind in MONEY:
            for query in (0, 1):
                assert on_code(b"96", repeat, kind, query=query) == on_silence(kind, repeat, query=query)


def test_L6_not_now_to_a_repeat_is_silence():
    """The earlier send of the same bytes may be booked: asked, sent again where a repeat is known, or for a person."""
    for code in (b"09", b"91", b"96", b"Y5"):
        for repeat in REPEATS:
            assert on_code(code, repeat, doubt=True) == on_silence(KIND_REFUND, repeat)
        assert on_code(code, "replays", doubt=True, query=1) == s.ASK
        assert on_code(code, "replays", doubt=True, sends=6) == s.PERSON, "the budget"


def test_L2_after_not_now_it_is_asked_before_the_word_of_a_sign_on_is_taken():
    """Where a repeat is known in the open batch alone: anybody can forge what says that it is open."""
    for query, instead in ((1, s.ASK), (0, 0)):
        refund = sent(KIND_REFUND, state=s.IS_WAITING)
        refund.code = b"91"
        assert instead_of_repeat(settings(repeat="open_batch", query=query), refund, 1) == instead
        refund.code = b"25"  # asked already, late enough
        assert instead_of_repeat(settings(repeat="open_batch", query=query), refund, 1) == 0


def test_later_and_a_new_batch_are_bounded_and_for_refunds():
    """The budget ends with a person; a sale or void of an unknown shop is declined: its moment is gone. One that the acquirer
    puts off, or that is of another batch, is reversed: it may have come twice."""
    assert [on_code(b"91", "replays", sends=sends) for sends in (5, 6)] == [s.LATER, s.PERSON]
    assert on_code(b"77", "replays") == s.RENEW
    worn = sent(KIND_REFUND)
    worn.attempt = 6
    assert of_answer(settings(budget=6), worn, answered(b"77", 500), CODES, 1) == s.PERSON
    for kind in (KIND_SALE, KIND_VOID):
        assert on_code(b"77", "replays", kind) == s.SILENT
        assert on_code(b"97", "replays", kind) == s.DECLINED
        assert on_code(b"91", "replays", kind) == s.SILENT


def test_three_answers_mean_that_a_reversal_took():
    """Reversed, and two ways to say that nothing was ever booked; no other answer ends it."""
    for kind in (KIND_SALE, KIND_VOID):
        for code in (b"00", b"12", b"25"):
            assert on_code(code, "replays", kind, True, state=s.IS_REVERSING) == s.REVERSED
        for code in (b"05", b"91", b"94", b"96", b"Q7"):
            assert on_code(code, "replays", kind, True, 1, state=s.IS_REVERSING) == s.SILENT
            assert on_code(code, "replays", kind, True, 3, state=s.IS_REVERSING) == s.PERSON


def test_L6_what_a_query_proves():
    """Booked with this amount is done, with another one an alarm; not booked may go again, in a batch that is open or known for
    long; everything else is for a person."""
    config, refund = settings(query=1, budget=6, old_batches=0), sent(KIND_REFUND)

    def on_query(code, amount=500, refund=refund, batch=1):
        return of_query(config, refund, answered(code, amount), CODES, batch)

    assert on_query(b"00") == s.DONE
    assert on_query(b"00", 501) == s.OTHERWISE
    assert on_query(b"25") == s.LATER
    assert on_query(b"25", batch=2) == s.RENEW
    assert of_query(settings(query=1), refund, answered(b"25", 500), CODES, 2) == s.LATER
    assert on_query(b"25", refund=sent(KIND_REFUND, 6)) == s.PERSON, "the budget"
    for code in (b"05", b"94", b"12", b"Q7"):
        assert on_query(code) == s.PERSON
    for code in (b"09", b"91", b"96"):  # about the query, not the refund
        assert on_query(code) == s.ASK


def test_L6_a_wallet_accepts_before_it_is_done():
    """An approval of its refund is no end; its query tells one, and its "no" is one. A short balance keeps number and bytes."""
    refund = sent(KIND_REFUND)
    refund.road = ROAD_WALLET
    config = settings(repeat="nothing", budget=6)
    for code, verdict in ((b"00", s.ACCEPTED), (b"09", s.ACCEPTED), (b"Y5", s.LATER), (b"05", s.DECLINED)):
        assert of_answer(config, refund, answered(code, 500), CODES, 1) == verdict, code
    for code in APPROVALS:
        assert of_answer(config, refund, answered(code, 500), CODES, 1) == s.ACCEPTED, code
    assert of_answer(settings(wallet_accepts=0), refund, answered(b"00", 500), CODES, 1) == s.DONE
    refund.state = s.IS_ACCEPTED
    for code, verdict in ((b"00", s.DONE), (b"09", s.ACCEPTED), (b"61", s.DECLINED), (b"25", s.PERSON), (b"40", s.PERSON)):
        assert of_query(config, refund, answered(code, 500), CODES, 1) == verdict, code
    refund.kind = KIND_SALE
    refund.state = s.IS_SENDING
    assert of_answer(config, refund, answered(b"00", 500), CODES, 1) == s.DONE, "a wallet's sale is done by its answer"


def test_what_holds_the_queue():
    """A shop or terminal that is not known, or two records that are malformed."""
    held, malformed, other = sent(KIND_REFUND, state=s.IS_HELD), sent(KIND_REFUND, state=s.IS_PARKED), sent(KIND_REFUND)
    malformed.code = b"30"
    assert holds_queue([held, other]) and holds_queue([malformed, malformed, other])
    assert not holds_queue([malformed, other]) and not holds_queue([])
