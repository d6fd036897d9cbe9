"""What passes between two terminals in a handover, as the laptop and the authority have it: docs/handover.md.

The laptop reads nothing of a capsule; the authority can make every key of it, since it has the service key of both.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from struct import Struct, error, pack, unpack_from
from typing import Any, NamedTuple

from host_tools.yuanluctl import authority, carried
from host_tools.yuanluctl.journal.ledger import STANDINGS
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.refusal import Refusal
from host_tools.yuanluctl.service import Session
from host_tools.yuanluctl.targets import read_regular
from yuanlu.wire import service as wire

LOST = 7  # then the epoch is the number that a word of the authority names, and the rooms are what stood there before
OWNER = Struct("<BI8sHHHI")
TAKEN, DECLINED = "taken", "declined"
_MAGIC = b"YLH1"
_HEAD = Struct("<4s8s8sHIH")
_LARGEST = 1 << 20
WARRANT_SIZE, WORD_SIZE = 62, 24
_PROOF = 16
LAST_EPOCH = (1 << 32) - 1


class Names(NamedTuple):
    """One handover: the two terminals, which installation of the spare it is, and its epoch, which never comes again."""

    old: str
    spare: str
    install: int
    epoch: int

    def to_bytes(self) -> bytes:
        """As every key and proof has them."""
        return self.old.encode() + self.spare.encode() + pack("<HI", self.install, self.epoch)

    @property
    def for_spare(self) -> bytes:
        """What the spare is told."""
        return self.old.encode() + self.epoch.to_bytes(4, "little")


def handover_key(key: bytes, names: Names) -> bytes:
    """32 bytes, of the authority's key; the spare makes them itself."""
    return hmac.digest(authority.service_key(key, names.spare), b"yuanlu handover" + names.to_bytes(), "sha256")


def warrant(key: bytes, names: Names) -> bytes:
    """The authority's word to the old terminal: the spare, the epochs, and the handover key, which it alone can read."""
    theirs, named = authority.service_key(key, names.old), names.to_bytes()
    pad = hmac.digest(theirs, b"yuanlu wrap" + named, "sha256")
    wrapped = bytes(one ^ two for one, two in zip(handover_key(key, names), pad, strict=True))
    return named[8:] + wrapped + hmac.digest(theirs, b"yuanlu warrant" + named + wrapped, "sha256")[:16]


def names_of(old: str, given: bytes) -> Names:
    """What a warrant to that terminal names."""
    spare, install, epoch = unpack_from("<8sHI", given)
    return Names(old, spare.decode("ascii", "replace"), install, epoch)


def warrant_text(given: bytes) -> str:
    """For a person to carry."""
    return carried.written(carried.WARRANT, given)


def read_warrant(text: str) -> bytes:
    """The warrant in its text; Trouble."""
    return _carried(text, carried.WARRANT, WARRANT_SIZE)


def word_of_lost_fence(key: bytes, old: str, number: int, epoch: int) -> bytes:
    """The authority's word that what stands on a terminal, whose fence cannot be read, is its own to send. number: as it says."""
    given = pack("<II", number, epoch)
    return given + hmac.digest(authority.service_key(key, old), b"yuanlu mend" + old.encode() + given, "sha256")[:16]


def word_text(given: bytes) -> str:
    """For a person to carry."""
    return carried.written(carried.WORD, given)


def read_word(text: str) -> bytes:
    """That word in its text; Trouble."""
    return _carried(text, carried.WORD, WORD_SIZE)


def _carried(text: str, start: str, size: int) -> bytes:
    given = carried.read(text, start, "warrant")
    if len(given) != size:
        raise Trouble("warrant", text[:20])
    return given


class Receipt(NamedTuple):
    """A terminal's word about a capsule: `what` is TAKEN or DECLINED."""

    what: str
    names: Names
    proof: bytes

    def to_bytes(self) -> bytes:
        """One line of text."""
        return receipt_begins(self.what, self.names) + f"{self.proof.hex()}\n".encode()


def receipt_begins(what: str, names: Names) -> bytes:
    """A receipt of that handover, up to its proof."""
    return f"yuanlu handover {what} {' '.join(map(str, names))} ".encode()


def declined(key: bytes, names: Names) -> Receipt:
    """The authority's word in the place of a spare that is lost: that nothing of it will ever be sent there."""
    return Receipt(DECLINED, names, hmac.digest(handover_key(key, names), b"yuanlu declined" + names.to_bytes(), "sha256")[:16])


