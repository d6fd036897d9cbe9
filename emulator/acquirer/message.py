"""The acquirer's own reading of docs/wire.md, sections 1 and 2. A frame is:

    length 2 | TPDU 5 | header 6 | type 2 | bitmap 8 | fields ... | MAC 8

Numbers are kept as their digits, text as text and raw bytes as upper-case hex: exactly what is needed to echo them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import iso8583
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from .dukpt import KSN_BYTES, is_counter

LENGTH_BYTES = 2
SHORTEST, LONGEST = 20, 1024
TPDU_END = 7
BODY_START = 13
ASKS_AT = TPDU_END + 2
# What the host request nibble of an answer may ask of the terminal.
ASKS = ("nothing", "parameters", "status", "sign-on", "keys", "chip parameters", "remote management")
TPDU_PROTOCOL = 0x60
HEADER = bytes.fromhex("603100000000")
MAC_BYTES = 8

TAG_NUMBER, TAG_KSN, TAG_JOURNAL_HEAD, TAG_CARD, TAG_NONCE = 0x01, 0x02, 0x03, 0x04, 0x05
# Sign-on and echo: they say nothing about money.
WITHOUT_MAC = ("0800", "0820")


def _digits(count: int, length_bytes: int = 0) -> dict[str, Any]:
    return _raw(count, length_bytes) | {"len_count": "nibbles", "right_pad": "0"}


def _text(count: int, length_bytes: int = 0) -> dict[str, Any]:
    return {"data_enc": "ascii", "len_enc": "bcd", "len_type": length_bytes, "max_len": count}


def _raw(count: int, length_bytes: int = 0) -> dict[str, Any]:
    return {"data_enc": "b", "len_enc": "bcd", "len_type": length_bytes, "max_len": count}


NUMERIC = {
    3: _digits(6),
    4: _digits(12),
    11: _digits(6),
    12: _digits(6),
    13: _digits(4),
    22: _digits(3),
    25: _digits(2),
    48: _digits(322, 2),
    60: _digits(17, 2),
    61: _digits(29, 2),
}
FIELDS = NUMERIC | {
    37: _text(12),
    38: _text(6),
    39: _text(2),
    41: _text(8),
    42: _text(15),
    49: _text(3),
    57: _raw(255, 2),
    62: _raw(48, 2),
    63: _text(163, 2),
    64: _raw(MAC_BYTES),
}
SPEC = {"h": _raw(0), "t": _raw(2), "p": _raw(8)} | {str(field): layout for field, layout in FIELDS.items()}


class BadMessage(ValueError):
    """Bytes that break docs/wire.md; `place` names the part of the frame, `why` what is wrong with it."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(f"{place}: {why}")
        self.place = place
        self.why = why


class Attempt(NamedTuple):
    """What tells one attempt from every other one; batch and trace as 6 digits."""

    merchant: str
    terminal: str
    batch: str
    trace: str


@dataclass(frozen=True)
class Message:
    """One frame taken apart; `signed` is what the MAC covers, `mac` is empty when field 64 is missing.

    `asks` is the host request nibble of the header: 0 in requests, in an answer what the acquirer wants of the terminal.
    """

    tpdu: bytes
    type: str
    fields: Mapping[int, str]
    signed: bytes
    mac: bytes
    asks: int = 0

    @property
    def attempt(self) -> Attempt:
        """The identity of this attempt; KeyError unless fields 11, 41, 42 and 60 are there."""
        return Attempt(self.fields[42], self.fields[41], self.fields[60][2:8], self.fields[11])

    @property
    def answer_type(self) -> str:
        """Message type of the answer to this request."""
        return f"{int(self.type) + 10:04d}"


def decode(frame: bytes) -> Message:
    """Take one whole frame, length included, apart; BadMessage when it cannot be read."""
    length = check_length(frame)
    if length != len(frame) - LENGTH_BYTES:
        raise BadMessage("length", f"says {length}, {len(frame) - LENGTH_BYTES} bytes follow")
    if frame[LENGTH_BYTES] != TPDU_PROTOCOL:
        raise BadMessage("TPDU", f"starts with {frame[LENGTH_BYTES]:02X}")
    asks = frame[ASKS_AT]
    if frame[TPDU_END:BODY_START] != header_asking(asks) or asks >= len(ASKS):
        raise BadMessage("header", frame[TPDU_END:BODY_START].hex())
    return _decode_body(frame[LENGTH_BYTES:TPDU_END], frame[BODY_START:], asks)


def header_asking(asks: int) -> bytes:
    """The header with that host request nibble."""
    return HEADER[:2] + bytes([asks]) + HEADER[3:]


def asking(frame: bytes, asks: int) -> bytes:
    """The same frame with that host request nibble, which no MAC covers."""
    return frame[:TPDU_END] + header_asking(asks) + frame[BODY_START:]


