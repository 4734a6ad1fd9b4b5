"""The zone editor's own geometry, run by Node.js: it refuses what the server refuses, and nothing else."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypersight_api.pages.files import STATIC
from hypersight_core.domain.zones import Zone, refuse_tiny
from hypersight_core.downloads import node_command
from hypersight_core.errors import UnusableZone

SQUARE = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]
BOW_TIE = [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]
LINE = [[0.1, 0.5], [0.9, 0.5]]
grid = st.integers(0, 12).map(lambda number: number / 12)
anywhere = st.floats(-0.1, 1.1, allow_nan=False)


@pytest.fixture(scope="module")
def ask():
    with subprocess.Popen(
        [node_command(), Path(__file__).with_name("zones.mjs"), STATIC],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        sent, heard = process.stdin, process.stdout

        def answer(question: str, **values: Any) -> Any:
            sent.write(json.dumps({"ask": question, **values}) + "\n")
            sent.flush()
            return json.loads(heard.readline())

        yield answer
        sent.close()


def verdict(corners: Any) -> str | None:
    try:
        refuse_tiny(Zone(tuple((float(x), float(y)) for x, y in corners)))
    except UnusableZone as error:
        return error.fault
    return None


@pytest.mark.parametrize(
    ("corners", "fault"),
    [
        (SQUARE, None), (LINE, None), (BOW_TIE, "crossing"), ([[0.1, 0.1]], "corners"), ([], "corners"),
        ([[0, 0], [1.2, 0], [0.5, 1]], "outside"), ([[0, 0], [0.5, 0.5], [1, 1]], "tiny"),
        ([[0, 0], [0.01, 0], [0, 0.01]], "tiny"), ([[0, 0], [0.001, 0]], "tiny"),
        ([[0, 0], [1, 0], [0, 0], [1, 1]], "repeated"),
    ],
)  # fmt: skip
def test_each_fault_is_named_as_the_server_names_it(ask, corners, fault):
    assert ask("fault", corners=corners) == verdict(corners) == fault


@settings(max_examples=300)
@given(corners=st.lists(st.tuples(grid, grid), min_size=0, max_size=7))
def test_shapes_on_a_grid_are_judged_as_the_server_judges_them(ask, corners):
    assert ask("fault", corners=corners) == verdict(corners)


@settings(max_examples=200)
@given(corners=st.lists(st.tuples(anywhere, anywhere), min_size=2, max_size=8))
def test_shapes_anywhere_are_judged_as_the_server_judges_them(ask, corners):
    assert ask("fault", corners=corners) == verdict(corners)


@pytest.mark.parametrize(
    ("point", "kind", "to"),
    [
        ([0.21, 0.21], "point", [0.2, 0.2]), ([0.5, 0.215], "edge", [0.5, 0.2]),
        ([0.99, 0.99], "point", [1, 1]),
        ([0.5, 0.99], "border", [0.5, 1]), ([0.5, 0.5], "", [0.5, 0.5]), ([1.5, -2], "", [1, 0]),
    ],
)  # fmt: skip
def test_a_point_snaps_to_corners_then_edges_then_the_border(ask, point, kind, to):
    found = ask("snapped", point=point, shapes=[SQUARE], aspect=16 / 9, radius=0.03)
    assert (found["kind"], found["point"]) == (kind, to)


@pytest.mark.parametrize(
    ("line", "towards"),
    [
        ([[0.1, 0.5], [0.9, 0.5]], [0, 1]), ([[0.9, 0.5], [0.1, 0.5]], [0, -1]),
        ([[0.5, 0.9], [0.5, 0.1]], [1, 0]), ([[0.5, 0.1], [0.5, 0.9]], [-1, 0]),
    ],
)  # fmt: skip
def test_in_is_to_the_right_of_a_line(ask, line, towards):
    found = ask("in_side", line=line, aspect=1.5)
    assert found["towards"] == pytest.approx(towards)
    assert found["middle"] == [0.5, 0.5]


def edited(ask: Any, zones: Any, *steps: Any) -> Any:
    return ask("edited", zones=[{"name": "a", "corners": one} for one in zones], steps=steps)


def test_what_would_be_no_zone_is_refused_and_changes_nothing(ask):
    after = edited(ask, [SQUARE], ["move", 0, 1, [0.5, 0.9]], ["add", BOW_TIE], ["add", [[0, 0], [0.001, 0]]])
    assert [one["fault"] for one in after["said"]] == ["crossing", "crossing", "tiny"]
    assert after["said"][0]["zone"] == 0
    assert (after["zones"][0]["corners"], after["canUndo"]) == (SQUARE, False)


def test_points_move_come_and_go_and_every_step_can_be_taken_back_and_again(ask):
    steps = [["move", 0, 0, [0.1, 0.1]], ["insert", 0, 0], ["removeCorner", 0, 2], ["rename", 0, "door"]]
    forward = edited(ask, [SQUARE], *steps)
    assert forward["said"] == [None] * 4
    assert forward["zones"] == [
        {"name": "door", "corners": [[0.1, 0.1], [0.45, 0.15], [0.8, 0.8], [0.2, 0.8]]}
    ]
    back = edited(ask, [SQUARE], *steps, *[["undo"]] * 4)
    assert back["zones"] == [{"name": "a", "corners": SQUARE}]
    again = edited(ask, [SQUARE], *steps, *[["undo"]] * 4, *[["redo"]] * 4)
    assert again["zones"] == forward["zones"]
    assert (again["canUndo"], again["canRedo"]) == (True, False)
    other = edited(ask, [SQUARE], *steps, ["undo"], ["rename", 0, "gate"])
    assert other["canRedo"] is False


def test_a_zone_that_loses_its_last_points_is_gone(ask):
    assert edited(ask, [SQUARE[:3], LINE], ["removeCorner", 0, 0])["zones"][0]["corners"] == LINE
    assert edited(ask, [LINE], ["removeCorner", 0, 1])["zones"] == []


def test_a_line_is_turned_round(ask):
    assert edited(ask, [LINE], ["turn", 0])["zones"][0]["corners"] == LINE[::-1]


def test_both_forms_of_text_are_read_and_names_stay_with_their_place(ask):
    field = edited(ask, [SQUARE], ["read", json.dumps([[*LINE], [*SQUARE, SQUARE[0]]])])
    assert field["zones"] == [{"name": "a", "corners": LINE}, {"name": "", "corners": SQUARE}]
    named = edited(ask, [SQUARE], ["read", json.dumps([{"name": "door", "corners": LINE}])])
    assert named["zones"] == [{"name": "door", "corners": LINE}]
    assert json.loads(named["text"]) == [LINE]
    assert edited(ask, [SQUARE], ["read", "  "])["zones"] == []


@pytest.mark.parametrize("text", ["[[[", "7", '{"a": 1}', "[[1, 2]]", "[null]", json.dumps([BOW_TIE])])
def test_text_that_means_no_zones_says_why_and_changes_nothing(ask, text):
    after = edited(ask, [SQUARE], ["read", text])
    assert after["said"][0]["message"]
    assert after["zones"][0]["corners"] == SQUARE
