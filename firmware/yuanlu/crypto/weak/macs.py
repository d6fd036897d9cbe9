"""The three MACs of acquirers with session keys (docs/wire.md section 5). All are weak, the first is broken: whoever can change a
message on the line can change it so that its MAC stays right, without any key.

mak: 16 bytes; data: bytes or memoryview, padded with zero bytes to whole blocks, so that zeros at its end count for nothing.
"""

from yuanlu.crypto.weak.des import DoubleDes
from yuanlu.crypto.weak.sm4 import Sm4


def ecb_mac(mak, data):
    """UnionPay terminals, "ECB": the XOR of all blocks, written as hex digits, under 3DES. Eight ASCII hex digits: 32 bits.

    BROKEN: blocks may be exchanged, and bits flipped in two of them at once. As described in public terminal code; no standard.
    """
    folded = 0
    for block in _blocks(data, 8):
        folded ^= block
    cipher = DoubleDes(mak)
    digits = _digits(folded.to_bytes(8, "big"))
    first = int.from_bytes(cipher.encrypt(digits[:8]), "big")
    mixed = first ^ int.from_bytes(digits[8:], "big")
    return _digits(cipher.encrypt(mixed.to_bytes(8, "big")))[:8]


def x9_19(mak, data):
    """ANSI X9.19, the retail MAC (ISO/IEC 9797-1 algorithm 3, padding 1): DES chained under the left half, 3DES at the end."""
    cipher = DoubleDes(mak)
    chain = _chained(cipher.left, data, 8)
    return cipher.left.encrypt(cipher.right.decrypt(chain))


def sm4_cbc_mac(mak, data):
    """SM4 chained (ISO/IEC 9797-1 algorithm 1, padding 1), the left 8 bytes."""
    return _chained(Sm4(mak), data, 16)[:8]


def _chained(cipher, data, width):
    """The last block of `data` encrypted in CBC mode from zeros."""
    chain = bytes(width)
    for block in _blocks(data, width):
        chain = cipher.encrypt((block ^ int.from_bytes(chain, "big")).to_bytes(width, "big"))
    return chain


def _blocks(data, width):
    """The blocks as big-endian numbers; no data is one block of zeros."""
    for at in range(0, len(data) or 1, width):
        block = bytes(data[at : at + width])
        yield int.from_bytes(block, "big") << 8 * (width - len(block))


def _digits(block):
    return block.hex().upper().encode()
