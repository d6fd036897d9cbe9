"""What a person might press on the screen that stands there: weighted by what it asks for, and now and then anything at all.

He knows the PINs of clerks and supervisors and mostly types them rightly, reads digits off slips, and says of a transaction only
what stands in the acquirer's books. Keys: as the keypad has them, "card NAME" and "scan TEXT".
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from random import Random
from typing import Any

from emulator.clerk import READ_OFF
from emulator.parts import vault
from emulator.parts.reader import TRAY
from emulator.shop import STAFF, TERMINAL, Shop
from emulator.terminal import KEYS
from host_tools.yuanluctl import authority, transport_keys
from tests.journeys import titles
from tests.journeys.technician import truth

# By the row at the bottom, which says what the keys do. A list is picked from evenly, and what is asked for is typed.
WEIGHTS: dict[str, dict[str, int]] = {
    "hint.notice": {"ENTER": 80, "CANCEL": 10, "DOWN": 10},
    "hint.confirm": {"ENTER": 80, "CANCEL": 10, "DOWN": 5, "1": 5},
    "hint.pages": {"ENTER": 20, "CANCEL": 35, "DOWN": 35, "UP": 10},
    "hint.actions": {"ENTER": 40, "CANCEL": 35, "DOWN": 20, "UP": 5},
    "hint.original": {"ENTER": 70, "CANCEL": 10, "DOWN": 20},
    "hint.refusal": {"ENTER": 75, "CANCEL": 10, "1": 15},
    "hint.sheet": {"ENTER": 65, "CANCEL": 10, "1": 25},
    "hint.doubt": {"ENTER": 60, "CLEAR": 25, "CANCEL": 15},
    "hint.skip": {"ENTER": 25, "CLEAR": 10, "CANCEL": 5, "card unionpay": 20, "every key": 40},
    "hint.card": {"CANCEL": 10} | {f"card {name}": 18 for name in TRAY},
}
LISTS = ("hint.menu", "hint.choose", "hint.find", "hint.reason", "hint.training")
# Of a shop where the mood is by-amount: what the last two digits bring about.
ENDINGS = (3, 97, 3, 97, 30, 9, 68, 96, 98, 91, 5, 51, 94, 77, 25, 6)
DECIDING = {"decide.done": True, "decide.not_done": False, "decide.again": False}
DECIDING |= {"decide.sold": True, "decide.not_sold": False, "decide.voided": True, "decide.not_voided": False}
# An entry of a list, by its digit; others have 1. What was picked often comes less often, so a weight counts by its root. The
# newest sale is of the open batch, mostly: its refund is a void; a closing ends that.
OFTEN = {("menu.title", digit): weight for digit, weight in zip("1234567", (40, 160, 20, 0.5, 0.5, 0.25, 12), strict=True)}
OFTEN |= {("refund.pick", "1"): 20, ("cash.way", "1"): 10, ("menu.more", "8"): 16, ("find.title", "8"): 2}
OFTEN |= {("menu.operators", digit): 0.3 for digit in "123"}  # what stands below is a supervisor's alone
# Entries by what they say: where a wallet's takings may be too little a rest is put off, and that is seen to.
SOUGHT = {"refund.pick": ("码|QR", 8), "pending.title": ("余款|Rest", 20)}
STEPS = (1, 2, 3, 12, 12)  # by the arrows; the last entry of the longest list has no digit
OF_SUPERVISORS = ("approval.title", "service.title")
ANYTHING, WRONG_PIN, OTHERWISE = 0.04, 0.06, 0.1


class View:
    """The screen, read."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.screen = titles.of(self.lines[0])
        self.name = self.screen.ids[0] if self.screen else ""
        self.is_training = self.lines[0].endswith(("练习", "TRAINEE")) and len(self.lines[0].split()) > 1
        self.body = "\n".join(self.lines[1:-1])
        self.packed = re.sub(r"\s", "", self.body)
        self.hint = _hint(self.lines[-1].rstrip("》 "))

    def says(self, word: str) -> bool:
        """Its body has the words of that id, in one of the languages."""
        return any(all(part in self.packed for part in parts) for parts in _PARTS[word])

    def items(self) -> dict[str, str]:
        """The lines of a list that have a digit, by it."""
        return {line[0]: line[2:] for line in self.lines[1:-1] if re.match("[0-9] ", line)}


