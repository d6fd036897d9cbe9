"""The key store: slots of bytes that a power cut can catch like flash. Every derivation is the firmware's."""

from __future__ import annotations

from emulator.parts.flash import PowerCut

REQUEST_KEY, ANSWER_KEY = 0, 1


class Vault:
    """Counts its operations, so that a cut can be placed at any of them."""

    def __init__(self, slots: dict[int, bytes]) -> None:
        self.slots = dict(slots)
        self.operations = 0
        self.cut: int | None = None  # operation number from 1

    def read(self, slot: int) -> bytes:
        """The bytes of a slot; KeyError when it is empty."""
        self.operations += 1
        if self.cut == self.operations:
            self.cut = None
            raise PowerCut
        return self.slots[slot]