def read_receipt(path: Path, what: str) -> Receipt:
    """Of that kind; Trouble."""
    try:
        words = read_regular(path, _LARGEST, "no_file", str(path)).decode("ascii").split()
        yuanlu, handover, kind, old, spare, install, epoch, proof = words
        found = Receipt(kind, Names(old, spare, int(install), int(epoch)), bytes.fromhex(proof))
    except ValueError as problem:
        raise Trouble("receipt", path) from problem
    if (yuanlu, handover, kind, len(found.proof)) != ("yuanlu", "handover", what, _PROOF):
        raise Trouble("receipt", path)
    return found


class Capsule(NamedTuple):
    """What the old terminal has sealed for the spare."""

    names: Names
    blocks: list[bytes]

    def to_bytes(self) -> bytes:
        """A file: YLH1, old 8, spare 8, u16 its install epoch, u32 epoch, u16 blocks, then each with its u16 length before it."""
        head = capsule_begins(self.names) + pack("<H", len(self.blocks))
        return head + b"".join(pack("<H", len(block)) + block for block in self.blocks)


def capsule_begins(names: Names) -> bytes:
    """A capsule of that handover, up to the number of its blocks."""
    return _MAGIC + names.to_bytes()


def read_capsule(path: Path) -> Capsule:
    """Trouble."""
    data = read_regular(path, _LARGEST, "no_file", str(path))
    if len(data) < _HEAD.size or data[:4] != _MAGIC:
        raise Trouble("capsule", path)
    _, old, spare, install, epoch, count = _HEAD.unpack_from(data)
    blocks, at = [], _HEAD.size
    for _ in range(count):
        length = int.from_bytes(data[at : at + 2], "little")
        blocks.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    if at != len(data) or not count or not (old.isascii() and spare.isascii()):
        raise Trouble("capsule", path)
    return Capsule(Names(old.decode(), spare.decode(), install, epoch), blocks)


# ---- the steps, each on an open session of its terminal; Trouble. `progress`: see Voice.progress

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


def owner(session: Session, giver: str = "") -> dict[str, Any]:
    """Where a handover stands at a terminal. `newest`: epoch of what `giver` handed over, itself where none is named."""
    try:
        standing, epoch, other, theirs, own, places, newest = OWNER.unpack(session.command(wire.OWNER, giver.encode()))
        name = STANDINGS[standing]
        before = STANDINGS[places] if standing == LOST else ""
    except (error, IndexError) as problem:
        raise Trouble("protocol", session.line.name, "owner") from problem
    told = {"standing": name, "epoch": epoch, "other": other.strip(b"\0").decode("ascii", "replace"), "places": places}
    told |= {"other_installation": theirs, "installation": own, "newest": newest}
    return told | {"epoch": 0, "places": 0, "number": epoch, "before": before} if before else told


def export(session: Session, names: Names, given: bytes, progress: Progress) -> Capsule:
    """All that is open on the old terminal, which sends nothing from here on. given: the authority's warrant."""
    count = int.from_bytes(session.command(wire.EXPORT, given), "little")
    blocks = []
    with progress("handover", count) as told:
        for index in range(count):
            blocks.append(session.command(wire.CAPSULE, pack("<H", index)))
            told(index + 1)
    return Capsule(names, blocks)


def bring(session: Session, capsule: Capsule, progress: Progress) -> Receipt:
    """All of a capsule to the spare, which sends what it holds from here on."""
    try:
        with progress("handover", len(capsule.blocks)) as told:
            for index, block in enumerate(capsule.blocks):
                session.command(wire.IMPORT, capsule.names.for_spare + block)
                told(index + 1)
    except Refusal as refusal:
        if refusal.reason != "handover_number":
            raise
        try:  # it may have been taken before another handover came: then its receipt is given again
            return receipt(session, TAKEN, capsule.names)
        except Trouble:
            raise refusal from None
    return receipt(session, TAKEN, capsule.names)


def receipt(session: Session, what: str, names: Names) -> Receipt:
    """The spare's word that it has taken the capsule, or never will."""
    proof = session.command(wire.TAKE if what == TAKEN else wire.DECLINE, names.for_spare)
    if len(proof) != _PROOF:
        raise Trouble("protocol", session.line.name, what)
    return Receipt(what, names, proof)
