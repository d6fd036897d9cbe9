"""Power goes at every flash operation of a day's work, at five places within the operation, and again in the life after it."""

from parts import APPROVED, REACHES, Card, NorFlash, PowerCut, Terminal, every_record, keys_of, reaches, stay
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, Draft

stay("yuanlu.store.history", "yuanlu.wire.messages", "yuanlu.crypto.dukpt", "yuanlu.store.opening", "yuanlu.store.mount")

# What is done to whom, in order; each step is one record and is acknowledged when it returns.
DAY = """
    sale S, sending S, done S, printed S,
    refund R, sending R, silent R, refund W, withdraw W, sending R, done R, printed R, refund Q,
    refund D, sending D, declined D,
    sale L, sending L, silent L, reverse L, sending L, reversed L,
    refund N, sending N, renew N, again N, refund P, sending P, person P
"""
STEPS = [step.split() for step in DAY.split(",")]
AFTER = {
    "sale": s.IS_QUEUED,
    "refund": s.IS_QUEUED,
    "sending": s.IS_SENDING,
    "withdraw": s.IS_WITHDRAWN,
    "reverse": s.IS_REVERSING,
    "again": s.IS_QUEUED,
    "done": s.IS_DONE,
    "declined": s.IS_DECLINED,
    "silent": s.IS_UNKNOWN,
    "renew": s.IS_QUEUED,
    "person": s.IS_PARKED,
    "reversed": s.IS_REVERSED,
}
VERDICTS = {
    "done": s.DONE,
    "declined": s.DECLINED,
    "silent": s.SILENT,
    "renew": s.RENEW,
    "person": s.PERSON,
    "reversed": s.REVERSED,
}
TORN = "power went while they were written"
AMOUNTS = {"S": 100_000, "L": 500, "R": 1, "W": 10, "Q": 100, "D": 1000, "N": 10_000, "P": 20_000}


class Book:
    """What the terminal has said that it did: of each name its number, its states, its bytes and its keys."""

    def __init__(self):
        self.numbers = {}
        self.states = {}  # name: (state, another one when power went during the step)
        self.messages = {}  # name: (answer key, message)
        self.serials = []  # KSNs
        self.identities = []

    def work(self, till, steps):
        """Do the steps; PowerCut comes through, with the book as it stood then."""
        for verb, name in steps:
            before = self.states.get(name, (None,))[0]
            if verb == "printed":
                till.desk.printed(till.journal.find_live(self.numbers[name]) or till.journal.transaction(self.numbers[name]))
                continue
            self.states[name] = (before, AFTER[verb])
            if verb in ("sale", "refund"):
                self._open(till, verb, name)
            else:
                self._go_on(till, verb, till.journal.find_live(self.numbers[name]))
            if verb in ("reverse", "again"):
                self._keep(till, name)
            self.states[name] = (AFTER[verb],)

    def _open(self, till, verb, name):
        if verb == "sale":
            draft = Draft(KIND_SALE, AMOUNTS[name], card=Card())
        else:
            draft = Draft(KIND_REFUND, AMOUNTS[name], original=self.numbers["S"])
        opened = till.desk.open(draft)
        assert opened.number not in self.numbers.values(), "L4: a record number came twice"
        assert (opened.batch, opened.trace) not in self.identities, "L4: a trace came twice"
        self.identities.append((opened.batch, opened.trace))
        self.numbers[name] = opened.number
        self._keep(till, name)

    def _keep(self, till, name):
        answer_key, message = till.journal.outgoing(till.journal.find_live(self.numbers[name]))
        keys = keys_of(message)
        assert keys.ksn not in self.serials, "L2: a key came twice"
        assert answer_key == keys.answer, "the answer to it could not be believed"
        self.serials.append(keys.ksn)
        self.messages[name] = (answer_key, message)

    def _go_on(self, till, verb, transaction):
        if verb == "sending":
            till.desk.sending(transaction, 1)
        elif verb == "withdraw":
            till.desk.withdraw(transaction)
        elif verb == "reverse":
            del self.messages["L"]
            till.desk.reverse(transaction, b"98")
        elif verb == "again":
            del self.messages["N"]
            till.desk.renew(transaction)
        else:
            verdict = VERDICTS[verb]
            till.desk.note(transaction, verdict, None if verdict == s.SILENT else APPROVED)

    def check(self, till, where):
        """After power-up: everything that was said is there, and nothing else but the step that power ended."""
        journal = till.journal
        assert all(TORN in what for what in journal.trouble), (where, journal.trouble)
        for name in self.numbers:
            number = self.numbers[name]
            found = journal.find_live(number) or journal.transaction(number)
            states = self.states[name] + ((s.IS_REVERSING,) if name == "L" else ())
            assert found is not None, (where, name, "lost")
            assert found.state in states, (where, name, s.STATE_NAMES[found.state], states)
            if s.is_final(found.state):
                assert journal.find_live(number) is None, (where, name)
            elif name in self.messages:
                assert journal.outgoing(found) == self.messages[name], (where, name, "other bytes")
        strangers = [t for t in journal.live if t.number not in self.numbers.values()]
        assert len(strangers) <= 1 and all(t.state == s.IS_QUEUED for t in strangers), where
        if self.states.get("S") == (s.IS_DONE,):
            self._check_cap(journal, strangers, where)

    def _check_cap(self, journal, strangers, where):
        least = most = sum([t.amount for t in strangers if t.number != t.original])
        for name in self.numbers:
            if name not in "SL":
                frees = [s.frees_cap(state) for state in self.states[name] if state is not None]
                least += 0 if True in frees else AMOUNTS[name]
                most += AMOUNTS[name] if False in frees else 0
        assert least <= journal.spent(self.numbers["S"]) <= most, (where, "L3")


