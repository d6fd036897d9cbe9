"""SM4 blocks: GB/T 32907-2016. A national cipher, here for acquirers that demand it (docs/wire.md section 5).

A word is two 16-bit numbers, since 32 bits do not fit the small int of a device. Nothing but the standard's S-box is a table.
"""

from array import array

_S = bytes.fromhex(
    "d690e9fecce13db716b614c228fb2c052b679a762abe04c3aa44132649860699"
    "9c4250f491ef987a33540b43edcfac62e4b31ca9c908e89580df94fa758f3fa6"
    "4707a7fcf37317ba83593c19e6854fa8686b81b27164da8bf8eb0f4b70569d35"
    "1e240e5e6358d1a225227c3b01217887d40046579fd327524c3602e7a0c4c89e"
    "eabf8ad240c738b5a3f7f2cef96115a1e0ae5da49b341a55ad933230f58cb1e3"
    "1df6e22e8266ca60c02923ab0d534e6fd5db3745defd8e2f03ff6a726d6c5b51"
    "8d1baf92bbddbc7f11d95c411f105ad80ac13188a5cd7bbd2d74d012b8e5b4b0"
    "8969974a0c96777e65b9f109c56ec68418f07dec3adc4d2079ee5f3ed7cb3948"
)
_FAMILY = (0xA3B1, 0xBAC6, 0x56AA, 0x3350, 0x677D, 0x9197, 0xB270, 0x22DC)  # FK


class Sm4:
    """Under a key of 16 bytes; ValueError for another length."""

    width = 16  # bytes of a block

    def __init__(self, key):
        if len(key) != 16:
            raise ValueError("sm4: a key of {} bytes, 16 expected".format(len(key)))
        self._keys = _round_keys(key)

    def encrypt(self, block):
        """Of 16 bytes."""
        return self._block(block, 0)

    def decrypt(self, block):
        """Of 16 bytes."""
        return self._block(block, 62)

    def _block(self, block, first):
        """first: where the key of the first round stands; the rounds go from there to the other end."""
        keys, box = self._keys, _S
        words = [block[at] << 8 | block[at + 1] for at in range(0, 16, 2)]
        for at in range(0, 64, 2):
            key = first - at if first else at
            upper = words[at + 2 & 7] ^ words[at + 4 & 7] ^ words[at + 6 & 7] ^ keys[key]
            lower = words[at + 3 & 7] ^ words[at + 5 & 7] ^ words[at + 7 & 7] ^ keys[key + 1]
            upper = box[upper >> 8] << 8 | box[upper & 255]
            lower = box[lower >> 8] << 8 | box[lower & 255]
            # L: the word turned left by 0, 2, 10, 18 and 24 bits, XORed. 10 is 2 and 8; 18 is 2 and 24 is 8, halves exchanged.
            upper_2, lower_2 = (upper << 2 | lower >> 14) & 0xFFFF, (lower << 2 | upper >> 14) & 0xFFFF
            left, right = upper_2 ^ lower, lower_2 ^ upper
            words[at & 7] ^= upper ^ upper_2 ^ lower_2 ^ (left << 8 & 0xFF00 | right >> 8)
            words[at + 1 & 7] ^= lower ^ upper_2 ^ lower_2 ^ (right << 8 & 0xFF00 | left >> 8)
        return b"".join([words[at].to_bytes(2, "big") for at in (6, 7, 4, 5, 2, 3, 0, 1)])


def _round_keys(key):
    """64 numbers: the halves of the 32 round keys."""
    keys, box = array("H", bytes(128)), _S
    words = [(key[2 * at] << 8 | key[2 * at + 1]) ^ _FAMILY[at] for at in range(8)]
    for at in range(0, 64, 2):
        constant = 14 * at  # CK: each byte is 7 more than the one before
        upper = words[at + 2 & 7] ^ words[at + 4 & 7] ^ words[at + 6 & 7] ^ (constant << 8 & 0xFF00 | constant + 7 & 0xFF)
        lower = words[at + 3 & 7] ^ words[at + 5 & 7] ^ words[at + 7 & 7] ^ (constant + 14 << 8 & 0xFF00 | constant + 21 & 0xFF)
        upper = box[upper >> 8] << 8 | box[upper & 255]
        lower = box[lower >> 8] << 8 | box[lower & 255]
        # L': the word turned left by 0, 13 and 23 bits, XORed: halves exchanged, then 3 to the right and 7 to the left.
        words[at & 7] ^= upper ^ ((lower >> 3 | upper << 13) ^ (lower << 7 | upper >> 9)) & 0xFFFF
        words[at + 1 & 7] ^= lower ^ ((upper >> 3 | lower << 13) ^ (upper << 7 | lower >> 9)) & 0xFFFF
        keys[at], keys[at + 1] = words[at & 7], words[at + 1 & 7]
    return keys