@lru_cache(256)
def read(text: str) -> View:
    """The View of a screen; most are looked at several times."""
    return View(text)


_WORDS = titles.words()
_PARTS = {name: [re.sub(r"\s", "", said).split("{}") for said in both] for name, both in _WORDS.items()}
_HINTS = [(name, re.sub("^{}/{} ", "", said)) for name, both in _WORDS.items() if name.startswith("hint.") for said in both]
_DECISIONS = {said: is_done for name, is_done in DECIDING.items() for said in _WORDS[name]}


def _hint(shown: str) -> str:
    """The id of that hint; '' for none."""
    shown = re.sub("^[0-9]+/[0-9]+ ", "", shown)
    found = [(len(said), name) for name, said in _HINTS if shown and said.startswith(shown)]
    return min(found)[1] if found else ""


def _amount_of(view: View) -> int | None:
    """Fen that stand in its row of the amount."""
    found = re.search("(?:金额|Amount) ¥([0-9,.]+)", view.body)
    return int(re.sub("[^0-9]", "", found[1])) if found else None


class Fingers:
    """Given the Shop and the walk's chance. `who`: the number that was typed last; `looked`: the trace of what stood there."""

    def __init__(self, shop: Shop, draw: Random) -> None:
        self.shop, self.draw = shop, draw
        self.picked: Counter[tuple[str, str]] = Counter()
        self.pins = {number: [pin] for number, pin in shop.pins.items()}  # that may be his, the likeliest first
        self.who, self.looked, self.new_pin, self.tried = 1, 0, "", 0
        self.sale: dict[str, Any] = {}

    def keys(self, view: View) -> list[str]:
        """What comes next; none: wait a while."""
        self._notice(view)
        if self.draw.random() < ANYTHING:
            return [self.draw.choice(KEYS)]
        if view.hint in LISTS:
            return self._pick(view)
        if view.hint == "hint.amount":
            return self._type(view)
        if view.hint not in WEIGHTS:
            return [self.draw.choice(KEYS)] if self.draw.random() < OTHERWISE else []
        if view.says("short.part") and self.draw.random() < 0.5:
            return ["1"]
        weights = WEIGHTS[view.hint]
        key = self.draw.choices(list(weights), list(weights.values()))[0]
        if key == "every key":
            return [word for word in view.body.split() if word in KEYS] or ["ENTER"]
        return [key]

    def is_true(self, view: View) -> bool:
        """False where ENTER would say of a transaction what the acquirer's books do not."""
        says = DECIDING.get(view.name)
        if says is None or view.is_training or view.hint != "hint.confirm":
            return True
        row = self._row()
        booked = self.shop.booked().get(row["number"]) if row and says else None
        return says in self._truth() and (booked is None or booked["amount"] == _amount_of(view))

    def _notice(self, view: View) -> None:
        found = re.search(r"(?:流水|No\.) ([0-9]+) [0-9]{2}-[0-9]{2}", view.body)
        if found and not view.is_training:
            self.looked = int(found[1])
        if self.tried and view.name == "refused.title":  # that PIN was not his, or is no more
            self.pins[self.tried].append(self.pins[self.tried].pop(0))
        self.tried = 0

    def _truth(self) -> set[bool]:
        """What can be said of the transaction that was looked into: not that it was done, where another amount is booked and the
        terminal does not know."""
        row = self._row()
        said = truth(self.shop, row)
        return said - {True} if row and self.shop.booked().get(row["number"], row)["amount"] != row["amount"] else said

    def _row(self) -> dict[str, Any] | None:
        found = [row for row in self.shop.terminal_ledger() if row["trace"] == self.looked]
        return found[-1] if found else None

    # ---- lists

    def _pick(self, view: View) -> list[str]:
        """An entry, those that were picked less often first; also by the arrows, and those below the screen."""
        draw, items = self.draw, view.items()
        if view.name == "decide.title" and not view.is_training:
            truth = self._truth()
            items = {digit: said for digit, said in items.items() if _DECISIONS.get(said) in (None, *truth)}
        if (view.hint != "hint.menu" or view.name == "menu.more") and draw.random() < OTHERWISE:
            return ["CANCEL"]
        if view.hint == "hint.find" and draw.random() < 2 * OTHERWISE:
            return ["CLEAR"]
        if not items or draw.random() < OTHERWISE / 3:
            return [draw.choice(("DOWN", "DOWN", "DOWN", "UP"))] * draw.choice(STEPS) + ["ENTER"] * (draw.random() < 0.7)
        more = [digit for digit in "1234567890" if digit not in items] if len(items) > 6 else []
        digits = list(items) + more
        weights = [OFTEN.get((view.name, digit), 1) / (1 + self.picked[view.name, digit]) for digit in digits]
        said, more_often = SOUGHT.get(view.name, ("^$", 1))
        for at, digit in enumerate(digits):
            weights[at] *= more_often if re.search(said, items.get(digit, "")) else 1
        digit = draw.choices(digits, weights)[0]
        self.picked[view.name, digit] += 1
        number = re.search("[0-9]+$", items.get(digit, ""))
        if view.name in ("operators.reset", "operators.unlock") and number:
            self.who = int(number[0])
        return [digit]

    # ---- what is typed

    def _type(self, view: View) -> list[str]:
        if view.name == "find.slip" and self.shop.terminal.slips and self.draw.random() < 0.3:
            return [f"scan slip {self.draw.randrange(len(self.shop.terminal.slips)) + 1}"]
        typed = next((self._ask(name, view) for name in _ASKED if view.says(name)), "")
        if view.name == "explain.type":
            typed = f"{self.draw.randrange(100):02d}"
        if self.draw.random() < (3 if view.name == "explain.type" else 1) * OTHERWISE:  # which asks until it is left
            return [self.draw.choice(("CANCEL", "CLEAR", "ENTER"))]
        return ["CLEAR"] * self._standing(view) + list(typed) + ["ENTER"]

    def _standing(self, view: View) -> int:
        """Digits that stand there already, of what was refused or proposed; now and then some are taken back in vain."""
        if (fen := _amount_of(view)) is not None:
            return len(str(fen)) if fen else 0
        missing = re.search("还差([0-9]+)位|([0-9]+) digits to go", view.body)
        if missing:
            return 24 - int(missing[1] or missing[2])
        typed = re.search("(?:输入|Typed) ([0-9*]+)$", view.body, re.MULTILINE)
        return len(typed[1]) if typed else self.draw.choice((0, 0, 2))

    def _ask(self, name: str, view: View) -> str:
        return str(_ASKED[name](self, view))

    def _number(self, view: View) -> int:
        """Of an operator; of a new one where one is added."""
        ids = [number for number in self.pins if view.name not in OF_SUPERVISORS or STAFF.get(number, 1) == 2]
        new = self.draw.random() < OTHERWISE / 5
        if view.name == "login.title":
            ids += [number for number in ids if STAFF.get(number, 1) == 2]  # who may do more
        self.who = self.draw.randrange(1, 40) if view.name == "operators.add" or new else self.draw.choice(ids)
        return self.who

    def _pin(self, view: View) -> str:
        known = self.pins.get(self.who)
        if known is None or self.draw.random() < WRONG_PIN:
            return self._digits(6)
        self.tried = self.who
        return known[0]

    def _new_pin(self, view: View) -> str:
        """Neither a run nor a repeat: low and high digits by turns."""
        length = int(re.findall("[0-9]", view.packed)[0])
        self.new_pin = "".join(str(self.draw.randrange(5) + 5 * (at % 2)) for at in range(length))
        return self.new_pin

    def _again(self, view: View) -> str:
        return self._take_pin() if self.draw.random() > WRONG_PIN else self._digits(6)

    def _take_pin(self) -> str:
        """It may be his from now on: whether it was taken shows at the next login."""
        self.pins[self.who] = [self.new_pin, *self.pins.get(self.who, [])][:3]
        return self.new_pin

    def _amount(self, view: View) -> str:
        limit = int(re.sub("[^0-9]", "", view.body.split("¥")[1].split("\n")[0]))
        if view.name == "decide.amount":
            row = self._row()
            return str(self.shop.booked()[row["number"]]["amount"]) if row and self._truth() == {True} else ""
        if view.name in ("find.order", "find.memory"):
            return str(self._known()["amount"])
        if view.name == "refund.amount" and self.draw.random() < 0.5:
            return ""  # all of it
        fen = self.draw.choice(
            (self.draw.randrange(100, 9000), self.draw.randrange(100, 30_000), self.draw.randrange(1, 500_000))
        )
        if self.draw.random() < 0.5:
            fen = fen // 100 * 100 + self.draw.choice(ENDINGS)
        if view.name == "refund.amount" and fen > limit and self.draw.random() > OTHERWISE:
            fen = fen % limit + 1
        return str(self.draw.choice((fen, fen, fen, fen, fen, 88_888)) if view.name == "sale.amount" else fen)

    def _known(self) -> dict[str, Any]:
        """A sale that the terminal knows; the one that was thought of before, mostly: two things told of it fit."""
        sales = [row for row in self.shop.terminal_ledger() if row["kind"] == "sale"] or [
            {"amount": 1, "trace": 1, "number": "0"}
        ]
        if self.sale not in sales or self.draw.random() < 2 * OTHERWISE:
            self.sale = self.draw.choice(sales[-8:])
        return self.sale

    def _off(self, name: str) -> str:
        """Digits off a slip, as Clerk.type_off reads them."""
        found = [re.search(READ_OFF[name], paper, re.MULTILINE) for paper in self.shop.terminal.paper[-12:]]
        digits = [re.sub("[^0-9]", "", one[1]) for one in found if one]
        return self.draw.choice(digits) if digits else self._digits(6)

    def _code(self, view: View) -> str:
        """By telephone: the authority is told number and amount."""
        said = re.sub(r"\s+", " ", view.body)
        shown, fen = re.search(r"(?:号码|no\.) ([0-9]{4}) ([0-9]{4})", said), re.search(r"¥([0-9,.]+)", said)
        if shown is None or fen is None or self.draw.random() < OTHERWISE:
            return self._digits(8)
        key = vault.authority_key(self.shop.authority_key, TERMINAL)
        purpose = next(
            (name for name, words in authority.PURPOSES.items() if any(f"{word} " in f"{said} " for word in words)), ""
        )
        return vault.telephone_code(key, TERMINAL, shown[1] + shown[2], int(re.sub("[^0-9]", "", fen[1])), purpose)

    def _group(self, view: View) -> str:
        """Of a component of a transport key, with its check digits."""
        number = int(re.findall("(?:第|Group)([0-9]+)(?:组|of)", view.packed)[0])
        return transport_keys.groups(self.draw.randbytes(transport_keys.BYTES))[number - 1]

    def _digits(self, count: int) -> str:
        return "".join(self.draw.choice("0123456789") for _ in range(count))


