"""A state in the vault that a power cut cannot tear: two places are written by turns, and the newer whole one counts.

u32 turn | the state | u32 crc32 of both        little-endian; the turn rises with each write
"""

from binascii import crc32
from struct import pack, unpack_from


def first(state):
    """The bytes of a place that holds its first state."""
    return _whole(1, state)


def _whole(turn, state):
    data = pack("<I", turn) + state
    return data + pack("<I", crc32(data))


class TwoPlaces:
    """Given the Vault port, the two places and the length of the state in bytes. `state`: the newest, or None.

    `torn`: the other place holds something that is not whole: power went while it was written, or it has rotted since and was
    the newer one.
    """

    def __init__(self, vault, places, length):
        self.vault, self.places = vault, places
        self.turn, self.newest, self.state, self.torn = 0, 0, None, False
        for place in places:
            data = bytes(vault.load(place))
            if len(data) == length + 8 and crc32(data[:-4]) == unpack_from("<I", data, length + 4)[0]:
                turn = unpack_from("<I", data, 0)[0]
                if turn > self.turn:
                    self.turn, self.newest, self.state = turn, place, data[4:-4]
            elif data:
                self.torn = True

    def store(self, state):
        """Durable when it returns; until then the state before it stands."""
        self.newest = self.places[0] if self.newest == self.places[1] else self.places[1]
        self.turn += 1
        self.vault.store(self.newest, _whole(self.turn, state))
        self.state, self.torn = state, False
