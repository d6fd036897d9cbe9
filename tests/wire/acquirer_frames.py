"""Frames put together and taken apart by hand from docs/wire.md; nothing of the acquirer simulator's own codec is used.

Each frame with a MAC gets a KSN whose counter follows from all its other bytes: the same content is the same bytes, and other
content has another KSN.
"""

from hashlib import sha256

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.cmac import CMAC

BASE_KEY = bytes(range(0x10))
READER_KEY = bytes(range(0x20, 0x30))
MERCHANT, TERMINAL = b"YUANLU000000001", b"YL000001"
TPDU = bytes.fromhex("6000030000")
HEADER = bytes.fromhex("603100000000")
PAN = "6228480402564890"
NONCE = bytes.fromhex("a0a1a2a3a4a5a6a7a8a9aaab")
CARD = NONCE + AESGCM(READER_KEY).encrypt(NONCE, b"6228480402564890FFF", None)
WALLET = NONCE + AESGCM(READER_KEY).encrypt(NONCE, b"280000000000000017F", None)
HEAD = bytes.fromhex("000000061122334455667788")

NONCE_TAG = bytes.fromhex("05080102030405060708")

# By message type: the bitmap of an approving answer, and that of any other one.
BITMAPS = {
    0x0210: ("303800800EC08011", "3038008002C08011"),
    0x0230: ("303800800EC08011", "3038008002C08011"),
    0x0410: ("3038008002C08011", "3038008002C08011"),
    0x0610: ("303800000EC00011", "3038000002C00011"),
    0x0510: ("0038000002C18011", "0038000002C18011"),
    0x0330: ("0038000002C00011", "0038000002C00011"),
    0x0810: ("0038000002C00010", "0038000002C00010"),
    0x0830: ("0038000002C00010", "0038000002C00010"),
}
SIZES = {3: 3, 4: 6, 11: 3, 12: 3, 13: 2, 22: 2, 25: 1, 37: 12, 38: 6, 39: 2, 41: 8, 42: 15, 49: 3, 64: 8}


def block(key: bytes, data: str, context: bytes) -> bytes:
    """One AES block over derivation data: version, block, usage, algorithm, bits, then `context`."""
    return Cipher(AES(key), ECB()).encryptor().update(bytes.fromhex("0101" + data + "00020080") + context)


def key_id(merchant: bytes = MERCHANT, terminal: bytes = TERMINAL) -> bytes:
    return sha256(merchant + terminal).digest()[:8]


def initial_key(whose: bytes) -> bytes:
    return block(BASE_KEY, "8001", whose)


def keys(ksn: bytes) -> tuple[bytes, bytes]:
    """The keys of the MACs of a request with that KSN and of its answer."""
    key, reached, counter = initial_key(ksn[:8]), 0, int.from_bytes(ksn[8:], "big")
    for one in (1 << bit for bit in reversed(range(32)) if counter >> bit & 1):
        reached |= one
        key = block(key, "8000", ksn[4:8] + reached.to_bytes(4, "big"))
    return block(key, "2000", ksn[4:]), block(key, "2001", ksn[4:])


def counter_for(content: bytes) -> bytes:
    """31 bits of a digest, as one of the counters that have at most 16 one-bits."""
    counter = int.from_bytes(sha256(content).digest()[:4], "big")
    return (counter if counter.bit_count() <= 16 else counter ^ 0xFFFFFFFF).to_bytes(4, "big")


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


def void_fields(
    rrn: bytes,
    amount: int = 1234,
    trace: int = 21,
    approval: bytes = b"      ",
    original: str = "0000000000000000",
    batch: int = 1,
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
        57: variable_bytes(tag(1, number(trace)) + tag(3, HEAD)),
        60: variable_digits(f"23{batch:06d}000"),
        61: variable_digits(original),
    }


def reversal_fields(
    amount: int = 1234, trace: int = 7, function: str = "22", batch: int = 1, reason: bytes = b"98"
) -> dict[int, bytes]:
    """Of a sale; function 23: of a void."""
    return {
        3: bcd("000000" if function == "22" else "200000"),
        4: bcd(f"{amount:012d}"),
        11: bcd(f"{trace:06d}"),
        25: bcd("00"),
        39: reason,
        41: TERMINAL,
        42: MERCHANT,
        49: b"156",
        57: variable_bytes(tag(1, number(trace)) + tag(3, HEAD)),
        60: variable_digits(f"{function}{batch:06d}000"),
        61: variable_digits(f"{batch:06d}{trace:06d}0928"),
    }


def query_fields(amount: int = 500, trace: int = 12, batch: int = 1) -> dict[int, bytes]:
    return {
        3: bcd("200000"),
        4: bcd(f"{amount:012d}"),
        11: bcd(f"{trace:06d}"),
        41: TERMINAL,
        42: MERCHANT,
        57: variable_bytes(tag(1, number(trace)) + tag(3, HEAD) + NONCE_TAG),
        60: variable_digits(f"00{batch:06d}000"),
        61: variable_digits(f"{batch:06d}{trace:06d}0928"),
    }


