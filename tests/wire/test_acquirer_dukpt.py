"""The acquirer's own key derivation against the published values."""

import json
from pathlib import Path

import pytest

from emulator.acquirer import dukpt

VECTORS = Path(__file__).parents[1] / "vectors" / "aes_dukpt_x9_24_3.json"
SUITE, *_ = json.loads(VECTORS.read_text("utf-8"))["suites"]  # the first is that of AES-128
KEY_ID, INITIAL = bytes.fromhex(SUITE["ikid"]), bytes.fromhex(SUITE["initial_key"])
USAGES = {"mac_gen_aes128": dukpt.MAC_GENERATION, "pin_enc_aes128": 0x1000, "data_enc_aes128": 0x3000}


def test_the_initial_key_comes_from_the_base_key():
    assert dukpt.initial_key(bytes.fromhex(SUITE["bdk"]), KEY_ID) == INITIAL


@pytest.mark.parametrize("case", SUITE["cases"], ids=lambda case: case["ksn"])
def test_the_published_keys_come_out(case):
    counter = int(case["counter"], 16)
    assert case["ksn"] == SUITE["ikid"] + case["counter"]
    key = dukpt.transaction_key(INITIAL, KEY_ID, counter)
    assert key == bytes.fromhex(case["txn_key"])
    for name, usage in USAGES.items():
        if name in case:
            assert dukpt.working_key(key, usage, KEY_ID, counter) == bytes.fromhex(case[name])


@pytest.mark.parametrize("counter", [0, 0x1FFFF, 0xFFFFFFFF, 1 << 32, -1])
def test_what_is_no_counter_has_no_key(counter):
    assert not dukpt.is_counter(counter)
    with pytest.raises(ValueError):
        dukpt.transaction_key(INITIAL, KEY_ID, counter)


def test_terminals_have_initial_keys_of_their_own():
    ids = {dukpt.key_id_of(merchant, terminal) for merchant in ("M" * 15, "N" * 15) for terminal in ("T" * 8, "U" * 8)}
    assert len(ids) == len({dukpt.initial_key(bytes(16), key_id) for key_id in ids}) == 4
