"""A terminal goes out of use over a technician's line, on real MicroPython: nothing of it is left, and no cut brings it back."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from struct import pack
from typing import Any, cast

import pytest

from emulator.clerk import Clerk
from emulator.lines.cable import Cable
from emulator.parts import vault
from emulator.parts.flash import TEARS
from emulator.parts.reader import TRAY
from emulator.shop import Shop
from host_tools.yuanluctl import erase, image
from host_tools.yuanluctl.erase import Head
from host_tools.yuanluctl.hdlc import Deframer
from host_tools.yuanluctl.live import LiveTerminal
from host_tools.yuanluctl.outcome import FINDINGS, LOSES_MONEY, OTHER_VERSION, Trouble
from host_tools.yuanluctl.service import Session
from tests.conftest import ROOT
from tests.host.hostile_terminal import TERMINAL, HostileTerminal
from tests.host.journal_writer import Writer
from tests.host.kept_chips import run
from tests.host.new_firmware import Laptop
from tests.host.service_line import Technician
from tests.host.test_journal_verify import trade
from tests.host.test_live import Bench
from tests.journeys.leaks import found
from yuanlu.wire import service as wire

KEPT = (28, 29, 30, 31)  # of the vault: which firmware is in force, and the mark


def work(shop: Shop) -> None:
    """A sale, a part of it given back, some training, the batch closed."""
    clerk = Clerk(shop)
    clerk.start_sale(12_300)
    clerk.see("消费成功")
    clerk.back_to_menu()
    clerk.start_refund(1000)
    clerk.see("退")
    clerk.back_to_menu()


def close_batch(shop: Shop) -> None:
    """At the keypad."""
    clerk = Clerk(shop)
    clerk.pick("结算")
    clerk.press("ENTER")
    clerk.see("结算完成")
    clerk.back_to_menu()


def at_a_shop(firmware: Path, **settings: Any) -> Iterator[Technician]:
    """With a terminal that has worked."""
    shop = Shop(real=False, firmware=firmware, **settings)
    shop.terminal.power_on()
    shop.world.run(1000)
    technician = Technician(shop)
    technician.answers_at_keypad = ["ENTER", "ENTER"]
    if settings.get("login"):
        Clerk(shop).log_in(8)
    work(shop)
    yield technician
    assert not [line for line in shop.terminal.log if "failed" in line or "stopped" in line], shop.terminal.log
    shop.close()


@pytest.fixture
def technician() -> Iterator[Technician]:
    yield from at_a_shop(ROOT / "build/firmware")


@pytest.fixture
def staffed() -> Iterator[Technician]:
    """Where people log in."""
    yield from at_a_shop(ROOT / "build/firmware", login=1)


def head_of(technician: Technician, folder: Path) -> Head:
    """As if the journal had been pulled now."""
    path = folder / "chip.img"
    path.write_bytes(bytes(technician.shop.terminal.flash.data))
    return erase.head_of(path, "YL000001")


def erased(technician: Technician, head: Head) -> None:
    """By the verb's own work; Trouble."""
    laptop = Laptop(technician)
    erase.erase(cast(LiveTerminal, laptop), head, lambda seconds: technician.shop.world.run(int(seconds * 1000)))


def trouble(call: Any, *given: Any) -> Trouble:
    """The Trouble that it ends with."""
    with pytest.raises(Trouble) as caught:
        call(*given)
    return caught.value


def chips(shop: Shop) -> dict[str, bytes]:
    """All that somebody could read who opens the case."""
    terminal = shop.terminal
    flash = {"journal": terminal.flash, "training": terminal.training, "settings": terminal.shelf, "firmware": terminal.slots}
    kept = {f"vault {place}": data for place, data in terminal.vault.slots.items()}
    return {name: bytes(chip.data) for name, chip in flash.items()} | kept


