"""Ed25519, verifying only: RFC 8032 section 5.1. A visiting module: about 80 million instructions, once for each thing signed.

Stricter than the RFC where two verifiers could disagree: S below L, the key's y below p, no key of small order, and the equation
without the cofactor, R compared as bytes. A point is (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z.
"""

from yuanlu.crypto.sha512 import sha512

_P = (1 << 255) - 19
_L = (1 << 252) + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT = pow(2, _P >> 2, _P)  # of -1
_NEUTRAL = (0, 1, 1, 0)


def verify(key, message, signature):
    """True when the 64-byte signature over `message` was made with the secret half of that 32-byte key."""
    if len(key) != 32 or len(signature) != 64:
        return False
    point, scalar = _point(key), int.from_bytes(signature[32:], "little")
    if point is None or scalar >= _L or _is_small(point):
        return False
    challenge = int.from_bytes(sha512(bytes(signature[:32]) + bytes(key) + message), "little") % _L
    x, y, z, t = point
    return _bytes(_sum(scalar, _base(), challenge, (_P - x, y, z, _P - t))) == bytes(signature[:32])


def _base():
    """The point with y = 4/5 and an even x."""
    return _point((4 * pow(5, _P - 2, _P) % _P).to_bytes(32, "little"))


def _point(data):
    """The point of 32 bytes, or None when they are none: 5.1.3."""
    y = int.from_bytes(data, "little")
    odd, y = y >> 255, y & (1 << 255) - 1
    if y >= _P:
        return None
    top, bottom = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = top * pow(bottom, 3, _P) * pow(top * pow(bottom, 7, _P), _P - 5 >> 3, _P) % _P
    if (bottom * x * x - top) % _P:
        x = x * _ROOT % _P
    if (bottom * x * x - top) % _P or (odd and not x):
        return None
    if x & 1 != odd:
        x = _P - x
    return (x, y, 1, x * y % _P)


def _bytes(point):
    shrunk = pow(point[2], _P - 2, _P)
    x, y = point[0] * shrunk % _P, point[1] * shrunk % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _is_small(point):
    """Eight times it is the neutral point: everybody could sign under such a key."""
    for _ in range(3):
        point = _add(point, point)
    return not point[0] % _P and not (point[1] - point[2]) % _P


def _add(left, right):
    """5.1.4; it holds for equal points too."""
    x, y, z, t = left
    u, v, w, s = right
    a, b = (y - x) * (v - u) % _P, (y + x) * (v + u) % _P
    c, d = 2 * _D * t * s % _P, 2 * z * w % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _sum(scalar, point, other_scalar, other):
    """scalar * point + other_scalar * other, both scalars walked at once."""
    chosen = (None, point, other, _add(point, other))
    total = _NEUTRAL
    for bit in range(252, -1, -1):
        total = _add(total, total)
        which = (scalar >> bit & 1) + 2 * (other_scalar >> bit & 1)
        if which:
            total = _add(total, chosen[which])
    return total
