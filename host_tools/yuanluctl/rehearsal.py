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
    """Empty where it would be taken, or was; else the words' id and what fills them. owner: see handover.owner, asked
    about the old terminal where the step is the spare's."""
    at_old = step in ("export", "finish", "abort")
    other, install = (names.spare, names.install) if at_old else (names.old, owner["other_installation"])
    same = (owner["epoch"], owner["other"], owner["other_installation"]) == (names.epoch, other, install)
    if same and owner["standing"] == _ENDS[step]:
        return ""  # it was done: its answer is given again
    if step in ("finish", "abort"):
        return "" if same and owner["standing"] == "given" else "handover_receipt"
    if step == "import" and same and owner["standing"] == "taking":
        return ""  # it goes on
    if owner["standing"] in _SHUT or names.epoch <= owner["newest"]:
        return f"handover_number {owner['newest']}"
    return ""
