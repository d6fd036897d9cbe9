"""The verifier against honest journals, which must pass without a word, and against every attack, which it must name.

The journals come from journal_writer.py, which is made from docs/journal-format.md alone. Each attack starts from a journal that
was just found clean.
"""

from __future__ import annotations

import functools
import struct
import time
from collections.abc import Callable
from zlib import crc32

import pytest

from host_tools.yuanluctl import flash_image
from host_tools.yuanluctl.journal.layout import Geometry
from host_tools.yuanluctl.journal.reader import GeometryError, find_geometry
from host_tools.yuanluctl.journal.report import Anchor, Kind, Report
from host_tools.yuanluctl.journal.seal import Keys, first_key
from host_tools.yuanluctl.journal.verify import verify
from tests.host.journal_writer import EPOCH, REFUND, ROOT, SUMMARY, TERMINAL, Sector, Writer, Written

TORN = b"YL\x40\x00\x01" + bytes(70)  # the beginning of a record


def trade(writer: Writer, sales: int) -> Writer:
    """Sales, every third with a refund."""
    for count in range(sales):
        sale = writer.sale()
        if count % 3 == 0:
            writer.refund(sale)
    return writer


@functools.cache
def wrapped() -> tuple[bytes, tuple[Written, ...], dict[int, bytes]]:
    """A ring that went around twice: its image, the records of its window, all tags."""
    writer = trade(Writer(), 300)
    assert writer.sequence > 2 * writer.sectors
    return bytes(writer.chip), tuple(writer.in_window()), dict(writer.tags)


def check(image: bytes | bytearray, *anchors: tuple[int, bytes], key: bool = True, geometry: Geometry | None = None) -> Report:
    """With the key, or with nothing but the image."""
    seen = [Anchor(number, tag) for number, tag in anchors]
    if key:
        return verify(bytes(image), geometry, ROOT, TERMINAL, EPOCH, seen)
    return verify(bytes(image), geometry, anchors=seen)


def kinds(report: Report) -> set[Kind]:
    """The kinds of its findings."""
    return {finding.kind for finding in report.findings}


def assert_clean(writer: Writer) -> Report:
    """No finding with the key, none without, and the last record as anchor closes the end."""
    report = check(writer.chip, (writer.number, writer.tags[writer.number]))
    assert report.findings == []
    assert report.verdict == f"consistent, end anchored by record {writer.number}"
    assert (report.first, report.last, report.records) == (
        writer.in_window()[0].number,
        writer.number,
        len(writer.in_window()),
    )
    assert report.geometry == (writer.sector_size, writer.unit, writer.sectors)
    assert check(writer.chip).verdict == "consistent, end not anchored"
    assert check(writer.chip, key=False).verdict == "structure consistent, seals not checked (no key), end not anchored"
    return report


# Honest journals


@pytest.mark.parametrize("unit", [1, 4, 8, 16, 32, 256])
@pytest.mark.parametrize("sector_size", [4096, 16384])
def test_clean_after_two_rounds(unit: int, sector_size: int) -> None:
    writer = trade(Writer(unit=unit, sector_size=sector_size), 130 if unit < 256 else 60)
    while writer.sequence <= 2 * writer.sectors:
        trade(writer, 3)
        writer.cut()
    assert_clean(writer)


@pytest.mark.parametrize(("sectors", "sector_size"), [(3, 65536), (4, 4096), (4, 131072), (33, 4096)])
def test_clean_on_other_chips(sectors: int, sector_size: int) -> None:
    writer = Writer(sectors=sectors, sector_size=sector_size)
    while writer.sequence <= sectors + 1:
        trade(writer, 3)
        if writer.number % 2:
            writer.cut()
    assert_clean(writer)


def test_clean_with_one_record_and_at_every_fill() -> None:
    writer = Writer(sectors=4)
    for _ in range(90):
        writer.sale()
        assert_clean(writer)


