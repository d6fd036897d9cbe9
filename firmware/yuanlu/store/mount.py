"""Reading a log at power-up. Reads only, and no more than the headers, the newest sector and the few behind it, and the records
that its SUMMARY names.

Nothing is guessed over: what is missing or unreadable is reported to the business, and refunds of sales that it may concern are
left to a person (`log.unsure`). A record number or trace that unreadable bytes may have carried is not used again.
"""

from yuanlu import record as r
from yuanlu.compat import const
from yuanlu.errors import StoreDamaged
from yuanlu.refund import state as s
from yuanlu.store import history, summary

_SHORTEST_ATTEMPT = const(128)  # bytes of the shortest record that takes a trace


def mount(log, business):
    """Find the newest sector, let the business apply what its unsettled transactions rest on, and what came after."""
    for sector in range(log.flash.sectors):
        found = log.chip.header(sector)
        log.sequences[sector] = found[0] if found else 0
    _find_headless(log, business)
    _drop_twins(log)
    (unreadable, dropped, closing), damage = _find_newest(log), 0
    if log.sequence:
        damage = _replay(log, business, closing)
        _pass_over(log, dropped)
        unreadable += log.chip.unreadable(log.head)
        _miss(log, business)
    log.after, log.unreadable = log.newest[0], unreadable
    _go_beyond(log, business, damage)
    log.sealed = log.sequence == 0


