"""What a terminal has open goes to a spare one: docs/handover.md. A visiting module of the Door; the spare's half is taking.py.

The laptop carries blocks and receipts that it can neither read nor make. Each step is durable before its answer leaves, and may
be asked for again.
"""

from struct import pack, unpack

from yuanlu import record as r
from yuanlu.compat import const, leave, visit
from yuanlu.crypto.cmac import equal
from yuanlu.crypto.hkdf import hkdf_sha256
from yuanlu.crypto.hmac import hmac_sha256
from yuanlu.errors import BadMessage, Refused
from yuanlu.refund import state as s
from yuanlu.refund.transaction import BROUGHT, KIND_REFUND, RESOLVED, ROAD_OFFLINE
from yuanlu.service.door import SERVICE_KEY
from yuanlu.store import fence as f
from yuanlu.store import pending
from yuanlu.wire import service

_WARRANT = "<8sHI32s16s"  # the spare, its install epoch, epoch, the handover key under the old one's pad, tag
# version, old terminal, spare, its install epoch, epoch, old install epoch, merchant, blocks with this one, open ones among them
HEAD = "<B8s8sHIH15sHH"
VERSION = const(1)
# The same, and behind it the 18 bytes of evidence of who holds the queue: a terminal that does not know it refuses it.
VERSION_HELD = const(3)
ORIGIN = "<8sHI"
_BATCH = const(4)  # place in the fields of a SALE


def do(door, command, given):
    """The bytes that answer it."""
    action = service.action_of(_DO, command, given)
    fence = f.Fence(door.till.board.vault)
    is_mended = command == service.MEND or (fence.lost and command == service.OWNER)
    if action and not is_mended:
        return action(door, given, fence) or b""
    name = "yuanlu.service.mending" if is_mended else "yuanlu.service.taking"
    try:
        return visit(name).do(door, command, given, fence) or b""
    finally:
        leave(name)


def _owner(door, given, fence):
    """u8 standing, u32 epoch, the other terminal, u16 its install epoch, u16 install epoch, u16 refunds that still find room, u32
    newest epoch of what was handed over by that terminal, or by this one where none is named."""
    till, room = door.till, max(0, door.till.desk.places())
    newest = fence.newest(given or bytes(8))
    return pack("<BI8sHHHI", fence.standing, fence.epoch, fence.other, fence.install, till.config.epoch, room, newest)


# ---- the old terminal


def _export(door, given, fence):
    """From here on this terminal sends nothing. Gives u16 blocks of the capsule."""
    till = door.till
    other, install, epoch, wrapped, tag = unpack(_WARRANT, given)
    key, names = till.board.vault.load(SERVICE_KEY), till.config.terminal.encode() + given[:14]
    if not equal(hmac_sha256(key, b"yuanlu warrant" + names + wrapped)[:16], tag):
        raise Refused("refused.handover_warrant")
    if not (fence.is_at(f.GIVEN, epoch, other) and fence.install == install):
        refuse_while_under_way(till.journal)
        fence.check(bytes(8), epoch)
        door.note(door.ticket, service.EXPORT, 0)
        pad = hmac_sha256(key, b"yuanlu wrap" + names)
        fence.begin(f.GIVEN, epoch, other, bytes([one ^ two for one, two in zip(wrapped, pad)]), 0, install)
        till.journal.shut = fence.is_shut
    else:
        fence.keep()  # power may have gone between its two places
    record(till, fence)
    till.forwarder.wake()
    return (1 + sum([1 for _ in _items(till)])).to_bytes(2, "little")


def refuse_while_under_way(journal):
    """Refused while an answer may come, or a sale or void is open: those end where they began."""
    if journal.log.quiet or any(t.state == s.IS_SENDING for t in journal.live):
        raise Refused("refused.busy")
    if any(t.kind != KIND_REFUND for t in journal.live):
        raise Refused("refused.handover_open")


def _capsule(door, given, fence):
    """u16 number of a block, from 0; the sealed block."""
    till, index = door.till, unpack("<H", given)[0]
    if fence.standing != f.GIVEN:
        raise Refused("refused.handover_number", fence.epoch)
    at, opens, plain = 0, 0, None
    for item in _items(till):
        at, opens = at + 1, opens + (item[0] == s.HANDOVER)
        if at == index:
            plain = _block(till, *item)
    if index == 0:
        config = till.config
        own, merchant = config.terminal.encode(), config.merchant.encode()
        version, held = (VERSION_HELD, till.journal.held[0][3]) if till.journal.held else (VERSION, b"")
        plain = pack(HEAD, version, own, fence.other, fence.install, fence.epoch, config.epoch, merchant, at + 1, opens) + held
    if plain is None:
        raise BadMessage("service: no such block")
    return service.seal(keys(fence.key), b"H", index, plain)


