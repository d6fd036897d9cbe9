"""New firmware over the line: brought, put on trial, confirmed or taken back. A visiting module, made as service.commands is.

Nothing of it touches the journal's region: what is open stays open, whichever firmware runs next.
"""

import json
from binascii import crc32, hexlify
from struct import unpack_from

from yuanlu import VERSION, record, update
from yuanlu.compat import const, create_task, leave, visit
from yuanlu.crypto.seal import Seal
from yuanlu.errors import Refused, YuanluError
from yuanlu.store.header import FORMAT
from yuanlu.store.journal import Journal
from yuanlu.store.shelf import KEY, Shelf
from yuanlu.store.slots import Slots, one_file
from yuanlu.wire import service

_FRONT = const(248)  # manifest of one file, and its signature
_PIECE = const(768)
_ANSWERED_MS = const(500)


def do(door, command, given):
    """The bytes that answer it."""
    board = door.till.board
    return service.action_of(_DO, command, given)(door, Slots(board.firmware(), board.vault), given) or b""


def _info(door, slots, given):
    """JSON: who runs, how it stands, and what is on trial."""
    board = door.till.board
    told = {
        "board": board.name,
        "digest": str(hexlify(slots.digest_of(board.standing)), "ascii"),
        "least": max(slots.lowest, slots.version),
        "room": slots.room,
        "sector": slots.flash.sector_size,
        "slot": slots.in_force,
        "standing": board.standing,
        "trial": 0 if slots.tried and not board.standing else slots.trial,
        "version": _number(VERSION),
    }
    return json.dumps(told).encode()


def _fits(door, slots, given):
    """Manifest and signature: whether INSTALL would take it by its manifest. The signature is not looked at."""
    _check(door, slots, one_file(given))


def _here(door, slots, given):
    """u32 count: CRC-32 of so many bytes of the file that was brought."""
    return slots.check(unpack_from("<I", given, 0)[0]).to_bytes(4, "little")


def _bring(door, slots, given):
    """u32 offset, bytes. Gives u32, where the next ones go."""
    _refuse(door)
    at, door.written, expected = unpack_from("<I", given, 0)[0], None, door.written
    door.written = slots.write(at, given[4:], expected)
    return door.written.to_bytes(4, "little")


def _install(door, slots, given):
    """Manifest and signature: what was brought is on trial from the next start. BadConfig and Refused: what runs stays."""
    _refuse(door)

    def last_look(bundle):
        _check(door, slots, bundle)
        bundle.check(door.till.board.vault.load(KEY))
        door.note(door.ticket, service.FIRMWARE_INSTALL, bundle.version)

    slots.install(given, last_look)


def _restart(door, slots, given):
    _refuse_in_exchange(door)
    door.note(door.ticket, service.RESTART, 0)
    create_task(_restart_soon(door.till))


def _confirm(door, slots, given):
    till = door.till
    if till.board.standing != "trial":
        raise Refused("refused.no_trial")
    if False in [passed for _, passed in _steps(till, slots)]:
        raise Refused("refused.self_test")
    door.note(door.ticket, service.CONFIRM, _number(VERSION))
    slots.confirm()
    till.board.standing = ""
    till.board.keypad.post("REFRESH")


def _back(door, slots, given):
    """Off the trial: at once where it has not begun, else by a restart. Gives u8, 1 for a restart."""
    runs = door.till.board.standing == "trial"
    if not runs and (not slots.trial or slots.tried):
        raise Refused("refused.no_trial")
    door.note(door.ticket, service.BACK, _number(VERSION))
    slots.back()
    if runs:
        create_task(_restart_soon(door.till))
    return bytes((runs,))


def _self_test(door, slots, given):
    """JSON: [step, passed] of each."""
    return json.dumps(_steps(door.till, slots)).encode()


def _refuse(door):
    """Not over what is running, and not while some chips would stop interrupts for an erase."""
    if door.till.board.standing == "trial":
        raise Refused("refused.on_trial")
    _refuse_in_exchange(door)


def _refuse_in_exchange(door):
    if door.till.journal.log.quiet:
        raise Refused("refused.exchange")


def _check(door, slots, bundle):
    lowest = max(slots.lowest, slots.version)
    types = sum([1 << kind for kind in record.FORMS])
    update.check(bundle, door.till.board.name, _number(VERSION), lowest, FORMAT, types, slots.room)


async def _restart_soon(till):
    """Once the answer is out, and no exchange is on."""
    await till.board.clock.sleep_ms(_ANSWERED_MS)
    while till.journal.log.quiet:
        await till.board.clock.sleep_ms(_ANSWERED_MS)
    till.board.restart()


# ---- what firmware has to be able to do here before it is in force


def _steps(till, slots):
    found = []
    for name, test in (("file", _file), ("settings", _settings), ("journal", _journal), ("tables", _tables), ("keys", _keys)):
        try:
            passed = test(till, slots)
        except YuanluError:
            passed = False
        found.append([name, bool(passed)])
    return found


def _file(till, slots):
    """Firmware that was brought stands whole in its slot."""
    slot = slots.trial if till.board.standing == "trial" else slots.in_force
    return not slot or slots.is_whole(slot, slots.bundle(slot))


def _settings(till, slots):
    """The authority's are there, and a Config was made of these or, where something open needs them, those before."""
    newest = Shelf(till.board.shelf(), till.board.vault).newest()[0].version
    return 0 < till.config.config_version <= newest


def _journal(till, slots):
    """Mounted anew it is the same."""
    board, journal = till.board, till.journal
    fresh = Journal(board.flash, crc32(till.config.terminal.encode()), Seal(board.vault))
    fresh.has_session = journal.has_session
    fresh.mount()
    return fresh.log.newest == journal.log.newest and [t.number for t in fresh.live] == [t.number for t in journal.live]


def _tables(till, slots):
    """Words and codes are found."""
    return till.words.knows("test.title") and till.words.knows_code("00")


def _keys(till, slots):
    """For the next message, and for who comes in over the line."""
    sealing = till.desk.sealing
    if sealing.has_session:
        sealing.is_old(0)
        return True
    state = visit("yuanlu.crypto.dukpt").kept(till.board.vault).state
    leave("yuanlu.crypto.dukpt")
    return state is not None and any(state[:4])


def _number(version):
    """As bundles count it: 1.2.3 is 1 << 24 | 2 << 16 | 3."""
    major, minor, patch = [int(part) for part in version.split(".")]
    return major << 24 | minor << 16 | patch


# Each with the fewest and the most bytes that it takes.
_DO = {
    service.FIRMWARE_INFO: (_info, 0, 0),
    service.FIRMWARE_FITS: (_fits, _FRONT, _FRONT),
    service.FIRMWARE_HERE: (_here, 4, 4),
    service.FIRMWARE_BRING: (_bring, 5, 4 + _PIECE),
    service.FIRMWARE_INSTALL: (_install, _FRONT, _FRONT),
    service.RESTART: (_restart, 0, 0),
    service.CONFIRM: (_confirm, 0, 0),
    service.BACK: (_back, 0, 0),
    service.SELF_TEST: (_self_test, 0, 0),
}
