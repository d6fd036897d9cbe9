"""The transactions that the records tell of, in this life and after the next power-up."""

from parts import APPROVED, Card, NorFlash, PowerCut, Terminal, every_record, keys_of, mounted, numbers_of, stay, types_in
from raises import raises
from yuanlu import record as r
from yuanlu.crypto.cmac import cmac
from yuanlu.errors import Refused, StoreDamaged
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, Draft, Transaction

stay("yuanlu.store.history", "yuanlu.wire.messages", "yuanlu.crypto.dukpt", "yuanlu.store.opening", "yuanlu.store.mount")

FIELDS = "number original state kind amount batch trace date time reason".split()
FIELDS += "attempt sends doubt stale code rrn approval printed copies".split()


def looks(transaction):
    """All that the records say of it."""
    return [getattr(transaction, name) for name in FIELDS]


def live(journal):
    """What is not settled."""
    return [looks(transaction) for transaction in journal.live]


ENDINGS = (s.DONE, s.DECLINED, s.LATER, s.SILENT, s.PERSON, s.HOLD, s.ASK, s.RENEW)


def a_day():
    """A Terminal with one transaction in every state that this firmware knows, and the sale that most of them give back."""
    till = Terminal(NorFlash(4, 8192), open_limit=32)
    sale = till.sell(100_000)
    for verdict in ENDINGS:
        till.desk.printed(till.refund(sale, 100 + verdict, verdict))
    till.desk.withdraw(till.refund(sale, 200))
    till.desk.sending(till.refund(sale, 300), 1)
    till.refund(sale, 400)
    till.desk.renew(till.refund(sale, 500, s.RENEW))
    till.sell(500, s.DECLINED)
    for verdict in (s.REVERSED, s.SILENT):
        lost = till.sell(600, s.SILENT)
        till.desk.reverse(lost, b"98")
        till.settle(lost, verdict)
    till.sell(700, s.SILENT)
    return till, sale


def test_an_empty_journal():
    """Nothing there, nothing wrong."""
    journal = mounted(NorFlash())
    assert (journal.live, journal.owed, journal.trouble) == ([], [], [])
    assert journal.transaction(1) is None and journal.sale(1) is None
    assert (journal.spent(1), numbers_of(journal.sales(9)), journal.printed) == (0, [], 0)


def test_mounting_tells_what_was_told_before():
    """States, sends, doubt, codes, slips: of the unsettled, and of all that are asked for by number."""
    till, sale = a_day()
    journal = mounted(till.flash)
    assert journal.trouble == []
    assert live(journal) == live(till.journal)
    states = " ".join([s.STATE_NAMES[transaction.state] for transaction in journal.live])
    assert states == "waiting unknown parked held asking queued sending queued queued reversing unknown", states
    for record in every_record(till.journal):
        if record.type == s.INTENT:
            number = record.transaction
            found = [book.find_live(number) or book.transaction(number) for book in (journal, till.journal)]
            assert looks(found[0]) == looks(found[1])
    assert journal.spent(sale.number) == till.journal.spent(sale.number)


def test_mounting_writes_nothing():
    """Not one operation, whatever stands open."""
    till, _ = a_day()
    before = till.flash.operations
    for _ in range(5):
        mounted(till.flash)
    assert till.flash.operations == before


def test_L3_what_is_not_definitively_not_done_counts():
    """Done, later, silent, parked, held, asked, renewed, sending and queued; not the declined and not the withdrawn."""
    till, sale = a_day()
    counted = sum([100 + verdict for verdict in ENDINGS if verdict != s.DECLINED]) + 300 + 400 + 500
    assert till.journal.spent(sale.number) == counted
    assert till.desk.left(sale) == 100_000 - counted
    assert mounted(till.flash).spent(sale.number) == counted


def test_L3_only_a_done_sale_is_an_original():
    """Not a refund, not a declined or silent sale, not a number that nobody has."""
    till, sale = a_day()
    done = [record.transaction for record in every_record(till.journal) if record.type == s.SALE]
    assert done == [sale.number]
    for number in range(till.journal.log.number + 5):
        assert (till.journal.sale(number) is not None) == (number == sale.number), number


def test_the_sale_keeps_what_a_refund_names():
    """RRN, approval code, batch, trace and date of the original."""
    till, sale = a_day()
    found = mounted(till.flash).sale(sale.number)
    assert (found.rrn, found.approval, found.amount) == (APPROVED.rrn, APPROVED.approval, 100_000)
    assert (found.batch, found.trace, found.date) == (sale.batch, sale.trace, 20261122)
    assert (found.card, found.fingerprint) == (Card().number, Card().fingerprint)


