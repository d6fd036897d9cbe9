"""Looks for secrets in whatever left the terminal or lies in its flash, in every encoding that one might think of."""

from __future__ import annotations

import base64
from collections.abc import Iterator


def encodings(secret: bytes | str) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of each way to write a key (bytes) or digits (str)."""
    if isinstance(secret, str):
        yield from _of_digits(secret)
        secret = secret.encode()
    else:
        yield "binary", secret
        yield "backwards", secret[::-1]
    yield "hex", secret.hex().encode()
    yield "HEX", secret.hex().upper().encode()
    for skipped in range(3):  # base64 looks otherwise by what stands before
        text = base64.b64encode(b"\0" * skipped + secret)
        first = (0, 2, 3)[skipped]
        yield f"base64, {skipped} before", text[first : len(text) - 4]
        yield f"base64 for addresses, {skipped} before", text[first : len(text) - 4].replace(b"+", b"-").replace(b"/", b"_")


def _of_digits(digits: str) -> Iterator[tuple[str, bytes]]:
    yield "ASCII", digits.encode()
    yield "backwards", digits[::-1].encode()
    for form in ("utf-16-le", "utf-16-be"):
        yield form, digits.encode(form)
    for gap in (" ", "-"):
        yield f"in fours with {gap!r}", gap.join(digits[at : at + 4] for at in range(0, len(digits), 4)).encode()
    yield "BCD", bytes.fromhex(digits + "0" * (len(digits) % 2))[: len(digits) // 2]
    yield "BCD, one nibble on", bytes.fromhex(digits[1:] + "0" * ((len(digits) - 1) % 2))[: (len(digits) - 1) // 2]
    size = -(-int(digits).bit_length() // 8)
    yield "number, big-endian", int(digits).to_bytes(size, "big")
    yield "number, little-endian", int(digits).to_bytes(size, "little")


def found(places: dict[str, bytes], secrets: dict[str, bytes | str], fewest: int = 4) -> list[str]:
    """Where which secret stands, and how it is written. An encoding of fewer than `fewest` bytes would be met by chance."""
    return [
        f"{what} in {where}, as {how}"
        for what, secret in secrets.items()
        for how, data in encodings(secret)
        if len(data) >= fewest
        for where, content in places.items()
        if data in content
    ]
