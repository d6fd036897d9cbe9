"""A terminal that is out of use, or on the way there: it erases what is left to erase, and says so for ever, on its screen and to
who asks on the line. It takes nothing and sends nothing."""

from yuanlu import VERSION
from yuanlu.compat import create_task
from yuanlu.store.erasure import THROUGH, Erasure
from yuanlu.wire import serial, service


async def run(till):
    """Returns at once where power went before the mark stood: then the terminal is as it was."""
    board, dialogs = till.board, till.dialogs
    erasure = Erasure(board.vault)
    if not erasure.standing:
        return
    if erasure.standing != THROUGH:
        dialogs.show("erased.title", ["erased.under_way"])
        erasure.carry_out((board.flash, board.training, board.shelf()))
    board.log("out of use: erased up to record {}, {} places are left".format(erasure.number, erasure.left))
    create_task(_answer(board, erasure))
    lines = [("erased.who", str(erasure.terminal, "ascii"), erasure.epoch), ("erased.what", erasure.number, erasure.date)]
    if erasure.left:
        lines.append(("erased.left", erasure.left))
    while True:
        dialogs.show("erased.title", lines + ["erased.next"])
        await dialogs.key()


async def _answer(board, erasure):
    """Whoever asks on the technician's channel hears who this was; nobody comes in."""
    deframer = serial.Deframer()
    while True:
        for frame in deframer.feed(await board.serial.read()):
            if frame.channel == serial.SERVICE and frame.kind in (service.ASK, service.TICKET, service.COMMAND):
                kind, body = service.NO, bytes((service.OUT_OF_USE,))
                if frame.kind == service.ASK:
                    kind, body = service.HELLO, _hello(board, erasure)
                board.serial.write(serial.frame(serial.SERVICE, kind, frame.session, frame.sequence, body))


def _hello(board, erasure):
    names = (str(erasure.terminal, "ascii"), 0, VERSION, erasure.number, erasure.tag)
    return service.encode_hello(*(names + (board.vault.random(16), service.ERASED)))
