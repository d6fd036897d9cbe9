"""Signed settings over a technician's line: shown, agreed to, brought, and refused where they would cost something."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emulator.child import InProcess
from emulator.clerk import Clerk
from emulator.shop import Shop
from host_tools.yuanluctl import authority, settings
from host_tools.yuanluctl.bundles import Bundle
from host_tools.yuanluctl.carry import Carrier
from host_tools.yuanluctl.journal.layout import CONFIG, TECHNICIAN, Geometry, Record
from host_tools.yuanluctl.journal.ledger import every_record
from host_tools.yuanluctl.journal.reader import read_journal
from host_tools.yuanluctl.outcome import LOSES_MONEY, USAGE, Trouble
from host_tools.yuanluctl.service import Session
from tests.host.service_line import Technician, queue_a_refund
from yuanlu.wire import service as wire

Agree = Callable[[list[settings.Change]], bool]


@pytest.fixture
def technician() -> Iterator[Technician]:
    """At a terminal that runs in this process."""
    shop = Shop(real=False, child=InProcess)
    shop.terminal.power_on()
    shop.world.run(1000)
    yield Technician(shop)
    assert not [line for line in shop.terminal.log if "failed" in line or "stopped" in line], shop.terminal.log
    shop.close()


def signed(shop: Shop, bundle: Bundle) -> Bundle:
    """By that shop's authority."""
    return bundle.signed(authority.signing_key(shop.authority_key))


def following(at: Shop, **changes: Any) -> Bundle:
    """The next version, with changes."""
    return signed(at, settings.following(at.bundle, {**at.settings, **changes}, 20261127, "Lin"))


def records(shop: Shop, record_type: int) -> list[Record]:
    """Those of the journal."""
    flash = shop.terminal.flash
    journal = read_journal(bytes(flash.data), Geometry(flash.sector_size, flash.unit, flash.sectors))
    return [record for record in every_record(journal) if record.type == record_type]


def restart(shop: Shop) -> None:
    """Power goes and comes."""
    shop.terminal.power_off()
    shop.terminal.power_on()
    shop.world.run(1000)


def test_settings_are_read_pushed_and_count_after_a_start(technician: Technician) -> None:
    shop, shown = technician.shop, list[Any]()
    carrier = Carrier(technician.come_in(wire.CONFIG))
    assert carrier.settings() == shop.bundle.to_bytes()
    bundle = following(shop, limit_operator=10_000)
    assert settings.push(carrier, bundle, lambda changes: not shown.append(changes)) == shown[0]  # type: ignore[func-returns-value]
    assert [(change.name, change.before, change.after) for change in shown[0]] == [("limit_operator", 30_000, 10_000)]
    assert carrier.settings() == bundle.to_bytes() and settings.push(carrier, bundle, lambda changes: True) is None
    assert [record.value("about") for record in records(shop, TECHNICIAN) if record.value("command") == wire.INSTALL] == [2]
    assert records(shop, CONFIG) == []
    restart(shop)
    assert [(record.value("version"), record.fields["digest"]) for record in records(shop, CONFIG)] == [(2, bundle.digest)]


def test_an_upload_goes_on_after_the_cable_was_out_and_another_file_begins_anew(technician: Technician) -> None:
    shop = technician.shop
    content, other = following(shop, shop="好店").to_bytes(), following(shop, limit_operator=1).to_bytes()
    session = technician.come_in(wire.CONFIG)
    Carrier(session)._here(content, session.command(wire.BRING, bytes(4) + content[:300]))
    technician.session = Session(technician.cable)
    counted = _Counting(technician.come_in(wire.CONFIG))
    Carrier(counted).install(content)
    assert counted.brought == len(content) - 300
    counted.command(wire.BRING, bytes(4) + content[:300])
    with pytest.raises(Trouble, match="not above 2"):
        Carrier(counted).install(other)
    assert counted.brought == len(content) + len(other)
    assert Carrier(counted).settings() == content


class _Counting(Session):
    """Counts what is brought through a session that is open."""

    def __init__(self, session: Session) -> None:
        self.__dict__.update(session.__dict__)
        self.brought = 0

    def command(self, command: int, given: bytes = b"") -> bytes:
        self.brought += len(given) - 4 if command == wire.BRING else 0
        return super().command(command, given)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"merchant": "YUANLU000000002"}, "'merchant' changed while transaction"),
        ({"mac": "sm4", "query": 0}, "'mac'"),
        ({"epoch": 2}, "another terminal or epoch"),
        ({"limit_operator": 1}, ""),
    ],
)
def test_L5_settings_under_which_an_open_refund_could_not_end_are_refused(
    technician: Technician, changes: dict[str, Any], told: str
) -> None:
    """Control: others are taken while it is open."""
    shop = technician.shop
    queue_a_refund(shop)
    carrier = Carrier(technician.come_in(wire.CONFIG))
    before = bytes(shop.terminal.shelf.data)
    if not told:
        carrier.install(following(shop, **changes).to_bytes())
        assert bytes(shop.terminal.shelf.data) != before
        return
    with pytest.raises(Trouble, match=told) as caught:
        carrier.install(following(shop, **changes).to_bytes())
    assert (caught.value.name, caught.value.exit) == ("refused", LOSES_MONEY)
    assert bytes(shop.terminal.shelf.data) == before


