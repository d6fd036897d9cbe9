"""Whose business is it that stands in this journal? docs/handover.md. A visiting module.

What the vault keeps, little-endian, twice over, so that one place may rot:
    u8 standing | u32 epoch | 8 the other terminal | 32 handover key | u16 blocks taken | u16 blocks in all | u32 sale
"""

from struct import pack, unpack

from yuanlu.compat import const
from yuanlu.crypto.two_places import TwoPlaces
from yuanlu.errors import Refused

PLACES = (26, 27)  # of the vault
_FORMAT = "<BI8s32sHHI"
_LENGTH = const(53)

# Standings. A HANDOVER record has them too, so a number never changes its meaning.
OWN = const(0)  # nothing was ever handed over
GIVEN = const(1)  # the old terminal: a capsule may be on its way
BACK = const(2)  # the old terminal: the spare will never take that capsule
FINISHED = const(3)  # the old terminal: the spare has it, for good
TAKING = const(4)  # the spare: some of the capsule is here
TAKEN = const(5)  # the spare: all of it is
DECLINED = const(6)  # the spare: it will never take that capsule
_SHUT = (GIVEN, FINISHED, TAKING)


class Fence:
    """Given the Vault port. `sale`: the number here of the sale that the newest block is about."""

    def __init__(self, vault):
        self.kept = TwoPlaces(vault, PLACES, _LENGTH)
        state = self.kept.state
        self.lost = state is None and all(vault.load(place) for place in PLACES)
        fields = unpack(_FORMAT, state or bytes(_LENGTH))
        self.standing, self.epoch, self.other, self.key, self.taken, self.count, self.sale = fields

    @property
    def is_shut(self):
        """The words why nothing is sent, opened or decided here, also when nobody knows whether it may be; empty where it may."""
        return "refused.fence_lost" if self.lost else "refused.handed_over" if self.standing in _SHUT else ""

    def is_at(self, standing, epoch, other):
        """That step was taken already."""
        return (self.standing, self.epoch, self.other) == (standing, epoch, other)

    def check(self, epoch):
        """Refused while a handover is under way, when all was given away, and for an epoch that is not new."""
        if self.is_shut or epoch <= self.epoch:
            raise Refused("refused.handover_number", self.epoch)

    def begin(self, standing, epoch, other, key, count=0):
        """Another handover; Refused as by `check`. count: of the blocks that come, the first of which is here."""
        self.check(epoch)
        self.epoch, self.other, self.key = epoch, other, key
        self.taken, self.count, self.sale = min(1, count), count, 0
        self.move(standing)

    def move(self, standing):
        """Durable in both places when it returns; from the first on it counts."""
        self.standing = standing
        self.keep()
        self.keep()

    def keep(self):
        """Durable: what has come so far."""
        values = (self.standing, self.epoch, self.other, self.key, self.taken, self.count, self.sale)
        self.kept.store(pack(_FORMAT, *values))
