"""Each look-up against a scan of all that the window holds: the filters save time and hide nothing."""

from parts import APPROVED, Answer, Card, NorFlash, Terminal, every_record, numbers_of, stay
from test_dialogs import pressed
from yuanlu.compat import run
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_SALE, Draft
from yuanlu.store import history, summary
from yuanlu.ui.find_otherwise import WAYS

stay("yuanlu.store.history", "yuanlu.wire.messages", "yuanlu.crypto.dukpt", "yuanlu.store.opening")


class Customer(Card):
    """A card with other last four digits."""

    def __init__(self, last_four):
        super().__init__()
        self.number = self.number[:6] + last_four


def shop(chip, turns):
    """A Terminal with sales of many customers, days and amounts, some given back in part, over several lives."""
    till = Terminal(NorFlash(*chip), open_limit=32)
    for turn in range(turns):
        draft = Draft(KIND_SALE, 100 + turn % 5, card=Customer(str(1000 + turn % 7).encode()))
        rrn = ("11221015%04d" % turn).encode()
        sale = till.settle(till.desk.open(draft), s.DONE, Answer(b"00", 0, rrn, b"A1B2C3", 1101 + turn % 9, 101500))
        if turn % 3 == 0:
            till.refund(sale, 10, s.DONE)
        if turn % 10 == 9:
            till = Terminal(till.flash, open_limit=32)
    return till


def scanned(journal):
    """(number, trace, rrn, last four, date, amount) of every done sale that may be listed, newest first."""
    found = []
    for record in every_record(journal):
        if record.type == s.SALE and record.original >= journal.log.lowest:
            body = record.body()
            row = (body.transaction, body.trace, body.rrn, body.card[6:10], body.date, body.amount)
            if row not in found:
                found.append(row)
    return sorted(found, reverse=True)


CHIPS = ((6, 4096, 16), (6, 4096, 1), (6, 4096, 256))  # of one size: the small heap has no second place for a larger one


def test_the_filters_hide_no_record():
    """By trace, rrn, last four, date, amount, and each with another; of what is there and of what is not."""
    for chip in CHIPS:
        journal = shop(chip, 45).journal
        rows = scanned(journal)
        assert len(rows) > 10
        for row in rows[::4] + [(0, 888888, b"999999999999", b"0000", 20250101, 99)]:
            _, trace, rrn, last_four, date, amount = row
            for asked in (
                {"trace": trace},
                {"rrn": rrn},
                {"last_four": last_four},
                {"date": date},
                {"amount": amount},
                {"date": date, "amount": amount},
                {"last_four": last_four, "date": date},
                {"rrn": rrn, "amount": amount},
            ):
                expected = [found[0] for found in rows if fits(found, asked)]
                for limit in (1, 3, 99):
                    assert numbers_of(journal.sales(limit, **asked)) == expected[:limit], (chip, asked, limit)
                assert not journal.log.damaged


def fits(row, asked):
    """The row has all that is asked for."""
    names = ("number", "trace", "rrn", "last_four", "date", "amount")
    return all(row[names.index(name)] == asked[name] for name in asked)


def test_the_last_are_the_newest():
    """As many as asked for, in order, and no more."""
    for chip in CHIPS:
        journal = shop(chip, 40).journal
        expected = [row[0] for row in scanned(journal)]
        for limit in (1, 2, 5, 20, 500):
            assert numbers_of(journal.sales(limit)) == expected[:limit], (chip, limit)


def test_what_is_left_of_each_sale_is_what_a_scan_says():
    """Refunds that are done, each once, however often they were copied."""
    for chip in CHIPS:
        journal = shop(chip, 45).journal
        given, counted = {}, []
        for record in every_record(journal):
            if record.type == s.REFUND and record.number not in counted:
                counted.append(record.number)
                given[record.original] = given.get(record.original, 0) + record.body().amount
        for row in scanned(journal):
            assert journal.spent(row[0]) == given.get(row[0], 0), (chip, row)
            assert journal.sale(row[0]).amount == row[5]


def test_every_transaction_of_the_window_is_found_by_its_number():
    """As often as not it has to be searched without a filter."""
    journal = shop((6, 4096, 16), 30).journal
    for number in sorted({record.transaction for record in every_record(journal) if record.type in (s.SALE, s.REFUND)}):
        assert journal.transaction(number).state == s.IS_DONE
    assert journal.transaction(99999) is None