_ASKED = {
    "approval.id": Fingers._number,
    "pin.id": Fingers._number,
    "pin.pin": Fingers._pin,
    "pin.new": Fingers._new_pin,
    "pin.first": Fingers._new_pin,
    "pin.again": Fingers._again,
    "operators.person": lambda fingers, view: fingers.draw.randrange(1, 10),
    "approval.code": Fingers._code,
    "find.slip_type": lambda fingers, view: fingers._off("code"),
    "find.rrn_type": lambda fingers, view: fingers._off("rrn"),
    "find.order_type": lambda fingers, view: fingers._known()["number"][-8:],
    "find.trace_type": lambda fingers, view: fingers._known()["trace"],
    "find.day_type": lambda fingers, view: f"{fingers.shop.world.date:%m%d}",
    "memory.time_type": lambda fingers, view: f"{fingers.shop.world.date:%H%M}",
    "memory.four_type": lambda fingers, view: fingers.draw.choice(("0007", "0008", "1111", "4444")),
    "memory.approval_type": lambda fingers, view: fingers._off("approval")[:6],
    "refund.case_type": lambda fingers, view: fingers._digits(7),
    "transport.type": Fingers._group,
    "line.limit": Fingers._amount,
    "line.evidence": lambda fingers, view: fingers._digits(fingers.draw.choice((3, 4, 4, 4, 6, 12))),
}
