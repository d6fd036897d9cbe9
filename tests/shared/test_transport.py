"""The transport key in the vault, and its components as they are typed: nothing half way, no block twice, no typo unnoticed."""

import parts  # noqa: F401  # first of all: imports nest, and the stack is short where words have 32 bits
from handing import TearingVault
from parts import NorFlash, PowerCut, reaches
from raises import raises
from yuanlu.crypto import transport
from yuanlu.errors import Refused
from yuanlu.refund.slip_code import check
from yuanlu.ui.component_page import GROUPS, group

OLD, NEW = bytes(range(32)), bytes(range(100, 132))


def a_vault(*states):
    """A vault that can tear, after these (version, key) came one after the other."""
    flash = NorFlash(2, 1024, 16)
    flash.vault = TearingVault(flash)
    for version, key in states:
        transport.replace(flash.vault, key, lambda: None)
        if version:
            transport.take(flash.vault, version)
    return flash


def test_L4_another_key_goes_on_with_the_version_of_the_one_before():
    flash = a_vault((7, OLD), (0, NEW), (0, OLD))
    assert transport.standing(flash.vault) == (7, OLD), "a block that OLD had taken would be taken again"


def test_control_a_key_that_begins_anew_takes_a_block_again():
    """What L4 forbids: the same two sheets, typed again, and the first block is a new one."""
    flash = a_vault((7, OLD))
    transport._store(transport.TwoPlaces(flash.vault, transport.PLACES, 33), 0, OLD)
    assert transport.standing(flash.vault)[0] < 7


def test_a_cut_at_any_write_leaves_the_key_before_or_the_new_one():
    for states in ((), ((3, OLD),)):
        before = transport.standing(a_vault(*states).vault)
        seen = []
        for operation in (1, 2):
            for reach in reaches(operation):
                flash = a_vault(*states)
                flash.cut = (operation, reach)
                with raises(PowerCut):
                    transport.replace(flash.vault, NEW, lambda: None)
                flash.power_on()
                found = transport.standing(flash.vault)
                assert found in (before, (states[0][0] if states else 0, NEW)), (states, operation, found)
                seen.append(found == before)
                transport.replace(flash.vault, NEW, lambda: None)  # and it can be typed again
                assert transport.standing(flash.vault)[1] == NEW
        assert True in seen and False in seen


def test_one_place_that_rots_brings_nothing_back():
    for place in transport.PLACES:
        flash = a_vault((7, OLD), (9, NEW))
        flash.vault.places[place] = b"\1" + flash.vault.places[place][1:]
        assert transport.standing(flash.vault) == (9, NEW)


def test_L4_no_key_where_nobody_knows_which_blocks_were_taken():
    flash = a_vault((7, OLD))
    for place in transport.PLACES:
        flash.vault.places[place] = bytes(41)
    told = []
    with raises(Refused) as caught:
        transport.replace(flash.vault, NEW, lambda: told.append(1))
    assert caught.value.reason == "refused.transport_lost" and told == [] and transport.standing(flash.vault) is None


def test_components_that_one_person_would_know_are_none():
    for one, two in ((OLD, OLD), (bytes(32), OLD), (OLD, bytes(32))):
        with raises(Refused) as caught:
            transport.join(one, two)
        assert caught.value.reason == "refused.components"
    assert transport.join(OLD, NEW) == bytes([one ^ two for one, two in zip(OLD, NEW)])


def a_group(number, value):
    """As it stands on the sheet."""
    return "{:05d}{}".format(value, check("{:02d}{:05d}".format(number, value)))


def test_every_group_is_read_as_it_was_written():
    for number in range(1, GROUPS + 1):
        for value in (0, 1, 255, 256, 4711, 65535):
            assert group(number, a_group(number, value)) == value.to_bytes(2, "big")
    assert a_group(1, 1) == "0000119" and int("01" + "0000119") % 97 == 1  # by hand, of the standard


def test_a_wrong_digit_two_that_changed_places_and_another_group_are_found():
    """Control: what is right is taken, above."""
    for number, value in ((1, 0), (9, 65535), (16, 10_203)):
        right = a_group(number, value)
        for at in range(7):
            for digit in "0123456789":
                if digit != right[at]:
                    assert group(number, right[:at] + digit + right[at + 1 :]) is None
            if at and right[at - 1] != right[at]:
                assert group(number, right[: at - 1] + right[at] + right[at - 1] + right[at + 1 :]) is None
        for other in range(1, GROUPS + 1):
            assert other == number or group(other, right) is None
    for short in ("0", "00001", "000016"):
        assert group(1, short) is None
    assert group(1, a_group(1, 65536)) is None
