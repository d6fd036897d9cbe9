"""What a technician can ask for. A visiting module; each function takes the Door and the command's bytes, and returns its answer.

BadMessage for bytes that are no such command, Refused for what may not be done.
"""

import json
from hashlib import sha256
from struct import pack, unpack_from

from yuanlu.compat import const
from yuanlu.errors import BadMessage, Refused
from yuanlu.refund import rules
from yuanlu.refund import state as s
from yuanlu.refund.transaction import EVIDENCE, TECHNICIAN
from yuanlu.store import history, pending
from yuanlu.wire import service

_MOST_DIGEST = const(1 << 17)  # bytes: the clerk is not served meanwhile


def do(door, command, given):
    """The bytes that answer it."""
    return service.action_of(_DO, command, given)(door, given) or b""


def _ping(door, given):
    return given


def _status(door, given):
    """JSON, since it is for people and tools of other versions too."""
    till = door.till
    journal, clock = till.journal, till.board.clock
    today = clock.date()
    told = {
        "batch": journal.counters.batch,
        "config": till.config.config_version,
        "date": today[0],
        "held": str(journal.held[0][3].rstrip(b"\0"), "ascii") if journal.held else "",
        "late": [t.number for t in pending.overdue(journal, till.config, today)],
        "network": till.board.network.is_up(),
        "owed": len(journal.owed),
        "places": till.desk.refunds_left(),
        "shut": journal.shut or "",
        "time": today[1],
        "trace": journal.counters.trace,
        "trouble": journal.trouble[-3:],
        "trusted": today[2],
        "uptime_ms": clock.ticks_ms(),
        "waiting": [[t.number, t.amount, s.STATE_NAMES[t.state], t.why or ""] for t in journal.live],
    }
    return json.dumps(told).encode()


def _screen(door, given):
    return "\n".join([row[0] if row else "" for row in door.till.dialogs.grid.drawn]).encode()


def _logs(door, given):
    return "\n".join(door.till.board.logged).encode()[-service.MOST_READ :]


def _time(door, given):
    """u32 yyyymmdd, u32 hhmmss. Gives the seconds by which the clock went forward."""
    clock = door.till.board.clock
    date, time = unpack_from("<II", given, 0)
    if not _is_date(date, time):
        raise BadMessage("service: no date")
    if date < _newest_date(door.till.journal):
        raise Refused("refused.time_back")
    if not hasattr(clock, "set"):
        raise Refused("refused.no_clock")
    today = clock.date()
    moved = (rules.days(date) - rules.days(today[0])) * 86_400 + rules.seconds(time) - rules.seconds(today[1])
    door.note(door.ticket, service.TIME, moved & 0xFFFFFFFF)
    clock.set(date, time)
    return pack("<q", moved)