def _drop_twins(log):
    """A sector that was given up while it was being opened keeps its header, and the next good one of the ring has the same
    sequence: that one counts, however much of the first can be read, unless power went before it held more than copies."""
    count = log.flash.sectors
    for sector in range(count):
        for after in range(1, 2 + count // 16):
            later = (sector + after) % count
            if log.sequences[sector] and log.sequences[sector] == log.sequences[later]:
                given_up = sector if _counts(log, later) or not _counts(log, sector) else later
                log.sequences[given_up] = 0


def _counts(log, sector):
    """It holds a record that is no copy."""
    return any(not record.copy for record in log.chip.records(sector))


def _find_headless(log, business):
    """The newest sector without its header must not pass for an empty one: what the vault says tells its records from those that
    an erase has left."""
    for sector in _next_to_newest(log):
        for record in log.chip.records(sector):
            if not record.copy and record.number >= log.seal.number:
                log.sequences[sector] = max(log.seal.sequence, max(log.sequences) + 1)
                business.report("the header of sector {} cannot be read".format(sector))
                break


def _next_to_newest(log):
    """Sectors without a header that may be the newest: those behind the newest header in the ring."""
    count, newest = log.flash.sectors, max(log.sequences)
    if not log.seal.sequence:
        return []  # no sector has ever stood
    first = list(log.sequences).index(newest) + 1 if newest else 0
    near = range(first, first + (2 + count // 16 if newest else count))
    return [sector % count for sector in near if not log.sequences[sector % count]]


def _find_newest(log):
    """The newest sector that counts. One that holds nothing but copies was being filled when power went: it is dropped.

    Returns the bytes in dropped ones that no record explains, the dropped one that is farthest in the ring, and the newest
    sector's SUMMARY as (address, bytes), or None. Bits of it may be weak and read otherwise the next time: what was read once is
    what counts.
    """
    unreadable, dropped = 0, None
    while max(log.sequences):
        log.sequence = max(log.sequences)
        log.head = list(log.sequences).index(log.sequence)
        for record in log.chip.records(log.head):
            if not record.copy:
                return unreadable, dropped, _held(log, record)
        dropped = log.head if dropped is None else dropped
        unreadable += log.chip.unreadable(log.head)
        log.sequences[log.head] = 0
        # Should nothing be left, the ring begins with this sector: its header must not stay beside a new one like it.
        log.head = (log.head - 1) % log.flash.sectors
    log.sequence = 0
    return unreadable, None, None


def _pass_over(log, dropped):
    """Between the newest sector and the next one, which was being filled when power went, the life before gave sectors up: so
    does this one, or the ring would hold a sequence twice, and the one that counts before the one that does not. Where several
    were dropped, since a SUMMARY that a cut left weak was read in the life before and is not now, none was given up."""
    count = log.flash.sectors
    found = None if dropped is None else log.chip.header(dropped)
    between = (dropped - log.head - 1) % count if found and found[0] == log.sequence + 1 else 0
    for after in range(between if between < 2 + count // 16 else 0):
        sector = (log.head + 1 + after) % count
        if sector not in log.retired and not log.is_worn_out():
            log.retired.append(sector)


def _held(log, record):
    is_one = summary.read(record, log.flash.sector_size) is not None
    return (record.address, bytes(record.view[: record.size])) if is_one else None


def _replay(log, business, closing):
    """Apply all that the newest SUMMARY names and all that came after it; how many bytes among it are damaged."""
    start = log.sequence
    if closing is None:
        # The sector before has one, and what it names still stands: two sectors are kept spare.
        business.report("the newest summary cannot be read")
        start -= 1
        sector = log.sector(start)
        if sector is None or history.read_summary(log, sector) is None:
            raise StoreDamaged("journal: two summaries in a row cannot be read")
        closing = _held(log, log.record)
    number = _take(log, business, closing)
    damage, log.summary_at = 0, log.offset(closing[0]) if start == log.sequence else 0
    for sequence in range(start, log.sequence + 1):
        damage += _replay_sector(log, business, log.sector(sequence), number)
    if log.last[0] // log.flash.sector_size != log.head:
        log.last = None  # the SUMMARY of the sector before, which does not leave yet
    log.tail = log.chip.end
    return damage


def _take(log, business, closing):
    """Start from that SUMMARY; its number."""
    log.last = closing
    record = log.record
    record.take(*closing)
    if record.terminal != log.terminal:
        raise StoreDamaged("journal: it was written by another terminal")
    log.note(record)
    number, body = record.number, record.body()
    _, log.retired, addresses = summary.split(record.tail(), log.flash.sector_size, body.retired)
    log.lowest, log.unsure = body.lowest, max(log.unsure, body.unsure)
    business.begin(body.trace, body.batch, body.printed)
    for place in addresses:
        address = place & ~summary.ORIGINAL
        found = log.chip.read(address) if address < log.flash.sectors * log.flash.sector_size else None
        if found is None:
            _lose(log, business, "the record at {} cannot be read".format(address))
        else:
            business.resume(found, place != address)
    return number


def _replay_sector(log, business, sector, number):
    """Apply what came after that SUMMARY's number; a copy in a later sector only moves what it copies."""
    log.filter.clear()
    expected, step = 0, None
    for record in log.chip.records(sector):
        log.filter.add(record)
        if not record.copy:
            if record.terminal != log.terminal or record.number != (expected or record.number):
                step = "record {} stands where {} of this terminal should".format(record.number, expected)
            expected = record.number + 1
        if record.number > number and not record.copy:
            log.note(record)
            log.last = (record.address, bytes(record.view[: record.size]))
        if record.type == s.SUMMARY and sector == log.head and not record.copy:
            log.summary_at = log.offset(record.address)
        if record.type != s.SUMMARY and (record.number > number or record.copy):
            business.apply(record)
    if log.chip.damage:
        _lose(log, business, "{} bytes in sector {} cannot be read".format(log.chip.damage, sector))
    elif step:
        _lose(log, business, step)
    return log.chip.damage


def _lose(log, business, what):
    """Something that counted is gone. Which sales it concerned nobody can tell: all so far."""
    business.report(what)
    log.unsure = max(log.unsure, log.number)


def _miss(log, business):
    for sequence in range(log.oldest(), log.sequence):
        if log.sector(sequence) is None:
            _lose(log, business, "the sector with sequence {} cannot be read".format(sequence))


def _go_beyond(log, business, damage):
    """Use no number again that unreadable bytes may have carried, or that the vault has seen: a journal that ends before what its
    vault says was cut, or put back."""
    traces = -(-damage // _SHORTEST_ATTEMPT)
    if log.unreadable:
        business.report("{} bytes at the end cannot be read: power went while they were written".format(log.unreadable))
        log.number += 1 + log.unreadable // r.SHORTEST
        traces += 1 + log.unreadable // _SHORTEST_ATTEMPT
    seal, most = log.seal, log.flash.sector_size // r.SHORTEST
    # A life that was cut again while it opened a sector had left out numbers for bytes which that opening has erased.
    behind = log.sequence < seal.sequence or seal.number > log.number + 1 + most
    if log.number < seal.number and not behind:
        log.unreadable = max(log.unreadable, r.SHORTEST * (seal.number - log.after - 1))
    log.number = max(log.number, seal.number)
    if behind:
        log.number += most
        _lose(log, business, "the journal ends before record {}, which the vault has seen".format(seal.number))
        traces = log.flash.sector_size // _SHORTEST_ATTEMPT
    business.counters.begin_life(seal.trace, seal.boot, traces)
