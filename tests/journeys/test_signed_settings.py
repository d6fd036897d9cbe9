"""Signed settings on a running terminal: the newest that its authority signed count, the screen and the journal say which."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from emulator.child import InProcess
from emulator.clerk import Clerk
from emulator.shop import Shop
from emulator.terminal import Terminal
from host_tools.yuanluctl import authority, bundles, settings
from host_tools.yuanluctl.bundles import Bundle
from host_tools.yuanluctl.journal.layout import CONFIG, Geometry, Record
from host_tools.yuanluctl.journal.ledger import every_record
from host_tools.yuanluctl.journal.reader import read_journal
from host_tools.yuanluctl.outcome import Trouble
from yuanlu.errors import BadConfig
from yuanlu.store.shelf import Shelf


@pytest.fixture
def clerk() -> Iterator[Clerk]:
    """At a terminal on MicroPython that is still off."""
    clerk = Clerk(Shop(real=False))
    yield clerk
    clerk.shop.close()


def signed(shop: Shop, bundle: Bundle) -> Bundle:
    """By that shop's authority."""
    return bundle.signed(authority.signing_key(shop.authority_key))


def following(at: Shop, **changes: Any) -> Bundle:
    """The next version, with changes."""
    return signed(at, settings.following(at.bundle, {**at.settings, **changes}, 20261127, "Lin"))


def put(terminal: Terminal, bundle: Bundle) -> None:
    """On the second place, as if it had come over a line."""
    half = len(terminal.shelf.data) // 2
    for address, content in bundles.on_shelf(bundle.to_bytes(), terminal.shelf.unit):
        terminal.shelf.program(half + address, content)


def told(terminal: Terminal) -> list[Record]:
    """The CONFIG records of its journal."""
    flash = terminal.flash
    journal = read_journal(bytes(flash.data), Geometry(flash.sector_size, flash.unit, flash.sectors))
    return [record for record in every_record(journal) if record.type == CONFIG]


def test_the_next_version_counts_after_a_start_and_is_told_once(clerk: Clerk) -> None:
    """T-021, T-037: on real MicroPython, which checks the signature at that start."""
    shop, terminal = clerk.shop, clerk.terminal
    bundle = following(shop, limit_operator=10_000)
    put(terminal, bundle)
    for _ in range(2):
        terminal.power_on()
        clerk.see("原路退款终端", within_ms=9000)
        clerk.press("7 7")
        clerk.see("设置版本 2", "由 Lin 于 2026-11-27 签发")
        (record,) = told(terminal)
        assert (record.value("version"), record.fields["digest"]) == (2, bundle.digest)
        terminal.power_off()


def test_control_what_another_authority_signed_does_not_count(clerk: Clerk) -> None:
    """It is whole and newer."""
    put(clerk.terminal, following(clerk.shop, limit_operator=99_999_999).signed(bytes(32)))
    clerk.terminal.power_on()
    clerk.see("原路退款终端", within_ms=9000)
    clerk.press("7 7")
    clerk.see("设置版本 1", "由 模拟器 于 2026-11-22 签发")
    assert told(clerk.terminal) == []


def test_without_whole_settings_nothing_is_sold_and_the_screen_says_why(clerk: Clerk) -> None:
    clerk.terminal.shelf.data[300] ^= 1
    clerk.terminal.power_on()
    clerk.see("终端设置有误", "none here", within_ms=9000)
    clerk.press("1 1 0 0 ENTER")
    clerk.shop.world.run(5000)
    assert clerk.shop.acquirer.ledger.entries == [] and "终端设置有误" in clerk.terminal.screen.text


class Line:
    """A way to the terminal's own code; over a real one: tests/host/test_carry.py."""

    def __init__(self, shop: Shop, board: Any) -> None:
        self.shop, self.board = shop, board

    def settings(self) -> bytes:
        """Read off its flash."""
        return settings.newest(bytes(self.shop.terminal.shelf.data)).to_bytes()

    def install(self, content: bytes) -> None:
        """As the terminal takes it."""
        Shelf(self.board.shelf(), self.board.vault).take(content)


class Deaf(Line):
    """It says that it took them and did not."""

    def install(self, content: bytes) -> None:
        """Nothing."""


@pytest.fixture
def line() -> Iterator[Line]:
    """To a terminal that runs in this process."""
    children: list[InProcess] = []

    def child(terminal: Terminal) -> InProcess:
        children.append(InProcess(terminal))
        return children[-1]

    shop = Shop(real=False, child=child)
    shop.terminal.power_on()
    shop.world.run(100)
    yield Line(shop, children[0].board)
    shop.close()


def test_settings_are_pushed_and_rolled_back_as_a_new_version(line: Line) -> None:
    shop, shown = line.shop, list[Any]()

    def agree(changes: list[settings.Change]) -> bool:
        shown.append(changes)
        return True

    first = bundles.read(line.settings())
    settings.push(line, following(shop, limit_operator=10_000), agree)
    assert [(change.name, change.before, change.after) for change in shown[0]] == [("limit_operator", 30_000, 10_000)]
    assert bundles.read(line.settings()).version == 2
    settings.rollback(line, first, 20261128, "Wu", lambda bundle: signed(shop, bundle), agree)
    now = bundles.read(line.settings())
    assert (now.version, now.by, now.settings()) == (3, "Wu", first.settings())
    assert [(change.before, change.after) for change in shown[1]] == [(10_000, 30_000)]


def test_a_push_that_is_not_agreed_to_or_does_not_follow_changes_nothing(line: Line) -> None:
    before, shop = line.settings(), line.shop
    assert settings.push(line, following(shop, shop="新"), lambda changes: False) == []
    assert settings.push(line, shop.bundle, lambda changes: True) is None, "it is there already"
    with pytest.raises(Trouble, match="not_following"):
        settings.push(line, signed(shop, bundles.of_settings(shop.settings, 5, 20261127, "Lin")), lambda changes: True)
    with pytest.raises(BadConfig, match="not signed"):
        settings.push(line, following(shop, shop="新").signed(bytes(32)), lambda changes: True)
    assert line.settings() == before


def test_control_a_push_that_was_not_kept_is_told(line: Line) -> None:
    with pytest.raises(Trouble, match="not_kept"):
        settings.push(Deaf(line.shop, line.board), following(line.shop, shop="新"), lambda changes: True)
