"""AES-CMAC: NIST SP 800-38B, RFC 4493. MicroPython's cryptolib has ECB and CBC only, so it is built from them."""

from yuanlu.crypto.aes import cbc, ecb


def cmac(key, message):
    """The 16-byte MAC of `message` (bytes or memoryview) under a 16- or 32-byte key."""
    last = len(message) - (len(message) % 16 or 16) if len(message) else 0
    tail = bytes(message[last:])
    subkey = _double(int.from_bytes(ecb(key, bytes(16)), "big"))
    if len(tail) < 16:
        subkey = _double(subkey)
        tail = tail + b"\x80" + bytes(15 - len(tail))
    chain = cbc(key, message[:last])[-16:] if last else bytes(16)
    block = int.from_bytes(tail, "big") ^ subkey ^ int.from_bytes(chain, "big")
    return ecb(key, block.to_bytes(16, "big"))


def _double(value):
    """Multiply by x in GF(2^128)."""
    value <<= 1
    if value >> 128:
        value = (value ^ 0x87) & ((1 << 128) - 1)
    return value


def equal(left, right):
    """Compare two MACs in a time that does not depend on where they differ."""
    if len(left) != len(right):
        return False
    return int.from_bytes(left, "big") ^ int.from_bytes(right, "big") == 0
