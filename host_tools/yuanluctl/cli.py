"""The command `yuanluctl`: its verbs, and the real line and socket around the bridge.

Chatter goes to stderr, data to stdout. Exit codes: 0 stopped by SIGTERM, 2 wrong use, 3 no serial port, 130 Ctrl-C.
"""

from __future__ import annotations

import json
import queue
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import rich_click as click
import serial

from host_tools.yuanluctl.port import READ_SECONDS, one_line, open_line, port_advice

if TYPE_CHECKING:  # loaded where it is used, so that --help is quick
    from host_tools.yuanluctl.bridge import Action, CloseUpstream, Connect, Log, SendUpstream, WriteSerial

CONNECT_SECONDS = 5
REOPEN_MS, LONGEST_SLEEP_MS = 1000, 1000
EXIT_USAGE, EXIT_PORT, EXIT_INTERRUPTED = 2, 3, 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="yuanlu")
def yuanluctl() -> None:
    """Work with yuanlu terminals from this computer."""


@yuanluctl.command()
@click.option("--port", required=True, metavar="DEVICE", help="The terminal's line: /dev/ttyUSB0, COM5, socket://HOST:PORT.")
@click.option("--to", "target", required=True, metavar="HOST:PORT", help="The acquirer: 192.0.2.7:8583, [2001:db8::7]:8583.")
@click.option("--json", "as_json", is_flag=True, help="Events on stdout, one JSON object a line.")
def bridge(port: str, target: str, as_json: bool) -> None:
    """Give a terminal without network a way to its acquirer, over the serial cable. Runs until Ctrl-C."""
    host, port_number = _split_target(target)
    signal.signal(signal.SIGTERM, lambda *_: _end(0))
    try:
        run(port, host, port_number, _print_json if as_json else _print_text)
    except PortError as problem:
        _end(EXIT_PORT, str(problem))
    except KeyboardInterrupt:
        _end(EXIT_INTERRUPTED)


def main() -> None:
    """Run the command line of this process."""
    yuanluctl(prog_name="yuanluctl")


def run(port: str, host: str, port_number: int, report: Callable[[Log], None]) -> NoReturn:
    """Bridge the serial `port` to the acquirer until a signal; PortError if it cannot be opened at the start."""
    relay = _Relay(port, (host, port_number), report)
    try:
        relay.work()
    finally:
        relay.perform(relay.bridge.stop(_now()))


class PortError(Exception):
    """The serial port cannot be opened; the message says why and what to do."""


class _Relay:
    """A line, at most one socket, a thread that reads each. Their events meet in a queue; only `work` runs the bridge."""

    def __init__(self, port: str, address: tuple[str, int], report: Callable[[Log], None]) -> None:
        from host_tools.yuanluctl import bridge as rules  # only here: --help is quick without it

        self.port, self.address = port, address
        self.say = lambda event, text: report(rules.Log(event, text))
        self.events: queue.Queue[Callable[[int], list[Action]]] = queue.Queue(64)
        self.upstream: socket.socket | None = None
        self.connection = self.reopen_due = 0
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
            raise PortError(port_advice(port, problem)) from problem
        self.say("line-open", f"{port} is open; the acquirer is {address[0]}:{address[1]}")

    def work(self) -> NoReturn:
        """Carry on until an exception, such as that of a signal, ends it."""
        while True:
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
            self.say("line-lost", f"{self.port} is gone ({one_line(problem)}). Plug the cable in again; trying every second.")
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
            self.events.put(partial(self.bridge.upstream_failed, connection=connection, reason=one_line(problem)))
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


def _split_target(target: str) -> tuple[str, int]:
    host, _, port_number = target.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port_number.isascii() or not port_number.isdigit() or not 0 < int(port_number) < 65536:
        _end(EXIT_USAGE, f"--to {target} is not HOST:PORT. Write it like --to 192.0.2.7:8583")
    return host, int(port_number)


def _print_text(log: Log) -> None:
    session = f"session {log.session:08x}: " if log.session else ""
    click.echo(f"{datetime.now():%H:%M:%S} {session}{log.text}", err=True)


def _print_json(log: Log) -> None:
    session = f"{log.session:08x}" if log.session else None
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    click.echo(json.dumps({"time": now, "event": log.event, "session": session, "text": log.text}))


def _end(code: int, problem: str = "") -> NoReturn:
    if problem:
        click.echo(f"yuanluctl: {problem}", err=True)
    raise SystemExit(code)


def _now() -> int:
    return time.monotonic_ns() // 1_000_000
