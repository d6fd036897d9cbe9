"""New firmware over a technician's line, on real MicroPython: refused where it must be, tried, confirmed, taken back."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from emulator.clerk import Clerk
from emulator.parts.flash import TEARS
from emulator.shop import Shop
from host_tools.yuanluctl import image
from host_tools.yuanluctl.outcome import LOSES_MONEY, OTHER_VERSION, Trouble
from host_tools.yuanluctl.service import Session
from tests.conftest import ROOT
from tests.host.new_firmware import TYPES, built, signed, upgrade_of
from tests.host.service_line import Technician, queue_a_refund
from yuanlu.wire import service as wire


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The image of version 0.2.0."""
    return built(tmp_path_factory.mktemp("new"), "0.2.0")


@pytest.fixture
def technician() -> Iterator[Technician]:
    """At a shop where a refund waits since the network is out."""
    shop = Shop(real=False)
    shop.terminal.power_on()
    shop.world.run(1000)
    queue_a_refund(shop)
    yield Technician(shop)
    shop.close()


def states(shop: Shop) -> list[str]:
    """Of what is not settled."""
    return [row["state"] for row in shop.terminal_ledger() if row["state"] not in ("done", "withdrawn")]


def running(technician: Technician) -> str:
    """What the terminal says it runs."""
    return technician.session.hello()[0].firmware.rstrip(b"\0").decode()


def power_cycle(shop: Shop) -> None:
    shop.terminal.power_off()
    shop.terminal.power_on()
    shop.world.run(1000)


def the_refund_is_sent_once(shop: Shop) -> None:
    shop.terminal.plug_network(True)
    shop.world.run(60_000)
    assert states(shop) == [] and shop.count_money() == []
    assert list(shop.acquirer.ledger.money("refund").values()) == [{"amount": 1000, "times": 1}]


def test_L5_firmware_is_brought_tried_and_confirmed_and_the_queue_outlives_it(technician: Technician, new: bytes) -> None:
    shop, upgrade = technician.shop, upgrade_of(technician)
    bundle = signed(shop, new)
    upgrade.fits(bundle)
    assert upgrade.bring(bundle) == len(new)
    shop.terminal.plug_network(True)  # on trial nothing is sent all the same
    shop.terminal.plug_network(False)
    upgrade.install(bundle)
    assert running(technician) == "0.2.0" and "程序 0.2.0" in shop.terminal.screen.text
    shop.terminal.plug_network(True)
    shop.world.run(60_000)
    assert states(shop) == ["queued"], "on trial no money moves"
    for key in ("1", "ENTER", "2", "ENTER"):
        shop.terminal.press(key)
    shop.world.run(1000)
    assert "程序 0.2.0" in shop.terminal.screen.text
    assert upgrade.self_test() == [(name, True) for name in ("file", "settings", "journal", "tables", "keys")]
    upgrade.confirm()
    the_refund_is_sent_once(shop)
    power_cycle(shop)
    assert running(technician) == "0.2.0" and "1 消费" in shop.terminal.screen.text
    with pytest.raises(Trouble, match=r"0\.2\.0 is below 0\.2\.1"):
        upgrade_of(technician).fits(bundle)


def test_on_trial_a_technician_decides_nothing_about_money(technician: Technician, new: bytes) -> None:
    upgrade = upgrade_of(technician)
    bundle = signed(technician.shop, new)
    upgrade.bring(bundle)
    upgrade.install(bundle)
    technician.answers_at_keypad = ["ENTER"] * 3  # to what all the rights are, and to what one of them erases
    session = technician.come_in(wire.ALL)
    session.status()
    for command, given in (
        (wire.HOLD, b"case 1"),
        (wire.TIME, bytes(8)),
        (wire.WITHDRAW, bytes(4)),
        (wire.INSTALL, b""),
        (wire.ERASE, bytes(12)),
    ):
        with pytest.raises(Trouble, match="on_trial"):
            session.command(command, given)
    with pytest.raises(Trouble, match="on_trial"):
        upgrade.bring(bundle)


@pytest.mark.parametrize("how", ["power", "ten minutes", "rollback", "rollback before it started"])
def test_what_is_not_confirmed_is_gone(technician: Technician, new: bytes, how: str) -> None:
    shop, upgrade = technician.shop, upgrade_of(technician)
    bundle = signed(shop, new)
    upgrade.bring(bundle)
    if how == "rollback before it started":
        upgrade.session.command(wire.FIRMWARE_INSTALL, bundle.to_bytes()[:248])
        assert upgrade.info()["trial"] == 1
        upgrade.back()
        power_cycle(shop)
    else:
        upgrade.install(bundle)
        assert running(technician) == "0.2.0"
        if how == "power":
            power_cycle(shop)
        elif how == "rollback":
            upgrade.back()
        else:
            shop.world.run(601_000)
    assert running(technician) == "0.1.0"
    with pytest.raises(Trouble, match="no_trial"):
        upgrade_of(technician).confirm()
    the_refund_is_sent_once(shop)