def test_a_filter_does_spare_sectors():
    """Else it would be there for nothing: a trace is searched in fewer sectors than there are."""
    journal = shop((8, 4096, 16), 60).journal
    passed = 0
    for row in scanned(journal):
        sectors = list(history._matching(journal.log, summary.key(b"t", row[1])))
        assert len(sectors) >= 1
        passed += journal.log.window - len(sectors)
    assert passed > 3 * len(scanned(journal))


class Searched(Terminal):
    """With a screen to type on."""

    dialogs: object = None


class CountingFlash(NorFlash):
    """Counts the bytes that are read."""

    taken = 0

    def read_into(self, address, buffer):
        self.taken += len(buffer)
        super().read_into(address, buffer)


def test_a_trace_is_found_from_the_screen_in_a_part_of_the_chip():
    """Typed by a clerk; the search reads less than two thirds of what a search through all reads, the control. T-141."""
    till = shop((8, 4096, 16), 60)
    flash = CountingFlash(8, 4096, 16)
    flash.restore(till.flash.snapshot())
    till = Searched(flash, open_limit=32)
    number, trace = scanned(till.journal)[20][:2]
    flash.taken = 0
    assert list(every_record(till.journal))
    all_of_it, flash.taken = flash.taken, 0
    till.dialogs, _ = pressed(*(list(str(trace)) + ["ENTER"]))
    [by_trace] = [way for name, way in WAYS if name == "find.trace"]
    found = run(by_trace(till))
    assert found and found[0].number == number and 3 * flash.taken < 2 * all_of_it, (flash.taken, all_of_it)


def test_a_lost_summary_hides_nothing_either():
    """Its sector is searched; whether the sector before it is whole, its numbers tell."""
    till = shop((6, 4096, 16), 45)
    rows = scanned(till.journal)
    sector = till.journal.log.sector(till.journal.log.sequence - 1)
    for record in till.journal.log.chip.records(sector):
        if record.type == s.SUMMARY and not record.copy:
            till.flash.data[record.address + 20] ^= 1
            break
    closed = till.journal.log.sector(till.journal.log.sequence - 2)
    for row in rows[::3]:
        assert numbers_of(till.journal.sales(9, rrn=row[2])) == [row[0]]
    for _ in every_record(till.journal):
        pass
    assert till.journal.log.damaged  # by the SUMMARY itself
    records = till.journal.log.chip.records(closed)
    last = [record.address for record in records][-1]
    before = numbers_of(till.journal.sales(99))
    till.flash.data[last + 20] ^= 1
    assert len(numbers_of(till.journal.sales(99))) <= len(before) and till.journal.log.damaged


def sell(till, count):
    for _ in range(count):
        till.settle(till.desk.open(Draft(KIND_SALE, 700, card=Card())), s.DONE, APPROVED)


def waited_long(renewals, before, between):
    """A refund that was refused unseen `renewals` times, each with a new attempt, then declined; so many sales `before`, and
    `between` two records of it. Returns what it is, and what asking for it says after each of 36 more sales."""
    till = Terminal(NorFlash(6, 4096, 16), open_limit=32)
    sell(till, 1)
    refund = till.refund(till.journal.sales(1)[0], 100)
    sell(till, before)
    for _ in range(renewals):
        till.desk.sending(refund, 1)
        till.desk.note(refund, s.RENEW, APPROVED)
        sell(till, between)
        till.desk.renew(refund)
        sell(till, between)
    till.desk.sending(refund, 1)
    sell(till, 0 if renewals else between)
    till.desk.note(refund, s.DECLINED, APPROVED)
    truth, answers = told(refund), []
    for _ in range(36):
        sell(till, 1)
        found = till.journal.transaction(refund.number)
        answers.append(None if found is None else told(found))
    return truth, answers


def told(transaction):
    """What is printed or shown of it."""
    return transaction.state, transaction.amount, transaction.batch, transaction.trace, transaction.attempt, transaction.code


def test_a_transaction_is_never_folded_from_a_part_of_its_records():
    """Its INTENT was copied while it was open; then the records behind it leave the ring one sector after the other. It is told
    whole or not at all, never with the trace of an attempt that was given up."""
    whole = gone = 0
    for renewals, before, between in ((0, 8, 20), (1, 4, 10), (1, 10, 6)):
        truth, answers = waited_long(renewals, before, between)
        assert truth[4] == renewals + 1
        for answer in answers:
            assert answer is None or answer == truth, (renewals, before, between, truth, answer)
        whole += answers.count(truth)
        gone += answers.count(None)
    assert whole > 20 and gone > 20, (whole, gone)
