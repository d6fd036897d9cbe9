"""Whether every record is there and in its place: unreadable bytes, missing numbers, displaced records, what BOOT explains."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from host_tools.yuanluctl.journal.inquiry import Inquiry
from host_tools.yuanluctl.journal.layout import (
    CRC_BYTES,
    HEADER,
    LONGEST_PAYLOAD,
    RECORD,
    SHORTEST_RECORD,
    SUMMARY,
    TAG_BYTES,
    Record,
)
from host_tools.yuanluctl.journal.reader import Gap, Sector, last_repeated
from host_tools.yuanluctl.journal.report import Kind, Left, Torn, span


@dataclass
class _Line:
    """The window as one line: records and holes by their place in it."""

    places: dict[int, int] = field(default_factory=dict)  # record number to place
    records: list[Record] = field(default_factory=list)
    holes: list[tuple[int, Gap | int]] = field(default_factory=list)  # place, and a gap or a missing sequence
    _skips: dict[int, int] = field(default_factory=dict)  # index of a gap that was told, to one behind it that may not be

    def holes_between(self, one: int, other: int) -> range:
        """The indices of those behind the record at one place, up to the record at the other."""
        low, high = sorted((one, other))
        first = bisect_right(self.holes, low, key=lambda hole: hole[0])
        return range(first, bisect_right(self.holes, high, key=lambda hole: hole[0]))

    def tell_gaps(self, indices: range) -> Iterator[Gap]:
        """The gaps among these holes that were not told before: each is told once, however many numbers are missing around it.
        Those that were are jumped over, so that a chip of nothing but gaps takes no longer than its size."""
        at = self._next(indices.start)
        while at < indices.stop:
            self._skips[at] = at + 1
            hole = self.holes[at][1]
            if isinstance(hole, Gap):
                yield hole
            at = self._next(at)

    def _next(self, at: int) -> int:
        passed = []
        while at in self._skips:
            passed.append(at)
            at = self._skips[at]
        self._skips.update(dict.fromkeys(passed, at))
        return at


def check_order(inquiry: Inquiry) -> None:
    """Report what is missing, unreadable, repeated or displaced in the window; fills the limits of closed sectors."""
    _close_sectors(inquiry)
    line = _lay_out(inquiry)
    numbers = sorted(line.places)
    cut_again = _cut_again(inquiry)
    for before, after in pairwise(numbers):
        if after > before + 1:
            _explain_step(inquiry, line, before, after, cut_again)
    for gap in line.tell_gaps(range(len(line.holes))):
        _tell_damage(inquiry, gap, None)
    _check_displaced(inquiry, line)
    for sector in inquiry.journal.counted:
        _check_boot(inquiry, sector, numbers)


def _close_sectors(inquiry: Inquiry) -> None:
    """Where the next SUMMARY says that a sector ends; with what lies behind it."""
    journal = inquiry.journal
    for sector, following in pairwise(journal.counted):
        if inquiry.opens_life(following):
            inquiry.lives.add(following.sequence)
        believed = inquiry.trusted(following.summary) and inquiry.neighbours(sector, following)
        content = journal.summary_of(following) if believed else None
        if content is None or not content.used:
            continue
        limit = sector.address + journal.geometry.padded(content.used)
        copy = last_repeated(sector, following, content.used)
        last = next((one for one in sector.originals if copy and (one.address, one.number) == (limit, copy.number)), None)
        if copy and last and (copy.tag == last.tag or not inquiry.trusted(last) or not inquiry.trusted(copy)):
            inquiry.repeated[sector.index] = last
            inquiry.lives.add(following.sequence)
            limit = last.end
        inquiry.limits[sector.index] = limit
        # A sector that is retired because it did not keep a record still shows something of that.
        if following.sequence not in inquiry.lives and sector.index not in content.retired:
            _tell_behind(inquiry, sector, limit)


def _tell_behind(inquiry: Inquiry, sector: Sector, limit: int) -> None:
    """What stands behind the end of a sector though the life went on."""
    if sector.written > max(limit, sector.end):
        text = f"Sector {sector.index}: bytes stand behind the end that the next SUMMARY names; no power cut left them."
        inquiry.add(Kind.DAMAGE, 0, limit, text)
    for record in sector.originals:
        if record.address >= limit:
            text = f"Record {record.number} stands behind the end of its sector, which was already closed."
            inquiry.add(Kind.EDIT, record.number, record.address, text)


def _lay_out(inquiry: Inquiry) -> _Line:
    line = _Line()
    journal = inquiry.journal
    missing = list(journal.missing)
    for sector in journal.sectors + journal.opened:
        while missing and missing[0] < sector.sequence:
            line.holes.append((len(line.records), missing.pop(0)))
        originals = {record.address for record in sector.originals}
        for item in sector.items:
            if item.address >= inquiry.limits.get(sector.index, len(journal.image)):
                break
            if isinstance(item, Gap):
                line.holes.append((len(line.records), item))
            elif item.address in originals:
                _take(inquiry, line, item)
        _look_behind(inquiry, sector, line)
    return line


def _take(inquiry: Inquiry, line: _Line, record: Record) -> None:
    number = inquiry.number(record)
    if number in line.places:
        text = f"Record {record.number} stands again at {record.address:#x}; its first place is before."
        inquiry.add(Kind.REPEATED, record.number, record.address, text)
        return
    line.places[number] = len(line.records)
    line.records.append(record)


def _look_behind(inquiry: Inquiry, sector: Sector, line: _Line) -> None:
    """Bytes behind the last record: a torn write where a life ended, damage elsewhere."""
    journal = inquiry.journal
    limit = inquiry.limits.get(sector.index)
    ends = [record.address + record.size for record in sector.records if limit is None or record.address < limit]
    end = ends[-1] if ends else sector.address + journal.geometry.padded(HEADER.size)
    if limit is not None and min(limit, sector.written) > end:
        line.holes.append((len(line.records), Gap(end, min(limit, sector.written), False)))
    start = max(end, limit or 0)
    if sector.written <= start:
        return
    following = journal.after(sector)
    lives_on = following is not None and bool(sector.originals) and following.sequence not in inquiry.lives
    # A bit that reads 0 and should be 1 is never left by a write that was cut short.
    repaired = inquiry.repaired(Gap(start, sector.written, False)) if following is None else None
    flipped = repaired is not None and not journal.image[repaired[1]] >> repaired[2] & 1
    if flipped or (lives_on and limit is None):
        line.holes.append((len(line.records), Gap(start, sector.written, False)))
    elif not lives_on:  # else told where the sector was closed
        inquiry.report.torn.append(Torn(start, sector.written - start))


def _explain_step(inquiry: Inquiry, line: _Line, before: int, after: int, cut_again: dict[tuple[int, int], int]) -> None:
    """Numbers between `before` and `after` are nowhere: a BOOT, a hole, or somebody explains it."""
    first, last = before + 1, after - 1
    record = line.records[line.places[after]]
    boot = inquiry.opens_life(inquiry.sector_at(record.address)) if record.type == SUMMARY else None
    left_from = boot.value("after") + 1 if boot and inquiry.trusted(boot) else 0
    if boot and left_from <= first:
        return  # told, or judged, where the BOOT is
    if boot and left_from <= last:
        last = left_from - 1
    if record.type == SUMMARY and boot is None and last - before <= cut_again.get((before, after), -1):
        inquiry.report.left_out.append(Left(first, last, 0))
        return
    inquiry.lost.add((first, last))
    holes = line.holes_between(line.places[before], line.places[after])
    for gap in line.tell_gaps(holes):
        _tell_damage(inquiry, gap, (first, last))
    if not holes:  # a missing sector is told of by itself
        _tell_loss(inquiry, line, (first, last), record, boot)


def _cut_again(inquiry: Inquiry) -> dict[tuple[int, int], int]:
    """By numbers of a record and of the SUMMARY after it: how many between the two a life may have left out that was cut between
    its SUMMARY and its BOOT.

    No BOOT says then what it found unreadable: what still stands behind the last record, and at most one record that its
    opening, cut before, had left torn in the new sector.
    """
    journal = inquiry.journal
    longest = journal.geometry.padded(RECORD.size + LONGEST_PAYLOAD + TAG_BYTES + CRC_BYTES)
    most: dict[tuple[int, int], int] = {}
    for sector, following in pairwise(journal.counted):
        last = inquiry.repeated.get(sector.index)
        if last and following.summary:
            unreadable = max(0, sector.written - last.end) + longest
            most.setdefault((inquiry.number(last), inquiry.number(following.summary)), 1 + unreadable // SHORTEST_RECORD)
    return most


def _tell_loss(inquiry: Inquiry, line: _Line, lost: tuple[int, int], record: Record, boot: Record | None) -> None:
    journal = inquiry.journal
    before = line.records[line.places[lost[0] - 1]]
    closed = inquiry.limits.get(before.address // journal.geometry.sector_size)
    named = span(*lost).capitalize()
    if record.type == SUMMARY and boot is None and closed == before.address + before.size:
        text = f"{named} left no place, and the SUMMARY behind them saw the journal end before: it was cut there and continued."
        inquiry.add(Kind.CUT_AND_CONTINUED, lost[0], record.address, text)
    else:
        text = f"{named}: missing, nothing is unreadable there and no BOOT explains it: deleted."
        inquiry.add(Kind.DELETION, lost[0], before.address + before.size, text)


def _tell_damage(inquiry: Inquiry, gap: Gap, lost: tuple[int, int] | None) -> None:
    numbers = f"{span(*lost)} stood there" if lost else "no record number is missing"
    if gap.blank:
        text = f"{gap.end - gap.address} bytes before a readable record are blank; {numbers}: wiped."
        inquiry.add(Kind.DELETION, lost[0] if lost else 0, gap.address, text)
        return
    text = f"{gap.end - gap.address} bytes are unreadable; {numbers}: worn flash, or a hand that does not know the CRC."
    repaired = inquiry.repaired(gap)
    if repaired:
        record, address, bit = repaired
        sealed = " and its seal" if inquiry.seals and inquiry.seals.fits(record) else ""
        text = f"One bit is wrong (bit {bit} of {address:#x}): with it put right, record {record.number}{sealed} is whole."
    inquiry.add(Kind.DAMAGE, lost[0] if lost else 0, gap.address, text)


def _check_displaced(inquiry: Inquiry, line: _Line) -> None:
    found = [inquiry.number(record) for record in line.records]
    wrong = [record for record, here, due in zip(line.records, found, sorted(found), strict=True) if here != due]
    if len(wrong) == 2:
        wrong.sort(key=inquiry.number)
        text = f"Records {wrong[0].number} and {wrong[1].number} stand in each other's place."
        inquiry.add(Kind.SWAP, wrong[0].number, wrong[0].address, text)
        inquiry.suspect.add(wrong[1].address // inquiry.journal.geometry.sector_size)
    elif wrong:
        numbers = sorted(inquiry.number(record) for record in wrong)
        text = f"{len(wrong)} records between {numbers[0]} and {numbers[-1]} do not stand in the order of their numbers."
        inquiry.add(Kind.SWAP, numbers[0], wrong[0].address, text)
        inquiry.suspect |= {record.address // inquiry.journal.geometry.sector_size for record in wrong}


def _check_boot(inquiry: Inquiry, sector: Sector, numbers: list[int]) -> None:
    """What a BOOT leaves out is no more than a power cut can have taken."""
    boot = inquiry.opens_life(sector)
    if boot is None or not inquiry.trusted(boot) or not inquiry.trusted(sector.summary) or not boot.fields:
        return
    assert sector.summary is not None
    after, unreadable, summary = boot.value("after"), boot.value("unreadable"), sector.summary.number
    left_out = summary - 1 - after
    most = 1 + unreadable // SHORTEST_RECORD if unreadable else 0
    if left_out > most:
        text = (
            f"{span(after + 1, summary - 1).capitalize()}: left out by the BOOT behind record {summary}. It found {unreadable}"
            f" unreadable bytes, so a power cut took at most {most}: records were removed and the terminal went on."
        )
        inquiry.add(Kind.CUT_AND_CONTINUED, after + 1, boot.address, text)
    elif left_out > 0:
        inquiry.report.left_out.append(Left(after + 1, summary - 1, boot.number))
    place = bisect_left(numbers, summary)
    if left_out < 0 or (place and numbers[place - 1] > after):
        text = f"BOOT {boot.number} could read up to record {after} only, but the journal has more before it."
        inquiry.add(Kind.CONTRADICTION, boot.number, boot.address, text)
