"""The one place where all meet: a Board's ports in, a running terminal out."""

from binascii import crc32

from yuanlu import VERSION
from yuanlu.compat import const, create_task, leave, visit
from yuanlu.config import Config
from yuanlu.crypto.seal import Seal
from yuanlu.desk import Desk
from yuanlu.errors import BadConfig, YuanluError
from yuanlu.forwarder import Forwarder
from yuanlu.link.acquirer import NetworkRoad
from yuanlu.link.channel import Channel
from yuanlu.link.serial_line import SerialLine
from yuanlu.refund.codes import Codes
from yuanlu.store import pending
from yuanlu.store.journal import Journal
from yuanlu.tables import Tables
from yuanlu.ui import menu
from yuanlu.ui.dialogs import Dialogs
from yuanlu.ui.grid import Grid
from yuanlu.ui.words import Words

_RESTART_MS = 1000
_MINUTE_MS = 60_000
_ASK = const(1)  # wire.service: the one frame that a stranger may send
_SHELF = ("yuanlu.store.shelf", "yuanlu.bundle")


class Till:
    """What a flow is handed: dialogs, words, printer at once; config, journal, desk and forwarder once `start` went well."""

    def __init__(self, board):
        self.board = board
        self.log = board.log
        self.operator = 0  # id of who is logged in; 0: nobody has to
        self.watched = 0  # number of the transaction that a flow is watching
        self.tried = []  # (number, state) of owed slips that were tried in this life; for those that did not come out: reprint
        self.journal = None
        self.door = None  # service.door, while a technician is here
        self.told = [None, None, False]  # by the places that ui.menu names
        tables = Tables(board.tables())
        self.words = Words(tables)
        self.dialogs = Dialogs(Grid(board.display, tables), board.keypad, board.reader, self.words, self.status)
        self.printer = board.printer
        self.tables = tables
        self.codes = Codes(tables)

    def start(self):
        """Check the settings and read the journal. BadConfig or StoreDamaged: nothing may be sold or refunded then."""
        board = self.board
        is_told = self._read_settings()
        journal = Journal(board.flash, crc32(self.config.terminal.encode()), Seal(board.vault))
        journal.mount()
        self.journal = journal
        self.line = SerialLine(board.serial, board.clock, board.vault)
        self.line.service = lambda frame: _serve(self, frame)
        try:
            self.desk = Desk(journal, self.config, board.vault, board.clock, self.is_offline)
        except BadConfig as error:  # what is open has to end under the settings before: these wait
            board.log("settings {}: {}".format(self.config.config_version, error))
            try:
                self._read_settings(1)
            except BadConfig:
                raise error from None  # there are no others
            is_told = True
            self.desk = Desk(journal, self.config, board.vault, board.clock, self.is_offline)
        if not is_told:
            visit("yuanlu.store.shelf").Shelf(board.shelf(), board.vault).note(journal)
            leave(*_SHELF)
        channel = Channel([NetworkRoad(board.network, self.config), self.line], board.clock)
        self.forwarder = Forwarder(self.desk, channel, self.codes, board.vault, board.clock, self.config)

    def _read_settings(self, passing=0):
        """Whether the journal tells of them; BadConfig. passing: 1 for those before the newest."""
        shelf = visit("yuanlu.store.shelf").Shelf(self.board.shelf(), self.board.vault)
        bundle, text = shelf.newest(passing)
        day = "{:04d}-{:02d}-{:02d}".format(bundle.date // 10000, bundle.date // 100 % 100, bundle.date % 100)
        self.config = Config(text, bundle.version, bundle.operator, day)
        leave(*_SHELF)
        return shelf.told == bundle.digest

    def is_offline(self):
        """No road to the acquirer is open as far as one can know without trying."""
        return not (self.board.network.is_up() or self.line.is_there())

    def overdue(self):
        """How many are not settled though they should be."""
        journal = self.journal
        return len(pending.overdue(journal, self.config, self.board.clock.date())) if journal and journal.live else 0

    def status(self):
        """The right end of the title row: is there a network, how many transactions are not settled, or overdue."""
        up = "status.network" if self.board.network.is_up() else "status.no_network"
        waiting = len(self.journal.live) if self.journal else 0
        overdue = self.overdue()
        if self.door and self.door.consent:
            return ("status.service", (up,))
        if overdue:
            return ("status.overdue", (up,), overdue)
        return ("status.waiting", (up,), waiting) if waiting else up


async def main(board):
    """Run the terminal until power goes."""
    till = Till(board)
    if board.vault.load(30) or board.vault.load(31):  # store.erasure: the terminal may be out of use
        await visit("yuanlu.ui.erased_page").run(till)
        leave("yuanlu.ui.erased_page")
    try:
        till.start()
    except YuanluError as error:
        await visit("yuanlu.ui.failed_page").refuse(till, error)
    for what in till.journal.trouble:
        board.log("journal: {}".format(what))
    board.log("yuanlu {} ready, {} open".format(VERSION, len(till.journal.live)))
    create_task(_guard(board, "serial line", till.line.run))
    if board.standing:  # not in force: a technician can come in, and no money moves
        await visit("yuanlu.ui.trial_page").run(till)
        leave("yuanlu.ui.trial_page")
    tasks = [
        ("forwarder", till.forwarder.run),
        ("network", lambda: _watch(till, board.network.changed, board.network.is_up)),
        ("bridge", lambda: _watch(till, till.line.appeared, lambda: True)),
        ("slips", lambda: _tell(till)),
    ]
    if till.config.login:
        tasks.append(("idle", lambda: _log_out_when_idle(till)))
    for name, start in tasks:
        create_task(_guard(board, name, start))
    await _guard(board, "menu", lambda: menu.run(till), lambda: menu.enter(till, "yuanlu.ui.failed_page"))


async def _watch(till, appeared, is_up):
    """A road opens: what waits may go."""
    while True:
        await appeared.wait()
        appeared.clear()
        if is_up():
            till.forwarder.road_opened()
        till.board.keypad.post("REFRESH")


async def _tell(till):
    """Keep title row, menu and paper abreast of what the forwarder notes, and of what is overdue by now."""
    late = 0
    while True:
        if till.journal.owed:
            _print_owed(till)
        till.journal.log.erase_ahead()
        before, late = late, till.overdue()
        till.board.keypad.post("REFRESH" if late == before else "SERVICE")
        till.forwarder.changed.clear()
        await till.board.clock.wait(till.forwarder.changed, _MINUTE_MS if till.journal.live else -1)


def _print_owed(till):
    try:
        visit("yuanlu.ui.result").print_owed(till)
    finally:
        leave("yuanlu.ui.result")


async def _log_out_when_idle(till):
    """Who has gone away is logged out, whatever page stands open; what was not confirmed is dropped."""
    dialogs, quiet, seen = till.dialogs, 0, 0
    while True:
        await till.board.clock.sleep_ms(_MINUTE_MS)
        quiet, seen = (quiet + 1 if dialogs.pressed == seen else 0), dialogs.pressed
        if till.operator and quiet >= till.config.idle_minutes:
            till.operator, dialogs.left = 0, True
            till.board.keypad.post("REFRESH")


def _serve(till, frame):
    """A frame on the technician's channel."""
    if till.door is None:
        if frame.kind != _ASK:
            return
        till.door = visit("yuanlu.service.door").Door(till)
        create_task(_close_door(till))
    till.door.serve(frame)


async def _close_door(till):
    """When the technician's time is over, all of it leaves the memory."""
    while not till.door.is_over():
        await till.board.clock.sleep_ms(_RESTART_MS)
    till.door = None
    leave("yuanlu.service.door", "yuanlu.wire.service", "yuanlu.crypto.hkdf")
    till.board.keypad.post("REFRESH")


async def _guard(board, name, start, tell=None):
    """Run a task for ever: what kills it is logged and it starts again. The only `except Exception` there is."""
    failed = False
    while True:
        try:
            if failed and tell:
                failed = False
                await tell()
            await start()
        except Exception as error:
            failed = True
            board.failed(name, error)
        await board.clock.sleep_ms(_RESTART_MS)
