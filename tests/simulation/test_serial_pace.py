"""The emulated serial line carries no more than 115 200 baud does, and no less."""

import random
from collections.abc import Callable
from functools import partial

from emulator.lines.serial import BAUD, Paced
from emulator.world import World

Deliver = Callable[[bytes], None]


class Truncated(Paced):
    """A line whose pieces of 32 bytes take the whole milliseconds of their 2.8: faster than it says."""

    def __init__(self, world: World, deliver: Deliver) -> None:
        super().__init__(world, deliver)
        self.free_at = 0

    def put(self, data: bytes) -> None:
        for start in range(0, len(data), 32):
            self.free_at = max(self.free_at, self.world.now_ms) + 2
            self.world.at(self.free_at - self.world.now_ms, partial(self.deliver, data[start : start + 32]))


def carried(line: Callable[[World, Deliver], Paced], pieces: list[tuple[int, int]]) -> tuple[list[tuple[int, int]], float]:
    """(ms, bytes so far) of each arrival, and when the last byte is due, exactly; pieces: (ms before it, its length)."""
    world = World(real=False)
    arrivals: list[tuple[int, int]] = []
    count, due = 0, 0.0
    try:
        paced = line(world, lambda data: arrivals.append((world.now_ms, (arrivals[-1][1] if arrivals else 0) + len(data))))
        for pause, length in pieces:
            world.run(pause)
            paced.put(bytes(length))
            count += length
            due = max(due, world.now_ms) + length * 10_000 / BAUD
        world.run_until(lambda: bool(arrivals) and arrivals[-1][1] == count, 60_000)
    finally:
        world.close()
    return arrivals, due


def test_a_second_holds_11520_bytes() -> None:
    for piece in (1, 10, 32, 96, 11_520):
        arrivals, _ = carried(Paced, [(0, piece)] * (11_520 // piece))
        assert arrivals[-1][0] == 1000
        assert all(count <= ms * BAUD / 10_000 for ms, count in arrivals)


def test_a_line_that_is_too_fast_is_found() -> None:
    arrivals, _ = carried(Truncated, [(0, 11_520)])
    assert arrivals[-1][0] == 720
    assert not all(count <= ms * BAUD / 10_000 for ms, count in arrivals)


def test_pauses_and_pieces_do_not_add_up_to_a_faster_or_slower_line() -> None:
    draw = random.Random(115_200)
    for _ in range(50):
        arrivals, due = carried(Paced, [(draw.choice((0, 0, 1, 7)), draw.randint(1, 300)) for _ in range(40)])
        assert due - 0.001 <= arrivals[-1][0] < due + 1.001


def test_what_is_on_the_line_when_power_goes_is_lost() -> None:
    world = World(real=False)
    heard: list[bytes] = []
    try:
        line = Paced(world, heard.append)
        line.put(bytes(320))
        world.run(10)
        line.clear()
        line.put(b"after")
        world.run(100)
    finally:
        world.close()
    assert heard == [bytes(32)] * 3 + [b"after"]
