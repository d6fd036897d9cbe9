"""CPython's stand-in for the device's asyncio: the same order rule, on virtual time. Never shipped.

Ready tasks run first, in the order in which they became ready; then timers by (time, order of arming). CPython's own
asyncio orders ties otherwise, and two schedulers that must agree are a free check of each other.
"""

import heapq
from collections import deque


class CancelledError(BaseException):
    """Thrown into a task by `cancel`."""


class TimeoutError(Exception):
    """`wait_for_ms` gave up."""


class Loop:
    """Time in ms. `idle(ms)` is called when nothing is ready (ms < 0: no timer); it must advance `now`."""

    def __init__(self):
        self.now = 0
        self.ready = deque()
        self.timers = []
        self.armed = 0
        self.unfinished = []  # tasks, in the order in which they were created
        self.current: Task | None = None
        self.idle = self._advance

    def _advance(self, ms):
        if ms < 0:
            raise RuntimeError("deadlock: every task waits and no timer is armed")
        self.now += ms

    def turn(self):
        """Run one ready task, or idle until the next timer."""
        while self.timers and (self.timers[0][0] <= self.now or not self._counts(*self.timers[0][2:])):
            self.ready.append(heapq.heappop(self.timers)[2:])
        if not self.ready:
            self.idle(self.timers[0][0] - self.now if self.timers else -1)
            return
        task, stamp = self.ready.popleft()
        if self._counts(task, stamp):
            task.step()

    def drop(self):
        """Power went: close every task now, not whenever its garbage is collected."""
        for task in self.unfinished:
            try:
                task.coroutine.close()
            except BaseException:  # what a task does on its way out no longer matters to anybody
                continue

    def _counts(self, task, stamp):
        """False for an entry that a later wake-up or a cancel has overtaken."""
        return stamp == task.stamp and not task.finished


loop = Loop()


class _Park:
    """Awaited to give up the processor until somebody readies the task."""

    def __await__(self):
        yield

    __iter__ = __await__


class Task:
    """A coroutine on its way. `stamp` grows whenever it is readied or cancelled, so that stale entries are ignored."""

    def __init__(self, coroutine):
        self.coroutine = coroutine
        self.stamp = 0
        self.finished = False
        self.result = None
        self.error = None
        self.waiters = Event()
        self.thrown = None
        loop.unfinished.append(self)
        self.make_ready()

    def make_ready(self):
        self.stamp += 1
        loop.ready.append((self, self.stamp))

    def wake_at(self, when):
        self.stamp += 1
        loop.armed += 1
        heapq.heappush(loop.timers, (when, loop.armed, self, self.stamp))

    def cancel(self):
        """Throw CancelledError into the task at its next turn."""
        if self.finished or self is loop.current:
            return False
        self.thrown = CancelledError()
        self.make_ready()
        return True

    def done(self):
        return self.finished

    def step(self):
        loop.current, before = self, loop.current
        thrown, self.thrown = self.thrown, None
        try:
            if thrown is None:
                self.coroutine.send(None)
            else:
                self.coroutine.throw(thrown)
        except StopIteration as stop:
            self.finish(stop.value, None)
        except (Exception, CancelledError) as error:
            self.finish(None, error)
        finally:
            loop.current = before

    def finish(self, result, error):
        self.finished, self.result, self.error = True, result, error
        if self in loop.unfinished:
            loop.unfinished.remove(self)
        self.waiters.set()

    def __await__(self):
        if not self.finished:
            yield from self.waiters.wait().__await__()
        if self.error is not None:
            raise self.error
        return self.result

    __iter__ = __await__


class Event:
    """As on the device: `set` readies every waiter in order, `clear` arms it again."""

    def __init__(self):
        self.state = False
        self.waiting = []

    def is_set(self):
        return self.state

    def set(self):
        self.state = True
        waiting, self.waiting = self.waiting, []
        for task in waiting:
            task.make_ready()

    def clear(self):
        self.state = False

    async def wait(self):
        if not self.state:
            self.waiting.append(loop.current)
            try:
                await _Park()
            except CancelledError:
                if loop.current in self.waiting:
                    self.waiting.remove(loop.current)
                raise
        return True


class Lock:
    """Held by one task at a time; waiters get it in order."""

    def __init__(self):
        self.held = False
        self.free = Event()

    async def __aenter__(self):
        while self.held:
            self.free.clear()
            await self.free.wait()
        self.held = True

    async def __aexit__(self, *_):
        self.held = False
        self.free.set()


def create_task(coroutine):
    """Start a coroutine; it first runs at the next turn."""
    return Task(coroutine)


async def sleep_ms(ms):
    """Wait `ms` of virtual time."""
    assert loop.current, "only a task can sleep"
    loop.current.wake_at(loop.now + max(0, ms))
    await _Park()


async def wait_for_ms(awaitable, ms):
    """The awaitable's result, or TimeoutError after `ms`; the awaitable is cancelled then."""
    runner = Task(awaitable)
    timer = Task(_cancel_after(runner, ms))
    try:
        result = await runner
    except CancelledError:
        if timer.finished:
            raise TimeoutError() from None
        runner.cancel()
        raise
    finally:
        timer.cancel()
    return result


async def _cancel_after(task, ms):
    await sleep_ms(ms)
    task.cancel()


def run(coroutine):
    """Run to the end on a fresh loop and return the result."""
    fresh = Loop()
    loop.__dict__.update(fresh.__dict__)
    loop.idle = loop._advance
    task = Task(coroutine)
    while not task.finished:
        loop.turn()
    if task.error is not None:
        raise task.error
    return task.result
