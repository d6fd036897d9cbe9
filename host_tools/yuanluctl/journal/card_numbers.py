"""Where a text may hold a whole card number (L8): the one place that says so, for what is typed and for what is shown."""

from __future__ import annotations

import re

FEWEST, MOST = 13, 19  # digits of a card number (ISO/IEC 7812)
_FIRST, _LAST = 6, 4  # that may be shown
_GAP = 3  # characters, whatever they are, that somebody writes between two groups of a number
_IN_A_ROW = re.compile(r"\d(?:[ -]?\d){12,}")  # as cards are printed: too long for an RRN, whatever it is
_STARTS = re.compile(r"[3-9]|2[2-7]")  # cards' first digits; not those of a date, 19.. or 20..


def find(text: str) -> list[tuple[int, int]]:
    """Begin and end of each, in order: 13 digits or more with no more than a blank or a hyphen between any two, and whole groups
    of digits, other characters between them, that together have a card number's length, beginning and check digit (Luhn)."""
    spans = [found.span() for found in _IN_A_ROW.finditer(text)]
    groups = list(re.finditer(r"\d+", text))
    for at, first in enumerate(groups):
        digits, end = "", first.start()
        for group in groups[at:]:
            if group.start() - end > _GAP or len(digits) + len(group[0]) > MOST:
                break
            digits, end = digits + group[0], group.end()
            if len(digits) >= FEWEST and _STARTS.match(digits) and _is_checked(digits):
                spans.append((first.start(), end))
    return _apart(sorted(spans))


def first_of_many(text: str) -> int | None:
    """Where the digits of a short text begin, if there are as many as a card number has: of these none is let in, whatever stands
    between them and whether the check digit is right or not, since people mistype."""
    digits = [found.start() for found in re.finditer(r"\d", text)]
    return digits[0] if len(digits) >= FEWEST else None


def masked(text: str) -> str:
    """The first 6 and last 4 digits of each stay."""
    shown, at = "", 0
    for begin, end in find(text):
        digits = re.sub(r"\D", "", text[begin:end])
        shown += text[at:begin] + digits[:_FIRST] + "*" * (len(digits) - _FIRST - _LAST) + digits[-_LAST:]
        at = end
    return shown + text[at:]


def _is_checked(digits: str) -> bool:
    """Luhn: from the right every second digit counts twice, as the sum of its digits."""
    twice = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(twice)) % 10 == 0


def _apart(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """What overlaps is one."""
    apart: list[tuple[int, int]] = []
    for begin, end in spans:
        if apart and begin < apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((begin, end))
    return apart
