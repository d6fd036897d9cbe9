"""What a step of a handover would be answered with, by where the handover stands at the terminal: for --dry-run. The terminal
itself looks at more (seals, proofs, what is open) when the step is taken.
"""

from __future__ import annotations

from typing import Any

from host_tools.yuanluctl.handover import Names

# Where a step leads, and from where a step that ends a handover begins.
_ENDS = {"export": "given", "import": "taken", "decline": "declined", "finish": "finished", "abort": "back"}
_SHUT = ("given", "finished", "taking", "lost")


def refusal(step: str, owner: dict[str, Any], names: Names) -> str:
    """Empty where it would be taken, or was; else the words' id and what fills them. owner: see handover.owner."""
    other = names.spare if step in ("export", "finish", "abort") else names.old
    same = (owner["epoch"], owner["other"]) == (names.epoch, other)
    if same and owner["standing"] == _ENDS[step]:
        return ""  # it was done: its answer is given again
    if step in ("finish", "abort"):
        return "" if same and owner["standing"] == "given" else "handover_receipt"
    if step == "import" and same and owner["standing"] == "taking":
        return ""  # it goes on
    if owner["standing"] in _SHUT or names.epoch <= owner["epoch"]:
        return f"handover_number {owner['epoch']}"
    return ""