def finish(till, book, where):
    """The life after: new work gets new numbers, and everything that stands open can be brought to an end."""
    for name in ("S2", "S3"):
        AMOUNTS[name] = 700
        book.work(till, [("sale", name), ("sending", name), ("done", name)])
    for transaction in list(till.journal.live):
        if transaction.state == s.IS_PARKED:
            continue
        if transaction.stale:
            till.desk.renew(transaction)
        if transaction.state == s.IS_UNKNOWN and transaction.kind == KIND_SALE:
            till.desk.reverse(transaction, b"98")
        if transaction.state == s.IS_SENDING:
            till.desk.note(transaction, s.SILENT)
            continue
        till.settle(transaction, s.REVERSED if transaction.state == s.IS_REVERSING else s.DONE)
    numbers, traces = [], []
    for record in every_record(till.journal):
        if record.type == s.INTENT and record.number not in numbers:
            numbers.append(record.number)
            traces.append(record.body().trace)
    assert len(set(traces)) == len(traces), (where, "L4: two attempts with one trace")


class Chip:
    """A chip that can be put back to how it was."""

    def __init__(self, flash):
        self.flash = flash
        self.image = flash.snapshot()

    def restore(self):
        self.flash.restore(self.image)
        return self.flash


def operations_of_a_day(chip):
    """How many there are."""
    flash = chip.restore()
    before = flash.operations
    Book().work(Terminal(flash, open_limit=32), STEPS)
    return flash.operations - before


def every_cut(chip, twice=False):
    """Cut at each operation and reach; `twice`: once more in the first write of the life after. How many operations."""
    count = operations_of_a_day(chip)
    for operation in range(1, count + 1):
        for reach in reaches(operation):
            cut_at(chip, operation, reach, 1 + (operation + reach) % 4 if twice else 0)
    return count


def cut_at(chip, operation, reach, again):
    """One day that ends in the dark, and the next."""
    where = (operation, reach, again)
    flash, book = chip.restore(), Book()
    flash.cut = (operation, reach)
    try:
        book.work(Terminal(flash, open_limit=32), STEPS)
        raise AssertionError("operation {} was not reached".format(operation))
    except PowerCut:
        flash.power_on()
    till = Terminal(flash, open_limit=32)
    book.check(till, where)
    if again:
        flash.cut = (again, (operation + reach) % len(REACHES))
        try:
            till.journal.make_room()
        except PowerCut:
            pass
        flash.power_on()
        till = Terminal(flash, open_limit=32)
        book.check(till, where)
    finish(till, book, where)
    ended = [(t.number, t.state) for t in till.journal.live]
    for _ in range(2):  # a life that writes opens another sector, and the next one has to read both
        till = Terminal(flash, open_limit=32)
        assert [(t.number, t.state) for t in till.journal.live] == ended, where
        assert till.journal.sale(book.numbers["S2"]) is not None, where
        till.sell(100)


def used_chip(sectors, unit):
    """A ring that has wrapped, with refunds from long ago that are not settled: compactions run during the day."""
    flash = NorFlash(sectors, 4096, unit)
    till = Terminal(flash, open_limit=32)
    sale = till.sell(10_000)
    till.refund(sale, 10, s.SILENT)
    till.refund(sale, 20)
    till.refund(sale, 40, s.DONE)
    while flash.erases < sectors + 3:
        till.sell(100)
    return Chip(flash)


def test_L2_L3_L4_L5_a_cut_at_every_operation_of_a_day():
    """On a chip that is new: what was acknowledged is there, nothing comes twice, everything can be ended."""
    assert every_cut(Chip(NorFlash(6, 4096, 16))) > len(STEPS)


def test_L2_L3_L4_L5_a_cut_at_every_operation_byte_wise_and_page_wise():
    """Units of 1 and 256 bytes."""
    for unit, size in ((1, 4096), (256, 16384)):
        assert every_cut(Chip(NorFlash(6, size, unit))) > len(STEPS)


def test_L5_a_second_cut_during_the_first_write_after_the_first():
    """The seal itself is torn: erase, header, last record again, BOOT."""
    assert every_cut(Chip(NorFlash(6, 4096, 16)), twice=True) > len(STEPS)


def test_L5_a_cut_at_every_operation_while_compactions_run():
    """What was open long before the day is there after every cut, besides."""
    chip = used_chip(5, 16)
    old = [(t.number, t.state) for t in Terminal(chip.restore()).journal.live]
    assert [state for _, state in old] == [s.IS_UNKNOWN, s.IS_QUEUED]
    for operation in range(1, operations_of_a_day(chip) + 1):
        for reach in reaches(operation):
            flash = chip.restore()
            flash.cut = (operation, reach)
            try:
                Book().work(Terminal(flash, open_limit=32), STEPS)
            except PowerCut:
                flash.power_on()
            journal = Terminal(flash, open_limit=32).journal
            assert [(t.number, t.state) for t in journal.live][:2] == old, (operation, reach)
            original = journal.live[0].original
            assert (journal.spent(original), journal.sale(original).amount) == (70, 10_000), (operation, reach)
