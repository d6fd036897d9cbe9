"""Signed settings over the line: what is newest, and newer ones. A visiting module, made as service.commands is.

A bundle is gathered in the Door piece by piece and looked at once it is whole: what is refused has changed nothing.
"""

from binascii import crc32

from yuanlu.compat import const, leave, visit
from yuanlu.config import Config
from yuanlu.crypto import sealing
from yuanlu.errors import BadMessage, Refused
from yuanlu.wire import service

_PIECE = const(1000)  # bytes of a bundle in one answer
_LARGEST = const(8192 + 512)


def do(door, command, given):
    """The bytes that answer it."""
    return service.action_of(_DO, command, given)(door, given) or b""


def _shelf(door):
    board = door.till.board
    return visit("yuanlu.store.shelf").Shelf(board.shelf(), board.vault)


def _info(door, given):
    """u32 offset. Gives u32 length of all, and bytes from there of the newest settings as they were signed."""
    try:
        data, at = _shelf(door).signed(), int.from_bytes(given, "little")
    finally:
        leave("yuanlu.store.shelf")
    return len(data).to_bytes(4, "little") + data[at : at + _PIECE]


def _bring(door, given):
    """u32 offset, bytes; what does not follow is passed over, offset 0 begins anew. Gives u32 count and u32 CRC-32 of what is
    here now: who lost his cable asks without bytes, and goes on from there."""
    at, piece = int.from_bytes(given[:4], "little"), bytes(given[4:])
    if piece and at == 0:
        door.brought = []
    here = sum([len(part) for part in door.brought])
    if piece and at == here:
        if here + len(piece) > _LARGEST:
            raise BadMessage("service: larger than any settings")
        door.brought.append(piece)
        here += len(piece)
    check = 0
    for part in door.brought:
        check = crc32(part, check)
    return here.to_bytes(4, "little") + check.to_bytes(4, "little")


def _install(door, given):
    """What was brought becomes the newest settings; they count from the next start. BadConfig and Refused: all is as before."""
    till = door.till
    if till.journal.log.quiet:
        raise Refused("refused.exchange")

    def last_look(bundle, config):
        sealing(config.mac, till.board.vault)  # BadConfig: this image has no such MAC
        continuity = visit("yuanlu.continuity")
        continuity.check(till.journal, config, till.board.vault)
        continuity.check_brought(till.journal, till.config, config)
        door.note(door.ticket, service.INSTALL, bundle.version)

    try:
        shelf = _shelf(door)
        _check_waiting(till.config, *shelf.newest())
        shelf.take(b"".join(door.brought), last_look)
        door.brought = []
    finally:
        leave("yuanlu.store.shelf", "yuanlu.continuity", "yuanlu.crypto.session_sealing")


def _check_waiting(now, bundle, text):
    """The place of the settings in force is written over while newer ones wait for the next start: then what is open, and what
    becomes open until then, has to be able to end under those."""
    if bundle.version != now.config_version:
        waiting = Config(text)
        if (waiting.merchant, waiting.mac) != (now.merchant, now.mac):
            raise Refused("refused.settings_wait")


# Each with the fewest and the most bytes that it takes.
_DO = {
    service.SETTINGS_INFO: (_info, 4, 4),
    service.BRING: (_bring, 4, 4 + service.MOST_READ),
    service.INSTALL: (_install, 0, 0),
}
