"""The acquirer under session keys: a key with each sign-on, seals that may be made anew, messages that may not."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import ECB

from emulator.acquirer import Acquirer, BadMessage
from emulator.acquirer.sessions import MACS, Sessions
from tests.wire import acquirer_frames as by_hand
from tests.wire.acquirer_frames import bcd, framed, plain_frame_of, refund_fields, sign_on_fields
from tests.wire.acquirers import NOW, RRN, an_acquirer_with_a_sale, ask

VECTORS = Path(__file__).parents[1] / "vectors"
TMK = bytes.fromhex("0123456789abcdeffedcba9876543210")
ALGORITHMS = sorted(MACS)


def an_acquirer(algorithm: str = "x9_19", kind: str = "a") -> Acquirer:
    return an_acquirer_with_a_sale(kind, session=(algorithm, TMK))


def sign_on(acquirer: Acquirer, algorithm: str = "x9_19") -> bytes:
    """The MAK in field 62, opened by hand; its check value is right."""
    field = ask(acquirer, plain_frame_of("0800", sign_on_fields()))[-20:]
    cipher, width = (SM4, 16) if algorithm == "sm4" else (lambda key: TripleDES(key + key[:8]), 8)
    mak = Cipher(cipher(TMK), ECB()).decryptor().update(field[:16])
    assert Cipher(cipher(mak), ECB()).encryptor().update(bytes(width))[:4] == field[16:]
    return mak


def sealed(mak: bytes, amount: int = 500, trace: int = 12, algorithm: str = "x9_19") -> bytes:
    fields = refund_fields(RRN, amount, trace)
    bitmap = sum(1 << (64 - field) for field in [*fields, 64])
    signed = bcd("0220") + bitmap.to_bytes(8, "big") + b"".join(fields[field] for field in sorted(fields))
    return framed(by_hand.TPDU + by_hand.HEADER + signed + MACS[algorithm](mak, signed))


def code_of(mak: bytes, answer: bytes, algorithm: str = "x9_19") -> str:
    """Of an answer whose MAC is right and covers the answer alone."""
    assert MACS[algorithm](mak, answer[13:-8]) == answer[-8:]
    bitmap, at = int.from_bytes(answer[15:23], "big"), 23
    for field in (field for field in range(1, 39) if bitmap >> (64 - field) & 1):
        at += by_hand.SIZES[field]
    return answer[at : at + 2].decode()


def test_the_macs_are_the_published_ones():
    """X9.19 of ISO/IEC 9797-1; SM4 of one block is the standard's; for "ECB" nothing is published."""
    for case in json.loads((VECTORS / "retail_mac_iso9797.json").read_text())["cases"]:
        assert MACS["x9_19"](bytes.fromhex(case["key"]), case["text"].encode()).hex() == case["mac"]
    for key, plain, cipher in json.loads((VECTORS / "sm4_gbt32907.json").read_text())["blocks"][:2]:
        assert MACS["sm4"](bytes.fromhex(key), bytes.fromhex(plain)).hex() == cipher[:16]
    example = json.loads((VECTORS / "unionpay_ecb_mac_legacy.json").read_text())
    single = bytes.fromhex(example["mak_single_des"])
    assert MACS["ecb"](single * 2, bytes.fromhex(example["mab"])).decode() == example["mac_ascii"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_repeat_under_another_key_is_answered_with_the_first_answer(algorithm):
    """Sealed anew, as the request was; the money moved once."""
    acquirer = an_acquirer(algorithm)
    first = sign_on(acquirer, algorithm)
    one = ask(acquirer, sealed(first, algorithm=algorithm))
    second = sign_on(acquirer, algorithm)
    other = ask(acquirer, sealed(second, algorithm=algorithm))
    assert first != second and one[:-8] == other[:-8]
    assert code_of(first, one, algorithm) == code_of(second, other, algorithm) == "00"
    assert acquirer.ledger.refunded(RRN.decode()) == 500 and acquirer.ledger.alarms == []


def test_other_bytes_under_a_right_seal_are_no_repeat():
    acquirer = an_acquirer()
    ask(acquirer, sealed(sign_on(acquirer)))
    mak = sign_on(acquirer)
    assert code_of(mak, ask(acquirer, sealed(mak, amount=400))) == "94"
    assert [alarm["what"] for alarm in acquirer.ledger.alarms] == ["other bytes under a used identity"]


def test_a_seal_of_an_earlier_key_is_refused_and_nothing_was_looked_at():
    """The same message under the new key is booked."""
    acquirer = an_acquirer()
    old = sealed(sign_on(acquirer))
    mak = sign_on(acquirer)
    assert code_of(mak, ask(acquirer, old)) == "A0"
    assert acquirer.ledger.refunded(RRN.decode()) == 0
    assert code_of(mak, ask(acquirer, sealed(mak))) == "00"


def test_without_a_sign_on_nothing_can_be_answered():
    with pytest.raises(BadMessage, match="no sign-on"):
        an_acquirer().answer(sealed(TMK), NOW)


def test_a_ksn_has_no_place_here():
    acquirer = an_acquirer()
    mak = sign_on(acquirer)
    dukpt = by_hand.frame_of("0220", refund_fields(RRN))
    assert code_of(mak, ask(acquirer, dukpt[:-8] + MACS["x9_19"](mak, dukpt[13:-8]))) == "30"


def test_an_algorithm_or_key_that_is_none_is_told():
    for algorithm, tmk in (("des", TMK), ("sm4", TMK[:8])):
        with pytest.raises(ValueError, match="is none of ecb, x9_19, sm4, or the TMK"):
            Sessions(algorithm, tmk, 1)
