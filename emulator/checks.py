"""How the values of a scenario are checked: each check takes what stands in the file and returns what it means, or raises Mistake
with what is expected."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from emulator.strict_yaml import Mapping, Mistake, Sequence
from emulator.terminal import KEYS

Check = Callable[[Any], Any]

LARGEST_FEN = 99_999_999
_DAY_MS = 24 * 3_600_000
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}


def amount(value: Any) -> int:
    """12.34 or '12.34' to fen."""
    match = re.fullmatch(r"([0-9]{1,6})(?:\.([0-9]{1,2}))?", _as_text(value))
    if match is None:
        raise Mistake("an amount like 30.00")
    return int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0"))


def balance(value: Any) -> int | None:
    """An amount in fen, None for plenty."""
    return None if value == "plenty" else amount(value)


def money(value: Any) -> int:
    """An amount that can be moved."""
    fen = amount(value)
    if not 0 < fen <= LARGEST_FEN:
        raise Mistake("an amount of 0.01 to 999999.99")
    return fen


def duration(value: Any) -> int:
    """'300ms', '3s', '2m', '1h' to milliseconds."""
    match = re.fullmatch(r"([0-9]{1,9})(ms|s|m|h)", _as_text(value))
    if match is None or int(match[1]) * _UNITS[match[2]] > _DAY_MS:
        raise Mistake("a duration like 300ms, 3s, 2m or 1h, 24h at most")
    return int(match[1]) * _UNITS[match[2]]


def text(value: Any) -> str:
    """Some text."""
    if not isinstance(value, str) or not value:
        raise Mistake("a text")
    return value


def texts(value: Any) -> list[str]:
    """A text or a list of them."""
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not items or not all(isinstance(item, str) and item for item in items):
        raise Mistake("a text or a list of texts")
    return list(items)


def nothing(value: Any) -> None:
    """A step without a value."""
    if value is not None:
        raise Mistake("no value")


def keys(value: Any) -> str:
    """Keys with blanks between."""
    pressed = _as_text(value).split()
    wrong = [key for key in pressed if key not in KEYS]
    if not pressed or wrong:
        raise Mistake(f"keys with blanks between, like '2 1 ENTER', of {' '.join(KEYS)}")
    return " ".join(pressed)


def staff(value: Any) -> int:
    """An id of the staff that a shop has."""
    return int(one_of("1", "2", "8", "9")(_as_text(value)))


def one_of(*choices: str) -> Check:
    """One of these words."""

    def check(value: Any) -> str:
        if value not in choices:
            raise Mistake(f"one of {', '.join(choices)}")
        return str(value)

    return check


def list_of(check: Check, of_what: str) -> Check:
    """A list, empty or each item by `check`; one item may stand without brackets."""

    def check_list(value: Any) -> list[Any]:
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list):
            raise Mistake(f"a list of {of_what}")
        return [check(item) for item in items]

    return check_list


def matching(pattern: str, example: str) -> Check:
    """A text of this form."""

    def check(value: Any) -> str:
        if re.fullmatch(pattern, _as_text(value)) is None:
            raise Mistake(example)
        return str(value)

    return check


def flag(value: Any) -> bool:
    """true or false"""
    return one_of("true", "false")(value) == "true"


def whole(low: int, high: int) -> Check:
    """A whole number of `low` to `high`, in plain decimal."""

    def check(value: Any) -> int:
        if re.fullmatch(r"0|[1-9][0-9]{0,8}", _as_text(value)) is None or not low <= int(value) <= high:
            raise Mistake(f"a whole number of {low} to {high}")
        return int(value)

    return check


def fields(required: dict[str, Check], optional: dict[str, Check], example: str = "") -> Check:
    """A mapping; each field by its own check. The line of a mistake is that of its field."""
    known = {**required, **optional}
    usage = f"fields {', '.join(required) or 'none'}" + (f", optional {', '.join(optional)}" if optional else "")

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise Mistake(example or usage)
        for name in value:
            if name not in known:
                raise Mistake(f"'{name}' is not known here; there are {', '.join(known)}", value.lines[name])
        missing = [name for name in required if name not in value]
        if missing:
            raise Mistake(f"'{missing[0]}' is missing; {usage}", value.line)
        return {name: at_line(known[name], value[name], value.lines[name], f"{name}: ") for name in value}

    return check


def steps(check: Callable[[Any, int], Any]) -> Check:
    """A list of at least one step; `check` is given each and its line."""

    def check_steps(value: Any) -> list[Any]:
        if not isinstance(value, Sequence) or not value:
            raise Mistake("a list of steps")
        return [check(item, line) for item, line in zip(value, value.lines, strict=True)]

    return check_steps


def at_line(check: Check, value: Any, line: int, before: str = "") -> Any:
    """What `check` makes of the value; its mistake, unless it knows better, is in `line`."""
    try:
        return check(value)
    except Mistake as mistake:
        if mistake.line is not None:
            raise
        raise Mistake(f"{before}expected: {mistake}", line) from None


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else ""
