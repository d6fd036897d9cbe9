"""How an acquirer misbehaves when told to.

    mood        decides                      what the line delivers
    normal      as the ledger says           the answer
    silent      nothing, was not heard       nothing
    loses       as the ledger says           nothing
    declines    05                           the answer
    late        as the ledger says           the answer, `late_ms` later
    twice       as the ledger says           the answer, twice
    garbage     as the ledger says           bytes that are no frame: by turns with a length that fits, and with none
    bad-mac     as the ledger says           the answer with a wrong MAC
    by-amount   the amount's last two digits the answer; nothing after a booking of .68
    less        a refund of a fen less       the answer, which says so

`declines` also refuses reversals and all that closes a batch. `by-amount` concerns sales, voids and refunds that are decided for
the first time; their repeats, reversals and queries are answered truly, so that a terminal can find its way out. A wallet's
refund of .09 is accepted, and 09 is the answer. `less` concerns refunds but those of wallets.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from .codes import APPROVED, DECLINED, IN_PROGRESS, REFUSING, Refused
from .message import MAC_BYTES, SHORTEST, TPDU_PROTOCOL, decode

MOODS = ("normal", "silent", "loses", "declines", "late", "twice", "garbage", "bad-mac", "by-amount", "less")
BOOKED_BUT_LOST = 68
GARBAGE_BYTES = 64


class Reply(NamedTuple):
    """One answer: how many milliseconds to hold it back, and the whole frame."""

    delay_ms: int
    frame: bytes


def check_mood(mood: str) -> None:
    """ValueError for a mood that does not exist."""
    if mood not in MOODS:
        raise ValueError(f"mood {mood!r} is none of {', '.join(MOODS)}")


def refuse(mood: str, amount: int) -> None:
    """Refused when the mood has a sale, void or refund of so many fen refused."""
    if mood == "declines":
        raise Refused(DECLINED, "in the mood to decline")
    if mood == "by-amount" and f"{amount % 100:02d}" in REFUSING:
        raise Refused(f"{amount % 100:02d}", "the amount says so")


def accept(mood: str, amount: int) -> str:
    """The code with which a wallet's refund of so many fen is accepted; Refused when the mood has it refused."""
    if mood == "by-amount" and f"{amount % 100:02d}" == IN_PROGRESS:
        return IN_PROGRESS
    refuse(mood, amount)
    return APPROVED


def swallows(mood: str, amount: int) -> bool:
    """True when the answer to a booking of so many fen is lost because of its amount."""
    return mood == "by-amount" and amount % 100 == BOOKED_BUT_LOST


class Line:
    """What becomes of an answer on its way out; garbage follows from the seed. Not locked."""

    def __init__(self, seed: int) -> None:
        self._random = Random(f"garbage {seed}")
        self._is_delimited = False

    def deliver(self, mood: str, answer: bytes, delay_ms: int, late_ms: int) -> list[Reply]:
        """The replies that leave instead of `answer`, none when it is lost."""
        if mood == "loses":
            return []
        if mood == "late":
            return [Reply(delay_ms + late_ms, answer)]
        if mood == "twice":
            return [Reply(delay_ms, answer), Reply(delay_ms, answer)]
        if mood == "garbage":
            return [Reply(delay_ms, self._garbage())]
        if mood == "bad-mac" and decode(answer).mac:
            return [Reply(delay_ms, answer[:-MAC_BYTES] + bytes(byte ^ 0xFF for byte in answer[-MAC_BYTES:]))]
        return [Reply(delay_ms, answer)]

    def _garbage(self) -> bytes:
        self._is_delimited = not self._is_delimited
        noise = self._random.randbytes(self._random.randrange(SHORTEST, GARBAGE_BYTES))
        if not self._is_delimited:
            return b"\xff" + noise
        return len(noise).to_bytes(2, "big") + bytes([TPDU_PROTOCOL ^ 0xFF]) + noise[1:]
