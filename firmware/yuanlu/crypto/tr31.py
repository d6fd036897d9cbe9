"""Key blocks of ANSI X9.143 (TR-31), version D: a key under AES, bound to a header that says what it is for. A visiting module.

    D | length 4 digits | usage 2 | algorithm 1 | mode 1 | key version 2 | exportability 1 | count of optional blocks 2 | 00
    optional blocks: id 2 | length of all of it, 2 hex digits | text
    key field, encrypted, in hex: u16 bits of the key | key | random bytes        | MAC, 16 bytes in hex

Two keys come from the one that protects: for encryption (AES-CBC from the MAC on) and for the MAC (AES-CMAC over the header and
the key field in clear).
"""

from binascii import unhexlify
from collections import namedtuple
from struct import pack, unpack_from

from yuanlu.compat import const
from yuanlu.crypto.aes import cbc_decrypt
from yuanlu.crypto.cmac import cmac, equal
from yuanlu.errors import BadMessage

SHORTEST, LONGEST = const(112), const(256)
_HEAD = const(16)
_MAC = const(32)  # characters
_MOST_OPTIONS = const(3)
_ENCRYPTION, _AUTHENTICATION = const(0), const(1)
_AES_128, _AES_256 = const(2), const(4)

# header: 11 characters from the usage to the exportability; options: (id, text) of each, in order.
Block = namedtuple("Block", ("header", "options", "key"))


def unwrap(protection, text):
    """The Block in those bytes, under that key of 16 or 32 bytes; BadMessage when anything of it is otherwise."""
    if not SHORTEST <= len(text) <= LONGEST or len(text) % 16 or [byte for byte in text if not 0x20 <= byte < 0x7F]:
        raise BadMessage("tr31: not a key block")
    text = bytes(text)
    if text[:1] != b"D" or text[1:5] != b"%04d" % len(text) or text[14:16] != b"00":
        raise BadMessage("tr31: another version or length")
    options, at = _options(text)
    mac = _hex(text[-_MAC:])
    encrypted = _hex(text[at:-_MAC])
    if not encrypted or len(encrypted) % 16:
        raise BadMessage("tr31: no whole blocks")
    field = cbc_decrypt(_derived(protection, _ENCRYPTION), mac, encrypted)
    if not equal(cmac(_derived(protection, _AUTHENTICATION), text[:at] + field), mac):
        raise BadMessage("tr31: another MAC")
    bits = unpack_from(">H", field, 0)[0]
    if not bits or bits % 8 or bits // 8 > len(field) - 2:
        raise BadMessage("tr31: no length of a key")
    return Block(text[5:12], options, field[2 : 2 + bits // 8])


def _options(text):
    """The optional blocks, and where they end."""
    count, at, found = _digits(text[12:14]), _HEAD, []
    if count > _MOST_OPTIONS:
        raise BadMessage("tr31: too many optional blocks")
    for _ in range(count):
        length = _hex(text[at + 2 : at + 4])
        if len(length) != 1 or not 4 <= length[0] <= len(text) - _MAC - at:
            raise BadMessage("tr31: an optional block that does not fit")
        found.append((text[at : at + 2], text[at + 4 : at + length[0]]))
        at += length[0]
    if at % 16:
        raise BadMessage("tr31: optional blocks that are not padded")
    return found, at


def _digits(text):
    if len(text) != 2 or [byte for byte in text if not 0x30 <= byte <= 0x39]:
        raise BadMessage("tr31: no digits")
    return int(text)


def _hex(text):
    """Upper case alone."""
    if len(text) % 2 or [byte for byte in text if byte not in b"0123456789ABCDEF"]:
        raise BadMessage("tr31: not hex")
    return unhexlify(text)


def _derived(protection, usage):
    """The key for that usage: CMAC in counter mode over block, usage, algorithm and bits."""
    algorithm = {16: _AES_128, 32: _AES_256}[len(protection)]
    blocks = range(1, len(protection) // 16 + 1)
    return b"".join([cmac(protection, pack(">BHBHH", block, usage, 0, algorithm, 8 * len(protection))) for block in blocks])
