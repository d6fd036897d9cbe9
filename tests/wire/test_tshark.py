"""Every message and every answer, decoded by the iso8583 dissector of tshark, in one run over a capture file made by hand.

TPDU and header are no part of ISO 8583: tshark gets the message behind its own 2-byte length. Its table of fields has 48, 57,
60 and 61 as text. So each message is there twice: as sent, which must read right up to the first of these fields; and whole, with
their digits as ASCII and the raw bytes of 57 as hex digits, all else untouched. Without a tshark it is skipped; in CI it fails.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import subprocess
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.wire.acquirer_frames import SIZES
from tests.wire.every_message import MAKERS, Made, every_exchange

MISSING = "there is no tshark, so that no stranger READS THE WIRE; install it, or set YUANLU_TSHARK=/path/to/tshark"
PORT = 8583
PREFERENCES = {
    "len_endian": "Big endian",
    "charset": "Digits represented in nibbles",
    "binencode": "Bin data not encoded",
}
SECONDS = 60
BODY_START = 13
MAC_FIELD = 64
NOT_TEXT = {48, 57, 60, 61}  # where the dissector's table differs from docs/wire.md
TEXT = {37, 38, 39, 41, 42, 49, 62, 63}


class Reading(NamedTuple):
    """What tshark says of one packet: the raw bytes of each field in hex digits, and its complaints."""

    raw: dict[str, str]
    complaints: list[str]


@pytest.fixture(scope="module")
def tshark() -> str:
    """YUANLU_TSHARK or the one on the PATH."""
    found = os.environ.get("YUANLU_TSHARK") or shutil.which("tshark")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(MISSING, pytrace=False)
    if found is None:
        pytest.skip(MISSING)
    return found


@pytest.fixture(scope="module")
def messages() -> dict[str, Made]:
    """Requests and answers, approved and refused."""
    found = {}
    for name, (request, answer) in every_exchange().items():
        found[name] = request
        found[f"answer to {name}"] = answer
    return found


def test_tshark_reads_every_message_as_what_was_put_in(tshark: str, messages: dict[str, Made], tmp_path: Path) -> None:
    as_sent = read(tshark, [made.frame[BODY_START:] for made in messages.values()], tmp_path)
    whole = read(tshark, [in_its_table(made.frame) for made in messages.values()], tmp_path)
    fields = readable_fields = 0
    for (name, made), beginning, reading in zip(messages.items(), as_sent, whole, strict=True):
        assert differences(made, reading) == [], name
        assert reading.complaints == [], name
        expected = expected_of(made, as_text=False)
        readable = ["mti", "map1"] + [
            f"bit{field}" for field in takewhile(lambda field: field not in NOT_TEXT, fields_in(made.frame))
        ]
        assert [field for field in readable if beginning.raw.get(field) != expected[field]] == [], name
        readable_fields += len(readable)
        fields += len(expected)
    assert len(messages) == 4 * len(MAKERS) and fields > 700 and readable_fields > 500


def test_control_a_changed_byte_of_any_message_is_noticed(tshark: str, messages: dict[str, Made], tmp_path: Path) -> None:
    """Every byte of the message type, the bitmap and the fields, one bit of it flipped; of the requests and approving answers."""
    changed = []
    for name, made in messages.items():
        if name.endswith("normal"):
            body = in_its_table(made.frame)
            changed += [(name, at, made, _flipped(body, at)) for at in range(len(body))]
    readings = read(tshark, [body for _, _, _, body in changed], tmp_path)
    assert len(changed) > 1000
    assert read(tshark, [changed[0][3][:-1]], tmp_path)[0].complaints
    unseen = [
        (name, at) for (name, at, made, _), reading in zip(changed, readings, strict=True) if not differences(made, reading)
    ]
    assert unseen == []


def differences(made: Made, reading: Reading) -> list[str]:
    """The fields that tshark has otherwise, lacks or has more than what was put in."""
    expected = expected_of(made, as_text=True)
    return sorted(field for field in expected.keys() | reading.raw.keys() if expected.get(field) != reading.raw.get(field))


def expected_of(made: Made, as_text: bool) -> dict[str, str]:
    """The raw bytes of each field in hex digits, by the dissector's names; `as_text`: as in_its_table() writes them."""
    present = sorted(int(field) for field in made.fields if field != "t") + [MAC_FIELD] * (made.frame[22] & 1)
    expected = {"mti": made.fields["t"], "map1": f"{sum(1 << (64 - field) for field in present):016x}"}
    for field in present:
        value = made.fields.get(str(field), made.frame[-8:].hex())
        if field in TEXT or (as_text and field in NOT_TEXT):
            value = value.encode("ascii").hex()
        expected[f"bit{field}"] = (value + "0" * (len(value) % 2)).lower()
    return expected


