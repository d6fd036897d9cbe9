"""Runs on MicroPython, as the boot ROM of a device does, where firmware was ever brought: the loader chooses what starts.

The image is put into memory that is not heap where the interpreter can map some (32-bit), as start_rom does with the factory's.
"""

import os
import sys
from struct import pack, unpack_from

import vfs

FLASH_READ, VAULT_READ, VAULT_WRITE, GEOMETRY, RESTART = 2, 5, 6, 18, 21  # docs/emulator.md
AT_ONCE = 4096
pipe = open(int(os.getenv("YUANLU_PIPE")), "r+b", buffering=0)  # noqa: SIM115  the firmware opens it again


def ask(operation, body=b""):
    """One request of the pipe."""
    pipe.write(pack("<BI", operation, len(body)) + body)
    length = unpack_from("<I", pipe.read(8), 4)[0]
    return pipe.read(length) if length else b""


def memory(length):
    """So many bytes that can be written."""
    try:
        import ffi
        import uctypes
    except ImportError:
        return bytearray(length)
    kinds = 3, 0x22  # PROT_READ and PROT_WRITE, MAP_PRIVATE and MAP_ANONYMOUS
    return uctypes.bytearray_at(ffi.open("libc.so.6").func("p", "mmap", "pLiiil")(0, length, *kinds, -1, 0), length)


def chosen(folder):
    """The image that starts, None for the factory's; how it stands goes to the board by the environment."""
    sys.path.insert(0, folder)
    loader = __import__("loader")
    sys.path.pop(0)
    del sys.modules["loader"]
    _, size, *sectors = unpack_from("<HIHHHH", ask(GEOMETRY), 0)
    first = sum(sectors[:3]) * size

    def read(address, count):
        return ask(FLASH_READ, pack("<IH", first + address, count))

    places = [ask(VAULT_READ, bytes((place,))) for place in loader.PLACES]
    start, length, standing, mark = loader.choose(places, read, size, sectors[3] // 2)
    if mark:
        ask(VAULT_WRITE, bytes((loader.PLACES[mark[0]],)) + mark[1])
    os.putenv("YUANLU_STANDING", standing)
    if not length:
        return None
    data = memory(length)
    for at in range(0, length, AT_ONCE):
        count = min(AT_ONCE, length - at)
        data[at : at + count] = read(start + at, count)
    return memoryview(data)


rom = chosen(sys.argv[1])
if rom is None:
    sys.path.insert(0, __file__.rsplit("/", 1)[0])
    import start_rom  # noqa: F401
else:
    try:
        vfs.mount(vfs.VfsRom(rom), "/rom")
        sys.path.insert(0, "/rom")
        import main  # noqa: F401
    finally:
        if os.getenv("YUANLU_STANDING") == "trial":
            ask(RESTART)  # it ended by itself: the one before comes back
