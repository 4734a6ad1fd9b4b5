"""Times of HLS segments, and the gaps between them, without a network."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypersight_core.video.pacing import Backoff
from hypersight_core.video.pieces import ClockSource, Gap, Segment
from hypersight_core.video.playlist import media_playlist
from hypersight_core.video.timeline import Timeline
from hypersight_core.video.window import Window
from tests.builders import noon
from tests.playlists import a_cut, an_entry


@dataclass
class FakeClock:
    """A clock that goes on when told to."""

    seconds: float = 0.0

    def now(self) -> datetime:
        return noon(self.seconds)

    def monotonic(self) -> float:
        return self.seconds


def timeline(clock: FakeClock, resume_after: datetime | None = None) -> Timeline:
    return Timeline(resume_after, now=clock.now, monotonic=clock.monotonic)


def facts(pieces) -> list[tuple[object, ...]]:
    """Reduce pieces to what these tests are about; times in seconds after noon."""
    return [
        ("gap", seconds(p.from_at), seconds(p.to_at))
        if isinstance(p, Gap)
        else ("segment", seconds(p.start_at), p.duration_s, p.is_discontinuity)
        for p in pieces
    ]


def seconds(at: datetime | None) -> float | None:
    return None if at is None else (at - noon()).total_seconds()


def test_program_date_time_rules_and_neighbours_are_continuous() -> None:
    line = timeline(FakeClock(9))

    pieces = [*line.placed(an_entry(1, 0), a_cut(70), 2), *line.placed(an_entry(2, 2), a_cut(72), 2)]

    assert facts(pieces) == [("segment", 0, 2, True), ("segment", 2, 2, False)]
    assert {p.clock_source for p in pieces if isinstance(p, Segment)} == {ClockSource.PROGRAM_DATE_TIME}


def test_a_jump_of_the_stream_time_is_a_gap_as_long_as_time_really_passed() -> None:
    clock = FakeClock()
    line = timeline(clock)
    list(line.placed(an_entry(1, 0), a_cut(70), 2))
    clock.seconds = 30

    assert facts(line.placed(an_entry(9, 20), a_cut(90), 2)) == [("gap", 2, 20), ("segment", 20, 2, True)]


def test_a_clock_set_ahead_by_years_is_no_gap() -> None:
    line = timeline(FakeClock())
    list(line.placed(an_entry(1, 0), a_cut(70), 2))

    assert facts(line.placed(an_entry(2, 1e8), a_cut(72), 2)) == [("segment", 1e8, 2, True)]


def test_a_lost_segment_is_a_gap_and_breaks_continuity() -> None:
    line = timeline(FakeClock())
    list(line.placed(an_entry(1, 0), a_cut(70), 2))

    pieces = [*line.lost(an_entry(2, 2)), *line.placed(an_entry(3, 4), a_cut(74), 2)]

    assert facts(pieces) == [("gap", 2, 4), ("segment", 4, 2, True)]


def test_a_cut_off_segment_is_followed_by_the_gap_it_leaves() -> None:
    line = timeline(FakeClock())
    list(line.placed(an_entry(1, 0), a_cut(70), 2))

    pieces = [*line.placed(an_entry(2, 2), a_cut(72, 0.8), 2), *line.placed(an_entry(3, 4), a_cut(74), 2)]

    assert facts(pieces) == [("segment", 2, 0.8, False), ("gap", 2.8, 4), ("segment", 4, 2, True)]


def test_without_date_time_our_clock_anchors_and_the_streams_own_carries_on() -> None:
    clock = FakeClock(100)
    line = timeline(clock)

    pieces = [*line.placed(an_entry(1), a_cut(70), 6)]
    clock.seconds = 109  # the network was slow: no reason to move the picture's time
    pieces += line.placed(an_entry(2), a_cut(72.02), 2)

    assert facts(pieces) == [("segment", 94, 2, True), ("segment", 96.02, 2, False)]
    assert {p.clock_source for p in pieces if isinstance(p, Segment)} == {ClockSource.WALL_CLOCK}


def test_without_date_time_a_hole_in_the_streams_own_time_is_a_gap_when_that_time_passed() -> None:
    clock = FakeClock(100)
    line = timeline(clock)
    list(line.placed(an_entry(1), a_cut(70), 2))
    clock.seconds = 110

    assert facts(line.placed(an_entry(2), a_cut(80), 2)) == [("gap", 100, 108), ("segment", 108, 2, True)]


def test_without_date_time_a_hole_that_cannot_have_passed_is_a_clock_that_was_set() -> None:
    clock = FakeClock(100)
    line = timeline(clock)
    list(line.placed(an_entry(1), a_cut(70), 2))
    clock.seconds = 102

    assert facts(line.placed(an_entry(2), a_cut(1070), 2)) == [("segment", 100, 2, False)]


def test_pauses_between_tries_grow_to_a_cap_and_differ() -> None:
    pauses = [Backoff(10.0) for _ in range(20)]
    rounds = [[one.next_s() for one in pauses] for _ in range(12)]

    for tried, found in enumerate(rounds):
        full_s = min(10.0, 0.5 * 2**tried)
        assert full_s / 2 <= min(found) <= max(found) <= full_s
        assert len(set(found)) > 1
    pauses[0].reset()
    assert pauses[0].next_s() <= 0.5


def test_without_date_time_a_gap_anchors_anew() -> None:
    clock = FakeClock(100)
    line = timeline(clock)
    list(line.placed(an_entry(1), a_cut(70), 2))
    clock.seconds = 150
    line.tear()

    assert facts(line.placed(an_entry(20), a_cut(7), 2)) == [("gap", 100, 148), ("segment", 148, 2, True)]


def test_a_short_interruption_is_a_gap_where_a_steady_streams_uneven_times_are_none() -> None:
    clock = FakeClock(100)
    line = timeline(clock)
    list(line.placed(an_entry(1, 96), a_cut(70), 2))
    steady = line.placed(an_entry(2, 98.4), a_cut(72), 2)
    assert facts(steady) == [("segment", 98.4, 2, False)]
    clock.seconds = 103
    line.tear()

    assert facts(line.placed(an_entry(3, 100.8), a_cut(7), 2)) == [
        ("gap", 100.4, 100.8),
        ("segment", 100.8, 2, True),
    ]


def test_without_date_time_a_discontinuity_carries_on_where_the_last_segment_ended() -> None:
    line = timeline(FakeClock(100))
    list(line.placed(an_entry(1), a_cut(70), 2))

    pieces = line.placed(an_entry(2, is_discontinuity=True), a_cut(1.4), 2)

    assert facts(pieces) == [("segment", 100, 2, True)]


def test_going_on_after_a_restart_is_continuous_where_nothing_was_missed() -> None:
    assert facts(timeline(FakeClock(), noon(9.8)).placed(an_entry(5, 10), a_cut(70), 2)) == [
        ("segment", 10, 2, False)
    ]
    assert facts(timeline(FakeClock(), noon(4)).placed(an_entry(5, 10), a_cut(70), 2)) == [
        ("segment", 10, 2, True)
    ]


def sequences(entries) -> list[int]:
    return [entry.sequence for entry in entries]


def test_a_live_stream_is_joined_at_its_newest_segment_a_recording_at_its_first() -> None:
    entries = tuple(an_entry(number, 2 * number) for number in range(5, 10))

    assert sequences(Window(None).fresh(entries, is_live=True)) == [9]
    assert sequences(Window(None).fresh(entries, is_live=False)) == [5, 6, 7, 8, 9]


def test_a_restart_goes_on_with_the_first_segment_that_ends_later() -> None:
    entries = tuple(an_entry(number, 2 * number) for number in range(5, 10))

    assert sequences(Window(noon(14.5)).fresh(entries, is_live=True)) == [7, 8, 9]
    assert sequences(Window(noon(1)).fresh(entries, is_live=True)) == [5, 6, 7, 8, 9]
    assert sequences(Window(noon(900)).fresh(entries, is_live=True)) == [9]


def test_segments_that_slid_past_are_noticed() -> None:
    window = Window(None)
    window.passed(an_entry(3, 6))

    fresh = window.fresh((an_entry(5, 10), an_entry(6, 12)), is_live=True)

    assert (sequences(fresh), window.has_skipped) == ([5, 6], True)


def test_a_packager_that_starts_over_is_followed_by_time() -> None:
    window = Window(None)
    window.passed(an_entry(300, 20))

    fresh = window.fresh(tuple(an_entry(number, 16 + 2 * number) for number in range(5)), is_live=True)

    assert sequences(fresh) == [3, 4]


def test_playlist_times_without_a_zone_are_utc_and_carry_on() -> None:
    text = (
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-03-02T12:00:00.500\n#EXTINF:2.0,\na.ts\n#EXTINF:2.0,\nb.ts\n"
    )

    entries = media_playlist(text.encode(), "http://camera/path/live.m3u8?token=x").entries

    assert [(e.sequence, e.media.url, e.start_at) for e in entries] == [
        (7, "http://camera/path/a.ts", noon() + timedelta(seconds=0.5)),
        (8, "http://camera/path/b.ts", noon() + timedelta(seconds=2.5)),
    ]
