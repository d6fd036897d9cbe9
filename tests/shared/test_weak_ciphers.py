"""DES, two-key 3DES and SM4 against published values."""

import json

from parts import beside
from raises import raises
from yuanlu.crypto.weak.des import Des, DoubleDes
from yuanlu.crypto.weak.sm4 import Sm4


def vectors(name):
    """The file, its cases as bytes."""
    with open(beside("tests/vectors/" + name)) as file:
        found = json.load(file)
    for group in found:
        if isinstance(found[group], list):
            found[group] = [[bytes.fromhex(value) for value in case] for case in found[group]]
    return found


def blocks_agree(cipher, plaintext, ciphertext, width):
    """Both ways, block by block."""
    for at in range(0, len(plaintext), width):
        plain, secret = plaintext[at : at + width], ciphertext[at : at + width]
        if cipher.encrypt(plain) != secret or cipher.decrypt(secret) != plain:
            return False
    return len(plaintext) == len(ciphertext) > 0


def test_the_known_answers_of_des_come_out():
    """SP 800-20: every bit of the key and of the block, the permutations, every entry of the S-boxes."""
    found = vectors("des_sp800_20.json")
    counts = [("varkey", 56), ("vartext", 64), ("invperm", 64), ("permop", 32), ("subtab", 19)]
    for group, count in counts:
        assert len(found[group]) == count, group
        for key, plaintext, ciphertext in found[group]:
            assert blocks_agree(Des(key), plaintext, ciphertext, 8), (group, key.hex())


def test_the_known_answers_of_3des_with_two_keys_come_out():
    """Ten messages of one to ten blocks."""
    cases = vectors("des_sp800_20.json")["two_keys"]
    assert [len(plaintext) for _, plaintext, _ in cases] == list(range(8, 88, 8))
    for key, plaintext, ciphertext in cases:
        assert blocks_agree(DoubleDes(key), plaintext, ciphertext, 8), key.hex()


def test_the_standards_examples_of_sm4_come_out():
    """And what the first becomes when it is encrypted 1 000 times over."""
    found = vectors("sm4_gbt32907.json")
    assert len(found["blocks"]) == 4
    for key, plaintext, ciphertext in found["blocks"]:
        assert blocks_agree(Sm4(key), plaintext, ciphertext, 16), plaintext.hex()
    key, block, _ = found["blocks"][0]
    cipher = Sm4(key)
    for _ in range(1000):
        block = cipher.encrypt(block)
    assert block.hex() == found["thousand_rounds"]


def test_control_a_wrong_bit_is_noticed():
    """In the key, the block or what comes out, at any place; of a DES key all bits but the parity bits."""
    found = vectors("des_sp800_20.json")
    key, plaintext, ciphertext = found["subtab"][0]
    for at in range(64):
        for changed in range(3):
            values = [bytearray(value) for value in (key, plaintext, ciphertext)]
            values[changed][at >> 3] ^= 1 << (at & 7)
            is_parity = changed == 0 and at & 7 == 0
            assert blocks_agree(Des(bytes(values[0])), values[1], bytes(values[2]), 8) == is_parity, (at, changed)
    key, plaintext, ciphertext = vectors("sm4_gbt32907.json")["blocks"][1]
    for at in range(128):
        for changed in range(3):
            values = [bytearray(value) for value in (key, plaintext, ciphertext)]
            values[changed][at >> 3] ^= 1 << (at & 7)
            assert not blocks_agree(Sm4(values[0]), bytes(values[1]), bytes(values[2]), 16), (at, changed)


def test_a_key_of_another_length_is_refused():
    """No cipher cuts or fills a key by itself."""
    for cipher, length in ((Des, 8), (DoubleDes, 16), (Sm4, 16)):
        cipher(bytes(length))
        for other in (0, 7, length - 1, length + 1, 24):
            with raises(ValueError):
                cipher(bytes(other))
