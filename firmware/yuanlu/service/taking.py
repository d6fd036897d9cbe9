"""The spare's half of a handover: docs/handover.md. A visiting module of service.handover, which checks how long things are.

A block becomes one record, in order; the vault counts them. Nothing of it is sent, and no clerk is served, before all are here.
A capsule that the authority made of the image of a chip is taken in the same way, but nothing of it is ever sent by itself.
"""

from binascii import crc32
from struct import calcsize, pack, unpack, unpack_from

from yuanlu import record as r
from yuanlu.compat import const
from yuanlu.crypto.hmac import hmac_sha256
from yuanlu.errors import BadMessage, Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import EVIDENCE, ROAD_NO_SALE, TECHNICIAN
from yuanlu.service.door import SERVICE_KEY
from yuanlu.service.handover import HEAD, ORIGIN, VERSION, VERSION_HELD, keys, opened, proof, record, refuse_while_under_way
from yuanlu.store import fence as f
from yuanlu.store import history, summary
from yuanlu.store.salvaged import Salvaged
from yuanlu.wire import service

_NAMED = "<8sI"  # the old terminal, epoch
_SALVAGED = const(2)  # version of a capsule: the authority made it
_BATCH, _FINGERPRINT = const(2), const(11)  # places in the fields of a SALE, those of every record aside
_ROOM = const(256)  # bytes of the record of a block, at most


def do(door, command, given, fence):
    """The bytes that answer it."""
    return _DO[command](door, given, fence)


def _import(door, given, fence):
    """The old terminal, epoch, the next block; gives u16 blocks that are here. One that is here already changes nothing."""
    till = door.till
    old, epoch = unpack_from(_NAMED, given, 0)
    index, key = unpack_from("<H", given, 12)[0], _handover_key(till, given[:12])
    plain = service.unseal(keys(key), b"H", index, given[12:])
    if fence.is_at(f.TAKEN, epoch, old):
        pass  # the last answer was lost: all of it is here
    elif index == 0:
        _begin(door, plain, fence, old, epoch, key)
    elif not fence.is_at(f.TAKING, epoch, old) or index > fence.taken:
        raise Refused("refused.handover_number", fence.epoch)
    elif index == fence.taken:
        till.journal.shut = ""  # for this one block, between two waits
        try:
            _take_in(till, fence, plain)
        finally:
            till.journal.shut = fence.is_shut
        fence.taken += 1
        fence.keep()
    return fence.taken.to_bytes(2, "little")


def _begin(door, plain, fence, old, epoch, key):
    till, config = door.till, door.till.config
    version, giver, spare, here, told, install, merchant, count, opens = unpack_from(HEAD, plain, 0)
    held = plain[calcsize(HEAD) :]
    known = (version, len(held)) in ((VERSION, 0), (_SALVAGED, 0), (VERSION_HELD, EVIDENCE))
    if not known or (giver, spare, here, told) != (old, config.terminal.encode(), config.epoch, epoch):
        raise BadMessage("service: another capsule")
    if merchant != config.merchant.encode():
        raise Refused("refused.handover_merchant")
    salvaged = Salvaged(till.board.vault)
    if version == VERSION and salvaged.has(old, install):
        raise Refused("refused.handover_salvaged")  # it has woken: what it calls unsent may have been sent from here since
    if fence.is_at(f.TAKING, epoch, old):
        # Exported again, and something has left the old one's ring; or made of its chip: the blocks are others.
        if count != fence.count or (version == _SALVAGED) != salvaged.is_by(old, epoch):
            raise Refused("refused.handover_number", fence.epoch)
        return
    refuse_while_under_way(till.journal)
    fence.check(old, epoch)
    # Before anything is here: with a part of it this terminal would be shut. What it has of that one already takes no more room.
    opens -= sum([1 for t in till.journal.live if t.origin and t.origin[0] == giver.decode()])
    if opens > till.desk.places():
        raise Refused("refused.too_many_open", len(till.journal.live))
    door.note(door.ticket, service.IMPORT, 0)
    if version == _SALVAGED:
        salvaged.add(old, install, epoch)
    if held and not till.journal.held:  # first: what comes is never sent before somebody here lets it go
        till.desk.visiting("yuanlu.resolving", "hold", TECHNICIAN, held.rstrip(b"\0"))
    fence.begin(f.TAKING, epoch, old, key, count)
    till.journal.shut = fence.is_shut
    record(till, fence)


