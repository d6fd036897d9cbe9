"""A terminal's transport key, which key blocks come under (ANSI X9.143, TR-31): two people make it of a component each.

The file is the authority's in another format (see authority.py). Blocks are made by psec, which is asked for where it is used.
"""

from __future__ import annotations

import re

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from host_tools.yuanluctl.outcome import Trouble

FORMAT = "yuanlu transport key 1"
BYTES = 32
GROUPS, GROUP_DIGITS = 16, 7  # of a component at a keypad
INITIAL_KEY_BYTES, KEY_ID_BYTES = 16, 8
LONGEST_BLOCK = 256  # characters that a terminal takes


def component(text: str) -> bytes:
    """The 32 bytes in 64 hex digits, or in the groups of a terminal's keypad, blanks aside; ValueError."""
    digits = "".join(text.split())
    if len(digits) != GROUPS * GROUP_DIGITS:
        return hex_bytes(text, BYTES)
    found = [digits[at : at + GROUP_DIGITS] for at in range(0, len(digits), GROUP_DIGITS)]
    part = b"".join(_of_group(number, group) for number, group in enumerate(found, 1))
    if found != groups(part):
        raise ValueError("a group is wrong")
    return part


def _of_group(number: int, group: str) -> bytes:
    if not (group.isascii() and group.isdigit()) or int(group[:5]) > 0xFFFF:
        raise ValueError(f"group {number} is wrong")
    return int(group[:5]).to_bytes(2, "big")


def groups(part: bytes) -> list[str]:
    """A component as it is typed at a terminal, which has no letters: 16 groups of 7 digits. Five are two bytes, big-endian; with
    the last two, the number of the group before them, they make 1 modulo 97 (ISO/IEC 7064)."""
    found = []
    for number in range(1, GROUPS + 1):
        digits = f"{int.from_bytes(part[2 * number - 2 : 2 * number], 'big'):05d}"
        found.append(f"{digits}{98 - int(f'{number:02d}{digits}') * 100 % 97:02d}")
    return found


def hex_bytes(text: str, count: int) -> bytes:
    """So many bytes in hex, blanks aside; ValueError that names no digit."""
    digits = "".join(text.split())
    if re.fullmatch(f"[0-9A-Fa-f]{{{2 * count}}}", digits) is None:
        raise ValueError(f"{2 * count} hex digits are needed, {len(digits)} characters were given")
    return bytes.fromhex(digits)


def joined(first: bytes, second: bytes) -> bytes:
    """The key that two components make; ValueError when one person would know it."""
    if first == second or not any(first) or not any(second):
        raise ValueError("the components are equal, or one is nothing but zeros")
    return bytes(a ^ b for a, b in zip(first, second, strict=True))


def check_value(key: bytes) -> str:
    """Five hex digits by which people compare a key: AES-CMAC of a block of zeros."""
    mac = CMAC(AES(key))
    mac.update(bytes(16))
    return mac.finalize().hex()[:5].upper()


def is_block(content: bytes) -> bool:
    """It looks like one of version D: its length stands behind the D. Only the terminal can open it."""
    head = re.match(rb"D([0-9]{4})[0-9A-Z]{11}", content)
    return bool(head and int(head[1]) == len(content) and re.fullmatch(rb"[ -~]+", content))


def wrap(transport_key: bytes, initial_key: bytes, key_id: bytes, version: int) -> str:
    """The block that brings a terminal that initial key of AES-DUKPT: to derive from alone, not to be exported. version: 1 to 99,
    higher than that of every block before. Trouble without psec."""
    try:
        from psec import tr31
    except ImportError as problem:
        raise Trouble("no_psec") from problem
    header = tr31.Header("D", "B1", "A", "X", f"{version:02d}", "N")
    header.blocks["IK"] = key_id.hex().upper()
    return str(tr31.wrap(transport_key, header, initial_key))
