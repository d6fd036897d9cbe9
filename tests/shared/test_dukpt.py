"""AES-DUKPT against the published values, against a host's walk, and in the dark."""

import json
from struct import pack

from parts import KEY_ID, PowerCut, Vault, beside, stay, walk
from raises import raises
from yuanlu.crypto import Dukpt
from yuanlu.crypto.aes import ecb
from yuanlu.crypto.dukpt import PLACES, derive, loaded
from yuanlu.crypto.two_places import first
from yuanlu.errors import Refused, StoreDamaged

stay("yuanlu.crypto.dukpt")

PIN = 0x1000


def suite():
    """The AES-128 suite, and its cases."""
    with open(beside("tests/vectors/aes_dukpt_x9_24_3.json")) as file:
        found = json.load(file)["suites"][0]
    assert found["name"] == "aes128-bdk"
    return found, found["cases"]


PUBLISHED, CASES = suite()
INITIAL, PUBLISHED_ID = bytes.fromhex(PUBLISHED["initial_key"]), bytes.fromhex(PUBLISHED["ikid"])


def value(case, name):
    """The bytes of one of its values."""
    return bytes.fromhex(case[name])


def counter_of(keys):
    """The counter in the KSN."""
    return int.from_bytes(keys.ksn[8:], "big")


def ones(counter):
    """How many one-bits."""
    return "{:b}".format(counter).count("1")


def standing_at(counter, initial=INITIAL, key_id=PUBLISHED_ID):
    """A vault whose next key is that of `counter`: each register holds the key of the next counter whose lowest one-bit it is,
    as far as a terminal that has used all before it still has one."""
    lowest = 0
    while not counter >> lowest & 1:
        lowest += 1
    registers = bytearray(16 * 32)
    for at in range(lowest, 32):
        ahead = (counter >> at | 1) << at
        if (at == lowest or not counter >> at & 1) and ones(ahead) <= 16:
            registers[16 * at : 16 * at + 16] = walk(ahead, initial, key_id)
    vault = Vault()
    vault.places = {PLACES[0]: first(pack("<I", counter) + key_id + registers)}
    return vault


def fresh(initial=INITIAL, key_id=PUBLISHED_ID):
    """A vault just provisioned."""
    vault = Vault()
    vault.places = {PLACES[0]: loaded(initial, key_id)}
    return vault


def agree(keys, transaction_key, where):
    """The three keys are those under that transaction key."""
    for usage, key in ((0x2000, keys.request), (0x2001, keys.answer), (0x3000, keys.data)):
        assert key == derive(transaction_key, usage, keys.ksn[:8], counter_of(keys)), (where, usage)


def test_the_published_keys_come_out_one_after_the_other():
    """The first eight counters, from the initial key: transaction, PIN, MAC and data keys, and what the PIN key encrypts."""
    dukpt = Dukpt(fresh())
    block = PUBLISHED["pin_block_format4"]
    pin, pan = int(block["pin_field"], 16), int(block["pan_field"], 16)
    found = [case for case in CASES if "mac_gen_aes128" in case]
    assert [int(case["counter"], 16) for case in found] == list(range(1, 9))
    values = 0
    for case in found:
        keys, key = dukpt.next_keys(), value(case, "txn_key")
        assert (keys.ksn, keys.request) == (value(case, "ksn"), value(case, "mac_gen_aes128"))
        assert keys.data == value(case, "data_enc_aes128")
        agree(keys, key, case["ksn"])
        of_pin = derive(key, PIN, keys.ksn[:8], counter_of(keys))
        assert of_pin == value(case, "pin_enc_aes128")
        mixed = int.from_bytes(ecb(of_pin, pin.to_bytes(16, "big")), "big") ^ pan
        assert ecb(of_pin, mixed.to_bytes(16, "big")) == value(case, "encrypted_pinblock_f4")
        values += len(case) - 2
    assert values == 40


def test_a_hosts_walk_gives_the_published_transaction_keys():
    """All fifteen; what the other tests compare with is right."""
    assert len(CASES) == 15
    for case in CASES:
        assert walk(int(case["counter"], 16), INITIAL, PUBLISHED_ID) == value(case, "txn_key"), case["ksn"]