def secrets(shop: Shop) -> dict[str, bytes | str]:
    """What must not stay: keys and PIN tables, whole and in pieces; what the journal has of a card; numbers of the acquirer."""
    told: dict[str, bytes | str] = {}
    for place, data in shop.terminal.vault.slots.items():
        for at in range(0, len(data) - 15, 16):
            piece = data[at : at + 16]
            if place not in KEPT and len(set(piece)) > 4:  # a row that nobody uses is zeros
                told[f"vault {place} at {at}"] = piece
    card = TRAY["unionpay"].number
    told["first 6 and last 4"] = card[:6] + card[-4:]
    for one in shop.terminal_ledger():
        if one["rrn"].strip():
            told[f"RRN of {one['number']}"] = one["rrn"]
    told["the shop's name"] = str(shop.settings["shop"]).encode()
    return told


def left(shop: Shop) -> list[str]:
    """Where something stands that is not blank."""
    blank = {"journal": 0xFF, "training": 0xFF, "settings": 0xFF}
    places = {name: data for name, data in chips(shop).items() if name not in [f"vault {kept}" for kept in KEPT]}
    places.pop("firmware")
    return sorted(name for name, data in places.items() if any(byte != blank.get(name, 0) for byte in data))


def test_L5_erased_on_a_supervisors_word_and_nothing_is_left(staffed: Technician, tmp_path: Path) -> None:
    shop = staffed.shop
    close_batch(shop)
    head, sought = head_of(staffed, tmp_path), secrets(shop)
    before = found(chips(shop), sought)
    assert len(sought) > 60 and len({line.split(" in ")[0] for line in before}) == len(sought), "control: all of it is there"
    staffed.answers_at_keypad = ["ENTER", "ENTER", "8", "ENTER", *shop.pins[8], "ENTER"]
    erased(staffed, head)
    assert found(chips(shop), sought) == [] and left(shop) == []
    assert "终端已停用" in shop.terminal.screen.text and "YL000001" in shop.terminal.screen.text
    hello = staffed.session.hello()[0]
    assert (hello.terminal, hello.busy) == (b"YL000001", wire.ERASED) and hello.number > head.number
    assert trouble(staffed.come_in, wire.DIAG).name == "out_of_use"


def test_an_erased_terminal_takes_nothing_and_sends_nothing(technician: Technician, tmp_path: Path) -> None:
    shop = technician.shop
    close_batch(shop)
    erased(technician, head_of(technician, tmp_path))
    messages = len(shop.acquirer.events)
    for _ in range(2):
        for key in "1 ENTER 5 0 0 ENTER 2 ENTER CANCEL LANG 3 ENTER 6 ENTER LANG".split():
            shop.terminal.press(key)
            shop.world.run(500)
        shop.terminal.present("unionpay")
        shop.plug_serial(True)  # a bridge
        shop.world.run(3_600_000)
        assert "终端已停用" in shop.terminal.screen.text
        shop.terminal.power_off()
        shop.terminal.power_on()
        shop.world.run(1000)
    assert len(shop.acquirer.events) == messages and left(shop) == []
    assert not [line for line in shop.terminal.log if "ready" in line][1:]


def test_refused_in_words_and_the_shop_goes_on(technician: Technician, tmp_path: Path) -> None:
    shop = technician.shop
    head = head_of(technician, tmp_path)
    refusal = trouble(erased, technician, head)
    assert (refusal.exit, refusal.about[1]) == (LOSES_MONEY, "erase_batch")
    shop.terminal.plug_network(False)
    clerk = Clerk(shop)
    clerk.start_refund(500)
    clerk.back_to_menu()
    assert trouble(erased, technician, head_of(technician, tmp_path)).about[1] == "erase_open"
    shop.terminal.plug_network(True)
    shop.world.run(60_000)
    close_batch(shop)
    assert trouble(erased, technician, head).about[1] == "erase_newer"
    assert trouble(erased, technician, Head(head.number, bytes(8))).about[1] == "erase_newer"
    clerk.start_sale(700)
    clerk.see("消费成功")
    clerk.back_to_menu()
    assert shop.count_money() == [] and len(shop.booked()) == 4


def test_who_says_no_at_the_keypad_keeps_it(technician: Technician, tmp_path: Path) -> None:
    shop = technician.shop
    close_batch(shop)
    head = head_of(technician, tmp_path)
    for keys in (["CANCEL"], ["ENTER", "CANCEL"], ["ENTER"]):
        technician.answers_at_keypad = keys
        assert trouble(erased, technician, head).name == "no_consent", keys
        if keys == ["ENTER"]:
            assert "永久停用" in shop.terminal.screen.text, "what is lost is told before"
        shop.world.run(70_000)
    assert technician.session.hello()[0].busy != wire.ERASED


