"""Hostile frames: a sample of what `make fuzz` does by the million, on both runtimes; and the limits one by one."""

import gc
import sys

from hostile import (
    KEYS,
    LONGEST,
    SHORTEST,
    TARGETS,
    Attack,
    check_message,
    escaped,
    framed,
    open_ended,
    read_answer,
    requests,
    unescaped,
)
from parts import Clock, Road, answer_to
from raises import raises
from yuanlu.errors import BadMessage, Silence
from yuanlu.link.channel import Channel
from yuanlu.wire import iso8583, serial

ON_DEVICE = sys.implementation.name == "micropython"
tracemalloc = None if ON_DEVICE else __import__("tracemalloc")
FRAMES = 150 if ON_DEVICE else 1000  # for each target
ROUND = 50 if ON_DEVICE else 100
FLAT = 512  # bytes that may lie about; one frame that is kept is more than that over the frames of a round


def in_use():
    """Bytes of memory in use."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0] if tracemalloc else gc.mem_alloc()


async def test_hostile_frames_give_the_named_error_or_what_they_say():
    """Each target, another seed for each runtime and word size; some of it is believed, most of it is not."""
    for target in TARGETS:
        attack = Attack(FRAMES + (sys.maxsize > 1 << 32))
        await attack.run(target, FRAMES)
        assert attack.tried >= FRAMES and 0 < attack.accepted < attack.inputs, (target, attack.tried, attack.accepted)


async def test_memory_stays_flat():
    """As much is in use after a round of frames as before."""
    if tracemalloc:
        tracemalloc.start()
    try:
        for target in TARGETS:
            attack = Attack(7)
            await attack.run(target, ROUND)
            attack.given = b""
            before = in_use()
            await attack.run(target, ROUND)
            attack.given = b""
            grown = in_use() - before
            assert grown <= FLAT, (target, grown)
    finally:
        if tracemalloc:
            tracemalloc.stop()


async def test_the_channel_takes_lengths_of_20_to_1024():
    """The shortest and the longest, and one past either. What is outside is garbage at once, by its second byte."""
    for length in (0, 1, 19, 20, 1024, 1025, 0x7FFF, 0xFFFF):
        seen = []
        channel = Channel([Road([length.to_bytes(2, "big"), bytes(length)])], Clock())
        await channel.open()
        with raises(Silence) as caught:
            await channel.exchange(b"request", lambda frame, seen=seen: seen.append(len(frame)), 100)
        channel.close()
        good = SHORTEST <= length <= LONGEST
        assert (caught.value.reason == "why.no_answer", seen) == (good, [length + 2] if good else []), length


def test_an_answer_outside_20_to_1024_is_refused():
    """Though its length is what it says."""
    for request in requests():
        for size in (0, 11, 19, 1025, 2000):
            with raises(BadMessage) as caught:
                read_answer(framed(bytes(size)), request)
            assert "length" in str(caught.value)


def test_a_response_code_is_two_of_0_to_9_and_a_to_z():
    """Field 39 an2; nothing that could look like another code on a slip is believed, right MAC or not."""
    for request in requests():
        for code in (b"00", b"05", b"A0", b"Z9", b" 0", b"0 ", b"a0", b"0~", b"-1", b"[[", b"@@", b"::", b"//"):
            answer = answer_to(request, code, KEYS.answer, f37=b"112210150700", f38=b"A1B2C3")
            good = code.decode() in ("00", "05", "A0", "Z9")
            try:
                found = read_answer(answer, request)
            except BadMessage as error:
                assert not good and "field 39" in str(error), (code, str(error))
            else:
                assert good and found[0] == code, code


def test_the_byte_after_an_escape_is_taken_whatever_it_is():
    """7D 7D is 5D, as docs/wire.md has it; the far end reads the same frame."""
    plain = bytes((1, 5, 0, 0, 0, 9, 0)) + b"]"
    plain += (serial.fcs16(plain) ^ 0xFFFF).to_bytes(2, "little")
    frames = serial.Deframer().feed(b"\x7e" + plain.replace(b"]", b"\x7d\x7d") + b"\x7e")
    assert [frame.body for frame in frames] == [b"]"]


def test_a_flood_without_a_flag_counts_no_further_than_the_buffer():
    """The count stays a small number for ever, and the next frame is taken."""
    deframer = serial.Deframer()
    for _ in range(3):
        assert deframer.feed(bytes(2000)) == []
        assert deframer.count <= serial.LARGEST + 1
    assert deframer.feed(b"\x7e") == [] and deframer.dropped == 1
    assert len(deframer.feed(serial.frame(1, 1, 0, 0))) == 1


def test_an_answer_to_an_upload_with_a_field_48_of_its_own_is_read():
    """Shorter than totals are, so it has no flag."""
    for request in requests():
        if request[13] == 3:
            answer = answer_to(request, key=KEYS.answer, f48=iso8583.decode(request[13:])[1][48])
            assert tuple(read_answer(answer, request)) == (b"00", 0)


def test_the_witness_itself():
    """What the attack reads by: escapes, also doubled and at an end; a message that is none."""
    assert unescaped(b"a\x7d\x5e\x7d\x5d\x7d\x7db") == b"a~}]b" and escaped(b"a~}") == b"a\x7d\x5e\x7d\x5d"
    assert [open_ended(line) for line in (b"", b"a", b"a\x7d", b"a\x7d\x7d", b"\x7d\x7d\x7d")] == [
        False,
        False,
        True,
        False,
        True,
    ]
    for request in requests():
        assert check_message(request[13:])
        with raises(BadMessage):
            check_message(request[12:])
