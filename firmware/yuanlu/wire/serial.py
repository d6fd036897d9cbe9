"""The serial line's frames: RFC 1662 framing with FCS-16. docs/wire.md section 3 draws them."""

from array import array
from collections import namedtuple

from yuanlu.compat import const

ACQUIRER = const(1)
SERVICE = const(2)
HERE = const(1)
OPEN = const(2)
OPENED = const(3)
FAILED = const(4)
DATA = const(5)
ACK = const(6)
CLOSED = const(7)

LARGEST = const(1100)
_SMALLEST = const(9)
_STEP = const(64)
_FLAG = const(0x7E)
_ESCAPE = const(0x7D)
_GOOD = const(0xF0B8)  # RFC 1662: the register after a whole frame, FCS included

Frame = namedtuple("Frame", "channel kind session sequence body".split())


def _table():
    table = array("H", bytes(32))
    for half in range(16):
        value = half
        for _ in range(4):
            value = value >> 1 ^ 0x8408 if value & 1 else value >> 1
        table[half] = value
    return table


_TABLE = _table()  # by half bytes: by bytes it would take 512 bytes of heap


def fcs16(data, register=0xFFFF):
    """The FCS register over `data` (RFC 1662 appendix C.2, without the final complement)."""
    table = _TABLE
    for byte in data:
        register = register >> 4 ^ table[(register ^ byte) & 15]
        register = register >> 4 ^ table[(register ^ byte >> 4) & 15]
    return register


def frame(channel, kind, session, sequence, body=b""):
    """The escaped bytes of one frame, flags included."""
    plain = bytes((channel, kind)) + session.to_bytes(4, "big") + bytes((sequence,)) + body
    plain += (fcs16(plain) ^ 0xFFFF).to_bytes(2, "little")
    out = bytearray(b"\x7e")
    for byte in plain:
        if byte in (_FLAG, _ESCAPE):
            out.append(_ESCAPE)
            byte ^= 0x20
        out.append(byte)
    out.append(_FLAG)
    return out


class Deframer:
    """Bytes in, whole frames out. What is broken is counted and dropped; the buffer is as large as the frame, up to LARGEST."""

    def __init__(self):
        self.buffer = bytearray(_STEP)
        self.count = 0
        self.escaped = False
        self.dropped = 0

    def feed(self, data):
        """The frames that `data` completes."""
        frames = []
        for byte in data:
            if byte == _FLAG:
                self._close(frames)
            elif byte == _ESCAPE and not self.escaped:
                self.escaped = True
            else:
                if self.count < LARGEST:
                    if self.count == len(self.buffer):
                        self.buffer += bytes(min(_STEP, LARGEST - self.count))
                    self.buffer[self.count] = byte ^ 0x20 if self.escaped else byte
                if self.count <= LARGEST:  # one more says that it is too long
                    self.count += 1
                self.escaped = False
        return frames

    def _close(self, frames):
        count, self.count = self.count, 0
        escaped, self.escaped = self.escaped, False
        if count == 0:
            return
        view, self.buffer = memoryview(self.buffer)[:count], bytearray(_STEP)
        if escaped or not _SMALLEST <= count <= LARGEST or fcs16(view) != _GOOD:
            self.dropped += 1
            return
        session = int.from_bytes(view[2:6], "big")
        frames.append(Frame(view[0], view[1], session, view[6], bytes(view[7:-2])))
