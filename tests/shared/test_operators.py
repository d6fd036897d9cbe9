"""Operators: the try is counted before it is checked, and no power cut gives one back."""

from parts import NorFlash, PowerCut, Terminal, Vault, every_record, settings
from raises import raises
from yuanlu.crypto.two_places import first
from yuanlu.errors import Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, Draft
from yuanlu.store import operators as o
from yuanlu.store import progress, shift
from yuanlu.ui.pin_page import refuse, table

GOOD, OTHER, WRONG = "270815", "904163", "112233"


class Clock:
    """Ticks that the test moves; `step`: ms that each look at it takes."""

    today: object = (20261122, 101507, 1)

    def __init__(self):
        self.now = self.step = 0

    def ticks_ms(self):
        self.now += self.step
        return self.now

    def deadline(self, ms):
        return self.now + ms

    def diff_ms(self, later, earlier):
        return later - earlier

    def date(self):
        return self.today


class CutVault(Vault):
    """Power goes at the write that `cut` counts down to, after `reach` of its bytes."""

    def __init__(self, iterations=1):
        super().__init__()
        self.cut, self.reach, self.writes = 0, 0, 0
        self.places[o.PLACES[0]] = first(iterations.to_bytes(2, "little") + bytes(840))
        self.places[o.PIN_KEY] = bytes(range(16))

    def store(self, place, data):
        self.writes += 1
        self.cut -= 1
        if self.cut == 0:
            self.places[place] = data[: self.reach] + self.places.get(place, b"")[self.reach :]
            raise PowerCut
        super().store(place, data)


class CountingVault(CutVault):
    """Counts how often the key of the verifiers is read."""

    reads = 0

    def load(self, place):
        self.reads += place == o.PIN_KEY
        return super().load(place)


def staff(vault, clock=None, boot=1):
    return o.Operators(vault, clock or Clock(), boot)


def a_vault():
    """Two operators: 1 with a PIN of his own, 8 a supervisor with a first one. One iteration, so that a test is quick."""
    vault = CutVault()
    people = staff(vault)
    people.add(1, o.OPERATOR, 1, GOOD, initial=0)
    people.add(8, o.SUPERVISOR, 8, "27081593")
    return vault


def test_a_pin_is_known_again_and_another_is_not():
    people = staff(a_vault())
    row, outcome = people.check(1, GOOD)
    assert (row.id, outcome, row.tries, row.uses) == (1, 0, 0, 1)
    for number, pin in ((1, WRONG), (1, GOOD + "1"), (8, GOOD), (2, GOOD), (0, GOOD), (0, "")):
        assert people.check(number, pin) == (None, o.WRONG), (number, pin)


def test_five_wrong_ones_lock_for_half_an_hour_and_each_further_one_again():
    """T-046. Nobody's ids lock like the others."""
    for number in (1, 77):
        clock = Clock()
        people = staff(a_vault(), clock)
        outcomes = [people.check(number, WRONG)[1] for _ in range(6)]
        assert outcomes == [o.WRONG] * 4 + [o.LOCKED] * 2
        assert people.check(number, GOOD) == (None, o.LOCKED)
        clock.now = 1_799_999
        assert people.check(number, GOOD) == (None, o.LOCKED)
        clock.now = 1_800_000
        assert people.check(number, WRONG) == (None, o.LOCKED)
        clock.now = 3_599_999
        assert people.check(number, GOOD) == (None, o.LOCKED)


def test_the_right_pin_opens_after_the_wait_and_a_later_life_waits_it_all_again():
    vault, clock = a_vault(), Clock()
    clock.now = 900_000
    for _ in range(5):
        staff(vault, clock).check(1, WRONG)
    later = Clock()
    later.now = 1_799_999
    assert staff(vault, later, boot=2).check(1, GOOD) == (None, o.LOCKED)
    later.now = 1_800_000
    assert staff(vault, later, boot=2).check(1, GOOD)[1] == 0
    assert staff(vault, later, boot=2).find(1).tries == 0


