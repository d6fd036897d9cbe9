"""Runs on MicroPython: puts the ROM image where a device has it, in memory that is not heap, and starts it.

The 32-bit interpreter maps the file, so that its heap is what a device's would be. The 64-bit one cannot; there the image
lies in the heap.
"""

import os
import sys

import vfs


def image(path):
    """A memoryview of the file."""
    try:
        import ffi
        import uctypes
    except ImportError:
        with open(path, "rb") as file:
            return memoryview(file.read())
    size = os.stat(path)[6]
    libc = ffi.open("libc.so.6")
    descriptor = libc.func("i", "open", "si")(path, 0)
    address = libc.func("p", "mmap", "pLiiil")(0, size, 1, 2, descriptor, 0)  # PROT_READ, MAP_PRIVATE
    return memoryview(uctypes.bytearray_at(address, size))


vfs.mount(vfs.VfsRom(image(sys.argv[1])), "/rom")
sys.path.insert(0, "/rom")
import main  # noqa: E402, F401
