"""Whose business is it that stands in this journal? docs/handover.md. A visiting module.

What the vault keeps, little-endian, twice over, so that one place may rot:
    u8 standing | u32 epoch | 8 the other terminal | u16 its install epoch, where it is the spare | 32 handover key |
    u16 blocks taken | u16 blocks in all | u32 sale | u32 floor | 16 rows: 8 giver, u32 its newest epoch

A giver is the terminal that hands over: zeros for this one. Each counts by itself, so that two capsules may come in either order.
One without a row begins above the floor: the highest epoch whose row had to make room.
"""

from struct import pack, unpack_from

from yuanlu.compat import const
from yuanlu.crypto.two_places import TwoPlaces
from yuanlu.errors import Refused

PLACES = (26, 27)  # of the vault
_FORMAT = "<BI8sH32sHHII"
_ROWS_AT = const(59)
_ROW = "<8sI"
_ROW_SIZE = const(12)
_MOST = const(16)
_LENGTH = const(251)

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
        state = state or bytes(_LENGTH)
        fields = unpack_from(_FORMAT, state, 0)
        self.standing, self.epoch, self.other, self.install, self.key, self.taken, self.count, self.sale, self.lowest = fields
        rows = [unpack_from(_ROW, state, at) for at in range(_ROWS_AT, _LENGTH, _ROW_SIZE)]
        self.rows = dict([row for row in rows if row[1]])  # newest epoch by giver

    @property
    def is_shut(self):
        """The words why nothing is sent, opened or decided here, also when nobody knows whether it may be; empty where it may."""
        return "refused.fence_lost" if self.lost else "refused.handed_over" if self.standing in _SHUT else ""

    def is_at(self, standing, epoch, other):
        """That step was taken already."""
        return (self.standing, self.epoch, self.other) == (standing, epoch, other)

    def newest(self, giver):
        """No handover by that terminal is begun here but with a higher epoch than this."""
        return self.rows.get(giver, self.lowest)

    def check(self, giver, epoch):
        """Refused while a handover is under way, when all was given away, and for an epoch that is not new."""
        if self.is_shut or epoch <= self.newest(giver):
            raise Refused("refused.handover_number", self.newest(giver))

    def begin(self, standing, epoch, other, key, count=0, install=0):
        """Another handover; Refused as by `check`. count: of the blocks that come, the first of which is here; install: epoch of
        the other one."""
        giver = bytes(8) if standing == GIVEN else other
        self.check(giver, epoch)
        self.rows[giver] = epoch
        if len(self.rows) > _MOST:
            self.lowest, giver = min([(epoch, giver) for giver, epoch in self.rows.items()])
            self.rows.pop(giver)
        self.epoch, self.other, self.install, self.key = epoch, other, install, key
        self.taken, self.count, self.sale = min(1, count), count, 0
        self.move(standing)

    def move(self, standing):
        """Durable in both places when it returns; from the first on it counts."""
        self.standing = standing
        self.keep()
        self.keep()

    def keep(self):
        """Durable: what has come so far."""
        values = (self.standing, self.epoch, self.other, self.install, self.key, self.taken, self.count, self.sale, self.lowest)
        state = pack(_FORMAT, *values) + b"".join([pack(_ROW, giver, epoch) for giver, epoch in self.rows.items()])
        self.kept.store(state + bytes(_LENGTH - len(state)))
