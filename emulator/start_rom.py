"""Runs on MicroPython: puts the ROM image where a device has it, in memory that is not heap, and starts it.

The 32-bit interpreter maps the file, so that its heap is what a device's would be. The 64-bit one cannot: child.py has mapped it.
"""

import os
import sys

import vfs


def image(path):
    """A memoryview of the file."""
    size = os.stat(path)[6]
    try:
        import ffi
        import uctypes
    except ImportError:
        import start_mapped

        return start_mapped.image(path, size)
    libc = ffi.open("libc.so.6")
    file = libc.func("i", "open", "si")(path, 0)
    # PROT_READ, MAP_PRIVATE
    return memoryview(uctypes.bytearray_at(libc.func("p", "mmap", "pLiiil")(0, size, 1, 2, file, 0), size))


vfs.mount(vfs.VfsRom(image(sys.argv[-1])), "/rom")
sys.path.insert(0, "/rom")
import main  # noqa: E402, F401
