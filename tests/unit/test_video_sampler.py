"""Lazy sampling decodes little and changes nothing."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from hypersight_core.errors import InvalidInput
from hypersight_core.video.demux import cut_from_bytes
from hypersight_core.video.sampler import FrameSampler, Picture
from hypersight_core.video.source import ClockSource, Recording, Segment, open_source
from hypersight_core.video.spill import SegmentFolder
from tests.clips import Film, write_film

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
TWO_S = Film(seconds=20, gop_s=2)
ONE_S = Film(seconds=20, gop_s=1)
WITH_B = Film(seconds=20, gop_s=2, b_frames=3)
H265 = Film(seconds=20, gop_s=2, b_frames=3, codec="libx265")
H265_LAYERS = Film(seconds=20, gop_s=2, b_frames=7, codec="libx265", temporal_layers=3)
TEN_S = Film(seconds=20, gop_s=10)
TEN_S_WITH_B = Film(seconds=20, gop_s=10, b_frames=3)
OPEN = Film(seconds=20, gop_s=2, b_frames=3, is_open_gop=True)
H265_OPEN = Film(seconds=20, gop_s=2, b_frames=3, codec="libx265", is_open_gop=True)
FILMS = (TWO_S, ONE_S, WITH_B, H265, H265_LAYERS, TEN_S, TEN_S_WITH_B, OPEN, H265_OPEN)


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> dict[Film, Path]:
    folder = tmp_path_factory.mktemp("films")
    return {film: write_film(folder / f"{number}.ts", film) for number, film in enumerate(FILMS)}


def segments_of(path: Path) -> list[Segment]:
    source = open_source(str(path), stop=lambda: False, recording=Recording(starts_at=START))
    return [piece for piece in source.pieces() if isinstance(piece, Segment)]


def sampled(sampler: FrameSampler, segments: list[Segment]) -> list[Picture]:
    return [picture for segment in segments for picture in sampler.frames(segment)]


def content(frame: av.VideoFrame) -> str:
    return hashlib.md5(frame.to_ndarray().tobytes(), usedforsecurity=False).hexdigest()


def fully_decoded(path: Path, fps: int) -> dict[int, str]:
    """Hash every frame by its number."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return {round((frame.time - frames[0].time) * fps): content(frame) for frame in frames}


def frame_number(picture: Picture, fps: int) -> int:
    return round((picture.at - START).total_seconds() * fps)


@pytest.mark.parametrize(
    ("film", "watch_fps", "most_share"),
    [
        (TWO_S, 1, 0.52), (TWO_S, 2, 0.77), (TWO_S, 5, 0.92),
        (ONE_S, 1, 0.04), (ONE_S, 2, 0.53), (ONE_S, 5, 0.84),
        (WITH_B, 1, 0.32), (WITH_B, 2, 0.45), (WITH_B, 5, 0.60),
        (H265, 1, 0.32), (H265, 2, 0.45), (H265, 5, 0.60),
        (H265_LAYERS, 1, 0.32), (H265_LAYERS, 2, 0.45), (H265_LAYERS, 5, 0.60),
        (TEN_S, 1, 0.91), (TEN_S, 2, 0.96), (TEN_S_WITH_B, 1, 0.48), (TEN_S_WITH_B, 2, 0.51),
        (OPEN, 1, 0.34), (OPEN, 2, 0.47), (OPEN, 5, 0.62),
        (H265_OPEN, 1, 0.34), (H265_OPEN, 2, 0.47), (H265_OPEN, 5, 0.62),
    ],
)  # fmt: skip
def test_frames_equal_a_full_decode_at_a_fraction_of_the_packets(films, film, watch_fps, most_share) -> None:
    sampler = FrameSampler(watch_fps)
    pictures = sampled(sampler, segments_of(films[film]))

    truth = fully_decoded(films[film], film.fps)
    wrong = [p.at for p in pictures if truth[frame_number(p, film.fps)] != content(p.decoded)]
    assert wrong == []
    assert sampler.packets_seen == film.frames
    assert sampler.packets_decoded / sampler.packets_seen <= most_share
    half_frame_s = 0.5 / film.fps + 1e-4
    late = [(p.at - START).total_seconds() - index / watch_fps for index, p in enumerate(pictures)]
    assert len(pictures) == round(film.seconds * watch_fps)
    assert max(map(abs, late)) <= half_frame_s


