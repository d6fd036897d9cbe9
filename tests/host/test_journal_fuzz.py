"""The verifier on journals and damage that chance makes: honest ones are clean, no damage is missed, nothing makes it fail."""

from __future__ import annotations

import functools
import json

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from host_tools.yuanluctl import flash_image
from host_tools.yuanluctl.journal.layout import Geometry
from host_tools.yuanluctl.journal.report import Anchor
from host_tools.yuanluctl.journal.verify import verify
from tests.host.journal_writer import EPOCH, ROOT, TERMINAL, Writer
from tests.host.test_journal_verify import check, put, trade

# The same examples each time, so that a failure is there again; no shrinking of what is slow to make.
FEW = settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
MANY = settings(FEW, max_examples=150, phases=[Phase.explicit, Phase.generate])
CHIPS = [(8, 4096, 1), (4, 4096, 16), (8, 4096, 32), (16, 4096, 4), (3, 65536, 256), (6, 16384, 8)]
GEOMETRY = Geometry(4096, 16, 8)


@functools.cache
def journal() -> Writer:
    """With copies, open business, and two power cuts, one torn."""
    writer = trade(Writer(), 200)
    writer.refund(writer.sale(), settle=False)
    writer.cut(b"YL\x40" + bytes(30))
    trade(writer, 25)
    writer.cut()
    return trade(writer, 30)


@FEW
@given(st.sampled_from(CHIPS), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1 << 16)), max_size=120))
def test_honest_journals_are_clean(chip: tuple[int, int, int], deeds: list[tuple[int, int]]) -> None:
    writer = Writer(*chip)
    writer.sale()
    for deed, chance in deeds * 3:
        if deed < 6:
            writer.sale()
        elif deed == 6:
            writer.refund(writer.sale())
        elif deed == 7 and len(writer.open_business) < 2:
            writer.refund(writer.sale(), settle=False)
        elif deed == 7:
            writer.settle(min(writer.open_business))
        elif deed == 8 and writer.cut_left is None:
            last = writer.opened[-1].records[-1]
            room = (writer.opened[-1].index + 1) * writer.sector_size - writer.opened[-1].end
            written = bytes(writer.chip[last.address : last.address + len(last.body) + 10])
            writer.cut(written[: min(chance % len(written), room)])
        elif deed == 9 and writer.cut_left is None:
            writer.cut()
            if chance % 2:
                writer.open_sector(give_up_after=chance % 5)
    assert check(writer.chip).findings == []
    assert check(writer.chip, (writer.number, writer.tags[writer.number]), key=False).findings == []


@MANY
@given(st.integers(0, 8 * 4096 - 1), st.integers(0, 7))
def test_every_flipped_bit_of_the_window_is_seen(address: int, bit: int) -> None:
    writer = journal()
    assert check(writer.chip).findings == []
    newest = writer.opened[-1]
    sector = next(one for one in writer.opened if one.index == address // 4096)
    if sector.sequence <= newest.sequence - writer.window:
        return  # free, whatever it says
    last = newest.records[-1]
    torn = {place.address for place in check(writer.chip).torn}
    report = check(flash_image.flip(bytes(writer.chip), address, bit), geometry=GEOMETRY)
    cut_sectors = {place // 4096 for place in torn}
    if address >= last.address and address // 4096 == newest.index:
        assert report.findings or len(report.torn) > len(torn)  # at the very end it may look like a torn write
    elif sector.index in cut_sectors and address >= sector.used:
        assert report.findings or report.torn  # in what a power cut tore
    elif address < sector.used or writer.chip[address] == 0xFF:
        after_cut = address >= sector.used
        assert report.findings or (after_cut and report.torn)


@MANY
@given(st.integers(0, 10_000), st.integers(5, 1000), st.integers(1, 255))
def test_every_edit_with_the_crc_made_to_fit_is_found(which: int, place: int, change: int) -> None:
    writer = journal()
    newest = writer.opened[-1].sequence
    records = [r for s in writer.opened if newest - writer.window < s.sequence for r in s.records]
    record = records[which % len(records)]
    content = bytearray(record.body + record.tag)
    at = 4 + place % (len(content) - 4)  # not the magic and the length
    content[at] ^= change
    body, tag = bytes(content[: len(record.body)]), bytes(content[len(record.body) :])
    assert check(put(bytes(writer.chip), record, body, tag), geometry=GEOMETRY).findings


WOUND = st.tuples(st.integers(0, 8 * 4096 - 1), st.integers(0, 8 * 4096 - 1), st.integers(0, 400), st.binary(max_size=40))


@MANY
@given(st.lists(WOUND, min_size=1, max_size=12), st.integers(0, 3))
def test_nothing_makes_it_fail(wounds: list[tuple[int, int, int, bytes]], sectors: int) -> None:
    """Random bytes, and pieces of the journal in other places, also whole sectors."""
    image = bytearray(journal().chip)
    for to, source, length, noise in wounds:
        piece = noise or image[source : source + length]
        image[to : to + len(piece)] = piece
        if sectors:
            start, end = to // 4096 * 4096, source // 4096 * 4096
            image[start : start + 4096] = image[end : end + 4096]
    image = image[: 8 * 4096]
    assert_answers(bytes(image))


@MANY
@given(st.binary(max_size=300), st.integers(0, 300), st.sampled_from([b"", b"\xff", b"YL", b"yl\x08\x00", b"YLJ1\x01\x04\0\0"]))
def test_random_images(noise: bytes, times: int, filler: bytes) -> None:
    assert_answers(((noise + filler) * (times + 1) + b"\xff" * 32768)[:32768])


def assert_answers(image: bytes) -> None:
    """A report in words and for programs, with everything given and with nothing."""
    anchors = [Anchor(number, bytes(8)) for number in (1, 300, 4_000_000_000)]
    for report in (verify(image, GEOMETRY), verify(image, GEOMETRY, ROOT, TERMINAL, EPOCH, anchors)):
        assert report.verdict and json.loads(json.dumps(report.as_json()))["verdict"] == report.verdict
    flash_image.draw(image, GEOMETRY)
