"""The real lines and the real sockets around the bridges: `run` carries frames until a signal ends it."""

from __future__ import annotations

import errno
import queue
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn

import serial

from host_tools.yuanluctl import bridge as rules
from host_tools.yuanluctl.bridge import Action, CloseUpstream, Connect, Log, SendUpstream, WriteSerial
from host_tools.yuanluctl.outcome import Trouble

try:
    import termios

    OPEN_ERRORS: tuple[type[Exception], ...] = (ValueError, termios.error)
except ImportError:  # Windows
    OPEN_ERRORS = (ValueError,)

READ_SECONDS, WRITE_SECONDS, CONNECT_SECONDS = 0.2, 0.5, 5
REOPEN_MS, LONGEST_SLEEP_MS = 1000, 1000


def run(ports: Sequence[str], host: str, port_number: int, report: Callable[[str, Log], None]) -> NoReturn:
    """Bridge each of the serial ports to the acquirer, until a signal; Trouble if one cannot be opened at the start. report: is
    told of each port, from a thread of its own."""
    relays: list[_Relay] = []
    ends: queue.Queue[BaseException] = queue.Queue()
    try:
        for port in ports:
            relays.append(_Relay(port, (host, port_number), partial(report, port)))
            relays[-1].start(ends)
        while True:
            with suppress(queue.Empty):
                raise ends.get(timeout=LONGEST_SLEEP_MS / 1000)
    finally:
        for relay in relays:
            relay.stop()


class _Relay:
    """A line, at most one socket, a thread that reads each. Their events meet in a queue; only the worker runs the bridge."""

    def __init__(self, port: str, address: tuple[str, int], report: Callable[[Log], None]) -> None:
        self.port, self.address = port, address
        self.say = lambda event, text: report(rules.Log(event, text))
        self.events: queue.Queue[Callable[[int], list[Action]]] = queue.Queue(64)
        self.upstream: socket.socket | None = None
        self.connection = self.reopen_due = 0
        self.is_stopped = False
        self.bridge = rules.Bridge(_now())
        self.performers: dict[type, Callable[[Any], None]] = {
            rules.WriteSerial: self._write,
            rules.SendUpstream: self._send,
            rules.Log: report,
            rules.Connect: self._start_connecting,
            rules.CloseUpstream: self._close_upstream,
        }
        self.line: serial.Serial | None = None
        try:
            self._take_line(open_line(port))
        except OSError as problem:
            raise port_trouble(port, problem) from problem
        self.say("line-open", f"{port} is open; the acquirer is {address[0]}:{address[1]}")

    def start(self, ends: queue.Queue[BaseException]) -> None:
        """Carry on in a thread; what ends it but `stop`, such as that nobody reads its reports, is put in `ends`."""
        self.worker = threading.Thread(target=self._work, args=(ends,), daemon=True)
        self.worker.start()

    def stop(self) -> None:
        """Tell the terminal that nobody is on the line any more."""
        with suppress(queue.Full):
            self.events.put(self._stopped, timeout=READ_SECONDS)
            self.worker.join(2 * WRITE_SECONDS)

    def _stopped(self, now: int) -> list[Action]:
        self.is_stopped = True
        return self.bridge.stop(now)

    def _work(self, ends: queue.Queue[BaseException]) -> None:
        try:
            self._carry()
        except BaseException as problem:
            ends.put(problem)

    def _carry(self) -> None:
        while not self.is_stopped:
            self.perform(self.bridge.tick(_now()))
            if self.line is None and _now() >= self.reopen_due:
                self._reopen()
            wait = min(self.bridge.next_due() - _now(), LONGEST_SLEEP_MS)
            try:
                event = self.events.get(timeout=max(wait, 0) / 1000)
            except queue.Empty:
                continue
            self.perform(event(_now()))

    def perform(self, actions: list[Action]) -> None:
        """Do what the bridge asks for, in its order."""
        for action in actions:
            self.performers[type(action)](action)

    def _take_line(self, line: serial.Serial) -> None:
        self.line = line
        self.reader = threading.Thread(target=self._read_line, args=(line,), daemon=True)
        self.reader.start()

    def _read_line(self, line: serial.Serial) -> None:
        try:
            while self.line is line:
                if data := line.read(line.in_waiting or 1):
                    self.events.put(partial(self.bridge.serial_received, data=data))
        except OSError as problem:
            self.events.put(partial(self._lose_line, line=line, problem=problem))

    def _write(self, action: WriteSerial) -> None:
        line = self.line
        try:
            if line is not None:  # with the cable out the bytes are lost; what matters is sent again
                line.write(action.data)
        except serial.SerialTimeoutException:
            pass  # nobody reads at the other end
        except OSError as problem:
            self._lose_line(_now(), line, problem)

    def _lose_line(self, now: int, line: serial.Serial | None, problem: OSError) -> list[Action]:
        if line is not None and line is self.line:
            self.line, self.reopen_due = None, now + REOPEN_MS
            self.reader.join(2 * READ_SECONDS)  # a port must not be closed under its reader
            line.close()
            self.say("line-lost", f"{self.port} is gone ({_one_line(problem)}). Plug the cable in again; trying every second.")
        return []

    def _reopen(self) -> None:
        try:
            self._take_line(open_line(self.port))
        except OSError:
            self.reopen_due = _now() + REOPEN_MS
        else:
            self.say("line-back", f"{self.port} is back")

    def _start_connecting(self, action: Connect) -> None:
        self.connection = action.connection
        threading.Thread(target=self._connect, args=(action.connection,), daemon=True).start()
        # A name server, or several addresses, can take longer than the timeout of one attempt.
        failed = partial(self.bridge.upstream_failed, connection=action.connection, reason=f"no answer in {CONNECT_SECONDS} s")
        timer = threading.Timer(CONNECT_SECONDS, self.events.put, (failed,))
        timer.daemon = True
        timer.start()

    def _connect(self, connection: int) -> None:
        try:
            upstream = socket.create_connection(self.address, CONNECT_SECONDS)
        except (OSError, UnicodeError) as problem:  # UnicodeError: no host can have such a name
            self.events.put(partial(self.bridge.upstream_failed, connection=connection, reason=_one_line(problem)))
            return
        upstream.settimeout(None)
        self.events.put(partial(self._connected, connection=connection, upstream=upstream))
        with suppress(OSError):
            while data := upstream.recv(4096):
                self.events.put(partial(self.bridge.upstream_received, connection=connection, data=data))
        self.events.put(partial(self.bridge.upstream_closed, connection=connection))

    def _connected(self, now: int, connection: int, upstream: socket.socket) -> list[Action]:
        if connection != self.connection:
            upstream.close()  # given up in the meantime
            return []
        self.upstream = upstream
        return self.bridge.upstream_connected(now, connection)

    def _send(self, action: SendUpstream) -> None:
        assert self.upstream is not None
        with suppress(OSError):  # its reader reports a broken connection
            self.upstream.sendall(action.data)

    def _close_upstream(self, _: CloseUpstream) -> None:
        if self.upstream is not None:
            with suppress(OSError):
                self.upstream.shutdown(socket.SHUT_RDWR)  # wakes its reader
            self.upstream.close()
        self.upstream, self.connection = None, 0