@pytest.mark.parametrize("gop_s", [0.48, 0.8, 1.2])
def test_the_grid_gives_way_to_key_frames_that_are_near(tmp_path, gop_s) -> None:
    film = Film(seconds=24, gop_s=gop_s)
    segments = segments_of(write_film(tmp_path / "film.ts", film))
    sampler = FrameSampler(1)
    at_first = sampled(sampler, segments[:4])  # until a key frame has once been near
    decoded_at_first = sampler.packets_decoded

    pictures = sampled(sampler, segments[4:])

    steps_s = [(later.at - earlier.at).total_seconds() for earlier, later in pairwise(pictures)]
    assert min(steps_s) >= 0.75
    assert max(steps_s) <= 1.25
    assert sampler.packets_decoded - decoded_at_first == len(pictures)
    assert len(at_first) + len(pictures) >= 19


@pytest.mark.parametrize("watch_fps", [8, 10, 12.5, 25])
def test_a_high_rate_loses_no_sample_between_reordered_frames(films, watch_fps) -> None:
    pictures = sampled(FrameSampler(watch_fps), segments_of(films[WITH_B]))

    truth = fully_decoded(films[WITH_B], WITH_B.fps)
    assert [truth[frame_number(p, 25)] for p in pictures] == [content(p.decoded) for p in pictures]
    assert len(pictures) == WITH_B.seconds * watch_fps


@pytest.mark.parametrize("codec", ["libx265", "mjpeg"])
def test_other_codecs_equal_a_full_decode(tmp_path, codec) -> None:
    film = Film(seconds=4, gop_s=1, b_frames=2, codec=codec)
    path = write_film(tmp_path / "film.mkv", film)
    sampler = FrameSampler(2)

    pictures = sampled(sampler, segments_of(path))

    truth = fully_decoded(path, film.fps)
    assert [truth[frame_number(p, film.fps)] for p in pictures] == [content(p.decoded) for p in pictures]
    assert len(pictures) == 8
    assert sampler.packets_decoded < sampler.packets_seen


def test_an_open_group_of_pictures_loses_no_sample(tmp_path) -> None:
    film = Film(seconds=6, gop_s=1, b_frames=3, is_open_gop=True)
    path = write_film(tmp_path / "film.ts", film)

    pictures = sampled(FrameSampler(1), segments_of(path))

    truth = fully_decoded(path, film.fps)
    assert [truth[frame_number(p, film.fps)] for p in pictures] == [content(p.decoded) for p in pictures]
    assert len(pictures) == 6


def test_segments_may_be_cut_between_key_frames(films) -> None:
    torn = [piece for segment in segments_of(films[WITH_B]) for piece in halves(segment)]

    pictures = sampled(FrameSampler(2), torn)

    truth = fully_decoded(films[WITH_B], WITH_B.fps)
    assert [truth[frame_number(p, 25)] for p in pictures] == [content(p.decoded) for p in pictures]
    assert len(pictures) >= 36  # the first cut in mid group costs the frames up to the next key frame


def test_mp4_files_are_read_like_transport_streams(tmp_path) -> None:
    film = Film(seconds=4, gop_s=2, b_frames=3)
    path = write_film(tmp_path / "film.mp4", film)
    sampler = FrameSampler(1)

    pictures = sampled(sampler, segments_of(path))

    assert [frame_number(p, film.fps) for p in pictures] == [0, 25, 50, 75]
    assert sampler.packets_decoded / sampler.packets_seen <= 0.32


def test_broken_packets_are_counted_and_survived(films) -> None:
    segments = segments_of(films[TWO_S])
    broken = segments[1].coded[0].loaded()
    broken.update((b"\0\0\1\x65" + b"\xff" * broken.size)[: broken.size])
    sampler = FrameSampler(25)

    pictures = sampled(sampler, segments[:4])

    after = [p for p in pictures if p.at >= segments[2].start_at]
    truth = fully_decoded(films[TWO_S], TWO_S.fps)
    assert [truth[frame_number(p, 25)] for p in after] == [content(p.decoded) for p in after]
    assert len(after) == 100
    assert sampler.packets_invalid > 0


def test_after_a_gap_nothing_is_shown_before_a_key_frame(tmp_path) -> None:
    path = write_film(tmp_path / "film.ts", Film(seconds=8, gop_s=2))
    first, _, third, fourth = segments_of(path)  # each begins with its only key frame
    torn = replace(third, coded=third.coded[1:], is_discontinuity=True)
    sampler = FrameSampler(5.0)
    assert len(sampled(sampler, [first])) == 10
    assert sampled(sampler, [torn]) == []
    assert len(sampled(sampler, [fourth])) == 10


def test_resolution_may_change_in_mid_stream(tmp_path) -> None:
    small = segments_of(write_film(tmp_path / "small.ts", Film(seconds=2)))
    large = segments_of(write_film(tmp_path / "large.ts", Film(seconds=2, width_px=320, height_px=192)))
    later = [
        replace(segment, start_at=segment.start_at + timedelta(seconds=2), is_discontinuity=False)
        for segment in large
    ]

    pictures = sampled(FrameSampler(1), small + later)

    assert [(p.width_px, p.height_px) for p in pictures] == [(160, 96), (160, 96), (320, 192), (320, 192)]


