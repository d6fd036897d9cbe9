"""The ring of sectors: appended to, mounted, wrapped, torn and damaged."""

from parts import REACHES, MisusedFlash, NorFlash, PowerCut, no_seal, reaches
from raises import raises
from yuanlu import record as r
from yuanlu.errors import StoreDamaged, StoreFull
from yuanlu.refund import state as s
from yuanlu.store.log import Log

COUNTERS = (41, 2, 3)


def nothing(sector):
    """What a compaction that keeps nothing is told."""
    return []


def keeping(log, wanted):
    """A compaction carries the records with these numbers."""
    return lambda sector: [record.address for record in log.in_sector(sector) if record.number in wanted]


def opened(flash, seen=None):
    """A mounted Log; numbers of the records that it told of go into `seen`."""
    log = Log(flash, 1, no_seal)
    log.mount(lambda record: seen.append(record.number) if seen is not None else None)
    return log


def put(log, value, size=9):
    """Append one WITHDRAWN with this operator; its number."""
    payload = bytearray(size)
    payload[8] = value & 0xFF
    log.make_room(r.size(size, log.flash.unit), nothing, COUNTERS)
    return log.append(s.WITHDRAWN, payload)


def values(log):
    """(number, operator) of every record; one that stands twice counts once."""
    found = []
    for record in log.records():
        pair = (record.number, record.body().operator)
        if pair not in found:
            found.append(pair)
    return found


def test_the_double_punishes_what_a_chip_punishes():
    """Else the tests below would prove nothing."""
    flash = NorFlash()
    flash.program(16, bytes(16))
    for address, size in ((16, 16), (0, 32), (8, 16), (32, 8)):
        with raises(MisusedFlash):
            flash.program(address, bytes(size))
    flash.cut = (1, 2)
    with raises(PowerCut):
        flash.erase(0)
    flash.power_on()
    with raises(MisusedFlash):
        flash.program(64, bytes(16))
    flash.erase(0)
    flash.program(16, bytes(16))


def test_an_empty_chip_mounts_and_reading_writes_nothing():
    """No operation until the first record."""
    for sectors, unit in ((4, 1), (6, 16), (16, 256)):
        flash = NorFlash(sectors, 4096, unit)
        seen = []
        log = opened(flash, seen)
        assert (seen, log.number, log.newest, flash.operations) == ([], 1, (0, bytes(8)), 0)


def test_too_few_sectors_are_refused():
    """Two spares and something to stand in."""
    with raises(StoreDamaged):
        Log(NorFlash(3), 1, no_seal)


def test_records_come_back_in_every_life_and_every_unit():
    """Five lives of seven records; mounting alone writes nothing."""
    for unit in (1, 8, 32, 256):
        flash = NorFlash(12, 2048, unit)
        expected = []
        for life in range(5):
            log = opened(flash)
            assert values(log) == expected
            for value in range(7):
                expected.append((put(log, 10 * life + value), 10 * life + value))
            assert values(log) == expected
            before = flash.operations
            assert values(opened(flash)) == expected
            assert flash.operations == before
        assert [number for number, _ in expected] == list(range(1, 36))


def test_the_first_write_after_a_cut_seals():
    """A new sector, the last record again, and nothing in the sector that was open when power went."""
    flash = NorFlash()
    log = opened(flash)
    for value in range(3):
        put(log, value)
    old = bytes(flash.data[:4096])
    log = opened(flash)
    assert log.make_room(64, nothing, COUNTERS) and not log.make_room(64, nothing, COUNTERS)
    assert (flash.erases, log.head) == (2, 1)
    put(log, 3)
    assert bytes(flash.data[:4096]) == old
    again = r.Record(flash.data[4096 + 48 : 4096 + 48 + r.LARGEST])
    assert again.check() and again.copy and again.number == 3
    assert values(opened(flash))[-1] == (4, 3)


def test_a_boot_loop_wears_nothing_out():
    """A hundred power-ups without a write."""
    flash = NorFlash()
    put(opened(flash), 1)
    before = flash.operations
    for _ in range(100):
        opened(flash)
    assert flash.operations == before


def test_nothing_is_appended_without_room_or_seal():
    """The caller says beforehand what it needs, so that an erase never comes as a surprise."""
    flash = NorFlash()
    log = opened(flash)
    with raises(StoreFull):
        log.append(s.WITHDRAWN, bytes(9))
    put(log, 1)
    log = opened(flash)
    with raises(StoreFull):
        log.append(s.WITHDRAWN, bytes(9))


