"""Every way in which power can end one operation: from the Operation, the images that may be left behind.

A tear of a program is the set of its bits that were cleared. Each comes *solid*, *weak* (the bits at its edge read by chance
until they are erased) and *blank* (everything reads FF in the next life and shows what it holds in the one after). Where the
prefixes go byte by byte, every second tear is weak too and every fifth blank.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from chip import Image, Operation, Sector

_NUMBER_FIELDS = (0, 1, 2, 3, 5, 6, 7, 8)  # magic, length, number; the CRC's four bytes end the record
Tear = tuple[str, Image]


def tears(operation: Operation, sector_size: int, unit: int, fine: bool) -> Iterator[Tear]:
    """(name, image) of each. fine: every byte and every bit that counts; otherwise a dozen."""
    if operation.kind == "vault":
        yield from _of_vault(operation, fine)
    elif operation.kind == "erase":
        yield from _of_erase(operation, sector_size, fine)
    else:
        yield from _of_program(operation, sector_size, unit, fine)


def _of_vault(operation: Operation, fine: bool) -> Iterator[Tear]:
    new, places = operation.data, dict(operation.before.places)
    old = places.get(operation.where, b"")
    size = len(new)
    for reach in range(size + 1) if fine else (0, 1, size // 2, size - 1, size):
        torn = {**places, operation.where: new[:reach] + old[reach:]}
        yield f"vault {reach}", operation.before._replace(places=tuple(sorted(torn.items())))


def _put(image: Image, number: int, sector: Sector) -> Image:
    return image._replace(sectors=image.sectors[:number] + (sector,) + image.sectors[number + 1 :])


# ---- programs


def _of_program(operation: Operation, sector_size: int, unit: int, fine: bool) -> Iterator[Tear]:
    number, at = divmod(operation.where, sector_size)
    before = operation.before
    if number in before.stuck:
        yield "not kept", before
        return
    old = before.sectors[number]
    for turn, (name, data, edge) in enumerate(_partial(operation.data, fine)):
        touched = [place for place in range(len(data)) if data[place] != 0xFF]
        used = bytearray(old.used)
        if touched:
            used[(at + touched[0]) // unit : (at + touched[-1]) // unit + 1] = b"\x01" * (
                (at + touched[-1]) // unit + 1 - (at + touched[0]) // unit
            )
        whole = old.data[:at] + data + old.data[at + len(data) :]
        solid = old._replace(data=whole, used=bytes(used))
        yield name, _put(before, number, solid)
        if not touched:
            continue
        if edge and not (fine and turn % 2):
            yield name + " weak", _put(before, number, solid._replace(weak=tuple((at + place, mask) for place, mask in edge)))
        if not (fine and turn % 5):
            yield name + " blank", _put(before, number, solid._replace(data=old.data, later=solid))


def _partial(data: bytes, fine: bool) -> Iterator[tuple[str, bytes, list[tuple[int, int]]]]:
    """(name, bytes as they stand, [(place, mask) of weak bits])."""
    size = len(data)
    few = sorted({0, 1, size // 2, size - 1, size})
    for reach in range(size + 1) if fine else few:
        yield f"first {reach}", data[:reach] + b"\xff" * (size - reach), _cleared(data, range(max(0, reach - 2), reach))
    for reach in range(1, size) if fine else few[2:4]:
        start = size - reach
        yield f"last {reach}", b"\xff" * start + data[start:], _cleared(data, range(start, min(size, start + 2)))
    if fine:
        yield from _single_bits(data)
    for seed in range(8 if fine else 3):
        yield _by_chance(data, seed)


def _cleared(data: bytes, places: range) -> list[tuple[int, int]]:
    return [(place, ~data[place] & 0xFF) for place in places if data[place] != 0xFF]


def _single_bits(data: bytes) -> Iterator[tuple[str, bytes, list[tuple[int, int]]]]:
    """Whole but for one bit of magic, length, number or CRC, which weak reads by chance."""
    end = len(data.rstrip(b"\xff"))
    for place in sorted({*_NUMBER_FIELDS, *range(max(0, end - 4), end)} & set(range(len(data)))):
        for bit in range(8):
            if not data[place] & 1 << bit:
                torn = bytearray(data)
                torn[place] |= 1 << bit
                yield f"bit {place}.{bit}", bytes(torn), [(place, 1 << bit)]


def _by_chance(data: bytes, seed: int) -> tuple[str, bytes, list[tuple[int, int]]]:
    """Each bit is left out with a chance of 1/2, 1/4, 1/8, 3/4 ...; weak: one byte in twenty."""
    chance = random.Random(seed * 65537 + len(data))
    size = len(data)
    left_out = chance.getrandbits(8 * size)
    for _ in range(seed // 2):
        more = chance.getrandbits(8 * size)
        left_out = left_out | more if seed % 2 else left_out & more
    torn = (int.from_bytes(data, "big") | left_out).to_bytes(size, "big")
    places = sorted(chance.sample(range(size), 1 + size // 20))
    return f"chance {seed}", torn, [(place, ~data[place] & 0xFF) for place in places if data[place] != 0xFF]


# ---- erases


def _of_erase(operation: Operation, sector_size: int, fine: bool) -> Iterator[Tear]:
    before, number = operation.before, operation.where
    old, size = before.sectors[number], sector_size
    ones = b"\xff" * size
    half = old._replace(data=old.data, usable=False, later=None)
    yield "erase none", before
    for reach in (1, 24, size // 4, size // 2, size - 1) if fine else (24, size // 2):
        yield f"erase first {reach}", _put(before, number, half._replace(data=ones[:reach] + old.data[reach:]))
        yield f"erase last {reach}", _put(before, number, half._replace(data=old.data[:-reach] + ones[:reach]))
    for seed in range(8 if fine else 2):
        risen = random.Random(seed).getrandbits(8 * size)
        data = (int.from_bytes(old.data, "big") | risen).to_bytes(size, "big")
        weak = tuple((place, 0xFF) for place in random.Random(seed).sample(range(size), 40)) + ((0, 0x21), (20, 0x08))
        yield f"erase chance {seed}", _put(before, number, half._replace(data=data))
        yield f"erase chance {seed}, header stays", _put(before, number, half._replace(data=old.data[:24] + data[24:]))
        yield f"erase chance {seed} weak", _put(before, number, half._replace(data=data, weak=weak))
        yield f"erase blank {seed}", _put(before, number, half._replace(data=ones, later=half._replace(data=data)))
    yield "erase blank", _put(before, number, half._replace(data=ones, later=half))
    yield "erase done", _put(before, number, Sector(ones, bytes(len(old.used))))
