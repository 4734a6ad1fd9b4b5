"""What is said to be wrong with a camera, and what is not."""

from collections.abc import Callable
from typing import Any

import pytest

from hypersight_core.domain import findings
from hypersight_core.domain.cameras import ConfigVersion
from hypersight_core.domain.figures import DetectorFigures, Outcome, ServerFigures
from hypersight_core.domain.findings import Finding
from hypersight_core.domain.health import CameraHealth
from hypersight_core.domain.metrics import Coverage
from tests.builders import a_camera, noon


def health(**changes: Any) -> CameraHealth:
    """Return a camera that fares well."""
    usual: dict[str, Any] = {
        "camera": a_camera(), "at": noon(), "is_wanted": True, "wanted_since": noon(-3600),
        "state": "watching", "is_live": True, "lag_s": 2.0, "written_at": noon(-5), "seen_until": noon(-8),
        "coverage": Coverage(3590, 3600), "frames_wanted": 1200,
        "wanted_config": ConfigVersion(1, {"1": 1}),
    }  # fmt: skip
    return CameraHealth(**usual | changes)


JUDGES: dict[str, Callable[[CameraHealth], Finding | None]] = {
    "fresh": findings.not_fresh,
    "covered": findings.poorly_covered,
    "lagging": findings.lagging(60.0),
    "detected": findings.badly_detected,
}


@pytest.mark.parametrize("judge", JUDGES.values(), ids=JUDGES)
def test_nothing_is_wrong_with_a_camera_that_fares_well(judge):
    assert findings.findings(judge, [health()]) == []


@pytest.mark.parametrize(
    ("judge", "changes", "is_error", "says"),
    [
        ("fresh", {"state": "reconnecting", "detail": "404", "seen_until": noon(-180)}, False,
         "not seen for 3 min. The camera does not answer: reconnecting: 404"),
        ("fresh", {"state": "not_watched", "seen_until": noon(-700)}, True,
         "not seen for 12 min. Not watched"),
        ("fresh", {"state": "failed", "seen_until": None}, True,
         "not seen for a day or longer. Watching fails"),
        ("fresh", {"seen_until": noon(-4000)}, False, "its clock is behind by 67 min"),
        ("fresh", {"seen_until": noon(900)}, False, "its clock is ahead by 15 min"),
        ("fresh", {"seen_until": noon(-4000), "written_at": noon(-300)}, True,
         "not seen for 67 min. Watching"),
        ("covered", {"coverage": Coverage(2900, 3600), "frames_missed": {"stream_down": 4}}, False,
         "watched 81% of 60 min; last ten minutes: 4 frames stream_down"),
        ("covered", {"coverage": Coverage(100, 3600)}, True,
         "watched 3% of 60 min; the last ten minutes are whole"),
        ("lagging", {"lag_s": 31.0}, False, "31 s behind the stream (dropped beyond 60 s)"),
        ("lagging", {"lag_s": 3.0, "frames_missed": {"late_dropped": 5}}, True,
         "5 frames dropped in ten minutes"),
        ("detected", {"state": "detector_away", "detail": "refused"}, True, "away: refused"),
        ("detected", {"frames_missed": {"detector_error": 25}}, True, "25 of 1200 frames unanswered"),
        ("detected", {"detectors": {"objects": DetectorFigures(
            outcomes={Outcome.ANSWERED: 9}, servers=(ServerFigures("http://b/objects", True),))}}, False,
         "not asked for now, since it keeps failing: http://b/objects"),
        ("detected", {"detectors": {"faces": DetectorFigures(median_s=2.5)}}, False,
         "faces: half of the answers take over 2 s"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_what_to_do(judge, changes, is_error, says):
    [found] = findings.findings(JUDGES[judge], [health(**changes)])
    assert found.is_error is is_error
    assert says in found.problem
    assert found.advice.endswith(".") or found.advice.endswith("?")


def test_a_few_unanswered_frames_are_nothing_to_be_told_of():
    assert findings.badly_detected(health(frames_missed={"detector_error": 20})) is None


@pytest.mark.parametrize("changes", [{"is_wanted": False}, {"wanted_since": noon(-200)}])
def test_cameras_nobody_wants_or_that_have_just_begun_are_not_judged(changes):
    bad = health(state="not_watched", seen_until=None, coverage=Coverage(0, 100), **changes)
    assert [findings.findings(judge, [bad]) for judge in JUDGES.values()] == [[]] * 4


def test_errors_come_first():
    late = health(camera=a_camera(camera_id=2), state="reconnecting", seen_until=noon(-180))
    gone = health(camera=a_camera(camera_id=3), state="not_watched", seen_until=noon(-3000))
    found = findings.findings(findings.not_fresh, [late, gone])
    assert [one.camera_id for one in found] == [3, 2]


def test_an_edit_waits_until_the_watcher_works_by_it():
    wanted = ConfigVersion(2, {"1": 1})
    assert health(config=ConfigVersion(1, {"1": 1}), wanted_config=wanted).is_edit_waiting
    assert not health(config=wanted, wanted_config=wanted).is_edit_waiting
    assert not health(config=None, wanted_config=wanted).is_edit_waiting
