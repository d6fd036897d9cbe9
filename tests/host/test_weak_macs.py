"""The weak and national MACs against other people's: psec and the cryptography package, over random data."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from psec import mac as psec_mac

from yuanlu.crypto.weak.des import Des, DoubleDes
from yuanlu.crypto.weak.macs import ecb_mac, sm4_cbc_mac, x9_19
from yuanlu.crypto.weak.sm4 import Sm4

ROOT = Path(__file__).parents[2]
WEAK = ROOT / "firmware" / "yuanlu" / "crypto" / "weak"
VECTORS = ROOT / "tests" / "vectors"
# psec takes 3DES from where it once was in the cryptography package.
pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")


def des_ecb(key: bytes, data: bytes) -> bytes:
    """Two keys, or one of 8 bytes three times over."""
    whole = key * 3 if len(key) == 8 else key + key[:8]
    return Cipher(TripleDES(whole), modes.ECB()).encryptor().update(data)


def sm4_ecb(key: bytes, data: bytes) -> bytes:
    return Cipher(algorithms.SM4(key), modes.ECB()).encryptor().update(data)


def sm4_mac(key: bytes, data: bytes) -> bytes:
    padded = psec_mac.pad_iso_1(data, 16)
    return Cipher(algorithms.SM4(key), modes.CBC(bytes(16))).encryptor().update(padded)[-16:][:8]


def ecb_of_terminals(key: bytes, data: bytes) -> bytes:
    """The same description, another way: column by column, digits by format."""
    padded = psec_mac.pad_iso_1(data, 8)
    folded = [0] * 8
    for at, byte in enumerate(padded):
        folded[at % 8] ^= byte
    digits = "".join(f"{byte:02X}" for byte in folded).encode()
    first = des_ecb(key, digits[:8])
    second = des_ecb(key, bytes(one ^ other for one, other in zip(first, digits[8:], strict=True)))
    return "".join(f"{byte:02X}" for byte in second[:4]).encode()


def retail(padding: int) -> Callable[[bytes, bytes], bytes]:
    """psec's, with one of the three paddings of ISO/IEC 9797-1."""
    return lambda key, data: psec_mac.generate_retail_mac(key[:8], key[8:], data, padding)


def differences(ours: Callable[[bytes, bytes], bytes], theirs: Callable[[bytes, bytes], bytes], rounds: int) -> int:
    """In so many of these messages, of 0 to 160 bytes each under a key of its own, the two do not agree."""
    dice = random.Random(20260801)
    messages = [(dice.randbytes(16), dice.randbytes(number % 161)) for number in range(rounds)]
    return sum(ours(key, data) != theirs(key, data) for key, data in messages)


@pytest.mark.parametrize(
    ("ours", "theirs"), [(ecb_mac, ecb_of_terminals), (x9_19, retail(1)), (sm4_cbc_mac, sm4_mac)], ids=["ecb", "x9.19", "sm4"]
)
def test_macs_agree_over_random_data(ours, theirs) -> None:
    assert differences(ours, theirs, 644) == 0


def test_control_another_padding_or_another_cipher_does_not_agree() -> None:
    assert differences(x9_19, retail(2), 161) == 161
    assert differences(sm4_cbc_mac, retail(1), 161) == 161
    assert differences(ecb_mac, lambda key, data: ecb_of_terminals(key, data + b"\0"), 161) == 0, "zeros count for nothing"
    assert differences(ecb_mac, lambda key, data: ecb_of_terminals(key, data).lower(), 161) > 150


@pytest.mark.parametrize(
    ("cipher", "length", "width", "theirs"),
    [(Des, 8, 8, des_ecb), (DoubleDes, 16, 8, des_ecb), (Sm4, 16, 16, sm4_ecb)],
    ids=["des", "3des", "sm4"],
)
def test_ciphers_agree_over_random_data(cipher, length, width, theirs) -> None:
    dice = random.Random(20260802)
    for _ in range(500):
        key, block = dice.randbytes(length), dice.randbytes(width)
        ours = cipher(key)
        secret = ours.encrypt(block)
        assert secret == theirs(key, block)
        assert ours.decrypt(secret) == block


def cases(name: str, *groups: str) -> list[list[bytes]]:
    """Key, plaintext and ciphertext of the published answers."""
    found = json.loads((VECTORS / name).read_text("utf-8"))
    return [[bytes.fromhex(value) for value in case] for group in groups for case in found[group]]


def unnoticed(module: str, name: str, table: str, answers: list[list[bytes]]) -> list[int]:
    """The hex digits of a module's table that may be wrong without one of these answers being wrong."""
    source = (WEAK / module).read_text("utf-8")
    start = source.index(table) + len(table)
    places = [at for at in range(start, source.index(")", start)) if source[at] in "0123456789abcdef"]
    assert len(places) == 512
    missed = []
    for at in places:
        wrong = f"{int(source[at], 16) ^ 1:x}"
        scope: dict = {"__name__": "mutant"}
        exec(compile(source[:at] + wrong + source[at + 1 :], module, "exec"), scope)
        if all(scope[name](key).encrypt(plain) == secret for key, plain, secret in answers):
            missed.append(at)
    return missed


def test_control_the_known_answers_notice_every_wrong_digit_of_an_s_box() -> None:
    assert unnoticed("des.py", "Des", "_S = (", cases("des_sp800_20.json", "subtab")) == []


def test_control_random_blocks_notice_every_wrong_digit_of_the_s_box_of_sm4() -> None:
    dice = random.Random(20260803)
    drawn = [(dice.randbytes(16), dice.randbytes(16)) for _ in range(8)]
    answers = [[key, plain, sm4_ecb(key, plain)] for key, plain in drawn]
    assert unnoticed("sm4.py", "Sm4", "_S = bytes.fromhex(", answers) == []
    assert unnoticed("sm4.py", "Sm4", "_S = bytes.fromhex(", answers[:1]) != [], "one block does not use all of it"
