"""docs/journal.svg: what the journal and littlefs write for the same work, drawn from build/bench.json (`make bench` first).

python tests/bench/picture.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bars import BLUE, OCHRE, Bar, drawn

ROOT = Path(__file__).parents[2]
FIGURES = ROOT / "build" / "bench.json"
PICTURE = ROOT / "docs" / "journal.svg"

JOURNAL, LITTLEFS = BLUE, OCHRE

# Title, and of each bar: label, figure, colour.
PANELS = (
    (
        "Bytes programmed for 1 000 records of 120 bytes, each durable",
        (
            ("journal, unit 32", "journal.append_bytes_unit32", JOURNAL),
            ("littlefs, append and flush, progsize 32", "littlefs.append_bytes_unit32", LITTLEFS),
        ),
    ),
    (
        "Sectors erased for them",
        (
            ("journal, unit 32", "journal.erases_per_1000_unit32", JOURNAL),
            ("littlefs, append and flush, progsize 32", "littlefs.append_erases_unit32", LITTLEFS),
        ),
    ),
    (
        "Bytes programmed for one transaction: intent, sending, result",
        (
            ("journal, unit 1", "journal.life_bytes_unit1", JOURNAL),
            ("journal, unit 32", "journal.life_bytes_unit32", JOURNAL),
            ("littlefs, a small file, progsize 32", "littlefs.life_bytes_unit32", LITTLEFS),
            ("journal, unit 256", "journal.life_bytes_unit256", JOURNAL),
            ("littlefs, a small file, progsize 256", "littlefs.life_bytes_unit256", LITTLEFS),
        ),
    ),
    (
        "Sectors erased for one transaction",
        (
            ("journal, unit 1", "journal.life_erases_unit1", JOURNAL),
            ("journal, unit 32", "journal.life_erases_unit32", JOURNAL),
            ("littlefs, a small file, progsize 32", "littlefs.life_erases_unit32", LITTLEFS),
            ("journal, unit 256", "journal.life_erases_unit256", JOURNAL),
            ("littlefs, a small file, progsize 256", "littlefs.life_erases_unit256", LITTLEFS),
        ),
    ),
)


def panels(figures: dict[str, float]) -> list[tuple[str, list[Bar]]]:
    """PANELS with their figures."""
    return [(title, [Bar(label, figures[name], colour) for label, name, colour in bars]) for title, bars in PANELS]


if __name__ == "__main__":
    if not FIGURES.exists():
        sys.exit(f"picture: there is no {FIGURES.relative_to(ROOT)}; run: make bench")
    PICTURE.write_text(drawn(panels(json.loads(FIGURES.read_text()))))
    print(f"written to {PICTURE.relative_to(ROOT)}")
