"""Time, and everything that is due in it. One loop serves every terminal; there is no other thread in here.

A terminal runs until it asks to wait; then the world moves on to whatever comes next. On real time that means waiting for
it; on virtual time the clock jumps there, so that the same seed gives the same trace.
"""

from __future__ import annotations

import heapq
import queue
import random
import selectors
import socket
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.terminal import Terminal

START = datetime(2026, 11, 22, 10, 0, 0)


class World:
    """`real`: wait for what is due; otherwise jump to it. `seed` decides everything that is random."""

    def __init__(self, real: bool, seed: int = 1) -> None:
        self.real = real
        self.draw = random.Random(seed)
        self.terminals: list[Terminal] = []
        self.closing: list[Callable[[], Any]] = []
        self._virtual_ms = 0
        self._began = time.monotonic()
        self._date_began = datetime.now().replace(microsecond=0) if real else START
        self._timers: list[tuple[int, int, Callable[[], Any]]] = []
        self._armed = 0
        self._selector = selectors.DefaultSelector()
        self._calls: queue.SimpleQueue[Callable[[], Any]] = queue.SimpleQueue()
        self._bell, self._ringer = socket.socketpair()
        self._bell.setblocking(False)
        self.watch(self._bell, self._answer_bell)

    # ---- time

    @property
    def now_ms(self) -> int:
        """Milliseconds since this world began."""
        return int((time.monotonic() - self._began) * 1000) if self.real else self._virtual_ms

    @property
    def date(self) -> datetime:
        """The wall clock of this world."""
        return self._date_began + timedelta(milliseconds=self.now_ms)

    def at(self, delay_ms: float, action: Callable[[], Any]) -> None:
        """Do `action` after a while; ties in the order in which they were armed."""
        self._armed += 1
        heapq.heappush(self._timers, (self.now_ms + max(0, int(delay_ms)), self._armed, action))

    # ---- from outside (real time only)

    def watch(self, file: Any, action: Callable[[], Any]) -> None:
        """Call `action` whenever `file` can be read."""
        self._selector.register(file, selectors.EVENT_READ, action)

    def unwatch(self, file: Any) -> None:
        """Stop watching."""
        self._selector.unregister(file)

    def watch_connect(self, file: socket.socket, action: Callable[[], Any]) -> None:
        """Call `action` once a connect has ended."""
        self._selector.register(file, selectors.EVENT_WRITE, action)

    def call(self, action: Callable[[], Any]) -> None:
        """Have the loop do `action` soon. May be called from any thread."""
        self._calls.put(action)
        self._ringer.send(b"!")

    def _answer_bell(self) -> None:
        self._bell.recv(4096)
        while not self._calls.empty():
            self._calls.get()()

    # ---- the loop

    def run_until(self, reached: Callable[[], bool], limit_ms: int) -> bool:
        """Turn until `reached()`; False when `limit_ms` are over before."""
        deadline = self.now_ms + limit_ms
        while not self._settled(reached):
            if self.now_ms >= deadline:
                return False
            self.turn(deadline)
        return True

    def _settled(self, reached: Callable[[], bool]) -> bool:
        for terminal in self.terminals:
            terminal.serve()
        return reached()

    def run(self, ms: int) -> None:
        """Let `ms` pass."""
        self.run_until(lambda: False, ms)

    def turn(self, deadline: int) -> None:
        """Move on to what comes next, at most to `deadline`."""
        for terminal in self.terminals:
            terminal.serve()
        self._move_to(self._next_due(deadline))
        while self._timers and self._timers[0][0] <= self.now_ms:
            heapq.heappop(self._timers)[2]()
        for terminal in self.terminals:
            terminal.resume_if_due()

    def _next_due(self, deadline: int) -> int:
        due = [deadline] + [timer[0] for timer in self._timers[:1]]
        for terminal in self.terminals:
            wake = terminal.wakes_at()
            if wake is not None:
                due.append(wake)
        return min(due)

    def _move_to(self, due: int) -> None:
        if not self.real:
            self._virtual_ms = max(self._virtual_ms, due)
            return
        left = (due - self.now_ms) / 1000
        # Half a millisecond more than is left, or the loop would turn once in vain; at most an hour, which select can hold.
        for key, _ in self._selector.select(min(left + 0.0005, 3600) if left > 0 else 0):
            key.data()

    def close(self) -> None:
        """Switch everything off and free what it held; once more does nothing."""
        for terminal in self.terminals:
            terminal.power_off()
        while self.closing:
            self.closing.pop()()
        self._selector.close()
        self._bell.close()
        self._ringer.close()
