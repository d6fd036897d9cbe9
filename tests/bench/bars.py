"""Panels of bars as SVG, for the pictures of docs/."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, LEFT, HEIGHT, STEP = 760, 250, 18, 26
ROOM = WIDTH - LEFT - 90  # for the longest bar
BLUE, OCHRE, GREY = "#2a6f97", "#c9a227", "#8a8a8a"


class Bar(NamedTuple):
    """`value` is None where the thing never came about."""

    label: str
    value: float | None
    colour: str


def drawn(panels: Sequence[tuple[str, Sequence[Bar]]]) -> str:
    """The picture of (title, bars); each panel has its own scale, from zero."""
    rows, y = [], 10
    for title, bars in panels:
        y += 26
        rows.append(f'<text x="10" y="{y}" font-weight="bold">{title}</text>')
        longest = max(bar.value or 0 for bar in bars) or 1
        y += 10
        for bar in bars:
            length = 0 if bar.value is None else max(1, round(ROOM * bar.value / longest))
            rows.append(f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{bar.label}</text>')
            if bar.value is not None:
                rows.append(f'<rect x="{LEFT}" y="{y}" width="{length}" height="{HEIGHT}" fill="{bar.colour}"/>')
            rows.append(f'<text x="{LEFT + length + 6}" y="{y + 13}">{told(bar.value)}</text>')
            y += STEP
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 10}" font-family="sans-serif" font-size="12">'
    return "\n".join([head, f'<rect width="{WIDTH}" height="{y + 10}" fill="#ffffff"/>', *rows, "</svg>", ""])


def told(value: float | None) -> str:
    """A count with thousands apart, a small figure with two places, nought, or never."""
    if value is None:
        return "never"
    if value == 0:
        return "0"
    return f"{value:,.0f}".replace(",", " ") if value >= 10 else f"{value:.2f}"
