"""Firmware that is brought: whatever power does, one whole firmware starts, and only what was confirmed is in force."""

import sys
from hashlib import sha256
from struct import pack

from parts import NorFlash, PowerCut, Vault, beside, cut_everywhere
from raises import raises
from yuanlu.errors import BadConfig, BadMessage
from yuanlu.store.slots import Slots

sys.path.append(beside("firmware"))
import loader

CPYTHON = sys.implementation.name == "cpython"
CHIPS = ((8, 4096, 16), (8, 4096, 1), (8, 4096, 256), (4, 16384, 32)) if CPYTHON else ((8, 4096, 16),)
PIECE = 768
OLD, NEW = (bytes([first]) + bytes(range(256)) * 35 + b"end" for first in (1, 2))  # longer than two sectors


def front(data, version=0x00020000, lowest=0):
    """Manifest and a signature that nobody looks at here."""
    head = pack("<4sBBH8s8sIIQI", b"YLB1", 2, 1, 1, b"yuanlu", b"emulator", version, lowest, (1 << 24) - 1, 20261127)
    file = pack("<48sI", b"firmware.romfs", len(data)) + sha256(data).digest()
    return head + b"Lin" + bytes(21) + bytes(32) + file + bytes(64)


class TornVault(Vault):
    """Power can go during a store: `cut`: (stores from now on, bytes that come in)."""

    cut = None

    def store(self, place, data):
        if self.cut:
            count, reach = self.cut
            self.cut = (count - 1, reach) if count > 1 else None
            if count == 1:
                self.places[place] = bytes(data)[:reach] + self.places.get(place, b"")[reach:]
                raise PowerCut
        super().store(place, data)


