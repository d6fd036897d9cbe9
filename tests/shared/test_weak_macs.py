"""The MACs under session keys against published and computed values, and how the broken one is forged without any key."""

import json

from parts import beside
from yuanlu.crypto.weak.macs import ecb_mac, sm4_cbc_mac, x9_19
from yuanlu.crypto.weak.sm4 import Sm4

MACS = (ecb_mac, x9_19, sm4_cbc_mac)
MAKS = [bytes([17 * seed + 31 * at & 255 for at in range(16)]) for seed in range(8)]


def vectors(name):
    """One file of tests/vectors."""
    with open(beside("tests/vectors/" + name)) as file:
        return json.load(file)


EXAMPLE = vectors("unionpay_ecb_mac_legacy.json")
MAB = bytes.fromhex(EXAMPLE["mab"])
AMOUNT_AT, AMOUNT_ENDS = 13, 19  # where field 4 stands in it: fen, in BCD


def test_the_worked_example_of_the_ecb_mac_comes_out():
    """Its MAK is one of single DES: 3DES with two equal halves."""
    assert ecb_mac(bytes.fromhex(EXAMPLE["mak_single_des"]) * 2, MAB) == EXAMPLE["mac_ascii"].encode()


def test_the_published_retail_macs_come_out():
    """ISO/IEC 9797-1 section B.4: three blocks, and three with padding."""
    cases = vectors("retail_mac_iso9797.json")["cases"]
    assert len(cases) == 2
    for case in cases:
        assert x9_19(bytes.fromhex(case["key"]), case["text"].encode()).hex() == case["mac"]


def test_the_sm4_mac_is_the_chain_of_published_blocks():
    """One block: the left half of the standard's example. Two: the second block, once mixed, is the standard's again."""
    key, block, secret = [bytes.fromhex(value) for value in vectors("sm4_gbt32907.json")["blocks"][0]]
    assert sm4_cbc_mac(key, block) == secret[:8]
    second = bytes([one ^ other for one, other in zip(block, secret)])
    assert sm4_cbc_mac(key, block + second) == secret[:8]
    assert sm4_cbc_mac(key, second) != secret[:8]


def forged(mab):
    """Two other messages: ¥0.51 is ¥9 000.51 in the first, paid for by the unused digits of field 53; blocks 3 and 4 of the
    second are exchanged."""
    dear = bytearray(mab)
    dear[16] ^= 0x90
    dear[80] ^= 0x90
    return bytes(dear), mab[:16] + mab[24:32] + mab[16:24] + mab[32:]


def test_the_ecb_mac_is_forged_without_a_key():
    """Under every key the other message has the MAC of the first: that is why it is called broken."""
    dear, exchanged = forged(MAB)
    assert (MAB[AMOUNT_AT:AMOUNT_ENDS].hex(), dear[AMOUNT_AT:AMOUNT_ENDS].hex()) == ("000000000051", "000000900051")
    assert len({MAB, dear, exchanged}) == 3
    for mak in MAKS:
        assert ecb_mac(mak, MAB) == ecb_mac(mak, dear) == ecb_mac(mak, exchanged)


def test_control_the_same_forgeries_change_the_other_macs():
    """And one of the two flips alone changes every MAC."""
    dear, exchanged = forged(MAB)
    half = dear[:80] + MAB[80:]
    for mak in MAKS:
        for mac in (x9_19, sm4_cbc_mac):
            assert len({mac(mak, MAB), mac(mak, dear), mac(mak, exchanged)}) == 3
        for mac in MACS:
            assert mac(mak, MAB) != mac(mak, half)


def test_zeros_at_the_end_count_for_nothing():
    """A weakness of all three: the padding does not say where the message ended. A zero byte in another block does count."""
    for mac in MACS:
        assert mac(MAKS[1], MAB) == mac(MAKS[1], MAB + b"\0")
        assert mac(MAKS[1], b"") == mac(MAKS[1], bytes(1)) == mac(MAKS[1], bytes(8))
    for mac in (x9_19, sm4_cbc_mac):
        assert mac(MAKS[1], MAB) != mac(MAKS[1], MAB + bytes(16))
    assert ecb_mac(MAKS[1], MAB) == ecb_mac(MAKS[1], MAB + bytes(16)), "the broken one does not even count blocks"


def test_every_length_has_a_mac_of_eight_bytes():
    """Hex digits in capitals are what the ECB MAC gives; a memoryview is as good as bytes."""
    inside = bytearray(b"." + MAB + b".")
    for length in range(41):
        for mac in MACS:
            made = mac(MAKS[2], MAB[:length])
            assert len(made) == 8 and made == mac(MAKS[2], memoryview(inside)[1 : length + 1]), (length, mac.__name__)
        assert all(byte in b"0123456789ABCDEF" for byte in ecb_mac(MAKS[2], MAB[:length]))


def test_every_bit_counts_alone():
    """One bit of the message or of the key changes the MAC; a parity bit of a DES key does not."""
    for mac in MACS:
        made = mac(MAKS[3], MAB)
        for at in range(0, 8 * len(MAB), 13):
            changed = bytearray(MAB)
            changed[at >> 3] ^= 1 << (at & 7)
            assert mac(MAKS[3], changed) != made, (mac.__name__, at)
        for at in range(128):
            other = bytearray(MAKS[3])
            other[at >> 3] ^= 1 << (at & 7)
            is_parity = mac is not sm4_cbc_mac and at & 7 == 0
            assert (mac(bytes(other), MAB) == made) == is_parity, (mac.__name__, at)


def test_the_left_half_of_the_block_is_all_that_a_sm4_mac_shows():
    """Who saw the MAC of one block cannot go on from it: the other 8 bytes of the chain stay secret."""
    block = MAB[:16]
    assert Sm4(MAKS[4]).encrypt(block)[:8] == sm4_cbc_mac(MAKS[4], block)
