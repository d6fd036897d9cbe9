"""DES and two-key 3DES blocks, FIPS 46-3. WEAK, withdrawn in 2005: only for acquirers that demand it (docs/wire.md section 5).

Half a block is two 16-bit numbers, since 32 bits do not fit the small int of a device. Tables of 1 KB are made from those of the
standard when the module is visited.
"""

from array import array

# S1 to S8, each four rows of sixteen hex digits.
_S = (
    "e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d"
    "f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9"
    "a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c"
    "7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e"
    "2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453"
    "c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d"
    "4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c"
    "d2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b"
)
# P, PC-1 and PC-2 in the standard's numbers: bit 1 is the highest.
_P = (16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25)
_CHOICE_C = (57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36)
_CHOICE_D = (63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4)
_KEY_C = (14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2)
_KEY_D = (41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32)
_ONE_TO_THE_LEFT = (0, 1, 8, 15)  # rounds in which the halves of the key turn by one bit, not two


def _substitution():
    """512 bytes: at 64 * box + six bits of its input, 16 * box + what the standard's box gives."""
    table = bytearray(512)
    for at in range(512):
        box, row, column = at >> 6, at >> 4 & 2 | at & 1, at >> 1 & 15
        table[at] = box << 4 | int(_S[64 * box + 16 * row + column], 16)
    return table


def _spread(outputs):
    """128 numbers: at 16 * box + output of a box, where P puts its bits among those 16 of the 32."""
    table = array("H", bytes(256))
    for at in range(16):
        source = outputs[at] - 1
        for value in range(16):
            if value >> (3 - source % 4) & 1:
                table[source // 4 * 16 + value] |= 0x8000 >> at
    return table


_BOXES, _UPPER, _LOWER = _substitution(), _spread(_P[:16]), _spread(_P[16:])


class Des:
    """Under a key of 8 bytes, whose parity bits count for nothing; ValueError for another length."""

    def __init__(self, key):
        if len(key) != 8:
            raise ValueError("des: a key of {} bytes, 8 expected".format(len(key)))
        self._keys = bytearray(128)  # sixteen rounds of eight six-bit keys
        c, d = _half_of_key(key, _CHOICE_C), _half_of_key(key, _CHOICE_D)
        for number in range(16):
            for _ in range(1 if number in _ONE_TO_THE_LEFT else 2):
                c, d = (c << 1 | c >> 27) & 0xFFFFFFF, (d << 1 | d >> 27) & 0xFFFFFFF
            upper, lower = _chosen(c, 28, _KEY_C), _chosen(d, 56, _KEY_D)
            for at in range(4):
                self._keys[8 * number + at] = upper >> (18 - 6 * at) & 63
                self._keys[8 * number + 4 + at] = lower >> (18 - 6 * at) & 63

    def encrypt(self, block):
        """Of 8 bytes."""
        return self._block(block, range(0, 128, 8))

    def decrypt(self, block):
        """Of 8 bytes."""
        return self._block(block, range(120, -1, -8))

    def _block(self, block, rounds):
        """The rounds in this order; each is named by where its keys begin."""
        keys, boxes, upper, lower = self._keys, _BOXES, _UPPER, _LOWER
        left, left_low, right, right_low = _take_apart(block)
        for at in rounds:
            # E: four windows of six bits in each, every one beginning a bit before its nibble.
            high = (right_low & 1) << 17 | right << 1 | right_low >> 15
            low = (right & 1) << 17 | right_low << 1 | right >> 15
            one = boxes[high >> 12 ^ keys[at]]
            two = boxes[64 | high >> 8 & 63 ^ keys[at + 1]]
            three = boxes[128 | high >> 4 & 63 ^ keys[at + 2]]
            four = boxes[192 | high & 63 ^ keys[at + 3]]
            five = boxes[256 | low >> 12 ^ keys[at + 4]]
            six = boxes[320 | low >> 8 & 63 ^ keys[at + 5]]
            seven = boxes[384 | low >> 4 & 63 ^ keys[at + 6]]
            eight = boxes[448 | low & 63 ^ keys[at + 7]]
            left ^= upper[one] | upper[two] | upper[three] | upper[four]
            left ^= upper[five] | upper[six] | upper[seven] | upper[eight]
            left_low ^= lower[one] | lower[two] | lower[three] | lower[four]
            left_low ^= lower[five] | lower[six] | lower[seven] | lower[eight]
            left, right = right, left  # two by two: an exchange of four would be a tuple on the heap
            left_low, right_low = right_low, left_low
        return _put_together(right, right_low, left, left_low)


class DoubleDes:
    """3DES under a key of 16 bytes: encrypt with the left half, decrypt with the right, encrypt with the left."""

    width = 8  # bytes of a block

    def __init__(self, key):
        if len(key) != 16:
            raise ValueError("3des: a key of {} bytes, 16 expected".format(len(key)))
        self.left, self.right = Des(key[:8]), Des(key[8:])

    def encrypt(self, block):
        """Of 8 bytes."""
        return self.left.encrypt(self.right.decrypt(self.left.encrypt(block)))

    def decrypt(self, block):
        """Of 8 bytes."""
        return self.left.decrypt(self.right.encrypt(self.left.decrypt(block)))


def _half_of_key(key, choice):
    """28 of the 64 bits of a key, side by side."""
    bits = 0
    for number in choice:
        bits = bits << 1 | key[number - 1 >> 3] >> (-number & 7) & 1
    return bits


def _chosen(value, width, choice):
    """These bits of a value of `width` bits, bit 1 the highest, side by side."""
    bits = 0
    for number in choice:
        bits = bits << 1 | value >> (width - number) & 1
    return bits


def _take_apart(block):
    """IP: the four quarters of a block. Row by row they hold bits 2, 4, 6, 8, 1, 3, 5 and 7 of all bytes, the last byte first."""
    left = left_low = right = right_low = 0
    for at in range(7, -1, -1):
        byte = block[at]
        left = left << 1 | byte << 2 & 0x100 | byte >> 4 & 1
        left_low = left_low << 1 | byte << 6 & 0x100 | byte & 1
        right = right << 1 | byte << 1 & 0x100 | byte >> 5 & 1
        right_low = right_low << 1 | byte << 5 & 0x100 | byte >> 1 & 1
    return left, left_low, right, right_low


def _put_together(left, left_low, right, right_low):
    """The inverse of IP."""
    block = bytearray(8)
    for at in range(8):
        first = (right >> at & 0x100) >> 1 | (left >> at & 0x100) >> 2 | (right >> at & 1) << 5 | (left >> at & 1) << 4
        last = (right_low >> at & 0x100) >> 5 | (left_low >> at & 0x100) >> 6 | (right_low >> at & 1) << 1 | left_low >> at & 1
        block[at] = first | last
    return bytes(block)
