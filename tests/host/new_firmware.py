"""Firmware of other versions, built and signed for a shop, and a laptop that brings it on virtual time."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from emulator.shop import Shop
from host_tools.yuanluctl import authority, bundles, firmware, image
from host_tools.yuanluctl.bundles import Bundle
from host_tools.yuanluctl.live import LiveTerminal
from host_tools.yuanluctl.service import Session
from host_tools.yuanluctl.upgrade import Upgrade
from tests.host.service_line import Technician
from yuanlu import record
from yuanlu.wire import service as wire

TYPES = sum(1 << kind for kind in record.FORMS)


def built(folder: Path, version: str, addition: str = "", module: str = "app.py") -> bytes:
    """The ROM image of this firmware with another version, and what is appended to a module."""
    overlay = folder / f"overlay {version}" / "yuanlu"
    overlay.mkdir(parents=True)
    (overlay / "__init__.py").write_text(f'VERSION = "{version}"\n')
    if addition:
        (overlay / module).parent.mkdir(exist_ok=True)
        (overlay / module).write_text(addition)
    return image.rom(image.build(folder / f"firmware {version}", overlay.parent)).read_bytes()


def signed(shop: Shop, content: bytes, version: str = "0.2.0", **changes: Any) -> Bundle:
    """By that shop's authority."""
    fields: dict[str, Any] = {"target": "emulator", "journal": 1, "types": TYPES, "least": 0, **changes}
    bundle = Bundle(
        bundles.FIRMWARE,
        date=20261127,
        by="Lin",
        version=firmware.number_of(version),
        files=((firmware.FILE, content),),
        **fields,
    )
    return bundle.signed(authority.signing_key(shop.authority_key))


class Laptop:
    """A LiveTerminal at the end of a technician's cable."""

    name = "cable"

    def __init__(self, technician: Technician) -> None:
        self.technician, self.line = technician, technician.cable
        self.allowed = 0

    def hello(self) -> tuple[wire.Hello, bytes]:
        return self.technician.session.hello()

    def open(self, allowed: int) -> Session:
        if allowed & ~self.allowed:
            self.technician.come_in(allowed)
            self.allowed = allowed
        return self.technician.session

    def forget(self) -> None:
        self.technician.session, self.allowed = Session(self.technician.cable), 0


def upgrade_of(technician: Technician) -> Upgrade:
    """What `yuanluctl firmware` does, on the world's time."""
    laptop = cast(LiveTerminal, Laptop(technician))
    return Upgrade(laptop, rest=lambda seconds: technician.shop.world.run(round(1000 * seconds)))
