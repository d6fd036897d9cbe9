"""What a person is told of a refund besides its state: notes, what is late, what can be done about it."""

import json

from parts import SETTINGS, TABLES, NorFlash, Terminal, settings
from printing_till import Till as PrintingTill
from raises import raises
from yuanlu.config import Config
from yuanlu.errors import BadConfig, Refused
from yuanlu.refund import rules
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, KIND_VOID, ROAD_WALLET, Transaction
from yuanlu.store import pending, progress
from yuanlu.ui import (
    decide_flow,
    done_flow,
    evidence_page,
    explain_flow,
    find_otherwise,
    pending_flow,
    policy_page,
    progress_page,
    settings_flow,
)
from yuanlu.ui.words import Words


class Book:
    """The part of a journal that is looked at."""

    def __init__(self, *live):
        self.live = list(live)
        self.log, self.unsure = self, 0


class Till:
    """The part of a till that is looked at."""

    def __init__(self, *live):
        self.journal = Book(*live)


def one(state, kind=KIND_REFUND, date=20261120, road=0):
    """A transaction in that state."""
    found = Transaction(7, 3)
    found.kind, found.state, found.date, found.road = kind, state, date, road
    return found


def test_what_is_late_depends_on_its_road_and_on_a_clock_that_can_be_trusted():
    """T-012: due after 7 days by card, 3 by wallet; a day earlier, as a control, nothing is late."""
    config = settings(due_days_card=7, due_days_wallet=3)
    card, wallet = one(s.IS_QUEUED), one(s.IS_ACCEPTED, road=ROAD_WALLET)
    book = Book(card, wallet)
    assert pending.overdue(book, config, (20261123, 0, 1)) == []
    assert pending.overdue(book, config, (20261124, 0, 1)) == [wallet]
    assert pending.overdue(book, config, (20261127, 0, 1)) == [wallet]
    assert pending.overdue(book, config, (20261128, 0, 1)) == [card, wallet]
    assert pending.overdue(book, config, (20261128, 0, 0)) == []


def test_how_often_it_was_sent_is_told_while_the_journal_knows_it():
    """Of what is done one record is left, which has no count: none is told. Of what waits, all attempts."""
    till = PrintingTill()
    refund = till.refund(till.sell(), 300, s.SILENT)
    assert progress_page.sections(till, refund)[0][0] == ("line.trace", refund.trace, "11-22 10:15", 1)
    refund.attempt, refund.sends = 3, 0
    assert progress_page.sections(till, refund)[0][0][3] == 2
    done = till.journal.transaction(till.refund(till.sell(), 300, s.DONE).number)
    assert progress_page.sections(till, done)[0][0] == ("line.trace_known", done.trace, "11-22 10:15")


def test_days_after_a_date():
    """Over the ends of months and years, leap years too."""
    for date, count, wanted in (
        (20261122, 7, "2026-11-29"),
        (20261129, 7, "2026-12-06"),
        (20261231, 1, "2027-01-01"),
        (20280228, 1, "2028-02-29"),
        (20270228, 1, "2027-03-01"),
        (20261231, 365, "2027-12-31"),
    ):
        assert progress_page.day_after(date, count) == wanted, (date, count)


def test_the_money_is_there_after_seven_working_days():
    """Of a Sunday, a Monday, a Friday and a Saturday; by calendar days, as a control, the customer would come back too soon."""
    for date, wanted in (
        (20261122, "2026-12-01"),
        (20261123, "2026-12-02"),
        (20261127, "2026-12-08"),
        (20261128, "2026-12-08"),
    ):
        days = done_flow.due_days(date)
        assert progress_page.day_after(date, days) == wanted != progress_page.day_after(date, 7), date


def test_a_day_is_one_of_the_calendar():
    """Of a month that there is, in a year that has it."""
    days = (20261122, 20260131, 20281231, 20280229), (20261332, 20261345, 20260001, 20260100, 20260431, 20260229)
    assert [find_otherwise.is_a_day(date) for date in days[0]] == [True] * 4
    assert [find_otherwise.is_a_day(date) for date in days[1]] == [False] * 6


def test_two_alike_in_the_list_stand_with_their_traces():
    """Same kind and amount; one of another amount, as a control, stands with its state."""
    alike, other = [one(s.IS_QUEUED) for _ in range(2)], one(s.IS_QUEUED)
    other.amount = 5_00
    for trace, transaction in enumerate(alike):
        transaction.amount, transaction.trace = 100_00, trace + 8
    live = alike + [other]
    rows = [pending_flow._item(transaction, (20261122, 0, 1), transaction is alike[1], live) for transaction in live]
    assert [Words(TABLES)(row) for row in rows] == ["退款¥100.00 流水8", "!退款¥100.00 流水9", "退款¥5.00 待上送2天"]
    english = Words(TABLES)
    english.switch()
    assert [english(row) for row in rows] == ["Refund ¥100.00 #8", "!Refund ¥100.00 #9", "Refund ¥5.00 waits 2d"]


