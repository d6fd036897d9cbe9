"""AES in counter mode: NIST SP 800-38A. MicroPython's cryptolib lacks it on most boards, so it is built from ECB."""

from yuanlu.crypto.aes import ecb


def ctr(key, counter, data):
    """Encrypt or decrypt `data`; counter: the first counter block as an int, used for nothing else under this key."""
    blocks = -(-len(data) // 16)
    counters = bytearray(16 * blocks)
    for at in range(blocks):
        counters[16 * at : 16 * at + 16] = (counter + at).to_bytes(16, "big")
    stream = ecb(key, bytes(counters))[: len(data)]
    return (int.from_bytes(stream, "big") ^ int.from_bytes(data, "big")).to_bytes(len(data), "big")
