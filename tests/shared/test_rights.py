"""Who has to agree to a refund, as a table; what an operator gave back in a shift and on a day."""

from parts import APPROVED, NorFlash, Terminal, settings
from raises import raises
from yuanlu.errors import BadConfig, Refused
from yuanlu.refund import rights
from yuanlu.refund import state as s
from yuanlu.refund.rules import FOUND_BY_CARD, FOUND_BY_EVIDENCE, FOUND_BY_REFERENCE, FOUND_BY_SLIP, FOUND_IN_LIST
from yuanlu.refund.transaction import BY_CODE, KIND_REFUND, Draft
from yuanlu.store import shift
from yuanlu.ui.approval import digest_of

DAY = 20261122  # of the stand-in's clock

# Limits 300.00, 3000.00, 10 and 2000.00 a shift, 30 days, 200.00 without a line.
# amount, age, found_by, counted, offline: the reasons
TABLE = (
    ((30_000, 0, FOUND_IN_LIST, (0, 0, 0, 0), False), []),
    ((30_001, 0, FOUND_IN_LIST, (0, 0, 0, 0), False), ["approval.amount"]),
    ((1, 30, FOUND_BY_CARD, (0, 0, 0, 0), False), []),
    ((1, 31, FOUND_BY_CARD, (0, 0, 0, 0), False), ["approval.old"]),
    ((1, None, FOUND_BY_CARD, (0, 0, 0, 0), False), ["approval.clock"]),
    ((1, 0, FOUND_BY_EVIDENCE, (0, 0, 0, 0), False), ["approval.no_card"]),
    ((20_000, 0, FOUND_IN_LIST, (0, 0, 0, 0), True), []),
    ((20_001, 0, FOUND_IN_LIST, (0, 0, 0, 0), True), ["approval.offline"]),
    ((20_001, 0, FOUND_IN_LIST, (0, 0, 0, 0), False), []),
    ((1, 0, FOUND_IN_LIST, (9, 0, 9, 0), False), []),
    ((1, 0, FOUND_IN_LIST, (10, 0, 10, 0), False), ["approval.count"]),
    ((100, 0, FOUND_IN_LIST, (1, 199_900, 1, 199_900), False), []),
    ((101, 0, FOUND_IN_LIST, (1, 199_900, 1, 199_900), False), ["approval.sum"]),
    ((1, 0, FOUND_IN_LIST, (0, 0, 19, 0), False), []),
    ((1, 0, FOUND_IN_LIST, (0, 0, 20, 0), False), ["approval.day_count"]),
    ((100, 0, FOUND_IN_LIST, (0, 0, 1, 399_900), False), []),
    ((101, 0, FOUND_IN_LIST, (0, 0, 1, 399_900), False), ["approval.day_sum"]),
    ((1, 0, FOUND_IN_LIST, None, False), ["approval.uncounted"]),
    (
        (30_001, 31, FOUND_BY_EVIDENCE, (0, 0, 0, 0), True),
        ["approval.amount", "approval.old", "approval.no_card", "approval.offline"],
    ),
)


def test_who_agrees_alone_and_when_another_has_to():
    """T-122, T-150, T-160."""
    config = settings(offline_amount=20_000)
    for given, reasons in TABLE:
        why = rights.approval_due(config, *given)
        assert [text if isinstance(text, str) else text[0] for text in why] == reasons, given
    assert [rights.by_authority_only(config, fen) for fen in (300_000, 300_001)] == [False, True]


def test_the_ways_of_finding_that_need_another_person_are_a_setting():
    """By default what was told; the numbers are those of the rules. T-166."""
    ways = (FOUND_IN_LIST, FOUND_BY_SLIP, FOUND_BY_REFERENCE, FOUND_BY_CARD, FOUND_BY_EVIDENCE)
    for text, due in (("evidence", [4]), ("-", []), ("slip reference", [1, 2]), ("list card evidence", [0, 3, 4])):
        config = settings(approve_found=text)
        assert [way for way in ways if rights.approval_due(config, 1, 0, way, (0, 0, 0, 0), False)] == due
    why = rights.approval_due(settings(approve_found="slip"), 1, 0, FOUND_BY_SLIP, (0, 0, 0, 0), False)
    assert why == [("approval.found", ("found.1",))]
    with raises(BadConfig):
        settings(approve_found="slip hearsay")


def test_opening_hours():
    """T-046."""
    for hours, time, is_open in (
        ("0000-2400", 0, True),
        ("0000-2400", 235959, True),
        ("0900-2200", 85959, False),
        ("0900-2200", 90000, True),
        ("0900-2200", 220000, False),
        ("1800-0200", 15959, True),
        ("1800-0200", 20000, False),
        ("1800-0200", 180000, True),
    ):
        assert rights.is_open(hours, time) == is_open, (hours, time)