def test_the_published_keys_of_256_bits_come_out():
    """All fifteen counters of the AES-256 suite by a host's walk; of eight the working keys, of 128 bits by the firmware's own
    derivation. No terminal of ours has such keys: it shows that the derivation does not lean on its one key length."""
    with open(beside("tests/vectors/aes_dukpt_x9_24_3.json")) as file:
        suite = json.load(file)["suites"][1]
    assert (suite["name"], len(suite["cases"]), suite["ikid"]) == ("aes256-bdk", 15, PUBLISHED["ikid"])
    initial = derived_256(bytes.fromhex(suite["bdk"]), 0x8001, PUBLISHED_ID)
    assert initial == bytes.fromhex(suite["initial_key"])
    working = 0
    for case in suite["cases"]:
        key, reached, counter = initial, 0, int(case["counter"], 16)
        for at in range(31, -1, -1):
            if counter >> at & 1:
                reached |= 1 << at
                key = derived_256(key, 0x8000, PUBLISHED_ID[4:] + pack(">I", reached))
        assert key == value(case, "txn_key"), case["ksn"]
        for name, usage in (("pin_enc", PIN), ("mac_gen", 0x2000), ("data_enc", 0x3000)):
            if name + "_aes128" in case:
                assert derive(key, usage, PUBLISHED_ID, counter) == value(case, name + "_aes128"), case["ksn"]
                assert derived_256(key, usage, PUBLISHED_ID[4:] + case_counter(case)) == value(case, name + "_aes256")
                working += 2
    assert working == 48


def case_counter(case):
    """The 4 bytes of the counter in its KSN."""
    return value(case, "ksn")[8:]


def derived_256(key, usage, context):
    """Two blocks of derivation data, algorithm AES-256 (X9.24-3, 6.3.2 and 6.3.3); context: 8 bytes of id and counter."""
    return ecb(key, b"".join([pack(">BBHHH", 1, block, usage, 4, 256) + context for block in (1, 2)]))


def test_counters_of_more_than_16_ones_are_passed_over():
    """0001FFFC, D, E, then 00020000: 0001FFFF has 17; and from FFFE2000 to the last of all, FFFF0000."""
    published = {}
    for case in CASES:
        published[int(case["counter"], 16)] = value(case, "txn_key")
    for expected in (
        (0x1FFFC, 0x1FFFD, 0x1FFFE, 0x20000, 0x20001),
        (0xFFFE2000, 0xFFFE4000, 0xFFFE8000, 0xFFFF0000),
    ):
        dukpt = Dukpt(standing_at(expected[0]))
        for counter in expected:
            keys = dukpt.next_keys()
            assert counter_of(keys) == counter, (hex(counter_of(keys)), hex(counter))
            agree(keys, published.get(counter) or walk(counter, INITIAL, PUBLISHED_ID), hex(counter))


def test_after_the_last_counter_it_refuses_for_good():
    """And goes on refusing in the next life; no counter wraps around to an old key."""
    vault = standing_at(0xFFFF0000)
    assert counter_of(Dukpt(vault).next_keys()) == 0xFFFF0000
    kept = dict(vault.places)
    for _ in range(3):
        with raises(Refused) as caught:
            Dukpt(vault).next_keys()
        assert caught.value.reason == "refused.keys_used_up"
    assert vault.places == kept


def test_3000_keys_are_those_of_the_host():
    """One after the other, from the initial key; each KSN once, no counter left out."""
    dukpt = Dukpt(fresh())
    for counter in range(1, 3001):
        keys = dukpt.next_keys()
        assert keys.ksn == PUBLISHED_ID + pack(">I", counter)
        agree(keys, walk(counter, INITIAL, PUBLISHED_ID), counter)


def test_what_was_used_cannot_be_made_again_from_what_stays():
    """Neither the transaction key nor one that it was made from stands in the place that was written last."""
    vault = fresh()
    dukpt = Dukpt(vault)
    for counter in range(1, 70):
        dukpt.next_keys()
        newest = vault.places[PLACES[counter & 1]]
        bit = 32
        while bit:
            bit -= 1
            made_from = counter >> bit << bit
            assert walk(made_from, INITIAL, PUBLISHED_ID) not in newest, (counter, made_from)
        assert INITIAL not in newest


