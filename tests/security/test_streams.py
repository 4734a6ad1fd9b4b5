"""Streams that lead where they must not: refused at the API, and again by whoever opens them."""

import threading
from contextlib import ExitStack
from dataclasses import replace

import pytest
import sqlalchemy as sa

from hypersight_core.errors import SourceUnavailable, StreamFault
from hypersight_core.reach import Reach
from hypersight_core.settings import Settings
from hypersight_core.store import cameras, processors
from hypersight_core.video.access import Access
from hypersight_core.video.source import open_source, probe
from hypersight_core.video.web import Web
from hypersight_core.watcher.watch import watch_camera
from tests.builders import camera_settings, processor_settings
from tests.clips import Film, write_film, write_playlist
from tests.fakes.file_server import file_server
from tests.following import followed, has_segments
from tests.serving import api

OURS, OTHERS = "127.0.0.1", "127.0.0.2"
FILM = Film(seconds=2, fps=10, gop_s=1)
pytestmark = pytest.mark.integration


def only(*hosts: str, media_dir: str = "/nowhere") -> Access:
    return Access(2, reach=Reach.of(Settings(camera_hosts=",".join(hosts), media_dir=media_dir)))


@pytest.fixture
def folder(tmp_path):
    where = tmp_path / "served"
    where.mkdir()
    write_playlist(where, FILM)
    write_film(where / "camera.ts", FILM)
    return where


@pytest.fixture
def servers(folder):
    """Yield the camera, another server it redirects `/moved/…` to, and what the other one was asked."""
    seen: list[tuple[str, dict[str, str]]] = []
    with ExitStack() as opened:
        other = opened.enter_context(file_server(folder, host=OTHERS, seen=seen))
        ours = opened.enter_context(file_server(folder, host=OURS, moved_to=other))
        yield ours, other, seen


@pytest.mark.parametrize("name", ["live.m3u8", "camera.ts"])
def test_a_redirect_to_a_host_that_is_not_listed_is_not_followed(servers, name) -> None:
    ours, _, seen = servers

    with pytest.raises(SourceUnavailable, match=r"127\.0\.0\.2 is none of the hosts") as refusal:
        probe(f"{ours}/moved/{name}", only(OURS))
    watched = followed(f"{ours}/moved/{name}", has_segments(1), access=only(OURS), within_s=1)

    assert refusal.value.fault is StreamFault.NOT_ALLOWED
    assert watched.states[-1].fault is StreamFault.NOT_ALLOWED
    assert seen == []
    assert followed(f"{ours}/moved/{name}", has_segments(1), access=only("127.0.0.0/8")).segments


@pytest.mark.parametrize("what", ["variant", "segment", "key", "header"])
@pytest.mark.parametrize("where", ["listed not", "link-local", "file"])
def test_no_address_in_a_playlist_leads_where_the_camera_must_not(servers, folder, what, where) -> None:
    ours, other, seen = servers
    bad = {
        "listed not": f"{other}/x",
        "link-local": "http://169.254.169.254/x",
        "file": "file:///etc/passwd",
    }[where]
    lines = {
        "variant": f"#EXT-X-STREAM-INF:BANDWIDTH=1\n{bad}",
        "segment": f"#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{bad}",
        "key": f'#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=AES-128,URI="{bad}"\n#EXTINF:1,\n/camera.ts',
        "header": f'#EXT-X-TARGETDURATION:1\n#EXT-X-MAP:URI="{bad}"\n#EXTINF:1,\n/camera.ts',
    }[what]
    (folder / "bad.m3u8").write_text(f"#EXTM3U\n{lines}\n")

    with pytest.raises(SourceUnavailable):
        probe(f"{ours}/bad.m3u8", only(OURS))
    watched = followed(f"{ours}/bad.m3u8", has_segments(1), access=only(OURS), within_s=1)

    assert (watched.segments, seen) == ([], [])


@pytest.mark.parametrize("name", ["camera.ts", "segment.mp4"])
def test_a_playlist_in_the_place_of_a_picture_opens_nothing(servers, folder, name) -> None:
    ours, other, seen = servers
    nested = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{other}/camera.ts\n#EXT-X-ENDLIST\n"
    (folder / "segment.mp4").write_text(nested)
    (folder / "camera.ts").write_text(" " * 1500 + nested)
    (folder / "outer.m3u8").write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/{name}\n#EXT-X-ENDLIST\n"
    )

    for url in (
        f"{ours}/outer.m3u8",
        str(folder / name),
        *([f"{ours}/{name}"] if name == "camera.ts" else []),
    ):
        with pytest.raises(SourceUnavailable):
            probe(url, Access(2))
    assert seen == []