def boot(flash, vault):
    """(the bytes that start, b"" for the factory's; how they stand), with the mark stored first, as a boot ROM does it."""

    def read(address, count):
        data = bytearray(count)
        flash.read_into(address, data)
        return bytes(data)

    places = [vault.load(place) for place in loader.PLACES]
    start, length, standing, mark = loader.choose(places, read, flash.sector_size, flash.sectors // 2)
    if mark:
        vault.store(loader.PLACES[mark[0]], mark[1])
    return (read(start, length) if length else b""), standing


def bring(flash, vault, data, kind=Slots, **manifest):
    """Over the line, whole, and installed."""
    expected = None
    for at in range(0, len(data), PIECE):
        expected = kind(flash, vault).write(at, data[at : at + PIECE], expected)
    kind(flash, vault).install(front(data, **manifest), lambda bundle: None)


def upgrade(flash, vault, data, kind=Slots):
    """Brought, tried, confirmed."""
    bring(flash, vault, data, kind)
    assert boot(flash, vault) == (data, "trial")
    kind(flash, vault).confirm()
    assert boot(flash, vault) == (data, "")


def with_old(chip=CHIPS[0]):
    """A terminal on which OLD is in force, in the first slot."""
    flash, vault = NorFlash(*chip), TornVault()
    upgrade(flash, vault, OLD)
    return flash, vault


def test_firmware_is_brought_tried_and_confirmed_slot_by_slot():
    flash, vault = NorFlash(*CHIPS[0]), TornVault()
    assert boot(flash, vault) == (b"", "")
    for data, slot in ((OLD, 1), (NEW, 2), (OLD, 1)):
        upgrade(flash, vault, data)
        assert Slots(flash, vault).in_force == slot


def test_a_trial_that_is_not_confirmed_ends_with_the_next_start():
    flash, vault = with_old()
    bring(flash, vault, NEW)
    assert boot(flash, vault) == (NEW, "trial")
    for _ in range(3):
        assert boot(flash, vault) == (OLD, "")
    bring(flash, vault, NEW)
    Slots(flash, vault).back()
    assert boot(flash, vault) == (OLD, ""), "taken back before it was started"


def renew(flash, vault):
    upgrade(flash, vault, NEW)


def test_a_cut_at_any_operation_leaves_one_whole_firmware_and_the_next_try_ends_well():
    for chip in CHIPS:
        flash, vault = with_old(chip)
        for where in cut_everywhere(flash, vault, 1 + len(NEW) // 256, renew):
            assert boot(flash, vault) == (OLD, ""), (chip, where)
            renew(flash, vault)


def test_a_cut_while_the_vault_is_written_leaves_one_whole_firmware_too():
    """Stores: on trial, started, confirmed. What runs for good is OLD until the third is whole."""
    for store in (1, 2, 3):
        for reach in (0, 1, 40, 83, 84):
            flash, vault = with_old()
            vault.cut = (store, reach)
            with raises(PowerCut):
                upgrade(flash, vault, NEW)
            told = boot(flash, vault)
            if (store, reach) in ((1, 84), (2, 0), (2, 1), (2, 40), (2, 83)):
                assert told == (NEW, "trial"), "installed, and not started yet"
                told = boot(flash, vault)
            assert told == ((NEW, "") if (store, reach) == (3, 84) else (OLD, "")), (store, reach)


def test_a_first_write_of_the_vault_that_is_torn_leaves_the_factorys():
    for reach in (0, 1, 40, 83):
        flash, vault = NorFlash(*CHIPS[0]), TornVault()
        vault.cut = (1, reach)
        with raises(PowerCut):
            bring(flash, vault, NEW)
        assert boot(flash, vault) == (b"", "")


class InPlace(Slots):
    """A broken one: it writes over the firmware that is in force."""

    def __init__(self, flash, vault):
        super().__init__(flash, vault)
        self.free = self.in_force


def test_control_one_that_writes_in_place_is_left_without_its_firmware():
    flash, vault = with_old()
    flash.cut = (9, 0)
    with raises(PowerCut):
        upgrade(flash, vault, NEW, InPlace)
    flash.power_on()
    assert boot(flash, vault) == (b"", "fallen")


def test_what_rots_is_not_started():
    """In force: the factory's runs instead, and is told that it does not stand in force. On trial: the one in force runs."""
    for at in (100, 4096 + 5, 4096 + len(OLD) - 1):
        flash, vault = with_old()
        flash.data[at] ^= 4
        assert boot(flash, vault) == (b"", "fallen"), at
        flash, vault = with_old()
        bring(flash, vault, NEW)
        flash.data[4 * 4096 + at] ^= 4
        assert boot(flash, vault) == (OLD, ""), at
    flash, vault = with_old()
    for place in loader.PLACES:
        vault.places[place] = vault.places[place][:-1] + bytes([vault.places[place][-1] ^ 1])
    assert boot(flash, vault) == (b"", "fallen"), "nothing is known any more"


def test_a_slot_takes_pieces_that_follow_and_no_others():
    flash, vault = NorFlash(*CHIPS[0]), TornVault()
    slots = Slots(flash, vault)
    for at, data, expected in ((PIECE, NEW[:PIECE], None), (8, NEW[:8], 8), (3 * 4096, b"1", None), (PIECE, b"1", 2 * PIECE)):
        with raises(BadMessage):
            slots.write(at, data, expected)
    assert flash.operations == 0
    assert slots.write(4096, NEW[:100], None) == 4196, "control: at the start of a sector"
    with raises(BadMessage):
        slots.check(3 * 4096 + 1)


def test_what_came_whole_is_found_again_and_other_bytes_are_not_installed():
    flash, vault = with_old()
    slots = Slots(flash, vault)
    slots.write(0, NEW[:4096], None)
    assert slots.check(4096) != Slots(flash, vault).check(4095)
    before = flash.operations
    with raises(BadConfig) as caught:
        slots.install(front(NEW), lambda bundle: None)
    assert "not what was signed" in str(caught.value) and flash.operations == before

    def no(bundle):
        raise BadConfig("no")

    slots.write(4096, NEW[4096:8192], 4096)
    slots.write(8192, NEW[8192:], 8192)
    before = flash.operations, dict(vault.places)
    with raises(BadConfig):
        slots.install(front(NEW), no)
    assert (flash.operations, vault.places) == before
    assert boot(flash, vault) == (OLD, "")


def test_what_was_confirmed_tells_which_versions_follow():
    flash, vault = NorFlash(*CHIPS[0]), TornVault()
    bring(flash, vault, NEW, lowest=0x00010009)
    assert Slots(flash, vault).lowest == 0, "a trial decides nothing"
    boot(flash, vault)
    Slots(flash, vault).confirm()
    slots = Slots(flash, vault)
    assert (slots.version, slots.lowest, slots.trial) == (0x00020000, 0x00010009, 0)
