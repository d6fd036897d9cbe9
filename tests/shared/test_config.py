"""The settings: checked whole before anything runs."""

import json

from parts import SETTINGS, settings
from raises import raises
from yuanlu.config import Config
from yuanlu.errors import BadConfig
from yuanlu.wire import messages


def complaint(**changes):
    """What is said of settings with these changes; None leaves one out."""
    values = dict(SETTINGS)
    values.update(changes)
    for name in changes:
        if changes[name] is None:
            del values[name]
    with raises(BadConfig) as caught:
        Config(json.dumps(values))
    return str(caught.value)


def test_good_settings_are_attributes():
    """Every one of them."""
    config = settings()
    for name in SETTINGS:
        if name not in ("wallet_asks", "wallet_no"):
            assert getattr(config, name) == SETTINGS[name], name
    assert config.wallet_asks == (60, 300, 600, 1200, 1800)
    assert config.wallet_no == (b"14", b"51", b"54", b"61", b"62", b"65")
    assert "'wallet_no'" in complaint(wallet_no="61 7")


def test_when_a_wallet_is_asked_is_rising_seconds():
    """Blanks between, nothing else."""
    assert settings(wallet_asks="5").wallet_asks == (5,)
    for asks in ("0", "60 60", "300 60", "60,300", "60 x", " ", "-1", "60 10000000"):
        assert "'wallet_asks'" in complaint(wallet_asks=asks), asks


def test_session_keys_go_without_queries():
    """Nothing binds an answer to its request there. What is not said of `mac` is "dukpt"."""
    assert settings().mac == "dukpt" and settings(mac="dukpt", query=1).query == 1
    for mac in ("ecb", "x9_19", "sm4"):
        assert settings(mac=mac, wallet_accepts=0).mac == mac
        for changes in ({"query": 1, "wallet_accepts": 0}, {"wallet_accepts": 1}):
            told = complaint(mac=mac, **changes)
            assert mac in told and "'query' and 'wallet_accepts' are 0" in told
    for mac in ("", "des", "X9_19", 1):
        assert "'mac'" in complaint(mac=mac)


def test_a_missing_setting_is_named():
    """Each of them."""
    for name in SETTINGS:
        assert "'{}'".format(name) in complaint(**{name: None})


def test_an_unknown_setting_is_named():
    """A slip of the pen is not a setting that silently keeps its default."""
    assert "'anwser_ms'" in complaint(anwser_ms=1000)


def test_a_wrong_type_or_range_is_named():
    """True is no number, a number no text; both ends of a range."""
    for name in SETTINGS:
        wrong = (True, "7", 1.5, -1, 100_000_000, [1]) if isinstance(SETTINGS[name], int) else (7, "", True, ["x"])
        for value in wrong:
            assert "'{}'".format(name) in complaint(**{name: value}), (name, value)


def test_texts_have_the_length_of_their_field():
    """One character too few and too many; TPDU and header are digits."""
    for name in ("terminal", "merchant", "tpdu", "header"):
        for value in (SETTINGS[name][:-1], SETTINGS[name] + "0"):
            assert "'{}'".format(name) in complaint(**{name: value})
    for name in ("tpdu", "header"):
        assert "'{}'".format(name) in complaint(**{name: "x" + SETTINGS[name][1:]})


def test_what_goes_out_as_ascii_is_ascii():
    """Terminal and merchant are ans fields: 15 characters that are more bytes would fail only when money is to move."""
    for name in ("terminal", "merchant"):
        for char in ("退", "é", "\n", "\x7f"):
            assert "'{}'".format(name) in complaint(**{name: char + SETTINGS[name][1:]}), (name, char)


def test_a_shop_has_a_name_that_can_be_printed():
    """Characters past the Basic Multilingual Plane have no glyph, and not every runtime can encode them."""
    assert settings(shop="原路小店").shop
    for shop in ("\U00020bb7野家", "a\nb", "x" * 17):
        assert "'shop'" in complaint(shop=shop)


def test_digits_are_those_of_the_wire():
    """Others are digits to one of the runtimes, and none to an acquirer."""
    assert "'tpdu'" in complaint(tpdu="\xb2" * 10) and "'wallet_asks'" in complaint(wallet_asks="\xb2")


def test_what_would_book_twice_or_believe_an_approval_to_be_a_no_is_refused():
    """A query that goes at once where a repeat is not known, or not in a closed batch: there "not booked" makes a new attempt; an
    approval among the wallet's "no"."""
    assert "'ask_ms'" in complaint(query=1, repeat="nothing", ask_ms=0)
    for repeat in ("replays", "duplicate", "open_batch"):
        assert "'ask_ms'" in complaint(query=1, repeat=repeat, old_batches=0, ask_ms=0)
    assert settings(query=1, repeat="duplicate", ask_ms=0).ask_ms == 0
    assert "'wallet_no'" in complaint(wallet_no="00 51")


def test_only_known_profiles():
    """What an acquirer does with a repeat is one of four."""
    for repeat in ("replays", "duplicate", "open_batch", "nothing"):
        assert settings(repeat=repeat).repeat == repeat
    assert "'repeat'" in complaint(repeat="books")


def test_what_is_no_object_is_refused():
    """Broken text, a list, nothing."""
    for text in ("", "{", "[]", "7", "null", '"x"', "[" * 100_000):
        with raises(BadConfig):
            Config(text)


def test_opening_hours_are_two_times():
    """T-046."""
    for hours in ("0900-2200", "1800-0200", "0000-2400"):
        assert settings(open_hours=hours).open_hours == hours
    for hours in ("0900 2200", "0900-2401", "09:0-2200", "9900-2200"):
        with raises(BadConfig) as caught:
            settings(open_hours=hours)
        assert "open_hours" in str(caught.value)


def test_a_profile_that_needs_a_pin_a_track_or_a_card_number_in_clear_is_refused():
    """L8: 2 is the card number, 35, 36 and 45 are tracks, 52 and 53 the PIN, 55 has chip data with the card number."""
    for field in ("2", "35", "36", "45", "52", "53", "55"):
        assert "is never read" in complaint(fields="3 4 {} 41".format(field)), field
    for fields in ("3 4 22", "x", "03", "3,4", "128"):
        assert "no refund of this terminal has" in complaint(fields=fields), fields
    assert settings(fields="3 4 11 41 42 64").fields == "3 4 11 41 42 64"
    assert settings().fields == "-"


def test_control_each_field_of_a_refund_may_be_demanded_and_no_other():
    """What the rule allows is what is sent."""
    sent = [field for name in ("refund", "offline refund") for field in messages.FORMS[name][4]]
    for field in range(1, 129):
        if field in sent:
            assert settings(fields=str(field)).fields
        else:
            assert "'fields' demands {}".format(field) in complaint(fields=str(field))
