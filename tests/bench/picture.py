"""docs/journal.svg: what the journal and littlefs write for the same work, drawn from build/bench.json (`make bench` first).

python tests/bench/picture.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIGURES = ROOT / "build" / "bench.json"
PICTURE = ROOT / "docs" / "journal.svg"

WIDTH, LEFT, BAR, STEP = 760, 250, 18, 26
ROOM = WIDTH - LEFT - 90  # for the longest bar
JOURNAL, LITTLEFS = "#2a6f97", "#c9a227"

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


def drawn(figures: dict[str, float]) -> str:
    """The picture as SVG; each panel has its own scale, from zero."""
    rows, y = [], 10
    for title, bars in PANELS:
        y += 26
        rows.append(f'<text x="10" y="{y}" font-weight="bold">{title}</text>')
        longest = max(figures[name] for _, name, _ in bars)
        y += 10
        for label, name, colour in bars:
            value = figures[name]
            length = max(1, round(ROOM * value / longest))
            rows.append(f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{label}</text>')
            rows.append(f'<rect x="{LEFT}" y="{y}" width="{length}" height="{BAR}" fill="{colour}"/>')
            rows.append(f'<text x="{LEFT + length + 6}" y="{y + 13}">{told(value)}</text>')
            y += STEP
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 10}" font-family="sans-serif" font-size="12">'
    return "\n".join([head, f'<rect width="{WIDTH}" height="{y + 10}" fill="#ffffff"/>', *rows, "</svg>", ""])


def told(value: float) -> str:
    """A count with thousands apart, or a small figure with two places."""
    return f"{value:,.0f}".replace(",", " ") if value >= 10 else f"{value:.2f}"


if __name__ == "__main__":
    if not FIGURES.exists():
        sys.exit(f"picture: there is no {FIGURES.relative_to(ROOT)}; run: make bench")
    PICTURE.write_text(drawn(json.loads(FIGURES.read_text())))
    print(f"written to {PICTURE.relative_to(ROOT)}")
