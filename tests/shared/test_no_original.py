"""Refunds without an original: off, capped, agreed to by another person, now or never; else like any refund."""

from parts import TABLES, Card, NorFlash, Road, Terminal, answering, loop, mounted, running, settings, types_in
from printing_till import Till
from raises import raises
from yuanlu.errors import BadConfig, Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, ROAD_NO_SALE, ROAD_WALLET, Draft
from yuanlu.store import shift
from yuanlu.ui import describe, progress_page, request_sheet, slip
from yuanlu.ui.approval import digest_of
from yuanlu.ui.grid import width, wrap
from yuanlu.ui.words import Words
from yuanlu.wire import iso8583

ON = {"login": 1, "no_original": 1}
SILENCE = [None]
DAY = 20261122  # of the stand-in's clock


def a_draft(till, amount=10_000, **changes):
    """Operator 1 wants it and supervisor 8 has agreed to it."""
    draft = Draft(KIND_REFUND, amount, operator=1, approver=8, card=Card(), road=ROAD_NO_SALE)
    draft.approval = (1, bytes(8), bytes(8), till.clock.deadline(60_000))
    for name in changes:
        setattr(draft, name, changes[name])
    return draft


def at_work(*script, **changes):
    """A Terminal that makes such refunds, its one road, and one that is queued."""
    road, given = Road(*script), dict(ON)
    given.update(changes)
    till = Terminal(roads=[road], **given)
    return till, road, till.desk.open(a_draft(till))


def why_not(till, **changes):
    """The reason why one more is refused; nothing is recorded then."""
    before = types_in(till.journal)
    with raises(Refused) as caught:
        till.desk.open(a_draft(till, **changes))
    assert types_in(till.journal)[s.INTENT] == before[s.INTENT]
    return caught.value.reason


def private(frame, wanted):
    """A tag of field 57."""
    data, at = iso8583.decode(frame[13:])[1][57], 0
    while data[at] != wanted:
        at += 2 + data[at + 1]
    return bytes(data[at + 2 : at + 2 + data[at + 1]])


def test_it_is_off_unless_the_settings_say_so_and_only_where_people_log_in():
    assert why_not(Terminal(login=1)) == "refused.no_original_off"
    with raises(BadConfig) as caught:
        settings(no_original=1)
    assert "'login'" in str(caught.value)


def test_each_rule_refuses_by_itself():
    """The last row is the control: without any change it is opened."""
    wallet = Card()
    wallet.road = ROAD_WALLET
    till = Terminal(**ON)
    for changes, reason in (
        ({"approver": 0}, "refused.no_original_alone"),
        ({"approval": None}, "refused.no_original_alone"),
        ({"approver": 1}, "refused.same_person"),
        ({"amount": 50_001}, "refused.no_original_amount"),
        ({"amount": 0}, "refused.zero"),
        ({"card": None}, "refused.no_original_card"),
        ({"card": wallet}, "refused.no_original_card"),
    ):
        assert why_not(till, **changes) == reason, changes
    till.clock.now = (DAY, 101507, 0)
    assert why_not(till) == "refused.clock"
    till.clock.now = (DAY, 101507, 1)
    till.desk.is_offline = lambda: True
    assert why_not(till) == "refused.no_original_now"
    till.desk.is_offline = lambda: False
    assert till.desk.open(a_draft(till, 50_000)).state == s.IS_QUEUED


def test_nothing_goes_while_the_queue_is_held():
    till = Terminal(**ON)
    till.refund(till.sell(), 100, s.HOLD)
    assert why_not(till) == "refused.no_original_now"


def test_two_a_day_are_counted_from_the_journal_by_all_operators_together():
    """What is unknown counts, what is declined or taken back does not; neither power nor a new sector forgets."""
    till = Terminal(NorFlash(), **ON)
    till.settle(till.desk.open(a_draft(till)), s.DECLINED)
    till.desk.withdraw(till.desk.open(a_draft(till)))
    till.settle(till.desk.open(a_draft(till)), s.DONE)
    till.refund(till.sell(), 100, s.DONE)  # has an original
    till.settle(till.desk.open(a_draft(till, operator=2)), s.SILENT)
    assert why_not(till, operator=3) == "refused.no_original_count"
    for _ in range(2):
        till.journal.log.open_next(till.journal)
    till = Terminal(till.flash, **ON)
    assert why_not(till) == "refused.no_original_count"
    till.clock.now = (DAY + 1, 101507, 1)
    assert till.desk.open(a_draft(till)).state == s.IS_QUEUED