def wallet_sale_fields(amount: int = 1234, trace: int = 7) -> dict[int, bytes]:
    return sale_fields(amount, trace) | {
        22: bcd("031"),
        57: variable_bytes(tag(1, number(trace)) + tag(3, HEAD) + tag(4, WALLET)),
    }


def offline_refund_fields(
    amount: int = 500, trace: int = 12, original: str = "0000010000070927", terminal: bytes = TERMINAL
) -> dict[int, bytes]:
    """Of a sale that was made offline."""
    fields = refund_fields(b"", amount, trace, original=original)
    del fields[37], fields[38]
    return fields | {60: variable_digits("27000001000"), 62: variable_bytes(terminal)}


def unreferenced_fields(amount: int = 500, trace: int = 12, payer: bytes = CARD) -> dict[int, bytes]:
    """Of a refund without an original: the payer block in the place of all that names a sale."""
    fields = refund_fields(b"", amount, trace)
    del fields[37], fields[38], fields[61]
    return fields | {
        22: bcd("071"),
        57: variable_bytes(tag(1, number(trace)) + tag(3, HEAD) + tag(4, payer)),
        60: variable_digits("28000001000"),
    }


def wallet_query_fields(amount: int = 500, trace: int = 12, batch: int = 1, record: int = 0) -> dict[int, bytes]:
    """`record`: the refund number, where it is not that of the trace."""
    return query_fields(amount, trace, batch) | {
        57: variable_bytes(tag(1, number(record or trace)) + tag(3, HEAD) + NONCE_TAG),
        60: variable_digits(f"61{batch:06d}000"),
    }


def totals(debits: int = 0, sales: int = 0, credits: int = 0, refunds: int = 0) -> str:
    """Fen and how many of each: field 48 of a settlement, flag 0."""
    return f"{debits:012d}{sales:03d}{credits:012d}{refunds:03d}0" + "0" * 31


def settlement_fields(block: str, batch: int = 1, trace: int = 50) -> dict[int, bytes]:
    return {
        11: bcd(f"{trace:06d}"),
        41: TERMINAL,
        42: MERCHANT,
        48: variable_digits(block),
        49: b"156",
        57: variable_bytes(tag(3, HEAD)),
        60: variable_digits(f"00{batch:06d}201"),
        63: variable_bytes(b"001"),
    }


def upload_fields(block: str, network: str = "201", batch: int = 1, trace: int = 50) -> dict[int, bytes]:
    """Details, or with network 207 or 202 the end."""
    fields = settlement_fields(block, batch, trace) | {60: variable_digits(f"00{batch:06d}{network}")}
    del fields[49], fields[63]
    return fields


def details(*told: tuple[str, int, int]) -> str:
    """Field 48 of a batch upload, from kind, trace and fen of each."""
    return f"{len(told):02d}" + "".join(f"{kind}{trace:06d}{amount:012d}" for kind, trace, amount in told)


def sign_on_fields(batch: int = 1, trace: int = 30) -> dict[int, bytes]:
    return {
        11: bcd(f"{trace:06d}"),
        41: TERMINAL,
        42: MERCHANT,
        60: variable_digits(f"00{batch:06d}003"),
        63: variable_bytes(b"001"),
    }


def echo_fields(batch: int = 1, trace: int = 31) -> dict[int, bytes]:
    return {11: bcd(f"{trace:06d}"), 41: TERMINAL, 42: MERCHANT, 60: variable_digits(f"00{batch:06d}301")}


def plain_frame_of(message_type: str, fields: dict[int, bytes]) -> bytes:
    """A frame without a MAC."""
    bitmap = sum(1 << (64 - field) for field in fields)
    body = bcd(message_type) + bitmap.to_bytes(8, "big") + b"".join(fields[field] for field in sorted(fields))
    return framed(TPDU + HEADER + body)


def frame_of(message_type: str, fields: dict[int, bytes], whose: bytes | None = None) -> bytes:
    """A frame with the MAC and, as the first of its tags, the KSN; `whose`: another key id than that of its terminal."""
    if 57 in fields:
        whose = whose or key_id(fields.get(42, MERCHANT), fields.get(41, TERMINAL))
        fields = fields | {57: variable_bytes(tag(2, whose + bytes(4)) + fields[57][2:])}
    bitmap = sum(1 << (64 - field) for field in [*fields, 64])
    signed = bcd(message_type) + bitmap.to_bytes(8, "big") + b"".join(fields[field] for field in sorted(fields))
    return resealed(framed(TPDU + HEADER + signed + bytes(8)))


def ksn_at(frame: bytes) -> int | None:
    """Where the KSN of a request begins; None when it has none to be found."""
    position, bitmap = 23, int.from_bytes(frame[15:23], "big")
    try:
        for field in (field for field in range(1, 57) if bitmap >> (64 - field) & 1):
            position += 2 + (int(frame[position : position + 2].hex()) + 1) // 2 if field == 48 else SIZES[field]
        end = position + 2 + int(frame[position : position + 2].hex())
    except (KeyError, ValueError):
        return None
    position += 2
    while position + 14 <= min(end, len(frame)):
        if frame[position] == 2:
            return position + 2 if frame[position + 1] == 12 else None
        position += 2 + frame[position + 1]
    return None


