"""A QR code, model 2: byte mode, versions 1 to 6, levels L and M. A visiting module.

After ISO/IEC 18004: Reed-Solomon over GF(256) with polynomial 0x11D. Of the eight masks any may be taken; see _mask.
"""

# (codewords of a block for correction, blocks) of version 1 to 6; all blocks of one version are of equal length there.
_LEVELS = {"L": (7, 1, 10, 1, 15, 1, 20, 1, 26, 1, 18, 2), "M": (10, 1, 16, 1, 26, 1, 18, 2, 24, 2, 16, 4)}
_CODEWORDS = (26, 44, 70, 100, 134, 172)
_LEVEL_BITS = {"L": 1, "M": 0}


class Code:
    """`size` modules square, line by line in `cells`."""

    def __init__(self, version):
        self.size = size = 17 + 4 * version
        self.cells = bytearray(size * size)  # bit 0: dark, bit 1: not for data

    def fix(self, x, y, dark):
        """A module that carries no data."""
        self.cells[y * self.size + x] = 2 | (1 if dark else 0)

    def raster(self, scale, quiet=4):
        """(bytes of a line, lines, the bits): `scale` dots a module, with `quiet` modules of white around."""
        side = (self.size + 2 * quiet) * scale
        stride = (side + 7) // 8
        bits = bytearray(stride * side)
        cells, cell = self.cells, 0
        for y in range(self.size):
            first = (y + quiet) * scale * stride
            for at in range(quiet * scale, side - quiet * scale, scale):
                if cells[cell] & 1:
                    for dot in range(at, at + scale):
                        bits[first + (dot >> 3)] |= 0x80 >> (dot & 7)
                cell += 1
            for line in range(1, scale):
                bits[first + line * stride : first + (line + 1) * stride] = bits[first : first + stride]
        return stride, side, bits


def encode(data, level="M"):
    """The smallest Code for these bytes; ValueError past version 6 (134 bytes at L, 106 at M)."""
    rows = _LEVELS[level]
    for version in range(1, 7):
        correction, blocks = rows[2 * version - 2], rows[2 * version - 1]
        room = _CODEWORDS[version - 1] - correction * blocks
        if len(data) + 2 <= room:
            break
    else:
        raise ValueError("qr: {} bytes are too many".format(len(data)))
    code = Code(version)
    _patterns(code, version)
    _place(code, _with_correction(_padded(data, room), correction, blocks))
    _mask(code, _LEVEL_BITS[level])
    return code


def _padded(data, room):
    """Mode 4, count, bytes, four bits of end, and padding: every byte is shifted by the mode's four bits."""
    out = bytearray(room)
    out[0], carry = 0x40 | len(data) >> 4, len(data) & 15
    for index, byte in enumerate(data):
        out[index + 1], carry = carry << 4 | byte >> 4, byte & 15
    out[len(data) + 1] = carry << 4
    for index in range(len(data) + 2, room):
        out[index] = 0x11 if (index - len(data)) % 2 else 0xEC
    return out


def _with_correction(data, count, blocks):
    """All blocks and their correction, interleaved as they are placed."""
    length = len(data) // blocks
    parts = [data[index * length : (index + 1) * length] for index in range(blocks)]
    divisor = _divisor(count)
    remainders = [_remainder(part, divisor) for part in parts]
    out = bytearray()
    for group in (parts, remainders):
        for index in range(len(group[0])):
            for part in group:
                out.append(part[index])
    return out


