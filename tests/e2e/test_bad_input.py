"""What goes wrong at the command line is one clear message that says what to do, never a traceback."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hypersight.simulator.camera import CameraSimulator
from hypersight_core.domain.cameras import Camera
from hypersight_core.store import cameras, processors
from hypersight_core.store.engine import Store
from tests.builders import camera_settings, processor_settings
from tests.clips import Film, write_film

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

ROOT = Path(__file__).parents[2]
ZONE = "[[[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]]"


@pytest.fixture
def hypersight(tmp_path, database_url):
    def run(*arguments: str, **environ: str) -> tuple[int, str]:
        usual = {"HYPERSIGHT_VAR_DIR": str(tmp_path / "var"), "HYPERSIGHT_DATABASE_URL": database_url}
        inherited = {
            name: value
            for name, value in os.environ.items()  # noqa: TID251 - what a shell hands on
            if not name.startswith("HYPERSIGHT_TEST")
        }
        done = subprocess.run(
            [sys.executable, "-m", "hypersight", *arguments],
            cwd=ROOT,
            env=inherited | usual | environ,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        said = done.stdout + done.stderr
        assert "Traceback" not in said, said
        return done.returncode, " ".join(said.split())

    return run


@pytest.fixture
def film(tmp_path) -> Path:
    return write_film(tmp_path / "film.mp4", Film(seconds=2.0))


def test_a_film_that_is_not_there(hypersight):
    code, said = hypersight("process", "nowhere.mp4")
    assert (code, "there is no file nowhere.mp4" in said) == (1, True)


def test_a_file_that_is_no_film(hypersight):
    code, said = hypersight("process", "README.md")
    assert code == 1
    assert "README.md" in said


def test_a_sample_that_is_not_there(hypersight):
    code, said = hypersight("demo", "--sample", "nowhere.mp4")
    assert (code, "there is no file nowhere.mp4" in said) == (1, True)


def test_a_detector_that_is_down(hypersight, film):
    code, said = hypersight("process", str(film), "--zones", ZONE, OBJECT_DETECTOR_URL="http://127.0.0.1:9/x")
    assert code == 1
    assert "detector" in said
    assert "http://127.0.0.1:9/x" in said


def test_a_database_that_is_not_there(hypersight):
    wrong = "postgresql+psycopg://me:topsecret@127.0.0.1:9/none"
    code, said = hypersight("camera", "list", HYPERSIGHT_DATABASE_URL=wrong)
    assert code == 1
    assert "127.0.0.1:9/none" in said
    assert "HYPERSIGHT_DATABASE_URL" in said
    assert "topsecret" not in said


def test_a_database_url_that_is_none(hypersight):
    code, said = hypersight("migrate", HYPERSIGHT_DATABASE_URL="mysql://x")
    assert code == 1
    assert "PostgreSQL" in said


def test_a_misspelt_setting(hypersight):
    code, said = hypersight("camera", "list", HYPERSIGHT_DATABSE_URL="x")
    assert code == 1
    assert "HYPERSIGHT_DATABSE_URL" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("camera", "add", "door", "gopher://x"), "stream_url must start with"),
        (("camera", "add", "door", "http://x/y.m3u8", "--watch-fps", "500"), "watch_fps must be"),
        (("camera", "add", "door", "http://x/y.m3u8", "--jpeg-quality", "5"), "jpeg_quality must be"),
        (("camera", "add", "door", "http://x/y.m3u8", "--motion-recheck-s", "0"), "motion_recheck_s must be"),
        (("camera", "add", "door", "http://x/y.m3u8", "--time-zone", "Mars/Base"), "no IANA time zone"),
        (("processor", "add", "999", "traffic", "--zones", ZONE), "camera 999 does not exist"),
        (("processor", "add", "1", "weather", "--zones", ZONE), "no such kind"),
        (("processor", "add", "1", "traffic", "--zones", "[[[0, 0], [2, 2]"), "zones"),
        (("processor", "add", "1", "traffic"), "at least one zone"),
        (("watch", "--camera", "999"), "camera 999 does not exist"),
        (("process", "README.md", "--start", "yesterday"), "start"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else None,
)
def test_bad_arguments_change_nothing(hypersight, store, arguments, words):
    code, said = hypersight(*arguments)
    assert code != 0
    assert words.lower() in said.lower()
    with store.transaction() as tx:
        assert cameras.list_cameras(tx) == []
        assert processors.list_processors(tx) == []


def test_how_a_camera_is_watched_is_chosen_and_changed(hypersight, store):
    assert (
        hypersight("camera", "add", "door", "http://x/y.m3u8", "--motion-gate", "--watch-rows", "2")[0] == 0
    )
    (camera,) = _cameras(store)
    assert (camera.motion_gate, camera.motion_recheck_s, camera.watch_rows) == (True, 10.0, 2)
    code, said = hypersight(
        "camera", "change", "1", "--no-motion-gate", "--jpeg-quality", "75", "--blur-persons"
    )
    assert (code, "jpeg_quality = 75" in said) == (0, True)
    assert _cameras(store) == [
        replace(camera, motion_gate=False, jpeg_quality=75, blur_persons=True, camera_version=2)
    ]


def _cameras(store: Store) -> list[Camera]:
    with store.transaction() as tx:
        return cameras.list_cameras(tx)


def test_the_doctor_names_a_camera_that_answers_404(hypersight, store, film):
    with CameraSimulator(film, segment_s=1.0) as simulator:
        gone = simulator.url.replace("live.m3u8", "gone.m3u8")
        with store.transaction() as tx:
            cameras.create_camera(tx, camera_settings(name="entrance", stream_url=simulator.url))
            cameras.create_camera(tx, camera_settings(name="yard", stream_url=gone))
        code, said = hypersight("doctor")
    assert code == 1
    assert "404" in said
    assert "160×96" in said


def test_a_camera_without_processors_is_not_watched_in_the_foreground_either(hypersight, store):
    with store.transaction() as tx:
        camera = cameras.create_camera(tx, camera_settings())
    code, said = hypersight("watch", "--camera", str(camera.camera_id))
    assert code == 1
    assert "no enabled processor" in said


def test_help_is_there_for_every_command(hypersight):
    code, said = hypersight("--help")
    assert code == 0
    for command in ("demo", "up", "migrate", "watch", "process", "doctor", "camera", "processor"):
        assert command in said
        assert hypersight(command, "--help")[0] == 0


def test_the_embedded_processors_are_listed_as_they_are(hypersight, store):
    with store.transaction() as tx:
        camera = cameras.create_camera(tx, camera_settings(name="entrance"))
        processors.create_processor(tx, camera.camera_id, processor_settings(name="door"))
    code, said = hypersight("camera", "list")
    assert code == 0
    assert "entrance" in said
    assert "secret" not in said
