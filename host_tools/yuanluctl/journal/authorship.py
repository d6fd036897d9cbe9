"""Who wrote the records: tags that do not fit, records of another terminal, copies that differ from what they copy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from hashlib import sha256
from itertools import groupby
from zlib import crc32

from host_tools.yuanluctl.journal.inquiry import Inquiry
from host_tools.yuanluctl.journal.layout import SUMMARY, Record
from host_tools.yuanluctl.journal.reader import Gap
from host_tools.yuanluctl.journal.report import Finding, Kind, span
from host_tools.yuanluctl.journal.seal import HIGHEST, Misfit

_AHEAD = 64  # keys past the end: of records that were cut off
_MOST_CANDIDATES = 4096


def check_authorship(inquiry: Inquiry, terminal: str | None, progress: Callable[[int], None] | None) -> None:
    """Find every record that this terminal did not write under its number, and distrust it."""
    records = [record for sector in inquiry.journal.sectors + inquiry.journal.opened for record in sector.records]
    foreign = _foreign(records, terminal)
    misfits: dict[int, Misfit] = {}
    unchecked: set[int] = set()
    if inquiry.seals:
        inquiry.seals.candidates = _candidates(inquiry)
        own = [record for record in records if record.address not in foreign]
        plain = [record for record in own if record.type != SUMMARY]
        misfits = {misfit.record.address: misfit for misfit in inquiry.seals.misfits(plain, progress)}
        inquiry.seals.covered = _covered(inquiry, foreign | set(misfits))
        summaries = [record for record in own if record.address in inquiry.seals.covered]
        unchecked = {record.address for record in own if record.type == SUMMARY} - set(inquiry.seals.covered)
        misfits |= {misfit.record.address: misfit for misfit in inquiry.seals.misfits(summaries)}
    inquiry.distrusted |= foreign | set(misfits)
    inquiry.sealed_as = {at: misfit.number for at, misfit in misfits.items() if misfit.number != misfit.record.number}

    again = {(record.number, record.tag) for record in records if not record.is_copy and record.address in misfits}

    def outcome(record: Record) -> str:
        if record.address in foreign:
            return "foreign"
        misfit = misfits.get(record.address)
        if misfit is None:
            return ""
        return "unknown" if not misfit.key else "renumbered" if misfit.number != record.number else "resealed"

    # A copy that is as wrong as what it copies is told there; a good one parts no run of records.
    told = [one for one in records if not one.is_copy or (outcome(one) and (one.number, one.tag) not in again)]
    told = [one for one in told if one.address not in unchecked]
    place = 0
    good = [at for at, record in enumerate(told) if not outcome(record) and not record.is_copy]
    for what, group in groupby(told, outcome):
        run = list(group)
        if what:
            ends = (not good or place < good[0], not good or place > good[-1] or _ends_a_life(inquiry, run[-1]))
            _TELL[what](inquiry, run, [misfits[record.address] for record in run if record.address in misfits], ends)
        place += len(run)


def _covered(inquiry: Inquiry, wrong: set[int]) -> dict[int, bytes]:
    """By address of a SUMMARY: the digest of the copies that it is sealed with. None of it where they cannot be read, which is
    told, or are `wrong` themselves, which is told elsewhere."""
    covered: dict[int, bytes] = {}
    digests: dict[int, bytes] = {}
    sectors = inquiry.journal.sectors + inquiry.journal.opened
    for sector in sectors:
        summaries = [record for record in sector.originals if record.type == SUMMARY]
        begin = sector.originals[0].address if sector.originals else sector.end
        if any(isinstance(item, Gap) and item.address < begin for item in sector.items):
            for record in summaries[:1]:
                text = f"SUMMARY {record.number} is sealed together with copies that cannot be read: its seal was not checked."
                inquiry.add(Kind.DAMAGE, record.number, record.address, text)
        elif not any(copy.address in wrong for copy in sector.copies if copy.type != SUMMARY):
            digest = sha256(b"".join(copy.sealed for copy in sector.copies)).digest()
            covered |= dict.fromkeys((record.address for record in summaries), digest)
            digests |= dict.fromkeys((record.number for record in summaries[:1]), digest)
    for sector in sectors:
        for copy in sector.copies:
            if copy.type == SUMMARY and copy.number in digests:
                covered[copy.address] = digests[copy.number]
    return covered


def _ends_a_life(inquiry: Inquiry, last: Record) -> bool:
    """Whether this is the last record of its sector that counted, and a new life went on behind it."""
    journal = inquiry.journal
    sector = journal.by_index.get(last.address // journal.geometry.sector_size)
    following = journal.after(sector) if sector else None
    if sector is None or following is None or not sector.originals or last.address < sector.originals[0].address:
        return False
    content = journal.summary_of(following)
    if content is None or sector.address + content.used not in (last.address, last.end):
        return False
    copied = any((copy.number, copy.tag) == (last.number, last.tag) for copy in following.copies)
    return copied or inquiry.opens_life(following) is not None


def _foreign(records: list[Record], terminal: str | None) -> set[int]:
    """Addresses of records that do not name the terminal asked for, or else the one that most of them name."""
    if not records:
        return set()
    expected = crc32(terminal.encode()) if terminal is not None else Counter(r.terminal for r in records).most_common(1)[0][0]
    return {record.address for record in records if record.terminal != expected}


def _candidates(inquiry: Inquiry) -> Iterable[int]:
    """Numbers whose keys a vault gave away, taken within the window's time, and past the end."""
    newest = [record.number for sector in inquiry.journal.counted for record in sector.originals if record.number <= HIGHEST]
    if not newest:
        return ()
    first, last = min(newest), max(newest) + _AHEAD
    return range(max(1, first, last - _MOST_CANDIDATES), last + 1)


