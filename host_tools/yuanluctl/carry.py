"""Signed files over the line to a terminal: docs/service-protocol.md. See settings.Transport."""

from __future__ import annotations

import binascii
from collections.abc import Callable

from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.service import Session
from yuanlu.wire import service as wire

PIECE = 960  # bytes: with its offset below what a frame holds
LARGEST = 8192 + 512  # bytes of settings with their signature
_HEAD = 4


class Carrier:
    """progress(done, total) in bytes."""

    def __init__(self, session: Session, progress: Callable[[int, int], None] = lambda done, total: None) -> None:
        self.session, self.progress = session, progress

    def settings(self) -> bytes:
        """The bundle that is newest there; Trouble."""
        content, total = b"", 1
        while len(content) < total:
            answer = self.session.command(wire.SETTINGS_INFO, _number(len(content)))
            total = int.from_bytes(answer[:_HEAD], "little")
            if len(answer) <= _HEAD or total > LARGEST:
                raise Trouble("protocol", self.session.line.name, "settings")
            content += answer[_HEAD:]
        return content

    def install(self, content: bytes) -> None:
        """Bring that bundle there, from where an earlier try broke off; it counts from the next start. Trouble when the terminal
        refuses it."""
        here = self._here(content, self.session.command(wire.BRING, _number(0)))
        while here < len(content):
            answer = self.session.command(wire.BRING, _number(here) + content[here : here + PIECE])
            now = self._here(content, answer)
            if now <= here:
                raise Trouble("protocol", self.session.line.name, "bring")
            here = now
            self.progress(here, len(content))
        self.session.command(wire.INSTALL)

    def _here(self, content: bytes, answer: bytes) -> int:
        """How many of these bytes the terminal has; 0 when it has others."""
        if len(answer) != 2 * _HEAD:
            raise Trouble("protocol", self.session.line.name, "bring")
        count = int.from_bytes(answer[:_HEAD], "little")
        same = binascii.crc32(content[:count]) == int.from_bytes(answer[_HEAD:], "little")
        return count if same and count <= len(content) else 0


def _number(value: int) -> bytes:
    return value.to_bytes(_HEAD, "little")
