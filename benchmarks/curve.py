"""Draws `docs/images/accuracy.svg` from what `python -m benchmarks.counting --out FILE` wrote.

python -m benchmarks.curve FILE docs/images/accuracy.svg
"""

import argparse
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from benchmarks.comparison import RATES

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 460, 300, 50, 46, 44
PANEL_GAP, LEGEND_WIDTH = 30, 230
COLOURS = {
    "hypersight": "#0a7a60", "perfect association": "#888888", "supervision ByteTrack": "#e8a33d",
    "supervision ByteTrack, tuned": "#b8741a", "trackers ByteTrack, tuned": "#5b8bd0",
    "trackers OC-SORT": "#b58ad6", "trackers OC-SORT, tuned": "#7d4fa8", "norfair": "#c8503c",
}  # fmt: skip
PANELS = (
    ("public", "Detections that come with MOTChallenge"),
    ("noisy", "Ground truth, 10 % missed, 5 % false"),
)


def curve(rows: Sequence[dict[str, Any]]) -> str:
    """Return an SVG picture of F1 over frames per second, one panel per kind of detections."""
    names = [name for name in COLOURS if any(row["counter"] == name for row in rows)]
    width = 2 * WIDTH + PANEL_GAP + LEGEND_WIDTH
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" role="img" '
        'font-family="system-ui, sans-serif" font-size="12">',
        "<title>F1 of counted entries by frames per second</title>",
        f'<rect width="{width}" height="{HEIGHT}" fill="#fff"/>',
    ]
    for index, (detections, title) in enumerate(PANELS):
        mine = [row for row in rows if row["detections"] == detections and row["sequence"] == "all"]
        parts += _panel(mine, names, title, index * (WIDTH + PANEL_GAP))
    for index, name in enumerate(names):
        x, y = 2 * WIDTH + PANEL_GAP + 10, TOP + 12 + 24 * index
        parts.append(_line([(x, y), (x + 24, y)], name))
        parts.append(f'<text x="{x + 32}" y="{y + 4}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _panel(rows: Sequence[dict[str, Any]], names: Sequence[str], title: str, left: int) -> list[str]:
    right = left + WIDTH
    parts = [f'<text x="{left + LEFT}" y="22" font-weight="600">{escape(title)}</text>']
    for tenth in range(0, 11, 2):
        y = _y(tenth / 10)
        parts.append(f'<path d="M{left + LEFT} {y:.1f}H{right - 10}" stroke="#e3e6e4"/>')
        parts.append(f'<text x="{left + LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tenth / 10:.1f}</text>')
    for rate in RATES:
        label = rate if rate == "native" else f"{rate} fps"
        parts.append(f'<text x="{_x(rate, left):.1f}" y="{HEIGHT - 18}" text-anchor="middle">{label}</text>')
    parts.append(f'<text x="{left + 14}" y="{TOP - 8}">F1</text>')
    for name in reversed(names):
        f1 = {row["fps"]: row["f1"] for row in rows if row["counter"] == name}
        parts.append(_line([(_x(rate, left), _y(f1[rate])) for rate in RATES if rate in f1], name))
    return parts


def _x(rate: str, left: int) -> float:
    share = RATES.index(rate) / (len(RATES) - 1)
    return left + LEFT + 24 + share * (WIDTH - LEFT - 70)


def _y(f1: float) -> float:
    return TOP + (1 - f1) * (HEIGHT - TOP - BOTTOM)


def _line(points: Sequence[tuple[float, float]], name: str) -> str:
    dash = ' stroke-dasharray="5 4"' if name == "perfect association" else ""
    wide = 3.5 if name == "hypersight" else 1.8
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f'<path d="{path}" fill="none" stroke="{COLOURS[name]}" stroke-width="{wide}"{dash}/>'


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figures", type=Path, help="what benchmarks.counting wrote")
    parser.add_argument("picture", type=Path, help="the SVG file to write")
    arguments = parser.parse_args()
    found = json.loads(arguments.figures.read_text(encoding="utf-8"))
    arguments.picture.write_text(curve(found["accuracy"]), encoding="utf-8")


if __name__ == "__main__":
    main()