def _times(a, b):
    """Product in GF(256)."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = a << 1 ^ (0x11D if a & 0x80 else 0)
        b >>= 1
    return product


def _divisor(count):
    """The generator polynomial without its leading 1: product of (x - 2^i)."""
    divisor = bytearray(count)
    divisor[-1] = root = 1
    for _ in range(count):
        for index in range(count):
            divisor[index] = _times(divisor[index], root) ^ (divisor[index + 1] if index + 1 < count else 0)
        root = _times(root, 2)
    return divisor


def _remainder(data, divisor):
    rest = bytearray(len(divisor))
    for byte in data:
        factor = byte ^ rest[0]
        rest[:-1] = rest[1:]
        rest[-1] = 0
        for index, value in enumerate(divisor):
            rest[index] ^= _times(value, factor)
    return rest


def _patterns(code, version):
    """Finders with their white, timing, alignment; the places of the format are taken."""
    size = code.size
    for index in range(size):
        code.fix(6, index, index % 2 == 0)
        code.fix(index, 6, index % 2 == 0)
    for left, top in ((3, 3), (size - 4, 3), (3, size - 4)):
        for y in range(max(0, top - 4), min(size, top + 5)):
            for x in range(max(0, left - 4), min(size, left + 5)):
                code.fix(x, y, max(abs(x - left), abs(y - top)) not in (2, 4))
    if version > 1:
        for y in range(-2, 3):
            for x in range(-2, 3):
                code.fix(size - 7 + x, size - 7 + y, max(abs(x), abs(y)) != 1)
    _format(code, 0)


def _format(code, value):
    """Level and mask, twice, with BCH (15, 5) and the mask of the standard."""
    rest = value
    for _ in range(10):
        rest = rest << 1 ^ (0x537 if rest & 0x200 else 0)
    bits = (value << 10 | rest) ^ 0x5412
    size = code.size
    for index in range(15):
        dark = bits >> index & 1
        code.fix(8, index if index < 6 else index + 1 if index < 8 else size - 15 + index, dark)
        code.fix(size - 1 - index if index < 8 else 15 - index if index < 9 else 14 - index, 8, dark)
    code.fix(8, size - 8, True)


def _place(code, data):
    """Bits go up and down in columns of two, from the right; column 6 is no data's."""
    size, cells, at, up = code.size, code.cells, 0, True
    for right in range(size - 1, 0, -2):
        right -= right <= 6
        for step in range(size):
            row = (size - 1 - step if up else step) * size
            for cell in (row + right, row + right - 1):
                if not cells[cell] & 2 and at < 8 * len(data):
                    cells[cell] = data[at >> 3] >> (7 - (at & 7)) & 1
                    at += 1
        up = not up


_MASKS = (
    lambda x, y: (x + y) % 2,
    lambda x, y: y % 2,
    lambda x, y: x % 3,
    lambda x, y: (x + y) % 3,
    lambda x, y: (x // 3 + y // 2) % 2,
    lambda x, y: x * y % 2 + x * y % 3,
    lambda x, y: (x * y % 2 + x * y % 3) % 2,
    lambda x, y: ((x + y) % 2 + x * y % 3) % 2,
)


def _mask(code, level):
    """Lay a mask over the data, and say so in the format: the first one with less than a point of penalty a module, or the last.
    To weigh all eight takes five times as long, and no reader needs it."""
    for mask in range(8):
        _flip(code, _MASKS[mask])
        _format(code, level << 3 | mask)
        if mask == 7 or _penalty(code) < code.size * code.size:
            break
        _flip(code, _MASKS[mask])


def _flip(code, mask):
    size, cells = code.size, code.cells
    for y in range(size):
        for x in range(size):
            if not cells[y * size + x] & 2 and not mask(x, y):
                cells[y * size + x] ^= 1


def _penalty(code):
    """Of long runs, of what looks like a finder, of squares of one colour, and of too much of one colour."""
    size, cells = code.size, code.cells
    dark = sum([cell & 1 for cell in cells])
    total = 10 * (abs(20 * dark - 10 * size * size) // (size * size))
    for y in range(size - 1):
        for at in range(y * size, y * size + size - 1):
            if (cells[at] & 1) + (cells[at + 1] & 1) + (cells[at + size] & 1) + (cells[at + size + 1] & 1) in (0, 4):
                total += 3
    for line in range(size):
        total += _penalty_of_line(cells, line * size, 1, size) + _penalty_of_line(cells, line, size, size)
    return total


def _penalty_of_line(cells, start, step, size):
    total, run, window, before = 0, 0, 0, -1
    for index in range(size):
        dark = cells[start + index * step] & 1
        run = run + 1 if dark == before else 1
        before = dark
        total += 3 if run == 5 else 1 if run > 5 else 0
        window = (window << 1 | dark) & 0x7FF
        if index >= 10 and window in (0x5D0, 0x05D):
            total += 40
    return total