def test_control_a_loader_that_does_not_mark_a_trial_never_goes_back(new: bytes, tmp_path: Path) -> None:
    """So the test above shows that the mark counts."""
    firmware = image.build(tmp_path / "firmware", ROOT / "tests" / "broken" / "tries-for-ever")
    shop = Shop(real=False, firmware=firmware)
    shop.terminal.power_on()
    shop.world.run(1000)
    technician = Technician(shop)
    upgrade = upgrade_of(technician)
    bundle = signed(shop, new)
    upgrade.bring(bundle)
    upgrade.install(bundle)
    power_cycle(shop)
    assert running(technician) == "0.2.0"
    shop.close()


def test_firmware_that_dies_or_does_not_begin_is_gone_at_once(technician: Technician, new: bytes, tmp_path: Path) -> None:
    shop = technician.shop
    for content in (built(tmp_path, "0.3.0", "def main(board):\n    raise ValueError\n"), b"no ROM image" * 100):
        upgrade = upgrade_of(technician)
        bundle = signed(shop, content, "0.3.0")
        upgrade.bring(bundle)
        with pytest.raises(Trouble) as caught:
            upgrade.install(bundle)
        assert (caught.value.name, caught.value.exit) == ("went_back", OTHER_VERSION)
    upgrade = upgrade_of(technician)
    upgrade.bring(signed(shop, new))
    upgrade.install(signed(shop, new))  # control
    upgrade.confirm()


def test_what_fails_its_self_test_is_not_confirmed(technician: Technician, tmp_path: Path) -> None:
    """Control: with the step as it is, it is confirmed (test_L5_...)."""
    unsound = built(tmp_path, "0.3.0", "def _tables(till, slots):\n    return False\n", "service/firmware.py")
    upgrade = upgrade_of(technician)
    bundle = signed(technician.shop, unsound, "0.3.0")
    upgrade.bring(bundle)
    upgrade.install(bundle)
    assert [name for name, passed in upgrade.self_test() if not passed] == ["tables"]
    with pytest.raises(Trouble, match="self_test") as caught:
        upgrade.confirm()
    assert caught.value.exit == LOSES_MONEY
    upgrade.back()
    assert running(technician) == "0.1.0"
    the_refund_is_sent_once(technician.shop)


def test_what_a_terminal_must_not_take_is_refused_and_nothing_changes(technician: Technician, new: bytes) -> None:
    """Control: the first is taken (test_L5_...)."""
    shop = technician.shop
    small = b"small" * 200
    good = signed(shop, small)
    upgrade = upgrade_of(technician)
    by_manifest = {
        "is below 0.1.1": signed(shop, small, "0.1.0"),
        "whole journal": signed(shop, small, journal=2),
        "cannot read": signed(shop, small, types=TYPES & ~(1 << 21)),
        "larger than": signed(shop, bytes(400_000)),
    }
    for told, bundle in by_manifest.items():
        with pytest.raises(Trouble, match=told) as caught:
            upgrade.fits(bundle)
        assert (caught.value.name, caught.value.exit) == ("refused", LOSES_MONEY)
    with pytest.raises(Trouble) as caught:
        upgrade.fits(signed(shop, small, target="rp2"))
    assert (caught.value.name, caught.value.exit) == ("wrong_board", OTHER_VERSION)
    upgrade.bring(good)
    vault = dict(shop.terminal.vault.slots)
    for told, front in {
        "not signed": replace(good, signature=bytes(64)).to_bytes()[:248],
        "not signed by": good.signed(bytes(32)).to_bytes()[:248],
        "for rp2": signed(shop, small, target="rp2").to_bytes()[:248],
        "not what was signed": signed(shop, small[:-1] + b"?").to_bytes()[:248],
        "is below": signed(shop, small, "0.1.0").to_bytes()[:248],
        "another kind": shop.bundle.to_bytes()[:248],
    }.items():
        with pytest.raises(Trouble, match=told) as caught:
            upgrade.session.command(wire.FIRMWARE_INSTALL, front)
        assert caught.value.exit == LOSES_MONEY
    kept = {place: data for place, data in shop.terminal.vault.slots.items() if place in (28, 29)}
    assert kept == {place: data for place, data in vault.items() if place in (28, 29)} == {}
    the_refund_is_sent_once(shop)


def test_nothing_below_the_highest_least_is_taken_ever_after(technician: Technician, new: bytes) -> None:
    shop, upgrade = technician.shop, upgrade_of(technician)
    bundle = signed(shop, new, least=0x00050000)
    upgrade.bring(bundle)
    upgrade.install(bundle)
    upgrade.confirm()
    with pytest.raises(Trouble, match=r"0\.4\.0 is below 0\.5\.0"):
        upgrade.fits(signed(shop, b"x", "0.4.0"))
    upgrade.fits(signed(shop, b"x", "0.5.0"))