def give_back(terminal, sale, amount, operator):
    """One more refund, queued."""
    return terminal.desk.open(Draft(KIND_REFUND, amount, sale.number, operator=operator))


def test_a_shift_and_a_day_are_counted_from_the_journal():
    """T-046, T-136. What is declined does not count, what is open does; the next batch is another shift of the same day."""
    terminal = Terminal(NorFlash())
    sale = terminal.sell()
    terminal.settle(give_back(terminal, sale, 100, 1), s.DONE, APPROVED)
    terminal.settle(give_back(terminal, sale, 200, 1), s.DECLINED)
    terminal.settle(give_back(terminal, sale, 400, 2), s.DONE, APPROVED)
    give_back(terminal, sale, 800, 1)
    journal = terminal.journal
    batch, today = journal.counters.batch, DAY
    assert [shift.given(journal, [who], batch, today) for who in (1, 2, 3)] == [[2, 900] * 2, [1, 400] * 2, [0] * 4]
    assert shift.given(journal, [1, 2], batch, today + 1) == [3, 1300, 0, 0], "one person, two ids"
    assert shift.given_on(journal, today) == [(1, 2, 900), (2, 1, 400)]
    assert shift.given_on(journal, today - 1) == []
    terminal.desk.batch_closed(batch, 1)
    assert shift.given(journal, [1], journal.counters.batch, today) == [0, 0, 2, 900], (
        "who closes the batch is asked all the same"
    )
    terminal.settle(give_back(terminal, sale, 1, 1), s.DONE, APPROVED)
    again = Terminal(terminal.flash).journal
    assert shift.given(again, [1], again.counters.batch, today) == [1, 1, 3, 901]
    assert shift.given(again, [1], batch, today) == [2, 900, 3, 901]
    assert shift.given_on(again, today) == [(1, 3, 901), (2, 1, 400)]


def test_a_shift_goes_over_sectors():
    terminal = Terminal(NorFlash())
    sale = terminal.sell()
    for amount in (1, 2, 4):
        terminal.settle(give_back(terminal, sale, amount, 1), s.DONE, APPROVED)
        terminal.journal.log.open_next(terminal.journal)
    assert shift.given(terminal.journal, [1], terminal.journal.counters.batch, DAY) == [3, 7, 3, 7]


def test_an_approval_is_recorded_with_its_refund_and_stands_for_a_minute():
    """T-100, T-160."""
    terminal = Terminal(NorFlash())
    sale, clock = terminal.sell(), terminal.desk.clock
    draft = Draft(KIND_REFUND, 100, sale.number, operator=1, approver=BY_CODE)
    digest = digest_of("YL000001", terminal.journal.log.number, draft)
    draft.approval = (2, digest, b"12345678", clock.deadline(-1))
    before = terminal.journal.log.number
    with raises(Refused) as caught:
        terminal.desk.open(draft)
    assert (caught.value.reason, terminal.journal.log.number) == ("refused.approval_late", before)
    draft.approval = (2, digest, b"12345678", clock.deadline(60_000))
    refund = terminal.desk.open(draft)
    record = terminal.journal.log.record
    assert (record.type, record.transaction, record.number) == (s.APPROVAL, refund.number, refund.number + 1)
    body = record.body()
    assert (body.approver, body.how, body.digest, body.code, refund.approver) == (BY_CODE, 2, digest, b"12345678", BY_CODE)


def test_a_digest_stands_for_one_refund():
    """Whatever differs, the number of the record among it, makes another one."""
    draft = Draft(KIND_REFUND, 100, 3, 1, 1)
    digest = digest_of("YL000001", 7, draft)
    given = ((3, 100, 3, 1, 1), (2, 101, 3, 1, 1), (2, 100, 4, 1, 1), (2, 100, 3, 2, 1), (2, 100, 3, 1, 2))
    found = [digest_of("YL000001", 7, Draft(*other)) for other in given]
    found += [digest_of("YL000001", 8, draft), digest_of("YL000002", 7, draft)]
    decisions = [("decide.done", b"1234"), ("decide.again", b"1234"), ("decide.again", b"1235"), ("operators.add", b"\x01")]
    found += [digest_of("YL000001", 7, draft, *decision) for decision in decisions]
    assert len(set(found)) == len(found)
    assert digest == digest_of("YL000001", 7, Draft(KIND_REFUND, 100, 3, 1, 1))
    assert digest not in found