def test_no_erase_while_an_answer_is_awaited():
    """Some chips stop interrupts for as long as an erase takes."""
    flash = NorFlash()
    log = opened(flash)
    put(log, 1)
    log.quiet = True
    before = flash.erases
    while log.room() >= 48:
        put(log, 2)
    with raises(StoreFull):
        put(log, 3)
    assert flash.erases == before
    log.quiet = False
    put(log, 3)
    assert flash.erases == before + 1


def test_the_ring_wraps_and_keeps_the_newest_window():
    """500 records over 5 small sectors: what is left is the newest, without a gap, and all sectors wear alike."""
    flash = NorFlash(5, 1024, 16)
    log = opened(flash)
    for value in range(500):
        assert put(log, value) == value + 1
    kept = [number for number, _ in values(log)]
    assert kept == list(range(kept[0], 501))
    assert 2 * 1024 // 48 - 4 <= len(kept) <= 3 * 1024 // 48
    assert values(opened(flash)) == values(log)
    assert max(log._erases) - min(log._erases) <= 1


def test_L4_number_and_counters_survive_in_the_headers():
    """Even when no record is left that would tell them."""
    flash = NorFlash(4, 1024, 16)
    log = opened(flash)
    for value in range(60):
        put(log, value)
    number = log.number
    for at in range(4096):
        if at % 1024 >= 48:
            flash.data[at] = 0  # every record is gone; one sector alone would be dropped as one that holds copies
    whole = NorFlash(4, 1024, 16)
    put(opened(whole), 0)
    start = log.head * 1024
    flash.data[start + 48 : start + 96] = whole.data[48:96]  # but for one, with a small number
    log = opened(flash)
    assert log.high_water() == COUNTERS
    assert number - 1024 // 48 <= log.number <= number


def test_a_torn_append_loses_only_what_was_not_acknowledged():
    """At every operation of five records and every reach; then life goes on and numbers rise."""
    for operation in range(1, 7):
        for reach in range(len(REACHES)):
            flash = NorFlash(5, 1024, 16)
            told = []
            flash.cut = (operation, reach)
            try:
                log = opened(flash)
                for value in range(6):
                    told.append((put(log, value), value))
            except PowerCut:
                pass
            flash.power_on()
            seen = []
            log = opened(flash, seen)
            there = values(log)
            assert there[: len(told)] == told, (operation, reach)
            assert len(there) <= len(told) + 1
            number = put(log, 99)
            assert number > max([0] + seen)
            assert values(opened(flash))[-1] == (number, 99)


def test_L5_a_cut_before_the_very_first_record_leaves_no_sector_of_the_same_sequence():
    """The header stood, the record did not: the next life begins in that sector again, and its records are found ever after."""
    for operation in (1, 2, 3):
        for reach in range(len(REACHES)):
            flash = NorFlash(5, 1024, 16)
            flash.cut = (operation, reach)
            try:
                put(opened(flash), 0)
            except PowerCut:
                pass
            flash.power_on()
            told = []
            for life in range(3):
                log = opened(flash)
                for value in (10 * life, 10 * life + 1):
                    told.append((put(log, value), value))
                assert values(opened(flash))[-len(told) :] == told, (operation, reach, life)


def test_a_damaged_record_hides_no_other():
    """Rot in any one record of a sector: all others are still told."""
    for unit in (1, 16):
        flash = NorFlash(5, 1024, unit)
        log = opened(flash)
        for value in range(8):
            put(log, value)
        whole = bytes(flash.data)
        addresses = [record.address for record in log.records()]
        for lost in range(8):
            for at in (0, 2, 9, 21, 33):
                flash.data[:] = whole
                flash.data[addresses[lost] + at] ^= 0x10
                kept = [number for number, _ in values(opened(flash))]
                assert kept == [number for number in range(1, 9) if number != lost + 1], (unit, lost, at)


def test_a_program_that_did_not_take_is_noticed():
    """Every record is read back, to its last byte; a worn chip is not believed."""
    for at in (0, 9, 13, 63, 64, 128, 200, 224):
        flash = NorFlash()
        log = opened(flash)
        put(log, 1)
        flash.data[log.head * 4096 + log.tail + at] = 0  # bits that will not stay ones
        with raises(StoreDamaged):
            log.append(s.WITHDRAWN, b"\xff" * 200)


