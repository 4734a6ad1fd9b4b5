"""Every form of HLS that cameras and packagers write, made by FFmpeg's muxer, over real HTTP."""

import time
from collections import Counter
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from hypersight_core.errors import SourceUnavailable
from hypersight_core.video.playlist import Entry, media_playlist
from hypersight_core.video.source import Access, SourceState, probe
from hypersight_core.video.spill import SegmentFolder
from tests.clips import Film, write_playlist
from tests.fakes.file_server import file_server
from tests.fakes.http_beside import Answering, HttpBeside
from tests.following import Followed, followed, has_segments, square_left_px

FILM = Film(seconds=4, fps=10, gop_s=1)
OUTAGE_S = 2.5
"""Longer than all tries for one segment take."""
IV = "000102030405060708090a0b0c0d0e0f"
FORMS = {
    "transport stream": {},
    "fragmented MP4": {"hls_segment_type": "fmp4"},
    "byte ranges": {"hls_flags": "single_file"},
    "fragmented MP4, byte ranges": {"hls_segment_type": "fmp4", "hls_flags": "single_file"},
    "AES-128": {"hls_key_info_file": "key.info"},
    "AES-128, numbered": {"hls_key_info_file": "numbered.info"},
    "master": {"master_pl_name": "master.m3u8"},
    "program date time": {"hls_flags": "program_date_time"},
}


def written(folder, film: Film, form: str) -> str:
    """Write the film in one form; return the name of its playlist."""
    (folder / "key").write_bytes(bytes(range(50, 66)))
    info = f"key?id=7\n{folder}/key\n"
    (folder / "key.info").write_text(info + IV + "\n")
    (folder / "numbered.info").write_text(info)
    options = {
        name: str(folder / value) if name == "hls_key_info_file" else value
        for name, value in FORMS[form].items()
    }
    write_playlist(folder, film, **options)
    return "master.m3u8" if form == "master" else "live.m3u8"


def entries_of(playlist: Path) -> tuple[Entry, ...]:
    return media_playlist(playlist.read_bytes(), playlist.as_uri()).entries


def ended(_: Followed) -> bool:
    return False


def shown_squares(result: Followed, film: Film) -> list[int]:
    return [square_left_px(picture.to_bgr()) for picture in result.pictures(film.fps)]


def all_squares(film: Film) -> list[int]:
    return [film.square_left_px(index) for index in range(film.frames)]


@pytest.mark.parametrize("form", FORMS)
def test_every_frame_of_every_form_is_read(tmp_path, form) -> None:
    name = written(tmp_path, FILM, form)
    with file_server(tmp_path) as server:
        result = followed(f"{server}/{name}", ended)
        facts = probe(f"{server}/{name}", Access(3))

    assert shown_squares(result, FILM) == pytest.approx(all_squares(FILM), abs=1)
    assert [segment.duration_s for segment in result.segments] == pytest.approx([1.0] * 4, abs=0.01)
    assert result.states[-1] == SourceState.CONNECTED
    assert (facts.codec, facts.fps, facts.is_live) == ("h264", 10, False)


@pytest.mark.parametrize("form", ["transport stream", "fragmented MP4"])
def test_h265_is_read_like_h264(tmp_path, form) -> None:
    film = Film(seconds=2, fps=10, gop_s=1, b_frames=2, codec="libx265")
    name = written(tmp_path, film, form)
    with file_server(tmp_path) as server:
        result = followed(f"{server}/{name}", ended)

    assert shown_squares(result, film) == pytest.approx(all_squares(film), abs=2)


def test_a_server_without_ranges_costs_more_and_works(tmp_path) -> None:
    name = written(tmp_path, FILM, "fragmented MP4, byte ranges")
    with file_server(tmp_path, knows_ranges=False) as server:
        result = followed(f"{server}/{name}", ended)

    assert shown_squares(result, FILM) == pytest.approx(all_squares(FILM), abs=1)


def test_user_and_password_go_to_the_cameras_host_through_a_redirect(tmp_path) -> None:
    name = written(tmp_path, FILM, "transport stream")
    with file_server(tmp_path, login="user:pass word", moved_to="/files") as server:
        host = server.removeprefix("http://")
        result = followed(f"http://user:pass%20word@{host}/moved/{name}", ended)
        with pytest.raises(SourceUnavailable, match="401: user or password is missing or wrong"):
            probe(f"http://user:wrong@{host}/{name}", Access(3))

    assert len(result.segments) == 4


