"""Finding records in the window without reading all of it: each sector's filter stands in the SUMMARY after it, and each SUMMARY
says where the one before it begins.

The filters only save time. Where a SUMMARY cannot be read its sector is searched; what could not be read sets `log.damaged`,
and who asks decides what that means: nothing is guessed over.
"""

from array import array

from yuanlu import record as r
from yuanlu.errors import StoreDamaged
from yuanlu.refund import state as s
from yuanlu.refund.transaction import BROUGHT, ROAD_CASH, ROAD_OFFLINE, Transaction, attempt_told
from yuanlu.store import summary


def records(log, known=None):
    """Every record with that key (None: every record), and others of the same sectors, oldest sector first."""
    log.damaged = False
    places = array("I")
    for sector, end in _matching(log, known):
        places.append(sector)
        places.append(end)
    for at in range(len(places) - 2, -2, -2):
        yield from _in_sector(log, places[at], places[at + 1])


def newest_first(log, known):
    """The same, newest sector first, within a sector oldest first."""
    log.damaged = False
    for sector, end in _matching(log, known):
        yield from _in_sector(log, sector, end)


def _in_sector(log, sector, end):
    """end: bytes used, or 0 where no SUMMARY says it: then the numbers must go on in the next sector."""
    last = 0
    for record in log.chip.records(sector, end):
        last = last if record.copy else record.number
        yield record
    if log.chip.damage or not (end or last + 1 == _first_after(log, sector)):
        log.damaged = True
    if sector == log.head and log.last:
        log.record.take(*log.last)
        yield log.record


def _first_after(log, sector):
    after = log.sector(log.sequences[sector] + 1)
    found = None if after is None else log.chip.header(after)
    return found[2] if found else 0


def _matching(log, known):
    """(sector, bytes used of it, 0: not known) of those that may hold a record with that key, newest first."""
    bits, end, before = log.filter.bits, log.used(), log.summary_at
    for sequence in range(log.sequence, log.oldest() - 1, -1):
        sector = log.sector(sequence)
        if sector is None:
            log.damaged, bits, end, before = True, None, 0, 0
            continue
        place = known is None or bits is None or summary.may_hold(bits, known), sector, end
        closing = read_summary(log, sector, before)
        if closing is None:
            bits, end, before = None, 0, 0
        else:
            bits = log.record.tail()[: len(log.filter.bits)]
            end, before = closing.used, closing.before
        if place[0]:
            yield place[1:]


def read_summary(log, sector, offset=0):
    """The SUMMARY of that sector, which begins `offset` after its start (0: not known), or None. A cut may have left it weak:
    then it is held, or stands as a copy in the next sector."""
    size = log.flash.sector_size
    if offset:
        record = log.chip.read(sector * size + offset)
        body = None if record is None or record.copy else summary.read(record, size)
        if body is not None:
            return body
    for record in log.chip.records(sector):
        if not record.copy:
            body = summary.read(record, size)
            if body is not None:
                return body
            break
    found = log.chip.header(sector)
    after = log.sector(found[0] + 1) if found else None
    if log.last and sector == log.head:
        log.record.take(*log.last)
        return summary.read(log.record, size)
    for record in log.chip.records(after) if after is not None else ():
        if record.copy and record.type == s.SUMMARY and record.number == found[2]:
            return summary.read(record, size)
    return None


def used(log, sequence):
    """Bytes used of the sector with that sequence; 0 when that cannot be read."""
    if sequence == log.sequence:
        return log.used()
    after = log.sector(sequence + 1)
    closing = None if after is None else read_summary(log, after)
    return 0 if closing is None else closing.used


def choose(log, sector, fit):
    """The lowest original whose SALE and REFUND records are carried from that sector, at most `fit` of them. What is older
    leaves, here and everywhere: a sale never stays without its refunds.

    What is oldest in this sector is not what is oldest in the ring. So a ring that is nearly full lets go of a little at each
    opening, twice the numbers that were used since the last one; were `lowest` left alone until a sector overflows, it would
    take most of the ring with it then. And in a full ring what would leave next is not worth a copy.
    """
    originals, count = [], 0
    for record in log.chip.records(sector):
        if record.type in (s.SALE, s.REFUND):
            count += 1
            if record.original >= log.lowest:
                originals.append(record.original)
    originals.sort()
    lowest, fit, used_up = log.lowest, max(0, fit), _numbers_used(log)
    if len(originals) > fit * 9 // 10:
        lowest += 2 * used_up
    while count > fit * 9 // 10 and originals and originals[0] < lowest + used_up // 4:
        lowest = max(lowest, originals.pop(0) + 1)
    if len(originals) > fit:
        lowest = originals[len(originals) - fit - 1] + 1
    return lowest


