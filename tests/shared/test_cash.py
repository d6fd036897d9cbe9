"""Cash from the till: recorded in one step, never sent, and counted against the sale for ever after."""

from parts import REACHES, TABLES, Card, NorFlash, PowerCut, Road, Terminal, mounted, running, types_in
from printing_till import Till
from raises import raises
from yuanlu.errors import Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, KIND_VOID, ROAD_CASH, ROAD_WALLET, Draft
from yuanlu.store import family, progress, shift
from yuanlu.ui import confirm_page, describe, policy_page, slip
from yuanlu.ui.approval import digest_of
from yuanlu.ui.grid import width, wrap
from yuanlu.ui.words import Words

ON = {"cash_refunds": 1}
DAY = 20261122  # of the stand-in's clock


def draft_of(sale, amount, **changes):
    """Operator 1 has given back so much of that sale."""
    draft = Draft(KIND_REFUND, amount, sale.number, operator=1, road=ROAD_CASH)
    for name in changes:
        setattr(draft, name, changes[name])
    return draft


def give_back(till, sale, amount, **changes):
    return till.desk.visiting("yuanlu.cash", "record", draft_of(sale, amount, **changes))


def why_not(till, sale, amount, **changes):
    """The reason why it is refused; nothing is recorded then."""
    before = till.journal.spent(sale.number)
    with raises(Refused) as caught:
        give_back(till, sale, amount, **changes)
    assert till.journal.spent(sale.number) == before
    return caught.value.reason


def test_it_is_off_unless_the_settings_say_so():
    till = Terminal()
    assert why_not(till, till.sell(), 100) == "refused.cash_off"
    till = Terminal(**ON)
    assert give_back(till, till.sell(), 100).state == s.IS_DONE  # the control


def test_L3_cash_and_card_together_never_exceed_what_was_paid():
    """A card refund that is unknown counts, one that is declined does not; after cash there is no void."""
    till = Terminal(**ON)
    sale = till.sell()
    paid = sale.amount
    assert till.desk.way_back(sale, paid) == KIND_VOID
    give_back(till, sale, 1_000)
    assert till.desk.way_back(sale, paid - 1_000) == KIND_REFUND
    with raises(Refused):
        till.desk.open(Draft(KIND_VOID, paid, sale.number))
    till.refund(sale, 500, s.SILENT)
    till.refund(sale, 300, s.DECLINED)
    assert till.journal.spent(sale.number) == 1_500
    left = paid - 1_500
    assert why_not(till, sale, left + 1) == "refused.over_cap"
    with raises(Refused):
        till.desk.open(Draft(KIND_REFUND, left + 1, sale.number))
    give_back(till, sale, left)
    assert why_not(till, sale, 1) == "refused.nothing_left"
    with raises(Refused) as caught:
        till.desk.open(Draft(KIND_REFUND, 1, sale.number))
    assert caught.value.reason == "refused.nothing_left"


def test_L3_it_counts_after_a_power_up_and_in_every_later_sector():
    till = Terminal(NorFlash(), **ON)
    sale = till.sell()
    refund = give_back(till, sale, 1_000)
    for _ in range(12):
        till.journal.log.open_next(till.journal)
        assert till.journal.spent(sale.number) == 1_000
        till = Terminal(till.flash, **ON)
        assert till.journal.spent(sale.number) == 1_000 and not till.journal.live
    found = till.journal.transaction(refund.number)
    assert (found.state, found.road, found.original, found.amount) == (s.IS_DONE, ROAD_CASH, sale.number, 1_000)
    assert why_not(till, sale, sale.amount) == "refused.over_cap"


def cut_while_given_back(count, reach):
    """(fen that count after power came back, whether the call had returned); power went during that operation on flash."""
    till = Terminal(NorFlash(), **ON)
    sale, whole = till.sell(), True
    till.flash.cut = (count, reach)
    try:
        give_back(till, sale, 1_000)
    except PowerCut:
        whole = False
    till.flash.power_on()
    after = Terminal(till.flash, **ON)
    spent = after.journal.spent(sale.number)
    assert [owed.road for owed in after.journal.owed if owed.original != owed.number] == [ROAD_CASH] * (spent > 0)
    give_back(after, sale, sale.amount - spent)
    assert why_not(after, sale, 1) == "refused.nothing_left"
    return spent, whole


def test_L3_a_cut_at_its_record_leaves_it_whole_or_not_at_all():
    """Whole, its slip is still owed; not at all, the sale is as it was."""
    seen = []
    for reach in range(len(REACHES)):
        count, whole = 1, False
        while not whole:
            spent, whole = cut_while_given_back(count, reach)
            assert spent in (0, 1_000) and (spent or not whole)
            seen.append((spent, whole))
            count += 1
    assert (0, False) in seen and (1_000, False) in seen


