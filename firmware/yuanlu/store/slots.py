"""Where firmware that was brought stands: two slots of a region of their own, written by turns. A visiting module.

A slot is a sector for manifest and signature, then the file. The manifest is programmed last, so that a half written slot has
none. What the vault keeps, in two places by turns, is read by the loader too (docs/bundles.md):

    u8 slot in force, 0 the factory's | u8 slot on trial, 0 none | u8 1: it was started | u8 0 | u32 version in force |
    u32 no older version is taken | 32 digest of the manifest in force | 32 digest of that on trial
"""

from binascii import crc32
from struct import pack, unpack

from yuanlu.bundle import FIRMWARE, Bundle, size
from yuanlu.compat import const
from yuanlu.crypto.two_places import TwoPlaces
from yuanlu.errors import BadConfig, BadMessage

_PLACES = (28, 29)
_STATE = "<BBBBII32s32s"
_LENGTH = const(76)
_AT_ONCE = const(256)


class Slots:
    """Given a Flash port of two slots, and the Vault. `in_force`, `trial`: slots; `tried`: the one on trial was started;
    `version`: in force, 0 while that is the factory's; `lowest`: nothing older is taken."""

    def __init__(self, flash, vault):
        self.flash = flash
        self._state = TwoPlaces(vault, _PLACES, _LENGTH)
        found = unpack(_STATE, self._state.state or bytes(_LENGTH))
        self.in_force, self.trial, self.tried, _, self.version, self.lowest, self._digest, self._tried_digest = found
        self.room = (flash.sectors // 2 - 1) * flash.sector_size
        self.free = 2 if self.in_force == 1 else 1  # the slot that new firmware is brought to

    def bundle(self, slot):
        """The Bundle whose manifest stands in that slot; BadConfig."""
        front = bytearray(248)
        self.flash.read_into(self._start(slot), front)
        return one_file(front)

    def digest_of(self, standing):
        """Of the manifest of what runs, b"" for the factory's. standing: "", "trial" or "fallen"."""
        if standing == "trial":
            return self._tried_digest
        return self._digest if self.in_force and not standing else b""

    def is_whole(self, slot, bundle):
        """Its file stands there as the manifest says."""
        start = self._start(slot) + self.flash.sector_size
        return bundle.length <= self.room and bundle.is_whole(lambda at, count: self._read(start + at, count))

    def check(self, count):
        """CRC-32 of the first `count` bytes of the file in the free slot; BadMessage when it has no such room."""
        if count > self.room:
            raise BadMessage("firmware: larger than a slot")
        start, found = self._start(self.free) + self.flash.sector_size, 0
        for at in range(start, start + count, _AT_ONCE):
            found = crc32(self._read(at, min(_AT_ONCE, start + count - at)), found)
        return found

    def write(self, at, data, expected):
        """Program a piece of the file into the free slot; where the next one goes. At the start of a sector it is erased first;
        elsewhere a piece has to follow the one before: `expected`. BadMessage; OSError."""
        flash, first = self.flash, self._start(self.free)
        step = flash.sector_size
        if (at % step and at != expected) or at % flash.unit or at + len(data) > self.room:
            raise BadMessage("firmware: a piece that does not follow")
        if self._read(first, 4) != b"\xff" * 4:
            flash.erase(first // step)  # what was there is none any more
        for start in range(0, len(data), _AT_ONCE):
            self._program(first + step + at + start, data[start : start + _AT_ONCE], True)
        return at + len(data)

    def install(self, front, last_look):
        """Put the file in the free slot on trial at the next start. last_look(bundle): may refuse it still. BadConfig: what runs
        stays."""
        bundle = one_file(front)
        if not self.is_whole(self.free, bundle):
            raise BadConfig("firmware: what was brought is not what was signed")
        last_look(bundle)
        first = self._start(self.free)
        try:
            self.flash.erase(first // self.flash.sector_size)
            self._program(first, bytes(front), False)
        except OSError:
            pass  # it is looked at
        if self._read(first, len(front)) != front:
            raise BadConfig("firmware: the flash did not keep it")
        self.trial, self.tried, self._tried_digest = self.free, 0, bundle.digest
        self._note()

    def confirm(self):
        """What was on trial is in force."""
        bundle = self.bundle(self.trial)
        self.version, self.lowest = bundle.version, max(self.lowest, bundle.lowest)
        self.in_force, self._digest = self.trial, self._tried_digest
        self.back()

    def back(self):
        """Nothing is on trial."""
        self.trial = self.tried = 0
        self._note()

    def _note(self):
        standing = (self.in_force, self.trial, self.tried, 0, self.version, self.lowest)
        self._state.store(pack(_STATE, *(standing + (self._digest, self._tried_digest))))

    def _start(self, slot):
        return (slot - 1) * (self.flash.sectors // 2) * self.flash.sector_size

    def _read(self, address, count):
        data = bytearray(count)
        self.flash.read_into(address, data)
        return data

    def _program(self, address, data, erases):
        """Units that are not full end with FF. erases: a sector that begins here is erased first."""
        flash = self.flash
        data = bytes(data) + b"\xff" * (-len(data) % flash.unit)
        while data:
            if erases and not address % flash.sector_size:
                flash.erase(address // flash.sector_size)
            count = min(_AT_ONCE, flash.sector_size - address % flash.sector_size)
            flash.program(address, data[:count])
            address, data = address + count, data[count:]


def one_file(front):
    """The Bundle of such a manifest and signature; BadConfig."""
    bundle = Bundle(front, FIRMWARE)
    if len(bundle.places) != 1 or size(front) != len(front):
        raise BadConfig("firmware: one file is expected")
    return bundle
