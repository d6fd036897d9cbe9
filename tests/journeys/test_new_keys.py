"""A key that was injected, on real MicroPython: money moves under it, and what went under the one before has come to its end."""

from __future__ import annotations

from collections.abc import Iterator
from struct import pack

import pytest

from emulator.clerk import Clerk
from emulator.control import BadCommand, Control
from emulator.shop import SETTLED
from host_tools.yuanluctl import transport_keys
from host_tools.yuanluctl.outcome import Trouble
from tests.conftest import FIRMWARE
from tests.host.service_line import Technician, on_the_line
from yuanlu.wire import service as wire

pytestmark = pytest.mark.micropython
KEY, KEY_ID = bytes(range(50, 66)), bytes.fromhex("A1B2C3D4E5F60718")
MINUTE = 60_000


@pytest.fixture
def technician() -> Iterator[Technician]:
    """In a shop whose acquirer answers a repeat with its first answer."""
    with on_the_line(FIRMWARE) as somebody:
        yield somebody


def inject(technician: Technician) -> str:
    """The check value, or why not."""
    block = transport_keys.wrap(technician.shop.transport_key, KEY, KEY_ID, 1)
    try:
        return technician.come_in(wire.KEYLOAD).command(wire.INJECT, block.encode()).decode()
    except Trouble as caught:
        return str(caught.about[-1])


def sell(clerk: Clerk, fen: int) -> None:
    clerk.start_sale(fen)
    clerk.see("消费成功")
    clerk.back_to_menu()


def keys_used(technician: Technician) -> list[str]:
    """Of each message with money that the acquirer heard: its type, and the id of its key."""
    shown = [(event["mti"], event["fields"].get("57", {}).get("02", "")) for event in technician.shop.acquirer.events]
    return [f"{mti} {key.split()[1].rstrip(',')}" for mti, key in shown if mti in ("0200", "0220", "0400") and key]


def states(technician: Technician) -> list[str]:
    return [row["state"] for row in technician.shop.terminal_ledger()]


def test_L2_L4_money_moves_under_the_new_key_and_what_went_under_the_old_one_is_settled(technician: Technician):
    shop, clerk = technician.shop, Clerk(technician.shop)
    sell(clerk, 12_300)
    old = keys_used(technician)[0].split()[1]
    shop.acquirer.set_mood("loses")
    clerk.start_refund(1000)
    shop.world.run(1000)
    shop.terminal.power_off()  # the clerk does not wait for it
    shop.terminal.power_on()
    clerk.see("原路退款终端")
    assert states(technician) == ["done", "unknown"]
    assert inject(technician) == "keys_open", "a repeat has to go under the key it was made with"
    shop.acquirer.set_mood("normal")
    clerk.settle(MINUTE)
    assert states(technician) == ["done", "done"], "its answer came under the old key"
    control = Control(shop)
    for odd in ({"key_id": "A1", "key": KEY.hex()}, {"key_id": KEY_ID.hex(), "key": "no hex"}, {"key_id": 7, "key": KEY.hex()}):
        with pytest.raises(BadCommand, match="give_key"):
            control.do({"do": "give_key", **odd})
    control.do({"do": "give_key", "key_id": KEY_ID.hex(), "key": KEY.hex()})
    assert inject(technician) == transport_keys.check_value(KEY)
    before = keys_used(technician)
    assert {used.split()[1] for used in before} == {old} and len(before) > 2, "repeats went under it too"
    sell(clerk, 4500)
    for fen, sale in ((2000, 1), (700, 2)):  # of the sale under the new key, and of the one under the old
        clerk.start_refund(fen, sale)
        clerk.settle(MINUTE)
        clerk.back_to_menu()
    assert [used.split()[1] for used in keys_used(technician)[len(before) :]] == [KEY_ID.hex()] * 3
    clerk.press("6 ENTER")
    clerk.see("账平")
    clerk.back_to_menu()
    assert states(technician) == ["done"] * 5 and shop.count_money() == []
    assert shop.acquirer.ledger.alarms == []
    assert sorted(booked["amount"] for booked in shop.acquirer.ledger.money("refund").values()) == [700, 1000, 2000]


def test_control_under_a_key_that_the_acquirer_does_not_know_nothing_is_done(technician: Technician):
    shop, clerk = technician.shop, Clerk(technician.shop)
    sell(clerk, 12_300)
    assert inject(technician) == transport_keys.check_value(KEY)
    clerk.start_refund(1000)
    shop.world.run(20 * MINUTE)
    assert states(technician) == ["done", "parked"]
    assert shop.count_money() == [] and not shop.acquirer.ledger.money("refund")
    assert "parked" not in SETTLED, "it stands on the list"
    shop.acquirer.give_key(shop.id, KEY_ID, KEY)
    clerk.back_to_menu()
    number = shop.terminal_ledger()[1]["number"]
    technician.come_in(wire.RESOLVE).command(wire.AGAIN, pack("<I", int(number[-8:])) + b"CASE 7")
    clerk.settle(MINUTE)
    assert states(technician) == ["done", "done"] and shop.count_money() == [], "by a person's word, once its key is known"