def test_a_name_that_leads_elsewhere_when_connected_to_gets_no_request(folder) -> None:
    seen: list[tuple[str, dict[str, str]]] = []
    with file_server(folder, host=OTHERS, seen=seen) as server:

        class Rebound(Reach):
            def check_host(self, host: str) -> None:
                """Let the first look-up pass."""

        access = replace(only(OURS), reach=Rebound(networks=only(OURS).reach.networks))
        with (
            Web(f"{server}/live.m3u8", access, lambda: False) as web,
            pytest.raises(SourceUnavailable, match="none of"),
        ):
            web.get(web.url)
    assert seen == []


def test_user_and_password_of_the_machine_are_no_cameras(servers, tmp_path, monkeypatch) -> None:
    ours, other, seen = servers
    (tmp_path / "netrc").write_text(f"machine {OTHERS} login root password hush\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", ours)

    probe(f"{other}/live.m3u8", only(OTHERS))

    assert {headers.get("Authorization") for _, headers in seen} == {None}


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "http://127.0.0.3/x"]
)
def test_the_api_refuses_with_the_fields_name_and_changes_nothing(store, database_url, tmp_path, url) -> None:
    with store.transaction() as tx:
        camera = cameras.create_camera(tx, camera_settings(stream_url="http://127.0.0.1:9/live.m3u8"))
    with api(database_url, tmp_path, camera_hosts="127.0.0.1") as client:
        answers = [
            client.post("/api/v1/cameras", json={"name": "spy", "stream_url": url}),
            client.patch(f"/api/v1/cameras/{camera.camera_id}", json={"stream_url": url}),
            client.post("/api/v1/cameras/test-connection", json={"stream_url": url}),
        ]
        known = client.get("/api/v1/cameras").json()
        renamed = client.patch(f"/api/v1/cameras/{camera.camera_id}", json={"name": "hall"})

    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert {error["field"] for answer in answers for error in answer.json()["errors"]} == {"stream_url"}
    assert [one["stream_url"] for one in known] == ["http://127.0.0.1:9/live.m3u8"]
    assert renamed.status_code == 200


def test_a_row_changed_by_sql_shows_no_file_and_no_foreign_host(
    store, database_url, tmp_path, servers, folder
) -> None:
    _, other, seen = servers
    media = tmp_path / "media"
    media.mkdir()
    (media / "link.ts").symlink_to(folder / "camera.ts")
    with store.transaction() as tx:
        camera = cameras.create_camera(tx, camera_settings(stream_url="http://127.0.0.1:9/live.m3u8"))
        processors.create_processor(tx, camera.camera_id, processor_settings())
    settings = Settings(database_url=database_url, var_dir=tmp_path, camera_hosts=OURS, max_lag_s=1.0)

    for url in (f"{other}/live.m3u8", f"{folder.as_uri()}/camera.ts", f"{media.as_uri()}/link.ts"):
        with store.transaction() as tx:
            tx.execute(sa.text("UPDATE camera SET stream_url = :url"), {"url": url})
        with api(database_url, tmp_path, camera_hosts=OURS) as client:
            answer = client.get(f"/api/v1/cameras/{camera.camera_id}/snapshot.jpg")
            assert answer.status_code == 503, answer.text
        stop = threading.Event()
        timer = threading.Timer(60 if url.startswith("file") else 4, stop.set)
        timer.start()
        if url.startswith("file"):
            with pytest.raises(SourceUnavailable, match="HYPERSIGHT_MEDIA_DIR"):
                watch_camera(settings, camera.camera_id, "test", stop)
        else:
            assert watch_camera(settings, camera.camera_id, "test", stop) == "stopped"
        timer.cancel()
    with store.transaction() as tx:
        assert tx.execute(sa.text("SELECT sum(frames_detected) FROM observation")).scalar() in (None, 0)
    assert seen == []


def test_the_command_line_reads_any_file_of_this_machine(folder) -> None:
    assert list(open_source(str(folder / "camera.ts"), stop=lambda: False).pieces())