async def test_L1_nothing_is_sent_and_no_closing_has_it():
    road = Road()
    till = Terminal(roads=[road], **ON)
    sale = till.sell()
    before, trace = types_in(till.journal), till.journal.counters.trace
    refund = give_back(till, sale, 1_000)
    after = types_in(till.journal)
    assert after[s.REFUND] == before[s.REFUND] + 1 and after[s.INTENT] == before[s.INTENT]
    with running(till.forwarder.run):
        await till.clock.sleep_ms(600_000)
    assert road.sent == [] and till.journal.counters.trace == trace
    assert refund.number not in [row[0] for row in till.journal.batch(till.journal.counters.batch)]
    assert [row[4] for row in till.journal.batch(till.journal.counters.batch)] == [sale.amount]
    assert progress.done_refunds(till.journal.log, 9) == []
    assert shift.given_on(till.journal, DAY) == [(1, 1, 1_000)]
    assert [part.number for part in family.given(till.journal, sale)] == [refund.number]


def test_where_people_log_in_another_person_agrees_to_each():
    till = Terminal(login=1, **ON)
    sale = till.sell()
    agreed = (1, bytes(8), bytes(8), till.clock.deadline(60_000))
    assert why_not(till, sale, 100) == "refused.cash_alone"
    assert why_not(till, sale, 100, approver=8) == "refused.cash_alone"
    assert why_not(till, sale, 100, approver=1, approval=agreed) == "refused.same_person"
    late = agreed[:3] + (till.clock.deadline(-1),)
    assert why_not(till, sale, 100, approver=8, approval=late) == "refused.approval_late"
    refund = give_back(till, sale, 100, approver=8, approval=agreed)
    assert mounted(till.flash).transaction(refund.number).approver == 8
    assert types_in(till.journal)[s.APPROVAL] == 1


def test_a_code_for_a_card_refund_is_none_for_cash():
    till = Terminal(**ON)
    sale = till.sell()
    card = Draft(KIND_REFUND, 100, sale.number, operator=1)
    assert digest_of("YL000001", 7, draft_of(sale, 100)) != digest_of("YL000001", 7, card)


def test_it_is_recorded_while_no_more_may_stand_open_and_refused_while_refunds_are_off():
    till = Terminal(open_limit=1, **ON)
    sale = till.sell()
    till.refund(sale, 100, s.SILENT)
    with raises(Refused) as caught:
        till.desk.open(Draft(KIND_REFUND, 100, sale.number))
    assert caught.value.reason == "refused.too_many_open"
    assert give_back(till, sale, 100).state == s.IS_DONE
    till = Terminal(refunds=0, **ON)
    assert why_not(till, till.sell(), 100) == "refused.disabled"


def test_a_wallet_does_not_count_it_among_its_parts():
    till = Terminal(wallet_parts=1, **ON)
    sale = till.settle(till.desk.open(Draft(KIND_SALE, 10_000, card=Card(), road=ROAD_WALLET)), s.DONE)
    give_back(till, sale, 100)
    assert till.journal.parts(sale.number) == [] and till.journal.spent(sale.number) == 100
    assert till.desk.open(Draft(KIND_REFUND, 100, sale.number)).state == s.IS_QUEUED


def test_L10_slip_and_pages_say_that_it_is_cash_and_was_not_sent():
    till = Till(**ON)
    sale = till.sell()
    card = till.refund(sale, 500, s.DONE)
    refund = give_back(till, sale, 1_000)
    for language, title, says in ((0, "现金退款", "只记账，不上送"), (1, "CASH REFUND", "RECORDED ONLY")):
        till.words.language = language
        text = slip.render(till, refund)
        assert title in text and says in text and "-¥10.00" in text
        names = [till.words(name) + "  " for name in ("slip.trace", "slip.rrn", "slip.approval")]
        for printed, count in ((text, 0), (slip.render(till, card), 3)):  # a card's has them: the control
            assert len([name for name in names if any(line.startswith(name) for line in printed.split("\n"))]) == count
        assert max([width(line) for line in text.split("\n")]) <= 32


def test_L7_every_page_fits():
    words, till = Words(TABLES), Terminal(**ON)
    sale = till.sell()
    refund = give_back(till, sale, 1_000)
    refund.amount = 99_999_999
    assert describe.state_word(refund) == "in_cash.done"
    for language in (0, 1):
        words.language = language
        assert sum([len(wrap(words(line), 30)) for line in describe.told(words, refund)]) <= 8
        page = confirm_page.lines(till.config, language, draft_of(sale, 1_000), sale, sale.amount)
        assert page[0] == ("line.cash", "10.00") and "why.cash" in page and "why.refund_days" not in page
        for reason in ("cash_off", "cash_alone"):
            page = ["refused." + reason, "advice.refused." + reason]
            assert sum([len(wrap(words(line), 30)) for line in page]) <= 5, reason
        for title in ("cash.way", "cash.confirm", "progress.in_cash", "title.in_cash.done"):
            assert width(words(title)) <= 22, title


def test_the_rules_in_the_terminal_say_which_it_is():
    for given, word in ((0, "policy.same_way"), (1, "policy.cash")):
        rules = policy_page.sections(Terminal(cash_refunds=given).config)[0]
        assert [name for name in rules if name in ("policy.same_way", "policy.cash")] == [word]