def test_every_state_has_a_sentence_for_the_customer():
    """T-004, T-144: in both languages; a word that is not there, as a control, is noticed."""
    for language in (0, 1):
        words = Words(TABLES)
        words.language = language
        for kind in (KIND_SALE, KIND_REFUND, KIND_VOID):
            for state in range(s.IS_QUEUED, s.IS_RESOLVED_NOT_DONE + 1):
                if kind == KIND_REFUND and state in (s.IS_REVERSING, s.IS_REVERSED):
                    continue  # a refund has no reversal
                word = progress_page.sentence(one(state, kind))
                assert words(word) != word, word
        assert words("say.refund.nonsense") == "say.refund.nonsense"


def test_what_a_person_can_do_in_each_state():
    """T-083: only what was never sent is withdrawn; only what left can be decided; what is settled takes notes alone."""
    for state, wanted in (
        (s.IS_QUEUED, "pending.send_now pending.withdraw note.title"),
        (s.IS_SENDING, "note.title"),
        (s.IS_UNKNOWN, "pending.send_now decide.done decide.not_done decide.again note.title sheet.title"),
        (s.IS_ASKING, "decide.ask decide.done decide.not_done decide.again note.title sheet.title"),
        (s.IS_ACCEPTED, "decide.ask decide.done decide.not_done note.title sheet.title"),
        (s.IS_WAITING, "pending.send_now decide.done decide.not_done note.title sheet.title"),
        (s.IS_HELD, "decide.done decide.not_done decide.release note.title sheet.title"),
        (s.IS_PARKED, "decide.done decide.not_done decide.again note.title sheet.title"),
        (s.IS_DONE, "note.title"),
    ):
        transaction = one(state)
        assert decide_flow.offered(Till(transaction), transaction) == wanted.split(), s.STATE_NAMES[state]
    for kind, wanted in (
        (KIND_SALE, "decide.sold decide.not_sold note.title"),
        (KIND_VOID, "decide.voided decide.not_voided note.title sheet.title"),
    ):
        transaction = one(s.IS_PARKED, kind)
        assert decide_flow.offered(Till(transaction), transaction) == wanted.split(), "it speaks of its own kind"
    alarmed = one(s.IS_PARKED)
    alarmed.alarm = True
    assert "decide.again" not in decide_flow.offered(Till(alarmed), alarmed)
    renewed = one(s.IS_QUEUED)
    renewed.stale = True
    assert "pending.withdraw" not in decide_flow.offered(Till(renewed), renewed)


def test_L8_a_card_number_is_no_evidence():
    """Of 13 digits or more, with a right check digit or mistyped; an RRN, as a control, is evidence."""
    for digits in ("4111111111111111", "4222222222222", "378282246310005", "4111111111111112"):
        assert evidence_page.complaint_of(digits) == ("evidence.card", 12), digits
    assert evidence_page.complaint_of("112210150700") is None
    assert evidence_page.complaint_of("123") == ("evidence.short", 4)
    assert evidence_page.complaint_of("", 0) is None


def test_notes_stand_with_their_transaction_over_a_power_cut():
    """T-020, T-093, T-176: each with kind, operator and text; of another transaction, as a control, none."""
    till = Terminal(NorFlash(6, 4096, 16))
    sale = till.sell(500)
    refund = till.refund(sale, 100, s.DONE)
    progress.note(till.desk, refund, progress.COMPLAINT, 3, b"8888")
    progress.note(till.desk, refund, progress.CALL, 4, b"acquirer 12345678901234567890")
    progress.note(till.desk, None, progress.SELF_TEST, 0, b"passed")
    log = Terminal(till.flash).journal.log
    found = [(note.kind, note.operator, note.text.rstrip(b"\0")) for note in progress.notes(log, refund)]
    assert found == [(1, 3, b"8888"), (2, 4, b"acquirer 123456789012345")]
    assert progress.notes(log, sale) == []
    assert progress.self_tested(log) == 20261122
    assert progress.self_tested(Terminal(NorFlash(6, 4096, 16)).journal.log) == 0


