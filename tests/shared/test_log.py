"""The ring of sectors: appended to, mounted, wrapped and damaged. What it means is the journal's; here records are counted."""

from parts import MisusedFlash, NorFlash, PowerCut
from raises import raises
from ring import NOTE, Business, fill, opened, put, values
from yuanlu import record as r
from yuanlu.crypto.seal import Seal
from yuanlu.errors import StoreDamaged, StoreFull
from yuanlu.refund import state as s
from yuanlu.store import history, mount
from yuanlu.store.chip import BadSector
from yuanlu.store.log import Log


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
        log, business = opened(flash)
        assert (business.applied, business.trouble, log.number, log.newest) == (0, [], 1, (0, bytes(8)))
        assert flash.operations == 0 and values(log) == []


def test_too_few_sectors_are_refused():
    """Two spares and a window; large sectors need one less."""
    flash = NorFlash(3)
    with raises(StoreDamaged):
        Log(flash, 1, Seal(flash.vault))


def test_three_sectors_are_enough_where_they_are_large():
    """64 KiB: a window of one, carried from sector to sector."""
    flash = NorFlash(3, 65536, 256)
    log, business = opened(flash, wanted=(2,))
    told = put(log, business, 7)
    for _ in range(4):
        log.open_next(business)
        put(log, business, 1)
    log, business = opened(flash, wanted=(2,))
    assert (told, log.window, log.sequence) == (2, 1, 5)
    record = log.chip.read(business.places[2])
    assert (record.number, record.body().operator, record.copy) == (2, 7, True)


def test_records_come_back_in_every_life_and_every_unit():
    """Five lives of four records; mounting alone writes nothing."""
    for unit in (1, 4, 8, 32, 256):
        flash = NorFlash(10, 2048, unit)
        expected = []
        for life in range(5):
            log, business = opened(flash)
            assert values(log) == expected and not business.trouble
            for value in range(4):
                expected.append((put(log, business, 10 * life + value), 10 * life + value))
            before = flash.operations
            assert values(opened(flash)[0]) == values(log) == expected
            assert flash.operations == before
        numbers = [number for number, _ in expected]
        assert numbers == sorted(set(numbers)), "in order"


def test_the_first_write_after_a_cut_opens_a_sector():
    """The last record again, as a copy, and nothing in the sector that was open when power went."""
    flash = NorFlash()
    log, business = opened(flash)
    for value in range(3):
        put(log, business, value)
    old = bytes(flash.data[:4096])
    log, business = opened(flash)
    assert put(log, business, 3) == log.newest[0]
    assert bytes(flash.data[:4096]) == old
    records = [(record.number, record.type, record.copy) for record in log.chip.records(1)]
    assert records == [(4, s.WITHDRAWN, True), (5, s.SUMMARY, False), (6, s.WITHDRAWN, False)]
    assert values(opened(flash)[0])[-1] == (6, 3)


def test_a_summary_closes_the_sector_before_it():
    """Where its records end, and where its own SUMMARY begins."""
    flash = NorFlash(5, 4096, 16)
    log, business = opened(flash)
    fill(log, business, 1)
    end, before = log.used(), log.summary_at
    put(log, business)
    body = log.chip.read(log.head * 4096 + log.summary_at).body()
    assert (body.used, body.before) == (end, before)
    assert history.used(log, 1) == end and history.used(log, 2) == log.used()


def test_a_boot_loop_wears_nothing_out():
    """A hundred power-ups without a write, neither to the chip nor to the vault."""
    flash = NorFlash()
    put(*opened(flash))
    before, places = flash.operations, dict(flash.vault.places)
    for _ in range(100):
        opened(flash)
    assert (flash.operations, flash.vault.places) == (before, places)


def test_nothing_is_appended_without_room_or_seal():
    """The caller says beforehand what it needs, so that an erase never comes as a surprise."""
    flash = NorFlash()
    log, business = opened(flash)
    with raises(StoreFull):
        log.append(s.WITHDRAWN, bytes(9))
    put(log, business)
    fill(log, business, 1)
    with raises(StoreFull):
        log.append(s.WITHDRAWN, bytes(NOTE))
    log, business = opened(flash)
    with raises(StoreFull):
        log.append(s.WITHDRAWN, bytes(9))


def test_no_erase_while_an_answer_is_awaited():
    """Some chips stop interrupts for as long as an erase takes: not to open a sector, not ahead."""
    flash = NorFlash()
    log, business = opened(flash)
    put(log, business)
    log.quiet = True
    fill(log, business, 1)
    before = flash.erases
    with raises(StoreFull):
        put(log, business)
    log.erase_ahead()
    assert flash.erases == before
    log.quiet = False
    put(log, business)
    assert flash.erases == before + 1