def tries_with_cuts(kind):
    """Wrong tries that somebody gets who pulls the plug at every place, until the id is locked. kind: the Operators."""
    most = 0
    for cut in (1, 2, 3):
        for reach in (0, 1, 100, 849, 850):
            vault, tries = a_vault(), 0
            while tries < 20:
                people, before = kind(vault, Clock(), 1), vault.writes
                if people.is_locked(people.find(1)):
                    break
                vault.cut, vault.reach = cut, reach
                learned = False
                try:
                    people.check(1, WRONG)
                    learned = True
                except PowerCut:
                    learned = vault.writes - before > 1  # the check came after the first write
                vault.cut = 0
                tries += learned
                if not learned and reach < 850:
                    kind(vault, Clock(), 1).check(1, WRONG)
                    tries += 1
            most = max(most, tries)
    return most


class CountsAfter(o.Operators):
    """A broken one: it counts the try once it knows that it was wrong."""

    def _try(self, row, is_right):
        if not is_right():
            self.vault.writes += 1  # he has learned it by now
            row.tries += 1
            self._store()
            return None, o.WRONG
        return row, 0


def test_a_power_cut_at_any_write_never_gives_a_try_back():
    assert tries_with_cuts(o.Operators) <= o.TRIES


def test_control_one_that_counts_after_the_check_gives_tries_for_ever():
    assert tries_with_cuts(CountsAfter) == 20


def test_a_cut_during_a_change_leaves_the_old_pin_or_the_new_one():
    for reach in (0, 1, 260, 849, 850):
        vault = a_vault()
        people = staff(vault)
        vault.cut, vault.reach = 1, reach
        with raises(PowerCut):
            people.set_pin(people.find(1), OTHER)
        vault.cut = 0
        known = [staff(vault).check(1, pin)[1] == 0 for pin in (GOOD, OTHER)]
        assert known == ([False, True] if reach == 850 else [True, False]), reach


def test_unknown_and_wrong_take_the_same_writes():
    vault = a_vault()
    people, counts = staff(vault), []
    for number in (1, 77):
        before = vault.writes
        people.check(number, WRONG)
        counts.append(vault.writes - before)
    assert counts == [1, 1]


def test_unknown_wrong_and_locked_cost_the_same_iterations():
    """Each PBKDF2 reads the key of the verifiers once; the iterations are the table's, the same for every row."""
    vault = CountingVault()
    people = staff(vault)
    people.add(1, o.OPERATOR, 1, GOOD)
    for number in (1, 77):
        for _ in range(7):
            before = vault.reads
            people.check(number, WRONG)
            assert vault.reads - before == 1, number


def test_easy_pins_are_refused():
    """T-045."""
    easy = "000000 123456 234567 987654 890123 121212 123123 000001 777777".split()
    assert [o.pin_fault(pin, o.OPERATOR, 1) for pin in easy] == ["refused.pin_easy"] * len(easy)
    for pin in ("0000", "1234567", ""):
        assert o.pin_fault(pin, o.OPERATOR, 1) == "refused.pin_length"
    for pin in ("00000000", "12345678", "12341234", "00000008"):
        assert o.pin_fault(pin, o.SUPERVISOR, 8) == "refused.pin_easy"
    for pin in (GOOD, OTHER, "000002"):
        assert o.pin_fault(pin, o.OPERATOR, 1) is None


def test_the_pin_in_use_and_the_four_before_it_are_no_new_ones():
    """A supervisor cannot give them out again either; the fifth before it is taken."""
    vault = a_vault()
    used = [GOOD, OTHER, "381460", "592761", "604825"]
    for pin in used[1:]:
        people = staff(vault)
        people.set_pin(people.find(1), pin)
    people = staff(vault)
    for pin in used:
        for initial in (0, 1):
            with raises(Refused) as caught:
                people.set_pin(people.find(1), pin, initial)
            assert caught.value.reason == "refused.pin_same", pin
    people.set_pin(people.find(1), "715936")
    people.set_pin(people.find(1), GOOD)
    assert people.check(1, GOOD)[1] == 0


