"""What the chip around the window and the anchors say about its ends: missing sectors, tail cuts, rollbacks.

An honest ring holds older sequences in its free sectors, all but the one that is erased ahead. So blank sectors behind the end
tell a cut from a chip that was put back whole, unless everything fits into one sector.
"""

from __future__ import annotations

from collections.abc import Iterable

from host_tools.yuanluctl.journal.inquiry import Inquiry
from host_tools.yuanluctl.journal.layout import HEADER, SHORTEST_RECORD, Record
from host_tools.yuanluctl.journal.reader import Sector, read_sector
from host_tools.yuanluctl.journal.report import Anchor, Finding, Kind, Report, span


def check_ring(inquiry: Inquiry) -> None:
    """Report sequences that are missing from the window, sectors that lost their header, and blanks that only a cut leaves."""
    journal = inquiry.journal
    for sector in journal.doubled:
        text = f"Sector {sector.index} carries sequence {sector.sequence}, which another sector has too."
        inquiry.add(Kind.REPEATED, sector.originals[0].number, sector.address, text)
    found = _headless(inquiry)
    for sector in found:
        numbers = [record.number for record in sector.originals]
        text = f"Sector {sector.index} has no whole header, but holds {span(min(numbers), max(numbers))}, which are lacking."
        inquiry.add(Kind.MISSING_SECTOR, min(numbers), sector.address, text)
    missing = list(journal.missing)
    blank, unused = _blanks(inquiry)
    surplus = blank - unused - len(found) - max(0, len(missing) - len(found))
    if surplus >= 2:
        assert journal.newest is not None
        text = (
            f"Behind record {inquiry.report.last} sectors are blank that must hold older records: the newest records were cut off"
            " with their sectors, or free sectors were erased by hand."
        )
        inquiry.add(Kind.TAIL_CUT, inquiry.report.last, journal.newest.end, text)
        # Older ones made room for what was cut.
        missing = [sequence for sequence in missing if sequence > journal.sectors[0].sequence]
    if len(missing) > len(found):
        names = ", ".join(map(str, missing[:8])) + (" ..." if len(missing) > 8 else "")
        lost = "; ".join(span(*numbers) for numbers in sorted(inquiry.lost))
        text = f"No sector carries sequence {names}: erased, or its header is unreadable{f' ({lost})' if lost else ''}."
        inquiry.add(Kind.MISSING_SECTOR, 0, -1, text)


def _headless(inquiry: Inquiry) -> list[Sector]:
    """Sectors without header that hold records which the journal lacks; older records are what a cut erase left."""
    journal = inquiry.journal
    held = {record.number for sector in journal.sectors for record in sector.originals}
    found = [read_sector(journal.image, journal.geometry, index) for index in journal.headerless]
    first = inquiry.report.first
    return [sector for sector in found if any(r.number > first and r.number not in held for r in sector.originals)]


def _blanks(inquiry: Inquiry) -> tuple[int, int]:
    """Sectors without header that are not retired; how many of them a ring in its first round has not used yet."""
    journal = inquiry.journal
    retired: set[int] = set()
    for sector in journal.counted:
        content = journal.summary_of(sector)
        retired = set(content.retired) if content else retired
    newest = max([header.sequence for header in journal.headers.values()], default=0)
    blank = sum(index not in retired for index in journal.headerless)
    return blank, max(0, journal.geometry.sectors - len(retired) - newest)


def tell_empty(report: Report, anchors: Iterable[Anchor]) -> Report:
    """The report on a chip without a journal: with an anchor it is known that there was one."""
    report.anchors = {anchor.number: "gone" for anchor in sorted(anchors)}
    if report.anchors:
        last = max(report.anchors)
        text = f"Record {last} had been seen outside, but no journal stands here: the chip was wiped, or this is another one."
        report.findings.append(Finding(Kind.WIPED, last, -1, text))
    else:
        text = "No sector holds a header and a record of its own: the chip is new, or all of it was erased. An anchor would tell."
        report.findings.append(Finding(Kind.MISSING_SECTOR, 0, -1, text))
    return report


