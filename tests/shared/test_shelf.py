"""Signed settings on a terminal: the newest that the authority signed count, and power cuts leave the old ones or the new."""

import json
import sys

from parts import NorFlash, PowerCut, Terminal, Vault, beside, cut_everywhere
from raises import raises
from yuanlu import bundle as b
from yuanlu.errors import BadConfig
from yuanlu.refund import state as s
from yuanlu.store.shelf import KEY, Shelf

with open(beside("tests/vectors/signed_bundles.json")) as file:
    MADE = {name: bytes.fromhex(text) for name, text in json.load(file).items()}
CPYTHON = sys.implementation.name == "cpython"
CHIPS = ((6, 4096, 16), (6, 4096, 1), (6, 4096, 256), (2, 131072, 32)) if CPYTHON else ((6, 4096, 16),)


class TornVault(Vault):
    """Power can go during the next store: `cut` bytes of it come in."""

    def __init__(self):
        super().__init__()
        self.places[KEY] = MADE["key"]
        self.cut = -1  # none

    def store(self, place, data):
        if self.cut >= 0:
            reach, self.cut = self.cut, -1
            self.places[place] = bytes(data)[:reach] + self.places.get(place, b"")[reach:]
            raise PowerCut
        super().store(place, data)


def provisioned(chip=CHIPS[0]):
    """A chip with the first settings, and its vault."""
    flash, data = NorFlash(*chip), MADE["first"]
    front = b.size(data)
    for at, part in ((-(-front // flash.unit) * flash.unit, data[front:]), (0, data[:front])):
        flash.program(at, part + b"\xff" * (-len(part) % flash.unit))
    return flash, TornVault()


def shop(flash, vault):
    """Which of the settings count: the name of the shop in them."""
    return json.loads(Shelf(flash, vault).newest()[1])["shop"]


def refusal(data, flash=None, vault=None):
    """What is said of these bytes, and that nothing changed."""
    if flash is None:
        flash, vault = provisioned()
    shelf = Shelf(flash, vault)
    before = shelf.newest()[0].version, flash.operations
    with raises(BadConfig) as caught:
        shelf.take(data)
    assert (Shelf(flash, vault).newest()[0].version, flash.operations) == before
    return str(caught.value)


def test_the_first_count_and_others_follow_by_turns():
    for chip in CHIPS:
        flash, vault = provisioned(chip)
        bundle, text = Shelf(flash, vault).newest()
        assert (bundle.version, bundle.operator, bundle.date, bundle.terminal) == (1, "林", 20261122, "YL000001")
        for name, version in (("second", 2), ("third", 3)):
            Shelf(flash, vault).take(MADE[name])
            bundle, text = Shelf(flash, vault).newest()
            assert bundle.version == version and text.encode() == MADE[name][b.size(MADE[name]) :]


def test_what_must_not_be_taken_is_refused_and_nothing_is_written():
    told = {
        "first": "version 1 is not above 1",
        "same_version": "version 1 is not above 1",
        "third": "made to follow others",
        "not_after_the_first": "made to follow others",
        "of_another_authority": "not signed",
        "of_another_terminal": "another terminal or epoch",
        "of_another_epoch": "another terminal or epoch",
        "for_another_than_it_says": "another terminal or epoch",
        "with_a_wrong_setting": "'port'",
        "with_an_unknown_setting": "unknown setting 'limit'",
        "of_firmware": "another kind",
        "with_two_files": "not what was signed",
    }
    for name in sorted(told):
        assert told[name] in refusal(MADE[name]), name
    good = MADE["second"]
    for data in (b"", good[:99], good[:200], good[:-1], good + b" ", b"{}"):
        refusal(data)


def test_control_the_second_without_its_faults_is_taken():
    """So each refusal above is for what its name says."""
    flash, vault = provisioned()
    Shelf(flash, vault).take(MADE["second"])
    assert shop(flash, vault) == "Second"


def test_a_flipped_bit_is_refused_wherever_it_stands():
    """All of them are tried on the host (tests/host/test_bundles.py); here some of each part."""
    good = MADE["second"]
    front = b.size(good)
    for bit in list(range(3, 8 * front, 61 if CPYTHON else 401)) + list(range(8 * front, 8 * len(good), 397)):
        data = bytearray(good)
        data[bit // 8] ^= 1 << bit % 8
        refusal(bytes(data))


def take_the_second(flash, vault):
    Shelf(flash, vault).take(MADE["second"])


def test_a_cut_at_any_operation_leaves_whole_settings_and_the_next_try_ends_well():
    for chip in CHIPS:
        flash, vault = provisioned(chip)
        Shelf(flash, vault).newest()
        # At least 4: erase, settings, manifest.
        for where in cut_everywhere(flash, vault, 4, take_the_second):
            if shop(flash, vault) == "Shop":
                take_the_second(flash, vault)
            assert shop(flash, vault) == "Second", (chip, where)


class InPlace(Shelf):
    """A broken one: it writes over the settings that are in force."""

    def _write(self, place, manifest, text):
        super()._write(1 - place, manifest, text)


def test_control_one_that_writes_in_place_is_left_without_settings():
    flash, vault = provisioned()
    flash.cut = (2, 0)
    with raises(PowerCut):
        InPlace(flash, vault).take(MADE["second"])
    flash.power_on()
    with raises(BadConfig):
        Shelf(flash, vault).newest()


def test_a_cut_while_the_vault_is_written_leaves_whole_settings_too():
    for reach in (0, 1, 40, 75, 76):
        flash, vault = provisioned()
        shelf = Shelf(flash, vault)
        shelf.newest()
        vault.cut = reach
        with raises(PowerCut):
            shelf.take(MADE["second"])
        assert shop(flash, vault) == "Second", "they stand whole, and are signed"


def test_what_rots_falls_back_to_the_settings_before_and_older_ones_cannot_be_brought_again():
    flash, vault = provisioned()
    shelf = Shelf(flash, vault)
    shelf.take(MADE["second"])
    flash.data[3 * 4096 + 300] ^= 1
    assert shop(flash, vault) == "Shop"
    assert "version 2 is not above 2" in refusal(MADE["second"], flash, vault)
    flash.data[300] ^= 1
    with raises(BadConfig):
        Shelf(flash, vault).newest()


def test_settings_that_somebody_else_put_on_the_chip_do_not_count():
    """They are whole, newer and fit; the key in the vault is another one."""
    flash, vault = provisioned()
    vault.places[KEY] = MADE["another_key"]
    with raises(BadConfig):
        Shelf(flash, vault).newest()
    vault.places[KEY] = MADE["key"]
    forged, front = MADE["of_another_authority"], b.size(MADE["of_another_authority"])
    flash.program(3 * 4096 + 256, forged[front:] + b"\xff" * (-len(forged[front:]) % 16))
    flash.program(3 * 4096, forged[:front] + b"\xff" * (-front % 16))
    assert shop(flash, vault) == "Shop"


def test_a_signature_is_checked_once():
    """Afterwards the vault knows the digest: a start costs a SHA-256."""
    flash, vault = provisioned()
    assert shop(flash, vault) == "Shop"
    vault.places[KEY] = MADE["another_key"]
    assert shop(flash, vault) == "Shop"


def test_the_journal_is_told_once_of_each():
    flash, vault = provisioned()
    till = Terminal()
    for name, version in (("first", 1), ("second", 2)):
        if version > 1:
            Shelf(flash, vault).take(MADE[name])
        shelf = Shelf(flash, vault)
        bundle = shelf.newest()[0]
        assert shelf.told != bundle.digest
        shelf.note(till.journal)
        record = till.journal.log.record
        assert record.type == s.CONFIG
        assert (record.body().version, record.body().digest) == (version, bundle.digest)
        assert Shelf(flash, vault).told == bundle.digest
