"""The initial keys that were in force here, by their ids: none comes again, or counters would come twice (L4). A visiting module.

u8 how many | 8 bytes each, oldest first | zeros

A block's version is 1 to 99 and rises, and a block brings one key: with the one from the start, 100 is all there can be.
"""

from yuanlu.compat import const
from yuanlu.crypto import dukpt
from yuanlu.crypto.two_places import TwoPlaces
from yuanlu.errors import Refused

PLACES = (22, 23)  # of the vault
MOST, _BYTES = const(100), const(8)
_STANDS_AT = const(8)  # of a place of dukpt: the id, after turn and counter


def refuse(vault, key_id):
    """Refused for an id that was in force, and for any where nobody knows which ones were."""
    kept = _kept(vault)
    if kept.state is None and all(vault.load(place) for place in PLACES):
        raise Refused("refused.transport_lost")
    known = _known(kept)
    if key_id in known + _now(vault):
        raise Refused("refused.key_old")
    if len(known) >= MOST:  # only where ids have rotted on their way here
        raise Refused("refused.transport_lost")


def replace(vault, key, key_id):
    """Durable: the key is in force, and neither it nor the one before will come again. Refuse first."""
    _remember(vault)
    dukpt.load(vault, key, key_id)
    _remember(vault)  # it stands here even where the place of the keys rots


def _remember(vault):
    """What is in force now. In both places, so that none is forgotten when one of them rots."""
    kept = _kept(vault)
    known = _known(kept)
    news = [key_id for key_id in _now(vault) if key_id not in known]
    if news:
        known = (known + news)[-MOST:]
        state = bytes((len(known),)) + b"".join(known)
        state += bytes(1 + MOST * _BYTES - len(state))
        kept.store(state)
        kept.store(state)


def _kept(vault):
    return TwoPlaces(vault, PLACES, 1 + MOST * _BYTES)


def _known(kept):
    state = kept.state or b"\0"
    return [bytes(state[at : at + _BYTES]) for at in range(1, 1 + state[0] * _BYTES, _BYTES)]


def _now(vault):
    """The one in force; where no place of the keys can be read, what stands there for ids."""
    standing = dukpt.standing(vault)
    if standing:
        return [standing[0]]
    found = [bytes(vault.load(place)[_STANDS_AT : _STANDS_AT + _BYTES]) for place in dukpt.PLACES]
    return [key_id for key_id in found if len(key_id) == _BYTES]