def test_the_journal_says_that_it_has_no_original():
    """INTENT and REFUND: road 3, its own number as the original, the card; it takes nothing from any sale (L3)."""
    till = Terminal(**ON)
    sale = till.sell()
    refund = till.desk.open(a_draft(till))
    till.settle(refund, s.DONE)
    found = mounted(till.flash).transaction(refund.number)
    assert (found.state, found.road, found.original, found.kind) == (s.IS_DONE, ROAD_NO_SALE, found.number, KIND_REFUND)
    assert (found.card, found.fingerprint, found.approver) == (Card().number, Card().fingerprint, 8)
    assert till.journal.spent(sale.number) == 0 and till.journal.sale(refund.number) is None
    assert types_in(till.journal)[s.APPROVAL] == 1


def test_the_message_names_no_sale_and_carries_the_readers_block():
    till, _, refund = at_work()
    frame = till.journal.message(refund)
    message_type, fields = iso8583.decode(frame[13:])
    assert (message_type, fields[22], fields[60][:2]) == ("0220", "071", "28")
    assert [number for number in (37, 38, 61, 62) if number in fields] == []
    assert private(frame, 4) == Card().block


def test_L2_a_new_attempt_carries_the_same_block_under_another_trace():
    """After a power-up: nothing but the journal knows the card by then."""
    till, _, refund = at_work()
    first = till.journal.message(refund)
    till.settle(refund, s.RENEW)
    till = Terminal(till.flash, **ON)
    refund = till.journal.find_live(refund.number)
    till.desk.renew(refund)
    frame = till.journal.message(refund)
    assert private(frame, 4) == private(first, 4) == Card().block
    assert private(frame, 1) == private(first, 1)
    assert iso8583.decode(frame[13:])[1][11] != iso8583.decode(first[13:])[1][11]


def test_L5_it_outlives_its_sector_while_it_is_open():
    till, _, refund = at_work()
    till.settle(refund, s.SILENT)
    message = till.journal.message(refund)
    for _ in range(12):
        till.journal.log.open_next(till.journal)
    journal = mounted(till.flash)
    found = journal.find_live(refund.number)
    assert (found.state, found.road, journal.message(found)) == (s.IS_UNKNOWN, ROAD_NO_SALE, message)


async def waited_for(till):
    """One that a clerk makes, and stands before until its end is told."""
    with running(till.forwarder.run):
        await till.clock.sleep_ms(1)
        refund = till.desk.open(a_draft(till))
        till.forwarder.wake()
        await till.forwarder.outcome(refund, 45_000)
    return refund


async def test_who_waits_for_it_sees_it_done():
    road = Road([answering()])
    till = Terminal(roads=[road], **ON)
    refund = await waited_for(till)
    assert (refund.state, len(road.sent)) == (s.IS_DONE, 1)


async def test_L6_silence_is_for_a_person_as_with_any_refund():
    road = Road(SILENCE, [answering()])
    till = Terminal(roads=[road], repeat="nothing", **ON)
    refund = await waited_for(till)
    assert (refund.state, len(road.sent)) == (s.IS_PARKED, 1)
    with raises(Refused):
        till.desk.withdraw(refund)
    assert not till.desk.visiting("yuanlu.no_original", "give_up", refund)
    till.desk.resolve(refund, True, 8, b"112210150700 case")
    assert mounted(till.flash).transaction(refund.number).state == s.IS_RESOLVED_DONE


async def test_it_is_never_queued_for_a_line_that_comes_later():
    """Nobody stands before it: it is taken back, and not a byte leaves when the road opens. An ordinary refund goes (control)."""
    for lose_power in (False, True):
        till, road, refund = at_work("why.network_down")
        if lose_power:
            till = Terminal(till.flash, [road], **ON)
            refund = till.journal.find_live(refund.number)
        ordinary = till.refund(till.sell(), 300)
        road.script += [[answering()]] * 4
        with running(till.forwarder.run):
            await till.clock.sleep_ms(600_000)
        assert (refund.state, ordinary.state, len(road.sent)) == (s.IS_WITHDRAWN, s.IS_DONE, 1), lose_power


