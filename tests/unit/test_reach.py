"""Where the streams of cameras may lead."""

import pytest

from hypersight_core.errors import InvalidInput
from hypersight_core.reach import Reach
from hypersight_core.settings import Settings


def reach(hosts: str = "", media_dir: str = "/nowhere") -> Reach:
    return Reach.of(Settings(camera_hosts=hosts, media_dir=media_dir))


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518",
        "[fe80::1]", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::1]",
        "[fd00:ec2::254]",
    ],
)  # fmt: skip
@pytest.mark.parametrize("scheme", ["http", "rtsp", "rtmps"])
def test_link_local_addresses_are_refused_however_they_are_written(scheme, host) -> None:
    with pytest.raises(InvalidInput, match="no camera has") as refusal:
        reach("*.example, 10.0.0.0/8").check(f"{scheme}://{host}/live")
    assert refusal.value.field == "stream_url"


def test_a_link_local_camera_can_be_listed_by_its_address_only() -> None:
    reach("169.254.7.0/24").check("http://169.254.7.9/live.m3u8")
    with pytest.raises(InvalidInput):
        reach("169.254.7.0/24").check("http://169.254.8.9/live.m3u8")
    with pytest.raises(InvalidInput):
        reach("camera.example").check_address("camera.example", "169.254.169.254")


@pytest.mark.parametrize(
    ("hosts", "url"),
    [
        ("127.0.0.0/8", "http://localhost/live.m3u8"),
        ("127.0.0.1", "rtsp://127.0.0.1:554/live"),
        ("LOCALHOST", "http://localhost:81/live.m3u8"),
        ("camera.example, *.cameras.example", "rtsp://user:pass@Hall.3.cameras.example/live"),
        ("[2001:db8::]/32", "http://10.1.2.3/live.m3u8"),
    ],
)
def test_a_list_lets_in_what_it_names_by_name_or_by_address(hosts, url) -> None:
    if "2001" in hosts:
        with pytest.raises(InvalidInput, match="no host name"):
            reach(hosts)
        hosts = "2001:db8::/32,10.0.0.0/8"
    reach(hosts).check(url)


@pytest.mark.parametrize(
    ("hosts", "host"),
    [
        ("10.0.0.0/8", "127.0.0.1"),
        ("10.0.0.0/8", "localhost"),
        ("camera.example", "127.0.0.1"),
        ("*.cameras.example", "localhost"),
        ("*.localhost", "localhost"),
    ],
)
def test_a_list_refuses_all_others_by_what_their_names_lead_to(hosts, host) -> None:
    with pytest.raises(InvalidInput, match="none of the hosts in HYPERSIGHT_CAMERA_HOSTS"):
        reach(hosts).check(f"http://{host}/live.m3u8")


@pytest.mark.parametrize(
    "url",
    [
        "gopher://127.0.0.1/x", "udp://127.0.0.1:9", "concat://a|b", "subfile,,start,0,end,9,,://x", "http:///live",
        "http://good.example\\@127.0.0.1/", "rtsp://good.example\t.evil/", "http://[::1/", "rtmp://",
    ],
)  # fmt: skip
def test_other_schemes_and_ambiguous_addresses_are_refused(url) -> None:
    with pytest.raises(InvalidInput):
        reach().check(url)


@pytest.mark.parametrize(
    "path", ["/dev/watchdog", "/etc/passwd", "/dev/video0/../sda", "/dev/v4l/by-id/../sda"]
)
def test_only_cameras_of_this_machine_are_devices(path) -> None:
    reach().check("v4l2:///dev/video0?framerate=15")
    with pytest.raises(InvalidInput, match="v4l2:///dev/video0"):
        reach().check(f"v4l2://{path}")


def test_files_must_lie_in_the_media_folder(tmp_path) -> None:
    media = tmp_path / "media"
    (media / "in").mkdir(parents=True)
    (tmp_path / "secret.mp4").touch()
    (tmp_path / "media-of-others").mkdir()
    (media / "link.mp4").symlink_to(tmp_path / "secret.mp4")
    (media / "up").symlink_to(tmp_path)
    rules = reach(media_dir=str(media))

    rules.check(f"file://{media}/in/film.mp4")
    rules.check(f"FILE://{media}/in/../film.mp4")
    for path in (
        f"{tmp_path}/secret.mp4", "/etc/passwd", f"{media}/../secret.mp4", f"{media}/%2e%2e/secret.mp4",
        f"{media}/link.mp4", f"{media}/up/secret.mp4", f"{tmp_path}/media-of-others/a.mp4", "host/share",
        f"{media}/\0",
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as refusal:
            rules.check(f"file://{path}")
        assert refusal.value.field == "stream_url"
    with pytest.raises(InvalidInput):
        rules.check("/etc/passwd")


def test_the_usual_media_folder_lies_in_var(tmp_path) -> None:
    assert Reach.of(Settings(var_dir=tmp_path)).media_dir == tmp_path / "media"


@pytest.mark.parametrize(
    "hosts", ["http://camera", "10.0.0.0/33", "a b", "cam*era", "user@host", "1.2.3.4:80"]
)
def test_a_list_that_cannot_be_read_is_refused(hosts) -> None:
    with pytest.raises(InvalidInput, match="HYPERSIGHT_CAMERA_HOSTS"):
        reach(hosts)