@pytest.mark.parametrize("torn", [b"", TORN[:1], TORN[:13], TORN, b"\0" * 300])
def test_clean_after_power_cuts(torn: bytes) -> None:
    writer = trade(Writer(unit=1), 20)
    for _ in range(14):
        writer.cut(torn)
        assert len(check(writer.chip).torn) <= 15
        assert check(writer.chip).findings == []
        trade(writer, 4)
    report = assert_clean(writer)
    assert bool(report.torn) == bool(report.left_out) == bool(torn)


def test_clean_with_open_business_carried_along() -> None:
    writer = trade(Writer(), 10)
    waiting = [writer.refund(writer.sale(), settle=False) for _ in range(3)]
    trade(writer, 200)
    assert min(waiting) < writer.in_window()[0].number
    assert assert_clean(writer).copies > 0


@pytest.mark.parametrize("written", [0, 1, 3])
def test_clean_where_a_sector_was_given_up_while_it_was_filled(written: int) -> None:
    writer = trade(Writer(), 200)
    for _ in range(12):
        writer.cut()
        writer.open_sector(give_up_after=written)
        assert check(writer.chip).findings == []
        trade(writer, 9)
        assert_clean(writer)


def test_clean_with_retired_sectors() -> None:
    writer = trade(Writer(sectors=8, retired=(3,)), 250)
    writer.chip[3 * 4096 : 4 * 4096] = b"\0" * 4096
    assert_clean(writer)
    assert_clean(trade(Writer(sectors=17, retired=(0, 9)), 600))


def test_clean_with_one_sector_erased_ahead() -> None:
    writer = trade(Writer(), 300)
    ahead = (writer.opened[-1].index + 1) % writer.sectors
    writer.chip[:] = flash_image.erase(bytes(writer.chip), Geometry(4096, 16, 8), ahead)
    assert_clean(writer)


def test_anchors_say_how_far() -> None:
    image, records, tags = wrapped()
    last = records[-1].number
    report = check(image, (last - 5, tags[last - 5]), (1, tags[1]))
    assert report.verdict == f"consistent, anchored up to record {last - 5}, records {last - 4} to {last} sealed but not anchored"
    assert report.anchors == {last - 5: "matches", 1: "older than the journal"}
    assert check(image, (last, tags[last]), key=False).verdict.endswith(f"no key), end anchored by record {last}")


def test_first_key_is_hkdf_and_keys_come_in_any_order() -> None:
    writer = Writer()
    keys = Keys(first_key(ROOT, TERMINAL, EPOCH))
    for number in (1, 2, 500, 3, 64, 65, 499, 1, 1000, 129, 700):
        assert keys[number] == writer.key(number)


# Attacks, and what they must be called

GEOMETRY = Geometry(4096, 16, 8)


def raw(record: Written, body: bytes, tag: bytes) -> bytes:
    """These bytes as a whole record, its CRC made to fit."""
    content = (b"yl" if record.copy else b"YL") + body[2:] + tag
    return (content + struct.pack("<I", crc32(content))).ljust(record.size, b"\xff")


def put(image: bytes, record: Written, body: bytes, tag: bytes | None = None) -> bytes:
    """Another record of the same length in its place."""
    return image[: record.address] + raw(record, body, record.tag if tag is None else tag) + image[record.address + record.size :]


def edited(record: Written) -> bytes:
    """Its body with one byte of the payload changed."""
    return record.body[:22] + bytes([record.body[22] ^ 1]) + record.body[23:]


def renumbered(record: Written, number: int) -> bytes:
    return record.body[:5] + struct.pack("<I", number) + record.body[9:]


