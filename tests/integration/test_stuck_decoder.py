"""A decoder that never returns: the heartbeats would go on for ever, so the watcher has to end itself."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from hypersight_core.store import cameras, processors
from hypersight_core.store.engine import Store
from hypersight_core.watcher.watchdog import STUCK_EXIT_CODE
from tests.builders import camera_settings, processor_settings
from tests.clips import Film, write_playlist
from tests.fakes.file_server import file_server

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]
ROOT = Path(__file__).parents[2]
SCRIPT = textwrap.dedent("""
    import ctypes, sys, threading
    from pathlib import Path
    from hypersight_core.settings import Settings
    from hypersight_core.video.decoder import Decoder
    from hypersight_core.watcher import watchdog
    from hypersight_core.watcher.watch import watch_camera

    database_url, var_dir, camera_id = sys.argv[1:]
    Decoder._decoded = lambda self, packet: ctypes.CDLL(None).pause()  # native, without the lock
    watchdog.MARGIN_S = 2.0
    settings = Settings(database_url=database_url, var_dir=Path(var_dir), max_lag_s=1.0)
    watch_camera(settings, int(camera_id), "by hand", threading.Event())
""")


def test_a_watcher_ends_itself_and_says_where_it_hung(store: Store, database_url, tmp_path):
    write_playlist(tmp_path, Film(seconds=4.0))
    with file_server(tmp_path) as url:
        with store.transaction() as tx:
            settings = camera_settings(stream_url=f"{url}/live.m3u8")
            camera_id = cameras.create_camera(tx, settings).camera_id
            processors.create_processor(tx, camera_id, processor_settings())
        command = [sys.executable, "-c", SCRIPT, database_url, str(tmp_path / "var"), str(camera_id)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == STUCK_EXIT_CODE
    assert "stuck in a segment" in ended.stderr
    assert "in _fed" in ended.stderr
