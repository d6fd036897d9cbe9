"""The self-test: flash, clock, keys, printer, reader, keypad, and the line step by step. It names what fails and what to do.

It writes nothing but one note that it was made; reader and keypad wait for a person, who may pass over them.
"""

from yuanlu.compat import leave, visit
from yuanlu.errors import Cancelled, Refused, StoreDamaged
from yuanlu.ui.menu import SELF_TESTED, enter
from yuanlu.ui.result import put_on_paper

_WAIT_MS = 60_000
_KEYS = "0 1 2 3 4 5 6 7 8 9 UP DOWN CLEAR".split()
_BAD_CLOCK = 20250101  # no terminal was made before


async def run(till):
    """Raises Cancelled when it is left before its end: no note is made then."""
    found = []  # (part, True, False or None for passed over, what is to be said of it)
    for part, test in (
        ("flash", _flash),
        ("clock", _clock),
        ("keys", _keys),
        ("printer", _printer),
        ("reader", _reader),
        ("keypad", _keypad),
        ("line", _line),
    ):
        till.dialogs.show("test.title", [("test.running", ("test." + part,))])
        passed, detail = await test(till)
        found.append((part, passed, detail))
    failed = [part for part, passed, _ in found if passed is False]
    _note(till, failed)
    await enter(till, "yuanlu.ui.pages", "test.failed" if failed else "test.passed", report(found))


def report(found):
    """A page with a line for each part, then a page for each that failed: what it is, what to do."""
    words = {True: "test.ok", False: "test.bad", None: "test.skipped"}
    pages = [[(words[passed], ("test." + part,)) for part, passed, _ in found]]
    for part, passed, detail in found:
        if passed is False:
            pages.append([("test.bad", ("test." + part,)), detail, "advice.test." + part])
    return pages + [[detail for _, passed, detail in found if passed and detail]]


def _note(till, failed):
    """That it was made, and what failed; without room for it the test counts all the same."""
    progress = visit("yuanlu.store.progress")
    try:
        text = " ".join([part[:3] for part in failed]) or "passed"
        progress.note(till.desk, None, progress.SELF_TEST, till.operator, text.encode())
        till.told[SELF_TESTED] = till.board.clock.date()[0]
    except Refused:
        till.log("self-test: no room for its note")
    finally:
        leave("yuanlu.store.progress")


async def _flash(till):
    """The header of each sector that holds records, and that the sector erased ahead is blank."""
    log = till.journal.log
    unread, worn = 0, 0
    for sector in range(log.flash.sectors):
        try:
            header = log.chip.header(sector)
        except StoreDamaged:
            header = None
        worn = max(worn, header[1] if header else 0)
        if log.sequences[sector] and (header is None or header[0] != log.sequences[sector]):
            unread += 1
    if log.erased is not None and not _is_blank(log, log.erased):
        unread += 1
    detail = ("test.flash_is", log.flash.sectors, unread, len(log.retired), worn)
    return not unread and not log.is_worn_out(), detail


def _is_blank(log, sector):
    chunk = bytearray(64)
    start = sector * log.flash.sector_size
    for at in range(start, start + log.flash.sector_size, 64):
        log.flash.read_into(at, chunk)
        if chunk != b"\xff" * 64:
            return False
    return True


async def _clock(till):
    date, time, quality = till.board.clock.date()
    least = max([_BAD_CLOCK] + [sale.date for sale in till.journal.sales(1)])
    return bool(quality) and date >= least, ("test.clock_is", date, "{:06d}".format(time))


async def _keys(till):
    """A key for the next message is there. None is used up by looking."""
    sealing = till.desk.sealing
    if sealing.has_session:
        try:
            sealing.is_old(0)
        except Refused as error:
            return False, (error.reason,)
        return True, ("test.keys_are",)
    state = visit("yuanlu.crypto.dukpt").kept(till.board.vault).state
    leave("yuanlu.crypto.dukpt")
    there = state is not None and any(state[:4])
    return there, ("test.keys_are",) if there else ("refused.keys_used_up",)


async def _printer(till):
    """One line on paper."""
    try:
        put_on_paper(till, "yuanlu.ui.self_test_flow")
    except Refused as error:
        return False, (error.reason,)
    return True, None


def render(till):
    """What is printed."""
    return till.words("test.slip") + "\n"


def code(till):
    """And a QR code, which takes most of the printer."""
    return "YUANLU"


async def _reader(till):
    """Any card; ENTER passes over."""
    till.board.reader.arm()
    while True:
        till.dialogs.show("test.reader", ["test.present"], "hint.skip")
        key = await till.dialogs.key()
        if key == "CANCEL":
            raise Cancelled
        if till.board.reader.card() is not None:
            return True, None
        if key == "ENTER":
            return None, None
        if key == "CLEAR":
            return False, ("test.reader_is",)


async def _keypad(till):
    """Every key once, in any order; ENTER at once passes over, later it says that the rest do not work."""
    left = list(_KEYS)
    while left:
        till.dialogs.show("test.keypad", ["test.press", ("line.text", " ".join(left))], "hint.skip")
        key = await till.dialogs.key()
        if key == "CANCEL":
            raise Cancelled
        if key == "ENTER":
            return (None, None) if len(left) == len(_KEYS) else (False, ("test.keypad_is", " ".join(left)))
        if key in left:
            left.remove(key)
    return True, None


async def _line(till):
    """Cable, address, connection, sign-on, echo: the first that fails is named."""
    config = till.config
    if till.is_offline():
        return False, ("test.step", ("step.cable",), ("why.network_down",))
    told = await till.forwarder.run_errand("line", _WAIT_MS)
    if not isinstance(told, tuple):
        return False, ("test.step", ("step.connect",), ("line.busy",))
    done, reason = told
    if reason is None:
        return True, ("test.line_is", config.host, config.port)
    step = ("connect", "sign_on", "echo")[done]
    return False, ("test.step_at", ("step." + step,), (reason,), config.host, config.port)