def test_done_refunds_newest_first_over_many_lives():
    """T-074: what is declined is none of them."""
    till = Terminal(NorFlash(6, 4096, 16))
    numbers = []
    for turn in range(12):
        sale = till.sell(1000)
        numbers.append(till.refund(sale, 10 + turn, s.DONE).number)
        till.refund(sale, 5, s.DECLINED)
        if turn % 5 == 4:
            till = Terminal(till.flash)
    found = progress.done_refunds(till.journal.log, 5)
    assert [refund.number for refund in found] == numbers[::-1][:5]
    assert [refund.amount for refund in found] == [21, 20, 19, 18, 17]
    assert all(refund.state == s.IS_DONE for refund in found)


def test_an_open_batch_has_its_oldest_day():
    """Of what is done in it; of an empty batch none."""
    till = Terminal(NorFlash(6, 4096, 16))
    assert progress.open_since(till.journal.log, 1) == 0
    sale = till.sell()
    assert progress.open_since(till.journal.log, till.journal.counters.batch) == sale.date
    assert progress.open_since(till.journal.log, 77) == 0


def test_versions_are_compared_number_by_number():
    """T-039, T-128: 0.10 is newer than 0.9."""
    rows = (("0.1.0", "0", False), ("0.1.0", "0.1.0", False), ("0.9.0", "0.10.0", True), ("1", "0.9", False))
    for version, than, older in rows:
        assert rules.is_older(version, than) is older, (version, than)


def test_software_that_is_too_old_refunds_nothing_and_sells_on():
    """T-039, T-128; with the setting's default, as a control, it refunds."""
    till = Terminal(NorFlash(6, 4096, 16), refuse_below="99.0")
    sale = till.sell(500)
    with raises(Refused) as caught:
        till.refund(sale, 100)
    assert caught.value.reason == "refused.version"
    assert till.journal.live == []
    assert Terminal(till.flash).refund(sale, 100).state == s.IS_QUEUED


def test_settings_that_cannot_be_meant_are_refused():
    """Versions that are none, notices without a day; right ones, as a control, are taken."""
    for wrong in ({"min_version": "new"}, {"refuse_below": "1."}, {"notices": "tomorrow closed"}, {"notices": "20261231"}):
        with raises(BadConfig) as caught:
            settings(**wrong)
        assert sorted(wrong)[0] in str(caught.value)
    assert settings(notices="20261231 Closed\n20270105 Open", min_version="1.2").min_version == "1.2"


def test_a_code_is_explained_in_both_its_roles():
    """T-022: what it is as a first answer, what it is to a repeat, what to do."""
    words = Words(TABLES)
    page = explain_flow.code_page(words, "91")
    assert page[1:] == [("explain.first", ("class.3",)), ("explain.repeat", ("class.4",)), ("explain.advice", ("advice.91",))]
    assert explain_flow.code_page(words, "Q7")[1:] == ["explain.unknown"]
    lettered = explain_flow.lettered_codes(words.codes)
    assert "A0" in lettered and "91" not in lettered and lettered == sorted(lettered)
    for reason in words(explain_flow.refusals()).split():
        assert words.knows("refused." + reason) and words.knows("advice.refused." + reason), reason


def test_the_settings_and_rules_are_told_as_they_are():
    """T-036, T-037: every setting has its line but notices; a rule without a setting here has none."""
    config = settings(wallet_days=90, min_version="9.0")
    told = settings_flow.values(config)
    names = [line[0][7:] for line in told]
    assert names == sorted(names) and "notices" not in names and "merchant" in names
    assert (
        ("config.wallet_days", "90") in told
        and ("config.offline_amount", "999,999.99") in told
        and ("config.login", ("config.no",)) in told
    )
    assert ("config.ask_ms", "60") in told and ("config.approve_found", ("found.4",)) in told and ("config.shop", "Shop") in told
    for language in (0, 1):
        words = Words(TABLES)
        words.language = language
        assert [line for line in told if not words(line) or words(line).startswith("config.")] == []
    heading = settings_flow.heading(Config(json.dumps(dict(SETTINGS, min_version="9.0")), 7, "Lin", "2026-11-20"))
    told = (("settings.version", 7), ("settings.signed", "Lin", "2026-11-20"), ("settings.old", "9.0"))
    assert [line for line in told if line not in heading] == []
    assert ("policy.wallet_days", 90) in policy_page.sections(config)[1]
    assert not [line for line in policy_page.sections(config)[1] if line[0] == "policy.nothing"]


def test_limits_that_nobody_checks_are_not_named():
    """Where nobody logs in nobody is asked: the rules name no limits of persons and say so. With it, as a control, they do."""
    for login in (0, 1):
        named = [line if isinstance(line, str) else line[0] for line in policy_page.sections(settings(login=login))[1]]
        assert ("policy.operator" in named, "policy.old_days" in named) == (bool(login), bool(login))
        assert ("policy.nobody" in named) == (not login) and "policy.offline_amount" in named
