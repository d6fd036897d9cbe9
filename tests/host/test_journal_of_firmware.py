"""The verifier against what the firmware itself writes: honest lives of a shop, cut anywhere, pass without a word.

The firmware runs in this process; the verifier has the root key, and the acquirer's anchor where there is one.
"""

from __future__ import annotations

import hmac
import random
import struct
from collections.abc import Callable
from zlib import crc32

import pytest

from emulator.child import InProcess
from emulator.parts.flash import TEARS, Flash
from emulator.shop import TERMINAL, Shop
from host_tools.yuanluctl.journal.layout import SUMMARY, Geometry, Record
from host_tools.yuanluctl.journal.reader import read_journal
from host_tools.yuanluctl.journal.report import Anchor, Kind, Report
from host_tools.yuanluctl.journal.seal import Keys, first_key
from host_tools.yuanluctl.journal.verify import verify

CHIPS = [(4, 4096, 16), (6, 4096, 256), (8, 4096, 1), (16, 4096, 32), (3, 65536, 16)]
MENU = "原路退款终端"


class Hands:
    """A shop on one chip and who works there; `cuts` counts the lives that ended in the middle of an operation."""

    def __init__(self, chip: tuple[int, int, int], seed: int) -> None:
        self.chance = random.Random(f"{chip} {seed}")
        self.geometry = Geometry(chip[1], chip[2], chip[0])
        flash = Flash(*chip)
        self.shop = Shop(real=False, kind=self.chance.choice("abcd"), seed=seed, flash=flash, child=InProcess)
        self.terminal = self.shop.terminal
        self.cuts = 0

    def power_on(self) -> bool:
        """Whether it came to the menu."""
        self.terminal.power_on()
        self._wait(lambda: MENU in self.terminal.screen.text, 20_000)
        return self.terminal.is_on

    def power_off(self) -> None:
        """And nothing is cut any more."""
        self.cuts += not self.terminal.is_on
        self.terminal.power_off()
        self.terminal.flash.cut = self.terminal.vault.cut = None

    def sell(self) -> None:
        """One sale, as far as power lasts."""
        self._press("1", *"1000", "ENTER")
        if self.terminal.is_on:
            self.terminal.present("unionpay")
        self._wait(lambda: False, 3000)
        self._press("ENTER")

    def work(self, times: int) -> None:
        """A sale, then sales and refunds, some with the cable pulled, while there is power."""
        self.sell()
        for _ in range(times):
            self.terminal.plug_network(self.chance.random() < 0.75)
            if self.chance.random() < 0.5:
                self.sell()
            else:
                self._press("2", str(self.chance.randrange(1, 4)), "1", "1", "ENTER", "ENTER")
                self._wait(lambda: False, self.chance.choice((300, 2500, 6000)))
            self._press("ENTER", "CANCEL", "CANCEL")

    def _press(self, *keys: str) -> None:
        for key in keys:
            if self.terminal.is_on:
                self.terminal.press(key)
                self._wait(lambda: False, 60)

    def _wait(self, seen: Callable[[], bool], ms: int) -> None:
        self.shop.world.run_until(lambda: not self.terminal.is_on or seen(), ms)

    def image(self) -> bytes:
        """Of its chip."""
        return bytes(self.terminal.flash.data)

    def check(self) -> Report:
        """What the verifier says with the root key, the chip's shape and the acquirer's anchor, where there is one."""
        return check(self, self.image())


def check(shop: Hands, image: bytes) -> Report:
    """The same of another image."""
    known = shop.shop.acquirer.anchor(TERMINAL)
    number, _, tag = (known or "").partition(":")
    anchors = [Anchor(int(number), bytes.fromhex(tag))] if known else []
    return verify(image, shop.geometry, shop.shop.journal_root_key, TERMINAL, 1, anchors)


def lives(chip: tuple[int, int, int], count: int, cuts: bool) -> tuple[Hands, list[Report]]:
    """So many lives on one chip, and what was found after each; the first is never cut, so that there is a sale to refund."""
    hands, reports = Hands(chip, count), []
    for life in range(count):
        part = hands.terminal.vault if hands.chance.random() < 0.15 else hands.terminal.flash
        if life and cuts:
            part.cut = (part.operations + hands.chance.randrange(1, 16), hands.chance.choice(list(TEARS)))
        if hands.power_on():
            hands.work(2 if life else 5)
        reports.append(hands.check())
        hands.power_off()
        reports.append(hands.check())
    return hands, reports


@pytest.mark.parametrize("cuts", [True, False], ids=["cut", "switched off"])
@pytest.mark.parametrize("chip", CHIPS, ids=str)
def test_honest_lives_pass_without_a_word(chip: tuple[int, int, int], cuts: bool) -> None:
    hands, reports = lives(chip, 10 if cuts else 4, cuts)
    try:
        assert [report.findings for report in reports if report.findings] == []
        assert any(report.anchored for report in reports)  # not all: in a small ring its record leaves soon
        kinds = {row["kind"] for row in hands.shop.terminal_ledger() if row["state"] == "done"}
        assert "sale" in kinds and len(kinds) > 1, "sales and refunds or voids"
        assert hands.cuts >= 4 if cuts else hands.cuts == 0
        assert hands.shop.count_money() == []
    finally:
        hands.shop.close()


