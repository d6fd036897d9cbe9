"""Which initial keys were in force: none comes a second time, whatever power and rot do."""

import parts  # noqa: F401  # first of all: imports nest, and the stack is short where words have 32 bits
from handing import TearingVault
from parts import NorFlash, cut_everywhere
from raises import raises
from yuanlu.crypto import dukpt, key_ids
from yuanlu.errors import Refused

KEY = bytes(range(16))
ONE, TWO, THREE, FOUR = [bytes((number,)) * 8 for number in (1, 2, 3, 4)]


class Forgetful(TearingVault):
    """Broken on purpose: what came before is not kept."""

    def store(self, place, data):
        if place not in key_ids.PLACES:
            super().store(place, data)


def bring(vault, key_id):
    """As a technician does."""
    key_ids.refuse(vault, key_id)
    key_ids.replace(vault, KEY, key_id)


def a_terminal(*ids, vault=TearingVault):
    """Its chip, with a vault that can tear; provisioned with the first of these, the others came one after the other."""
    flash = NorFlash(2, 1024, 16)
    flash.vault = vault(flash)
    flash.vault.places[dukpt.PLACES[0]] = dukpt.loaded(KEY, ids[0])
    for key_id in ids[1:]:
        bring(flash.vault, key_id)
    return flash


def why_not(vault, key_id):
    """The reason of the refusal; None where the key may come."""
    try:
        key_ids.refuse(vault, key_id)
    except Refused as refused:
        return refused.reason
    return None


def test_L4_a_key_that_was_in_force_never_comes_again():
    vault = a_terminal(ONE, TWO, THREE).vault
    assert [why_not(vault, key_id) for key_id in (ONE, TWO, THREE)] == ["refused.key_old"] * 3
    with raises(Refused):
        bring(vault, ONE)
    assert dukpt.standing(vault) == (THREE, 1)
    bring(vault, FOUR)
    assert dukpt.standing(vault) == (FOUR, 1)


def test_control_a_vault_that_forgets_gives_counters_twice():
    vault = a_terminal(ONE, vault=Forgetful).vault
    first = dukpt.next_keys(vault)
    bring(vault, TWO)
    bring(vault, ONE)
    assert (dukpt.next_keys(vault).ksn, first.ksn) == (first.ksn, first.ksn)


def test_L4_a_cut_at_any_operation_forgets_none_that_was_in_force():
    """Both ends are met: the key before is in force still, and the new one is."""
    for before, least in (([ONE], 5), ([ONE, TWO], 3)):
        seen, flash = [], a_terminal(*before)
        for at in cut_everywhere(flash, flash.vault, least, lambda flash, vault: bring(vault, THREE)):
            vault = flash.vault
            now = dukpt.standing(vault)[0]
            seen.append(now)
            was = before + [THREE] * (now == THREE)
            assert [why_not(vault, key_id) for key_id in was] == ["refused.key_old"] * len(was), at
            if now != THREE:
                assert why_not(vault, THREE) is None, "it was never in force: another block may bring it"
            bring(vault, FOUR)
            assert [why_not(vault, key_id) for key_id in was + [FOUR]] == ["refused.key_old"] * (len(was) + 1), at
        assert before[-1] in seen and THREE in seen


def test_L4_what_rots_forgets_none_or_nothing_comes_any_more():
    for place in key_ids.PLACES:
        vault = a_terminal(ONE, TWO, THREE).vault
        vault.places[place] = b"\1" + vault.places[place][1:]
        assert [why_not(vault, key_id) for key_id in (ONE, TWO, FOUR)] == ["refused.key_old", "refused.key_old", None]
    for place in key_ids.PLACES:
        vault.places[place] = b"\1"
    assert why_not(vault, FOUR) == "refused.transport_lost"


def test_L4_keys_that_cannot_be_read_any_more_are_known_by_their_ids():
    """The terminal gets a new one, and not the one that it had."""
    for ids in ((ONE,), (ONE, TWO)):
        vault = a_terminal(*ids).vault
        for place in dukpt.PLACES:
            vault.places[place] = vault.places.get(place, b"")[:-1]
        assert dukpt.standing(vault) is None
        assert [why_not(vault, key_id) for key_id in ids] == ["refused.key_old"] * len(ids)
        bring(vault, THREE)
        assert [why_not(vault, key_id) for key_id in list(ids) + [THREE]] == ["refused.key_old"] * (len(ids) + 1)


def test_as_many_as_a_terminal_can_get_are_kept():
    """99 versions of blocks, and the key from the start. One more, which no version could bring, would push none out."""
    vault = a_terminal(ONE).vault
    ids = [bytes((100, number)) * 4 for number in range(key_ids.MOST)]
    for key_id in ids:
        state = dukpt.kept(vault).state
        dukpt.kept(vault).store(state[:4] + key_id + state[12:])
        key_ids._remember(vault)
    assert [key_id for key_id in ids if why_not(vault, key_id) != "refused.key_old"] == []
    assert why_not(vault, TWO) == "refused.transport_lost"
