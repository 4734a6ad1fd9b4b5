"""Persons blurred on previews and snapshots: on a film of noise, in which every detail would show."""

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import numpy as np
import pytest

from hypersight_core.domain.cameras import WatchPlan
from hypersight_core.domain.detections import Detections
from hypersight_core.domain.picture_files import preview_folder, snapshot_path
from hypersight_core.domain.privacy import EVERYTHING, Veil, Veiling
from hypersight_core.errors import DetectorUnavailable
from hypersight_core.processors.faces import Faces
from hypersight_core.processors.interface import FoundFaces, Frame, Services
from hypersight_core.video.jpeg import decode_jpeg, encode_jpeg
from hypersight_core.video.picture import Picture, Pixels
from hypersight_core.video.sampler import FrameSampler
from hypersight_core.video.source import Recording, Segment, open_source
from hypersight_core.video.veiling import BLOCKS_OF_PICTURE, LEAST_BLOCK_PX, hide
from hypersight_core.watcher.loop import SegmentLoop
from hypersight_core.watcher.outputs import Outputs
from tests.builders import NOON, a_camera, a_processor
from tests.unit.test_watcher_loop import MIDDLE

WIDTH_PX, HEIGHT_PX, FPS = 320, 192, 5
BOX = (0.25, 0.25, 0.5, 0.75)
INSIDE = np.s_[54:138, 86:154]
"""Rows and columns of the box, as the veil covers them whole."""
OUTSIDE = np.s_[:, 210:]
BLURRED = WatchPlan(
    camera=a_camera(watch_fps=float(FPS), blur_persons=True),
    processors=(
        a_processor(processor_id=4, zones=(MIDDLE,), output_hls=True),
        a_processor(processor_id=5, kind="faces", zones=(), threshold=0.1),
    ),
)
PLAIN = WatchPlan(camera=a_camera(watch_fps=float(FPS)), processors=BLURRED.processors)


class OneBox:
    """Finds one person, always in the same place, unless it is away."""

    def __init__(self, *, is_away: bool = False) -> None:
        self._is_away = is_away

    def detect(self, jpeg: bytes) -> Detections:
        del jpeg
        if self._is_away:
            raise DetectorUnavailable("away, as the test wants it")
        return Detections(np.array([BOX]), np.array([0.2]))


@pytest.fixture(scope="module")
def segments(tmp_path_factory) -> list[Segment]:
    path = tmp_path_factory.mktemp("film") / "noise.mp4"
    random = np.random.default_rng(1)
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=FPS, options={"crf": "12", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        for _ in range(8 * FPS):
            coarse = random.integers(0, 2, (HEIGHT_PX // 4, WIDTH_PX // 4, 1), dtype=np.uint8) * 255
            bgr = coarse.repeat(4, axis=0).repeat(4, axis=1).repeat(3, axis=2)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(bgr, format="bgr24")))
        film.mux(stream.encode())
    source = open_source(str(path), stop=lambda: False, recording=Recording(starts_at=NOON))
    return [piece for piece in source.pieces() if isinstance(piece, Segment)]


@pytest.fixture
def outputs(tmp_path) -> Iterator[Outputs]:
    made = Outputs(tmp_path, 1, frozenset)
    yield made
    made.close()


def watched(segments: Sequence[Segment], outputs: Outputs, plan: WatchPlan, finder: OneBox) -> list[bytes]:
    """Watch all segments; return the crops that the face detector got."""
    crops: list[bytes] = []

    def find_faces(jpeg: bytes) -> FoundFaces:
        crops.append(jpeg)
        return FoundFaces((), ())

    services = Services(find_faces, encode_jpeg, lambda _: None)
    loop = SegmentLoop(plan, finder, services, outputs=outputs, max_lag_s=0.0, stop=threading.Event())
    loop.configure(plan)
    for segment in segments:
        loop.segment(segment)
        time.sleep(0.3)
    loop.close()
    outputs.close()
    return crops


def crops_of_the_film(segments: Sequence[Segment]) -> set[bytes]:
    """Return what is cut out of each frame as it came."""
    crops: set[bytes] = set()

    def find_faces(jpeg: bytes) -> FoundFaces:
        crops.add(jpeg)
        return FoundFaces((), ())

    faces = Faces(PLAIN.camera, PLAIN.processors[1], Services(find_faces, encode_jpeg, lambda _: None))
    sampler = FrameSampler(float(FPS))
    for picture in (picture for segment in segments for picture in sampler.frames(segment)):
        frame = Frame(picture.at, picture.width_px, picture.height_px, picture.to_bgr)
        faces.update(frame, OneBox().detect(b""))
    return crops


def detail(pixels: Pixels) -> float:
    """Return how different neighbours are, 0 to 255."""
    return float(np.abs(np.diff(pixels.astype(float), axis=1)).mean())


def previewed(folder: Path) -> list[Pixels]:
    """Return the frames of a preview."""
    frames = []
    for path in sorted(folder.glob("*.ts")):
        with av.open(str(path)) as container:
            frames += [Picture(NOON, frame).to_bgr() for frame in container.decode(video=0)]
    return frames


def noise(seed: int = 1) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT_PX, WIDTH_PX, 3), dtype=np.uint8)


