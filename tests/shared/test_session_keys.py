"""The MAK in a sign-on's answer: taken only when it is under this terminal's master key."""

from raises import raises
from session_host import MAK, TMK, wrapped
from yuanlu.crypto.weak.macs import ecb_mac, sm4_cbc_mac, x9_19
from yuanlu.crypto.weak.session import mac, open_keys
from yuanlu.errors import BadConfig, BadMessage, Refused

# Field 62 of an answer that brings MAK under TMK, made with the cryptography package.
FIELD_62 = {
    "ecb": "31a7364cac91ca39c0489f69bec54fa2fb097599",
    "sm4": "09325c4853832dcb9337a5984f671b9a72eba303",
}
ALGORITHMS = ("ecb", "x9_19", "sm4")


def field_62(algorithm):
    """Those 20 bytes."""
    return bytes.fromhex(FIELD_62["sm4" if algorithm == "sm4" else "ecb"])


def refused(tmk, data, algorithm):
    """Whether it is refused, and for the keys."""
    try:
        open_keys(tmk, data, algorithm)
    except Refused as error:
        assert error.reason == "refused.keys"
        return True
    return False


def test_the_mak_comes_out():
    """Of bytes and of a memoryview."""
    for algorithm in ALGORITHMS:
        data = field_62(algorithm)
        assert data == wrapped(algorithm, MAK)
        assert open_keys(TMK, data, algorithm) == MAK == open_keys(TMK, memoryview(data), algorithm)


def test_one_wrong_bit_anywhere_is_refused():
    """Of the MAK or of its check value."""
    for algorithm in ALGORITHMS:
        for at in range(160):
            data = bytearray(field_62(algorithm))
            data[at >> 3] ^= 1 << (at & 7)
            assert refused(TMK, data, algorithm), (algorithm, at)


def test_a_key_of_another_terminal_is_refused():
    """Any other bit in the master key; a parity bit is none."""
    for algorithm in ALGORITHMS:
        for at in range(128):
            tmk = bytearray(TMK)
            tmk[at >> 3] ^= 1 << (at & 7)
            is_parity = algorithm != "sm4" and at & 7 == 0
            assert refused(bytes(tmk), field_62(algorithm), algorithm) != is_parity, (algorithm, at)


def test_a_key_of_single_des_in_disguise_is_refused():
    """Equal halves, parity bits or not; the check value is right. SM4 has no halves, and one bit of difference is enough."""
    half = MAK[:8]
    other_parity = bytes([byte ^ 1 for byte in half])
    for algorithm in ("ecb", "x9_19"):
        for mak in (half + half, half + other_parity, bytes(16)):
            assert refused(TMK, wrapped(algorithm, mak), algorithm)
        mak = half + bytes([half[0] ^ 2]) + half[1:]
        assert open_keys(TMK, wrapped(algorithm, mak), algorithm) == mak
    assert open_keys(TMK, wrapped("sm4", half + half), "sm4") == half + half


def test_another_length_is_no_key():
    """The 24 and 40 bytes with a PIN key, and 60 with a track key, that other profiles send, among them."""
    for algorithm in ALGORITHMS:
        for length in (0, 1, 16, 19, 21, 24, 40, 60):
            with raises(BadMessage) as caught:
                open_keys(TMK, (field_62(algorithm) * 3)[:length], algorithm)
            assert str(caught.value) == "field 62: {} bytes, 20 expected".format(length)


def test_an_algorithm_that_is_none_is_told():
    """For the key and for the MAC."""
    for algorithm in ("", "ECB", "des", "cmac"):
        with raises(BadConfig):
            open_keys(TMK, field_62("ecb"), algorithm)
        with raises(BadConfig):
            mac(MAK, b"0200", algorithm)


def test_the_mac_is_that_of_the_algorithm():
    """Three names, three MACs."""
    for algorithm, made in (("ecb", ecb_mac), ("x9_19", x9_19), ("sm4", sm4_cbc_mac)):
        assert mac(MAK, b"0200", algorithm) == made(MAK, b"0200")