def check_length(prefix: bytes) -> int:
    """Number of bytes that follow the two-byte length; BadMessage unless 20 to 1024."""
    length = int.from_bytes(prefix[:LENGTH_BYTES], "big")
    if not SHORTEST <= length <= LONGEST:
        raise BadMessage("length", f"{length} is not {SHORTEST} to {LONGEST}")
    return length


def _decode_body(tpdu: bytes, body: bytes, asks: int) -> Message:
    # pyiso8583 looks each field of the bitmap up without asking, and follows bit 1 to a second bitmap.
    bitmap = int.from_bytes(body[2:10], "big")
    for field in range(1, 65):
        if bitmap >> (64 - field) & 1 and field not in FIELDS:
            raise BadMessage("bitmap", f"field {field} is not in the profile")
    try:
        decoded, _ = iso8583.decode(body, SPEC)
    except iso8583.DecodeError as error:
        place = "bitmap" if error.field == "p" else f"field {error.field}"
        raise BadMessage(place, f"{error.msg}, byte {BODY_START + error.pos}") from None
    fields = {int(name): value for name, value in decoded.items() if name.isdigit()}
    if 64 not in fields:
        return Message(tpdu, decoded["t"], fields, body, b"", asks)
    return Message(tpdu, decoded["t"], fields, body[:-MAC_BYTES], body[-MAC_BYTES:], asks)


def encode(tpdu: bytes, message_type: str, fields: Mapping[int, str], seal: Callable[[bytes], bytes] | None) -> bytes:
    """One whole frame; `seal` turns the signed bytes into the 8 bytes of field 64, None leaves that field out.

    iso8583.EncodeError on impossible fields.
    """
    named = {"t": message_type} | {str(field): value for field, value in fields.items()}
    if seal is None:
        body = bytes(iso8583.encode(named, SPEC)[0])
    else:
        signed = bytes(iso8583.encode(named | {"64": "00" * MAC_BYTES}, SPEC)[0][:-MAC_BYTES])
        body = signed + seal(signed)
    content = tpdu + HEADER + body
    return len(content).to_bytes(LENGTH_BYTES, "big") + content


def swap_tpdu(tpdu: bytes) -> bytes:
    """The TPDU of an answer: destination and source change places."""
    return tpdu[:1] + tpdu[3:5] + tpdu[1:3]


def cmac(key: bytes, data: bytes) -> bytes:
    """The 16 bytes of AES-CMAC (RFC 4493, SP 800-38B)."""
    mac = CMAC(AES(key))
    mac.update(data)
    return mac.finalize()


def request_mac(key: bytes, signed: bytes) -> bytes:
    """Field 64 of a request: 8 bytes over the message type up to field 64."""
    return cmac(key, signed)[:MAC_BYTES]


def answer_mac(key: bytes, mac_of_request: bytes, signed: bytes) -> bytes:
    """Field 64 of an answer: 8 bytes that also cover the request's MAC, so that an answer fits one request only."""
    return cmac(key, mac_of_request + signed)[:MAC_BYTES]


def private_data(message: Message) -> dict[int, bytes]:
    """The tags of field 57; BadMessage when they are cut short or a tag comes twice. A tag unknown here is kept."""
    data = bytes.fromhex(message.fields.get(57, ""))
    tags: dict[int, bytes] = {}
    position = 0
    while position < len(data):
        value_start = position + 2
        end = value_start + data[position + 1] if value_start <= len(data) else value_start
        if end > len(data):
            raise BadMessage("field 57", f"cut short at byte {position}")
        if data[position] in tags:
            raise BadMessage("field 57", f"tag {data[position]:02X} comes twice")
        tags[data[position]] = data[value_start:end]
        position = end
    return tags


def ksn_of(message: Message) -> bytes:
    """The KSN of a message that has a MAC; BadMessage when there is none, or none that a key belongs to."""
    ksn = private_data(message).get(TAG_KSN, b"")
    if len(ksn) != KSN_BYTES or not is_counter(int.from_bytes(ksn[-4:], "big")):
        raise BadMessage("field 57", "no KSN in tag 02")
    return ksn


def check_request(message: Message) -> None:
    """BadMessage when no answer can be given: the message is no request, or has no MAC to bind an answer to, or no key."""
    if message.asks:
        raise BadMessage("header", "a request asks nothing of a terminal")
    # ISO 8583:1987, 4.1.1: an even third digit asks, the odd one above it answers.
    if not message.type.isdigit() or int(message.type[2]) % 2:
        raise BadMessage("type", f"{message.type} is no request")
    if not message.mac and message.type not in WITHOUT_MAC:
        raise BadMessage("field 64", "missing")