def test_a_vault_without_keys_is_damage():
    """Empty, and with both places torn."""
    vault = fresh()
    for places in ({}, {PLACES[0]: vault.places[PLACES[0]][:-1], PLACES[1]: b"\xff" * 532}):
        vault.places = places
        with raises(StoreDamaged):
            Dukpt(vault).next_keys()


class DarkVault(Vault):
    """Power goes at operation `cut` (from 1); a write gets `reach` bytes far."""

    def __init__(self, places, cut, reach):
        super().__init__()
        self.places, self.cut, self.reach, self.operations, self.longest = dict(places), cut, reach, 0, 0

    def _begin(self):
        self.operations += 1
        return self.operations == self.cut

    def load(self, place):
        if self._begin():
            raise PowerCut
        return super().load(place)

    def store(self, place, data):
        self.longest = len(data)
        if not self._begin():
            super().store(place, data)
            return
        super().store(place, data[: self.reach] + self.places.get(place, b"")[self.reach :])
        raise PowerCut


def used_before(count):
    """What a vault holds after so many keys, and their counters."""
    vault = fresh(bytes(16), KEY_ID)
    return vault, [counter_of(Dukpt(vault).next_keys()) for _ in range(count)]


def lives(places, used, cuts):
    """One life for each (operation, reach) until power goes, then one of three keys; no counter may come twice."""
    lost = used[-1] - len(used) if used else 0
    used = list(used)
    for cut, reach in cuts:
        vault = DarkVault(places, cut, reach)
        try:
            for _ in range(3):
                used.append(counter_of(Dukpt(vault).next_keys()))
            raise AssertionError("operation {} was not reached".format(cut))
        except PowerCut:
            places = vault.places
    vault = DarkVault(places, 0, 0)
    for _ in range(3):
        used.append(counter_of(Dukpt(vault).next_keys()))
    assert len(set(used)) == len(used), (cuts, "a counter came twice", used)
    assert used == sorted(used) and used[-1] - len(used) <= lost + 1 + 2 * len(cuts), (cuts, "keys are thrown away", used)
    return vault.places, used


def test_L2_no_counter_comes_twice_when_power_goes_at_any_byte_of_a_write():
    """Before a place was ever written, and later; and again in the write after it."""
    for count in (0, 1, 6):
        vault, used = used_before(count)
        for reach in range(len(vault.places[PLACES[0]]) + 1):
            lives(vault.places, used, [(3, reach)])
            lives(vault.places, used, [(3, reach), (3, reach * 7 % 533)])


def test_L2_no_counter_comes_twice_when_power_goes_at_any_operation():
    """Of three keys, twice in a row: loads and stores."""
    vault, used = used_before(5)
    for cut in range(1, 10):
        for again in range(1, 10):
            for reach in (0, 1, 300, 531, 532):
                lives(vault.places, used, [(cut, reach), (again, 532 - reach)])


def test_L2_a_place_that_rots_after_its_key_was_used_brings_no_counter_back():
    """The newer or the older, at any byte, and then the other one once both are whole again; power may go while it is mended."""
    for count in (1, 2, 6):
        vault, used = used_before(count)
        assert len(vault.places) == 2
        for place in PLACES:
            for at in range(0, 532, 37):
                rotten = bytearray(vault.places[place])
                rotten[at] ^= 4
                rotting = dict(vault.places)
                rotting[place] = bytes(rotten)
                lives(rotting, used, [])
                for cut in (3, 4, 5, 6):
                    for reach in (0, 40, 532):
                        places, more = lives(rotting, used, [(cut, reach)])
                        for other in PLACES:
                            again = dict(places)
                            again[other] = again[other][:-1] + b"?"
                            lives(again, more, [])


def test_control_a_vault_that_forgets_a_write_whole_is_found():
    """The older place alone, as if the newer had never been: nothing could tell, and the harness above says so."""
    vault, used = used_before(6)
    lives(vault.places, used, [])
    with raises(AssertionError) as caught:
        lives({PLACES[0]: vault.places[PLACES[0]]}, used[:5], [])
        lives({PLACES[1]: vault.places[PLACES[1]]}, used, [])
    assert "a counter came twice" in str(caught.value)