def check_anchors(inquiry: Inquiry, anchors: Iterable[Anchor]) -> None:
    """Compare each anchor with the record of its number; the farthest one beyond the end says what was done to it."""
    beyond = []
    for anchor in sorted(anchors):
        record = _record(inquiry, anchor.number)
        if anchor.number > inquiry.report.last and not _may_be_repeated(inquiry, anchor.number):
            record = None  # a copy in a sector that does not count: nothing seals how it came there
        if record is not None and record.tag == anchor.tag:
            result = "matches"
            if inquiry.trusted(record):
                inquiry.report.anchored = min(anchor.number, inquiry.report.last)
        elif record is not None:
            result = "differs"
            _tell_differs(inquiry, record)
        elif anchor.number > inquiry.report.last:
            result = "beyond the end"
            beyond.append(anchor)
        elif any(left.first <= anchor.number <= left.last for left in inquiry.report.left_out):
            result = "left out"
            text = f"Record {anchor.number} had been seen outside, but a BOOT left it out: removed, and the terminal went on."
            inquiry.add(Kind.CUT_AND_CONTINUED, anchor.number, -1, text)
        else:
            result = "older than the journal" if anchor.number < inquiry.report.first else "unreadable or missing"
        inquiry.report.anchors[anchor.number] = result
    if beyond:
        _tell_beyond(inquiry, beyond[-1].number)


def _may_be_repeated(inquiry: Inquiry, number: int) -> bool:
    """The record behind the end, torn by a cut: a life that was cut too has begun to write it again in the sector after."""
    newest = inquiry.journal.newest
    return newest is not None and number == inquiry.report.last + 1 and newest.written > newest.end


def _record(inquiry: Inquiry, number: int) -> Record | None:
    """The record of this number, or a copy of it."""
    found = None
    for sector in inquiry.journal.sectors + inquiry.journal.opened:
        for record in sector.records:
            if inquiry.number(record) == number and (found is None or found.is_copy):
                found = record
    return found


def _tell_differs(inquiry: Inquiry, record: Record) -> None:
    if not inquiry.trusted(record):
        return  # told as an edit
    edited = "" if inquiry.seals else ", or it was edited (no key to tell)"
    text = f"Record {record.number} is another one than was seen outside: the journal was put back, then grew{edited}."
    inquiry.add(Kind.ROLLBACK_THEN_GROWN, record.number, record.address, text)


def _tell_beyond(inquiry: Inquiry, number: int) -> None:
    """Cut, or put back: what must have been written up to this record, and is there a blank place where it stood?"""
    last = inquiry.report.last
    known = f"Record {number} had been seen outside, but the journal ends at {last}: "
    address = inquiry.journal.newest.end if inquiry.journal.newest else -1
    blank = _blanks(inquiry)[0] + len(inquiry.journal.opened)
    if any(finding.kind is Kind.TAIL_CUT for finding in inquiry.report.findings):
        inquiry.add(Kind.TAIL_CUT, last + 1, address, known + f"{span(last + 1, number)} were cut off, their sectors are blank.")
    elif _sectors_needed(inquiry, number) > blank:
        text = known + "older records stand where the newer ones must have stood: the whole chip was put back."
        inquiry.add(Kind.ROLLBACK, last + 1, address, text)
    else:
        text = known + "its newest records were cut off, or the whole chip was put back; the chip does not tell which."
        inquiry.add(Kind.TAIL_CUT_OR_ROLLBACK, last + 1, address, text)


def _sectors_needed(inquiry: Inquiry, number: int) -> int:
    """The fewest further sectors that the records up to `number` must have opened, with as many left out at power cuts."""
    geometry, newest = inquiry.journal.geometry, inquiry.journal.newest
    if newest is None:
        return 0
    shortest = geometry.padded(SHORTEST_RECORD)
    room = (newest.address + geometry.sector_size - newest.end) // shortest
    each = (geometry.sector_size - geometry.padded(HEADER.size)) // shortest
    beyond = number - inquiry.report.last - 2 * room
    return 0 if beyond <= 0 else -(-beyond // (2 * each))
