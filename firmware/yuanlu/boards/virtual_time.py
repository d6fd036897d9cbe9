"""Give the board the time: `idle(ms)` is its only wait, and its clock the only one (the emulator's boards).

On MicroPython two names of asyncio.core are replaced. Its C queue stamps what is ready with the real clock; keys of timers
lie 2^24 ms ahead of that, so the two never mix: ready tasks first, in order, then timers by time and order of arming. On 32-bit
words ticks wrap at 2^30 ms, so one life must end before half of that, six days; no device has this clock.
"""

from struct import pack, unpack_from

from yuanlu.boards import pipe_emulator as p
from yuanlu.compat import TimeoutError, sleep_ms, wait_for_ms

try:
    import asyncio.core as core
    from time import ticks_add, ticks_ms
except ImportError:
    core = None
    from yuanlu import loop

_AHEAD = 1 << 24
_LIVELOCK = 20_000


class Clock:
    """Milliseconds since power-up, and the date with its quality (1: trusted)."""

    def __init__(self, pipe):
        self.pipe = pipe

    def ticks_ms(self):
        return self.pipe.now

    def deadline(self, ms):
        return self.pipe.now + ms

    def diff_ms(self, later, earlier):
        return later - earlier

    def date(self):
        """(yyyymmdd, hhmmss, quality)"""
        return unpack_from("<IIB", self.pipe.ask(p.DATE), 0)

    def set(self, date, time):
        """Go on from there. A board whose clock cannot be set has no such method."""
        self.pipe.ask(p.SET_DATE, pack("<II", date, time))

    async def sleep_ms(self, ms):
        await sleep_ms(ms)

    async def wait(self, event, ms):
        """True once `event` is set, False after `ms` (negative: no limit)."""
        if ms < 0:
            return await event.wait()
        try:
            return await wait_for_ms(event.wait(), ms)
        except TimeoutError:
            return False


class _Idle:
    """Stands where asyncio keeps its poll object."""

    map = {0: 0}  # must be true: asyncio then asks us to wait even when no timer is armed

    def __init__(self, idle):
        self.idle = idle
        self.idle_turns = 0

    def wait_io_event(self, ms):
        if ms == 0:
            self.idle_turns += 1
            if self.idle_turns > _LIVELOCK:
                raise RuntimeError("livelock: tasks run on without a wait")
            return
        self.idle_turns = 0
        self.idle(ms)
        while ms < 0 and not core._task_queue.peek():  # pyright: ignore[reportAttributeAccessIssue]
            self.idle(ms)  # what happened concerns no task, and without a timer asyncio counts on one being ready


def drive(idle, now):
    """idle(ms) waits (ms < 0: until something happens) and brings events; now() gives ms since power-up."""
    if core is None:
        loop.loop.idle = lambda ms: _advance(idle, now, ms)
        return
    core.new_event_loop()
    core._io_queue = _Idle(idle)
    base = ticks_add(ticks_ms(), _AHEAD)
    core.ticks = lambda: ticks_add(base, now())


def _advance(idle, now, ms):
    idle(ms)
    loop.loop.now = now()
