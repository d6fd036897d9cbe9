"""What a terminal says of itself in STATUS (docs/service-protocol.md), looked at before anything is made of it: it may be of
another version, or no friend."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from host_tools.yuanluctl.journal.card_numbers import masked
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.words import words

_NUMBERS = ("batch", "config", "date", "places", "time", "trace", "uptime_ms")


def read_status(name: str, content: bytes) -> dict[str, Any]:
    """As the terminal of that name told it; Trouble where a verb could not rely on what it needs."""
    try:
        told = json.loads(content, parse_constant=_refused, parse_float=_refused)
    except (ValueError, RecursionError) as problem:
        raise Trouble("protocol", name, "status") from problem
    if not isinstance(told, dict):
        raise Trouble("protocol", name, "status")
    waiting, trouble = told.get("waiting"), told.get("trouble")
    right = {
        **{key: _is_number(told.get(key)) for key in _NUMBERS},
        **{key: isinstance(told.get(key), str) for key in ("held", "shut")},
        "trouble": isinstance(trouble, list) and all(isinstance(text, str) for text in trouble),
        "waiting": isinstance(waiting, list) and all(_is_waiting(row) for row in waiting),
    }
    if wrong := [key for key, fits in right.items() if not fits]:
        raise Trouble("protocol", name, f"status: {wrong[0]}")
    texts = {key: masked(told[key]) for key in ("held", "shut")}
    return told | texts | {"trouble": [masked(text) for text in told["trouble"]]}


def _refused(text: str) -> NoReturn:
    """NaN, Infinity, 1.5 and 1e999: the terminal has whole numbers alone."""
    raise ValueError(text[:20])


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def _is_waiting(row: object) -> bool:
    """[number, fen, state, why], in states that have a name."""
    if not isinstance(row, list) or len(row) != 4:
        return False
    number, amount, state, why = row
    known = isinstance(state, str) and bool(state) and f"state.{state}" in words()
    return known and _is_number(number) and _is_number(amount) and isinstance(why, str)