def test_recent_sales_are_the_newest_first():
    """And no more than asked for."""
    till = Terminal()
    numbers = [till.sell(100 + at).number for at in range(5)]
    numbers.reverse()
    assert numbers_of(till.journal.sales(3)) == numbers[:3]
    assert numbers_of(till.journal.sales(50)) == numbers


def test_a_slip_is_owed_until_it_is_printed():
    """Of what was settled, also after a cut between the answer and the paper."""
    till = Terminal()
    sale = till.sell()
    assert [t.number for t in till.journal.owed] == [sale.number]
    journal = mounted(till.flash)
    assert [t.number for t in journal.owed] == [sale.number]
    till.desk.printed(sale)
    assert till.journal.owed == [] and mounted(till.flash).owed == []
    assert till.journal.printed == sale.number


def test_a_slip_of_an_earlier_state_does_not_settle_what_is_owed():
    """The customer holds "waiting"; "done" is still owed."""
    till = Terminal()
    refund = till.refund(till.sell(), 300)
    till.desk.printed(refund)
    till.settle(refund, s.DONE)
    for journal in (till.journal, mounted(till.flash)):
        assert refund.number in [t.number for t in journal.owed]


def test_records_that_contradict_are_reported_and_not_guessed_over():
    """A RESULT that nobody asked for is not written; where one stands all the same it changes no state."""
    till = Terminal()
    refund = till.refund(till.sell(), 300)
    values = (refund.number, refund.original, 1, s.DECLINED, b"51", APPROVED.rrn, APPROVED.approval, 20261122, 1)
    number = till.journal.log.number
    with raises(StoreDamaged):
        till.journal.append(s.RESULT, values)
    assert till.journal.log.number == number
    till.journal.log.append(s.RESULT, r.encode(s.RESULT, values))
    journal = mounted(till.flash)
    assert len(journal.trouble) == 1 and journal.trouble[0].startswith("record {}:".format(number))
    assert journal.find_live(refund.number).state == s.IS_QUEUED


def test_the_message_is_read_from_its_intent():
    """And never from another record."""
    till = Terminal()
    sale = till.sell()
    first, second = till.refund(sale, 100), till.refund(sale, 200)
    messages = [till.journal.message(first), till.journal.message(second)]
    assert messages[0] != messages[1]
    journal = mounted(till.flash)
    assert [journal.message(t) for t in journal.live] == messages
    first.rests_on = [(first.number, second.rests_on[0][1], 0, s.INTENT)]
    for transaction in (first, Transaction(999, 999)):
        with raises(StoreDamaged):
            till.journal.message(transaction)


def test_L6_the_key_of_the_answer_stands_with_the_message():
    """Of the first attempt, a new one and a reversal; in the life after, and never in clear on the chip."""
    till = Terminal()
    sale, refund = till.desk.open(Draft(KIND_SALE, 700, card=Card())), till.refund(till.sell(), 300)
    kept = []
    for verdict, transaction in ((None, sale), (None, refund), (s.RENEW, refund), (s.SILENT, sale)):
        if verdict == s.RENEW:
            till.desk.renew(till.settle(transaction, verdict))
        elif verdict == s.SILENT:
            till.desk.reverse(till.settle(transaction, verdict), b"98")
        key, message = till.journal.outgoing(transaction)
        keys = keys_of(message)
        assert (key, message[-8:]) == (keys.answer, cmac(keys.request, message[13:-8])[:8])
        assert mounted(till.flash).outgoing(mounted(till.flash).find_live(transaction.number)) == (key, message)
        assert key not in bytes(till.flash.data) and message[13:40] not in bytes(till.flash.data)
        kept.append(key)
    assert len(set(kept)) == 4


def test_L2_the_message_is_that_of_the_newest_attempt():
    """Wherever compaction has put the records: an old attempt's bytes never go again."""
    till = Terminal()
    refund = till.refund(till.sell(), 300)
    first = till.journal.message(refund)
    till.settle(refund, s.RENEW)
    till.desk.renew(refund)
    second = till.journal.message(refund)
    assert second != first
    journal = mounted(till.flash)
    assert journal.message(journal.find_live(refund.number)) == second


