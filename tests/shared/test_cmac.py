"""AES-CMAC against published values."""

import json

from parts import beside
from yuanlu.crypto.cmac import cmac, equal


def vectors():
    """Key, message and MAC of every case."""
    with open(beside("tests/vectors/cmac_sp800_38b.json")) as file:
        cases = json.load(file)["cases"]
    return [[bytes.fromhex(case[name]) for name in ("key", "msg", "mac")] for case in cases]


def test_the_published_values_come_out():
    """SP 800-38B appendix D and RFC 4493: AES-128 and AES-256, 0, 16, 40 and 64 bytes."""
    cases = vectors()
    assert [(len(key), len(message)) for key, message, _ in cases] == [(k, m) for k in (16, 32) for m in (0, 16, 40, 64)]
    for key, message, mac in cases:
        assert cmac(key, message) == mac, (len(key), len(message))


def test_every_length_to_four_blocks():
    """The MAC over the MACs of the first 0 to 64 bytes of the message above; the two values are from the cryptography package."""
    expected = {16: "ce9d4819cde3246859077aa209e101ce", 32: "408683fbc95554a5a95b5e5c5b488092"}
    for key, message, _ in (vectors()[3], vectors()[7]):
        macs = b"".join([cmac(key, message[:length]) for length in range(65)])
        assert cmac(key, macs).hex() == expected[len(key)]


def test_a_memoryview_gives_the_same():
    """Answers are checked where they lie."""
    for key, message, mac in vectors():
        inside = bytearray(b"." + message + b".")
        assert cmac(key, memoryview(inside)[1:-1]) == mac


def test_every_bit_counts():
    """One bit of message or key changes the MAC, and no length agrees with another."""
    key, message, _ = vectors()[3]
    macs = [cmac(key, message[:length]) for length in range(65)]
    for at in range(64):
        changed = bytearray(message)
        changed[at] ^= 0x80
        macs.append(cmac(key, changed))
    for at in range(16):
        other = bytearray(key)
        other[at] ^= 1
        macs.append(cmac(bytes(other), message))
    macs.sort()
    assert all(macs[at] != macs[at + 1] for at in range(len(macs) - 1))


def test_equal_is_equality():
    """Of value and of length; leading zeros do not make two lengths one."""
    mac = bytes(range(8))
    assert equal(mac, bytes(mac)) and equal(memoryview(mac), mac) and equal(b"", b"")
    for at in range(8):
        other = bytearray(mac)
        other[at] ^= 1
        assert not equal(mac, other)
    assert not equal(mac, mac[1:]) and not equal(mac[1:], mac) and not equal(bytes(8), b"")