def test_L5_settings_that_do_not_fit_what_became_open_meanwhile_wait_until_it_is_settled(technician: Technician) -> None:
    """Pushed while nothing was open, under another merchant; then a refund waits for the line, and power goes."""
    shop, clerk = technician.shop, Clerk(technician.shop)
    clerk.start_sale(12_300)
    clerk.see("消费成功")
    clerk.back_to_menu()
    Carrier(technician.come_in(wire.CONFIG)).install(following(shop, merchant="YUANLU000000002").to_bytes())
    shop.terminal.plug_network(False)
    clerk.start_refund(1000)
    clerk.back_to_menu()
    restart(shop)
    assert technician.come_in(wire.DIAG).status()["config"] == 1
    assert [line for line in shop.terminal.log if "settings 2: config: 'merchant' changed" in line] and not records(shop, CONFIG)
    shop.terminal.plug_network(True)
    shop.world.run(60_000)
    assert technician.session.status()["waiting"] == [] and shop.count_money() == []
    restart(shop)
    assert technician.come_in(wire.DIAG).status()["config"] == 2
    assert [record.value("version") for record in records(shop, CONFIG)] == [2]


def test_L5_newer_settings_never_take_the_place_of_those_in_force_where_what_waits_could_not_end_what_opens(
    technician: Technician,
) -> None:
    """Two places: with others for another merchant waiting and a third over those in force, a refund that opens before the start
    would find neither, and the terminal would not start. Control: where what waits fits, the third is taken."""
    shop, clerk = technician.shop, Clerk(technician.shop)
    clerk.start_sale(12_300)
    clerk.see("消费成功")
    clerk.back_to_menu()
    carrier = Carrier(technician.come_in(wire.CONFIG))
    second = following(shop, merchant="YUANLU000000002")
    carrier.install(second.to_bytes())
    third = signed(shop, settings.following(second, {**second.settings(), "limit_operator": 1}, 20261127, "Lin"))
    with pytest.raises(Trouble, match="settings_wait") as caught:
        carrier.install(third.to_bytes())
    assert caught.value.exit == LOSES_MONEY and "restart" in caught.value.hint("en")
    shop.terminal.plug_network(False)
    clerk.start_refund(1000)
    clerk.back_to_menu()
    restart(shop)
    assert technician.come_in(wire.DIAG).status()["config"] == 1
    shop.terminal.plug_network(True)
    shop.world.run(60_000)
    restart(shop)
    session = technician.come_in(wire.DIAG | wire.CONFIG)
    assert session.status()["config"] == 2 and shop.count_money() == []
    Carrier(session).install(third.to_bytes())
    fourth = signed(shop, settings.following(third, {**third.settings(), "limit_operator": 2}, 20261127, "Lin"))
    Carrier(session).install(fourth.to_bytes())
    restart(shop)
    assert technician.come_in(wire.DIAG).status()["config"] == 4


def test_settings_of_another_terminal_say_whose_they_are(technician: Technician) -> None:
    """To push and to roll back alike; nothing is agreed to or written. Control: its own are taken."""
    shop, asked = technician.shop, list[Any]()
    carrier = Carrier(technician.come_in(wire.CONFIG))
    before = bytes(shop.terminal.shelf.data)
    other = signed(shop, settings.following(shop.bundle, {**shop.settings, "terminal": "YL000009"}, 20261127, "Lin"))
    for bring in (
        lambda: settings.push(carrier, other, lambda changes: not asked.append(changes)),  # type: ignore[func-returns-value]
        lambda: settings.rollback(carrier, other, 20261127, "Lin", lambda bundle: signed(shop, bundle), lambda changes: True),
    ):
        with pytest.raises(Trouble) as caught:
            bring()
        assert (caught.value.name, caught.value.exit) == ("other_terminal", USAGE)
        assert "for terminal YL000009, the one that is connected is YL000001" in caught.value.text("en")
    assert not asked and bytes(shop.terminal.shelf.data) == before
    assert settings.push(carrier, following(shop, limit_operator=1), lambda changes: True)


def test_during_an_exchange_nothing_is_installed(technician: Technician) -> None:
    """Control: after it, the same bytes are."""
    shop, clerk = technician.shop, Clerk(technician.shop)
    content = following(shop, limit_operator=1).to_bytes()
    carrier = Carrier(technician.come_in(wire.CONFIG))
    shop.acquirer.set_mood("silent")
    clerk.start_sale(12_300)
    shop.world.run(2000)
    with pytest.raises(Trouble, match="exchange") as caught:
        carrier.install(content)
    assert caught.value.exit == LOSES_MONEY and shop.terminal.shelf.operations == 2
    shop.acquirer.set_mood("normal")
    shop.world.run(300_000)
    carrier.install(content)
    assert carrier.settings() == content


def test_what_the_authority_did_not_sign_is_refused_and_nothing_is_written(technician: Technician) -> None:
    shop = technician.shop
    carrier = Carrier(technician.come_in(wire.CONFIG))
    before = bytes(shop.terminal.shelf.data)
    good = following(shop, limit_operator=1)
    flipped = bytearray(good.to_bytes())
    flipped[-5] ^= 1
    for content in (good.signed(bytes(32)).to_bytes(), bytes(flipped), good.to_bytes()[:-1], b"{}"):
        with pytest.raises(Trouble, match="refused"):
            carrier.install(content)
    with pytest.raises(Trouble, match="protocol"):
        carrier.install(bytes(9000))
    assert bytes(shop.terminal.shelf.data) == before