def framed(content: bytes) -> bytes:
    return len(content).to_bytes(2, "big") + content


def resealed(frame: bytes) -> bytes:
    """The same frame with the length, the counter in its KSN and the MAC that its other bytes call for."""
    at = ksn_at(frame)
    if at is None or not frame[22] & 1:  # nothing could open it
        return framed(frame[2:])
    counter = counter_for(frame[13 : at + 8] + bytes(4) + frame[at + 12 : -8])
    return under(frame[at : at + 8] + counter, frame)


def under(ksn: bytes, frame: bytes) -> bytes:
    """The same frame under that KSN."""
    at = ksn_at(frame)
    assert at is not None
    signed = frame[13:at] + ksn + frame[at + 12 : -8]
    return framed(frame[2:13] + signed + mac_of(keys(ksn)[0], signed))


def sale(amount: int = 1234, trace: int = 7) -> bytes:
    return frame_of("0200", sale_fields(amount, trace))


def refund(
    rrn: bytes, amount: int = 500, trace: int = 12, approval: bytes = b"      ", original: str = "0000000000000000"
) -> bytes:
    return frame_of("0220", refund_fields(rrn, amount, trace, approval, original))


def void(
    rrn: bytes,
    amount: int = 1234,
    trace: int = 21,
    approval: bytes = b"      ",
    original: str = "0000000000000000",
    batch: int = 1,
) -> bytes:
    return frame_of("0200", void_fields(rrn, amount, trace, approval, original, batch))


def reversal(amount: int = 1234, trace: int = 7, function: str = "22", batch: int = 1, reason: bytes = b"98") -> bytes:
    return frame_of("0400", reversal_fields(amount, trace, function, batch, reason))


def query(amount: int = 500, trace: int = 12, batch: int = 1) -> bytes:
    return frame_of("0600", query_fields(amount, trace, batch))


def wallet_sale(amount: int = 1234, trace: int = 7) -> bytes:
    return frame_of("0200", wallet_sale_fields(amount, trace))


def offline_refund(amount: int = 500, trace: int = 12, original: str = "0000010000070927", terminal: bytes = TERMINAL) -> bytes:
    return frame_of("0220", offline_refund_fields(amount, trace, original, terminal))


def unreferenced(amount: int = 500, trace: int = 12, payer: bytes = CARD) -> bytes:
    return frame_of("0220", unreferenced_fields(amount, trace, payer))


def wallet_query(amount: int = 500, trace: int = 12, batch: int = 1, record: int = 0) -> bytes:
    return frame_of("0600", wallet_query_fields(amount, trace, batch, record))


def settlement(block: str, batch: int = 1, trace: int = 50) -> bytes:
    return frame_of("0500", settlement_fields(block, batch, trace))


def upload(block: str, batch: int = 1, trace: int = 50) -> bytes:
    return frame_of("0320", upload_fields(block, "201", batch, trace))


def end(network: str, count: int = 0, batch: int = 1, trace: int = 50) -> bytes:
    return frame_of("0320", upload_fields(f"{count:04d}", network, batch, trace))


def sign_on(batch: int = 1, trace: int = 30) -> bytes:
    return plain_frame_of("0800", sign_on_fields(batch, trace))


def echo(batch: int = 1, trace: int = 31) -> bytes:
    return plain_frame_of("0820", echo_fields(batch, trace))


def has_right_mac(answer: bytes, request: bytes) -> bool:
    """An answer without field 64 has nothing that could be wrong."""
    if not answer[22] & 1:
        return True
    at = ksn_at(request)
    return at is not None and answer[-8:] == mac_of(keys(request[at : at + 12])[1], request[-8:] + answer[13:-8])


def fields_of(answer: bytes) -> dict[int, bytes]:
    """The fields of an answer by its own bitmap; 48 and 60, whose size varies, with their length."""
    fields, position = {}, 23
    for field in range(1, 65):
        if int.from_bytes(answer[15:23], "big") >> (64 - field) & 1:
            size = 2 + (int(answer[position : position + 2].hex()) + 1) // 2 if field in (48, 60) else SIZES[field]
            fields[field] = answer[position : position + size]
            position += size
    assert position == len(answer)
    return fields


def take_apart(answer: bytes, request: bytes, asks: int = 0) -> dict[int, bytes]:
    """The fields of the answer to a request that has all of its own, after all that surrounds them was checked.

    `asks`: the host request nibble that it must carry.
    """
    assert int.from_bytes(answer[:2], "big") == len(answer) - 2
    assert answer[2:7] == request[2:3] + request[5:7] + request[3:5]
    assert answer[7:13] == HEADER[:2] + bytes([asks]) + HEADER[3:]
    assert answer[13:15] == bytes([request[13], request[14] + 0x10])
    assert has_right_mac(answer, request)
    fields = fields_of(answer)
    approving, other = BITMAPS[int.from_bytes(answer[13:15], "big")]
    assert answer[15:23] == bytes.fromhex(approving if fields[39] == b"00" else other)
    return fields
