"""Pictures and words of the pages."""

from datetime import datetime

import pytest

from hypersight_api.heat.schemas import HeatMap
from hypersight_api.measures.schemas import Coverage, Dwell, DwellBin, EventOut
from hypersight_api.pages import drawing
from tests.builders import NOON

WHOLE = Coverage(10.0, 10.0, 1.0)


def test_a_heat_map_draws_the_places_where_people_were_and_the_busiest_strongest():
    heat = HeatMap(1, NOON, NOON, 2, 2, [[0.0, 100.0], [1.0, 0.0]], 101.0, WHOLE)
    cells = {(cell.x, cell.y): cell for cell in drawing.heat_cells(heat)}
    assert set(cells) == {(1, 0), (0, 1)}
    assert float(cells[1, 0].opacity) > float(cells[0, 1].opacity)
    assert cells[1, 0].fill == "#d7191c"


def test_an_empty_heat_map_draws_nothing():
    assert list(drawing.heat_cells(HeatMap(1, NOON, NOON, 1, 1, [[0.0]], 0.0, WHOLE))) == []


def test_a_histogram_leaves_out_empty_bins_at_its_ends_only():
    bins = [DwellBin(0, 1, 0), DwellBin(1, 2, 4), DwellBin(2, 60, 0), DwellBin(60, None, 2), ]  # fmt: skip
    bars = drawing.bars(Dwell(1, NOON, NOON, 6, 1.0, 1.0, 1.0, bins, WHOLE))
    assert [(bar.label, bar.people_count, bar.share) for bar in bars] == [
        ("1–2 s", 4, 1.0), ("2 s–1 min", 0, 0.0), ("1 min +", 2, 0.5),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("length_s", "text"),
    [(None, "–"), (0.04, "0.0 s"), (9.96, "10.0 s"), (61, "1 min"), (7260, "2 h 01 min")],
)
def test_lengths_are_said_as_people_say_them(length_s, text):
    assert drawing.seconds(length_s) == text


def test_nothing_watched_is_no_figure():
    assert drawing.coverage(Coverage(0.0, 10.0, 0.0)).startswith("Not watched at all")
    assert drawing.coverage(Coverage(8.5, 10.0, 0.85)) == "Watched 85 % of this time (8 s)"


def test_events_are_said_in_words():
    left = EventOut(NOON, "exit", 1, 0, 7, 3.0, 1)
    assert drawing.happened(left, ("door",)) == "Person 7 left: door"
    assert drawing.happened(EventOut(NOON, "enter", 1, 3, 7, None, 1), ("door",)) == "Person 7 went in"
    assert drawing.happened(EventOut(NOON, "count", 1, -1, 0, None, 1), ()) == "1 person present"


def test_an_interval_within_a_day_names_the_day_once():
    same = drawing.span(datetime(2026, 3, 2, 8, 0), datetime(2026, 3, 2, 9, 30))  # noqa: DTZ001 - local
    assert same == "Mon 2 Mar 2026, 08:00 – 09:30"
