"""Secrets of cameras, encrypted and opened again."""

import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypersight_core.domain.cameras import Camera
from hypersight_core.errors import InvalidInput, SecretUnreadable, SetupFailed
from hypersight_core.redaction import redacted
from hypersight_core.sealing import OWN_KEY, Keyring, shown
from hypersight_core.settings import Settings
from tests.builders import a_camera

OLD, NEW = "an old key that nobody could guess", "a new key that nobody could guess"
URL = "rtsp://user:hush@camera.invalid:554/live?token=hush&quality=2"
SHOWN = "rtsp://camera.invalid:554/live?token=***&quality=2"
HEADERS = {"X-Key": "hush", "Referer": "http://shop.invalid/"}
KEYS = Keyring([NEW])

words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)


def door(**changes: object) -> Camera:
    return a_camera(**{"stream_url": URL, "http_headers": HEADERS} | changes)


def test_what_is_stored_holds_no_secret_and_is_shown_as_before():
    stored = KEYS.sealed(door())
    assert "hush" not in str(stored)
    assert redacted(stored.stream_url) == SHOWN == redacted(URL)
    assert list(stored.http_headers) == list(HEADERS)
    assert "shop" not in str(stored)
    assert KEYS.opened(stored) == door()


def test_an_address_without_secret_is_stored_as_it_is():
    plain = door(stream_url="http://camera.invalid/live.m3u8", http_headers={})
    assert KEYS.sealed(plain) == plain


def test_what_is_encrypted_is_not_encrypted_again():
    stored = KEYS.sealed(door())
    assert KEYS.sealed(stored) == stored


def test_the_same_secrets_given_again_are_stored_as_before():
    stored = KEYS.sealed(door())
    assert KEYS.sealed(door(), stored) == stored
    other = KEYS.sealed(door(http_headers=HEADERS | {"X-Key": "new"}), stored)
    assert other.stream_url == stored.stream_url
    assert KEYS.opened(other).http_headers["X-Key"] == "new"
    assert KEYS.opened(KEYS.sealed(door(stream_url=URL.replace(":hush@", ":new@")), stored)).stream_url == (
        URL.replace(":hush@", ":new@")
    )


def test_older_keys_open_and_the_newest_encrypts():
    stored = Keyring([OLD]).sealed(door())
    both = Keyring([NEW, OLD])
    assert both.opened(stored) == door()
    assert KEYS.opened(both.sealed(door())) == door()


def test_a_wrong_key_is_said_with_camera_and_setting_and_without_a_secret():
    stored = Keyring([OLD]).sealed(door())
    with pytest.raises(SecretUnreadable, match=r"camera 1 \(door\).*HYPERSIGHT_SECRET_KEYS") as refused:
        KEYS.opened(stored)
    assert "hush" not in str(refused.value)
    assert "gAAAA" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://thief.invalid:554/live?token=***&quality=2",
        "http://camera.invalid:554/live?token=***&quality=2",
    ],
)
def test_what_is_moved_to_another_host_opens_nothing(url):
    stored = KEYS.sealed(door())
    token = stored.stream_url.partition("#sealed=")[2]
    for moved in (
        replace(stored, stream_url=f"{url}#sealed={token}", http_headers={}),
        replace(stored, stream_url=url),
    ):
        with pytest.raises(SecretUnreadable):
            KEYS.opened(moved)


@settings(max_examples=500)
@given(user=words, password=words, name=words)
def test_whatever_an_address_holds_comes_back_and_is_shown_alike(user, password, name):
    for url in (f"rtsp://{user}:{password}@cam/live", f"http://cam/{name}?{user}={password}#{name}"):
        stored_url, headers = KEYS.sealed_secrets(url, {"X-Key": password})
        assert KEYS.opened_secrets(stored_url, headers) == (url, {"X-Key": password})
        assert redacted(stored_url) == shown(stored_url) == shown(url)


def test_a_header_of_any_length_that_is_allowed_can_be_stored():
    long = door(http_headers={"X-Key": "x" * 4096})
    assert KEYS.opened(KEYS.sealed(long)) == long


def test_an_installation_without_a_key_makes_one_for_its_owner_only(tmp_path):
    settings = Settings(var_dir=tmp_path / "var")
    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(Keyring.of, [settings] * 8))
    stored = rings[0].sealed(door())
    assert [ring.opened(stored) for ring in rings] == [door()] * 8
    assert stat.S_IMODE((tmp_path / "var" / OWN_KEY).stat().st_mode) == 0o600
    assert [one.name for one in (tmp_path / "var").iterdir()] == [OWN_KEY]


def test_keys_may_stand_in_a_file_one_a_line(tmp_path):
    (tmp_path / "keys").write_text(f"{NEW.replace(' ', '-')}\n{OLD.replace(' ', '-')}\n")
    settings = Settings.from_environ({"HYPERSIGHT_SECRET_KEYS_FILE": str(tmp_path / "keys")})
    stored = Keyring([OLD.replace(" ", "-")]).sealed(door())
    assert Keyring.of(settings).opened(stored) == door()
    assert Keyring.of(Settings.from_environ(settings.environ())).opened(stored) == door()


def test_a_short_key_is_refused_at_the_start():
    with pytest.raises(InvalidInput, match="HYPERSIGHT_SECRET_KEYS has 32 characters"):
        Settings.from_environ({"HYPERSIGHT_SECRET_KEYS": f"{'x' * 40} password"})


def test_where_no_key_can_be_kept_it_says_what_to_set(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupFailed, match="HYPERSIGHT_SECRET_KEYS_FILE"):
        Keyring.of(Settings(var_dir=tmp_path / "file"))
