"""What an authority signs, settings or firmware, to bytes and back, written from docs/bundles.md alone: no code is shared with
the terminal, so that both ends cannot make the same mistake."""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

MAGIC, PRODUCT = b"YLB1", b"yuanlu\0\0"
SETTINGS, FIRMWARE = 1, 2
KINDS = {SETTINGS: "settings", FIRMWARE: "firmware"}
HEAD = struct.Struct("<4sBBH8s8sIIQI24s32s")
FILE = struct.Struct("<48sI32s")
SIGNATURE = 64
MOST_FILES, LONGEST_PATH, LONGEST_NAME, LONGEST_SETTINGS, LARGEST = 16, 48, 24, 8192, 4 << 20
SETTINGS_FILE = "settings.json"


class BadBundle(ValueError):
    """No bundle, one that is not whole, or content that fits in none: says what is wrong."""


@dataclass(frozen=True)
class Bundle:
    """`target`: the terminal that settings are for, or the board of firmware. `files`: path and content, in order. `previous`:
    digest of the settings before. `journal`, `types`, `least`: of firmware (docs/bundles.md)."""

    kind: int
    target: str
    version: int
    date: int
    by: str
    files: tuple[tuple[str, bytes], ...]
    previous: bytes = bytes(32)
    least: int = 0
    journal: int = 0
    types: int = 0
    signature: bytes = bytes(SIGNATURE)

    def manifest(self) -> bytes:
        """What is signed; BadBundle when something does not fit in."""
        if not 1 <= len(self.files) <= MOST_FILES or self.kind not in KINDS or not 0 < self.version < 1 << 32:
            raise BadBundle(f"a bundle has 1 to {MOST_FILES} files and a version of 1 to {(1 << 32) - 1}")
        ends = (self.version, self.least, self.types, self.date, _padded(self.by, LONGEST_NAME), self.previous)
        head = HEAD.pack(MAGIC, self.kind, len(self.files), self.journal, PRODUCT, _padded(self.target, 8), *ends)
        rows = [FILE.pack(_padded(path, LONGEST_PATH), len(body), hashlib.sha256(body).digest()) for path, body in self.files]
        return head + b"".join(rows)

    @property
    def digest(self) -> bytes:
        """Of the manifest: what the signature is over, and what the journal and the next settings name."""
        return hashlib.sha256(self.manifest()).digest()

    def to_bytes(self) -> bytes:
        """The whole file."""
        return self.manifest() + self.signature + b"".join(body for _, body in self.files)

    def signed(self, seed: bytes) -> Bundle:
        """The same, signed with that 32-byte secret."""
        return replace(self, signature=Ed25519PrivateKey.from_private_bytes(seed).sign(self.digest))

    def is_signed_by(self, key: bytes) -> bool:
        """That 32-byte public key checks the signature."""
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(self.signature, self.digest)
        except (InvalidSignature, ValueError):
            return False
        return True

    def settings(self) -> dict[str, Any]:
        """By name; BadBundle when these are none."""
        if self.kind != SETTINGS or len(self.files) != 1:
            raise BadBundle("no settings are in it")
        return read_settings(self.files[0][1])


def read_settings(text: bytes, typed: bool = False) -> dict[str, Any]:
    """Settings as JSON; BadBundle. typed: by a person, who may have given one twice."""
    try:
        values = json.loads(text, object_pairs_hook=_once if typed else dict)
        json.dumps(values, ensure_ascii=False).encode()  # half a surrogate is no text
    except (ValueError, RecursionError) as problem:
        raise BadBundle(f"not JSON ({problem})") from problem
    if not isinstance(values, dict):
        raise BadBundle("an object with settings is expected")
    return values


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a name that stands twice one reader takes the first value and another the last: neither is what was meant."""
    values = {}
    for name, value in pairs:
        if name in values:
            raise ValueError(f"{name!r} stands twice")
        values[name] = value
    return values


def of_settings(values: dict[str, Any], version: int, date: int, by: str, previous: bytes = bytes(32)) -> Bundle:
    """Not signed yet; one spelling for the same settings. BadBundle."""
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    if len(text) > LONGEST_SETTINGS:
        raise BadBundle(f"settings of {len(text)} bytes, {LONGEST_SETTINGS} fit")
    return Bundle(SETTINGS, str(values.get("terminal", "")), version, date, by, ((SETTINGS_FILE, text),), previous)


def read(content: bytes, whole: bool = True) -> Bundle:
    """The bundle that bytes begin with, and with `whole` end with; BadBundle. Its signature is not looked at."""
    if len(content) < HEAD.size or content[:4] != MAGIC:
        raise BadBundle("no bundle")
    _, kind, count, journal, product, target, version, least, types, date, by, previous = HEAD.unpack_from(content)
    at = HEAD.size + FILE.size * count + SIGNATURE
    if product != PRODUCT or kind not in KINDS or not 1 <= count <= MOST_FILES or len(content) < at or not version:
        raise BadBundle("no bundle of this product")
    files = []
    for path, length, digest in FILE.iter_unpack(content[HEAD.size : at - SIGNATURE]):
        body = content[at : at + length]
        if len(body) != length or hashlib.sha256(body).digest() != digest:
            raise BadBundle(f"{_text(path)} is not whole")
        files.append((_path(path), body))
        at += length
    if whole and at != len(content):
        raise BadBundle(f"{len(content) - at} bytes follow it")
    signature = content[HEAD.size + FILE.size * count :][:SIGNATURE]
    return Bundle(kind, _text(target), version, date, _text(by), tuple(files), previous, least, journal, types, signature)


def on_shelf(content: bytes, unit: int) -> list[tuple[int, bytes]]:
    """Settings as they stand on a terminal's flash, first place: (address, bytes) to program, whole units."""
    start = HEAD.size + FILE.size * content[5] + SIGNATURE
    front, body = (part + b"\xff" * (-len(part) % unit) for part in (content[:start], content[start:]))
    return [(len(front), body), (0, front)]


def of_shelf(image: bytes) -> Iterator[Bundle]:
    """Whole settings anywhere in an image of the flash they stand on, in any unit."""
    at = image.find(MAGIC)
    while at >= 0:
        for unit in (1, 16, 32, 256):
            found = _at(image[at : at + (1 << 14)], unit)
            if found is not None:
                yield found
                break
        at = image.find(MAGIC, at + 1)


def _at(image: bytes, unit: int) -> Bundle | None:
    if len(image) < HEAD.size:
        return None
    start = HEAD.size + FILE.size * image[5] + SIGNATURE
    try:
        return read(image[:start] + image[-(-start // unit) * unit :], whole=False)
    except BadBundle:
        return None


def public_key(seed: bytes) -> bytes:
    """The 32 bytes that check what this secret signs."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _padded(text: str, length: int) -> bytes:
    data = text.encode()
    if not 0 < len(data) <= length or "\0" in text:
        raise BadBundle(f"{text!r} is not 1 to {length} bytes")
    return data.ljust(length, b"\0")


def _text(data: bytes) -> str:
    try:
        text = data.rstrip(b"\0").decode()
    except UnicodeDecodeError as problem:
        raise BadBundle("a text in it is none") from problem
    if not text or "\0" in text:
        raise BadBundle("a text in it is none")
    return text


def _path(data: bytes) -> str:
    path = _text(data)
    if not re.fullmatch(r"[a-z0-9_.][a-z0-9_./]*", path) or ".." in path:
        raise BadBundle(f"{path!r} is no path of a bundle")
    return path
