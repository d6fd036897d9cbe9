"""New firmware over the line to a terminal: docs/service-protocol.md. The terminal keeps what came whole, so an upload goes on
after a pulled cable as after a power cut."""

from __future__ import annotations

import binascii
import json
import time
from collections.abc import Callable
from struct import pack
from typing import Any

from host_tools.yuanluctl import firmware
from host_tools.yuanluctl.bundles import Bundle
from host_tools.yuanluctl.live import LiveTerminal
from host_tools.yuanluctl.outcome import Trouble, perhaps_done
from host_tools.yuanluctl.service import Session
from yuanlu.wire import service as wire

PIECE = 768  # bytes: whole write units, and below what a frame holds
FRONT = 248  # manifest of one file, and its signature
CHECK_SECONDS = 90.0  # a signature, a hash over a slot and a journal mounted anew, on a small processor
AWAY_SECONDS = 60.0  # a restart
EXCHANGE_SECONDS = 120.0  # an exchange with the acquirer ends before
PAUSE_SECONDS = 0.5


class Upgrade:
    """Given a terminal on a line, whoever `progress` tells the bytes that are there, and how to wait for so many seconds."""

    def __init__(
        self,
        terminal: LiveTerminal,
        progress: Callable[[int], None] = lambda done: None,
        rest: Callable[[float], None] = time.sleep,
    ) -> None:
        self.terminal, self.progress, self.rest = terminal, progress, rest

    @property
    def session(self) -> Session:
        """Opened when it is first needed: somebody at the keypad agrees."""
        return self.terminal.open(wire.DIAG | wire.FIRMWARE)

    def info(self) -> dict[str, Any]:
        """What the terminal says of its firmware; Trouble."""
        told = self._read(self.session.command(wire.FIRMWARE_INFO), "firmware")
        numbers = ("least", "room", "sector", "slot", "trial", "version")
        kinds: dict[str, type] = dict.fromkeys(numbers, int) | {"board": str, "standing": str}
        if not isinstance(told, dict) or not all(isinstance(told.get(name), kind) for name, kind in kinds.items()):
            raise Trouble("protocol", self.terminal.name, "firmware")
        if told["sector"] < 1 or told["standing"] not in ("", "trial", "fallen"):
            raise Trouble("protocol", self.terminal.name, "firmware")
        return {str(name): value for name, value in told.items()}

    def fits(self, bundle: Bundle) -> None:
        """Trouble when the terminal would not take it, told before anything is brought."""
        board = self.info()["board"]
        if bundle.target != board:
            raise Trouble("wrong_board", self.terminal.name, board, bundle.target)
        if len(bundle.files) != 1:
            raise Trouble("bundle", bundle.target, f"{len(bundle.files)} files")
        self.session.command(wire.FIRMWARE_FITS, bundle.to_bytes()[:FRONT])

    def is_there(self, bundle: Bundle) -> bool:
        """It runs, in force or on trial; Trouble when something else runs under its version, or the factory's, of which there is
        no digest to compare."""
        told = self.info()
        if told["version"] != bundle.version:
            return False
        if told.get("digest") != bundle.digest.hex():
            raise Trouble("same_version", self.terminal.name, firmware.dotted(bundle.version))
        return True

    def bring(self, bundle: Bundle) -> int:
        """The whole file, from where an earlier try broke off; how many bytes went over the line. Trouble."""
        body = bundle.files[0][1]
        sector = int(self.info()["sector"])
        at = sent = max(0, self._same(body, sector) - 1) * sector  # the newest sector may have been torn: it goes again
        while at < len(body):
            piece = body[at : at + PIECE]
            self._calm(wire.FIRMWARE_BRING, pack("<I", at) + piece)
            at += len(piece)
            self.progress(at)
        return len(body) - sent

    def install(self, bundle: Bundle) -> None:
        """Have it checked and started on trial; Trouble when the terminal refuses it."""
        self._patient(wire.FIRMWARE_INSTALL, bundle.to_bytes()[:FRONT])
        self._restarted(lambda: self.session.command(wire.RESTART), bundle.version)

    def self_test(self) -> list[tuple[str, bool]]:
        """Step by step; Trouble."""
        told = self._read(self._patient(wire.SELF_TEST), "self-test")
        if not isinstance(told, list) or not all(isinstance(step, list) and len(step) == 2 for step in told):
            raise Trouble("protocol", self.terminal.name, "self-test")
        return [(str(name), passed is True) for name, passed in told]

    def confirm(self) -> None:
        """What is on trial is in force; Trouble."""
        with perhaps_done("hint.perhaps_firmware"):
            self._patient(wire.CONFIRM)

    def back(self) -> None:
        """What is on trial is not; the firmware before runs, or goes on running. Trouble."""
        with perhaps_done("hint.perhaps_firmware"):
            restarts = self.session.command(wire.BACK) == b"\1"
        if restarts:
            self._restarted(lambda: None, None)

    def _same(self, body: bytes, sector: int) -> int:
        """How many whole sectors of the file are there already."""
        low, high = 0, len(body) // sector
        while low < high:
            middle = (low + high + 1) // 2
            count = middle * sector
            told = self._patient(wire.FIRMWARE_HERE, pack("<I", count))
            if told == pack("<I", binascii.crc32(body[:count])):
                low = middle
            else:
                high = middle - 1
        return low

    def _restarted(self, ask: Callable[[], object], version: int | None) -> None:
        """Wait until the terminal is there again after what makes it start anew. version: that has to run then."""
        try:
            ask()
        except Trouble as trouble:
            if not trouble.retryable:
                raise  # otherwise it started anew before its answer was out
        self.terminal.forget()
        self.rest(2 * PAUSE_SECONDS)
        until = self.terminal.line.now() + AWAY_SECONDS
        while True:
            try:
                running = self.terminal.hello()[0].firmware.rstrip(b"\0").decode("ascii", "replace")
                break
            except Trouble as trouble:
                if not trouble.retryable or self.terminal.line.now() >= until:
                    raise
            self.rest(PAUSE_SECONDS)
        if version is not None and running != firmware.dotted(version):
            raise Trouble("went_back", self.terminal.name, running, firmware.dotted(version))

    def _calm(self, command: int, given: bytes) -> bytes:
        """A command that waits for the end of an exchange with the acquirer."""
        until = self.terminal.line.now() + EXCHANGE_SECONDS
        while True:
            try:
                return self.session.command(command, given)
            except Trouble as trouble:
                if trouble.about[1:] != ("exchange",) or self.terminal.line.now() >= until:
                    raise
            self.rest(PAUSE_SECONDS)

    def _read(self, answer: bytes, what: str) -> Any:
        try:
            return json.loads(answer)
        except (ValueError, RecursionError) as problem:
            raise Trouble("protocol", self.terminal.name, what) from problem

    def _patient(self, command: int, given: bytes = b"") -> bytes:
        """A command that takes its time."""
        session = self.session
        before, session.timeout = session.timeout, max(session.timeout, CHECK_SECONDS)
        try:
            return session.command(command, given)
        finally:
            session.timeout = before
