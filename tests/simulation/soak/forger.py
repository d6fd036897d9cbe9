"""Somebody on the way who answers a terminal's sign-on in the acquirer's place: no MAC is in the way of that (docs/wire.md). He
names any batch, and under session keys an old key that he saw go by, another terminal's, or bytes of his own."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

from emulator.acquirer.acquirer import ECHOED
from emulator.acquirer.message import BODY_START, Message, decode, encode, swap_tpdu

if TYPE_CHECKING:
    from soak.lines import Connection
    from soak.terminal import Terminal

_SIGN_ON, _ANSWER = bytes.fromhex("0800"), "0810"
_KEY_BYTES = 20
_FAR = 1000  # batches; no world here closes so many


def is_sign_on(request: bytes) -> bool:
    """By its message type."""
    return request[BODY_START : BODY_START + 2] == _SIGN_ON


def tap(terminal: Terminal, frame: bytes) -> None:
    """He reads along, and keeps the keys that answers to sign-ons bring."""
    answer = decode(frame)
    if answer.type == _ANSWER and 62 in answer.fields:
        terminal.keys_seen.append(answer.fields[62])


class Forger(NamedTuple):
    """batch: one of FORGED_BATCHES; variant: a number of the plan that decides the rest."""

    batch: str
    variant: int

    def answer(self, connection: Connection, request: bytes) -> None:
        """The sign-on's; the acquirer never hears it, or its answer is lost. By turns the next message of this connection gets an
        older answer first."""
        terminal, world = connection.terminal, connection.world
        asked = decode(request)
        connection.replays = bool(self.variant // 2 % 2)
        terminal.meets_all("forged sign-on")
        fields = {number: asked.fields[number] for number in ECHOED if number in asked.fields}
        said, batch = asked.fields[60], self._batch(asked, world.acquirer.open_batch(terminal.name))
        fields |= {12: "101500", 13: "1122", 39: "00", 60: f"{said[:2]}{batch:06d}{said[8:]}"}
        key = self._key(terminal)
        if key:
            fields[62] = key
        world.note(terminal, f"is told of batch {batch} by a forger, key {key}", b"")
        connection.later(1, encode(swap_tpdu(asked.tpdu), asked.answer_type, fields, None))
        if self.variant % 2 and world.acquirer_is_up:
            for reply in world.acquirer.answer(request, world.date) or []:
                tap(terminal, reply.frame)

    def _batch(self, asked: Message, is_open: int) -> int:
        known = int(asked.fields[60][2:8])
        far = _FAR + self.variant % 900_000
        return {"open": is_open, "next": is_open + 1, "any": far, "known": known, "before": max(1, is_open - 1)}[self.batch]

    def _key(self, terminal: Terminal) -> str:
        """Field 62 in hex; "" where he brings none."""
        seen, chance = terminal.keys_seen, random.Random(self.variant)
        if not seen:  # no key stands yet that an answer could be sealed with
            return ""
        others = [key for other in terminal.world.terminals for key in other.keys_seen if other is not terminal]
        made_up = chance.randbytes(_KEY_BYTES).hex().upper()
        return chance.choice([seen[-1], seen[-1], chance.choice(seen), chance.choice(others or seen), made_up, ""])
