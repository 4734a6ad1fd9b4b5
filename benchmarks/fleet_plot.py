"""Draws what `benchmarks.fleet` saw over time."""

from collections.abc import Callable, Sequence

from benchmarks.fleet_look import Look

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 300, 190, 46, 36, 30
COLOUR = "#0a7a60"
PANELS: tuple[tuple[str, Callable[[Look], float]], ...] = (
    ("Memory of a watcher, MB PSS (median)", lambda look: look.pss_mb),
    ("Memory of everything else, MB PSS", lambda look: look.others_mb),
    ("Open files, all processes", lambda look: float(look.fds)),
    ("Largest lag, s", lambda look: max(look.lags_s, default=0.0)),
)


def plot(looks: Sequence[Look]) -> str:
    """Return an SVG picture, a panel for each figure; each axis begins at zero."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH * len(PANELS)} {HEIGHT}" role="img" '
        'font-family="system-ui, sans-serif" font-size="11">',
        "<title>Memory, open files and lag over the run</title>",
        f'<rect width="{WIDTH * len(PANELS)}" height="{HEIGHT}" fill="#fff"/>',
    ]
    for index, (title, value) in enumerate(PANELS):
        parts += _panel(title, [(one.at_s / 60, value(one)) for one in looks], index * WIDTH)
    return "\n".join([*parts, "</svg>", ""])


def _panel(title: str, points: Sequence[tuple[float, float]], left: int) -> list[str]:
    longest, highest = max(points[-1][0], 1e-9), _round_up(max(value for _, value in points))

    def x(minutes: float) -> float:
        return left + LEFT + minutes / longest * (WIDTH - LEFT - 12)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - value / highest * (HEIGHT - TOP - BOTTOM)

    parts = [f'<text x="{left + LEFT}" y="18" font-weight="600">{title}</text>']
    for share in (0.0, 0.5, 1.0):
        at = y(share * highest)
        parts.append(f'<path d="M{x(0):.1f} {at:.1f}H{x(longest):.1f}" stroke="#e3e6e4"/>')
        label = f"{share * highest:g}"
        parts.append(f'<text x="{left + LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{label}</text>')
        minute = f"{share * longest:.0f} min"
        parts.append(
            f'<text x="{x(share * longest):.1f}" y="{HEIGHT - 10}" text-anchor="middle">{minute}</text>'
        )
    line = " ".join(f"{x(minutes):.1f},{y(value):.1f}" for minutes, value in points)
    return [*parts, f'<polyline points="{line}" fill="none" stroke="{COLOUR}" stroke-width="2"/>']


def _round_up(value: float) -> float:
    """Return the next that is 1, 2 or 5 times a power of ten."""
    step = 1e-3
    while True:
        for factor in (1, 2, 5):
            if value <= factor * step:
                return factor * step
        step *= 10
