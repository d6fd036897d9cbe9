"""Texts that people carry from one computer to another: each begins with its kind, and one in another's place is told apart."""

from __future__ import annotations

import base64
import binascii

from host_tools.yuanluctl.outcome import Trouble

REQUEST, TICKET, WARRANT, WORD = "YLR1.", "YLT1.", "YLW1.", "YLF1."
# What each is called as a Trouble, where another one is wanted.
_KINDS = {REQUEST: "is_request", TICKET: "is_ticket", WARRANT: "is_warrant", WORD: "is_word"}


def written(kind: str, content: bytes) -> str:
    """That content for a person to carry."""
    return kind + base64.urlsafe_b64encode(content).decode().rstrip("=")


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
    if not text.startswith(kind):
        raise Trouble(trouble, text[:20])
    return content