def test_a_ticket_for_all_the_rest_does_not_erase(technician: Technician, tmp_path: Path) -> None:
    close_batch(technician.shop)
    head = head_of(technician, tmp_path)
    technician.answers_at_keypad = ["ENTER", "ENTER"]  # two pages of rights
    session = technician.come_in(wire.ALL & ~wire.WIPE)
    assert trouble(session.command, wire.ERASE, pack("<I8s", *head)).name == "not_allowed"


def test_L5_a_cut_anywhere_ends_in_service_or_erased(technician: Technician, tmp_path: Path) -> None:
    """A sample; every operation: tests/shared/test_erasure.py."""
    shop, draw = technician.shop, random.Random(7)
    close_batch(shop)
    terminal, head = shop.terminal, head_of(technician, tmp_path)
    regions = (terminal.flash, terminal.training, terminal.shelf)
    images = [region.copy() for region in regions]
    places = dict(terminal.vault.slots)
    ends = set()
    for tear in sorted(TEARS) * 3:
        part: Any = draw.choice([terminal.vault, terminal.vault, *regions])
        part.cut = (part.operations + draw.randrange(1, 70 if part is terminal.vault else 12), tear)
        try:
            erased(technician, head)
        except Trouble:
            pass
        for region in (*regions, terminal.vault):
            region.cut = None
        terminal.power_off()
        terminal.power_on()
        shop.world.run(2000)
        is_gone = "终端已停用" in terminal.screen.text
        ends.add(is_gone)
        if is_gone:
            assert left(shop) == [], tear
        else:
            assert "1 消费" in terminal.screen.text and shop.count_money() == [], (tear, terminal.screen.text)
        terminal.power_off()
        for region, kept in zip(regions, images, strict=True):
            region.put_back(kept)
        terminal.vault.slots = dict(places)
        terminal.power_on()
        shop.world.run(2000)
        technician = Technician(shop)
        technician.answers_at_keypad = ["ENTER", "ENTER"]
        technician.session.timeout = 2
    assert ends == {True, False}


def test_control_a_firmware_that_leaves_a_key_is_found(tmp_path: Path) -> None:
    firmware = image.build(tmp_path / "firmware", ROOT / "tests/broken/keeps-a-key")
    for technician in at_a_shop(firmware):
        shop = technician.shop
        close_batch(shop)
        sought = secrets(shop)
        erased(technician, head_of(technician, tmp_path))
        assert left(shop) == [f"vault {vault.SERVICE_KEY}"]
        assert {line.split(" at ")[0] for line in found(chips(shop), sought)} == {f"vault {vault.SERVICE_KEY}"}


def test_a_file_that_is_not_the_whole_journal_is_not_taken(technician: Technician, tmp_path: Path) -> None:
    head_of(technician, tmp_path)
    path = tmp_path / "chip.img"
    whole = path.read_bytes()
    assert trouble(erase.head_of, path, "YL000002").name == "not_whole"
    draw = random.Random(3)
    used = [at for at in range(64, len(whole)) if whole[at] != 0xFF][:-60]  # what is torn at the end is no damage
    for at in draw.sample(used, 20):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        found = trouble(erase.head_of, path, "YL000001")
        assert (found.name, found.exit) == ("not_whole", LOSES_MONEY), at
    path.write_bytes(b"\xff" * len(whole))
    assert trouble(erase.head_of, path, "YL000001").name == "not_whole"
    path.write_bytes(b"no journal")
    assert trouble(erase.head_of, path, "YL000001").name == "not_whole"


# ---- the verb, over real ports


def press(bench: Bench, keys: str, seen: str) -> None:
    """At the keypad, until that is on the screen."""
    for key in keys.split():
        bench.shop.world.call(partial(bench.shop.terminal.press, key))
        time.sleep(0.3)
    until = time.monotonic() + 20
    while seen not in bench.shop.terminal.screen.text:
        assert time.monotonic() < until, bench.shop.terminal.screen.text
        time.sleep(0.1)


