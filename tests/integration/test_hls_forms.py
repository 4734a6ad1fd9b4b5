"""Every form of HLS that cameras and packagers write, made by FFmpeg's muxer, over real HTTP."""

from datetime import timedelta

import pytest

from hypersight_core.errors import SourceUnavailable
from hypersight_core.video.source import Access, SourceState, probe
from tests.clips import Film, write_playlist
from tests.fakes.file_server import file_server
from tests.following import Followed, followed, square_left_px

FILM = Film(seconds=4, fps=10, gop_s=1)
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
