"""From which terminals something came here by the image of their chip: docs/handover.md. A visiting module.

Such a terminal may wake, and offer the same again by itself. What the vault keeps, little-endian, twice over, a row for each:
    8 terminal | u16 install epoch | u32 epoch of the handover        zeros for none
"""

from struct import pack, unpack_from

from yuanlu.compat import const
from yuanlu.crypto.two_places import TwoPlaces
from yuanlu.errors import StoreFull

PLACES = (20, 21)  # of the vault
_FORMAT = "<8sHI"
_ROW = const(14)
_MOST = const(32)


class Salvaged:
    """Given the Vault port. Where neither place can be read all terminals count as such."""

    def __init__(self, vault):
        self.kept = TwoPlaces(vault, PLACES, _MOST * _ROW)
        state = self.kept.state
        self.lost = state is None and all(vault.load(place) for place in PLACES)
        rows = [unpack_from(_FORMAT, state or b"", at) for at in range(0, len(state or b""), _ROW)]
        self.rows = [row for row in rows if row[2]]

    def has(self, terminal, install):
        """Something of that installation came so."""
        return self.lost or any(row[:2] == (terminal, install) for row in self.rows)

    def is_by(self, terminal, epoch):
        """That handover brings it."""
        return any(row[0] == terminal and row[2] == epoch for row in self.rows)

    def add(self, terminal, install, epoch):
        """Durable in both places when it returns; StoreFull."""
        rows = [row for row in self.rows if row[:2] != (terminal, install)] + [(terminal, install, epoch)]
        if len(rows) > _MOST:
            raise StoreFull("salvaged: from too many terminals")
        self.rows = rows
        state = b"".join([pack(_FORMAT, *row) for row in rows])
        for _ in PLACES:
            self.kept.store(state + bytes(_MOST * _ROW - len(state)))
