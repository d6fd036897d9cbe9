"""The pipe between an emulated terminal and its parts; docs/emulator.md describes it.

request  u8 operation | u32 length | bytes          answer  u32 now (ms) | u32 length | bytes
event    u8 kind | u16 length | bytes, any number of them in the answer to WAIT
"""

import struct

REQUEST = struct.Struct("<BI")
ANSWER = struct.Struct("<II")
EVENT = struct.Struct("<BH")

WAIT = 1
FLASH_READ = 2
FLASH_PROGRAM = 3
FLASH_ERASE = 4
VAULT_READ = 5
VAULT_WRITE = 6
DISPLAY = 7
PRINT = 8
NET_OPEN = 10
NET_WRITE = 11
NET_CLOSE = 12
SERIAL_WRITE = 13
RANDOM = 14
DATE = 15
LOG = 17
GEOMETRY = 18
HEAP = 19
SET_DATE = 20
RESTART = 21

KEY = 1
CARD = 2
CABLE = 3
NET_OPENED = 4
NET_FAILED = 5
NET_DATA = 6
NET_CLOSED = 7
SERIAL_DATA = 8
MEASURE = 9
SCAN = 10


def event(kind: int, data: bytes) -> bytes:
    """One event as it stands in the answer to WAIT."""
    return EVENT.pack(kind, len(data)) + data