def test_an_operator_has_no_history_of_another():
    """Neither of the next one in the same row, nor of one with the same PIN."""
    people = staff(a_vault())
    people.add(2, o.OPERATOR, 2, GOOD, initial=0)
    people.remove(people.find(2))
    people.add(3, o.OPERATOR, 3, OTHER)
    people.set_pin(people.find(3), GOOD)
    assert people.check(3, GOOD)[1] == 0


def test_a_pin_is_changed_when_it_was_given_out_or_its_term_is_over():
    """T-045. By days or by uses; three more logins, then none."""
    config = settings(pin_days=90, pin_uses=7)
    for is_over in (lambda row: setattr(row, "date", 20260823), lambda row: setattr(row, "uses", 7)):
        vault = a_vault()
        people = staff(vault)
        assert people.logins_left(people.find(8), config) == 0  # it was given to him
        row = people.find(1)
        row.date, row.uses = 20260824, 6
        assert people.logins_left(row, config) is None
        is_over(row)
        left = []
        for _ in range(3):
            left.append(people.logins_left(row, config))
            people.log_in_once_more(row)
            people = staff(vault)
            row = people.find(1)
        assert left == [3, 2, 1] and people.logins_left(row, config) == 0
        people.set_pin(row, OTHER)
        assert people.logins_left(people.find(1), config) is None


def test_days_do_not_count_by_a_clock_that_cannot_be_trusted():
    people = staff(a_vault())
    row = people.find(1)
    row.date = 20200101
    assert people.logins_left(row, settings()) == 3
    people.clock.today = (20261122, 101507, 0)
    assert people.logins_left(row, settings()) is None


def test_a_deleted_operator_is_gone_but_never_the_last_supervisor():
    """One with a PIN that was given out does not count: perhaps nobody has it."""
    vault = a_vault()
    people = staff(vault)
    people.set_pin(people.find(8), "90571683")
    people.add(9, o.SUPERVISOR, 9, "61840275")
    with raises(Refused) as caught:
        people.remove(people.find(8))
    assert caught.value.reason == "refused.last_supervisor"
    people.remove(people.find(1))
    assert [row.id for row in staff(vault).all()] == [8, 9]
    assert staff(vault).check(1, GOOD) == (None, o.WRONG)
    people.set_pin(people.find(9), "27594806")
    people.remove(people.find(8))
    assert [row.id for row in staff(vault).all()] == [9]
    people.add(1, o.OPERATOR, 1, OTHER)
    assert staff(vault).check(1, OTHER)[1] == 0


def test_ids_are_taken_once_and_eight_are_all():
    people = staff(a_vault())
    for number in (0, 1, 255):
        with raises(Refused) as caught:
            people.add(number, o.OPERATOR, 1, GOOD)
        assert caught.value.reason == "refused.id_taken"
    for number in range(20, 26):
        people.add(number, o.OPERATOR, number, GOOD)
    with raises(Refused) as caught:
        people.add(30, o.OPERATOR, 30, GOOD)
    assert caught.value.reason == "refused.operators_full"
    assert [row.id for row in staff(people.vault).all()] == [1, 8, 20, 21, 22, 23, 24, 25]


def test_iterations_are_measured_once_and_kept():
    """200 of them in 20 ms: 5000 in half a second; never below 1000, nor above 10 000."""
    for step, iterations in ((20, 5000), (0, 1000), (1000, 1000), (1, 10_000)):
        clock = Clock()
        clock.step = step
        assert o.calibrated(clock) == iterations, step
    vault = CutVault(iterations=0)
    staff(vault).add(1, o.OPERATOR, 1, GOOD)
    assert staff(vault).iterations == o.FEWEST
    assert staff(vault).check(1, GOOD)[1] == 0


def test_a_vault_without_the_table_or_its_key_is_refused():
    for place in (o.PLACES[0], o.PIN_KEY):
        vault = CutVault()
        vault.places[place] = b""
        with raises(Refused):
            staff(vault)


