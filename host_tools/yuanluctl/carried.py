"""Texts that people carry from one computer to another: each begins with its kind, and one in another's place is told apart.

Behind the content stand four bytes of the SHA-256 of kind and content: one wrong character is told before anything is asked.
"""

from __future__ import annotations

import base64
import binascii
from hashlib import sha256

from host_tools.yuanluctl.outcome import Trouble

_CHECK = 4
REQUEST, TICKET, WARRANT, WORD = "YLR1.", "YLT1.", "YLW1.", "YLF1."
# What each is called as a Trouble, where another one is wanted.
_KINDS = {REQUEST: "is_request", TICKET: "is_ticket", WARRANT: "is_warrant", WORD: "is_word"}


def written(kind: str, content: bytes) -> str:
    """That content for a person to carry."""
    return kind + base64.urlsafe_b64encode(content + _check(kind, content)).decode().rstrip("=")


def read(text: str, kind: str, trouble: str) -> bytes:
    """The content of a text of that kind; Trouble, named `trouble` where it is of no kind at all."""
    text = "".join(text.split())
    for other, name in _KINDS.items():
        if other != kind and text.startswith(other):
            raise Trouble(name, text[:20])
    body = text.removeprefix(kind).rstrip("=")
    try:
        content = base64.b64decode(body + "=" * (-len(body) % 4), "-_", validate=True)
    except (binascii.Error, ValueError) as problem:
        raise Trouble(trouble, text[:20]) from problem
    content, check = content[:-_CHECK], content[-_CHECK:]
    if not text.startswith(kind) or check != _check(kind, content):
        raise Trouble(trouble, text[:20])
    return content


def _check(kind: str, content: bytes) -> bytes:
    return sha256(kind.encode() + content).digest()[:_CHECK]
