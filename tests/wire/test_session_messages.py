"""Messages under session keys (docs/wire.md section 5), as pyiso8583 and tshark read them: no KSN, and a key in field 62 of the
sign-on's answer."""

from __future__ import annotations

from pathlib import Path

import iso8583
import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4

import parts  # type: ignore[import-not-found]  # of tests/shared
from session_host import TMK, a_terminal  # type: ignore[import-not-found]  # of tests/shared
from tests.wire.acquirers import an_acquirer
from tests.wire.every_message import NOW, Card, Made
from tests.wire.test_every_message import HEADER, RAW, SPEC, TPDU, TPDU_BACK
from tests.wire.test_tshark import differences, in_its_table, read, tshark
from yuanlu.compat import run
from yuanlu.refund import state as s
from yuanlu.refund.transaction import KIND_REFUND, KIND_SALE, Draft

ALGORITHMS = ("ecb", "x9_19", "sm4")
SESSION_SPEC = SPEC | {"62": RAW | {"len_type": 2, "max_len": 48}}


def taken_apart(frame: bytes, tpdu: bytes) -> dict[str, str]:
    """Type and fields."""
    assert int.from_bytes(frame[:2], "big") == len(frame) - 2 and frame[2:7] == tpdu and frame[8:13] == HEADER[1:]
    decoded, _ = iso8583.decode(frame[13:], SESSION_SPEC)
    return {name: value for name, value in decoded.items() if name not in ("h", "p", "bm")}


def wire(algorithm: str) -> list[tuple[bytes, bytes]]:
    """(request, answer) of a sign-on, a sale and a refund of a part of it, as they went over the wire."""
    acquirer = an_acquirer("a", session=(algorithm, TMK))
    pairs: list[tuple[bytes, bytes]] = []

    def answer(request: bytes) -> bytes:
        [reply] = acquirer.answer(request, NOW) or []
        pairs.append((request, reply.frame))
        return reply.frame

    till = a_terminal(roads=[parts.Road([answer, answer], [answer])], algorithm=algorithm)

    async def trade() -> None:
        sale = till.desk.open(Draft(KIND_SALE, 10_000, card=Card()))
        await till.forwarder.send(sale)
        refund = till.desk.open(Draft(KIND_REFUND, 2_500, original=sale.number))
        await till.forwarder.send(refund)
        assert (sale.state, refund.state) == (s.IS_DONE, s.IS_DONE)

    run(trade())
    return pairs


def session_key(algorithm: str, wrapped: bytes) -> bytes:
    """The MAK in field 62, opened with `cryptography`; its last 4 bytes are its check value."""
    cipher = SM4(TMK) if algorithm == "sm4" else TripleDES(TMK)
    open_it = Cipher(cipher, modes.ECB()).decryptor()
    key = open_it.update(wrapped[:16])
    check = Cipher(SM4(key) if algorithm == "sm4" else TripleDES(key), modes.ECB()).encryptor()
    assert check.update(bytes(16))[:4] == wrapped[16:20]
    return key


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_pyiso8583_reads_what_went_under_session_keys(algorithm: str) -> None:
    (sign_on, key), *money = wire(algorithm)
    assert taken_apart(sign_on, TPDU)["t"] == "0800"
    told = taken_apart(key, TPDU_BACK)
    assert (told["t"], told["39"]) == ("0810", "00")
    session_key(algorithm, bytes.fromhex(told["62"]))
    for (request, answer), types in zip(money, (("0200", "0210"), ("0220", "0230")), strict=True):
        asked, answered = taken_apart(request, TPDU), taken_apart(answer, TPDU_BACK)
        assert (asked["t"], answered["t"], answered["39"]) == (*types, "00")
        tag = bytes.fromhex(asked["57"])
        assert tag[0] == 1 and tag[2 + tag[1]] == 3, "the number is followed by the head: there is no KSN"
        assert len(asked["64"]) == len(answered["64"]) == 16
        assert {field: asked[field] for field in ("4", "11", "41", "42", "49")} == {
            field: answered[field] for field in ("4", "11", "41", "42", "49")
        }
    assert len({pair[0] for pair in money}) == 2


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_tshark_reads_what_went_under_session_keys(tshark: str, algorithm: str, tmp_path: Path) -> None:
    for frame in [frame for pair in wire(algorithm)[1:] for frame in pair]:
        [reading] = read(tshark, [in_its_table(frame)], tmp_path)
        fields = taken_apart(frame, frame[2:7])
        del fields["64"]
        made = Made(frame, {name: value.upper() if name == "57" else value for name, value in fields.items()})
        assert (differences(made, reading), reading.complaints) == ([], [])
        assert differences(Made(frame, made.fields | {"4": "000000000001"}), reading) == ["bit4"]


__all__ = ["tshark"]