async def test_who_waited_in_vain_takes_it_back():
    """As the page does when no road opened: the wait ends with the reason, and then it is given up."""
    road, began = Road("why.network_down"), loop.now
    till = Terminal(roads=[road], **ON)
    refund = await waited_for(till)
    assert refund.why == "why.network_down" and loop.now - began < 45_000
    assert till.desk.visiting("yuanlu.no_original", "give_up", refund)
    assert (refund.state, road.sent) == (s.IS_WITHDRAWN, [])


def test_it_counts_in_the_shift_and_on_the_day():
    till, _, refund = at_work()
    till.settle(refund, s.DONE)
    assert shift.given(till.journal, [1], till.journal.counters.batch, DAY) == [1, 10_000] * 2
    assert shift.given_on(till.journal, DAY) == [(1, 1, 10_000)]
    assert till.desk.visiting("yuanlu.no_original", "given_on", DAY) == 1


def test_an_approval_stands_for_the_card_too():
    till, other = Terminal(**ON), Card()
    other.fingerprint = b"another!"
    mine = digest_of("YL000001", 7, a_draft(till))
    assert mine == digest_of("YL000001", 7, a_draft(till)) != digest_of("YL000001", 7, a_draft(till, card=other))


def test_L10_slip_and_sheet_say_that_there_is_no_original():
    till = Till(**ON)
    refund = till.desk.open(a_draft(till))
    till.settle(refund, s.DONE)
    for language, title in ((0, "无原交易退货"), (1, "REFUND WITHOUT ORIGINAL")):
        till.words.language = language
        text = slip.render(till, refund)
        assert title in text and "-¥100.00" in text and "622848****4890" in text
        of_a_sale = [till.words(name) + " " for name in ("slip.original", "slip.original_sale")]
        assert [line for line in text.split("\n") if any(line.startswith(name) for name in of_a_sale)] == []
        refund.state = s.IS_PARKED
        assert till.words("sheet.no_original") in request_sheet.render(till, refund)
        assert max([width(line) for line in (text + request_sheet.render(till, refund)).split("\n")]) <= 32
        refund.state = s.IS_DONE


def test_L7_every_page_says_it_and_fits():
    """Withdrawn says why; done names the card that was shown, not the account that paid."""
    words, till = Words(TABLES), Terminal(**ON)
    refund = till.desk.open(a_draft(till))
    refund.amount = 99_999_999
    for language in (0, 1):
        words.language = language
        for state in (s.IS_QUEUED, s.IS_SENDING, s.IS_UNKNOWN, s.IS_PARKED, s.IS_HELD, s.IS_DONE, s.IS_DECLINED, s.IS_WITHDRAWN):
            refund.state = state
            lines = describe.told(words, refund)
            assert lines[0] == ("line.amount_no_original", "999,999.99") and width(words(lines[0])) <= 30
            assert sum([len(wrap(words(line), 30)) for line in lines]) <= 8, state
            assert ("why.not_queued" in lines) == (state == s.IS_WITHDRAWN)
            assert (progress_page.sentence(refund) == "say.no_original.done") == (state == s.IS_DONE)


def test_L7_every_refusal_fits_its_page_with_its_next_step():
    """PINs and people's too; three numbers to call stand below."""
    details = {"no_original_amount": ("999,999.99",), "no_original_count": (99,)}
    reasons = "no_original_off no_original_count no_original_now no_original_card no_original_amount no_original_alone".split()
    words = Words(TABLES)
    for language in (0, 1):
        words.language = language
        for reason in reasons + "pin_same pin_term last_supervisor id_used".split():
            name = "refused." + reason
            assert words.knows(name) and words.knows("advice." + name), reason
            page = [(name,) + details.get(reason, ()), "advice." + name]
            assert sum([len(wrap(words(line), 30)) for line in page]) <= 5, reason
