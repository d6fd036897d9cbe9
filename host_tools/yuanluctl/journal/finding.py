"""Which transaction somebody means: by what stands on a slip, on a statement, or in a list."""

from __future__ import annotations

import re
from zlib import crc32

from host_tools.yuanluctl.journal.layout import HANDOVER
from host_tools.yuanluctl.journal.ledger import Ledger, Transaction, text_of

_NUMBERS = 100_000_000  # a slip has the last eight digits of a number
_TYPED = re.compile(r"(\d{8})(\d{6})(\d{8})\d\d")  # number, trace, fen, check (docs/slips.md)
_SCANNED = re.compile(r"([!-~]{8})(\d{24})\d{30}")  # terminal, the same, the seal's number and tag, check
_FOR_LIFE = re.compile(r"([!-~]{8})-[0-9A-F]{4,8}-(\d{8,10})")  # terminal, install epoch, number
_CODE = re.compile(r"([!-~]{8})-(\d{6})-(\d{6})-(\d{8})")  # terminal, batch, trace, day


def find(ledger: Ledger, words: str) -> list[Transaction]:
    """By its number, short or for life, its trace (`t` before it or not), its RRN, what the code of its slip says, typed or
    scanned, or the code of its evidence. What names another terminal is looked for among what that one handed over."""
    words = "".join(words.split())
    every = list(ledger.transactions.values())
    if scanned := _SCANNED.fullmatch(words):
        every, words = _of(ledger, scanned[1], every), scanned[2]
    if typed := _TYPED.fullmatch(words):
        number, trace, fen = (int(part) for part in typed.groups())
        return [one for one in every if one.number % _NUMBERS == number and one.amount == fen and trace in one.traces]
    if code := _CODE.fullmatch(words):
        batch, trace, date = (int(part) for part in code.groups()[1:])
        of = _of(ledger, code[1], every)
        return [one for one in of if (one.batch, one.date) == (batch, date) and trace in one.traces]
    if for_life := _FOR_LIFE.fullmatch(words):
        number, own = int(for_life[2]), _is_own(ledger, for_life[1])
        return [one for one in _of(ledger, for_life[1], every) if number == (one.number if own else told_number(one))]
    if not words.removeprefix("t").isascii() or not words.removeprefix("t").isdigit() or len(words) > 12:
        return []
    number = int(words.removeprefix("t"))
    if words.startswith("t"):
        return [one for one in every if number in one.traces]
    exact = [one for one in every if one.number == number or (one.rrn and one.rrn == words)]
    return exact or [one for one in every if number in one.traces]


def _is_own(ledger: Ledger, terminal: str) -> bool:
    return ledger.last is None or crc32(terminal.encode()) == ledger.last.terminal


def _of(ledger: Ledger, terminal: str, every: list[Transaction]) -> list[Transaction]:
    """This terminal's, or those that came from that one."""
    own = _is_own(ledger, terminal)
    return [one for one in every if own or came_from(one) == terminal]


def came_from(one: Transaction) -> str:
    """The terminal that handed it over; empty where it is this one's own."""
    return next((text_of(record, "other") for record in one.records if record.type == HANDOVER), "")


def told_number(one: Transaction) -> int:
    """The number that it has at the terminal that handed it over."""
    return next((record.value("told") for record in one.records if record.type == HANDOVER), 0)
