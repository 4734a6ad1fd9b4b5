"""Pictures drawn without a script: heat maps and histograms as SVG, and figures in words."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hypersight_api.heat.schemas import HeatMap
from hypersight_api.measures.schemas import Coverage, Dwell, DwellBin, EventOut
from hypersight_api.status import words
from hypersight_core.domain.events import NO_ZONE

RAMP = ((43, 131, 186), (171, 221, 164), (255, 230, 120), (253, 140, 60), (215, 25, 28))
"""From where hardly anybody was to where most were; lightness tells them apart without colours, too."""
FAINTEST = 0.02
MINUTE_S, HOUR_S = 60, 3600
MEGABYTE = 1_000_000
KINDS = {
    "enter": "went in",
    "exit": "left",
    "cross_in": "crossed inwards",
    "cross_out": "crossed outwards",
    "count": "present",
}


class Cell(NamedTuple):
    """One cell of a heat map, in cells of the grid."""

    x: int
    y: int
    fill: str
    opacity: str


class Bar(NamedTuple):
    """One bar of a histogram."""

    label: str
    people_count: int
    share: float
    """Of the highest, 0 to 1."""


def heat_cells(heat: HeatMap) -> Iterator[Cell]:
    """Yield the cells where people were; the square root lets rare places show beside busy ones."""
    most = max((max(row) for row in heat.person_s), default=0.0)
    for y, row in enumerate(heat.person_s):
        for x, seconds in enumerate(row):
            share = (seconds / most) ** 0.5 if most else 0.0
            if share > FAINTEST:
                yield Cell(x, y, _colour(share), f"{0.25 + 0.5 * share:.2f}")


def bars(dwell: Dwell) -> list[Bar]:
    """Return a histogram's bars, without the empty ones at both ends."""
    filled = [number for number, one in enumerate(dwell.bins) if one.people_count]
    if not filled:
        return []
    most = max(one.people_count for one in dwell.bins)
    shown = dwell.bins[filled[0] : filled[-1] + 1]
    return [Bar(_stay(one), one.people_count, one.people_count / most) for one in shown]


def seconds(length_s: float | None) -> str:
    """Return a length of time as people say it."""
    if length_s is None:
        return "–"
    return f"{length_s:.1f} s" if length_s < 10 else words.duration(round(length_s))


def milliseconds(length_s: float | None) -> str:
    """Return a short length of time."""
    return "–" if length_s is None else f"{length_s * 1000:,.0f} ms"


def size(length_bytes: int) -> str:
    """Return a number of bytes as people say it."""
    return f"{length_bytes / 1e6:,.1f} MB" if length_bytes >= MEGABYTE else f"{length_bytes / 1e3:,.1f} kB"


def coverage(found: Coverage) -> str:
    """Return how much of an interval was watched."""
    if found.interval_s <= 0:
        return "Nothing to watch yet"
    if found.watched_s <= 0:
        return "Not watched at all in this time: there is no figure"
    return f"Watched {words.percent(found.share)} of this time ({words.duration(found.watched_s)})"


def local(at: datetime, zone: ZoneInfo) -> str:
    """Return a local time to the second."""
    here = at.astimezone(zone)
    return f"{here.day} {here:%b %Y, %H:%M:%S}"


def span(start: datetime, stop: datetime) -> str:
    """Return an interval as people write it; both ends are local."""
    first = f"{start:%a} {start.day} {start:%b %Y, %H:%M}"
    if start.date() == stop.date():
        return f"{first} – {stop:%H:%M}"
    return f"{first} – {stop:%a} {stop.day} {stop:%b %Y, %H:%M}"


def happened(event: EventOut, zone_names: tuple[str, ...]) -> str:
    """Return an event in words."""
    if event.kind == "count":
        return f"{event.value} {'person' if event.value == 1 else 'persons'} present"
    what = KINDS.get(event.kind, event.kind)
    known = event.zone != NO_ZONE and event.zone < len(zone_names)
    where = f": {zone_names[event.zone]}" if known else ""
    return f"Person {event.track_id} {what}{where}"


def _stay(one: DwellBin) -> str:
    if one.to_s is None:
        return f"{_short(one.from_s)} +"
    return f"{_short(one.from_s, unit=one.to_s)}–{_short(one.to_s)}"


def _short(length_s: float, unit: float | None = None) -> str:
    """Return a length without its unit where the one after it has the same."""
    for size_s, name in ((HOUR_S, "h"), (MINUTE_S, "min"), (1, "s")):
        if length_s >= size_s or size_s == 1:
            same = unit is not None and _size(unit) == size_s
            return f"{length_s / size_s:g}" if same else f"{length_s / size_s:g} {name}"
    raise AssertionError


def _size(length_s: float) -> int:
    return HOUR_S if length_s >= HOUR_S else MINUTE_S if length_s >= MINUTE_S else 1


def _colour(share: float) -> str:
    place = min(share, 0.999) * (len(RAMP) - 1)
    low, high = RAMP[int(place)], RAMP[int(place) + 1]
    part = place - int(place)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in zip(low, high, strict=True))