def test_a_new_rate_takes_effect_within_the_stream(films) -> None:
    sampler = FrameSampler(1)
    segments = segments_of(films[ONE_S])
    before = sampled(sampler, segments[:2])

    sampler.set_fps(5)
    after = sampled(sampler, segments[2:4])

    assert (len(before), len(after)) == (4, 20)


def test_a_caller_that_stops_half_way_gets_right_frames_later(films) -> None:
    sampler = FrameSampler(5)
    first, *rest = segments_of(films[WITH_B])
    next(sampler.frames(first))

    pictures = sampled(sampler, rest)

    truth = fully_decoded(films[WITH_B], WITH_B.fps)
    assert [truth[frame_number(p, 25)] for p in pictures] == [content(p.decoded) for p in pictures]
    assert len(pictures) == 90


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput, match="above 0"):
        FrameSampler(0)


@pytest.mark.parametrize("b_frames", [0, 3])
def test_a_variable_frame_rate_gives_the_frames_nearest_to_the_grid(tmp_path, b_frames) -> None:
    film = Film(seconds=12, gop_s=2, b_frames=b_frames, has_variable_rate=True)
    path = write_film(tmp_path / "film.mkv", film)
    sampler = FrameSampler(2)

    pictures = sampled(sampler, segments_of(path))

    truth = fully_decoded(path, film.fps)
    assert [truth[frame_number(p, film.fps)] for p in pictures] == [content(p.decoded) for p in pictures]
    steps_s = [(later.at - earlier.at).total_seconds() for earlier, later in pairwise(pictures)]
    assert 23 <= len(pictures) <= 25
    # half of the time between two frames where they are rare, and a quarter of the grid's for key frames
    assert max(abs(step_s - 0.5) for step_s in steps_s) <= 0.1 + 0.125 + 1e-4
    assert sampler.packets_decoded < len(film.shown)


def test_the_codec_may_change_in_mid_stream(tmp_path) -> None:
    films = [Film(seconds=4, b_frames=3), Film(seconds=4, b_frames=3, codec="libx265"), Film(seconds=4)]
    paths = [write_film(tmp_path / f"{number}.ts", film) for number, film in enumerate(films)]
    parts = [segments_of(path) for path in paths]
    stream = [
        replace(one, start_at=one.start_at + timedelta(seconds=4 * number), is_discontinuity=False)
        for number, segments in enumerate(parts)
        for one in segments
    ]

    pictures = sampled(FrameSampler(5), stream)

    truths = [fully_decoded(path, 25) for path in paths]
    numbers = [divmod(frame_number(p, 25), 100) for p in pictures]
    assert [truths[film][frame] for film, frame in numbers] == [content(p.decoded) for p in pictures]
    assert len(pictures) == 60


def test_packets_kept_on_disk_give_the_same_frames(films, tmp_path) -> None:
    data = films[WITH_B].read_bytes()
    folders = SegmentFolder(tmp_path / "segments", small_bytes=1000), SegmentFolder(small_bytes=len(data))
    found = []
    for folder in folders:
        given = folder.new()
        given.add(data)
        piece = cut_from_bytes(given, 0.04)
        given.file.close()
        assert (folder.used_bytes > 0) == (folder is folders[0])
        segment = Segment(
            START, piece.duration_s, True, ClockSource.WALL_CLOCK, piece.coded, piece.frame_s, is_last=True
        )
        found.append([content(picture.decoded) for picture in FrameSampler(2).frames(segment)])

    truth = fully_decoded(films[WITH_B], 25)
    assert found[0] == found[1]
    assert len(found[0]) == 40
    assert set(found[0]) <= set(truth.values())
    assert list((tmp_path / "segments").iterdir()) == []  # nothing that would have to be removed


def test_without_the_loop_filter_frames_are_close_and_not_the_same(films) -> None:
    exact = sampled(FrameSampler(2), segments_of(films[TWO_S]))
    cheap = sampled(FrameSampler(2, skip_loop_filter=True), segments_of(films[TWO_S]))

    assert [p.at for p in cheap] == [p.at for p in exact]
    errors = [np.abs(a.to_bgr().astype(int) - b.to_bgr()).mean() for a, b in zip(exact, cheap, strict=True)]
    assert max(errors) > 0
    assert max(errors) < 8


def halves(segment: Segment) -> list[Segment]:
    """Cut a segment in the middle, where no key frame is."""
    middle = len(segment.coded) // 2
    return [
        replace(segment, coded=segment.coded[:middle], is_last=False),
        replace(segment, coded=segment.coded[middle:], is_discontinuity=False),
    ]
