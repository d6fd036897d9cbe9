"""The ring of sectors when power goes: during an append, during the first write of a life, during a compaction."""

from parts import REACHES, NorFlash, PowerCut, Terminal, reaches
from raises import raises
from ring import NOTE, fill, opened, put, values
from yuanlu import record as r
from yuanlu.errors import StoreFull


def test_a_torn_append_loses_only_what_was_not_acknowledged():
    """At every operation of six records and every reach; then life goes on and numbers rise."""
    for operation in range(1, 9):
        for reach in reaches(operation):
            flash = NorFlash(5, 4096, 16)
            told = []
            flash.cut = (operation, reach)
            try:
                log, business = opened(flash)
                for value in range(6):
                    told.append((put(log, business, value), value))
            except PowerCut:
                pass
            flash.power_on()
            log, business = opened(flash)
            there = values(log)
            assert there[: len(told)] == told, (operation, reach)
            assert len(there) <= len(told) + 1
            number = put(log, business, 99)
            assert number > max([0] + [number for number, _ in there])
            assert values(opened(flash)[0])[-1] == (number, 99)


def test_L4_numbers_that_a_torn_record_may_carry_are_left_out():
    """What reads as torn today may read as whole tomorrow."""
    for reach in (1, 2):
        flash = NorFlash()
        log, business = opened(flash)
        torn = put(log, business) + 1
        flash.cut = (1, reach)
        with raises(PowerCut):
            put(log, business)
        flash.power_on()
        log, business = opened(flash)
        assert log.number > torn and len(business.trouble) == 1
        assert log.unreadable > 0 and log.after == torn - 1


def test_L5_a_cut_before_the_very_first_record_leaves_no_sector_of_the_same_sequence():
    """The header stood, the SUMMARY did not: the next life begins in that sector again, and its records are found ever after."""
    for operation in (1, 2, 3):
        for reach in range(len(REACHES)):
            flash = NorFlash(5, 4096, 16)
            flash.cut = (operation, reach)
            try:
                put(*opened(flash))
            except PowerCut:
                pass
            flash.power_on()
            told = []
            for life in range(3):
                log, business = opened(flash)
                for value in (10 * life, 10 * life + 1):
                    told.append((put(log, business, value), value))
                assert values(opened(flash)[0])[-len(told) :] == told, (operation, reach, life)


def full_ring():
    """(chip, numbers): the next sector to be opened has to carry five records out of the one that leaves."""
    flash = NorFlash(5, 4096, 16)
    wanted = (2, 3, 5, 8, 13)
    log, business = opened(flash, wanted)
    fill(log, business, log.window)
    return flash, wanted


def there(flash, wanted):
    """Which of the wanted can be read after a power-up."""
    log, business = opened(flash, wanted)
    found = []
    for number in sorted(business.places):
        record = log.chip.read(business.places[number])
        assert record is not None and record.number == number
        found.append(number)
    return tuple(found)


def test_L5_a_compaction_that_was_cut_is_dropped_and_done_again():
    """A newest sector that holds only copies was being filled: what it copied still stands, however often power goes."""
    flash, wanted = full_ring()
    image = flash.snapshot()
    log, business = opened(flash, wanted)
    before = flash.operations
    log.open_next(business)
    count = flash.operations - before
    assert count == 2 + 6 + 1, "erase, header, five copies and the last record again, SUMMARY"
    for operation in range(1, count + 1):
        for reach in reaches(operation):
            flash.restore(image)
            for _ in range(3):  # power goes three times at the same place
                log, business = opened(flash, wanted)
                flash.cut = (operation, reach)
                try:
                    log.open_next(business)
                except PowerCut:
                    pass
                flash.power_on()
                assert there(flash, wanted) == wanted, (operation, reach)
            log, business = opened(flash, wanted)
            number = put(log, business, 77)
            assert there(flash, wanted) == wanted and values(opened(flash, wanted)[0])[-1] == (number, 77), (operation, reach)


def test_L5_what_does_not_fit_is_refused_and_not_dropped():
    """Nothing is pushed out of the ring by a compaction that cannot end; the next life finds all of it."""
    flash = NorFlash(4, 4096, 16)
    wanted = tuple(range(2, 50))
    log, business = opened(flash, wanted)
    with raises(StoreFull):
        fill(log, business, 9)
    known = there(flash, wanted)
    assert len(known) > 4096 // r.size(NOTE, 16)
    log, business = opened(flash, wanted)
    with raises(StoreFull):
        put(log, business)
    assert there(flash, wanted) == known


class _NoVault(Exception):
    """Power goes before the vault is told."""


def test_L5_a_weak_summary_that_is_gone_at_the_next_look_is_no_loss():
    """Power goes between a SUMMARY and the vault's note that it stands. The next life reads it and is cut while it opens a
    sector; the life after that cannot read it any more. Nothing that counted is gone."""
    flash = NorFlash(5, 4096, 16)
    till = Terminal(flash)
    while till.journal.log.sequence < 6:
        till.sell(100)
    sale = till.sell(5000)
    log = till.journal.log

    def dark(sequence):
        raise _NoVault

    log.seal.stands = dark
    with raises(_NoVault):
        log.open_next(till.journal)
    weak = Terminal(flash)
    assert weak.journal.log.sequence == 7 and not weak.journal.trouble
    flash.cut = (1, 0)
    with raises(PowerCut):
        weak.journal.log.open_next(weak.journal)
    flash.power_on()
    place = weak.journal.log.head * 4096 + weak.journal.log.summary_at
    flash.data[place] ^= 0x10
    last = Terminal(flash)
    assert last.journal.sale(sale.number).amount == 5000
    assert not [what for what in last.journal.trouble if "vault" in what], last.journal.trouble
    assert last.refund(sale, 100) and last.journal.log.unsure == 0