def test_an_erase_ahead_is_not_done_again():
    """Opening the sector takes no erase then; nothing that counts is erased, and a cut after it costs nothing."""
    flash = NorFlash(5, 4096, 16)
    log, business = opened(flash, wanted=(2, 3))
    told = fill(log, business, 7)
    there = values(log)
    before = flash.erases
    for _ in range(3):
        log.erase_ahead()
    assert flash.erases == before + 1
    assert values(log) == there == values(opened(flash)[0])
    told.append((put(log, business, 9), 9))
    assert flash.erases == before + 1
    assert values(opened(flash)[0])[-1] == told[-1]
    log, business = opened(flash)
    log.erase_ahead()
    assert flash.erases == before + 1, "what was open at a cut is not gone on with"


def test_the_ring_wraps_and_keeps_the_newest_window():
    """What is left is the newest, without a gap but for SUMMARYs, and all sectors wear alike."""
    flash = NorFlash(5, 4096, 16)
    log, business = opened(flash)
    told = fill(log, business, 9)
    there = values(log)
    assert there == told[-len(there) :] == values(opened(flash)[0])
    assert len(told) // 9 * log.window - 3 <= len(there) <= (4096 // r.size(NOTE, 16)) * log.window
    erases = [log.chip.header(sector)[1] for sector in range(5)]
    assert max(erases) - min(erases) <= 1


def test_the_window_leaves_two_sectors_and_more_on_a_large_chip():
    """n - 2 - n / 16, so that one can wear out, and another for each sixteen."""
    for sectors, window in ((4, 2), (5, 3), (15, 13), (16, 13), (32, 28)):
        flash = NorFlash(sectors, 1024, 256)
        log = Log(flash, 1, Seal(flash.vault))
        assert log.window == window
        log.sequence = 100
        assert log.oldest() == 100 - window + 1


def test_L5_what_is_wanted_outlives_any_number_of_wraps():
    """Each time as it was; in every life its place is known."""
    flash = NorFlash(5, 4096, 16)
    log, business = opened(flash, wanted=(2, 5, 9))
    fill(log, business, 3)
    for sequence in range(5, 25, 4):
        fill(log, business, sequence)
        log, business = opened(flash, wanted=(2, 5, 9))
        assert not business.trouble
        for number in (2, 5, 9):
            record = log.chip.read(business.places[number])
            assert (record.number, record.body().operator) == (number, number - 2), sequence


def test_a_damaged_record_hides_no_other():
    """Rot in any one record of a sector: all others are still told, and the loss is reported."""
    for unit in (1, 16):
        flash = NorFlash(5, 4096, unit)
        log, business = opened(flash)
        for value in range(8):
            put(log, business, value)
        whole = bytes(flash.data)
        addresses = [record.address for record in log.chip.records(0)]
        for lost in range(1, 9):
            for at in (0, 2, 9, 21, 33):
                flash.data[:] = whole
                flash.data[addresses[lost] + at] ^= 0x10
                log, business = opened(flash)
                assert [number for number, _ in values(log)] == [n for n in range(2, 10) if n != lost + 1], (unit, lost, at)
                assert len(business.trouble) == 1 and (log.unsure == log.number or lost == 8)


def test_a_record_cut_out_by_hand_is_missed():
    """No byte is unreadable, but the numbers make a step: reported, and what it concerns is unsure."""
    flash = NorFlash(5, 4096, 16)
    log, business = opened(flash)
    for value in range(6):
        if value == 3:
            log.number += 1
        put(log, business, value)
    log, business = opened(flash)
    assert len(business.trouble) == 1 and "stands where" in business.trouble[0] and log.unsure


def test_a_program_that_did_not_take_is_noticed():
    """Every record is read back, to its last byte; the sector is given up, and the record goes to another."""
    for at in (0, 9, 13, 63, 64, 128, 140):
        flash = NorFlash()
        log, business = opened(flash)
        put(log, business, 1)
        flash.data[log.tail + at] = 0  # bits that will not stay ones
        worn = log.head
        with raises(BadSector) as caught:
            log.append(s.WITHDRAWN, b"\xff" * NOTE)
        assert "did not keep" in str(caught.value)
        log.retire_head(business)
        assert log.retired == [worn] and log.head != worn
        put(log, business, 2)
        log, business = opened(flash)
        assert [value for _, value in values(log)] == [1, 2] and log.retired == [worn]


def test_a_chip_of_another_format_is_refused():
    """Not read as if it were ours; nor is a journal of another terminal."""
    flash = NorFlash(5, 4096, 16)
    put(*opened(flash))
    other = NorFlash(5, 4096, 32)
    other.data[:] = flash.data
    with raises(StoreDamaged):
        opened(other)
    with raises(StoreDamaged):
        mount.mount(Log(flash, 2, Seal(flash.vault)), Business())
