"""Verifies an image of the journal's chip: structure always, seals with the journal root key, the end with anchors."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from host_tools.yuanluctl.journal.authorship import check_authorship, check_copies
from host_tools.yuanluctl.journal.content import check_content
from host_tools.yuanluctl.journal.ends import check_anchors, check_ring, tell_empty
from host_tools.yuanluctl.journal.inquiry import Inquiry
from host_tools.yuanluctl.journal.layout import FEWEST_SECTORS, SECTOR_SIZES, Geometry
from host_tools.yuanluctl.journal.order import check_order
from host_tools.yuanluctl.journal.reader import NoHeaderError, find_geometry, read_journal
from host_tools.yuanluctl.journal.report import Anchor, Report
from host_tools.yuanluctl.journal.seal import Keys, Seals, first_key


def verify(
    image: bytes,
    geometry: Geometry | None = None,
    key: bytes | None = None,
    terminal: str | None = None,
    epoch: int | None = None,
    anchors: Iterable[Anchor] = (),
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Check all that can be checked with what is given. GeometryError; ValueError for a key without terminal and epoch.

    An image without any sector header is a wiped chip where it is blank, or where an anchor says that a journal was there.
    `key` is the journal root key (32 bytes), `terminal` F41. `progress` is given the count of records whose seal was checked.
    """
    seals = None
    if key is not None:
        if terminal is None or epoch is None:
            raise ValueError("a key needs the terminal's id and epoch")
        seals = Seals(Keys(first_key(key, terminal, epoch)))
    anchors = list(anchors)
    try:
        geometry = geometry or find_geometry(image)
    except NoHeaderError:
        if not may_be_wiped(image, anchors):
            raise
        return tell_empty(Report(None, sealed=False), anchors)
    journal = read_journal(image, geometry)
    report = Report(geometry, sealed=key is not None)
    if journal.newest is None:
        return tell_empty(report, anchors)
    inquiry = Inquiry(journal, report, seals)
    check_authorship(inquiry, terminal, progress)
    check_order(inquiry)
    check_copies(inquiry)
    numbers = [inquiry.number(record) for sector in journal.counted for record in inquiry.originals(sector)]
    report.first, report.last = min(numbers), max(numbers)
    report.sectors = len(journal.sectors)
    report.records = len(numbers)
    report.copies = sum(len(sector.copies) for sector in journal.sectors + journal.opened)
    check_content(inquiry)
    check_ring(inquiry)
    check_anchors(inquiry, anchors)
    report.findings.sort(key=lambda finding: (finding.address < 0, finding.record or 1 << 32, finding.address))
    return report


def may_be_wiped(image: bytes, anchors: list[Anchor]) -> bool:
    """Whether an image without a sector header can be that of a chip: whole sectors, and blank if no anchor was seen outside."""
    whole = len(image) >= FEWEST_SECTORS * SECTOR_SIZES[0] and len(image) % SECTOR_SIZES[0] == 0
    return whole and (bool(anchors) or image.count(image[:1]) == len(image))
