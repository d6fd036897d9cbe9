"""SHA-512: FIPS 180-4 section 6.4. Of MicroPython's hashlib it is missing. A visiting module."""

from struct import unpack_from

_MASK = (1 << 64) - 1


def sha512(message):
    """The 64-byte digest of bytes."""
    padded = message + b"\x80" + bytes(-(len(message) + 17) % 128 + 8) + (8 * len(message)).to_bytes(8, "big")
    primes = _primes(80)
    keys = [_root(prime, 3) for prime in primes]
    state = [_root(prime, 2) for prime in primes[:8]]
    for at in range(0, len(padded), 128):
        mixed = _rounds(state, _schedule(unpack_from(">16Q", padded, at)), keys)
        state = [one + other & _MASK for one, other in zip(state, mixed)]
    return b"".join([word.to_bytes(8, "big") for word in state])


def _primes(count):
    found, number = [], 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return found


def _root(prime, degree):
    """The first 64 bits behind the point of a square or cube root: where the standard's constants come from (4.2.3, 5.3.5)."""
    target = prime << 64 * degree
    root = 1 << 69
    while True:
        better = ((degree - 1) * root + target // root ** (degree - 1)) // degree
        if better >= root:
            return root & _MASK
        root = better


def _turn(word, count):
    return (word >> count | word << 64 - count) & _MASK


def _schedule(block):
    words = list(block)
    for at in range(16, 80):
        early, late = words[at - 15], words[at - 2]
        early = _turn(early, 1) ^ _turn(early, 8) ^ early >> 7
        late = _turn(late, 19) ^ _turn(late, 61) ^ late >> 6
        words.append(words[at - 16] + early + words[at - 7] + late & _MASK)
    return words


def _rounds(state, words, keys):
    a, b, c, d, e, f, g, h = state
    for word, key in zip(words, keys):
        first = h + (_turn(e, 14) ^ _turn(e, 18) ^ _turn(e, 41)) + (e & f ^ ~e & g) + key + word
        second = (_turn(a, 28) ^ _turn(a, 34) ^ _turn(a, 39)) + (a & b ^ a & c ^ b & c)
        a, b, c, d, e, f, g, h = first + second & _MASK, a, b, c, d + first & _MASK, e, f, g
    return a, b, c, d, e, f, g, h