class Till:
    """What a failed try and a change are noted with."""

    operator = 8

    def __init__(self):
        terminal = Terminal(NorFlash())
        self.desk, self.journal = terminal.desk, terminal.journal


def test_a_failed_try_is_noted_in_the_journal():
    """T-046."""
    till = Till()
    for outcome, reason in ((o.WRONG, "refused.pin"), (o.LOCKED, "refused.locked")):
        with raises(Refused) as caught:
            refuse(till, 7, outcome)
        record = till.journal.log.record
        assert (caught.value.reason, record.type) == (reason, s.PIN_TRY)
        assert (record.body().operator, record.body().outcome, record.transaction) == (7, outcome, 0)
    number = till.journal.log.number
    refuse(till, 7, 0)
    assert till.journal.log.number == number


def test_codes_by_telephone_lock_too():
    people = staff(a_vault())
    assert people.check_code("12345678", "12345678") == 0
    assert [people.check_code("1", "12345678") for _ in range(5)] == [o.WRONG] * 4 + [o.LOCKED]
    assert people.check_code("12345678", "12345678") == o.LOCKED


def test_a_code_binds_terminal_number_amount_and_purpose():
    given = (b"k" * 32, "YL000001", "00000001", 15_000, "refund")
    others = (b"l" * 32, "YL000002", "00000002", 15_001, "again")
    found = [o.code_of(*(given[:at] + (other,) + given[at + 1 :])) for at, other in enumerate(others)]
    assert len(o.code_of(*given)) == 8 and o.code_of(*given) not in found


def changing(till, vault):
    """The Operators as the pages have them: what is changed is noted."""
    till.board = Board(vault)
    return table(till)


class Board:
    def __init__(self, vault):
        self.vault, self.clock = vault, Clock()


def notes_of(till):
    """(by whom, what) of each NOTE about people."""
    found = []
    for record in every_record(till.journal):
        if record.type == s.NOTE and record.body().kind == progress.PEOPLE:
            found.append((record.body().operator, str(record.body().text.rstrip(b"\0"), "ascii")))
    return found


def test_what_is_changed_of_people_stands_in_the_journal_with_who_did_it():
    till, vault = Till(), a_vault()
    people = changing(till, vault)
    people.add(2, o.OPERATOR, 2, OTHER)
    people.unlock(people.find(1))
    people.set_pin(people.find(1), "381460", initial=1)
    people.remove(people.find(1))
    till.operator = 0  # he logs in, and has to choose another one first
    people.set_pin(people.find(2), GOOD)
    assert notes_of(till) == [(8, "added 2"), (8, "unlocked 1"), (8, "first PIN 1"), (8, "removed 1"), (2, "PIN 2")]


def test_nobody_is_changed_without_a_note_but_for_ones_own_pin():
    """The journal takes no note while an answer is awaited: somebody else's row stays as it is."""
    till, vault = Till(), a_vault()
    people = changing(till, vault)

    def busy(payload_length=0):
        raise Refused("refused.busy")

    till.desk.refuse_while_busy = busy
    for change in (people.remove, people.unlock, lambda row: people.set_pin(row, OTHER, initial=1)):
        with raises(Refused):
            change(people.find(1))
    assert people.check(1, GOOD)[1] == 0
    people.set_pin(people.find(8), "90571683")
    assert staff(vault).check(8, "90571683")[1] == 0


def test_who_has_worked_is_known_as_long_as_the_journal_tells_of_it():
    """A sale, an approval and a note count; somebody's mistyped number does not."""
    till = Terminal(NorFlash())
    sale = till.sell()
    till.desk.open(Draft(KIND_REFUND, 100, sale.number, operator=2, approver=8))
    progress.note(till.desk, None, progress.SELF_TEST, 3)
    till.journal.append(s.PIN_TRY, (0, 0, 5, o.WRONG))
    for journal in (till.journal, Terminal(till.flash).journal):
        assert [number for number in range(1, 10) if shift.has_worked(journal, number)] == [2, 3, 8]
