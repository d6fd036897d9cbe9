"""The pipe between an emulated terminal and its parts, which are all at its other end.

    request  u8 operation | u32 length | bytes          answer  u32 now (ms) | u32 length | bytes

The wait of an idle terminal is the request WAIT(i32 ms): its answer brings what happened, as events u8 kind | u16 length
| bytes. All little-endian. docs/emulator.md lists the operations.
"""

from struct import pack, unpack_from

from yuanlu.compat import const

WAIT = const(1)
FLASH_READ = const(2)
FLASH_PROGRAM = const(3)
FLASH_ERASE = const(4)
VAULT_READ = const(5)
VAULT_WRITE = const(6)
DISPLAY = const(7)
PRINT = const(8)
NET_OPEN = const(10)
NET_WRITE = const(11)
NET_CLOSE = const(12)
SERIAL_WRITE = const(13)
RANDOM = const(14)
DATE = const(15)
LOG = const(17)
GEOMETRY = const(18)
HEAP = const(19)
SET_DATE = const(20)
RESTART = const(21)

KEY = const(1)
CARD = const(2)
CABLE = const(3)
NET_OPENED = const(4)
NET_FAILED = const(5)
NET_DATA = const(6)
NET_CLOSED = const(7)
SERIAL_DATA = const(8)
MEASURE = const(9)
SCAN = const(10)


class Pipe:
    """Requests to the emulator, one at a time. `now` is the time of the last answer."""

    def __init__(self, descriptor):
        self.stream = open(descriptor, "r+b", buffering=0)
        self.head = bytearray(8)
        self.now = 0

    def ask(self, operation, *parts):
        """Send and return the answer's bytes."""
        stream = self.stream
        stream.write(pack("<BI", operation, sum([len(part) for part in parts])))
        for part in parts:
            stream.write(part)
        self._read(self.head)
        self.now, length = unpack_from("<II", self.head, 0)
        try:
            answer = bytearray(length)
        except MemoryError:
            self._skip(length)  # or the next answer would be read out of step
            raise
        self._read(answer)
        return answer

    def _skip(self, length):
        view = memoryview(self.head)
        while length:
            self._read(view[: min(length, len(view))])
            length -= min(length, len(view))

    def _read(self, buffer):
        if len(buffer) and self.stream.readinto(buffer) != len(buffer):
            raise SystemExit  # the emulator is gone
