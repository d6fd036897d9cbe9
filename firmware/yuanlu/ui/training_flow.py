"""Training: the same menus on a journal that is none of the shop's. Marked on every screen and slip.

The title row says so as long as it lasts, and the room's printer begins whatever it prints with the mark. Power that goes in the
middle ends it: a terminal always starts with its real journal.
"""

from yuanlu.compat import leave, visit
from yuanlu.errors import Cancelled, Refused, StoreDamaged, StoreFull
from yuanlu.tables import GB18030
from yuanlu.ui import menu

_MARK = "     *** \u7ec3\u4e60 TRAINING ***\n"
# These are about the terminal itself, or need keys, PINs or a line.
_NAMES = "line_flow closing_flow self_test_flow settings_flow operators_flow transport_flow"
_NOT_HERE = ["yuanlu.ui." + name for name in _NAMES.split()]


async def run(till):
    """Until CANCEL at its menu. Raises Cancelled, and Refused where the board has no region for it."""
    if till.board.training is None:
        raise Refused("refused.no_training")
    await till.dialogs.confirm("training.title", ["training.what", "training.marked", "training.end"])
    status, till.dialogs.status = till.dialogs.status, lambda: "status.training"
    try:
        room = visit("yuanlu.training").Room(till.board.training, till.config, till.board.vault, till.board.clock)
        await _stay(TrainingTill(till, room))
    except (StoreFull, StoreDamaged) as error:
        till.log("training: {}".format(error))
        raise Refused("refused.no_training") from None
    finally:
        till.dialogs.status = status
        leave("yuanlu.training")


async def _stay(till):
    rows = menu.MENU + (("menu.more", ""), ("training.tasks", "yuanlu.ui.tasks_page"))
    while True:
        try:
            name = rows[await till.dialogs.choose("training.title", [row[0] for row in rows], hint="hint.training")][1]
        except Cancelled:
            if await _leaves(till.dialogs):
                raise
            continue
        try:
            if not name:
                name = menu.MORE[await till.dialogs.choose("menu.more", [row[0] for row in menu.MORE])][1]
            if name in _NOT_HERE or name == __name__:
                raise Refused("refused.not_in_training")
            await menu.enter(till, name)
        except Cancelled:
            if till.dialogs.left:
                raise
        except Refused as error:
            await menu.enter(till, "yuanlu.ui.refusal_page", error)


async def _leaves(dialogs):
    """One CANCEL too many does not end among real money."""
    keys = ("ENTER", "CANCEL")
    return dialogs.left or await dialogs.read("training.title", ["training.leave"], "hint.confirm", keys) == "ENTER"


class TrainingBoard:
    """The parts of the board that a flow may use there: no flash, no network, no serial line."""

    def __init__(self, board, vault):
        self.clock, self.keypad, self.reader, self.vault = board.clock, board.keypad, board.reader, vault
        self.scanner = board.scanner


class TrainingPrinter:
    """Puts the mark before whatever is printed."""

    def __init__(self, till):
        self.printer = till.printer
        self.mark = visit("yuanlu.ui.paper").lines(till.tables.section(GB18030), _MARK)
        leave("yuanlu.ui.paper")

    def print(self, *pieces):
        """As the real one does."""
        self.printer.print(self.mark, *pieces)


class TrainingTill:
    """What a flow is handed in training, in place of app.Till. room: training.Room."""

    def __init__(self, till, room):
        self.room, self.board = room, TrainingBoard(till.board, room.vault)
        self.log, self.words, self.tables, self.codes = till.log, till.words, till.tables, till.codes
        self.operator, self.watched, self.tried, self.told = till.operator, 0, [], [None, None, False]
        self.config, self.journal, self.desk, self.forwarder = room.config, room.journal, room.desk, room.teacher
        self.dialogs, self.printer = till.dialogs, TrainingPrinter(till)

    def is_offline(self):
        """The teacher is always there."""
        return False
