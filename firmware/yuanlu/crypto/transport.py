"""The transport key, which key blocks come under: what the vault keeps of it. A visiting module.

u8 version of the newest block that was taken | 32 bytes, the key

The version never goes back, whatever the key is: a block that was taken once, or before one that was taken, could bring an
initial key anew, and its counters would come twice (L4). So another key goes on with the version of the one before.
"""

from binascii import hexlify

from yuanlu.compat import const
from yuanlu.crypto.cmac import cmac
from yuanlu.crypto.two_places import TwoPlaces
from yuanlu.errors import Refused

PLACES = (24, 25)  # of the vault
BYTES = const(32)


def check(key):
    """Five hex digits by which people compare a key: AES-CMAC of a block of zeros."""
    return str(hexlify(cmac(key, bytes(16)))[:5], "ascii").upper()


def standing(vault):
    """(version of the newest block, key), or None where there is no key."""
    state = TwoPlaces(vault, PLACES, 1 + BYTES).state
    return (state[0], bytes(state[1:])) if state else None


def take(vault, version):
    """Durable: a block of that version is used up."""
    _store(TwoPlaces(vault, PLACES, 1 + BYTES), version, standing(vault)[1])


def _store(kept, version, key):
    """In both places, so that what was before does not come back when one of them rots."""
    kept.store(bytes((version,)) + key)
    kept.store(bytes((version,)) + key)


def join(first, second):
    """The key that two components make; Refused where one person would know it."""
    if first == second or not any(first) or not any(second):
        raise Refused("refused.components")
    return bytes([one ^ two for one, two in zip(first, second)])


def refuse(vault):
    """Refused where both places hold something unreadable: which blocks were taken nobody knows then. With one of them blank none
    was, since the first one that is taken writes both."""
    if standing(vault) is None and all(vault.load(place) for place in PLACES):
        raise Refused("refused.transport_lost")


def replace(vault, key, told):
    """Durable: blocks come under that key from now on, and not under the one before. Refused as above. told(): just before."""
    refuse(vault)
    kept = TwoPlaces(vault, PLACES, 1 + BYTES)
    told()
    _store(kept, kept.state[0] if kept.state else 0, key)
