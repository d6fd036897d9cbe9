"""A life as one digest: every request of the firmware with its answer, every event handed to it, in order."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from emulator.shop import FIRMWARE, Shop
from emulator.story import Story


def trace(seed: int, firmware: Path = FIRMWARE, **options: Any) -> str:
    """Play the story on virtual time; the digest of flash operations, wire and serial bytes, screens, keys, slips."""
    shop = Shop(real=False, seed=seed, firmware=firmware, **options)
    digest = hashlib.sha256()
    shop.terminal.trace = lambda now, operation, body, answer: digest.update(
        b"%d %d %d %d " % (now, operation, len(body), len(answer)) + body + answer
    )
    try:
        Story(shop, lambda text: None).play()
        return digest.hexdigest()
    finally:
        shop.close()
