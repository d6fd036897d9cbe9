"""One sector: reading it with what is unreadable counted, and writing with a read-back."""

from parts import NorFlash, no_seal
from raises import raises
from yuanlu import record as r
from yuanlu.errors import StoreDamaged
from yuanlu.refund import state as s
from yuanlu.store import header
from yuanlu.store.chip import BadSector, Chip


def written(unit=16, count=4):
    """(chip, addresses): a sector with so many records."""
    flash = NorFlash(4, 4096, unit)
    chip = Chip(flash)
    chip.write_header(0, 1, 1, 1)
    address, addresses = chip.first(0), []
    for number in range(1, count + 1):
        addresses.append(address)
        chip.record.fill(s.WITHDRAWN, number, 1, r.encode(s.WITHDRAWN, (1, 1, number)), no_seal)
        address = chip.write(address)
    return chip, addresses, address


def numbers(chip, used=0):
    """Of the records of the first sector."""
    return [record.number for record in chip.records(0, used)]


def test_a_header_comes_back():
    """In every unit; a blank sector has none."""
    for unit in (1, 4, 8, 16, 32, 256):
        chip = Chip(NorFlash(4, 4096, unit))
        chip.write_header(2, 7, 3, 99)
        assert chip.header(2) == (7, 3, 99) and chip.header(1) is None
        assert chip.first(2) == 8192 + header.size(unit)


def test_every_flipped_bit_of_a_header_is_found():
    """None of them is another sequence."""
    chip = Chip(NorFlash(4, 4096, 16))
    chip.write_header(0, 7, 3, 99)
    for bit in range(8 * header.LENGTH):
        chip.flash.data[bit >> 3] ^= 1 << (bit & 7)
        assert chip.header(0) is None, bit
        chip.flash.data[bit >> 3] ^= 1 << (bit & 7)


def test_a_header_of_another_unit_is_refused():
    """It is whole: another firmware wrote it."""
    chip = Chip(NorFlash(4, 4096, 16))
    chip.write_header(0, 7, 3, 99)
    other = NorFlash(4, 4096, 32)
    other.data[:] = chip.flash.data
    with raises(StoreDamaged):
        Chip(other).header(0)


def test_records_end_where_all_the_rest_is_blank():
    """With the place after the last one, and no damage."""
    for unit in (1, 8, 256):
        chip, _, end = written(unit)
        assert numbers(chip) == [1, 2, 3, 4]
        assert (chip.end, chip.damage, chip.unreadable(0)) == (end, 0, 0)


def test_a_torn_end_is_counted_and_is_no_damage():
    """As many bytes as stand there, also when only the last of them do."""
    for length, start in ((1, 0), (50, 0), (7, 40), (1, 300)):
        chip, _, end = written()
        for at in range(end + start, end + start + length):
            chip.flash.data[at] = 0x5A
        assert numbers(chip) == [1, 2, 3, 4]
        assert (chip.end, chip.damage, chip.unreadable(0)) == (end, 0, start + length)


def test_what_is_unreadable_before_a_record_is_damage():
    """Rot, noise, zeros, and a hole that reads as blank."""
    for filling in (0x00, 0x5A, 0xFF):
        chip, addresses, end = written()
        for at in range(addresses[1], addresses[3]):
            chip.flash.data[at] = filling
        assert numbers(chip) == [1, 4]
        assert (chip.end, chip.damage) == (end, addresses[3] - addresses[1]), filling


def test_in_a_closed_sector_all_bytes_are_accounted_for():
    """What is unreadable at its end is damage, and what stands behind its end is nothing."""
    chip, addresses, end = written()
    assert numbers(chip, end) == [1, 2, 3, 4] and chip.damage == 0
    assert numbers(chip, addresses[3]) == [1, 2, 3] and chip.damage == 0
    chip.flash.data[addresses[3] + 14] ^= 1
    assert numbers(chip, end) == [1, 2, 3] and chip.damage == end - addresses[3]


def test_a_record_does_not_reach_over_the_end():
    """Of its sector, or of what the sector holds."""
    chip, addresses, end = written()
    assert chip.read(addresses[3], end).number == 4
    assert chip.read(addresses[3], end - 16) is None


def test_a_sector_that_stays_full_is_no_erased_one():
    """Its erase ends without an error and without effect, in one byte or in all."""

    class Lame(NorFlash):
        """Erases all but the bytes `kept`."""

        kept = []

        def erase(self, sector):
            super().erase(sector)
            for at in self.kept:
                self.data[at] = 0xFE

    for kept in ([4096], [8191], [6000, 6001]):
        flash = Lame(4, 4096, 16)
        chip = Chip(flash)
        chip.erase(1)
        flash.kept = kept  # pyright: ignore[reportAttributeAccessIssue]
        with raises(BadSector):
            chip.erase(1)


def test_an_error_of_the_driver_is_a_bad_sector():
    """Of an erase and of a program."""

    class Dead(NorFlash):
        """Answers with errors."""

        def program(self, address, data):
            raise OSError(5)

        def erase(self, sector):
            raise OSError(5)

    chip = Chip(Dead(4, 4096, 16))
    with raises(BadSector):
        chip.erase(0)
    with raises(BadSector):
        chip.write_header(0, 1, 1, 1)
