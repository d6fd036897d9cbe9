"""Session keys: the answer to a sign-on brings a MAC key, the MAK (docs/wire.md section 5).

WEAK: one key serves many messages and stays in the terminal until the next sign-on, and an old answer brings an old key back.
"""

from yuanlu.compat import const
from yuanlu.crypto.cmac import equal
from yuanlu.crypto.weak.des import DoubleDes
from yuanlu.crypto.weak.macs import ecb_mac, sm4_cbc_mac, x9_19
from yuanlu.crypto.weak.sm4 import Sm4
from yuanlu.errors import BadConfig, BadMessage, Refused

_LENGTH = const(20)
_CHECK = const(16)  # where the check value begins
_WITHOUT_PARITY = const(0xFE)

# algorithm: (cipher under which the MAK comes, MAC)
_ALGORITHMS = {"ecb": (DoubleDes, ecb_mac), "x9_19": (DoubleDes, x9_19), "sm4": (Sm4, sm4_cbc_mac)}


def open_keys(tmk, data, algorithm):
    """The MAK, 16 bytes, in field 62 of a sign-on's answer. tmk: the terminal's master key, 16 bytes.

    Raises BadMessage when the field is no key, Refused when it is not under this master key or is single DES in disguise, and
    BadConfig for an algorithm that is not one of "ecb", "x9_19" and "sm4".
    """
    if len(data) != _LENGTH:
        raise BadMessage("field 62: {} bytes, {} expected".format(len(data), _LENGTH))
    cipher, _ = _found(algorithm)
    master = cipher(tmk)
    mak = b"".join([master.decrypt(bytes(data[at : at + cipher.width])) for at in range(0, _CHECK, cipher.width)])
    if not equal(cipher(mak).encrypt(bytes(cipher.width))[:4], bytes(data[_CHECK:])):
        raise Refused("refused.keys")
    if cipher is DoubleDes and _halves_are_equal(mak):
        raise Refused("refused.keys")
    return mak


def mac(mak, data, algorithm):
    """The 8 bytes of field 64 over `data`."""
    _, made = _found(algorithm)
    return made(mak, data)


def _found(algorithm):
    if algorithm not in _ALGORITHMS:
        raise BadConfig("algorithm '{}': ecb, x9_19 or sm4 expected".format(algorithm))
    return _ALGORITHMS[algorithm]


def _halves_are_equal(mak):
    """3DES under such a key is DES. The lowest bit of each byte is its parity and counts for nothing."""
    return all((mak[at] ^ mak[8 + at]) & _WITHOUT_PARITY == 0 for at in range(8))
