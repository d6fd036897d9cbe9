"""L8: a whole card number is found in a text however it is grouped; dates, RRNs and references are left alone."""

from __future__ import annotations

import json
import random

import pytest

from host_tools.yuanluctl.journal.card_numbers import find, masked
from host_tools.yuanluctl.outcome import Trouble
from host_tools.yuanluctl.refusal import Refusal
from host_tools.yuanluctl.told import read_status
from tests.host.hostile_terminal import HostileTerminal
from tests.host.kept_chips import run
from tests.host.test_told import GOOD

GAPS = ["", " ", "-", ".", "/", "_", ",", ":", "a", "  ", " - ", "...", "，", "\t", "'"]


def card(draw: random.Random, length: int) -> str:
    """Of no issuer in particular: begins as cards do, ends in its check digit."""
    body = draw.choice(["4", "51", "62", "35", "2221", "9559"])
    body += "".join(draw.choice("0123456789") for _ in range(length - 1 - len(body)))
    return next(body + last for last in "0123456789" if luhn(body + last))


def luhn(digits: str) -> bool:
    """As the standard's table has it, apart from what is tested."""
    table = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    return sum(table[int(c)] if at % 2 else int(c) for at, c in enumerate(reversed(digits))) % 10 == 0


def grouped(draw: random.Random, digits: str, gap: str) -> str:
    """In groups of any lengths."""
    places = sorted(draw.sample(range(1, len(digits)), draw.randrange(1, 5)))
    return gap.join(digits[begin:end] for begin, end in zip([0, *places], [*places, len(digits)], strict=True))


@pytest.mark.parametrize("gap", GAPS, ids=ascii)
def test_L8_a_card_number_is_found_in_whatever_groups(gap: str) -> None:
    """Control: with another check digit, grouped so that nobody would print it, it is a reference like any other."""
    draw = random.Random(gap)
    for length in range(13, 20):
        number = card(draw, length)
        text = grouped(draw, number, gap)
        assert find(text) == [(0, len(text))], text
        assert masked(f"no {text}!") == f"no {number[:6]}{'*' * (length - 10)}{number[-4:]}!"
        wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
        assert bool(find(f"{wrong[:9]}::{wrong[9:]}")) is False


LEFT_ALONE = [
    "112210150700",  # an RRN
    "RRN 112210150700, 112210150701",
    "2026-11-27 10:15:00",
    "20261127/000017",
    "27.11.2026, 10:15:00",
    "batch 000123 / trace 000017 / 10.00",
    "case 2026.1127.0815",
    "statement p. 12, line 345, 2026-11-27",
    "2611271234",
]


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_dates_and_references_are_left_alone(text: str) -> None:
    assert find(text) == [] and masked(text) == text


def test_few_references_are_taken_for_cards() -> None:
    """Two groups that together are as long as a card's: one in ten has its check digit, and not all begin as cards do."""
    draw = random.Random(1)
    texts = [f"{draw.randrange(10**8, 10**9)}/{draw.randrange(10**5, 10**6)}" for _ in range(1000)]
    assert 0 < sum(bool(find(text)) for text in texts) < 120


@pytest.mark.parametrize("gap", [".", "/", "  ", "_", ":", "a", ". "])
def test_L8_neither_typed_nor_shown(gap: str) -> None:
    """Refused before anybody is asked; masked where a terminal says it. Control: an RRN goes on, to want a ticket."""
    text = f"41111111{gap}11111111"
    stranger = HostileTerminal(lambda command, given: None)
    try:
        words = ("queue", "hold", "-t", stranger.target, "--evidence")
        done = run(*words, text)
        assert done.exit_code == 2 and "may be a card number" in done.stderr and text not in done.output
        assert run(*words, "4111111.1.1111:11").exit_code == 2, "whether the check digit is right or not"
        assert run(*words, "112210150700").exit_code == 6
    finally:
        stranger.close()
    told = json.dumps({**GOOD, "held": text, "trouble": [text]}).encode()
    assert read_status("x", told)["held"] == "411111******1111" == read_status("x", told)["trouble"][0]
    refused: Trouble = Refusal("x", f"refused.held_before 5 7 {text}")
    assert "411111******1111" in refused.text("en") and text not in refused.text("zh")