def _is_date(date, time):
    year, month = date // 10_000, date // 100 % 100
    if not (2000 <= year < 2100 and 1 <= month <= 12 and time < 240_000 and time // 100 % 100 < 60 and time % 100 < 60):
        return False
    after = (year + month // 12) * 10_000 + (month % 12 + 1) * 100 + 1
    return date % 100 > 0 and rules.days(date) < rules.days(after)


def _newest_date(journal):
    """yyyymmdd that the newest records name: of what is unsettled, and of what is settled in the newest sector that has any."""
    newest, size, sector = max([0] + [t.date for t in journal.live]), journal.log.flash.sector_size, None
    for record in history.newest_first(journal.log, None):
        if sector not in (None, record.address // size):
            break
        if record.type in (s.SALE, s.REFUND):
            newest, sector = max(newest, record.body().date), record.address // size
    return newest


def _geometry(door, given):
    flash = door.till.board.flash
    return flash.unit.to_bytes(2, "little") + flash.sectors.to_bytes(2, "little") + flash.sector_size.to_bytes(4, "little")


def _read(door, given):
    """The chip's bytes as they stand; none for those that are blank."""
    flash = door.till.board.flash
    address, length = unpack_from("<IH", given, 0)
    if not 0 < length <= service.MOST_READ or address + length > flash.sectors * flash.sector_size:
        raise BadMessage("service: not on the chip")
    data = bytearray(length)
    flash.read_into(address, data)
    return b"" if data == b"\xff" * length else data


def _digest(door, given):
    """SHA-256 of bytes of the chip as they stand: whoever has the same need not read them again."""
    flash = door.till.board.flash
    address, length = unpack_from("<II", given, 0)
    if not 0 < length <= _MOST_DIGEST or address + length > flash.sectors * flash.sector_size:
        raise BadMessage("service: not on the chip")
    told = sha256()
    for at in range(address, address + length, service.MOST_READ):
        data = bytearray(min(service.MOST_READ, address + length - at))
        flash.read_into(at, data)
        told.update(data)
    return told.digest()


def _find(door, given):
    transaction = door.till.journal.find_live(unpack_from("<I", given, 0)[0])
    if transaction is None:
        raise Refused("refused.not_open")
    return transaction


def _send_now(door, given):
    transaction = _find(door, given)
    if transaction not in pending.eligible(door.till.journal):
        raise Refused(_why_not(door.till.journal, transaction))
    door.note(door.ticket, service.SEND_NOW, transaction.number)
    door.till.forwarder.send_now(transaction)


def _why_not(journal, transaction):
    """It is not sent now: what has to happen first."""
    if journal.shut:
        return journal.shut
    if transaction.state == s.IS_HELD:
        return "refused.closing_held"
    if not s.is_sendable(transaction.state) or pending.needs_person(journal, transaction):
        return "refused.person"
    return "refused.closing_held" if journal.held or pending.holds_queue(journal.live) else "refused.behind"


def _withdraw(door, given):
    transaction = _find(door, given)
    _decide(door, service.WITHDRAW, transaction.number, lambda desk: desk.withdraw(transaction, TECHNICIAN))


def _release(door, given):
    if not door.till.journal.held and not [t for t in door.till.journal.live if t.state == s.IS_HELD]:
        raise Refused("refused.not_held")
    _decide(door, service.RELEASE, 0, lambda desk: desk.release(TECHNICIAN, _evidence(given)))


def _hold(door, given):
    """Held already: the same words again change nothing, and others do not take the place of those that the clerk reads."""
    evidence, journal = _evidence(given), door.till.journal
    if journal.held:
        number, words = journal.held[0][0], journal.held[0][3].rstrip(b"\0")
        if words == evidence:
            return
        raise Refused("refused.held_before", number, _holder(journal, number), str(words, "ascii"))
    _decide(door, service.HOLD, 0, lambda desk: desk.visiting("yuanlu.resolving", "hold", TECHNICIAN, evidence))


def _holder(journal, number):
    """The technician who wrote that record; 0 where his own has left the ring."""
    newest = told = 0
    for record in history.newest_first(journal.log, None):
        if record.type == s.TECHNICIAN and newest < record.number < number and record.body().command == service.HOLD:
            newest, told = record.number, record.body().technician
    return told


def _done(door, given):
    """u32 number, u32 fen that were booked (0: what was asked for), evidence."""
    transaction, amount = _find(door, given[:4]), unpack_from("<I", given, 4)[0]
    evidence = _evidence(given[8:])
    _decide(door, service.DONE, transaction.number, lambda desk: desk.resolve(transaction, True, TECHNICIAN, evidence, amount))


def _not_done(door, given):
    """u32 number, evidence."""
    transaction, evidence = _find(door, given[:4]), _evidence(given[4:])
    _decide(door, service.NOT_DONE, transaction.number, lambda desk: desk.resolve(transaction, False, TECHNICIAN, evidence))


def _again(door, given):
    """u32 number, evidence."""
    transaction, evidence = _find(door, given[:4]), _evidence(given[4:])
    _decide(door, service.AGAIN, transaction.number, lambda desk: desk.again(transaction, TECHNICIAN, evidence))


def _evidence(given):
    if [byte for byte in given if not 0x20 <= byte < 0x7F]:
        raise BadMessage("service: evidence is ASCII")
    return bytes(given)


def _decide(door, command, number, decide):
    """Note who decides, decide, and let the forwarder go on from there."""
    till = door.till
    door.note(door.ticket, command, number)
    decide(till.desk)
    till.forwarder.wake()
    till.forwarder.changed.set()


# Each with the fewest and the most bytes that it takes.
_DO = {
    service.BYE: (_ping, 0, 0),
    service.PING: (_ping, 0, service.MOST_READ),
    service.STATUS: (_status, 0, 0),
    service.SCREEN: (_screen, 0, 0),
    service.TIME: (_time, 8, 8),
    service.LOGS: (_logs, 0, 0),
    service.GEOMETRY: (_geometry, 0, 0),
    service.READ: (_read, 6, 6),
    service.DIGEST: (_digest, 8, 8),
    service.SEND_NOW: (_send_now, 4, 4),
    service.WITHDRAW: (_withdraw, 4, 4),
    service.RELEASE: (_release, 1, EVIDENCE),
    service.HOLD: (_hold, 1, EVIDENCE),
    service.DONE: (_done, 9, 8 + EVIDENCE),
    service.NOT_DONE: (_not_done, 5, 4 + EVIDENCE),
    service.AGAIN: (_again, 5, 4 + EVIDENCE),
}
