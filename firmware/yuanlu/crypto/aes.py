"""AES blocks from the device's cryptolib; on CPython (tests and tools) from the cryptography package."""

try:
    from cryptolib import aes

    def ecb(key, block):
        """Encrypt whole blocks, each by itself."""
        return aes(key, 1).encrypt(block)

    def cbc(key, blocks):
        """Encrypt whole blocks chained from a zero block."""
        return aes(key, 2, bytes(16)).encrypt(blocks)

    def cbc_decrypt(key, start, blocks):
        """Decrypt whole blocks that were chained from the block `start`."""
        return aes(key, 2, start).decrypt(blocks)

except ImportError:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    def ecb(key, block):
        """Encrypt whole blocks, each by itself."""
        return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(bytes(block))

    def cbc(key, blocks):
        """Encrypt whole blocks chained from a zero block."""
        return Cipher(algorithms.AES(key), modes.CBC(bytes(16))).encryptor().update(bytes(blocks))

    def cbc_decrypt(key, start, blocks):
        """Decrypt whole blocks that were chained from the block `start`."""
        return Cipher(algorithms.AES(key), modes.CBC(start)).decryptor().update(bytes(blocks))