def test_L4_every_life_begins_behind_the_last():
    """Record numbers, traces and boots rise, over lives in which nothing is done too."""
    flash = NorFlash(6, 4096, 16)
    traces, numbers, boots = [], [], []
    for _ in range(12):
        till = Terminal(flash, open_limit=32)
        assert Terminal(flash).journal.counters.boot == till.journal.counters.boot
        sale = till.sell(100)
        traces.append((sale.batch, sale.trace))
        numbers.append(sale.number)
        boots += [record.body().boot for record in every_record(till.journal) if record.type == s.BOOT][-1:]
    for row in (traces, numbers, boots):
        assert all(row[at] < row[at + 1] for at in range(len(row) - 1)), row


def test_L4_trace_and_number_of_a_torn_record_are_left_out():
    """A record that reads as torn today may read as whole tomorrow: bits at the edge do that."""
    for reach in (1, 2, 3):
        flash = NorFlash()
        till = Terminal(flash)
        torn = till.sell().trace + 1
        number = till.journal.log.number
        flash.cut = (1, reach)
        with raises(PowerCut):
            till.desk.open(Draft(KIND_SALE, 100, card=Card()))
        flash.power_on()
        sale = Terminal(flash).sell()
        assert sale.trace > torn and sale.number > number, reach


def test_L4_trace_999999_is_the_last():
    """Used up is said; it does not begin again at 1."""
    till = Terminal()
    till.journal.counters.trace = 999_998
    assert till.sell(100).trace == 999_999
    for _ in range(2):
        with raises(Refused) as caught:
            till.desk.open(Draft(KIND_SALE, 100, card=Card()))
        assert caught.value.reason == "refused.traces_used_up"
        till = Terminal(till.flash)
    assert types_in(till.journal)[s.INTENT] == 1


def test_L5_a_live_refund_outlives_any_number_of_wraps():
    """Queued, silent, parked: 400 sales later, over 6 sectors, each with its message, its sends and its cap."""
    flash = NorFlash(6, 4096, 16)
    till = Terminal(flash, open_limit=32)
    sale = till.sell(10_000)
    till.refund(sale, 100)
    till.refund(sale, 200, s.SILENT)
    till.refund(sale, 400, s.PERSON)
    till.refund(sale, 800, s.DONE)
    till.refund(sale, 1600, s.DECLINED)
    before = live(till.journal)
    messages = [till.journal.message(transaction) for transaction in till.journal.live]
    for turn in range(400):
        till.sell(1000 + turn)
        if turn % 50 == 49:
            till = Terminal(flash, open_limit=32)
            assert live(till.journal) == before, turn
            assert till.journal.trouble == []
    assert flash.erases > 60
    assert [till.journal.message(transaction) for transaction in till.journal.live] == messages
    # The sale has left the list, with what was settled of it: it stays for its open refunds alone.
    assert till.journal.sale(sale.number) is None
    assert till.journal.original(sale.number).amount == 10_000


def test_L2_what_is_settled_stays_settled_after_a_wrap():
    """Nothing that was done or declined comes back as queued or unknown: it would be sent again."""
    flash = NorFlash(6, 4096, 16)
    till = Terminal(flash, open_limit=32)
    till.refund(till.sell(10_000), 100)
    for turn in range(120):
        sale = till.sell(1000 + turn)
        if turn % 3 == 0:
            till.refund(sale, 10, s.DONE)
        if turn % 5 == 0:
            till.refund(sale, 20, s.DECLINED)
        there = [t.number for t in mounted(flash).live]
        assert there == [t.number for t in till.journal.live], (turn, there)


def test_a_sale_of_the_list_can_always_be_picked():
    """Whatever of its beginning has left the ring: the list offers it, so it must be readable."""
    till = Terminal(NorFlash(6, 4096, 16))
    for turn in range(120):
        till.sell(1000 + turn)
        for number in numbers_of(till.journal.sales(50)) if turn % 5 == 0 else ():
            sale = till.journal.sale(number)
            assert sale is not None and sale.amount >= 1000, number
            assert till.desk.left(sale) == sale.amount


def test_a_refund_can_be_opened_and_settled_long_after_its_sale():
    """The original and the refund lie in different sectors; the cap holds across them."""
    till = Terminal(NorFlash(6, 4096, 16))
    sale = till.sell(10_000)
    while types_in(till.journal)[s.SALE] < 20:
        till.sell(100)
    till.refund(sale, 4000, s.DONE)
    assert till.desk.left(till.journal.sale(sale.number)) == 6000
    assert till.desk.open(Draft(KIND_REFUND, 6000, original=sale.number)).state == s.IS_QUEUED
