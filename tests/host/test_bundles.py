"""What the authority signs: bytes and back, and every bit of them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from host_tools.yuanluctl import bundles
from host_tools.yuanluctl.bundles import BadBundle, Bundle
from tests.host import signed_bundles
from yuanlu import bundle as firmware
from yuanlu.errors import BadConfig

SMALL = Bundle(bundles.FIRMWARE, "rp2", 7, 20261127, "Lin", (("a.mpy", b"0123456789abcdef"), ("b/c", b"!"))).signed(bytes(32))
KEY = bundles.public_key(bytes(32))


def test_the_vectors_of_the_shared_tests_are_made_like_this() -> None:
    assert json.loads(signed_bundles.FILE.read_text("utf-8")) == signed_bundles.made()


def test_there_and_back() -> None:
    assert bundles.read(SMALL.to_bytes()) == SMALL
    assert SMALL.is_signed_by(KEY)
    assert SMALL.signed(bytes(32)).to_bytes() == SMALL.to_bytes(), "the same bytes each time"


def test_every_flipped_bit_is_refused() -> None:
    """By the reader or by the signature; the terminal reads the same things and says no where this one does."""
    good = SMALL.to_bytes()
    refused = 0
    for bit in range(8 * len(good)):
        data = bytearray(good)
        data[bit // 8] ^= 1 << bit % 8
        try:
            assert not bundles.read(bytes(data)).is_signed_by(KEY), bit
        except BadBundle:
            refused += 1
            continue
        firmware.Bundle(bytes(data), firmware.FIRMWARE)
    assert 0 < refused < 8 * len(good), "some by each"


def test_control_what_the_terminal_reads_is_what_was_written() -> None:
    """Two programs that share no code."""
    read = firmware.Bundle(SMALL.to_bytes(), firmware.FIRMWARE)
    assert (read.digest, read.version, read.terminal) == (SMALL.digest, 7, "rp2")
    read.check(KEY)
    with pytest.raises(BadConfig):
        read.check(bundles.public_key(bytes(31) + b"\1"))


@pytest.mark.parametrize("cut", [0, 4, 99, 100, 200, len(SMALL.to_bytes()) - 1])
def test_what_is_cut_short_or_goes_on_is_no_bundle(cut: int) -> None:
    with pytest.raises(BadBundle):
        bundles.read(SMALL.to_bytes()[:cut])
    with pytest.raises(BadBundle):
        bundles.read(SMALL.to_bytes() + b"\0")


@pytest.mark.parametrize(
    "changes",
    [
        {"target": ""},
        {"target": "ninebytes"},
        {"by": "二十四个字节最多八个汉字"},
        {"files": ()},
        {"files": (("a", b""),) * 17},
        {"version": 0},
        {"version": 1 << 32},
    ],
)
def test_what_does_not_fit_is_not_made(changes: dict[str, object]) -> None:
    with pytest.raises(BadBundle):
        replace(SMALL, **changes).to_bytes()  # type: ignore[arg-type]


def test_settings_are_found_in_an_image_of_any_unit() -> None:
    made = {name: bytes.fromhex(text) for name, text in signed_bundles.made().items()}
    for unit in (1, 16, 32, 256):
        image = bytearray(b"\xff" * 40_000)
        for first, name in ((0, "first"), (12288, "second")):
            for at, part in bundles.on_shelf(made[name], unit):
                image[first + at : first + at + len(part)] = part
        assert [found.version for found in bundles.of_shelf(bytes(image))] == [1, 2], unit
        image[12288 + 300] ^= 1
        assert [found.version for found in bundles.of_shelf(bytes(image))] == [1], unit