def _tell_foreign(inquiry: Inquiry, run: list[Record], _: list[Misfit], ends: tuple[bool, bool]) -> None:
    whose = f"another terminal (CRC-32 of its id {run[0].terminal:08x})"
    inquiry.add(
        Kind.FOREIGN, run[0].number, run[0].address, f"{_run(run)} of {whose}{' stands' if len(run) == 1 else ' stand'} here."
    )


def _tell_unknown(inquiry: Inquiry, run: list[Record], _: list[Misfit], ends: tuple[bool, bool]) -> None:
    if all(ends) and len(run) > 1:
        text = f"No tag fits ({_run(run)}): another root key, terminal or epoch than this journal's, or all was written anew."
        inquiry.add(Kind.WRONG_KEY, run[0].number, run[0].address, text)
        return
    text = f"{_run(run)}: the CRC is right, but the tag fits no key: edited, with the CRC made to fit."
    if len(run) == 1 and run[0].type == SUMMARY:
        text = f"SUMMARY {run[0].number}: its seal does not fit it together with the copies before it: it was edited, or one of "
        text += "them was edited, taken away or put in."
        inquiry.report.findings.append(Finding(Kind.EDIT, run[0].number, run[0].address, text))  # what was done may show yet
        return
    if run[0].number > HIGHEST:
        text = f"{_run(run)}: a number that no terminal reaches (over {HIGHEST}); the tag was not checked."
    inquiry.add(Kind.EDIT, run[0].number, run[0].address, text)


def _tell_renumbered(inquiry: Inquiry, run: list[Record], misfits: list[Misfit], ends: tuple[bool, bool]) -> None:
    first, last = misfits[0].number, misfits[-1].number
    text = f"{_run(run)}: sealed as {span(first, last)} and renumbered, with the CRC made to fit."
    inquiry.add(Kind.EDIT, run[0].number, run[0].address, text)


def _tell_resealed(inquiry: Inquiry, run: list[Record], misfits: list[Misfit], ends: tuple[bool, bool]) -> None:
    keys = sorted({misfit.key for misfit in misfits})
    with_keys = f"sealed with the key of {span(keys[0], keys[-1])} instead of {'its' if len(run) == 1 else 'their'} own"
    # Who has the vault has later keys only.
    if ends == (False, True) and all(misfit.key > misfit.record.number for misfit in misfits):
        text = f"{_run(run)}: {with_keys}: the journal was cut there and continued by somebody who has a later key."
        inquiry.add(Kind.CUT_AND_CONTINUED, run[0].number, run[0].address, text)
    else:
        text = f"{_run(run)}: {with_keys}: rewritten later by somebody who has a later key."
        inquiry.add(Kind.RESEALED, run[0].number, run[0].address, text)


_TELL = {"foreign": _tell_foreign, "unknown": _tell_unknown, "renumbered": _tell_renumbered, "resealed": _tell_resealed}


def _run(run: list[Record]) -> str:
    copied = "Copy of r" if len(run) == 1 and run[0].is_copy else "R"
    return copied + span(run[0].number, run[-1].number)[1:]


def check_copies(inquiry: Inquiry) -> None:
    """Find copies that do not say what the record says that they copy, or do not stand before the SUMMARY."""
    sectors = inquiry.journal.sectors + inquiry.journal.opened
    records = [record for sector in sectors for record in sector.records]
    originals = {record.number: record for sector in sectors for record in inquiry.originals(sector) if not record.is_copy}
    for record in records:
        original = originals.get(record.number)
        if not record.is_copy or original is None or not inquiry.trusted(record) or not inquiry.trusted(original):
            continue
        if (record.written, record.tag) != (original.written, original.tag):
            text = f"Copy of record {record.number} differs from the record at {original.address:#x}; one of them was edited."
            inquiry.add(Kind.EDIT, record.number, record.address, text)
    for sector in inquiry.journal.sectors:
        for record in sector.originals:
            if record.is_copy:
                text = f"Record {record.number} is marked as a copy where no copy can stand: edited, with the CRC made to fit."
                inquiry.add(Kind.EDIT, record.number, record.address, text)
