"""What the steps of a verification share: the journal, the report, and which records can be believed."""

from __future__ import annotations

from dataclasses import dataclass, field

from host_tools.yuanluctl.journal.layout import BOOT, LONGEST_PAYLOAD, Record, parse_record
from host_tools.yuanluctl.journal.reader import Gap, Journal, Sector
from host_tools.yuanluctl.journal.report import Finding, Kind, Report
from host_tools.yuanluctl.journal.seal import Seals

_MOST_REPAIRS = 40


@dataclass
class Inquiry:
    """One verification under way. Records are known by their address."""

    journal: Journal
    report: Report
    seals: Seals | None
    distrusted: set[int] = field(default_factory=set)
    sealed_as: dict[int, int] = field(default_factory=dict)  # address to the number a renumbered record was sealed with
    suspect: set[int] = field(default_factory=set)  # indices of sectors with a finding: what follows from it is not told again
    limits: dict[int, int] = field(default_factory=dict)  # by sector index: the address where its last record ends
    repeated: dict[int, Record] = field(default_factory=dict)  # by sector index: the last one, whose copy the next life made
    lives: set[int] = field(default_factory=set)  # sequences of sectors that a new life has opened
    lost: set[tuple[int, int]] = field(default_factory=set)  # first and last of numbers that findings already miss
    repairs: int = 0

    def add(self, kind: Kind, record: int, address: int, text: str) -> None:
        """Report a finding, and suspect its sector."""
        self.report.findings.append(Finding(kind, record, address, text))
        if address >= 0:
            self.suspect.add(address // self.journal.geometry.sector_size)

    def number(self, record: Record) -> int:
        """The number it was sealed with, where the seal tells."""
        return self.sealed_as.get(record.address, record.number)

    def trusted(self, record: Record | None) -> bool:
        """Whether it is there and nothing speaks against it."""
        return record is not None and record.address not in self.distrusted

    def sector_at(self, address: int) -> Sector:
        """The sector of the window that this address is in."""
        return self.journal.by_index[address // self.journal.geometry.sector_size]

    def originals(self, sector: Sector) -> list[Record]:
        """Its records that are no copies, up to where it was closed."""
        limit = self.limits.get(sector.index, sector.address + self.journal.geometry.sector_size)
        return [record for record in sector.originals if record.address < limit]

    def neighbours(self, one: Sector, other: Sector) -> bool:
        """Whether no sector between the two is missing."""
        return not any(one.sequence < sequence < other.sequence for sequence in self.journal.missing)

    def opens_life(self, sector: Sector) -> Record | None:
        """The BOOT right behind its SUMMARY."""
        found = sector.originals[1:2] if sector.summary else []
        return found[0] if found and found[0].type == BOOT else None

    def repaired(self, gap: Gap) -> tuple[Record, int, int] | None:
        """(record, address of the byte, bit) if one bit put right makes a whole record of the gap's start, or None."""
        self.repairs += 1
        if self.repairs > _MOST_REPAIRS:
            return None
        geometry = self.journal.geometry
        longest = geometry.padded(LONGEST_PAYLOAD + 25)
        limit = (gap.address // geometry.sector_size + 1) * geometry.sector_size
        window = bytearray(self.journal.image[gap.address : min(limit, gap.address + longest)])
        for place in range(min(len(window), gap.end - gap.address)):
            for bit in range(8):
                window[place] ^= 1 << bit
                record = parse_record(window, 0, len(window), geometry)
                window[place] ^= 1 << bit
                if record:
                    return record, gap.address + place, bit
        return None
