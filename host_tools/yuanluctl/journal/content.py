"""Whether headers, SUMMARY records and padding say what the journal around them shows."""

from __future__ import annotations

from host_tools.yuanluctl.journal.inquiry import Inquiry
from host_tools.yuanluctl.journal.layout import DECISION, HEADER, SALE, SUMMARY, Record, Summary, filter_of, parse_record
from host_tools.yuanluctl.journal.reader import Gap, Sector
from host_tools.yuanluctl.journal.report import Kind


def check_content(inquiry: Inquiry) -> None:
    """Report what contradicts the journal; what follows from another finding in the same sector is not told again."""
    journal = inquiry.journal
    for sector in journal.sectors + journal.opened:
        _check_padding(inquiry, sector)
    lowest = unsure = 0
    for place, sector in enumerate(journal.counted):
        _check_head(inquiry, sector)
        record = sector.summary
        if record is None or not inquiry.trusted(record):
            continue
        content = journal.summary_of(sector)
        if content is None:
            _contradicts(inquiry, record, "its length fits no SUMMARY of a chip like this")
            continue
        if place and inquiry.neighbours(journal.counted[place - 1], sector):
            _check_sector_before(inquiry, record, content, journal.counted[place - 1])
        _check_addresses(inquiry, record, content, sector)
        for name, value, before in (("lowest", content.lowest, lowest), ("unsure", content.unsure, unsure)):
            if value < before:
                _contradicts(inquiry, record, f"`{name}` falls from {before} to {value}")
        lowest, unsure = max(lowest, content.lowest), max(unsure, content.unsure)


def _check_padding(inquiry: Inquiry, sector: Sector) -> None:
    """What only fills up a unit is FF."""
    image, geometry = inquiry.journal.image, inquiry.journal.geometry
    places = [(sector.address + HEADER.size, sector.address + geometry.padded(HEADER.size), 0)]
    limit = inquiry.limits.get(sector.index, len(image))
    for record in sector.records:
        if record.address >= limit or record is inquiry.repeated.get(sector.index):
            continue  # power went while it was written
        places.append((record.address + len(record.written) + 12, record.address + record.size, record.number))
    for start, end, number in places:
        if image[start:end].strip(b"\xff"):
            behind = f"record {number}" if number else "the sector header"
            text = f"Padding behind {behind} is not blank: worn flash, or a clumsy hand."
            inquiry.add(Kind.DAMAGE, number, start, text)


def _check_head(inquiry: Inquiry, sector: Sector) -> None:
    header, record = sector.header, sector.originals[0]
    assert header is not None
    if header.flags:
        inquiry.add(Kind.EDIT, 0, sector.address, f"Sector {sector.index}: its header has flags unknown to this format.")
    if sector.summary is None:
        if sector.index not in inquiry.suspect and inquiry.trusted(record):
            text = f"Sector {sector.index} begins with {record.name} {record.number} and not with a SUMMARY."
            inquiry.add(Kind.CONTRADICTION, record.number, record.address, text)
    elif inquiry.trusted(record) and record.number != header.first:
        text = f"Sector {sector.index}: the header names record {header.first} as its first, but that is {record.number}: edited."
        inquiry.add(Kind.EDIT, record.number, sector.address, text)
    for extra in sector.originals[1:]:
        if extra.type == SUMMARY and inquiry.trusted(extra):
            inquiry.add(
                Kind.CONTRADICTION, extra.number, extra.address, f"Record {extra.number}: a second SUMMARY in its sector."
            )


def _check_sector_before(inquiry: Inquiry, record: Record, content: Summary, before: Sector) -> None:
    """`used`, `before` and the filter, made anew from the sector before."""
    journal = inquiry.journal
    if before.index in inquiry.suspect or any(isinstance(item, Gap) for item in before.items):
        return
    limit = inquiry.limits.get(before.index)
    records = [one for one in before.records if limit is None or one.address < limit]
    repeated = inquiry.repeated.get(before.index)
    filling = [one for one in records if one is not repeated]
    end = unpadded = journal.geometry.padded(HEADER.size)
    if filling:
        end = filling[-1].end - before.address
        unpadded = filling[-1].address + len(filling[-1].written) + 12 - before.address
    if content.used > end:
        text = f"Sector {before.index} ends at {end} but was closed at {content.used}; no number is missing: copies removed."
        inquiry.add(Kind.DELETION, 0, before.address + end, text)
        return
    if before.summary and not inquiry.trusted(before.summary):
        return  # copies that are not those of its SUMMARY
    if content.used not in (end, unpadded):
        _contradicts(inquiry, record, f"`used` is {content.used}, but sector {before.index} ends at {end}")
        return
    if before.summary and content.before != before.summary.address - before.address:
        _contradicts(inquiry, record, f"`before` is {content.before}, but the SUMMARY there is elsewhere")
    if filter_of(records, journal.geometry.filter_bytes) != content.filter:
        _contradicts(inquiry, record, f"the filter is not that of sector {before.index}")


def _check_addresses(inquiry: Inquiry, record: Record, content: Summary, sector: Sector) -> None:
    """Each address of open business leads to a record, in order of number, wherever the sector was not used again since."""
    journal = inquiry.journal
    size = journal.geometry.sector_size
    if inquiry.suspect or journal.missing:
        return  # what is damaged or gone was told; an address there proves nothing more
    last = 0
    for address in content.addresses:
        there = journal.headers.get(address // size)
        if there is None or there.sequence > sector.sequence:
            if address >= len(journal.image):
                _contradicts(inquiry, record, f"the address {address:#x} is past the chip")
            continue
        found = parse_record(journal.image, address, (address // size + 1) * size, journal.geometry)
        if there.sequence <= sector.sequence - journal.geometry.window or found is None:
            _contradicts(inquiry, record, f"the address {address:#x} leads to no record of the window")
        elif not last <= found.number < record.number or not (found.transaction or found.type == DECISION):
            _contradicts(inquiry, record, f"the address {address:#x} leads to record {found.number}, out of order")
        elif address in content.sales and found.type != SALE:
            _contradicts(
                inquiry, record, f"the address {address:#x} is marked as a SALE, but leads to {found.name} {found.number}"
            )
        else:
            last = found.number


def _contradicts(inquiry: Inquiry, record: Record, text: str) -> None:
    inquiry.add(Kind.CONTRADICTION, record.number, record.address, f"SUMMARY {record.number}: {text}.")
