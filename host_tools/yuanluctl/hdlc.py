"""Frames on the serial line: the octet-stuffed framing of RFC 1662 around channel, kind, session, sequence and body.

    7E | channel 1 | kind 1 | session 4 | sequence 1 | body ... | FCS-16, low byte first | 7E

Between the flags, 7E and 7D are sent as 7D and the byte XOR 20. docs/wire.md, section 3, says what the parts mean.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import crcmod.predefined

FLAG = 0x7E
ESCAPE = 0x7D
FLIP = 0x20
HEAD_LENGTH = 7
FCS_LENGTH = 2
SHORTEST = HEAD_LENGTH + FCS_LENGTH
LONGEST = 1100

fcs16 = crcmod.predefined.mkPredefinedCrcFun("x-25")


class Frame(NamedTuple):
    """One message of the serial line, out of its framing."""

    channel: int
    kind: int
    session: int
    sequence: int
    body: bytes


def frame(channel: int, kind: int, session: int, sequence: int, body: bytes = b"") -> bytes:
    """Return the bytes for the line, flags included (RFC 1662, section 4); OverflowError for a number out of its bytes."""
    plain = bytearray()
    for number, length in ((channel, 1), (kind, 1), (session, 4), (sequence, 1)):
        plain += number.to_bytes(length, "big")
    plain += body
    plain += fcs16(plain).to_bytes(FCS_LENGTH, "little")
    # The escape itself goes first, or the second replacement would escape the escapes of the first.
    stuffed = bytes(plain).replace(b"\x7d", b"\x7d\x5d").replace(b"\x7e", b"\x7d\x5e")
    return b"\x7e" + stuffed + b"\x7e"


class Deframer:
    """Takes the bytes of a line in any pieces and gives back whole frames; what is damaged is counted and dropped.

    `dropped` counts by reason: "long", "short", "fcs" and "aborted" (an escape before a flag, RFC 1662, section 4.3).
    """

    def __init__(self, limit: int = LONGEST) -> None:
        self.dropped: Counter[str] = Counter()
        self._limit = limit
        self._plain = bytearray()
        self._escaped = False
        self._too_long = False

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that these bytes complete; never more than `limit` bytes are kept for the next call."""
        frames = []
        for byte in data:
            if byte == FLAG:
                complete = self._finish()
                if complete is not None:
                    frames.append(complete)
            elif byte == ESCAPE and not self._escaped:
                self._escaped = True
            else:
                self._take(byte)
        return frames

    def _take(self, byte: int) -> None:
        if self._escaped:
            byte ^= FLIP
            self._escaped = False
        if len(self._plain) < self._limit:
            self._plain.append(byte)
        else:
            self._too_long = True

    def _finish(self) -> Frame | None:
        """A flag came: judge what lies before it and start anew."""
        plain, escaped, too_long = bytes(self._plain), self._escaped, self._too_long
        self._plain.clear()
        self._escaped = self._too_long = False
        if not plain and not escaped:
            return None  # two flags in a row: the end of one frame and the start of the next
        reason = _defect(plain, escaped, too_long)
        if reason:
            self.dropped[reason] += 1
            return None
        session = int.from_bytes(plain[2:6], "big")
        return Frame(plain[0], plain[1], session, plain[6], plain[HEAD_LENGTH:-FCS_LENGTH])


def _defect(plain: bytes, escaped: bool, too_long: bool) -> str:
    if escaped:
        return "aborted"
    if too_long:
        return "long"
    if len(plain) < SHORTEST:
        return "short"
    if fcs16(plain[:-FCS_LENGTH]) != int.from_bytes(plain[-FCS_LENGTH:], "little"):
        return "fcs"
    return ""