def _items(till):
    """(record type, Transaction, whether its sale came before it, whether it may go as a new attempt) of each block: a sale, what
    is given back of it, what of it is open. Nothing of it changes while the terminal is shut: a block is the same whenever it is
    asked for."""
    journal, last, sale = till.journal, 0, None
    family = visit("yuanlu.store.family")
    try:
        for refund in sorted(journal.live, key=lambda t: (t.original, t.number)):
            if refund.original != last:
                last, sale = refund.original, journal.sale(refund.original)  # its refunds may have left the ring, without it
                damaged = journal.log.damaged or last < journal.log.unsure
                parts = family.given(journal, sale) if sale else []
                if damaged or journal.log.damaged:
                    sale, parts = None, []  # how much is left of it nobody knows: nothing of it is given back there
                if sale:
                    yield s.SALE, sale, False, False
                for part in parts:
                    if s.is_final(part.state):
                        yield s.REFUND, part, True, False
            unsent = refund.never_sent and not pending.needs_person(journal, refund)
            yield s.HANDOVER, refund, sale is not None, bool(sale and unsent and sale.road != ROAD_OFFLINE)
    finally:
        leave("yuanlu.store.family")


def _block(till, kind, part, has_sale, may_go):
    """Record type, u8 whether its sale came before it, the fields of a SALE, what it is called. Batch 0: it was never sent.
    RESOLVED: by a person's word; of what is open: an alarm."""
    marks = BROUGHT | (RESOLVED if part.alarm or part.state == s.IS_RESOLVED_DONE else 0)
    amount = max(part.amount, part.booked)
    values = list(till.desk.whole(part, part.date, part.operator, marks, part.rrn + part.approval, amount))
    if may_go:
        values[_BATCH] = 0
    terminal, install, told = part.origin or (till.config.terminal, till.config.epoch, part.number)
    return bytes((kind, has_sale)) + r.encode(s.SALE, values) + pack(ORIGIN, terminal.encode(), install, told)


def _finish(door, given, fence):
    """The spare's receipt: it has all."""
    _close(door, given, fence, f.FINISHED, b"yuanlu taken", service.FINISH)


def _abort(door, given, fence):
    """The spare's word, or the authority's: it will never take it. This terminal goes on."""
    _close(door, given, fence, f.BACK, b"yuanlu declined", service.ABORT)


def _close(door, given, fence, standing, what, command):
    till = door.till
    names = till.config.terminal.encode() + fence.other + pack("<HI", fence.install, fence.epoch)
    if fence.standing not in (f.GIVEN, standing) or not equal(proof(fence.key, what, names), given):
        raise Refused("refused.handover_receipt")
    if fence.standing == f.GIVEN:
        door.note(door.ticket, command, 0)
        record(till, fence, standing)
        fence.move(standing)
        opened(till, fence)


# ---- both


def keys(key):
    """64 bytes that seal its blocks, as those of a session do its commands."""
    return hkdf_sha256(key, b"", b"yuanlu capsule", 64)


def proof(key, what, names):
    """16 bytes that nobody makes who has not the handover key."""
    return hmac_sha256(key, what + names)[:16]


def record(till, fence, standing=None):
    """One HANDOVER of the terminal itself."""
    nothing = [0] * 12 + [b"", b""]
    standing = fence.standing if standing is None else standing
    till.journal.append(s.HANDOVER, nothing + [standing, fence.other, till.config.epoch, 0, fence.epoch])


def opened(till, fence):
    """The forwarder learns whether it may go on."""
    till.journal.shut = fence.is_shut
    for transaction in till.journal.live:
        if not fence.is_shut and transaction.why in ("refused.handed_over", "refused.fence_lost"):
            transaction.why = "why.brought" if transaction.origin and transaction.doubt else None
    till.forwarder.wake()
    till.forwarder.changed.set()


# Each with the fewest and the most bytes that it takes; None: in taking or mending.
_DO = {
    service.EXPORT: (_export, 62, 62),
    service.CAPSULE: (_capsule, 2, 2),
    service.IMPORT: (None, 33, service.MOST_READ),
    service.TAKE: (None, 12, 12),
    service.FINISH: (_finish, 16, 16),
    service.ABORT: (_abort, 16, 16),
    service.DECLINE: (None, 12, 12),
    service.OWNER: (_owner, 0, 8),
    service.MEND: (None, 24, 24),
}