def test_digest_is_answered_where_the_camera_asks_for_it(tmp_path) -> None:
    name = written(tmp_path, FILM, "transport stream")
    seen: list[tuple[str, dict[str, str]]] = []
    with file_server(tmp_path, login="user:pass word", is_digest=True, seen=seen) as server:
        host = server.removeprefix("http://")
        result = followed(f"http://user:pass%20word@{host}/{name}", ended)
        with pytest.raises(SourceUnavailable, match="401: user or password is missing or wrong"):
            probe(f"http://user:wrong@{host}/{name}", Access(3))

    assert len(result.segments) == 4
    assert [headers for _, headers in seen if headers.get("Authorization", "").startswith("Basic")] == []


@pytest.mark.parametrize("is_redirected", [False, True], ids=["named", "redirected"])
def test_secrets_never_go_to_another_host(tmp_path, is_redirected) -> None:
    name = written(tmp_path, FILM, "transport stream")
    secrets = {"X-Api-Key": "hush", "Referer": "http://shop.invalid/"}
    ours: list[tuple[str, dict[str, str]]] = []
    others: list[tuple[str, dict[str, str]]] = []
    playlist = tmp_path / "elsewhere.m3u8"
    with (
        file_server(tmp_path, host="127.0.0.2", seen=others) as elsewhere,
        file_server(
            tmp_path, login="user:hush", headers_wanted=secrets, moved_to=elsewhere, seen=ours
        ) as server,
    ):
        place = "/moved/" if is_redirected else f"{elsewhere}/"
        playlist.write_text((tmp_path / name).read_text().replace("live", f"{place}live"))
        url = server.replace("http://", "http://user:hush@") + "/elsewhere.m3u8"
        result = followed(url, ended, access=Access(3, secrets))

    assert len(result.segments) == 4
    assert {headers.get("X-Api-Key") for _, headers in ours} == {"hush"}
    assert len(others) == 4
    assert "hush" not in str(others)
    assert "shop" not in str(others)
    assert {headers.get("Authorization") for _, headers in others} == {None}


def test_headers_are_sent_with_everything_the_camera_is_asked_for(tmp_path) -> None:
    name = written(tmp_path, FILM, "AES-128")
    secrets = {"X-Api-Key": "hush", "User-Agent": "shop"}
    with file_server(tmp_path, headers_wanted=secrets) as server:
        result = followed(f"{server}/{name}", ended, access=Access(3, secrets))
        with pytest.raises(SourceUnavailable, match="answers 401"):
            probe(f"{server}/{name}", Access(3))

    assert len(result.segments) == 4


def test_a_large_segment_goes_through_the_disk(tmp_path) -> None:
    name = written(tmp_path, FILM, "AES-128")
    place = tmp_path / "segments"
    with file_server(tmp_path) as server:
        folder = SegmentFolder(place, small_bytes=1000)
        result = followed(f"{server}/{name}", ended, access=Access(3, folder=folder))
        on_disk_bytes = folder.used_bytes
        tight = followed(
            f"{server}/{name}", ended, access=Access(3, folder=SegmentFolder(place, 5000, 1000)), within_s=8
        )

    assert on_disk_bytes > 4 * 1000
    assert shown_squares(result, FILM) == pytest.approx(all_squares(FILM), abs=1)
    assert list(place.iterdir()) == []
    assert tight.segments == []
    assert "give HYPERSIGHT_SEGMENTS_MAX_MB more" in tight.states[1].detail


def test_codec_and_size_may_change_at_a_discontinuity(tmp_path) -> None:
    films = {
        "small": FILM,
        "h265": Film(seconds=2, fps=10, gop_s=1, b_frames=2, codec="libx265"),
        "large": Film(seconds=2, fps=10, gop_s=1, width_px=320, height_px=192),
    }
    lines: list[str] = []
    for name, film in films.items():
        (tmp_path / name).mkdir()
        playlist = write_playlist(tmp_path / name, film).read_text().replace("live", f"{name}/live")
        head, _, entries = playlist.partition("#EXTINF")
        lines += [head if not lines else "#EXT-X-DISCONTINUITY\n", "#EXTINF", entries]
    text = "".join(lines).replace("#EXT-X-ENDLIST\n", "") + "#EXT-X-ENDLIST\n"
    (tmp_path / "live.m3u8").write_text(text)
    with file_server(tmp_path) as server:
        result = followed(f"{server}/live.m3u8", ended)

    pictures = result.pictures(10)
    expected = [(film, index) for film in films.values() for index in range(film.frames)]
    assert [(p.width_px, p.height_px) for p in pictures] == [(f.width_px, f.height_px) for f, _ in expected]
    shown = [square_left_px(picture.to_bgr()) for picture in pictures]
    assert shown == pytest.approx([film.square_left_px(index) for film, index in expected], abs=2)
    assert result.gaps == []