def _take_in(till, fence, plain):
    """The record that a block becomes, unless a cut came after it was written."""
    journal, kind, has_sale = till.journal, plain[0], plain[1]
    fields = r.decode(s.SALE, plain[2:])
    terminal, install, told = unpack(ORIGIN, plain[-14:])
    journal.make_room(_ROOM)  # first: it takes record numbers
    number = journal.log.number
    body = list(fields)[2:]
    origin = (terminal, install, told)
    known = pack("<II", told, crc32(plain[-14:-4]))  # by this it is known again
    if kind == s.SALE:
        found = journal.sales(1, trace=fields.trace, like=lambda other: list(other)[2:] == body)
        fence.sale = found[0].number if found else journal.append(s.SALE, [number, number] + body)
        return
    has_sale, salvaged = has_sale or kind == s.REFUND, Salvaged(till.board.vault).is_by(fence.other, fence.epoch)
    # From a chip it may have come before without its sale.
    places = _places(journal, fence.sale if has_sale and not salvaged else None, origin, known)
    if fields.kind >> 4 != ROAD_NO_SALE:  # its fingerprint is the card's
        body[_FINGERPRINT] = known
    if kind == s.REFUND or (has_sale and places and fence.sale not in places):
        if fence.sale not in places:  # what had come alone, too: it counts against its sale from here on
            journal.append(s.REFUND, [number, fence.sale] + body)
        for part in [t for t in journal.owed if t.brought and t.fingerprint == known]:
            journal.append(s.PRINTED, (part.number, part.original, part.state, 1))  # the old one has printed it
    elif not places:
        till.desk.check_places()
        if salvaged and not fields.batch:
            body[_BATCH] = 1  # whatever the authority says: nobody knows that this was never sent
        head = [number, fence.sale if has_sale else number]
        journal.append(s.HANDOVER, head + body[:-2] + [f.TAKING, terminal, install, told, fence.epoch])


def _places(journal, sale, origin, known):
    """The sales here, or its own numbers, under which a refund with that name for life came before, whatever has become of it, as
    far as the ring goes back. sale: where to look, None for everywhere."""
    found = [t.original for t in journal.live if t.origin and (t.origin[0].encode(),) + t.origin[1:] == origin]
    for one in history.records(journal.log, summary.key(b"o", sale) if sale else None):
        if one.type in (s.REFUND, s.HANDOVER) and one.transaction:
            body = one.body()
            told = one.type == s.HANDOVER and (body.other, body.install, body.told)
            if origin == told or body.fingerprint == known:
                found.append(one.original)
    return found


def _take(door, given, fence):
    """The old terminal, epoch: all of the capsule is here, and goes from here on. The receipt for the old one."""
    till = door.till
    old, epoch = unpack(_NAMED, given)
    if fence.is_at(f.TAKING, epoch, old) and fence.taken == fence.count:
        door.note(door.ticket, service.TAKE, 0)
        record(till, fence, f.TAKEN)
        fence.move(f.TAKEN)
        opened(till, fence)
    if not fence.is_at(f.TAKEN, epoch, old) and not _was_taken(till.journal.log, old, epoch):
        raise Refused("refused.handover_part", fence.taken, fence.count)
    return proof(_handover_key(till, given), b"yuanlu taken", _names(till, given))


def _was_taken(log, old, epoch):
    """Whether it was, before the handover that the fence is about: as far as the ring goes back."""
    for one in history.records(log, None):
        if one.type == s.HANDOVER and not one.transaction:
            body = one.body()
            if (body.standing, body.other, body.epoch) == (f.TAKEN, old, epoch):
                return True
    return False


def _decline(door, given, fence):
    """The old terminal, epoch: that capsule is never taken here. The word that frees the old one; Refused once some of it is."""
    till = door.till
    old, epoch = unpack(_NAMED, given)
    if not fence.is_at(f.DECLINED, epoch, old):
        fence.check(old, epoch)
        door.note(door.ticket, service.DECLINE, 0)
        fence.begin(f.DECLINED, epoch, old, _handover_key(till, given))
        record(till, fence)
    else:
        fence.keep()  # power may have gone between its two places
    return proof(fence.key, b"yuanlu declined", _names(till, given))


def _handover_key(till, named):
    """32 bytes, as the authority makes them of the spare's service key. named: the old terminal, epoch."""
    return hmac_sha256(till.board.vault.load(SERVICE_KEY), b"yuanlu handover" + _names(till, named))


def _names(till, named):
    """The handover as its keys and proofs have it: for this installation alone. named: the old terminal, epoch."""
    return named[:8] + till.config.terminal.encode() + pack("<H", till.config.epoch) + named[8:12]


_DO = {service.IMPORT: _import, service.TAKE: _take, service.DECLINE: _decline}
