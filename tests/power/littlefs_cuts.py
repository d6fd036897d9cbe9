"""Runs on MicroPython: littlefs, as MicroPython ships it, under power cuts. Prints one line of JSON.

    micropython -X heapsize=96M littlefs_cuts.py nor|cached seeds

nor: a NOR chip, 16 erase blocks of 4 KiB, programs of 32 bytes. cached: a part that erases in sectors of 16 KiB, behind a cache
in RAM that is erased and written back when another sector is touched or the file system syncs, in blocks of 512 bytes: that is
how pyb.Flash drives the internal flash of an STM32. Each operation of the chip is torn in each way; after each the file system
is mounted, every file must say what was last acknowledged or what was being written, and a further write must work.
"""

import json
import random
import sys

import vfs

FILES = 6
REWRITES = {"nor": 120, "cached": 40}
SECTOR = 16384


class Nor:
    """`tape`: (image before, kind, address, data, step) of every operation, once it is a list."""

    def __init__(self, size, block):
        self.block, self.data, self.tape, self.step = block, bytearray(b"\xff" * size), None, 0

    def note(self, kind, address, data):
        if self.tape is not None:
            self.tape.append((bytes(self.data), kind, address, bytes(data), self.step))

    def program(self, address, data):
        self.note("program", address, data)
        for at in range(len(data)):
            self.data[address + at] &= data[at]

    def erase(self, address, size):
        self.note("erase", address, size.to_bytes(4, "little"))
        self.data[address : address + size] = b"\xff" * size

    def readblocks(self, number, buffer, offset=0):
        start = number * self.block + offset
        buffer[:] = memoryview(self.data)[start : start + len(buffer)]

    def writeblocks(self, number, buffer, offset=0):
        self.program(number * self.block + offset, buffer)

    def ioctl(self, request, value):
        if request == 4:
            return len(self.data) // self.block
        if request == 5:
            return self.block
        if request == 3:
            self.sync()
        if request == 6:
            self.erase_block(value)
        return 0

    def erase_block(self, number):
        self.erase(number * self.block, self.block)

    def sync(self):
        pass


class Cached(Nor):
    """One sector at a time stands in RAM."""

    sector, cache, dirty = -1, None, False

    def _load(self, number):
        sector = number * self.block // SECTOR
        if sector != self.sector:
            self.sync()
            self.sector, self.cache = sector, bytearray(self.data[sector * SECTOR : (sector + 1) * SECTOR])

    def readblocks(self, number, buffer, offset=0):
        start = number * self.block + offset
        if start // SECTOR == self.sector:
            start -= self.sector * SECTOR
            buffer[:] = memoryview(self.cache)[start : start + len(buffer)]
        else:
            buffer[:] = memoryview(self.data)[start : start + len(buffer)]

    def writeblocks(self, number, buffer, offset=0):
        self._load(number)
        start = number * self.block + offset - self.sector * SECTOR
        self.cache[start : start + len(buffer)] = buffer
        self.dirty = True

    def erase_block(self, number):
        self.writeblocks(number, b"\xff" * self.block)

    def sync(self):
        if self.dirty:
            self.dirty = False
            self.erase(self.sector * SECTOR, SECTOR)
            for at in range(0, SECTOR, 4096):
                self.program(self.sector * SECTOR + at, memoryview(self.cache)[at : at + 4096])

    def forget(self):
        self.sector, self.cache, self.dirty = -1, None, False


def content(name, turn):
    """What a file says: its status, long enough to be no inline file at times."""
    return f"{name} {turn} " * (4 + turn % 9)


def workload(device, system, rewrites):
    """Rewrites status files; the acknowledged turns before each step."""
    told, books = {}, []
    for turn in range(rewrites):
        name = turn * 5 % FILES
        device.step = len(books)
        books.append((dict(told), name, turn))
        with system.open(f"file{name}", "w") as file:
            file.write(content(name, turn))
        told[name] = turn
    device.step = len(books)
    books.append((dict(told), -1, -1))
    return books


def torn(before, kind, address, data, seeds):
    """Every image that power may leave."""
    size = int.from_bytes(data, "little") if kind == "erase" else len(data)
    new = b"\xff" * size if kind == "erase" else bytes([before[address + at] & data[at] for at in range(size)])
    old = before[address : address + size]
    for reach in (0, 1, size // 2, size - 1, size):
        yield new[:reach] + old[reach:]
        yield old[: size - reach] + new[size - reach :]
    for seed in range(seeds):
        random.seed(seed * 7919 + address)
        mask = bytes([random.getrandbits(8) for _ in range(size)])
        yield bytes([(new[at] & mask[at]) | (old[at] & ~mask[at]) for at in range(size)])


def check(device, book):
    """What is wrong after a power-up, or None."""
    told, flying, turn = book
    system = vfs.VfsLfs2(device, progsize=32, readsize=32)
    for name in range(FILES):
        allowed = [content(name, told[name])] if name in told else [None]
        if name == flying:
            allowed += [content(name, turn), ""]  # truncated by open("w"), which littlefs commits at close
            if name in told:
                allowed.remove("")
        try:
            with system.open(f"file{name}", "r") as file:
                found = file.read()
        except OSError:
            found = None
        if found not in allowed:
            return f"file{name} says {found if found is None else found[:20]}"
    with system.open("file0", "w") as file:
        file.write("after")
    with system.open("file0", "r") as file:
        return None if file.read() == "after" else "a further write"


def main(kind, seeds):
    device = Nor(65536, 4096) if kind == "nor" else Cached(65536, 512)
    vfs.VfsLfs2.mkfs(device, progsize=32, readsize=32)
    device.sync()
    system = vfs.VfsLfs2(device, progsize=32, readsize=32)
    device.tape = tape = []
    books = workload(device, system, REWRITES[kind])
    device.sync()
    device.tape = None
    cuts, wrong, distinct = 0, [], set()
    for before, what, address, data, step in tape:
        for part in torn(before, what, address, data, seeds):
            device.data[:] = before
            device.data[address : address + len(part)] = part
            if kind == "cached":
                device.forget()
            cuts += 1
            distinct.add(hash(bytes(device.data)))
            try:
                trouble = check(device, books[step])
            except OSError as error:
                trouble = f"does not work any more: {error}"
            if trouble:
                wrong.append(f"{what} at {address}: {trouble}")
    print(
        json.dumps(
            {"cuts": cuts, "distinct": len(distinct), "operations": len(tape), "failed": len(wrong), "examples": wrong[:3]}
        )
    )


main(sys.argv[1], int(sys.argv[2]))
