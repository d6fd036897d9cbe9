"""A terminal that goes out of use: what the vault keeps of that, and the erasing. A visiting module; docs/technician.md.

Once the mark stands, a start does nothing but erase until all of it is through. So a power cut leaves the terminal as it was, or
it is erased in the end; it is never in service with a part of its journal gone. What the vault keeps, little-endian:

    u8 1 begun, 2 through | 8 terminal | u16 install epoch | u32 number and 8 bytes tag of the newest record | u32 date |
    u32 technician | u16 places and sectors that did not let themselves be erased
"""

from struct import pack, unpack

from yuanlu.compat import const
from yuanlu.crypto.two_places import TwoPlaces
from yuanlu.store.chip import BadSector, Chip

PLACES = (30, 31)  # of the vault
_FIRMWARE = (28, 29)  # which firmware is in force: no secret, and what starts has to know the mark
_ALL = const(32)  # places that a vault has
_FORMAT = "<B8sHI8sIIH"
_LENGTH = const(33)

BEGUN = const(1)
THROUGH = const(2)


class Erasure:
    """Given the Vault port. `standing`: 0, BEGUN or THROUGH."""

    def __init__(self, vault):
        self.vault = vault
        self.kept = TwoPlaces(vault, PLACES, _LENGTH)
        fields = unpack(_FORMAT, self.kept.state or bytes(_LENGTH))
        self.standing, self.terminal, self.epoch, self.number, self.tag, self.date, self.technician, self.left = fields
        # A torn first write leaves one place blank. Both are written before anything is erased, and may rot later.
        if self.kept.state is None and all(vault.load(place) for place in PLACES):
            self.standing = BEGUN

    def begin(self, *names):
        """Durable: the terminal is out of use. names: terminal, install epoch, number, tag, date, technician."""
        self.terminal, self.epoch, self.number, self.tag, self.date, self.technician = names
        self._keep(BEGUN)

    def carry_out(self, regions):
        """Keys and PINs first, then these regions of flash. What was erased before a cut is erased again: it may be weak."""
        self.left = 0
        for place in range(_ALL):
            if place not in PLACES + _FIRMWARE:
                self._overwrite(place)
        for flash in regions:
            chip = Chip(flash)
            for sector in range(flash.sectors):
                try:
                    chip.erase(sector)
                except BadSector:
                    self.left += 1
        self._keep(THROUGH)

    def _overwrite(self, place):
        data = self.vault.load(place)
        if any(data):
            self.vault.store(place, bytes(len(data)))
            self.left += any(self.vault.load(place))

    def _keep(self, standing):
        """In both places: where one rots, the other tells."""
        self.standing = standing
        names = (self.terminal, self.epoch, self.number, self.tag, self.date, self.technician, self.left)
        state = pack(_FORMAT, standing, *names)
        self.kept.store(state)
        self.kept.store(state)