def fields_in(frame: bytes) -> list[int]:
    bitmap = int.from_bytes(frame[15:23], "big")
    return [field for field in range(1, 65) if bitmap >> (64 - field) & 1]


def in_its_table(frame: bytes) -> bytes:
    """The message of a frame, with what NOT_TEXT names as text: the length counts the same digits, or twice as many for 57."""
    out, at = bytearray(frame[BODY_START:23]), 23
    for field in fields_in(frame):
        if field in SIZES:
            out += frame[at : at + SIZES[field]]
            at += SIZES[field]
            continue
        count = int(frame[at : at + 2].hex())
        size = (count + 1) // 2 if field in NOT_TEXT - {57} else count
        value = frame[at + 2 : at + 2 + size]
        if field in NOT_TEXT:
            text = value.hex().upper()[: 2 * count if field == 57 else count]
            out += bytes.fromhex(f"{len(text):04d}") + text.encode("ascii")
        else:
            out += frame[at : at + 2] + value
        at += 2 + size
    assert at == len(frame)
    return bytes(out)


def read(tshark: str, bodies: list[bytes], folder: Path) -> list[Reading]:
    """One Reading for each message, from one capture file."""
    path = folder / "messages.pcap"
    path.write_bytes(capture_of(bodies))
    command = [
        tshark,
        "-n",
        "-r",
        str(path),
        "-d",
        f"tcp.port=={PORT},iso8583",
        "-T",
        "json",
        "-x",
        "-J",
        "iso8583 _ws.malformed",
    ]
    for name, value in PREFERENCES.items():
        command += ["-o", f"iso8583.{name}:{value}"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=SECONDS)
    assert done.returncode == 0, done.stderr[-1000:]
    packets = json.loads(done.stdout)
    assert len(packets) == len(bodies)
    return [_reading(packet["_source"]["layers"]) for packet in packets]


def _reading(layers: dict) -> Reading:
    layer = layers.get("iso8583", {})
    raw = {
        match[1]: value[0] for name, value in layer.items() if (match := re.fullmatch(r"iso8583\.(mti|map1|bit\d+)_raw", name))
    }
    return Reading(raw, re.findall(r"_ws\.(?:expert|malformed)[\w.]*", json.dumps(layers)))


def capture_of(bodies: list[bytes]) -> bytes:
    """A pcap file (version 2.4, raw IP) with one TCP segment a message, each of a connection of its own."""
    out = bytearray(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
    for number, body in enumerate(bodies):
        data = len(body).to_bytes(2, "big") + body
        # Ports, sequence and acknowledgement, header of 5 words, PSH and ACK; checksums are left 0.
        tcp = struct.pack(">HHIIBBHHH", 10_000 + number % 50_000, PORT, 1, 1, 0x50, 0x18, 65535, 0, 0) + data
        host = 1 + number // 50_000
        packet = struct.pack(">BBHHHBBH4B4B", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, 10, 0, 0, host, 10, 0, 1, 1) + tcp
        out += struct.pack("<IIII", 0, 0, len(packet), len(packet)) + packet
    return bytes(out)


def _flipped(body: bytes, at: int) -> bytes:
    return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