def middle(records: tuple[Written, ...], kind: int = 1) -> Written:
    """A record of a closed sector."""
    return next(record for record in records[len(records) // 3 :] if record.type == kind)


def edit(image: bytes, records: tuple[Written, ...]) -> bytes:
    return put(image, middle(records), edited(middle(records)))


def edit_summary(image: bytes, records: tuple[Written, ...]) -> bytes:
    return put(image, middle(records, 13), edited(middle(records, 13)))


def delete(image: bytes, records: tuple[Written, ...]) -> bytes:
    return flash_image.drop(image, GEOMETRY, middle(records).number)


def delete_and_renumber(image: bytes, records: tuple[Written, ...]) -> bytes:
    gone = middle(records).number
    image = flash_image.drop(image, GEOMETRY, gone)
    for record in records:
        if record.number > gone:
            moved = record.address // 4096 == middle(records).address // 4096
            place = Written(record.address - middle(records).size * moved, record.size, False, 0, b"", b"")
            image = put(image, place, renumbered(record, record.number - 1), record.tag)
    return image


def delete_to_the_sectors_end(image: bytes, records: tuple[Written, ...]) -> bytes:
    return flash_image.cut(image, GEOMETRY, middle(records).address)


def swap(image: bytes, records: tuple[Written, ...]) -> bytes:
    one = middle(records)
    other = next(record for record in records if record.number > one.number + 2 and record.type == one.type)
    return flash_image.swap(image, GEOMETRY, one.number, other.number)


def swap_and_renumber(image: bytes, records: tuple[Written, ...]) -> bytes:
    one = middle(records)
    other = next(record for record in records if record.number > one.number + 20 and record.type == one.type)
    image = put(image, one, renumbered(other, one.number), other.tag)
    return put(image, other, renumbered(one, other.number), one.tag)


def repeat(image: bytes, records: tuple[Written, ...]) -> bytes:
    one = middle(records)
    other = next(record for record in records if record.number > one.number and record.type == one.type)
    return put(image, other, one.body, one.tag)


def reseal_one(image: bytes, records: tuple[Written, ...]) -> bytes:
    body = edited(middle(records))
    return put(image, middle(records), body, Writer().seal(body, records[-1].number))


def reseal_all(image: bytes, records: tuple[Written, ...], step: int = 0) -> bytes:
    """All of the window, with the newest key or with keys that go on from it."""
    writer = Writer()
    for place, record in enumerate(records):
        image = put(image, record, record.body, writer.seal(record.body, records[-1].number + step * place, record.copied))
    return image


def reseal_all_onward(image: bytes, records: tuple[Written, ...]) -> bytes:
    return reseal_all(image, records, 1)


def cut_and_continue(image: bytes, records: tuple[Written, ...]) -> bytes:
    """The last 30 records anew, with the keys from the last on."""
    writer = Writer()
    for place, record in enumerate(records[-30:]):
        body = edited(record)
        image = put(image, record, body, writer.seal(body, records[-1].number + place, record.copied))
    return image


def foreign(image: bytes, records: tuple[Written, ...]) -> bytes:
    record = middle(records)
    body = record.body[:9] + struct.pack("<I", crc32(b"20000002")) + record.body[13:]
    return put(image, record, body, Writer(terminal="20000002").seal(body))


def mark_as_copy(image: bytes, records: tuple[Written, ...]) -> bytes:
    record = middle(records)
    record = Written(record.address, record.size, True, record.number, record.body, record.tag)
    return put(image, record, record.body)


def flip_a_bit(image: bytes, records: tuple[Written, ...]) -> bytes:
    return flash_image.flip(image, middle(records).address + 30, 5)


def overwrite(image: bytes, records: tuple[Written, ...]) -> bytes:
    at = middle(records).address + 8
    return image[:at] + bytes(40) + image[at + 40 :]


def erase_a_sector(image: bytes, records: tuple[Written, ...]) -> bytes:
    return flash_image.erase(image, GEOMETRY, middle(records).address // 4096)


def erase_the_oldest_sector(image: bytes, records: tuple[Written, ...]) -> bytes:
    return flash_image.erase(image, GEOMETRY, records[0].address // 4096)


def spoil_a_header(image: bytes, records: tuple[Written, ...]) -> bytes:
    return flash_image.flip(image, middle(records).address // 4096 * 4096 + 9, 0)


def spoil_the_newest_header(image: bytes, records: tuple[Written, ...]) -> bytes:
    return flash_image.flip(image, records[-1].address // 4096 * 4096 + 9, 0)


def edit_a_header(image: bytes, records: tuple[Written, ...]) -> bytes:
    at = middle(records).address // 4096 * 4096
    header = image[at : at + 16] + struct.pack("<I", 77)
    return image[:at] + header + struct.pack("<I", crc32(header)) + image[at + 24 :]


def cut_three_sectors(image: bytes, records: tuple[Written, ...]) -> bytes:
    """Blank the newest three; enough for the ring to show it without an anchor."""
    for back in range(3):
        image = flash_image.erase(image, GEOMETRY, (records[-1].address // 4096 - back) % 8)
    return image


ATTACKS: list[tuple[Callable[[bytes, tuple[Written, ...]], bytes], set[Kind], set[Kind]]] = [  # with the key, without
    (edit, {Kind.EDIT}, set()),
    (edit_summary, {Kind.EDIT}, {Kind.CONTRADICTION}),
    (delete, {Kind.DELETION}, {Kind.DELETION}),
    (delete_and_renumber, {Kind.EDIT, Kind.DELETION}, {Kind.EDIT, Kind.DELETION}),
    (delete_to_the_sectors_end, {Kind.DELETION}, {Kind.DELETION}),
    (swap, {Kind.SWAP}, {Kind.SWAP}),
    (swap_and_renumber, {Kind.EDIT, Kind.SWAP}, {Kind.CONTRADICTION}),  # the filters tell
    (repeat, {Kind.REPEATED, Kind.DELETION}, {Kind.REPEATED, Kind.DELETION}),
    (reseal_one, {Kind.RESEALED}, set()),
    (reseal_all, {Kind.RESEALED}, set()),
    (reseal_all_onward, {Kind.RESEALED}, set()),
    (cut_and_continue, {Kind.CUT_AND_CONTINUED}, set()),
    (foreign, {Kind.FOREIGN}, {Kind.FOREIGN}),
    (mark_as_copy, {Kind.EDIT}, {Kind.EDIT}),
    (flip_a_bit, {Kind.DAMAGE}, {Kind.DAMAGE}),
    (overwrite, {Kind.DAMAGE}, {Kind.DAMAGE}),
    (erase_a_sector, {Kind.MISSING_SECTOR}, {Kind.MISSING_SECTOR}),
    (erase_the_oldest_sector, {Kind.MISSING_SECTOR}, {Kind.MISSING_SECTOR}),
    (spoil_a_header, {Kind.MISSING_SECTOR}, {Kind.MISSING_SECTOR}),
    (spoil_the_newest_header, {Kind.MISSING_SECTOR}, {Kind.MISSING_SECTOR}),
    (edit_a_header, {Kind.EDIT}, {Kind.EDIT}),
    (cut_three_sectors, {Kind.TAIL_CUT}, {Kind.TAIL_CUT}),
]


@pytest.mark.parametrize(("attack", "with_key", "without"), ATTACKS)
def test_attack_is_named(attack: Callable[[bytes, tuple[Written, ...]], bytes], with_key: set[Kind], without: set[Kind]) -> None:
    image, records, _ = wrapped()
    assert check(image).findings == [] == check(image, key=False).findings, "the control"
    attacked = attack(image, records)
    assert attacked != image
    report = check(attacked, geometry=GEOMETRY)
    assert kinds(report) == with_key, report.findings
    assert kinds(check(attacked, key=False, geometry=GEOMETRY)) == without, "without the key"
    for finding in report.findings:
        assert finding.text and finding.address < len(image)


def test_tail_cut_inside_a_sector_shows_by_the_anchor_only() -> None:
    image, records, tags = wrapped()
    last = records[-1].number
    cut = flash_image.cut(image, GEOMETRY, records[-3].address)
    assert check(cut).verdict == "consistent, end not anchored"
    assert kinds(check(cut, (last - 3, tags[last - 3]))) == set()
    for key in (True, False):
        report = check(cut, (last, tags[last]), key=key)
        assert kinds(report) == {Kind.TAIL_CUT_OR_ROLLBACK}
        assert "cut off, or the whole chip was put back" in report.findings[0].text


def test_tail_cut_behind_a_copy_of_the_anchored_record_where_nothing_seals_it() -> None:
    """Without any key: the records behind the third are gone, and the anchored one stands as a copy, with a CRC that fits, in a
    sector that looks as if power went while it was filled. Control: a life that was cut there leaves the very record behind the
    end so, and beyond its torn bytes."""
    writer = trade(Writer(), 3)
    anchored = writer.in_window()[-1]
    anchor = anchored.number, writer.tags[anchored.number]
    for kept in range(2, len(writer.in_window())):
        image = bytearray(writer.chip)
        cut_at = writer.in_window()[kept].address
        image[cut_at : writer.sector_size] = b"\xff" * (writer.sector_size - cut_at)
        header = struct.pack("<4sBBHIII", b"YLJ1", 1, writer.unit.bit_length() - 1, 0, 2, 1, anchored.number + 1)
        copy = b"yl" + anchored.body[2:] + anchored.tag
        for at, data in ((0, header), (writer._padded(24), copy)):
            at += writer.sector_size
            data += struct.pack("<I", crc32(data))
            image[at : at + len(data)] = data
        report = check(image, anchor)
        assert report.anchored == 0 and report.anchors[anchored.number] == "beyond the end" and report.findings, kept
    image[anchored.address : anchored.address + 20] = TORN[:20]
    assert check(image, anchor).anchors[anchored.number] == "matches"


def test_tail_cut_of_sectors_with_the_anchor() -> None:
    image, records, tags = wrapped()
    cut = cut_three_sectors(image, records)
    assert kinds(check(cut, (records[-1].number, tags[records[-1].number]))) == {Kind.TAIL_CUT}


def test_rollback_is_told_from_a_cut_by_the_older_records_behind_the_end() -> None:
    writer = trade(Writer(), 200)
    older, seen = bytes(writer.chip), writer.number
    trade(writer, 150)
    anchor = (writer.number, writer.tags[writer.number])
    assert check(older).verdict == "consistent, end not anchored"
    assert kinds(check(older, anchor)) == kinds(check(older, anchor, key=False)) == {Kind.ROLLBACK}
    assert kinds(check(older, (seen, writer.tags[seen]))) == set()
    assert kinds(check(writer.chip, anchor)) == set()


def test_rollback_then_grown() -> None:
    writer, other = trade(Writer(), 200), trade(Writer(), 200)
    assert writer.chip == other.chip
    before = (writer.number, writer.tags[writer.number])
    trade(writer, 10)
    seen = (writer.number, writer.tags[writer.number])
    other.sale(999)
    trade(other, 20)
    assert check(other.chip, before).verdict.startswith("consistent, anchored up to")
    for key in (True, False):
        report = check(other.chip, before, seen, key=key)
        assert kinds(report) == {Kind.ROLLBACK_THEN_GROWN}
        assert report.anchors == {before[0]: "matches", seen[0]: "differs"}


@pytest.mark.parametrize("unreadable", [0, 40])
def test_records_removed_and_the_terminal_went_on(unreadable: int) -> None:
    writer = trade(Writer(), 200)
    removed = writer.opened[-1].records[-8:]
    writer.cut()
    control = bytes(writer.chip)
    at = removed[0].address
    writer.chip[:] = flash_image.cut(control, GEOMETRY, at)
    writer.opened[-1].end = at
    del writer.opened[-1].records[-8:]
    vault, writer.number = writer.number, removed[0].number - 1
    anchor = (vault, writer.tags[vault])
    writer.cut(b"Y" * unreadable)
    # The page: it goes on with numbers beyond what its vault says, and says in BOOT up to where it could read.
    go_on_from(writer, vault)
    report = check(writer.chip)
    assert kinds(report) == kinds(check(writer.chip, key=False)) == {Kind.CUT_AND_CONTINUED}
    assert kinds(check(writer.chip, anchor)) == {Kind.CUT_AND_CONTINUED}


def go_on_from(writer: Writer, number: int) -> None:
    """The terminal's next life, with numbers behind `number`, though it can read less."""
    left, readable = writer.cut_left or 0, writer.number
    skipped = 1 + left // 33 if left else 0
    boot = struct.pack("<I", readable)
    put_original = writer._put

    def put_with_the_honest_after(kind: int, payload: bytes) -> None:
        put_original(kind, payload[:12] + boot + payload[16:] if kind == 14 else payload)

    writer.number = max(readable, number - skipped)
    writer._put = put_with_the_honest_after  # type: ignore[method-assign]
    writer.sale()


def test_an_anchor_that_a_boot_left_out() -> None:
    writer = trade(Writer(unit=1), 30)
    writer.cut(b"\0" * 300)
    last = writer.number
    trade(writer, 5)
    assert_clean(writer)
    report = check(writer.chip, (last + 2, b"\1" * 8))
    assert kinds(report) == {Kind.CUT_AND_CONTINUED} and report.anchors == {last + 2: "left out"}


def test_a_number_step_without_boot_in_a_closed_journal() -> None:
    """Cut to a record and continued with the right key for each number: the new SUMMARY saw the earlier end."""
    writer = trade(Writer(), 200)
    writer.number += 40
    writer.open_sector()
    assert kinds(check(writer.chip)) == kinds(check(writer.chip, key=False)) == {Kind.CUT_AND_CONTINUED}


def test_wrong_key_epoch_or_terminal() -> None:
    image, _, _ = wrapped()
    assert kinds(verify(image, None, bytes(32), TERMINAL, EPOCH)) == {Kind.WRONG_KEY}
    assert kinds(verify(image, None, ROOT, TERMINAL, EPOCH + 1)) == {Kind.WRONG_KEY}
    assert kinds(verify(image, None, ROOT, "10000002", EPOCH)) == {Kind.FOREIGN}
    assert kinds(verify(image, terminal="10000002")) == {Kind.FOREIGN}
    with pytest.raises(ValueError, match="needs"):
        verify(image, key=ROOT)


def test_erased_chip_is_no_consistent_journal() -> None:
    blank = b"\xff" * 32768
    assert kinds(check(blank)) == kinds(check(blank, geometry=GEOMETRY)) == {Kind.MISSING_SECTOR}
    assert check(blank).geometry is None and check(blank).as_json()["geometry"] is None
    overwritten = bytes(range(256)) * 128
    for image, geometry in ((blank, None), (blank, GEOMETRY), (bytes(32768), None), (overwritten, None)):
        report = check(image, (5, bytes(8)), (3, bytes(8)), geometry=geometry)
        assert kinds(report) == {Kind.WIPED} and report.anchors == {3: "gone", 5: "gone"} and not report.anchored
    for no_chip in (overwritten, blank[:-1], b""):
        with pytest.raises(GeometryError, match="no sector header"):
            check(no_chip)
    with pytest.raises(GeometryError, match="no sector header"):
        check(overwritten[:-1], (5, bytes(8)))  # no whole sectors: any file, and not a chip


def test_copies_removed_or_changed() -> None:
    writer = trade(Writer(), 300)
    sector = writer.opened[-2]
    copy = next(record for record in sector.records if record.copy)
    assert_clean(writer)
    image = bytes(writer.chip)
    changed = put(image, copy, edited(copy))
    assert kinds(check(changed)) == {Kind.EDIT}
    pieces = [image[r.address : r.address + r.size] for r in sector.records if r is not copy]
    assert kinds(check(flash_image._refilled(image, GEOMETRY, sector.index, pieces))) == {Kind.EDIT, Kind.DELETION}


def whole_copies(writer: Writer, place: int) -> tuple[list[bytes], list[Written], Sector]:
    """The pieces of a sector, its copies, and the sector; place: -1 the newest."""
    sector = writer.opened[place]
    pieces = [bytes(writer.chip[r.address : r.address + r.size]) for r in sector.records]
    return pieces, [record for record in sector.records if record.copy], sector


@pytest.mark.parametrize("place", [-1, -2], ids=["newest", "closed"])
@pytest.mark.parametrize("what", ["taken away", "another one in its place", "put in", "swapped"])
def test_the_set_of_copies_is_sealed(what: str, place: int) -> None:
    """Who can write the chip, and has genuine records of it, takes away a refund whose sale has left the window."""
    writer = trade(Writer(), 300)
    assert_clean(writer)
    pieces, copies, sector = whole_copies(writer, place)
    refund = next(at for at, record in enumerate(copies) if record.type == REFUND)
    other = next(at for at, record in enumerate(copies) if record.size == copies[refund].size and at != refund)
    if what == "taken away":
        del pieces[refund]
    elif what == "another one in its place":
        pieces[refund] = pieces[other]
    elif what == "put in":
        pieces.insert(refund, pieces[other])
        if sum(map(len, pieces)) + 24 > GEOMETRY.sector_size:
            del pieces[-1]
    else:
        pieces[refund], pieces[other] = pieces[other], pieces[refund]
    forged = flash_image._refilled(bytes(writer.chip), GEOMETRY, sector.index, pieces)
    found = [finding for finding in check(forged).findings if finding.kind in (Kind.EDIT, Kind.DELETION)]
    assert any("together with the copies before it" in finding.text for finding in found)
    assert found[0].record == next(record.number for record in sector.records if record.type == SUMMARY)
    assert Kind.EDIT not in kinds(verify(forged))  # without the key nobody can tell


def test_copies_that_cannot_be_read_leave_the_seal_of_the_summary_open() -> None:
    writer = trade(Writer(), 300)
    _, copies, _ = whole_copies(writer, -1)
    image = bytearray(writer.chip)
    image[copies[0].address + 20] ^= 1
    report = check(bytes(image))
    assert kinds(report) == {Kind.DAMAGE} and any("was not checked" in finding.text for finding in report.findings)


@pytest.mark.parametrize(
    ("at", "value"),
    [(4, b"\0\0\0\0"), (12, b"\x10\0\0\0"), (16, b"\x40\0\0\0"), (33, b"\xff")],
    ids=["lowest", "used", "before", "filter"],
)
def test_summary_that_lies_under_a_good_seal(at: int, value: bytes) -> None:
    """The mistake of a firmware, or of who has the key: the journal itself contradicts it."""
    writer = trade(Writer(), 300)
    assert_clean(writer)
    assert writer.lowest
    record = next(record for record in writer.in_window()[-60:] if record.type == 13)
    body = record.body[: 13 + at] + value + record.body[13 + at + len(value) :]
    assert body != record.body
    found = check(put(bytes(writer.chip), record, body, writer.seal(body, copied=record.copied)))
    assert Kind.CONTRADICTION in kinds(found) or (at == 12 and found.findings)


def test_address_of_open_business_that_leads_nowhere() -> None:
    writer = trade(Writer(), 20)
    writer.refund(writer.sale(), settle=False)
    writer.cut()
    trade(writer, 3)
    assert_clean(writer)
    record = next(record for record in reversed(writer.in_window()) if record.type == 13)
    body = record.body[:-4] + struct.pack("<I", record.address + 16)
    assert kinds(check(put(bytes(writer.chip), record, body, writer.seal(body, copied=record.copied)))) == {Kind.CONTRADICTION}


def test_copy_that_differs_from_its_record_shows_without_a_key() -> None:
    writer = trade(Writer(), 40)
    writer.cut()
    writer.sale()
    assert_clean(writer)
    copy = next(record for record in writer.opened[-1].records if record.copy)
    changed = put(bytes(writer.chip), copy, edited(copy))
    assert kinds(check(changed)) == kinds(check(changed, key=False)) == {Kind.EDIT}


def test_sectors_in_each_others_place_are_a_swap() -> None:
    """Their headers are not sealed, so who swaps two sequences can make the CRCs fit."""
    writer = trade(Writer(), 300)
    one, other = writer.opened[-2], writer.opened[-4]
    image = bytes(writer.chip)
    for sector, sequence in ((one, other.sequence), (other, one.sequence)):
        at = sector.index * 4096
        header = image[at : at + 8] + struct.pack("<I", sequence) + image[at + 12 : at + 20]
        image = image[:at] + header + struct.pack("<I", crc32(header)) + image[at + 24 :]
    report = check(image)
    assert Kind.SWAP in kinds(report) and Kind.DELETION not in kinds(report)


def test_swap_names_both_records() -> None:
    image, records, _ = wrapped()
    (finding,) = check(swap(image, records)).findings
    assert "stand in each other's place" in finding.text and str(middle(records).number) in finding.text


def test_one_flipped_bit_is_told_from_a_clumsy_hand() -> None:
    image, records, _ = wrapped()
    assert "and its seal is whole" in check(flip_a_bit(image, records)).findings[0].text
    assert "unreadable" in check(overwrite(image, records)).findings[0].text
    number = middle(records).number
    assert check(overwrite(image, records)).findings[0].record == number


# The chip's shape, speed


def test_geometry_is_found_from_little() -> None:
    writer = Writer(sectors=8, sector_size=16384, unit=32)
    writer.sale()
    assert find_geometry(bytes(writer.chip)) == (16384, 32, 8)
    assert find_geometry(b"\xff" * 65536, 16384, 4) == (16384, 4, 4)
    for size, unit in ((5000, 4), (16384, 3), (65536, 1)):
        with pytest.raises(GeometryError):
            find_geometry(b"\xff" * 65536, size, unit)


def test_a_hundred_thousand_records_in_seconds() -> None:
    writer = Writer(sectors=256, sector_size=65536, unit=16)
    while writer.number < 100_000:
        writer.sale()
    started = time.monotonic()
    report = check(writer.chip)
    assert report.findings == [] and report.records > 99_000
    assert time.monotonic() - started < 20  # 2 on a desk; a machine may be busy


@pytest.mark.parametrize(
    ("at", "content", "seen"),
    [(12, b"\x99\x00\x00\x00", False), (16, b"\x01\x00\x00\x00", True), (6, b"\x01\x00", True), (8, b"\x01\x00\x00\x00", True)],
    ids=["erases", "first", "flags", "sequence"],
)
def test_of_a_header_erases_alone_is_not_sealed_by_what_stands_behind_it(at: int, content: bytes, seen: bool) -> None:
    """As docs/journal-verify.md says of what it cannot tell; the other fields are the control."""
    writer = trade(Writer(), 300)
    assert_clean(writer)
    start = writer.opened[-2].index * writer.sector_size
    head = bytearray(writer.chip[start : start + 20])
    head[at : at + len(content)] = content
    writer.chip[start : start + 24] = bytes(head) + struct.pack("<I", crc32(head))
    report = check(writer.chip, (writer.number, writer.tags[writer.number]), geometry=GEOMETRY)
    assert bool(report.findings) is seen
