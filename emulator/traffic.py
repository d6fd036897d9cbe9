"""What passed between the terminal and its acquirer, in words: one text for each request, with what it was answered.

`sale 00` was approved, `refund lost` was booked and its answer lost, `refund` was not heard, `refund 00 00` was answered twice.
"""

from __future__ import annotations

from typing import Any

NAMES = ("sale", "void", "refund", "reversal", "query", "settlement", "upload", "end", "sign-on", "echo")
FORM = rf"({'|'.join(NAMES)})( (([0-9A-Z]{{2}})|lost|garbage|late|bad-mac))*"
EXAMPLE = "a list of messages and their answers, like [sale 00, refund lost, refund 00]"
_REMARKS = {", late": "late", ", with a wrong MAC": "bad-mac"}


def told(events: list[dict[str, Any]]) -> list[str]:
    """The acquirer's events in order; a delayed answer stands with its request."""
    exchanges: list[str] = []
    for event in events:
        if event["direction"] == "in":
            exchanges.append(event["summary"].split()[1] if event["mti"] else "unreadable")
        else:
            exchanges[-1] += " " + _answer(event)
    return exchanges


def _answer(event: dict[str, Any]) -> str:
    if event["direction"] == "lost":
        return "lost"
    if not event["mti"]:
        return "garbage"
    for remark, word in _REMARKS.items():
        if event["summary"].endswith(remark):
            return word
    return str(event["fields"]["39"])
