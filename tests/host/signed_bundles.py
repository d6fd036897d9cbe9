"""Makes tests/vectors/signed_bundles.json: `python -m tests.host.signed_bundles`. Ed25519 gives the same bytes each time."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from emulator.shop import SETTINGS
from host_tools.yuanluctl import bundles
from host_tools.yuanluctl.bundles import Bundle

ROOT = Path(__file__).parents[2]
FILE = ROOT / "tests" / "vectors" / "signed_bundles.json"
SEED, OTHER_SEED = bytes(range(32)), bytes(range(1, 33))


def settings(**changes: Any) -> dict[str, Any]:
    """Those of the emulator, with changes."""
    return {**SETTINGS, "shop": "Shop", **changes}


def made() -> dict[str, str]:
    """Each by its name, in hex: first and second follow each other, the rest would follow the first and must not be taken."""
    first = bundles.of_settings(settings(), 1, 20261122, "林").signed(SEED)

    def after(version: int = 2, before: Bundle = first, seed: bytes = SEED, **changes: Any) -> Bundle:
        return bundles.of_settings(settings(**changes), version, 20261127, "Lin", before.digest).signed(seed)

    second = after(shop="Second", limit_operator=10_000)
    found = {
        "first": first,
        "second": second,
        "third": after(3, second, shop="Third"),
        "same_version": after(1, shop="Second"),
        "not_after_the_first": after(2, second),
        "of_another_authority": after(seed=OTHER_SEED),
        "of_another_terminal": after(terminal="YL000002"),
        "of_another_epoch": after(epoch=2),
        "with_a_wrong_setting": after(port=0),
        "with_an_unknown_setting": after(limit=1),
        "of_firmware": replace(after(), kind=bundles.FIRMWARE).signed(SEED),
        "for_another_than_it_says": replace(after(), target="YL000002").signed(SEED),
        "with_two_files": replace(after(), files=(*after().files, ("more.json", b"{}"))).signed(SEED),
    }
    files = (("firmware.romfs", bytes(range(256)) * 3), ("more/notes.txt", b"1"))
    firmware = Bundle(bundles.FIRMWARE, "emulator", 0x00020001, 20261127, "Lin", files, least=0x00010005, journal=1, types=0b1110)
    found["firmware"] = firmware.signed(SEED)
    keys = {"key": bundles.public_key(SEED).hex(), "another_key": bundles.public_key(OTHER_SEED).hex()}
    return {**keys, **{name: bundle.to_bytes().hex() for name, bundle in found.items()}}


if __name__ == "__main__":
    FILE.write_text(json.dumps(made(), indent=1) + "\n", "utf-8")