def test_a_hidden_box_is_blocks_of_one_colour_and_all_else_is_untouched():
    before, after = noise(), noise()
    hide(after, Veil(np.array([BOX])))
    changed = (before != after).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    side = round((BOX[3] - BOX[1]) * HEIGHT_PX / 6)
    assert rows[0] % side == columns[0] % side == 0
    assert rows[0] <= BOX[1] * HEIGHT_PX < BOX[3] * HEIGHT_PX <= rows[-1] + 1 < BOX[3] * HEIGHT_PX + side
    assert columns[0] <= BOX[0] * WIDTH_PX < BOX[2] * WIDTH_PX <= columns[-1] + 1
    for top in range(rows[0], rows[-1], side):
        for left in range(columns[0], columns[-1], side):
            assert len(np.unique(after[top : top + side, left : left + side].reshape(-1, 3), axis=0)) == 1
    outside = np.ones_like(changed)
    outside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = False
    assert not changed[outside].any()


@pytest.mark.parametrize("box", [(-0.5, -0.5, 1.5, 1.5), (0.97, 0.9, 1.2, 1.4), (-1, -1, -0.5, -0.5)])
def test_boxes_that_reach_out_of_the_picture_hide_what_of_them_is_in_it(box):
    before, after = noise(), noise()
    hide(after, Veil(np.array([box])))
    inside = (before != after).any(axis=2).mean()
    seen = np.clip(np.array(box), 0, 1)
    share = (seen[2] - seen[0]) * (seen[3] - seen[1])
    assert inside == pytest.approx(share, abs=0.06)


def test_a_picture_hidden_whole_has_few_blocks_and_small_ones_have_a_least_size():
    pixels = noise()
    hide(pixels, EVERYTHING)
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) <= BLOCKS_OF_PICTURE**2
    small = noise()
    hide(small, Veil(np.array([[0.5, 0.5, 0.51, 0.51]])))
    assert (small != noise()).any(axis=2).sum() >= (LEAST_BLOCK_PX - 1) ** 2


def found(*boxes: tuple[float, float, float, float]) -> Detections:
    return Detections(np.array(boxes).reshape(-1, 4), np.full(len(boxes), 0.1))


def covers(veil: Veil, box: tuple[float, float, float, float]) -> bool:
    assert veil.boxes_rel is not None
    low, high = veil.boxes_rel[:, :2], veil.boxes_rel[:, 2:]
    return bool(((low <= box[:2]).all(axis=1) & (high >= box[2:]).all(axis=1)).any())


def test_whoever_was_found_is_hidden_with_a_margin_however_unsure_the_detector_is():
    veil = Veiling().veil(0.0, 16 / 9, found(BOX))
    assert covers(veil, (0.22, 0.18, 0.53, 0.82))
    assert not covers(veil, (0.0, 0.0, 1.0, 1.0))