def test_a_sale_whose_slip_is_owed_and_which_a_refund_rests_on_is_named_twice() -> None:
    """No paper for the sale, no line for its refund; then a new life opens a sector."""
    hands = Hands((6, 4096, 16), 1)
    try:
        hands.power_on()
        hands.terminal.paper_in = False
        hands.sell()
        hands.terminal.plug_network(False)
        hands._press("2", "1", "1", "1", "ENTER", "ENTER", "ENTER")
        hands.power_off()
        hands.power_on()
        hands._press("2", "1", "1", "2", "ENTER", "ENTER", "ENTER")
        journal = read_journal(hands.image(), hands.geometry)
        content = journal.summary_of(journal.counted[-1])
        assert content and len(content.addresses) > len(set(content.addresses)), "it is named twice"
        assert hands.check().findings == []
    finally:
        hands.shop.close()


@pytest.mark.parametrize("tear", ["none", "half", "done"])
@pytest.mark.parametrize("life", [0, 1])
def test_a_life_cut_at_each_step_of_its_opening(life: int, tear: str) -> None:
    """Also between its SUMMARY and its BOOT, and twice in a row."""
    without_boot = 0
    for step in range(1, 7):
        hands = Hands((6, 4096, 16), step)
        try:
            for _ in range(life):
                hands.power_on()
                hands.sell()
                hands.power_off()
            for _ in range(2):
                hands.power_on()
                hands.terminal.flash.cut = (hands.terminal.flash.operations + step, tear)
                hands.sell()
                hands.power_off()
            hands.power_on()
            hands.sell()
            report = hands.check()
            assert report.findings == [], f"step {step}"
            sectors = read_journal(hands.image(), hands.geometry).counted
            without_boot += any([one.type for one in sector.originals] == [SUMMARY] for sector in sectors)
        finally:
            hands.shop.close()
    assert without_boot, "no cut fell between SUMMARY and BOOT"


def put(image: bytes, record: Record, written: bytes, tag: bytes) -> bytes:
    """Other bytes in the record's place, the CRC made right."""
    content = written + tag
    content += struct.pack("<I", crc32(content))
    return image[: record.address] + content + image[record.address + len(content) :]


def edited(record: Record) -> bytes:
    """Its bytes with one of the payload changed."""
    return record.written[:22] + bytes([record.written[22] ^ 1]) + record.written[23:]


def test_control_one_edited_byte_is_found_in_each_record() -> None:
    hands, reports = lives((8, 4096, 1), 6, cuts=True)
    hands.shop.close()
    assert reports[-1].findings == []
    image, sectors = hands.image(), read_journal(hands.image(), hands.geometry).counted
    records = [record for sector in sectors for record in sector.originals if image[record.address : record.address + 2] == b"YL"]
    assert len(records) > 20
    for record in records:
        found = {finding.kind for finding in check(hands, put(image, record, edited(record), record.tag)).findings}
        assert Kind.EDIT in found, record


def test_the_weak_last_record_counts_by_its_copy() -> None:
    """It reads otherwise once the next life has copied it: whatever stands there then, the journal has it."""
    hands = Hands((6, 4096, 16), 1)
    try:
        hands.power_on()
        hands.sell()
        hands.power_off()
        (sector,) = read_journal(hands.image(), hands.geometry).counted
        last = sector.originals[-1]
        hands.power_on()
        hands.sell()
        whole, image = hands.check(), hands.image()
        for weak in (bytes(last.size), b"\xff" * last.size, image[last.address : last.address + 20] + bytes(last.size - 20)):
            report = check(hands, image[: last.address] + weak + image[last.end :])
            assert report.findings == [] and report.records == whole.records
        (copy,) = [one for one in read_journal(image, hands.geometry).newest.copies if one.number == last.number]  # type: ignore[union-attr]
        both = image[: last.address] + bytes(last.size) + image[last.end : copy.address] + bytes(copy.size) + image[copy.end :]
        assert check(hands, both).findings, "the control: without the copy it is missed"
    finally:
        hands.shop.close()


def test_cut_and_continued_stays_that_after_the_terminal_has_gone_on() -> None:
    """Who has the vault writes the end anew with later keys; the terminal cannot tell and goes on behind it."""
    hands, _ = lives((8, 4096, 16), 3, cuts=False)
    try:
        image, flash = hands.image(), hands.terminal.flash
        records = [record for sector in read_journal(image, hands.geometry).counted for record in sector.originals]
        keys = Keys(first_key(hands.shop.journal_root_key, TERMINAL, 1))
        for place, record in enumerate(records[-8:]):
            tag = hmac.digest(keys[records[-1].number + place], record.written, "sha256")[:8]
            image = put(image, record, record.written, tag)
        for lives_after in range(3):
            assert {finding.kind for finding in check(hands, image).findings} == {Kind.CUT_AND_CONTINUED}, lives_after
            flash.put_back((image, bytes(flash.programmed)))
            hands.power_on()
            hands.sell()
            hands.power_off()
            image = hands.image()
    finally:
        hands.shop.close()