def open_line(port: str) -> serial.Serial:
    """Open the line at 115 200 baud, 8N1, for this program alone; OSError for every reason that it cannot be opened."""
    # rfc2217:// refuses a write timeout, all others would wait without end for a reader.
    write_timeout = None if port.startswith("rfc2217:") else WRITE_SECONDS
    try:
        return serial.serial_for_url(port, 115_200, timeout=READ_SECONDS, write_timeout=write_timeout, exclusive=True)
    except OPEN_ERRORS as problem:
        raise OSError(*problem.args) from problem


def port_trouble(port: str, problem: OSError) -> Trouble:
    """There is no such port, or it is busy or not permitted."""
    missing = problem.errno in (None, errno.ENOENT, errno.ECONNREFUSED)
    return Trouble("no_port" if missing else "port", port, port_advice(port, problem))


def port_advice(port: str, problem: OSError) -> str:
    """What to tell a person whose port cannot be opened."""
    if problem.errno == errno.ENOENT:
        return f"there is no {port}. Plug the cable in; `python -m serial.tools.list_ports` lists what is there."
    if problem.errno in (errno.EACCES, errno.EPERM):
        return f"no permission for {port}. Run `sudo usermod -aG dialout $USER`, then log out and in again."
    if problem.errno in (errno.EBUSY, errno.EAGAIN):
        return f"{port} is busy. Close the other program that uses it: a bridge, a serial monitor, mpremote."
    return f"{port} cannot be opened ({_one_line(problem)}). Check its name and the cable."


def _one_line(problem: Exception) -> str:
    return " ".join(str(getattr(problem, "strerror", None) or problem).split())


def _now() -> int:
    return time.monotonic_ns() // 1_000_000
