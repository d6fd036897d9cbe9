"""Frames put together and taken apart by hand from docs/wire.md; nothing of the acquirer simulator's own codec is used."""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

REQUEST_KEY = bytes(range(0x10))
ANSWER_KEY = bytes(range(0x10, 0x20))
READER_KEY = bytes(range(0x20, 0x30))
MERCHANT, TERMINAL = b"YUANLU000000001", b"YL000001"
TPDU = bytes.fromhex("6000030000")
HEADER = bytes.fromhex("603100000000")
PAN = "6228480402564890"
NONCE = bytes.fromhex("a0a1a2a3a4a5a6a7a8a9aaab")
CARD = NONCE + AESGCM(READER_KEY).encrypt(NONCE, b"6228480402564890FFF", None)
HEAD = bytes.fromhex("000000061122334455667788")

APPROVED_BITMAP, REFUSED_BITMAP = bytes.fromhex("303800800EC08011"), bytes.fromhex("3038008002C08011")
SIZES = {3: 3, 4: 6, 11: 3, 12: 3, 13: 2, 25: 1, 37: 12, 38: 6, 39: 2, 41: 8, 42: 15, 49: 3, 64: 8}


def mac_of(key: bytes, data: bytes) -> bytes:
    mac = CMAC(AES(key))
    mac.update(data)
    return mac.finalize()[:8]


def bcd(digits: str) -> bytes:
    return bytes.fromhex(digits + "0" * (len(digits) % 2))


def variable_digits(digits: str) -> bytes:
    return bcd(f"{len(digits):04d}") + bcd(digits)


def variable_bytes(data: bytes) -> bytes:
    return bcd(f"{len(data):04d}") + data


def tag(number: int, value: bytes) -> bytes:
    return bytes([number, len(value)]) + value


def number(record: int) -> bytes:
    return b"YL000001-0001-%08d" % record


def sale_fields(amount: int = 1234, trace: int = 7) -> dict[int, bytes]:
    return {
        3: bcd("000000"),
        4: bcd(f"{amount:012d}"),
        11: bcd(f"{trace:06d}"),
        22: bcd("071"),
        25: bcd("00"),
        41: TERMINAL,
        42: MERCHANT,
        49: b"156",
        57: variable_bytes(tag(1, number(trace)) + tag(3, HEAD) + tag(4, CARD)),
        60: variable_digits("22000001000"),
    }


def refund_fields(
    rrn: bytes, amount: int = 500, trace: int = 12, approval: bytes = b"      ", original: str = "0000000000000000"
) -> dict[int, bytes]:
    return {
        3: bcd("200000"),
        4: bcd(f"{amount:012d}"),
        11: bcd(f"{trace:06d}"),
        25: bcd("00"),
        37: rrn,
        38: approval,
        41: TERMINAL,
        42: MERCHANT,
        49: b"156",
        57: variable_bytes(tag(1, number(trace)) + tag(3, bytes.fromhex("0000000B99AABBCCDDEEFF00"))),
        60: variable_digits("25000001000"),
        61: variable_digits(original),
        63: variable_bytes(b"000"),
    }


def frame_of(message_type: str, fields: dict[int, bytes], key: bytes = REQUEST_KEY) -> bytes:
    bitmap = sum(1 << (64 - field) for field in [*fields, 64])
    signed = bcd(message_type) + bitmap.to_bytes(8, "big") + b"".join(fields[field] for field in sorted(fields))
    return framed(TPDU + HEADER + signed + mac_of(key, signed))


def framed(content: bytes) -> bytes:
    return len(content).to_bytes(2, "big") + content


def resealed(frame: bytes) -> bytes:
    """The same frame with the length and the MAC that its other bytes call for."""
    signed = frame[13:-8]
    return framed(frame[2:13] + signed + mac_of(REQUEST_KEY, signed))


def sale(amount: int = 1234, trace: int = 7) -> bytes:
    return frame_of("0200", sale_fields(amount, trace))


def refund(
    rrn: bytes, amount: int = 500, trace: int = 12, approval: bytes = b"      ", original: str = "0000000000000000"
) -> bytes:
    return frame_of("0220", refund_fields(rrn, amount, trace, approval, original))


def has_right_mac(answer: bytes, request: bytes) -> bool:
    return answer[-8:] == mac_of(ANSWER_KEY, request[-8:] + answer[13:-8])


def fields_of(answer: bytes) -> dict[int, bytes]:
    """The fields of an answer by its own bitmap; 60, the only one whose size varies, with its length."""
    fields, position = {}, 23
    for field in range(1, 65):
        if int.from_bytes(answer[15:23], "big") >> (64 - field) & 1:
            size = 2 + (int(answer[position : position + 2].hex()) + 1) // 2 if field == 60 else SIZES[field]
            fields[field] = answer[position : position + size]
            position += size
    assert position == len(answer)
    return fields


def take_apart(answer: bytes, request: bytes) -> dict[int, bytes]:
    """The fields of the answer to a request that has all of its own, after all that surrounds them was checked."""
    assert int.from_bytes(answer[:2], "big") == len(answer) - 2
    assert answer[2:7] == request[2:3] + request[5:7] + request[3:5]
    assert answer[7:13] == HEADER
    assert answer[13:15] == bytes([request[13], request[14] + 0x10])
    assert has_right_mac(answer, request)
    fields = fields_of(answer)
    assert answer[15:23] == (APPROVED_BITMAP if fields[39] == b"00" else REFUSED_BITMAP)
    return fields
