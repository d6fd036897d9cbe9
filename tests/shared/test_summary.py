"""What a SUMMARY carries after its fixed fields."""

from parts import intent_of, record_of
from yuanlu.refund import state as s
from yuanlu.store import summary


def test_a_tail_comes_back():
    """Filter, retired sectors, addresses with their mark."""
    for size in (4096, 16384, 131072):
        bits = bytes([at & 0xFF for at in range(summary.filter_length(size))])
        for retired in ([], [3], [65535, 0]):
            for addresses in ([], [24], [4096, 9999 | summary.ORIGINAL, 0x0FFFFFFF]):
                data = summary.tail(bits, retired, addresses)
                assert summary.split(data, size, len(retired)) == (bits, retired, addresses)


def test_the_length_of_a_filter():
    """3 S / 256, at most 256 bytes, as the format has it."""
    assert [summary.filter_length(size) for size in (4096, 8192, 16384, 65536, 131072)] == [48, 96, 192, 256, 256]


def test_as_many_addresses_as_there_is_room_for():
    """To the last byte of the largest tail."""
    for size, retired in ((4096, 0), (4096, 1), (65536, 2)):
        count = summary.room_for_addresses(size, 607, retired)
        length = len(summary.tail(bytes(summary.filter_length(size)), [0] * retired, [0] * count))
        assert length <= 607 < length + 4


def test_a_filter_holds_every_key_of_what_was_added():
    """Original of each record; trace, date, rrn and last four of what is done."""
    done = summary.Filter(4096)
    done.add(record_of(9, s.SALE, intent_of(7, amount=5, trace=77) + (b"112210150700", b"A1B2C3")))
    keys = [summary.key(b"o", 7), summary.key(b"t", 77), summary.key(b"d", 20261122), b"r112210150700", b"c4890"]
    assert all(summary.may_hold(done.bits, key) for key in keys)
    assert sum([bin(byte).count("1") for byte in done.bits]) <= 5
    opened = summary.Filter(4096)
    opened.add(record_of(9, s.INTENT, intent_of(9, 7)))
    assert summary.may_hold(opened.bits, keys[0])
    assert sum([bin(byte).count("1") for byte in opened.bits]) == 1


def test_what_belongs_to_no_transaction_sets_no_bit():
    """BOOT and SUMMARY; and a cleared filter holds nothing."""
    filtered = summary.Filter(4096)
    filtered.add(record_of(9, s.BOOT, (0, 0, 1, 2, 3)))
    assert bytes(filtered.bits) == bytes(48)
    filtered.add(record_of(9, s.INTENT, intent_of(9)))
    assert bytes(filtered.bits) != bytes(48)
    filtered.clear()
    assert bytes(filtered.bits) == bytes(48)
