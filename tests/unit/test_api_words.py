from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hypersight_api.status import words
from hypersight_core.domain.metrics import Coverage

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("coverage", "text"),
    [
        (Coverage(0, 3600), "Not watched today"),
        (Coverage(3600, 3600), "Watched 100 % of today so far (1 h 00 min)"),
        (Coverage(3599.9, 3600), "Watched 99 % of today so far (59 min)"),
        (Coverage(1, 36_000), "Watched less than 1 % of today so far (1 s)"),
        (Coverage(1800, 3600), "Watched 50 % of today so far (30 min)"),
    ],
)
def test_coverage_is_never_said_to_be_more_than_it_is(coverage, text):
    assert words.coverage_today(coverage, is_live=False) == text


def test_a_watcher_that_has_just_begun_is_not_called_absent():
    assert words.coverage_today(Coverage(0, 3600), is_live=True) == "Nothing analysed yet today"


def test_a_camera_nobody_watches_says_since_when_in_its_own_time():
    text, mood = words.idle_state("not_watched", NOW - timedelta(minutes=5), PARIS, NOW)
    assert (text, mood) == ("Not watched since 12:55:00", "bad")
    text, _ = words.idle_state("not_watched", NOW - timedelta(days=2), PARIS, NOW)
    assert text == "Not watched since 28 Feb 2026, 13:00"


def test_a_camera_that_never_was_watched_says_so():
    assert words.idle_state("not_watched", None, PARIS, NOW) == ("Never watched so far", "bad")


def test_a_switched_off_camera_is_nothing_to_worry_about():
    text, mood = words.idle_state("switched_off", NOW, PARIS, NOW)
    assert (text, mood) == ("Switched off, not watched since 13:00:00", "idle")


def test_lag_is_mentioned_when_it_matters():
    assert words.live_state("watching", 3.0) == ("Watching", "good")
    assert words.live_state("watching", 31.4) == ("Watching, 31 s behind", "good")
    assert words.live_state("detector_away", None)[1] == "bad"
