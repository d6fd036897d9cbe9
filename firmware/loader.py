"""Chooses what starts. It runs before any firmware, from memory that no update touches, so it imports nothing of yuanlu.

docs/bundles.md draws the slots and what the vault keeps of them. Slot 0 is the factory's firmware; 1 and 2 are brought.
"""

from binascii import crc32
from hashlib import sha256

PLACES = (28, 29)  # of the vault, written by turns
TRIAL = "trial"  # it was never started before, and has to be confirmed
FALLEN = "fallen"  # what is in force is not whole, so the factory's runs: it must not move money
_STATE = 76
_FRONT = 248  # manifest of one file 184, signature 64
_AT_ONCE = 4096


def choose(places, read, sector_size, sectors):
    """What starts now: (address of its file, bytes of it, how it stands, what to store first).

    places: what the vault keeps in both; read(address, count): bytes of the slots, each of so many sectors. Bytes 0: the
    factory's. What to store, before the jump: (index of a place, its bytes), or None.
    """
    turn, newest, state = _newest(places)
    if not turn:  # a torn first write leaves one; nothing was in force then
        return 0, 0, FALLEN if all(places) else "", None
    mark = None
    if state[1] and not state[2]:
        data = (turn + 1).to_bytes(4, "little") + state[:2] + b"\1" + state[3:]
        mark = (1 - newest, data + crc32(data).to_bytes(4, "little"))
        found = _file(read, (state[1] - 1) * sectors * sector_size, sector_size, state[44:])
        if found:
            return found + (TRIAL, mark)
    if not state[0]:
        return 0, 0, "", mark
    found = _file(read, (state[0] - 1) * sectors * sector_size, sector_size, state[12:44])
    return found + ("", mark) if found else (0, 0, FALLEN, mark)


def _newest(places):
    """(turn, index, state) of the newer whole place; turn 0: none is."""
    best = (0, 0, b"")
    for index, data in enumerate(places):
        if len(data) == _STATE + 8 and crc32(data[:-4]).to_bytes(4, "little") == data[-4:]:
            best = max(best, (int.from_bytes(data[:4], "little"), index, data[4:-4]))
    return best


def _file(read, slot, sector_size, digest):
    """(address, bytes) of the file in a slot whose manifest has that digest, when it is what the manifest says."""
    front = read(slot, _FRONT)
    if sha256(front[:-64]).digest() != digest:
        return None
    length, found = int.from_bytes(front[148:152], "little"), sha256()
    for at in range(0, length, _AT_ONCE):
        found.update(read(slot + sector_size + at, min(_AT_ONCE, length - at)))
    return (slot + sector_size, length) if found.digest() == front[152:184] else None