def test_a_chip_of_another_format_is_refused():
    """Not read as if it were ours."""
    flash = NorFlash(5, 1024, 16)
    put(opened(flash), 1)
    other = NorFlash(5, 1024, 32)
    other.data[:] = flash.data
    with raises(StoreDamaged):
        opened(other)


def test_L5_a_compaction_that_was_cut_is_dropped_and_done_again():
    """A newest sector that holds only copies was being filled: what it copied still stands, however often power goes."""
    flash = NorFlash(5, 1024, 16)
    log = opened(flash)
    live = [put(log, 200), put(log, 201)]
    while log.sequence < 3 or log.room() >= 96:
        log.make_room(48, keeping(log, live), COUNTERS)
        put(log, 1)
    image = (bytes(flash.data), bytes(flash.used))
    for cuts in range(1, 6):
        for reach in range(len(REACHES)):
            flash.data[:], flash.used[:] = image
            flash.usable = [True] * 5
            for _ in range(3):  # power goes three times at the same place
                flash.cut = (cuts, reach)
                try:
                    log = opened(flash)
                    log.make_room(48, keeping(log, live), COUNTERS)
                    log.append(s.WITHDRAWN, bytes(9))
                except PowerCut:
                    pass
                flash.power_on()
            log = opened(flash)
            numbers = [record.number for record in log.records()]
            assert all(number in numbers for number in live), (cuts, reach, numbers)
            log.make_room(48, keeping(log, live), COUNTERS)
            log.append(s.WITHDRAWN, bytes(9))
            numbers = [record.number for record in opened(flash).records()]
            assert all(number in numbers for number in live), (cuts, reach, numbers)


LIVE = range(1, 31)  # as many records as fill one sector of 1024 bytes and half of the next


def dense():
    """(chip, log): sectors full of what must stay, and the next advance has to carry the first of them."""
    flash = NorFlash(8, 1024, 16)
    log = opened(flash)
    while log.sequence < 6 or log.room() >= 48:
        log.make_room(48, keeping(log, LIVE), COUNTERS)
        log.append(s.WITHDRAWN, bytes(9))
    return flash, log


def lost(flash):
    """Which of LIVE a power-up does not find."""
    there = [number for number, _ in values(opened(flash))]
    return [number for number in LIVE if number not in there]


def test_a_seal_finds_room_when_a_compaction_fills_the_new_sector():
    """The first write of a life does not fail because what must stay is much."""
    flash, _ = dense()
    log = opened(flash)
    log.make_room(48, keeping(log, LIVE), COUNTERS)
    number = log.append(s.WITHDRAWN, bytes(9))
    assert lost(flash) == [] and opened(flash).newest[0] == number


def test_L5_a_cut_in_a_row_of_compactions_loses_nothing():
    """Sectors full of what must stay follow one another: two are carried before there is room for one new record."""
    flash, _ = dense()
    image = (bytes(flash.data), bytes(flash.used))
    before = flash.operations
    log = opened(flash)
    log.make_room(48, keeping(log, LIVE), COUNTERS)
    count = flash.operations - before
    assert count > 31, "two sectors were opened and filled"
    for operation in range(1, count + 1):
        for reach in reaches(operation):
            cut_and_go_on(flash, image, operation, reach)


def cut_and_go_on(flash, image, operation, reach):
    """Power goes during the compactions, twice at the same place, and then they end."""
    flash.data[:], flash.used[:] = image
    flash.usable = [True] * 8
    for _ in range(2):
        flash.cut = (operation, reach)
        log = opened(flash)
        try:
            log.make_room(48, keeping(log, LIVE), COUNTERS)
        except PowerCut:
            pass
        flash.power_on()
        assert lost(flash) == [], (operation, reach)
    log = opened(flash)
    log.make_room(48, keeping(log, LIVE), COUNTERS)
    log.append(s.WITHDRAWN, bytes(9))
    assert lost(flash) == [], (operation, reach)


def test_L5_what_does_not_fit_is_refused_and_not_dropped():
    """Nothing is pushed out of the ring by a compaction that cannot end; the next life finds all of it."""
    flash = NorFlash(8, 1024, 16)
    log = opened(flash)
    many = range(1, 121)
    with raises(StoreFull):
        while log.sequence < 9:
            log.make_room(48, keeping(log, many), COUNTERS)
            log.append(s.WITHDRAWN, bytes(9))
    with raises(StoreFull):
        log.make_room(48, keeping(log, many), COUNTERS)
    there = [number for number, _ in values(opened(flash))]
    assert [number for number in range(1, max(there) + 1) if number not in there] == []