def _numbers_used(log):
    """Record numbers since the newest sector was opened; no more than fit a sector, when some were left out after a cut."""
    found = log.chip.header(log.head)
    return min(log.number - found[2], log.flash.sector_size // r.SHORTEST) if found else 0


# ---- what is asked


def sale(log, number):
    """The done sale with that number as a Transaction, or None."""
    for record in records(log, summary.key(b"o", number)):
        if record.type == s.SALE and record.transaction == number:
            return _done(record)
    return None


def given_back(log, original):
    """Fen of all refunds and voids of that sale that are done."""
    return sum([body.amount for body in _given_back(log, original)])


def parts(log, original):
    """(date, time) of all refunds and voids of that sale that are done; of those in cash nobody else knows."""
    return [(body.date, body.time) for body in _given_back(log, original) if body.kind >> 4 != ROAD_CASH]


def _given_back(log, original):
    counted = []
    for record in records(log, summary.key(b"o", original)):
        if record.type == s.REFUND and record.original == original and record.transaction not in counted:
            counted.append(record.transaction)
            yield record.body()


def batch(log, number):
    """(record number, kind, road, trace, amount) of all that is done in that batch, in order of record number. A sale that was
    made offline is counted where it was uploaded (docs/wire.md section 4)."""
    found = []
    for record in records(log, None):
        if record.type in (s.SALE, s.REFUND):
            body = record.body()
            if body.quality & BROUGHT or (record.type == s.SALE and body.kind >> 4 == ROAD_OFFLINE):
                continue
            if body.batch == number and not any(record.number == known[0] for known in found):
                found.append((record.number, body.kind & 15, body.kind >> 4, body.trace, body.amount))
    return sorted(found)


def transaction(log, number):
    """The settled transaction with that number as flash tells it; None when it is not there, or not whole any more."""
    for record in newest_first(log, None):
        if record.transaction == number:
            return _folded(log, number, record.original)
    return None


def _folded(log, number, original):
    known = summary.key(b"o", original)
    places = [(record.number, record.address) for record in records(log, known) if record.transaction == number]
    found, attempt = Transaction(number, original), 0
    for place in sorted(places):
        try:
            record = log.record_at(place)
            if record is None:
                return None
            found.apply(record)
        except StoreDamaged:
            return None  # some of its records have left the ring
        attempt = attempt_told(record, attempt)
    return found if attempt and s.is_final(found.state) else None


def sales(log, limit, trace=None, rrn=None, last_four=None, date=None, amount=None, like=None, make=None):
    """Done sales that have all that is given, as Transactions, newest first, at most `limit`. rrn, last_four: bytes; like: says
    of the body of a SALE whether it is wanted; make: of its record what is wanted of it instead, with its `number`."""
    if rrn is not None:
        known = b"r" + rrn
    elif trace is not None:
        known = summary.key(b"t", trace)
    elif last_four is not None:
        known = b"c" + last_four
    else:
        known = None if date is None else summary.key(b"d", date)

    def fits(body):
        wanted = ((trace, body.trace), (rrn, body.rrn), (last_four, body.card[6:10]), (date, body.date), (amount, body.amount))
        return all(want is None or want == have for want, have in wanted) and (like is None or like(body))

    return _newest_sales(log, limit, known, fits, make or _done)


def _newest_sales(log, limit, known, fits, make):
    found, new, sector = [], 0, None
    for record in newest_first(log, known):
        here = record.address // log.flash.sector_size
        if here != sector:
            if new >= limit:
                break  # what stands in older sectors is older than all of these
            sector = here
        if record.type != s.SALE or record.original < log.lowest or not fits(record.body()):
            continue
        if not any(record.transaction == other.number for other in found):
            new += 0 if record.copy else 1
            found.append(make(record))
            found.sort(key=lambda other: -other.number)
            found = found[:limit]
    return found


def _done(record):
    found = Transaction(record.transaction, record.original)
    found.apply(record)
    return found
