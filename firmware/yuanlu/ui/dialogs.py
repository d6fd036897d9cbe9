"""The few dialogs that every flow is made of. Each is one coroutine; CANCEL raises Cancelled.

A text is a word id or (word id, arguments), put into words only when it is drawn: the language key works everywhere.
Keys: 0-9 ENTER CANCEL CLEAR UP DOWN LANG; CARD wakes whoever waits when a card is presented, REFRESH when the status changed,
SERVICE the menu when a technician asks to come in.
"""

from yuanlu.compat import const
from yuanlu.errors import Cancelled, Refused
from yuanlu.refund.money import yuan
from yuanlu.ui.grid import cut, width, wrap

_BODY = const(8)  # rows between title and hint
_DIGITS = const(8)
_BY_ITSELF = ("REFRESH", "SERVICE")  # keys that nobody pressed, and that a keypad which is cleared keeps


class Dialogs:
    """Given the Grid, the Keypad and Reader ports, the Words and `status()`, a short text for the title row."""

    def __init__(self, grid, keypad, reader, words, status):
        self.grid = grid
        self.keypad = keypad
        self.reader = reader
        self.words = words
        self.status = status
        self.pressed = 0  # keys so far, of a person
        self.stale = False  # what was pressed up to now was meant for a page that asked for nothing
        self.left = False  # True: nobody is there any more, and every page is cancelled down to the menu

    def show(self, title, lines, hint=None, chosen=-1, first=0):
        """Draw a whole screen. A line longer than the screen goes on in the next row; `chosen` is drawn inverse; `first` rows
        have gone past the top. True when rows are left below. A page without a hint asks for nothing: keys that are pressed
        before it goes count for no other page either."""
        self.stale = self.stale or not hint
        say, grid = self.words, self.grid
        status = say(self.status())
        name = cut(say(title), grid.columns - width(status) - 1)
        grid.row(0, name + " " * (grid.columns - width(name) - width(status)) + status, True)
        row = 1 - first
        for index, line in enumerate(lines):
            for part in wrap(say(line), grid.columns):
                if 0 < row <= _BODY:
                    grid.row(row, part, index == chosen)
                row += 1
        more = row > _BODY + 1
        while row <= _BODY:
            grid.row(row, "")
            row += 1
        hint = say(hint) if hint else ""
        if more:
            hint = cut(hint, grid.columns - 3)
            hint += " " * (grid.columns - 2 - width(hint)) + "\u300b"
        grid.row(grid.rows - 1, hint)
        return more

    async def key(self):
        """The next key that is not the language key."""
        if self.stale:
            self.stale = False
            self.keypad.clear()
        while True:
            key = await self.keypad.key()
            if self.left:
                raise Cancelled
            self.pressed += key not in _BY_ITSELF
            if key != "LANG":
                return key
            self.words.switch()
            return "REFRESH"

    async def read(self, title, lines, hint, keys):
        """Show until one of these keys, which is returned. What does not fit is turned to by DOWN and UP."""
        first = 0
        while True:
            more = self.show(title, lines, hint, first=first)
            key = await self.key()
            if key in keys:
                return key
            if key == "DOWN" and more:
                first += _BODY - 1
            elif key == "UP" and first:
                first -= _BODY - 1

    async def notice(self, title, lines):
        """Show until ENTER or CANCEL."""
        await self.read(title, lines, "hint.notice", ("ENTER", "CANCEL"))

    async def confirm(self, title, lines):
        """Return on ENTER."""
        if await self.read(title, lines, "hint.confirm", ("ENTER", "CANCEL")) == "CANCEL":
            raise Cancelled

    async def choose(self, title, items, above=(), hint="hint.choose", leave=True, otherwise=""):
        """The index of the item picked by its digit (0: the tenth), or by UP, DOWN and ENTER; None for the key `otherwise`."""
        if not items:
            raise Refused("refused.nothing_to_choose")
        chosen = 0
        digits = "1234567890".replace(otherwise or " ", "")
        above = list(above)
        while True:
            first = max(0, min(chosen - 2, len(items) - (_BODY - len(above))))
            rows = [("line.item", digits[i : i + 1] or " ", _text(items[i])) for i in range(first, len(items))]
            self.show(title, above + rows, hint, len(above) + chosen - first)
            key = await self.key()
            if key == "ENTER":
                return chosen
            if key == "CANCEL" and leave:
                raise Cancelled
            if key == otherwise:
                return None
            if key == "UP":
                chosen = max(0, chosen - 1)
            elif key == "DOWN":
                chosen = min(len(items) - 1, chosen + 1)
            elif len(key) == 1 and key.isdigit() and (int(key) or 10) <= len(items):
                return (int(key) or 10) - 1

    async def ask_amount(self, title, limit, full=0):
        """Fen, 1 to `limit`. ENTER alone takes `full`, if that is not 0."""
        digits = ""
        complaint = None
        while True:
            amount = int(digits or "0")
            lines = [("line.limit", yuan(limit)), ("line.entry", yuan(amount))]
            lines.append(complaint or (("amount.full", yuan(full)) if full and not digits else "amount.enter"))
            self.show(title, lines, "hint.amount")
            key = await self.key()
            if key == "CANCEL":
                raise Cancelled
            if key == "CLEAR":
                digits = digits[:-1]
            elif len(key) == 1 and key.isdigit() and len(digits) < _DIGITS:
                digits = (digits + key).lstrip("0")
            elif key == "ENTER":
                if not digits:
                    amount = full
                if 0 < amount <= limit:
                    return amount
                complaint = ("amount.over", yuan(limit)) if amount else "amount.zero"
                continue
            if key != "REFRESH":
                complaint = None

    async def ask_card(self, title, lines):
        """The card that is presented: number (first 6 and last 4), fingerprint, block."""
        self.reader.arm()
        while True:
            self.show(title, lines, "hint.card")
            key = await self.key()
            if key == "CANCEL":
                raise Cancelled
            card = self.reader.card()
            if card is not None:
                return card


def _text(item):
    return (item,) if isinstance(item, str) else item