def test_a_query_token_is_sent_wherever_the_playlist_writes_it(tmp_path) -> None:
    name = written(tmp_path, FILM, "transport stream")
    playlist = tmp_path / name
    playlist.write_text(playlist.read_text().replace(".ts", ".ts?token=abc"))
    with file_server(tmp_path, token="token=abc") as server:
        result = followed(f"{server}/{name}?token=abc", ended)

    assert len(result.segments) == 4


def test_a_segment_the_server_has_lost_is_a_gap(tmp_path) -> None:
    name = written(tmp_path, FILM, "program date time")
    playlist = tmp_path / name
    playlist.write_text(playlist.read_text().replace("live1.ts", "#EXT-X-GAP\nlive1.ts"))
    with file_server(tmp_path) as server:
        result = followed(f"{server}/{name}", ended)

    assert len(result.segments) == 3
    assert [gap.from_at + timedelta(seconds=1) for gap in result.gaps] == [gap.to_at for gap in result.gaps]
    assert len(result.gaps) == 1
    assert "has lost this segment" in " ".join(state.detail for state in result.states)


@pytest.mark.parametrize("is_live", [False, True])
def test_a_segment_that_is_not_there_costs_itself_alone(tmp_path, is_live) -> None:
    playlist = tmp_path / written(tmp_path, FILM, "program date time")
    (tmp_path / "live1.ts").unlink()
    if is_live:
        playlist.write_text(playlist.read_text().replace("#EXT-X-ENDLIST\n", ""))
    began_at = entries_of(playlist)[0].start_at
    with file_server(tmp_path) as server:
        result = followed(f"{server}/{playlist.name}", has_segments(3), resume_after=began_at)

    assert [gap.from_at + timedelta(seconds=1) for gap in result.gaps] == [gap.to_at for gap in result.gaps]
    assert len(result.gaps) == 1
    assert [segment.is_discontinuity for segment in result.segments] == [False, True, False]
    assert "live1.ts answers 404" in " ".join(state.detail for state in result.states)


@pytest.mark.parametrize("sent_share", [0.0, 0.5])
def test_an_outage_that_begins_within_a_segment_costs_nothing(tmp_path, sent_share) -> None:
    write_playlist(tmp_path, FILM)
    back_s: list[float] = []

    class Failing(Answering, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = (tmp_path / self.path.lstrip("/")).read_bytes()
            if self.path == "/live1.ts" and not back_s:
                back_s.append(time.monotonic() + OUTAGE_S)
                if sent_share:
                    self.answer(body, body[: int(len(body) * sent_share)])
            elif back_s and time.monotonic() < back_s[0]:
                self.send_error(503)
            else:
                self.answer(body)

    with HttpBeside(Failing) as server:
        result = followed(f"{server.base_url}/live.m3u8", ended)

    assert time.monotonic() > back_s[0]
    assert "503" in " ".join(state.detail for state in result.states)
    assert result.gaps == []
    assert [segment.duration_s for segment in result.segments] == pytest.approx([1.0] * 4, abs=0.01)


@pytest.mark.parametrize(
    ("changed", "into", "said"),
    [
        ("METHOD=AES-128", "METHOD=SAMPLE-AES", "encrypted with SAMPLE-AES can't be read"),
        ("key?id=7", "live.m3u8", "is no key: 16 bytes expected"),
        (f"0x{IV}", "0xnonsense", "is a broken HLS playlist"),
        ("key?id=7", "none", "404"),
    ],
)
def test_encryption_that_cannot_be_undone_is_told(tmp_path, changed, into, said) -> None:
    name = written(tmp_path, FILM, "AES-128")
    playlist = tmp_path / name
    playlist.write_text(playlist.read_text().replace(changed, into))
    with file_server(tmp_path) as server, pytest.raises(SourceUnavailable, match=said):
        probe(f"{server}/{name}", Access(3))


def test_a_segment_that_was_listed_before_it_was_written_out_is_asked_for_again(tmp_path) -> None:
    write_playlist(tmp_path, FILM)
    asked: Counter[str] = Counter()

    class Hasty(Answering, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = (tmp_path / self.path.lstrip("/")).read_bytes()
            asked[self.path] += 1
            if self.path == "/live1.ts" and asked[self.path] == 1:
                body = body[: len(body) // 4 // 188 * 188]
            self.answer(body)

    with HttpBeside(Hasty) as server:
        result = followed(f"{server.base_url}/live.m3u8", ended)

    assert asked["/live1.ts"] == 2
    assert result.gaps == []
    assert [segment.duration_s for segment in result.segments] == pytest.approx([1.0] * 4, abs=0.01)