def test_during_an_exchange_nothing_is_brought_or_installed(new: bytes) -> None:
    """Control: after it, it is; the laptop waits for that by itself."""
    shop = Shop(real=False)
    shop.terminal.power_on()
    shop.world.run(1000)
    technician = Technician(shop)
    upgrade, bundle = upgrade_of(technician), signed(shop, b"small" * 200)
    upgrade.bring(bundle)
    shop.acquirer.set_mood("silent")
    Clerk(shop).start_sale(12_300)
    shop.world.run(1000)
    slots = shop.terminal.slots.operations
    for command, given in (
        (wire.FIRMWARE_BRING, bytes(8)),
        (wire.FIRMWARE_INSTALL, bundle.to_bytes()[:248]),
        (wire.RESTART, b""),
    ):
        with pytest.raises(Trouble, match="exchange") as caught:
            upgrade.session.command(command, given)
        assert caught.value.exit == LOSES_MONEY
    assert shop.terminal.slots.operations == slots
    shop.acquirer.set_mood("normal")
    upgrade.bring(signed(shop, b"other" * 200))
    shop.close()


def test_an_upload_goes_on_after_the_cable_was_out_and_after_a_power_cut(technician: Technician, new: bytes) -> None:
    shop, bundle = technician.shop, signed(technician.shop, new)
    draw, sent, tries = random.Random(4), 0, 0
    while True:
        tries += 1
        technician.session = Session(technician.cable, timeout=1.5)
        technician.cable.line.plugged = True
        if not shop.terminal.is_on:
            power_cycle(shop)
        upgrade = upgrade_of(technician)
        upgrade.session.timeout = 1.5
        stop = draw.randrange(20_000, 100_000)
        if tries % 2:
            upgrade.progress = lambda done, stop=stop: _pull(technician, done, stop)  # type: ignore[misc]
        elif tries < 5:
            shop.terminal.slots.cut = (shop.terminal.slots.operations + draw.randrange(40, 200), draw.choice(list(TEARS)))
        try:
            sent += upgrade.bring(bundle)
            break
        except Trouble as caught:
            assert caught.name in ("silent", "session_over"), caught
            assert tries < 12
        shop.world.run(1000)
    assert tries > 3
    technician.cable.line.plugged = True
    assert upgrade_of(technician).bring(bundle) <= 2 * 4096 + len(new) % 4096, "all of it was there"
    upgrade = upgrade_of(technician)
    upgrade.install(bundle)
    upgrade.confirm()
    assert running(technician) == "0.2.0"
    the_refund_is_sent_once(shop)


def _pull(technician: Technician, done: int, stop: int) -> None:
    if done % 300_000 > stop and done < 200_000:
        technician.cable.line.plugged = False


def test_damaged_firmware_falls_back_to_the_factorys_which_moves_no_money_and_takes_it_anew(
    technician: Technician, new: bytes
) -> None:
    shop, upgrade = technician.shop, upgrade_of(technician)
    bundle = signed(shop, new)
    upgrade.bring(bundle)
    upgrade.install(bundle)
    upgrade.confirm()
    shop.terminal.power_off()
    shop.terminal.slots.data[50_000] ^= 1
    power_cycle(shop)
    assert "程序损坏" in shop.terminal.screen.text and running(technician) == "0.1.0"
    shop.terminal.plug_network(True)
    shop.world.run(700_000)
    assert states(shop) == ["queued"] and "程序损坏" in shop.terminal.screen.text
    upgrade = upgrade_of(technician)
    with pytest.raises(Trouble, match=r"0\.1\.5 is below 0\.2\.0"):
        upgrade.fits(signed(shop, new, "0.1.5"))
    upgrade.fits(bundle)
    upgrade.bring(bundle)
    upgrade.install(bundle)
    upgrade.confirm()
    the_refund_is_sent_once(shop)


def test_a_real_terminal_cut_at_any_moment_of_an_update_runs_one_whole_firmware(new: bytes) -> None:
    """Samples on MicroPython; every operation: tests/shared/test_slots.py."""
    draw = random.Random(6)
    for part, operations in (("slots", (1, 900, 1140)), ("vault", (40, 44, 50, 54))):
        for operation in operations:
            shop = Shop(real=False)
            shop.terminal.power_on()
            shop.world.run(1000)
            queue_a_refund(shop)
            technician = Technician(shop)
            upgrade, bundle = upgrade_of(technician), signed(shop, new)
            if part == "vault":
                upgrade.bring(bundle)
            chip = getattr(shop.terminal, part)
            chip.cut = (chip.operations + operation, draw.choice(list(TEARS)))
            upgrade.session.timeout = 1.5
            try:
                upgrade.bring(bundle)
                upgrade.install(bundle)
                upgrade.confirm()
            except Trouble as caught:
                assert caught.name in ("silent", "session_over", "went_back", "refused"), caught
            chip.cut = None
            power_cycle(shop)
            if "试运行" in shop.terminal.screen.text:
                power_cycle(shop)
            assert running(technician) in ("0.1.0", "0.2.0") and "1 消费" in shop.terminal.screen.text, (part, operation)
            the_refund_is_sent_once(shop)
            shop.close()