def test_a_person_that_is_missed_stays_hidden_where_they_should_be_by_now():
    veiling = Veiling()
    for step in range(6):
        veiling.veil(step * 0.5, 16 / 9, found((0.1 + step * 0.05, 0.3, 0.2 + step * 0.05, 0.8)))
    for step in (6, 7):
        veil = veiling.veil(step * 0.5, 16 / 9, found())
        assert covers(veil, (0.1 + step * 0.05, 0.3, 0.2 + step * 0.05, 0.8)), step
    assert not len(veiling.veil(7.0, 16 / 9, found()).boxes_rel)  # type: ignore[arg-type]


def test_one_single_detection_is_remembered_too():
    veiling = Veiling()
    veiling.veil(0.0, 16 / 9, found(BOX))
    assert covers(veiling.veil(0.5, 16 / 9, found()), BOX)


def test_a_frame_about_which_nothing_is_known_is_hidden_whole():
    assert Veiling().veil(0.0, 16 / 9, None) is EVERYTHING


def test_on_snapshot_and_preview_no_person_has_any_detail_and_all_else_has(tmp_path, segments, outputs):
    watched(segments, outputs, BLURRED, OneBox())
    snapshot = decode_jpeg(snapshot_path(tmp_path, 1, is_blurred=True).read_bytes())
    frames = previewed(preview_folder(tmp_path, 4, is_blurred=True))
    assert len(frames) > 10
    assert detail(snapshot[INSIDE]) < 3 < 30 < detail(snapshot[OUTSIDE])
    for frame in frames:
        middle = frame[70:120, 100:140]  # within the line of the mark that is drawn around the person
        assert detail(middle) < 6 < 25 < detail(frame[OUTSIDE])


def test_nothing_is_written_where_pictures_with_persons_are(tmp_path, segments, outputs):
    watched(segments, outputs, BLURRED, OneBox())
    assert list((tmp_path / "snapshots").glob("*")) == list((tmp_path / "previews").glob("*")) == []


def test_while_the_detector_is_away_the_snapshot_is_hidden_whole(tmp_path, segments, outputs):
    watched(segments[:1], outputs, BLURRED, OneBox(is_away=True))
    snapshot = decode_jpeg(snapshot_path(tmp_path, 1, is_blurred=True).read_bytes())
    assert detail(snapshot) < 6


def test_without_the_option_pictures_are_as_ever_to_the_byte(tmp_path, segments, outputs):
    watched(segments[:1], outputs, PLAIN, OneBox())
    picture = first_picture(segments)
    assert snapshot_path(tmp_path, 1).read_bytes() == encode_jpeg(picture.to_bgr(), quality=90)
    assert detail(previewed(preview_folder(tmp_path, 4))[0][70:120, 100:140]) > 25
    assert not (tmp_path / "blurred").exists()


@pytest.mark.parametrize("plan", [PLAIN, BLURRED])
def test_the_face_detector_gets_the_pictures_as_they_came_whatever_is_hidden(segments, outputs, plan):
    crops = watched(segments, outputs, plan, OneBox())
    assert set(crops) <= crops_of_the_film(segments)  # a busy machine leaves some out
    assert len(crops) >= 4


def test_switching_it_on_takes_away_what_was_there(tmp_path, segments, outputs):
    outputs.configure(PLAIN)
    picture = first_picture(segments)
    outputs.snapshot(outputs.veiled(picture, found(BOX)))
    eventually_exists(snapshot_path(tmp_path, 1), wanted=True)
    late = outputs.veiled(picture, found(BOX))
    outputs.configure(BLURRED)
    eventually_exists(snapshot_path(tmp_path, 1), wanted=False)
    outputs.snapshot(late)
    outputs.close()
    assert not snapshot_path(tmp_path, 1).exists()


def first_picture(segments: Sequence[Segment]) -> Picture:
    return next(FrameSampler(float(FPS)).frames(segments[0]))


def eventually_exists(path: Path, *, wanted: bool) -> None:
    until_s = time.monotonic() + 10
    while path.exists() != wanted and time.monotonic() < until_s:
        time.sleep(0.01)
    assert path.exists() == wanted
