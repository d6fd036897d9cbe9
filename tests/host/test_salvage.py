"""`yuanluctl handover salvage`: what is open on a dead terminal, from the image of its chip."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from emulator.clerk import Clerk
from emulator.shop import PASSPHRASE, Shop
from host_tools.yuanluctl import authority, handover
from host_tools.yuanluctl.cli import yuanluctl
from host_tools.yuanluctl.handover import Capsule, read_capsule
from tests.journeys.two_terminals import NAMES, SPARE, Laptop, Two
from yuanlu.wire import service as wire

BATCH = slice(2 + 13, 2 + 17)  # places in a block, behind its type and whether its sale came before it
ANSWER = slice(2 + 51, 2 + 69)  # RRN and approval code
HANDOVER = 12


class Desk:
    """Where the authority is: its key file, and what is brought there of a terminal."""

    def __init__(self, folder: Path, shop: Shop) -> None:
        self.folder, self.shop = folder, shop
        self.key = shop.authority_key
        self.bring(shop)
        (folder / "authority.key").write_bytes(authority.new(PASSPHRASE, self.key))

    def bring(self, shop: Shop) -> None:
        """Chip and settings of that one; the capsule of another is put away, since none is written over."""
        (self.folder / "open.ylh").unlink(missing_ok=True)
        shop.keep(self.folder)

    def run(self, *more: str, code: int = 0, spare: str = SPARE, key: str = "authority.key", settings: str = "") -> Any:
        """What the verb prints as JSON, or its error."""
        words = ["handover", "salvage", str(self.folder / key), "-t", f"image:{self.folder / 'chip.img'}", "--spare", spare]
        words += ["--settings", settings or f"image:{self.folder / 'settings.img'}", "--epoch", str(NAMES.epoch)]
        words += ["-o", str(self.folder / "open.ylh"), *more]
        done = CliRunner().invoke(yuanluctl, [*words, "--json"], env={"LANG": "C", "YUANLU_PASSPHRASE": PASSPHRASE})
        assert done.exit_code == code, (done.output, done.exception)
        return json.loads(done.stdout or done.stderr.splitlines()[-1])


def opened(capsule: Capsule, key: bytes) -> list[bytes]:
    """Its blocks in clear."""
    keys = HKDF(SHA256(), 64, None, b"yuanlu capsule").derive(handover.handover_key(key, capsule.names))
    return [wire.unseal(keys, b"H", index, block) for index, block in enumerate(capsule.blocks)]


@pytest.fixture
def two() -> Iterator[Two]:
    both = Two()
    yield both
    both.close()


def test_the_authority_makes_the_capsule_that_the_terminal_would_have_made(two: Two, tmp_path: Path) -> None:
    """T-070."""
    desk = Desk(tmp_path, two.old)
    told = desk.run()
    assert sorted((one["amount"], one["state"], one["sends"]) for one in told["refunds"]) == [
        (600, "parked", 1),
        (700, "parked", 1),
        (2000, "queued", 0),
        (4300, "queued", 0),
    ]
    assert (told["left"], told["alone"], told["verdict"]) == ([], [], "consistent, end not anchored")
    ours = opened(handover.read_capsule(tmp_path / "open.ylh"), desk.key)
    laptop = Laptop(two)
    laptop.export()
    assert laptop.capsule
    theirs = opened(laptop.capsule, desk.key)
    assert ours[0] == b"\2" + theirs[0][1:], "only the version of the head is another"
    assert len(ours) == len(theirs) == 9
    for one, other in zip(ours[1:], theirs[1:], strict=True):
        if one[0] != HANDOVER:
            assert one == other
            continue
        assert any(one[BATCH]), "parked"
        assert one[: BATCH.start] == other[: BATCH.start] and one[BATCH.stop : ANSWER.start] == other[BATCH.stop : ANSWER.start]
        assert one[ANSWER.stop :] == other[ANSWER.stop :], "the number for life"
    assert sum(block[0] == HANDOVER and not any(block[BATCH]) for block in theirs[1:]) == 2, "control: its own word"


def test_an_anchor_proves_the_end_or_shows_that_it_is_gone(two: Two, tmp_path: Path) -> None:
    desk = Desk(tmp_path, two.old)
    anchor = (tmp_path / "anchor").read_text().strip()
    assert "anchored up to record" in desk.run("--anchor", anchor)["verdict"]
    (tmp_path / "open.ylh").unlink()
    told = desk.run("--anchor", "9000:" + "00" * 8, code=1)
    assert len(told["alone"]) == 4, "what was given back after the image was made is not known: no sale goes along"
    assert len(handover.read_capsule(tmp_path / "open.ylh").blocks) == 1 + 4


def record_of(image: bytes | bytearray, kind: int) -> tuple[int, int]:
    """(address, end of its payload) of the newest record of that type."""
    found = (0, 0)
    for match in re.finditer(b"YL", image):
        at, length = match.start(), int.from_bytes(image[match.start() + 2 : match.start() + 4], "little")
        crc = image[at + 21 + length : at + 25 + length]
        if image[at + 4] == kind and crc32(image[at : at + 21 + length]).to_bytes(4, "little") == crc:
            found = at, at + 13 + length
    assert found[1]
    return found


def test_a_record_with_another_seal_is_refused(two: Two, tmp_path: Path) -> None:
    desk = Desk(tmp_path, two.old)
    image = bytearray((tmp_path / "chip.img").read_bytes())
    at, end = record_of(image, 2)
    image[at + 13 + 9] ^= 1  # the amount
    image[end + 8 : end + 12] = crc32(image[at : end + 8]).to_bytes(4, "little")
    (tmp_path / "chip.img").write_bytes(image)
    assert desk.run(code=8)["error"]["code"] == "not_its_journal"
    assert not (tmp_path / "open.ylh").exists()


def test_where_something_cannot_be_read_all_goes_without_its_sale(two: Two, tmp_path: Path) -> None:
    """The control: whole, each goes with it."""
    desk = Desk(tmp_path, two.old)
    image = bytearray((tmp_path / "chip.img").read_bytes())
    at, _ = record_of(image, 16)  # what was given back in cash, or by card
    image[at + 20] ^= 1
    (tmp_path / "chip.img").write_bytes(image)
    told = desk.run(code=1)
    assert len(told["alone"]) == 4 and "damage" in told["verdict"]
    assert {block[1] for block in opened(handover.read_capsule(tmp_path / "open.ylh"), desk.key)[1:]} == {0}


def test_another_authority_and_another_terminals_settings_are_refused(two: Two, tmp_path: Path) -> None:
    desk = Desk(tmp_path, two.old)
    other = bytes(range(32))
    (tmp_path / "other.key").write_bytes(authority.new(PASSPHRASE, other))
    assert desk.run(key="other.key", code=2)["error"]["code"] == "settings"
    signed = replace(two.old.bundle, signature=b"").signed(authority.signing_key(other))
    (tmp_path / "theirs.yls").write_bytes(signed.to_bytes())
    assert desk.run(key="other.key", settings=str(tmp_path / "theirs.yls"), code=8)["error"]["code"] == "not_its_journal"
    (tmp_path / "spare.yls").write_bytes(two.spare.bundle.to_bytes())
    assert desk.run(settings=str(tmp_path / "spare.yls"), spare="YL000003", code=8)["error"]["code"] == "not_its_journal"
    (tmp_path / "plain").write_text(json.dumps(two.old.settings))
    assert desk.run(settings=str(tmp_path / "plain"), code=2)["error"]["code"] == "settings"
    (tmp_path / "good.yls").write_bytes(two.old.bundle.to_bytes())
    desk.run(settings=str(tmp_path / "good.yls"))


def test_L9_what_was_handed_over_is_salvaged_for_nobody_else(two: Two, tmp_path: Path) -> None:
    desk, laptop = Desk(tmp_path, two.old), Laptop(two)
    laptop.export()
    desk.bring(two.old)
    assert desk.run(spare="YL000003", code=8)["error"]["code"] == "given_away"
    desk.run()  # the spare knows again what it has
    assert laptop.capsule
    with laptop.at(two.spare) as session:
        for block in laptop.capsule.blocks[:5]:
            session.command(wire.IMPORT, NAMES.for_spare + block)
    came = [row["number"] for row in two.spare.terminal_ledger() if not row["brought"]]
    assert 0 < len(came) < 4, "some are here, others not yet"
    desk.bring(two.spare)
    told = desk.run(spare="YL000003", code=1)
    assert told["refunds"] == [] and len(told["left"]) == len(came), "these are the old one's still"
    laptop.bring()
    laptop.finish()
    desk.bring(two.old)
    assert desk.run(code=8)["error"]["code"] == "given_away"


def test_a_sale_that_is_open_stays_for_a_person(tmp_path: Path) -> None:
    shop = Shop(real=False)
    shop.terminal.power_on()
    shop.terminal.cut_when_sent = True
    Clerk(shop).start_sale(1000)
    shop.world.run(1000)
    told = Desk(tmp_path, shop).run(code=1)
    shop.close()
    assert told["refunds"] == [] and [(one["kind"], one["amount"]) for one in told["left"]] == [("sale", 1000)]


def test_for_a_person_it_says_what_goes(two: Two, tmp_path: Path) -> None:
    desk = Desk(tmp_path, two.old)
    words = ["handover", "salvage", str(tmp_path / "authority.key"), "-t", f"image:{tmp_path / 'chip.img'}", "--spare", SPARE]
    words += ["--settings", f"image:{tmp_path / 'settings.img'}", "-o", str(tmp_path / "x")]
    done = CliRunner().invoke(yuanluctl, [*words, "--dry-run"], env={"LANG": "C", "YUANLU_PASSPHRASE": PASSPHRASE})
    assert done.exit_code == 0 and "4 refunds" in done.stdout and "43.00  waits to be sent, sent 0 times" in done.stdout, (
        done.output
    )
    assert not (desk.folder / "x").exists()
    environment = {"LANG": "C", "YUANLU_PASSPHRASE": PASSPHRASE}
    same = CliRunner().invoke(yuanluctl, [word if word != SPARE else two.old.id for word in words], env=environment)
    assert same.exit_code == 2 and "no spare of its own" in same.stderr
    for epoch, code in (("7", 0), ("7", 0), ("8", 8)):  # the same again is written again, as the control
        done = CliRunner().invoke(yuanluctl, [*words, "--epoch", epoch], env={"LANG": "C", "YUANLU_PASSPHRASE": PASSPHRASE})
        assert done.exit_code == code, done.output
    assert "is there already" in done.stderr and read_capsule(desk.folder / "x").names.epoch == 7, "a capsule may be the only one"
