"""A fence that cannot be read, on real MicroPython: a word of the authority opens it once (docs/handover.md)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from host_tools.yuanluctl import handover, image
from host_tools.yuanluctl.journal.layout import Geometry
from host_tools.yuanluctl.journal.verify import verify
from host_tools.yuanluctl.outcome import Trouble
from tests.conftest import FIRMWARE, ROOT
from tests.host.service_line import Technician, on_the_line, queue_a_refund
from yuanlu.store.fence import PLACES
from yuanlu.wire import service as wire


def lose_fence(technician: Technician) -> None:
    """Both places rot while power is away."""
    terminal = technician.shop.terminal
    terminal.power_off()
    for place in PLACES:
        terminal.vault.slots[place] = b"rotten"
    terminal.power_on()
    technician.shop.world.run(1000)


def owner(technician: Technician) -> tuple[int, int]:
    """(standing, number or epoch)."""
    told = handover.OWNER.unpack(technician.come_in(wire.HANDOVER).command(wire.OWNER))
    return told[0], told[1]


def mend(technician: Technician, word: bytes) -> str:
    """The name of the Trouble; '' where it opens."""
    try:
        technician.come_in(wire.HANDOVER).command(wire.MEND, word)
        return ""
    except Trouble as trouble:
        return str(trouble.about[1])


def an_old_word_again(technician: Technician) -> str:
    """What it is told after a second loss."""
    shop = technician.shop
    queue_a_refund(shop)
    lose_fence(technician)
    shop.terminal.plug_network(True)
    shop.world.run(60_000)
    assert [row["state"] for row in shop.terminal_ledger()] == ["done", "queued"], "it is shut"
    standing, number = owner(technician)
    assert standing == handover.LOST
    word = handover.word_of_lost_fence(shop.authority_key, "YL000001", number, int(time.time()))
    assert mend(technician, word) == ""
    shop.world.run(60_000)
    assert [row["state"] for row in shop.terminal_ledger()] == ["done", "done"] and shop.count_money() == []
    lose_fence(technician)
    return mend(technician, word)


def test_L9_a_word_opens_a_lost_fence_once() -> None:
    with on_the_line(FIRMWARE) as technician:
        assert an_old_word_again(technician) == "handover_warrant"
        technician.shop.world.run(1000)
        assert "移交" in technician.shop.terminal.screen.text
        flash, root = technician.shop.terminal.flash, technician.shop.journal_root_key
        geometry = Geometry(flash.sector_size, flash.unit, flash.sectors)
        assert not verify(bytes(flash.data), geometry, root, "YL000001", 1).findings


def test_control_a_firmware_that_takes_any_word_is_found(tmp_path: Path) -> None:
    firmware = image.build(tmp_path / "firmware", ROOT / "tests/broken/any-word")
    with on_the_line(firmware) as technician, pytest.raises(AssertionError):
        assert an_old_word_again(technician) == "handover_warrant"
