"""A Terminal that prints, as app.Till does."""

from parts import TABLES, Terminal


class Printer:
    """Keeps what it is given."""

    def __init__(self):
        self.printed = b""

    def print(self, *pieces):
        self.printed = b"".join(pieces)


class Board:
    """As much of one as a sheet needs."""

    def __init__(self, clock):
        self.clock = clock


class Till(Terminal):
    """With tables, printer and board."""

    def __init__(self, **changes):
        super().__init__(**changes)
        self.tables, self.printer, self.board = TABLES, Printer(), Board(self.clock)
        self.is_offline = self.desk.is_offline
        self.operator = 0
        self.tried = []
        self.watched = 0
