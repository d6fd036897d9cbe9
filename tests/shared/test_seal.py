"""The seal: one key a record, the vault ahead of the chip, two places by turns."""

from hashlib import sha256

from parts import NorFlash, PowerCut, Vault
from raises import raises
from ring import fill, opened, put
from yuanlu.crypto.hmac import hmac_sha256
from yuanlu.crypto.seal import PLACES, Seal, provisioned
from yuanlu.errors import StoreDamaged
from yuanlu.refund import state as s

KEY = bytes(range(32))


def key_of(number):
    """K(number) as the format has it, from the first."""
    key = KEY
    for _ in range(number - 1):
        key = sha256(b"yuanlu evolve" + key).digest()
    return key


def looks(seal):
    """All that a vault says."""
    return seal.number, seal.sequence, seal.trace, seal.boot, seal.tag(seal.number, b"x"), seal.conceal(3, bytes(16))


def test_the_keys_are_those_of_the_format():
    """Each record has its own, found by hashing from the first; numbers may be left out."""
    seal = Seal(Vault())
    for number in (1, 2, 3, 7, 8, 40):
        assert seal.tag(number, b"data") == hmac_sha256(key_of(number), b"data")[:8], number
    assert seal.tag(40, memoryview(b"data")) == seal.tag(40, b"data")


def test_no_tag_for_a_record_of_the_past():
    """The key is gone; and a number that no vault can be behind is no number."""
    seal = Seal(Vault())
    seal.tag(9, b"")
    for number in (8, 1, 0, -1, 9 + 65537):
        with raises(StoreDamaged):
            seal.tag(number, b"")
    assert seal.tag(9, b"") == hmac_sha256(key_of(9), b"")[:8]


def test_what_was_advanced_to_is_there_after_a_restart():
    """The key of that record, the sequence, trace and boot; nothing before it can be sealed any more."""
    vault = Vault()
    seal = Seal(vault)
    seal.tag(4, b"")
    seal.advance(5, 2, 77, 3, False)
    again = Seal(vault)
    assert looks(again)[:4] == (5, 2, 77, 3)
    assert again.tag(5, b"x") == hmac_sha256(key_of(5), b"x")[:8]
    with raises(StoreDamaged):
        Seal(vault).tag(4, b"")


def test_a_torn_vault_write_leaves_the_state_before():
    """At every byte, both ways, whichever place was to be written."""
    for turns in (1, 2, 3):
        vault = Vault()
        seal = Seal(vault)
        for turn in range(turns):
            seal.advance(2 + 3 * turn, turn, turn, turn, turn == 1)
        before = dict(vault.places)
        expected = looks(Seal(vault))
        seal.advance(50, 9, 9, 9, True)
        written = [place for place in PLACES if vault.places.get(place) != before.get(place)]
        assert len(written) == 1, "one place at a time"
        place = written[0]
        whole, old = vault.places[place], before.get(place, b"\xff" * 72)
        assert looks(Seal(vault)) != expected
        for length in range(72):
            for torn in (whole[:length], whole[:length] + old[length:], old[:length] + whole[length:]):
                vault.places[place] = torn
                if torn != whole:
                    assert looks(Seal(vault)) == expected, (turns, length)


def test_the_places_are_taken_by_turns():
    """So that the one that counts is never the one that is written."""
    vault = Vault()
    seal = Seal(vault)
    first = PLACES[0]
    assert seal.kept.newest == first
    for turn in range(6):
        seal.advance(turn + 1, turn, 0, 0, False)
        assert seal.kept.newest == PLACES[(turn + 1) % 2] == Seal(vault).kept.newest


def test_a_vault_without_a_key_is_refused():
    """Empty, torn in both places, or too short."""
    vault = Vault()
    for content in ({}, {2: b""}, {2: provisioned(KEY, bytes(16))[:-1]}, {2: bytes(72), 3: b"\xff" * 72}):
        vault.places = content
        with raises(StoreDamaged):
            Seal(vault)


def test_the_pending_key_is_renewed_only_when_nothing_is_pending():
    """And then nobody can read what it concealed."""
    vault = Vault()
    seal = Seal(vault)
    hidden = seal.conceal(3, b"message")
    assert hidden != b"message" and Seal(vault).conceal(3, hidden) == b"message"
    seal.advance(4, 1, 0, 0, False)
    assert Seal(vault).conceal(3, hidden) == b"message"
    assert seal.conceal(4, b"message") != hidden, "no two records share a counter"
    seal.advance(8, 2, 0, 0, True)
    assert Seal(vault).conceal(3, hidden) != b"message"
    seal.stands(2)
    assert all(hidden != Seal(vault).conceal(number, b"message") for number in range(10))


def test_the_vault_moves_on_before_the_header_is_written():
    """A cut right before the header: the key of everything that was sealed is gone already."""
    flash = NorFlash(5, 4096, 16)
    log, business = opened(flash)
    fill(log, business, 1)
    number = log.number
    flash.cut = (1, 0)
    with raises(PowerCut):
        put(log, business)
    flash.power_on()
    seal = Seal(flash.vault)
    assert (seal.number, seal.sequence) == (number, 1)
    with raises(StoreDamaged):
        seal.tag(number - 1, b"")
    put(*opened(flash))
    assert Seal(flash.vault).sequence == 2


def test_every_tag_on_the_chip_is_its_records():
    """Copies keep the tag of the record they copy."""
    flash = NorFlash(5, 4096, 16)
    log, business = opened(flash, (2, 3))
    fill(log, business, 5)
    log, business = opened(flash, (2, 3))
    put(log, business)
    copies = 0
    for sector in range(5):
        behind = sha256()
        for record in log.chip.records(sector):
            copies += record.copy
            sealed = b"YL" + bytes(record.view[2 : 13 + record.length])
            if record.type == s.SUMMARY and not record.copy:
                sealed += behind.digest()
            elif record.type == s.SUMMARY:
                continue  # it goes with the copies of another sector
            if record.copy:
                behind.update(record.sealed())
            assert record.tag() == hmac_sha256(key_of(record.number), sealed)[:8], record.number
    assert copies >= 3