@pytest.mark.parametrize("over", ["tcp", "pty"])
def test_the_verb_erases_a_terminal(over: str, tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    try:
        target = bench.target
        if over == "pty":
            target = bench.shop.terminal.serial.open_pty()
            bench.shop.terminal.serial.plugged = True
        chip = str(tmp_path / "chip.img")
        words = ["wipe", "--journal", chip]
        bench.run("journal", "pull", "-o", chip, keys="ENTER", target=target)
        for how in (["--yes"], ["--dry-run"]):
            told = bench.run(*words, *how, keys="ENTER", target=target, code=8)["error"]
            assert told["code"] == "refused" and "erase_batch" in told["message"], how
        press(bench, "6 ENTER", "结算完成")
        press(bench, "ENTER", "1 消费")
        told = bench.run(*words, "--yes", keys="ENTER", target=target, code=8)["error"]
        assert "erase_newer" in told["message"]
        assert bench.run(*words, "--dry-run", target=target, code=FINDINGS)["outcome"] == "newer"
        newer = str(tmp_path / "newer.img")
        bench.run("journal", "pull", "-o", newer, keys="ENTER", target=target)
        words = ["wipe", "--journal", newer]
        assert bench.run(*words, "--dry-run", target=target)["outcome"] == "would"
        assert bench.run(*words, "--yes", keys="ENTER", target=target)["outcome"] == "erased"
        assert left(bench.shop) == []
        assert bench.run(*words, "--yes", target=target, code=FINDINGS)["outcome"] == "says_erased", "it has no key to prove it"
        assert bench.run("ping", target=target)["out_of_use"] is True
        assert bench.run("status", target=target, code=OTHER_VERSION)["error"]["code"] == "out_of_use"
    finally:
        bench.close()


def test_a_stranger_who_says_that_it_is_erased_proves_nothing(tmp_path: Path) -> None:
    """No key, no terminal: the journal is looked at all the same, and no exit code 0 comes of it."""
    stranger = HostileTerminal(lambda command, given: None, busy=wire.ERASED)
    try:
        words = ("wipe", "--yes", "-t", stranger.target, "--timeout", "1", "--journal")
        (tmp_path / "chip.img").write_bytes(bytes(trade(Writer(terminal=TERMINAL), 6).chip))
        assert run(*words, tmp_path / "none.img").exit_code == 2, "no such file"
        (tmp_path / "bad.img").write_bytes(b"no journal")
        assert run(*words, tmp_path / "bad.img").exit_code == LOSES_MONEY
        done = run(*words, tmp_path / "chip.img", "--json")
        assert done.exit_code == FINDINGS and '"outcome": "says_erased"' in done.stdout, done.output
        assert "nobody can prove it" in run(*words, tmp_path / "chip.img").stdout
    finally:
        stranger.close()


class NoAnswers:
    """A cable that brings nothing back from the first answer to a command on; see service.Line."""

    name = "cable"

    def __init__(self, cable: Cable) -> None:
        self.cable, self.frames, self.lost = cable, Deframer(), False
        self.write, self.now = cable.write, cable.now

    def read(self, seconds: float) -> bytes:
        data = self.cable.read(seconds)
        self.lost = self.lost or wire.ANSWER in [found.kind for found in self.frames.feed(data)]
        return b"" if self.lost else data


@pytest.mark.parametrize("answers", [True, False])
def test_a_terminal_whose_word_was_lost_only_says_that_it_is_erased(
    technician: Technician, tmp_path: Path, answers: bool
) -> None:
    """It did what was agreed to; nobody can prove it any more. Control: where its answer came it is proved."""
    shop = technician.shop
    close_batch(shop)
    head = head_of(technician, tmp_path)
    if not answers:
        technician.session = Session(NoAnswers(technician.cable))
    laptop = cast(LiveTerminal, Laptop(technician))
    proved = erase.erase(laptop, head, lambda seconds: shop.world.run(int(seconds * 1000)))
    assert proved is answers and left(shop) == []
