"""Runs on MicroPython: puts the ROM image where a device has it, in memory that is not heap, and starts it.

The 32-bit interpreter maps the file, so that its heap is what a device's would be. The 64-bit one cannot: child.py has mapped it.
"""

import os
import sys

import vfs


def image(path):
    """A memoryview of the file."""
    import uctypes

    size = os.stat(path)[6]
    try:
        import ffi
    except ImportError:
        address = mapped(path)
        if address:
            return memoryview(uctypes.bytearray_at(address, size))
        with open(path, "rb") as file:
            return memoryview(file.read())
    libc = ffi.open("libc.so.6")
    descriptor = libc.func("i", "open", "si")(path, 0)
    address = libc.func("p", "mmap", "pLiiil")(0, size, 1, 2, descriptor, 0)  # PROT_READ, MAP_PRIVATE
    return memoryview(uctypes.bytearray_at(address, size))


def mapped(path):
    """Where that file is in this process's memory, as Linux tells it; 0 where it is not."""
    try:
        with open("/proc/self/maps") as maps:
            for line in maps:
                if line.rstrip().endswith(" " + path):
                    return int(line.split("-")[0], 16)
    except OSError:
        pass
    return 0


vfs.mount(vfs.VfsRom(image(sys.argv[-1])), "/rom")
sys.path.insert(0, "/rom")
import main  # noqa: E402, F401
